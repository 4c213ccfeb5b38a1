"""Evidence → colour: perceptually uniform colour maps whose alpha starts at zero.

No evidence is no tint, the same value is the same colour in every image and in the legend. The dark ends of the maps
are left out, because they would darken the image instead of tinting it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QImage

from faami_core.types import FloatArray

# Part of each map in use. All are perceptually uniform; cividis looks the same to colour-blind eyes.
ColourMap = Literal["plasma", "viridis", "cividis"]
_RANGES: dict[ColourMap, tuple[float, float]] = {
    "plasma": (0.28, 0.98),
    "viridis": (0.30, 1.0),
    "cividis": (0.30, 1.0),
}
COLOUR_MAPS: tuple[ColourMap, ...] = tuple(_RANGES)
_FULL_AT = 0.75  # share of the limit at which the tint is opaque; most regions lie far below the brightest one


@lru_cache(maxsize=len(_RANGES))
def colour_table(name: ColourMap = COLOUR_MAPS[0]) -> npt.NDArray[np.uint8]:
    """[256, 4] uint8 RGBA over 0 … limit; alpha rises from zero."""
    position = np.linspace(*_RANGES[name], 256)
    colours = pg.colormap.get(name).map(position, mode=pg.ColorMap.BYTE)
    table = np.array(colours[:, :4], dtype=np.uint8)
    table[:, 3] = np.round(255 * np.clip(np.linspace(0, 1 / _FULL_AT, 256), 0, 1))
    return table


def tint(values: FloatArray, limit: float, name: ColourMap = COLOUR_MAPS[0]) -> npt.NDArray[np.uint8]:
    """Colours [H, W] numbers on the scale 0 … ``limit``, which may be negative; what lies beyond 0 has no tint.

    Returns:
        [H, W, 4] RGBA.
    """
    scaled = np.clip(values / np.float32(limit), 0, 1) * 255
    colours: npt.NDArray[np.uint8] = colour_table(name)[np.nan_to_num(scaled).astype(np.uint8)]
    return colours


def to_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    """[H, W, 4] RGBA or [H, W, 3] RGB → QImage that owns its pixels."""
    pixels = np.ascontiguousarray(pixels)
    height, width, channels = pixels.shape
    kind = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, channels * width, kind).copy()
