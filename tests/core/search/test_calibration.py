"""Each word's border between matched and weak, told by a sample of the collection."""

from __future__ import annotations

import numpy as np
import pytest

from faami_core.search.calibration import calibrated, even_sample
from faami_core.types import MATCHED_FROM, Match, QueryWord


def border_of(strengths: list[float], weight: float = 1.0) -> float:
    evidence = weight * np.asarray(strengths, dtype=np.float32)[:, None]
    return calibrated([QueryWord("word", weight)], evidence)[0].matched_from


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 10_000])
def test_the_sample_reaches_from_the_first_to_the_last_path(size: int) -> None:
    sample = even_sample(size)
    assert (sample[0], sample[-1], len(sample)) == (0, size - 1, min(size, 64))
    assert size < 3 or np.ptp(np.diff(sample)) <= 1


def test_the_border_lies_half_way_between_an_ordinary_image_and_the_best() -> None:
    assert border_of([0.0] * 40 + [0.4] * 10) == pytest.approx(0.2)


def test_the_weight_of_a_word_does_not_move_its_border() -> None:
    strengths = np.random.default_rng(0).normal(0.1, 0.2, 96).tolist()
    assert border_of(strengths, 0.03) == pytest.approx(border_of(strengths), abs=1e-6)
    assert border_of(strengths, -0.5) == pytest.approx(border_of(strengths), abs=1e-6)


def test_where_nothing_is_there_noise_does_not_match() -> None:
    border = border_of(np.random.default_rng(1).normal(-0.2, 0.05, 96).tolist())
    assert QueryWord("church", 1.0, matched_from=border).match(0.02) is Match.MISSING


def test_where_every_image_shows_the_thing_all_of_them_match() -> None:
    strengths = np.random.default_rng(2).normal(0.6, 0.05, 96).tolist()
    word = QueryWord("river", 1.0, matched_from=border_of(strengths))
    assert {word.match(strength) for strength in strengths} == {Match.MATCHED}


def test_broken_features_do_not_break_the_border() -> None:
    assert border_of([np.nan] * 5 + [0.0] * 40 + [0.4] * 10) == pytest.approx(0.2)
    assert border_of([np.nan] * 5) > 0


def test_words_that_are_not_looked_for_keep_theirs() -> None:
    word = calibrated([QueryWord("beside", 0.0)], np.zeros((3, 1), dtype=np.float32))[0]
    assert word.matched_from == MATCHED_FROM
