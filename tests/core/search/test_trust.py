"""The trust check on an encoder that knows colours: what must happen when things are hidden, turned and mirrored."""

from __future__ import annotations

import numpy as np
import pytest

from faami_core.errors import QueryError
from faami_core.explanation import TrustReport
from faami_core.queries import Query, TextTerm
from faami_core.search.query import encode_query
from faami_core.search.trust import check_trust, lit_cells, overlap
from faami_core.types import ByteArray
from tests.stub_encoder import SIDE, StubEncoder, parts_of


def red_corner(side: int = SIDE) -> ByteArray:
    """Black, with a red block off the middle."""
    pixels = np.zeros((side, side, 3), dtype=np.uint8)
    pixels[8:16, 16:24] = (255, 0, 0)
    return pixels


def check(query: Query, pixels: ByteArray, word: int | None = 0) -> TrustReport:
    encoder = StubEncoder()
    encoded = encode_query(query, encoder, parts_of(lambda _path: pixels))
    return check_trust(encoder, encoded, encoded.words, pixels, word)


def test_hiding_the_thing_costs_more_than_hiding_as_much_elsewhere() -> None:
    report = check(Query.from_text("red"), red_corner())
    hidden, elsewhere = report.steps[:2]
    assert report.original.score - hidden.score > 2 * abs(report.original.score - elsewhere.score)
    assert hidden.evidence < report.original.evidence
    assert 0 < report.hidden <= 0.25


def test_turned_and_mirrored_the_evidence_follows_the_thing() -> None:
    report = check(Query.from_text("red"), red_corner())
    assert [step.followed for step in report.steps[:2]] == [None, None]
    for step in report.steps[2:]:
        assert step.followed == pytest.approx(1, abs=1e-4), step.name
        assert step.evidence == pytest.approx(report.original.evidence, abs=1e-4)


def test_score_and_evidence_are_those_of_the_search_and_its_bars() -> None:
    encoder, pixels = StubEncoder(), red_corner()
    query = encode_query(Query.from_text("red blue"), encoder, parts_of(lambda _path: pixels))
    features = encoder.encode_images(pixels[None])
    (term,) = query.terms
    evidence, _ = encoder.align(term.features, features.regions, features.key_scale, features.value_scale)
    cosine = float(features.global_features[0].astype(np.float32) @ query.direction)
    bars = (1 - encoder.global_share) * evidence[0].sum(axis=1)
    original = check(Query.from_text("red blue"), pixels).original
    assert original.score == pytest.approx(encoder.global_share * cosine + bars.sum(), abs=1e-5)
    assert original.evidence == pytest.approx(bars[0], abs=1e-5), "of the first word, which is checked"


def test_a_word_that_counts_against_is_hidden_where_its_thing_is() -> None:
    wanted = check(Query.from_text("red"), red_corner())
    against = check(Query((TextTerm("black"), TextTerm("red", -1.0))), red_corner(), word=1)
    assert against.hidden == wanted.hidden
    assert against.steps[0].score > against.original.score, "without the unwanted thing the image scores better"


def test_without_anything_lit_there_is_nothing_to_check() -> None:
    with pytest.raises(QueryError, match="Nothing is lit"):
        lit_cells(-np.ones((4, 4), dtype=np.float32))


def test_the_lit_cells_hold_most_of_the_evidence_and_never_most_of_the_image() -> None:
    spot = np.zeros((8, 8), dtype=np.float32)
    spot[2, 3] = 1.0
    assert np.argwhere(lit_cells(spot)).tolist() == [[2, 3]]
    assert lit_cells(np.ones((8, 8), dtype=np.float32)).mean() == 0.25


def test_overlap_is_one_for_the_same_map_and_zero_for_disjoint_ones() -> None:
    first = np.eye(4, dtype=np.float32)
    assert overlap(first, 3 * first) == pytest.approx(1)
    assert overlap(first, first[::-1]) == 0
    assert overlap(first, np.zeros((4, 4), dtype=np.float32)) == 0
