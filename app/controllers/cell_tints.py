"""The lit word in every cell of the grid, drawn on the scale of the inspector's legend."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from PySide6.QtGui import QImage

from app.colormap import tint, to_image
from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from faami_core.types import Hit, SearchResult

_SIDE = 56  # four pixels a fine region: enough for a thumbnail, which smooths what lies between
_KEPT = 1000  # 12 MB


class CellTints:
    """Makes a tint when a cell is painted and keeps the newest ones.

    Args:
        workspace: Tells result and view.
        model: Whose rows are lit.
        limit: The number drawn brightest in the current view.
    """

    def __init__(self, workspace: Workspace, model: ResultListModel, limit: Callable[[], float]) -> None:
        self._workspace = workspace
        self._model = model
        self._limit = limit
        self._tints: OrderedDict[int, QImage] = OrderedDict()
        workspace.view.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Result or view have changed: cells are lit while a word is chosen and the heatmap is on."""
        self._tints.clear()
        view, result = self._workspace.view, self._workspace.result
        lit = result is not None and view.word is not None
        self._model.light(view.word if lit else None, self._tint_of if lit and view.overlay else None)

    def _tint_of(self, hit: Hit) -> QImage | None:
        result = self._workspace.result
        if result is None:
            return None
        if hit.rank not in self._tints:
            self._tints[hit.rank] = self._made(result, hit.rank)
            if len(self._tints) > _KEPT:
                self._tints.popitem(last=False)
        return self._tints[hit.rank]

    def _made(self, result: SearchResult, rank: int) -> QImage:
        view = self._workspace.view
        values = self._workspace.session.heatmap(
            result, rank, word=view.word, scale=view.scale, kind=view.kind, size=(_SIDE, _SIDE)
        )
        pixels = tint(values, self._limit(), view.colours)
        pixels[..., 3] = np.round(pixels[..., 3] * view.opacity)
        return to_image(pixels)
