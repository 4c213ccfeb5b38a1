"""Numbers of any range as 8 bits: one stretch over all bands that are shown, so that a hue stays what it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faami_core.types import ByteArray

_PERCENTILES = (2.0, 98.0)
_SAMPLE = 1_000_000  # numbers that percentiles are taken of
_BLOCK = 4_000_000  # numbers widened to 64 bits at a time
_LARGEST = 3.4e38  # beyond are infinity and the number that several programs write where nothing was measured
# Written by programs where nothing was measured, and often not declared.
_FILL_VALUES = (-9999.0, -32767.0, -32768.0, -99999.0, 1e20)
_FEW_LEVELS = 16

Numbers = npt.NDArray[np.generic]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stretch:
    """``low`` is shown as black and ``high`` as white; ``fill`` is an undeclared number for "nothing", or None."""

    low: float
    high: float
    fill: float | None = None

    def apply(self, values: Numbers) -> ByteArray:
        """[...] numbers → uint8; what is no number (NaN) becomes black."""
        shown = np.empty(values.shape, dtype=np.uint8)
        flat, out = values.reshape(-1), shown.reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            numbers = flat[start : start + _BLOCK].astype(np.float64)
            numbers[~np.isfinite(numbers)] = self.low
            # Halves first: the difference of the two largest numbers has no room in a float.
            part = (numbers / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
            out[start : start + _BLOCK] = np.clip(part * 255, 0, 255).round()
        return shown


def valid_numbers(values: Numbers) -> Mask:
    """Which [...] numbers were measured: finite, and not the largest there is."""
    if values.dtype.kind != "f":
        return np.ones(values.shape, dtype=bool)
    return np.asarray(np.abs(values) < _LARGEST)  # NaN is not smaller than anything


def fit_stretch(values: Numbers, valid: Mask) -> Stretch:
    """The stretch between the 2nd and 98th percentile of all valid numbers of [B, H, W] together.

    Args:
        values: Of the bands that are shown.
        valid: [B, H, W]; those that count.
    """
    step = max(1, round((values.size / _SAMPLE) ** 0.5))
    sample = values[:, ::step, ::step][valid[:, ::step, ::step]].astype(np.float64)
    if sample.size == 0:  # perhaps all that is valid lies between the rows of the sample
        sample = values[valid][:_SAMPLE].astype(np.float64)
    fill = _undeclared_fill(sample)
    if fill is not None:
        sample = sample[sample != fill]
    if sample.size == 0:
        return Stretch(0, 1, fill)
    low, high = np.percentile(sample, _PERCENTILES)
    if high <= low:
        low, high = sample.min(), sample.max()
    if high <= low:  # one number everywhere says nothing about its brightness
        low, high = low - 1, high + 1
    return Stretch(float(low), float(high), fill)


def fit_few_levels(values: Numbers, valid: Mask) -> Stretch | None:
    """The stretch of an 8-bit grey band of classes or of a mask (numbers below 16); None for others."""
    numbers = values[valid]
    if numbers.size == 0 or not numbers.min() < numbers.max() < _FEW_LEVELS:
        return None
    return Stretch(float(numbers.min()), float(numbers.max()))


def _undeclared_fill(sample: npt.NDArray[np.float64]) -> float | None:
    """A usual number for "nothing" at the edge of the range, farther from the other numbers than they are apart."""
    for value in _FILL_VALUES:
        others = sample[sample != value]
        if 0 < others.size < sample.size:
            low, high = others.min(), others.max()
            gap = low - value if value < low else value - high
            if gap > high - low:
                return value
    return None
