"""Evidence → colour: one perceptually uniform colour map whose alpha starts at zero.

No evidence is no tint, the same value is the same colour in every image and in the legend. The dark end of the map
is left out, because it would darken the image instead of tinting it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg

from faami_core.types import FloatArray

_MAP = "plasma"
_FIRST, _LAST = 0.28, 0.98  # part of the map in use; below it the colours are too dark to tint
_FULL_AT = 0.75  # share of the limit at which the tint is opaque; most regions lie far below the brightest one


@lru_cache(maxsize=1)
def colour_table() -> npt.NDArray[np.uint8]:
    """[256, 4] uint8 RGBA over 0 … limit; alpha rises from zero."""
    position = np.linspace(_FIRST, _LAST, 256)
    colours = pg.colormap.get(_MAP).map(position, mode=pg.ColorMap.BYTE)
    table = np.array(colours[:, :4], dtype=np.uint8)
    table[:, 3] = np.round(255 * np.clip(np.linspace(0, 1 / _FULL_AT, 256), 0, 1))
    return table


def tint(values: FloatArray, limit: float) -> npt.NDArray[np.uint8]:
    """Colours [H, W] numbers on the scale 0 … ``limit``. Returns [H, W, 4] RGBA; what is not positive has no tint."""
    scaled = np.clip(values / np.float32(limit), 0, 1) * 255
    return colour_table()[np.nan_to_num(scaled).astype(np.uint8)]
