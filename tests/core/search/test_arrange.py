"""Re-weighting, sorting and filtering hits: exact as a search, from evidence that is already there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faami_core.errors import QueryError
from faami_core.evidence.parts import hit_parts
from faami_core.search.arrange import arranged, reweighted
from faami_core.types import Match
from tests.core.evidence.test_parts import made_result


@given(st.integers(0, 1000), st.lists(st.floats(0, 3), min_size=3, max_size=3), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_mixed_result_still_adds_up(seed: int, factors: list[float], share: float) -> None:
    mixed = reweighted(made_result(seed, share), factors)
    assert [hit.rank for hit in mixed.hits] == [0, 1, 2, 3]
    scores = [hit.score for hit in mixed.hits]
    assert scores == sorted(scores, reverse=True)
    for hit in mixed.hits:
        assert hit_parts(mixed, hit.rank).total == pytest.approx(hit.score, abs=1e-5)
        np.testing.assert_allclose(mixed.evidence[hit.rank].sum(axis=1), hit.word_evidence, atol=1e-5)
    if any(factors):
        assert sum(word.weight for word in mixed.words) == pytest.approx(1)


def test_even_factors_change_no_score() -> None:
    result = made_result(3)
    before = {hit.image_id: hit.score for hit in result.hits}
    after = {hit.image_id: hit.score for hit in reweighted(result, [2.0, 2.0, 2.0]).hits}
    assert after == pytest.approx(before, abs=3e-6)


def test_a_word_alone_ranks_by_its_strength_and_the_whole_image() -> None:
    result = made_result(4)
    alone = reweighted(result, [0.0, 1.0, 0.0])
    expected = {
        hit.image_id: 0.4 * hit.score_global + 0.6 * result.words[1].strength(hit.word_evidence[1])
        for hit in result.hits
    }
    assert {hit.image_id: hit.score for hit in alone.hits} == pytest.approx(expected, abs=1e-5)


def test_with_every_word_muted_the_whole_image_decides() -> None:
    muted = reweighted(made_result(5), [0.0, 0.0, 0.0])
    overall = [hit.score_global for hit in muted.hits]
    assert overall == sorted(overall, reverse=True)
    assert all(hit.score_fine == 0 for hit in muted.hits)


def test_mixing_does_not_change_how_well_a_word_is_seen() -> None:
    result = made_result(6)
    before = {hit.image_id: [result.words[w].match(hit.word_evidence[w]) for w in (0, 2)] for hit in result.hits}
    mixed = reweighted(result, [0.5, 1.0, 2.5])
    after = {hit.image_id: [mixed.words[w].match(hit.word_evidence[w]) for w in (0, 2)] for hit in mixed.hits}
    assert after == before


@pytest.mark.parametrize("factors", [[1.0], [1.0, -1.0, 1.0], [1.0, float("nan"), 1.0], [1.0, float("inf"), 1.0]])
def test_a_mix_that_does_not_fit_is_refused(factors: list[float]) -> None:
    with pytest.raises(QueryError):
        reweighted(made_result(7), factors)


def test_sorting_by_a_word_puts_its_strongest_first_and_keeps_each_hits_evidence() -> None:
    result = made_result(8)
    by_word = arranged(result, by_word=2)
    strengths = [hit.word_evidence[2] for hit in by_word.hits]
    assert strengths == sorted(strengths, reverse=True)
    assert [hit.rank for hit in by_word.hits] == [0, 1, 2, 3]
    for hit in by_word.hits:
        np.testing.assert_array_equal(by_word.evidence[hit.rank], result.evidence[hit.image_id])


@pytest.mark.parametrize("wanted", [{Match.MATCHED}, {Match.MATCHED, Match.WEAK}, {Match.MISSING}])
def test_filtering_by_a_word_keeps_the_hits_that_show_it_so(wanted: set[Match]) -> None:
    result = made_result(9)
    expected = [hit.image_id for hit in result.hits if result.words[0].match(hit.word_evidence[0]) in wanted]
    kept = arranged(result, only=(0, frozenset(wanted)))
    assert [hit.image_id for hit in kept.hits] == expected
    assert len(kept.evidence) == len(kept.attention) == len(expected)
