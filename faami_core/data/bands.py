"""Which bands of a raster are shown as red, green and blue, and which one is transparency.

What the file says decides, in this order: its colour interpretation, then the names of its bands. A file that says
nothing is shown as most programs do, its first three bands as red, green and blue; 12 or 13 bands of more than
8 bits are Sentinel-2 in its usual order. One or two bands are grey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_COLORS = ("red", "green", "blue")
_SENTINEL_2 = ("b04", "b03", "b02")
_NOT_A_COLOR = re.compile(r"infra|\bnir|edge|coastal|swir|thermal|green[ _-]?i\b|yellow")
_INFRARED = re.compile(r"infra|\bnir\b|\bnir\d")
_SENTINEL_2_COUNTS = (12, 13)  # level 2A without and level 1C with the cirrus band


@dataclass(frozen=True)
class BandChoice:
    """The ``bands`` shown, one (grey) or three (red, green, blue), and the ``alpha`` band or None; all 1-based.

    ``reason`` is how they were found, as the end of a sentence; empty where there was nothing to choose.
    """

    bands: tuple[int, ...]
    alpha: int | None = None
    reason: str = ""


def choose_bands(interpretations: Sequence[str], names: Sequence[str | None], *, deep: bool) -> BandChoice:
    """Chooses the bands of a raster that are shown.

    Args:
        interpretations: GDAL's colour interpretation of each band, in lower case ("red", "gray", "undefined", …).
        names: The description of each band; None where it has none.
        deep: Its numbers have more than 8 bits.
    """
    count = len(interpretations)
    told = [(name or "").strip().lower() for name in names]
    clear = (n for n, kind in enumerate(interpretations, 1) if kind == "alpha" and not _INFRARED.search(told[n - 1]))
    alpha = next(clear, None)
    if count - (alpha is not None) == 1:
        return BandChoice((2 if alpha == 1 else 1,), alpha)
    if all(color in interpretations for color in _COLORS):
        bands = tuple(interpretations.index(color) + 1 for color in _COLORS)
        is_usual = bands == (1, 2, 3) and count - (alpha is not None) == 3
        return BandChoice(bands, alpha, "" if is_usual else "as the file says")
    named = _by_name(told)
    if named is not None:
        return BandChoice(named, alpha, "by their names")
    shown = [number for number in range(1, count + 1) if number != alpha]
    if len(shown) < 3:
        return BandChoice((shown[0],), alpha, "the first one")
    if deep and count in _SENTINEL_2_COUNTS:
        return BandChoice((4, 3, 2), alpha, "the order of Sentinel-2, as the file names no colours")
    reason = "" if count == 3 else "the file does not name its colours"
    return BandChoice((shown[0], shown[1], shown[2]), alpha, reason)


def _by_name(names: Sequence[str]) -> tuple[int, ...] | None:
    """Bands named red, green and blue, or as Sentinel-2 names them."""
    words = [re.sub(r"[_\W]+", " ", name) for name in names]
    plain = ["" if _NOT_A_COLOR.search(word) else word for word in words]
    found = tuple(next((n for n, word in enumerate(plain, 1) if color in word.split()), 0) for color in _COLORS)
    if all(found):
        return found
    codes = [word.split() for word in words]
    wanted = ("b4", "b3", "b2") if any("b8a" in code for code in codes) else _SENTINEL_2
    for options in (_SENTINEL_2, wanted):
        found = tuple(next((n for n, code in enumerate(codes, 1) if option in code), 0) for option in options)
        if all(found):
            return found
    return None
