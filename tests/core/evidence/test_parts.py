"""Bars add up: words and whole image to the score, regions to words, differences to a lead."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faami_core.evidence.maps import hit_map
from faami_core.evidence.parts import hit_parts, region_parts
from faami_core.explanation import ScoreParts
from faami_core.queries import PixelBox, Query
from faami_core.types import GridSpec, Hit, QueryWord, ScaleView, SearchResult

GRIDS = (GridSpec("fine", 14, 14), GridSpec("coarse", 7, 7))
SPLIT = {"both": slice(None), "fine": slice(0, 196), "coarse": slice(196, None)}


def made_result(seed: int, share: float = 0.4, words: int = 3) -> SearchResult:
    """Four hits whose scores follow the formula, rounded as the engine rounds them."""
    generator = np.random.default_rng(seed)
    evidence = generator.normal(scale=0.01, size=(4, words, 245)).astype(np.float32)
    overall = generator.uniform(-1, 1, 4)
    fine = evidence.sum(axis=(1, 2))
    hits = tuple(
        Hit(
            number,
            Path(f"/x/{number}.png"),
            number,
            round(float(share * overall[number] + (1 - share) * fine[number]), 6),
            float(overall[number]),
            float(fine[number]),
            tuple(evidence[number].sum(axis=1).tolist()),
            (PixelBox(0, 0, 1, 1),) * words,
            64,
            64,
        )
        for number in range(4)
    )
    asked = tuple(QueryWord(f"word{number}", 1 / words) for number in range(words))
    return SearchResult(
        Query.from_text("x"), asked, hits, evidence, np.abs(evidence), GRIDS, share, 4, 4, Path("/x"), "f", 0.0, ""
    )


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_parts_of_a_hit_add_up_to_its_score(seed: int, share: float, words: int) -> None:
    result = made_result(seed, share, words)
    for hit in result.hits:
        assert hit_parts(result, hit.rank).total == pytest.approx(hit.score, abs=1e-5)


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_bars_of_a_above_b_add_up_to_the_difference_of_their_scores(seed: int, share: float) -> None:
    result = made_result(seed, share)
    lead = hit_parts(result, 0) - hit_parts(result, 3)
    assert lead.total == pytest.approx(result.hits[0].score - result.hits[3].score, abs=1e-5)
    assert (hit_parts(result, 1) - hit_parts(result, 1)) == ScoreParts(0.0, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("scale", ["both", "fine", "coarse"])
def test_the_regions_of_a_word_add_up_to_its_part(scale: ScaleView) -> None:
    result = made_result(1)
    shares = region_parts(result, 2, scale).sum(axis=(1, 2))
    expected = 0.6 * result.evidence[2][:, SPLIT[scale]].sum(axis=1)
    np.testing.assert_allclose(shares, expected, atol=1e-5)
    if scale == "both":
        np.testing.assert_allclose(shares, hit_parts(result, 2).words, atol=1e-5)


@pytest.mark.parametrize("scale", ["both", "fine", "coarse"])
def test_the_bars_of_a_region_are_the_heatmap_under_the_pointer(scale: ScaleView) -> None:
    result = made_result(2)
    drawn = hit_map(result, 0, 1, scale=scale)
    shares = region_parts(result, 0, scale)[1]
    np.testing.assert_allclose(shares, 0.6 * drawn / drawn.size, atol=1e-6)


def test_parts_of_different_queries_are_not_taken_from_each_other() -> None:
    with pytest.raises(ValueError, match="zip"):
        _ = ScoreParts(0.0, (1.0,)) - dataclasses.replace(ScoreParts(0.0, (1.0, 2.0)))
