"""From the numbers of a raster's bands to 8-bit pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from faami_core.data.stretch import Mask, Numbers, Stretch
from faami_core.types import ByteArray

NODATA_LEVEL = 0  # black, as the collar around satellite scenes is in most products


@dataclass(frozen=True)
class Layout:
    """What the numbers of a raster mean.

    Attributes:
        depth: Their type; complex ones come as their magnitude.
        table: [N, 3] or [N, 4] colours that the numbers of a palette stand for, or None.
        inverted: 0 is white.
        premultiplied: Colours have been multiplied with the alpha band.
        inks: The bands are cyan, magenta, yellow and black.
    """

    depth: np.dtype[np.generic]
    table: ByteArray | None
    inverted: bool
    premultiplied: bool
    inks: bool


def lookup_table(colors: Mapping[int, tuple[int, ...]]) -> ByteArray:
    """[N, 4] of a palette as rasterio tells it, [N, 3] if all its colours are opaque."""
    table = np.zeros((max(colors) + 1, 4), dtype=np.uint8)
    table[:, 3] = 255
    for number, color in colors.items():
        table[number] = color
    return table if (table[:, 3] < 255).any() else table[:, :3]


def largest_number(values: Numbers) -> float:
    """Of the type of integers."""
    return float(2 ** (8 * values.dtype.itemsize - (values.dtype.kind == "i")) - 1)


def draw(
    layout: Layout, values: Numbers, valid: Mask, stretch: Stretch | None, alpha: Numbers | None, alpha_top: float
) -> ByteArray:
    """Pixels of numbers.

    Args:
        layout: What they mean.
        values: [B, H, W] of the bands that are shown.
        valid: [B, H, W]; a pixel without any valid band is drawn in ``NODATA_LEVEL``.
        stretch: Of the numbers; None for 8-bit ones as they are.
        alpha: [H, W] or None.
        alpha_top: The alpha that is opaque.

    Returns:
        [H, W] grey or [H, W, C] of ``drawn_mode``.
    """
    missing = ~valid.any(axis=0)
    if layout.table is not None:
        pixels: ByteArray = layout.table[np.minimum(values[0], len(layout.table) - 1)]
        pixels[missing] = (*(NODATA_LEVEL,) * 3, 255)[: pixels.shape[2]]
        return pixels
    shown = values.astype(np.uint8, copy=False) if stretch is None else stretch.apply(values)
    if layout.inverted:
        shown = 255 - shown
    pixels = np.moveaxis(shown, 0, -1).copy()
    if missing.any():
        pixels[missing] = (0, 0, 0, 255) if layout.inks else NODATA_LEVEL
    if alpha is not None:
        clear = np.clip(alpha.astype(np.float64) * (255 / alpha_top), 0, 255).round().astype(np.uint8)
        if layout.premultiplied and stretch is None:
            return _over_white(pixels, clear)
        pixels = np.concatenate([pixels, clear[..., None]], axis=-1)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def drawn_mode(layout: Layout, pixels: ByteArray) -> str:
    """Pillow's name for the pixels of ``draw``."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return "CMYK" if layout.inks else {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]


def _over_white(pixels: ByteArray, alpha: ByteArray) -> ByteArray:
    laid = np.minimum(pixels.astype(np.uint16) + (255 - alpha.astype(np.uint16))[..., None], 255)
    shown: ByteArray = laid.astype(np.uint8)
    return shown[..., 0] if shown.shape[-1] == 1 else shown
