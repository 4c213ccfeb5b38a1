"""Evidence over an image, for pictures that are written without a window: the window's colours and scale."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from faami_core.types import ByteArray, FloatArray

# The upper part of the perceptually uniform map "plasma" (BSD, matplotlib), evenly spaced; its dark end would darken
# the image instead of tinting it.
_COLOURS = (
    (136, 8, 165), (166, 32, 151), (192, 58, 130), (213, 83, 110), (231, 110, 91),
    (244, 136, 72), (252, 168, 52), (253, 202, 38), (243, 239, 39),
)  # fmt: skip
_FULL_AT = 0.75  # share of the limit at which the tint is opaque; most regions lie far below the brightest one
_OPACITY = 0.7


@lru_cache(maxsize=1)
def colour_table() -> FloatArray:
    """[256, 4] RGBA over 0 … limit, 0 to 255; alpha rises from zero, so that no evidence is no tint."""
    position = np.linspace(0, len(_COLOURS) - 1, 256)
    channels = [np.interp(position, np.arange(len(_COLOURS)), values) for values in zip(*_COLOURS, strict=True)]
    alpha = 255 * np.clip(np.linspace(0, 1 / _FULL_AT, 256), 0, 1)
    return np.stack([*channels, alpha], axis=1).astype(np.float32)


def draw_over(pixels: ByteArray, heatmap: FloatArray, limit: float) -> ByteArray:
    """An image with its heatmap.

    Args:
        pixels: [H, W, 3] RGB.
        heatmap: [H, W] density; what is not positive has no tint.
        limit: The density drawn brightest.
    """
    colours = colour_table()[np.clip(heatmap / limit * 255, 0, 255).astype(np.uint8)]
    share = colours[..., 3:] / 255 * np.float32(_OPACITY)
    return np.asarray(np.round(pixels * (1 - share) + colours[..., :3] * share), dtype=np.uint8)
