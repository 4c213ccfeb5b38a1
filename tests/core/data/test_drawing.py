"""Boxes and letters: cut off at the rim, standing on their line."""

from __future__ import annotations

import numpy as np
import pytest

from faami_core.data.drawing import blank, fill, text_width, write

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def ink(text: str, x: int, baseline: int, width: int = 90, height: int = 40) -> np.ndarray:
    canvas = blank(width, height, WHITE)
    write(canvas, text, x, baseline, 16, BLACK)
    return (canvas < 128).any(axis=-1)


def test_a_line_stands_on_its_baseline_and_is_as_wide_as_told() -> None:
    found = ink("Hm", 5, 30)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert rows.max() == 29
    assert columns.min() >= 5
    assert columns.max() < 5 + text_width("Hm", 16)
    assert np.flatnonzero(ink("g", 5, 30).any(axis=1)).max() > 29


@pytest.mark.parametrize(("x", "baseline"), [(-10, 30), (80, 30), (5, 4), (5, 44), (-500, 30), (5, 900)])
def test_what_lies_outside_is_cut_off(x: int, baseline: int) -> None:
    wide = ink("Hamburg", x + 600, baseline + 100, 1400, 1200)
    assert (ink("Hamburg", x, baseline) == wide[100:140, 600:690]).all()


def test_nothing_is_written_for_blanks_alone() -> None:
    assert not ink("  ", 5, 30).any()
    assert not ink("", 5, 30).any()


def test_a_box_over_the_rim_fills_what_is_inside() -> None:
    canvas = blank(10, 8, WHITE)
    fill(canvas, -5, 6, 10, 10, BLACK)
    assert (canvas[6:, :5] == 0).all()
    assert (canvas == 0).all(axis=-1).sum() == 10
