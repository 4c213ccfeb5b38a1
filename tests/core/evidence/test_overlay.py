"""Overlays: no evidence is no tint, the same value is the same colour."""

from __future__ import annotations

import numpy as np

from faami_core.evidence.overlay import colour_table, draw_over


def test_where_there_is_no_evidence_the_image_stays_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    heatmap = np.full((5, 6), -1.0, np.float32)
    heatmap[2, 3] = 1.0
    drawn = draw_over(pixels, heatmap, 1.0)
    changed = (drawn != pixels).any(axis=-1)
    assert changed[2, 3]
    assert changed.sum() == 1


def test_brighter_than_the_limit_is_drawn_like_the_limit() -> None:
    grey = np.full((1, 3, 3), 128, np.uint8)
    drawn = draw_over(grey, np.array([[2.0, 4.0, 1.0]], np.float32), 2.0)
    assert (drawn[0, 0] == drawn[0, 1]).all()
    assert (drawn[0, 0] != drawn[0, 2]).any()


def test_the_tint_grows_with_the_evidence() -> None:
    table = colour_table()
    assert table.shape == (256, 4)
    assert table[0, 3] == 0
    assert (np.diff(table[:, 3]) >= 0).all()
    brightness = table[:, :3] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(brightness) > -0.5).all()
