"""Grounding figures equal what a slow, plain count says; chance maps get exactly chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faami_core.evaluation.grounding_metrics import (
    Figure,
    auc_figure,
    average_precision,
    inside_share,
    mean_figure,
    peak_inside,
)

SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, levels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A map with many ties and negative values, and a mask that is neither empty nor full."""
    generator = np.random.default_rng(seed)
    heatmap = (generator.integers(-2, levels, size=(6, 7))).astype(np.float32)
    mask = generator.random((6, 7)) < generator.uniform(0.1, 0.9)
    mask[0, 0], mask[-1, -1] = True, False
    return heatmap, mask


def slow_average_precision(heatmap: np.ndarray, mask: np.ndarray) -> float:
    """One threshold after the other, as in a textbook."""
    area, recall_before = 0.0, 0.0
    for threshold in sorted(set(heatmap.reshape(-1).tolist()), reverse=True):
        taken = heatmap >= threshold
        recall = (taken & mask).sum() / mask.sum()
        area += (recall - recall_before) * (taken & mask).sum() / taken.sum()
        recall_before = recall
    return float(area)


@given(SEEDS)
@settings(max_examples=150, deadline=None)
def test_average_precision_equals_the_sweep_over_thresholds(seed: int) -> None:
    heatmap, mask = drawn(seed)
    assert average_precision(heatmap, mask) == pytest.approx(slow_average_precision(heatmap, mask))


@given(SEEDS)
@settings(max_examples=100, deadline=None)
def test_peak_and_share_equal_a_count_over_pixels(seed: int) -> None:
    heatmap, mask = drawn(seed)
    pairs = list(zip(heatmap.reshape(-1).tolist(), mask.reshape(-1).tolist(), strict=True))
    top = [inside for value, inside in pairs if value == max(value for value, _ in pairs)]
    lit = sum(max(value, 0) for value, _ in pairs)
    assert peak_inside(heatmap, mask) == pytest.approx(sum(top) / len(top))
    wanted = sum(max(value, 0) for value, inside in pairs if inside) / lit if lit else mask.mean()
    assert inside_share(heatmap, mask) == pytest.approx(wanted)


@given(SEEDS, st.sampled_from([0.0, 1.0, -3.0]))
@settings(max_examples=50, deadline=None)
def test_an_even_map_gets_what_chance_gets(seed: int, level: float) -> None:
    _, mask = drawn(seed)
    even = np.full(mask.shape, level, dtype=np.float32)
    for measure in (peak_inside, inside_share, average_precision):
        assert measure(even, mask) == pytest.approx(mask.mean())


def test_a_perfect_map_gets_everything_and_an_inverted_one_nothing() -> None:
    _, mask = drawn(0)
    perfect = mask.astype(np.float32)
    assert [measure(perfect, mask) for measure in (peak_inside, inside_share, average_precision)] == [1.0] * 3
    assert [measure(1 - perfect, mask) for measure in (peak_inside, inside_share)] == [0.0] * 2


@given(SEEDS)
@settings(max_examples=50, deadline=None)
def test_the_roc_area_equals_a_count_over_pairs(seed: int) -> None:
    generator = np.random.default_rng(seed)
    present = generator.integers(0, 6, size=17).astype(np.float64)
    absent = generator.integers(-2, 4, size=23).astype(np.float64)
    figure = auc_figure(present, np.arange(17) % 5, absent, np.arange(23) % 6)
    won = [1.0 if a > b else 0.5 if a == b else 0.0 for a in present for b in absent]
    assert figure.value == pytest.approx(np.mean(won))
    assert figure.low <= figure.value <= figure.high
    assert figure.cases == 40


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).random(400) < 0.3
    figure = mean_figure(values.astype(np.float64), np.arange(400))
    half_width = 1.96 * np.sqrt(values.mean() * (1 - values.mean()) / 400)
    assert figure.value == pytest.approx(values.mean())
    assert (figure.high - figure.low) / 2 == pytest.approx(half_width, rel=0.15)


def test_cases_of_one_image_do_not_count_as_independent() -> None:
    once = (np.random.default_rng(2).random(50) < 0.5).astype(np.float64)
    fivefold = mean_figure(np.repeat(once, 5), np.repeat(np.arange(50), 5))
    alone = mean_figure(once, np.arange(50))
    assert fivefold.cases == 250
    assert (fivefold.low, fivefold.high) == pytest.approx((alone.low, alone.high))


def test_the_interval_is_the_same_on_every_run() -> None:
    values, groups = np.random.default_rng(3).random(30), np.arange(30) // 3
    assert mean_figure(values, groups) == mean_figure(values, groups)


def test_without_cases_there_is_no_number() -> None:
    nothing = np.array([])
    no_groups = nothing.astype(np.int64)
    for figure in (mean_figure(nothing, no_groups), auc_figure(np.ones(1), np.zeros(1, int), nothing, no_groups)):
        assert figure.as_dict() == {"value": None, "low": None, "high": None, "n": 0}
    assert Figure(0.25, 0.2, 0.3, 4).as_dict() == {"value": 0.25, "low": 0.2, "high": 0.3, "n": 4}


def test_without_present_or_without_absent_things_there_is_no_area() -> None:
    one, nothing = np.ones(1), np.array([])
    group, no_groups = np.zeros(1, dtype=np.int64), np.array([], dtype=np.int64)
    assert auc_figure(nothing, no_groups, one, group).cases == 0
    assert auc_figure(one, group, nothing, no_groups).cases == 0
    assert auc_figure(one, group, one, group).cases == 2
