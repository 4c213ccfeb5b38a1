"""Each filter lets exactly the images pass that it names, and several of them only what passes all."""

from __future__ import annotations

import os
import unicodedata
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from faami_core.errors import QueryError
from faami_core.queries import Annotation, Filters, Mark
from faami_core.search.filters import MAX_PATTERN, evident, floors_of_words, masks_files, passing_images
from faami_core.search.provenance import format_filters, parse_filters
from faami_core.types import QueryWord

PATHS = (b"/c/a/Harbour_1.tif", b"/c/a/harbour_2.TIF", b"/c/ab/field.png", b"/c/caf\xff.png")
SIZES = np.array([[100, 50], [300, 200], [64, 64], [1000, 10]], dtype=np.int32)
NOTES = {1: Annotation(Mark.ACCEPTED, ("a", "b")), 2: Annotation(Mark.REJECTED, ("b",)), 4: Annotation(tags=("a",))}


class Gallery:
    item_ids = np.array([1, 2, 3, 4])
    paths = PATHS
    sizes = SIZES

    def __len__(self) -> int:
        return 4


def local_ns(*moment: int) -> int:
    return int(datetime(*moment).astimezone().timestamp()) * 10**9


TIMES = {
    1: local_ns(2024, 5, 1, 0, 0, 0),
    2: local_ns(2024, 5, 1, 23, 59, 59),
    3: local_ns(2024, 5, 2),
    4: local_ns(2023, 1, 1),
}


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (Filters(), {1, 2, 3, 4}),
        (Filters(folder=Path("a")), {1, 2}),
        (Filters(folder=Path("/c/ab")), {3}),
        (Filters(folder=Path("./a/../ab")), {3}),
        (Filters(folder=Path("/")), {1, 2, 3, 4}),
        (Filters(folder=Path("nowhere")), set()),
        (Filters(name="harbour_*.tif"), {1, 2}),
        (Filters(name="*.png"), {3, 4}),
        (Filters(name="harbour"), set()),
        (Filters(min_side=60), {2, 3}),
        (Filters(max_side=300), {1, 2, 3}),
        (Filters(modified_from=date(2024, 5, 1)), {1, 2, 3}),
        (Filters(modified_to=date(2024, 5, 1)), {1, 2, 4}),
        (Filters(modified_from=date(2024, 5, 1), modified_to=date(2024, 5, 1)), {1, 2}),
        (Filters(modified_from=date.min, modified_to=date.max), {1, 2, 3, 4}),
        (Filters(tags=("b",)), {1, 2}),
        (Filters(tags=("a", "b")), {1}),
        (Filters(marks=(Mark.ACCEPTED, Mark.REJECTED)), {1, 2}),
        (Filters(marks=(Mark.UNMARKED,)), {3, 4}),
        (Filters(name="*/" * 500), set()),
        (Filters(folder=Path("~nosuchuser/a")), set()),
        (Filters(name="*.tif", min_side=60, marks=(Mark.REJECTED,)), {2}),
    ],
    ids=repr,
)
def test_a_filter_lets_pass_what_it_names(filters, passing):
    mask = passing_images(filters, Gallery(), Path("/c"), NOTES, TIMES)

    assert set(Gallery.item_ids[mask].tolist()) == passing


class FrenchGallery(Gallery):
    """The first name is composed, the others are as macOS writes them: decomposed."""

    paths = (
        "/c/é/ÉTÉ_1.tif".encode(),
        "/c/e\u0301/e\u0301te\u0301_2.tif".encode(),
        "/c/e\u0301/e\u0301te\u0301_\u200b3.tif".encode(),
        b"/c/x/ete_4.tif",
    )


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        (lambda spelled: Filters(name=spelled("été_*")), {1, 2, 3}),
        (lambda spelled: Filters(name=spelled("*É_3*")), {3}),
        (lambda spelled: Filters(name=spelled("[é]t?_2.tif")), {2}),
        (lambda spelled: Filters(tags=(spelled("pré  vert"),)), {1, 2}),
        (lambda spelled: Filters(tags=(spelled("pré vert; eau"),)), {2}),
    ],
)
def test_names_and_tags_are_found_in_whatever_way_their_letters_are_written(form, filters, passing):
    asked = filters(lambda text: unicodedata.normalize(form, text))
    notes = {
        1: Annotation(tags=("pré vert",)),
        2: Annotation(tags=("eau", "pré\u200b vert")),
        3: Annotation(tags=("pre",)),
    }

    mask = passing_images(asked, FrenchGallery(), Path("/c"), notes, TIMES)

    assert set(Gallery.item_ids[mask].tolist()) == passing


def test_a_folder_is_found_by_another_spelling_only_where_no_folder_has_this_one():
    class Decomposed(Gallery):
        paths = FrenchGallery.paths[1:] + FrenchGallery.paths[3:]

    def found(gallery, folder):
        return passing_images(Filters(folder=Path(folder)), gallery, Path("/c"), {}, TIMES).tolist()

    assert found(Decomposed(), "é") == [True, True, False, False]
    assert found(FrenchGallery(), "é") == [True, False, False, False]
    assert found(FrenchGallery(), "e\u0301") == [False, True, True, False]


def test_evidence_of_a_word_is_found_in_another_spelling():
    words = (QueryWord("Café", 0.5), QueryWord("roof", 0.5))
    assert floors_of_words(Filters(min_evidence=(("cafe\u0301", 0.1),)), words) == (((0,), 0.1),)


def test_a_pattern_longer_than_any_name_is_refused():
    with pytest.raises(QueryError, match="1,001 characters"):
        passing_images(Filters(name="[" * (MAX_PATTERN + 1)), Gallery(), Path("/c"), NOTES, TIMES)


def test_only_evidence_needs_no_mask():
    assert not masks_files(Filters(min_evidence=(("red", 0.1),)))
    assert masks_files(Filters(name="*", min_evidence=(("red", 0.1),)))


def test_of_a_word_asked_for_twice_the_more_evident_one_counts():
    evidence = np.array([[0.1, 0.0, 0.3], [0.0, 0.2, 0.0], [0.1, 0.2, 0.0]], dtype=np.float32)

    assert evident(evidence, (((0, 1), 0.15),)).tolist() == [False, True, True]
    assert evident(evidence, (((0, 1), 0.15), ((2,), 0.1))).tolist() == [False, False, False]
    assert evident(evidence, ()).all()


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(Path("a/b"), "*.tif", 10, 2000, date(2024, 5, 1), date(2024, 5, 31), ("é", "b"), (Mark.UNMARKED,)),
        Filters(folder=Path(os.fsdecode(b"/c/caf\xff")), min_evidence=(("roof", 0.25),)),
    ],
)
def test_filters_written_down_are_read_back(filters):
    assert parse_filters(format_filters(filters)) == filters
    assert bool(format_filters(filters)) == (filters != Filters())


@pytest.mark.parametrize("text", ["{", "3", '{"size": 1}', '{"folder": 3}', '{"min_side": "x"}', '{"marks": ["?"]}'])
def test_filters_that_were_not_written_by_us_are_refused(text):
    with pytest.raises(QueryError, match="cannot be read"):
        parse_filters(text)


@pytest.mark.parametrize(
    ("adds", "floor", "passes"),
    [
        (0.25, 0.25, True),
        (0.25 - 1e-9, 0.25, True),  # no more than a file rounds
        (0.123456789049, 0.1234567891, True),  # copied from a file, which tells ten digits
        (0.25 - 2e-9, 0.25, False),
        (-0.25, -0.25, True),
    ],
)
def test_evidence_that_reaches_the_floor_is_enough_and_a_hair_less_is_not(adds, floor, passes):
    assert evident(np.array([[adds]]), (((0,), floor),)).tolist() == [passes]
