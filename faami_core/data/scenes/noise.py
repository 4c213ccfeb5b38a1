"""Noise fields that tile, so that a window at any offset is free of seams."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faami_core.types import FloatArray


def smooth_noise(rng: np.random.Generator, side: int, cells: int) -> FloatArray:
    """Cubic B-spline noise with ``cells`` knots a side. Returns [side, side] float32, mean 0, deviation 1, tiling."""
    knots = rng.standard_normal((cells, cells), dtype=np.float32)
    field = _spread(np.ascontiguousarray(_spread(knots, side).T), side).T
    field -= field.mean()
    return np.asarray(field / max(float(field.std()), 1e-6), dtype=np.float32)


def fractal_noise(rng: np.random.Generator, side: int, cells: int, octaves: int, decay: float = 0.55) -> FloatArray:
    """Sum of ``octaves`` smooth fields, each twice as fine and ``decay`` times as strong.

    Returns:
        [side, side] float32, mean 0, deviation 1, tiling.
    """
    total = np.zeros((side, side), dtype=np.float32)
    strength = 1.0
    for octave in range(octaves):
        knots = cells << octave
        if knots > side:
            break
        total += np.float32(strength) * smooth_noise(rng, side, knots)
        strength *= decay
    total /= max(float(total.std()), 1e-6)
    return total


@lru_cache(maxsize=64)
def _taps(cells: int, side: int) -> tuple[tuple[npt.NDArray[np.intp], FloatArray], ...]:
    """The four knots beside each of ``side`` places, wrapping round, and their uniform cubic B-spline weights."""
    position = np.arange(side) * (cells / side)
    left = np.floor(position).astype(np.intp)
    t = position - left
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    return tuple(((left + tap - 1) % cells, weight.astype(np.float32)[:, None]) for tap, weight in enumerate(weights))


def _spread(knots: FloatArray, side: int) -> FloatArray:
    """Brings [n, m] to [side, m] along a spline.

    Not a matrix product: its last bits depend on how many threads the library takes, and scenes must not.
    """
    taps = _taps(knots.shape[0], side)
    total = knots[taps[0][0]] * taps[0][1]
    for index, weight in taps[1:]:
        part = knots[index]
        part *= weight
        total += part
    return total
