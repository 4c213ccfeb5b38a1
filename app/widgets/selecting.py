"""The one way in which the program selects: with flags of its own.

``QAbstractItemView.setCurrentIndex`` asks the view for flags, and a view that allows several rows reads them from the
keys that are held down at that moment: after Ctrl+Z the row would be added to the selection instead of replacing it.
"""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex
from PySide6.QtWidgets import QAbstractItemView

_Flag = QItemSelectionModel.SelectionFlag


def make_current(view: QAbstractItemView, index: QModelIndex) -> None:
    """Makes a row current and the only one that is selected; an invalid index leaves none."""
    if index.isValid():
        view.selectionModel().setCurrentIndex(index, _Flag.ClearAndSelect)
    else:
        view.selectionModel().clear()


def select_rows(view: QAbstractItemView, rows: list[int], current: QModelIndex) -> None:
    """Selects exactly these rows of a list and makes one row current, which need not be among them."""
    model, selection = view.model(), QItemSelection()
    for first, last in _runs(rows):
        selection.select(model.index(first, 0), model.index(last, 0))
    view.selectionModel().select(selection, _Flag.ClearAndSelect)
    view.selectionModel().setCurrentIndex(current, _Flag.NoUpdate)


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Rows in ascending order as first and last of each unbroken run."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = runs[-1][0], row
        else:
            runs.append((row, row))
    return runs
