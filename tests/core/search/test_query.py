"""Tidying a query and encoding its terms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faami_core.errors import QueryError
from faami_core.queries import ImageTerm, PixelBox, Query, TextTerm
from faami_core.search.query import MAX_CHARACTERS, MAX_TERMS, encode_query, normalised
from tests.stub_encoder import COLOURS, parts_of


def no_image(_path: Path) -> np.ndarray:
    raise AssertionError("no image was asked for")


def test_blanks_and_spelling_of_letters_are_made_one():
    query = normalised(Query((TextTerm("  cafe\u0301 \n roof "),)))

    assert query.terms == (TextTerm("caf\u00e9 roof"),)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ｓｔｏｒａｇｅ　ｔａｎｋｓ", "storage tanks"),
        ("semi‑detached", "semi-detached"),
        ("st\u00ador\u200bage\ufeff tanks", "storage tanks"),
        ("farmer’s “field”", 'farmer\'s "field"'),
        ("２ planes", "2 planes"),
    ],
)
def test_the_model_reads_typographic_and_full_width_text_as_plain_text(typed, read):
    assert normalised(Query.from_text(typed)).terms == (TextTerm(read),)


def test_as_many_terms_as_may_be_asked_are_read():
    assert len(normalised(Query((TextTerm("red"),) * MAX_TERMS)).terms) == MAX_TERMS


def test_terms_that_are_empty_or_weigh_nothing_are_dropped():
    query = normalised(Query((TextTerm("  "), TextTerm("red", 0.0), ImageTerm(Path("a.png")), TextTerm("blue"))))

    assert query.terms == (ImageTerm(Path("a.png")), TextTerm("blue"))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (Query(()), "empty"),
        (Query.from_text(" \t"), "empty"),
        (Query((TextTerm("red", 0.0),)), "empty"),
        (Query((TextTerm("red", float("nan")),)), "not a number"),
        (Query.from_text("x" * (MAX_CHARACTERS + 1)), "characters"),
        (Query((TextTerm("red"),) * (MAX_TERMS + 1)), "terms"),
    ],
)
def test_a_query_that_asks_nothing_sensible_is_refused_with_a_next_step(query, told):
    with pytest.raises(QueryError, match=told) as refused:
        normalised(query)

    assert refused.value.next_step


def test_half_a_character_does_not_crash():
    assert normalised(Query.from_text("red \udcff")).terms == (TextTerm("red ?"),)


def test_shares_are_signed_and_their_absolute_values_sum_to_one(stub_encoder):
    query = Query((TextTerm("red roof", 2.0), TextTerm("blue", -1.0), TextTerm("green", 1.0)))

    encoded = encode_query(query, stub_encoder, no_image)
    words = encoded.words

    assert [term.share for term in encoded.terms] == [0.5, -0.25, 0.25]
    assert [word.text for word in words] == ["red", "roof", "blue", "green"]
    assert [word.weight for word in words] == [0.25, 0.25, -0.25, 0.25]
    assert [word.known for word in words] == [True, False, True, True]


def test_an_image_acts_as_one_word_named_after_its_file(stub_encoder):
    red = np.zeros((48, 64, 3), dtype=np.uint8)
    red[..., 0] = 255

    encoded = encode_query(
        Query.from_image(Path("/far/away/red roof.png")), stub_encoder, parts_of(lambda _path: red)
    )

    assert [word.text for word in encoded.words] == ["red roof.png"]
    assert int(encoded.direction.argmax()) == 0


def test_words_point_at_their_term_as_asked_even_when_others_are_muted(stub_encoder):
    query = Query((TextTerm("red"), TextTerm("muted", 0.0), TextTerm("blue roof", -1.0)))

    words = encode_query(query, stub_encoder, no_image).words

    assert [(word.text, word.term) for word in words] == [("red", 0), ("blue", 2), ("roof", 2)]


def half_red() -> np.ndarray:
    """48 × 64, red on the left and blue on the right."""
    pixels = np.zeros((48, 64, 3), dtype=np.uint8)
    pixels[:, :32, 0] = 255
    pixels[:, 32:, 2] = 255
    return pixels


def test_a_drawn_region_is_asked_as_an_image_of_its_own_and_its_regions_know_their_place(stub_encoder):
    query = Query((ImageTerm(Path("a.png"), 1.0, PixelBox(32, 0, 100, 24)),))

    encoded = encode_query(query, stub_encoder, parts_of(lambda _path: half_red()))

    assert [word.text for word in encoded.words] == ["a.png[32,0,100,24]"]
    assert list(COLOURS)[int(encoded.direction.argmax())] == "blue"
    regions = encoded.terms[0].regions
    assert len(regions) == 20
    assert regions[0] == PixelBox(32, 0, 8, 6)
    assert all(box.x >= 32 and box.x + box.width <= 64 and box.y + box.height <= 24 for box in regions)


def test_regions_of_a_drawn_region_know_how_far_down_they_lie(stub_encoder):
    query = Query((ImageTerm(Path("a.png"), 1.0, PixelBox(8, 16, 40, 24)),))

    regions = encode_query(query, stub_encoder, parts_of(lambda _path: half_red())).terms[0].regions

    assert regions[0] == PixelBox(8, 16, 10, 6)
    assert max(box.y + box.height for box in regions) == 40


@pytest.mark.parametrize("box", [PixelBox(64, 0, 8, 8), PixelBox(0, 48, 8, 8), PixelBox(8, 8, 0, 5)])
def test_a_region_outside_its_image_is_refused(stub_encoder, box):
    with pytest.raises(QueryError, match="outside the image"):
        encode_query(Query((ImageTerm(Path("a.png"), 1.0, box),)), stub_encoder, parts_of(lambda _path: half_red()))
