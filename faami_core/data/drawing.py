"""Boxes and letters on NumPy canvases, for pictures that are written without a window."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import ImageFont

from faami_core.types import ByteArray

Colour = tuple[int, int, int]


def blank(width: int, height: int, colour: Colour) -> ByteArray:
    """An even [height, width, 3] canvas."""
    return np.full((height, width, 3), colour, dtype=np.uint8)


def fill(canvas: ByteArray, x: int, y: int, width: int, height: int, colour: Colour) -> None:
    """Fills a rectangle; what lies outside the canvas is cut off."""
    canvas[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = colour


def text_width(text: str, size: int) -> int:
    """Pixels from the first letter to the end of the last."""
    return int(np.ceil(_font(size).getlength(text)))


def write(canvas: ByteArray, text: str, x: int, baseline: int, size: int, colour: Colour) -> None:
    """Writes one line of text.

    Args:
        canvas: [H, W, 3], changed in place; what lies outside is cut off.
        text: Without line breaks.
        x: Where the line starts.
        baseline: The row on which letters stand.
        size: Height of the letters in pixels.
        colour: RGB.
    """
    left, top, right, bottom = (round(edge) for edge in _font(size).getbbox(text, anchor="ls"))
    if right <= left or bottom <= top:
        return
    ink = np.array(_font(size).getmask(text), dtype=np.float32).reshape(bottom - top, right - left) / 255
    rows = slice(max(baseline + top, 0), max(baseline + bottom, 0))
    columns = slice(max(x + left, 0), max(x + right, 0))
    part = canvas[rows, columns]
    above, before = rows.start - (baseline + top), columns.start - (x + left)
    share = ink[above : above + part.shape[0], before : before + part.shape[1], None]
    part[:] = np.round(part * (1 - share) + np.array(colour, dtype=np.float32) * share)


@lru_cache
def _font(size: int) -> Any:
    """The font that comes with Pillow, so that the same picture is written everywhere."""
    return ImageFont.load_default(size)
