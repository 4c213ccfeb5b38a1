"""What is typed into the filters is read as it is meant, or told why it cannot be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.models.filter_form import TYPED, conditions_of, folders_of, read_typed, typed_of, without
from faami_core.queries import NO_FILTERS, Filters, Mark
from faami_core.types import GalleryImage

NOTHING = dict.fromkeys(TYPED, "")
ALL = Filters(
    folder=Path("harbour/north"),
    name="*.tif",
    min_side=512,
    max_side=2000,
    modified_from=date(2024, 5, 1),
    modified_to=date(2024, 5, 31),
    tags=("cloudy", "ship"),
    marks=(Mark.ACCEPTED, Mark.UNMARKED),
)


@pytest.mark.parametrize(
    ("typed", "filters"),
    [
        ({"name": "  harbour "}, Filters(name="*harbour*")),
        ({"name": "harbour_?.tif"}, Filters(name="harbour_?.tif")),
        ({"name": "[[]1]"}, Filters(name="[[]1]")),
        ({"min_side": "1,024"}, Filters(min_side=1024)),
        ({"modified_from": "2024"}, Filters(modified_from=date(2024, 1, 1))),
        ({"modified_to": "2024"}, Filters(modified_to=date(2024, 12, 31))),
        ({"modified_from": "2024-2"}, Filters(modified_from=date(2024, 2, 1))),
        ({"modified_to": "2024-02"}, Filters(modified_to=date(2024, 2, 29))),
        ({"modified_from": "2024-05-31"}, Filters(modified_from=date(2024, 5, 31))),
    ],
)  # fmt: skip
def test_a_text_is_read_as_it_is_meant(typed: dict[str, str], filters: Filters) -> None:
    assert read_typed(NOTHING | typed, NO_FILTERS) == (filters, {})


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("name", "harbour/*.tif", "no “/”"),
        ("name", "harbour_[12", "never closed"),
        ("min_side", "big", "“big” is not a number of pixels"),
        ("min_side", "0", "not a number of pixels"),
        ("max_side", "9" * 5000, "not a number of pixels"),
        ("modified_from", "2024-13", "“2024-13” is not a day"),
        ("modified_to", "2024-02-30", "not a day"),
        ("modified_to", "yesterday", "not a day"),
        ("modified_to", "0000", "not a day"),
    ],
)
def test_what_cannot_be_read_is_told_and_changes_nothing(field: str, text: str, reason: str) -> None:
    filters, problems = read_typed(typed_of(ALL) | {field: text}, ALL)
    assert filters == ALL
    assert reason in problems.pop(field)
    assert problems == {}


def test_limits_that_no_image_can_meet_are_told_at_the_second_one() -> None:
    before = Filters(max_side=300)
    typed = NOTHING | {"min_side": "512", "max_side": "300", "modified_from": "2025", "modified_to": "2024"}
    filters, problems = read_typed(typed, before)
    assert filters == before
    assert set(problems) == {"max_side", "modified_to"}


def test_texts_of_filters_are_read_back_to_them() -> None:
    for filters in (NO_FILTERS, ALL, Filters(name="*harbour*"), Filters(name="**"), Filters(name="*[ab]*")):
        assert read_typed(typed_of(filters), filters) == (filters, {})


def test_every_condition_has_a_chip_and_comes_off_alone() -> None:
    conditions = conditions_of(ALL)
    assert [condition.text for condition in conditions] == [
        "Name *.tif",
        "In harbour/north",
        "Shorter side ≥ 512 px",
        "Longer side ≤ 2,000 px",
        "Changed from 2024-05-01",
        "Changed until 2024-05-31",
        "Tag: cloudy",
        "Tag: ship",
        "Accepted or unmarked",
    ]
    for condition in conditions:
        rest = conditions_of(without(ALL, condition))
        assert rest == tuple(other for other in conditions if other != condition)
    assert conditions_of(NO_FILTERS) == ()


def test_folders_are_counted_with_all_that_lies_below_them() -> None:
    root = Path("/scenes")
    names = ("a/x/1.png", "a/x/2.png", "a/y/3.png", "b/4.png", "5.png", "/elsewhere/6.png")
    images = [GalleryImage(number, root / name, 1, 1) for number, name in enumerate(names)]
    assert folders_of(images, root) == {
        Path("/elsewhere"): 1,
        Path("a"): 3,
        Path("a/x"): 2,
        Path("a/y"): 1,
        Path("b"): 1,
    }
