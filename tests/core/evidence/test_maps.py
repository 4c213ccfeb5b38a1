"""Grids and pixels: density keeps its sum, and one hot region lights its own pixels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faami_core.evidence.heatmap import grid_to_pixels, region_box
from faami_core.evidence.maps import hit_map, region_density, shared_limit
from faami_core.queries import PixelBox, Query
from faami_core.types import GridSpec, Hit, QueryWord, ScaleView, SearchResult

GRIDS = (GridSpec("fine", 14, 14), GridSpec("coarse", 7, 7))
REGIONS = 245


def result_with(evidence: np.ndarray, attention: np.ndarray) -> SearchResult:
    hits = tuple(
        Hit(number, Path(f"/x/{number}.png"), number, 0.0, 0.0, 0.0, (0.0, 0.0), (PixelBox(0, 0, 1, 1),) * 2, 28, 28)
        for number in range(len(evidence))
    )
    words = (QueryWord("river", 0.75), QueryWord("boats", 0.25))
    return SearchResult(
        Query.from_text("river boats"), words, hits, evidence, attention, GRIDS, 0.5, 2, 2, Path("/x"), "f", 0.0, ""
    )


@pytest.fixture
def result() -> SearchResult:
    generator = np.random.default_rng(0)
    attention = generator.random((2, 2, REGIONS)).astype(np.float32)
    attention /= attention.sum(axis=-1, keepdims=True)
    return result_with(generator.normal(size=(2, 2, REGIONS)).astype(np.float32) * 0.01, attention)


@pytest.mark.parametrize("scale", ["both", "fine", "coarse"])
def test_the_mean_of_a_density_is_the_sum_of_its_evidence(scale: str) -> None:
    values = np.random.default_rng(1).normal(size=(3, REGIONS)).astype(np.float32)
    part = {"both": values, "fine": values[:, :196], "coarse": values[:, 196:]}[scale]
    density = region_density(values, GRIDS, scale)  # type: ignore[arg-type]
    np.testing.assert_allclose(density.mean(axis=(-2, -1)), part.sum(axis=-1), rtol=1e-4, atol=1e-4)


def test_an_unknown_scale_and_a_wrong_count_are_refused() -> None:
    with pytest.raises(ValueError, match="middle"):
        region_density(np.zeros(REGIONS, np.float32), GRIDS, "middle")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="244"):
        region_density(np.zeros(244, np.float32), GRIDS)


def test_the_whole_query_is_the_sum_of_its_words(result: SearchResult) -> None:
    whole = hit_map(result, 1)
    np.testing.assert_allclose(whole, hit_map(result, 1, 0) + hit_map(result, 1, 1), atol=1e-4)


def test_attention_of_the_whole_query_has_mean_one(result: SearchResult) -> None:
    assert hit_map(result, 0, kind="attention").mean() == pytest.approx(1.0, abs=1e-4)


def test_the_shared_limit_of_the_whole_query_is_the_median_peak_of_the_hits(result: SearchResult) -> None:
    peaks = [float(hit_map(result, hit).max()) for hit in range(2)]
    assert np.median(peaks) == pytest.approx(shared_limit(result))


def test_raw_attention_has_one_limit_for_all_words(result: SearchResult) -> None:
    peaks = [max(float(hit_map(result, hit, word, kind="attention").max()) for word in (0, 1)) for hit in range(2)]
    for word in (0, 1):
        assert np.median(peaks) == pytest.approx(shared_limit(result, word=word, kind="attention"))


@pytest.mark.parametrize("scale", ["both", "fine", "coarse"])
def test_equally_strong_words_have_equal_colours_whatever_they_weigh(result: SearchResult, scale: ScaleView) -> None:
    heavy, light = (shared_limit(result, word=word, scale=scale) for word in (0, 1))
    assert heavy / result.words[0].weight == pytest.approx(light / result.words[1].weight)
    assert light > 0


def test_a_word_that_counts_against_lights_up_where_its_thing_is(result: SearchResult) -> None:
    words = (result.words[0], dataclasses.replace(result.words[1], weight=-0.25))
    evidence = result.evidence.copy()
    evidence[:, 1] *= -1
    against = dataclasses.replace(result, words=words, evidence=evidence)
    limit = shared_limit(against, word=1)
    assert limit == pytest.approx(-shared_limit(result, word=1), rel=0.2)
    np.testing.assert_allclose(hit_map(against, 0, 1) / limit > 0, hit_map(result, 0, 1) > 0)


def test_a_word_that_matches_nowhere_stays_darker_than_one_that_does(result: SearchResult) -> None:
    def limit_with(strength: float) -> float:
        hits = tuple(
            dataclasses.replace(hit, word_evidence=(0.75 * strength, 0.25 * strength)) for hit in result.hits
        )
        return shared_limit(dataclasses.replace(result, hits=hits), word=0)

    assert limit_with(0.5) == pytest.approx(limit_with(0.3))
    assert limit_with(0.1) == pytest.approx(3 * limit_with(0.5))
    assert limit_with(-0.4) == pytest.approx(5 * limit_with(0.5))


@pytest.mark.parametrize("word", [None, 0, 1])
def test_a_scale_with_hardly_any_evidence_stays_dark(result: SearchResult, word: int | None) -> None:
    evidence = result.evidence.copy()
    evidence[..., 196:] *= 1e-4
    faint = dataclasses.replace(result, evidence=evidence)
    brightest = float(hit_map(faint, 0, word, scale="coarse").max())
    assert 0 < brightest < 0.01 * shared_limit(faint, word=word, scale="coarse")
    assert shared_limit(faint, word=word, scale="fine") == pytest.approx(shared_limit(faint, word=word), rel=1e-2)


def test_one_glaring_hit_does_not_darken_the_others(result: SearchResult) -> None:
    evidence = np.repeat(result.evidence[:1], 5, axis=0)
    before = shared_limit(result_with(evidence, evidence))
    evidence[2, 0, 7] = 1.0
    assert shared_limit(result_with(evidence, evidence)) == pytest.approx(before)


def test_without_evidence_the_limit_is_one() -> None:
    empty = np.zeros((2, 2, REGIONS), np.float32)
    for word in (None, 0):
        assert shared_limit(result_with(empty, empty), word=word) == 1.0
        assert shared_limit(result_with(empty[:0], empty[:0]), word=word) == 1.0


@given(st.integers(0, REGIONS - 1), st.sampled_from([(224, 224), (100, 300), (300, 100), (61, 97)]))
@settings(max_examples=120, deadline=None)
def test_one_hot_region_lights_its_own_pixels(region: int, size: tuple[int, int]) -> None:
    height, width = size
    values = np.zeros(REGIONS, np.float32)
    values[region] = 1.0
    scale = "fine" if region < 196 else "coarse"
    pixels = grid_to_pixels(region_density(values, GRIDS, scale), height, width)  # type: ignore[arg-type]
    box = region_box(region, GRIDS, height, width)
    row, column = np.unravel_index(int(pixels.argmax()), pixels.shape)
    assert box.y <= row < box.y + box.height
    assert box.x <= column < box.x + box.width


def test_a_flipped_grid_gives_flipped_pixels() -> None:
    grid = np.random.default_rng(2).random((7, 7)).astype(np.float32)
    np.testing.assert_allclose(
        grid_to_pixels(grid[:, ::-1], 50, 90), grid_to_pixels(grid, 50, 90)[:, ::-1], atol=1e-6
    )


def test_regions_tile_the_image() -> None:
    covered = np.zeros((61, 97), dtype=int)
    for region in range(196):
        box = region_box(region, GRIDS, 61, 97)
        covered[box.y : box.y + box.height, box.x : box.x + box.width] += 1
    assert (covered == 1).all()


def test_a_region_outside_the_grids_is_refused() -> None:
    with pytest.raises(ValueError, match="245"):
        region_box(245, GRIDS, 10, 10)


def test_the_best_twelve_hits_decide_the_limit_and_no_other() -> None:
    evidence = np.zeros((13, 2, REGIONS), dtype=np.float32)
    evidence[:, 0, 196] = [*range(1, 13), 100]  # one coarse region: its density is 49 times as much
    result = result_with(evidence, np.full_like(evidence, 1 / REGIONS))
    assert shared_limit(result, scale="coarse") == pytest.approx(49 * 6.5)


def test_a_region_of_a_grid_with_more_columns_than_rows_has_its_own_pixels() -> None:
    wide = (GridSpec("wide", 2, 4), GridSpec("high", 4, 2))
    assert region_box(5, wide, height=40, width=80) == PixelBox(20, 20, 20, 20)
    assert region_box(8 + 5, wide, height=40, width=80) == PixelBox(40, 20, 40, 10)
