"""Augmentation that keeps captions true: turns, flips and crops of aerial images, drawn from a seeded generator."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from faami_core.data.image_io import model_input
from faami_core.types import ByteArray

_DIRECTION = re.compile(
    r"\b(left|right|upper|lower|top|bottom|north\w*|south\w*|east\w*|west\w*|above|below|vertical\w*|horizontal\w*)\b"
)
_CROP_SHARE = (0.65, 1.0)  # of the area; smaller crops cut off things that the caption names
BRIGHTNESS = 0.15
CONTRAST = 0.15


def names_direction(captions: Iterable[str]) -> bool:
    """True if a caption would become false under a turn or a flip."""
    return any(_DIRECTION.search(caption.lower()) for caption in captions)


def dihedral(pixels: ByteArray, operation: int) -> ByteArray:
    """One of the eight turns and flips of a square; 0 is the identity."""
    turned = np.rot90(pixels, operation % 4)
    return np.ascontiguousarray(turned[:, ::-1] if operation >= 4 else turned)


def augment(pixels: ByteArray, size: int, generator: np.random.Generator, *, turn: bool) -> ByteArray:
    """A random view.

    Args:
        pixels: [H, W, 3].
        size: Side of the square result.
        generator: Source of chance.
        turn: Allow turns and flips.

    Returns:
        [size, size, 3] uint8.
    """
    height, width = pixels.shape[:2]
    share = np.sqrt(generator.uniform(*_CROP_SHARE))
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = generator.integers(0, height - rows + 1), generator.integers(0, width - columns + 1)
    view = model_input(np.ascontiguousarray(pixels[top : top + rows, left : left + columns]), size)
    if turn:
        view = dihedral(view, int(generator.integers(8)))
    return _vary_colour(view, generator)


def _vary_colour(pixels: ByteArray, generator: np.random.Generator) -> ByteArray:
    contrast = 1 + generator.uniform(-CONTRAST, CONTRAST)
    brightness = 255 * generator.uniform(-BRIGHTNESS, BRIGHTNESS)
    varied = (pixels.astype(np.float32) - 127.5) * contrast + 127.5 + brightness
    clipped: ByteArray = np.clip(varied, 0, 255).astype(np.uint8)
    return clipped
