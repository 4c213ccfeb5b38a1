"""A square cut-out of the model's input that falls on cells of every region grid: cheaper training views."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from faami_core.types import GridSpec


@dataclass(frozen=True)
class Window:
    """Rows ``top … top + side`` and columns ``left … left + side`` of a lattice of ``of`` × ``of`` cells.

    Every grid's side must be a multiple of ``of``, so that the window holds whole regions and each of them keeps the
    position embedding it has in the full image.
    """

    top: int
    left: int
    side: int
    of: int

    def pixels(self, size: int) -> tuple[slice, slice]:
        """Rows and columns of the window in an image of ``size`` × ``size`` pixels."""
        return self._span(self.top, size), self._span(self.left, size)

    def regions(self, grids: tuple[GridSpec, ...]) -> list[Tensor]:
        """Per scale, the numbers of the regions inside the window, [R'] int64; scales follow one another."""
        inside, first = [], 0
        for grid in grids:
            numbers = first + torch.arange(grid.regions).view(grid.rows, grid.columns)
            inside.append(numbers[self._span(self.top, grid.rows), self._span(self.left, grid.columns)].reshape(-1))
            first += grid.regions
        return inside

    def _span(self, start: int, cells: int) -> slice:
        return slice(start * cells // self.of, (start + self.side) * cells // self.of)
