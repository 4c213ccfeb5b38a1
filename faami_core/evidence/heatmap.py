"""Grid → pixels. Between the centres of cells the density runs linearly, at the rim it is held."""

from __future__ import annotations

import numpy as np

from faami_core.queries import PixelBox
from faami_core.types import FloatArray, GridSpec


def grid_to_pixels(grid: FloatArray, height: int, width: int) -> FloatArray:
    """Upsamples [h, w] to [height, width] bilinearly; the model saw the whole image, squashed to a square."""
    rows = _interpolation_matrix(grid.shape[0], height)
    columns = _interpolation_matrix(grid.shape[1], width)
    return np.asarray(rows @ grid @ columns.T, dtype=np.float32)


def region_box(region: int, grids: tuple[GridSpec, ...], height: int, width: int) -> PixelBox:
    """Pixels covered by a region of an image of ``height`` × ``width``.

    Raises:
        ValueError: if the region does not exist.
    """
    first = 0
    for grid in grids:
        if region < first + grid.regions:
            row, column = divmod(region - first, grid.columns)
            left, right = column * width // grid.columns, (column + 1) * width // grid.columns
            top, bottom = row * height // grid.rows, (row + 1) * height // grid.rows
            return PixelBox(left, top, max(1, right - left), max(1, bottom - top))
        first += grid.regions
    raise ValueError(f"region {region} is outside the {first} regions of the grids")


def _interpolation_matrix(cells: int, pixels: int) -> FloatArray:
    """[pixels, cells] linear interpolation weights; every row sums to 1."""
    position = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    left = np.floor(position).astype(np.intp)
    right = np.minimum(left + 1, cells - 1)
    share = (position - left).astype(np.float32)
    matrix = np.zeros((pixels, cells), dtype=np.float32)
    index = np.arange(pixels)
    matrix[index, left] += 1 - share
    matrix[index, right] += share
    return matrix
