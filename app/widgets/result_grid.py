"""The grid of results: cells fill the width, only visible ones cost anything, everything works by keyboard."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from app.models.result_list_model import ResultListModel
from app.models.thumbnail_cache import ThumbnailCache
from app.widgets.result_delegate import ResultDelegate

SMALLEST_CELL, LARGEST_CELL, CELL_STEP = 112, 400, 24


class ResultGrid(QListView):
    """Shows a ``ResultListModel``; tells which row is current."""

    row_chosen = Signal(int)  # -1 for none
    selection_changed = Signal()
    cell_size_changed = Signal(int)
    thumb_clicked = Signal(int, object)  # row, Thumb
    stack_asked = Signal(int)  # row whose duplicates are to be shown or folded

    def __init__(self, model: ResultListModel, cache: ThumbnailCache) -> None:
        super().__init__()
        self.setObjectName("resultGrid")
        self.setAccessibleName("Results")
        self._cache = cache
        self._results = model
        self._cell = 152
        self._delegate = ResultDelegate(cache, self)
        self._delegate.thumb_clicked.connect(self.thumb_clicked)
        self._delegate.stack_clicked.connect(self.stack_asked)
        self.doubleClicked.connect(lambda index: self.stack_asked.emit(index.row()))
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        # The list mode with wrapping looks like the icon mode and lays out 100,000 rows ten times faster.
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setDragEnabled(False)
        self.viewport().setAutoFillBackground(False)
        cache.arrived.connect(self._repaint)
        model.modelReset.connect(self._show_from_top)

    @property
    def cell_size(self) -> int:
        """Smallest width of a cell in logical pixels."""
        return self._cell

    def set_cell_size(self, size: int) -> None:
        """Changes how large the images are and keeps the current one in view."""
        size = min(max(size, SMALLEST_CELL), LARGEST_CELL)
        if size == self._cell:
            return
        self._cell = size
        self._arrange()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)
        self.cell_size_changed.emit(size)

    def zoom(self, steps: int) -> None:
        """Makes the cells larger, or smaller with a negative number."""
        self.set_cell_size(self._cell + steps * CELL_STEP)

    def selected_rows(self) -> list[int]:
        """Rows of the selection from top to bottom."""
        ranges = self.selectionModel().selection().toList()
        return sorted(row for part in ranges for row in range(part.top(), part.bottom() + 1))

    def choose(self, row: int) -> None:
        """Makes a row current and brings it into view."""
        if 0 <= row < self._results.rowCount():
            index = self._results.index(row)
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def follow(self, row: int) -> None:
        """Makes a row current without scrolling and without telling: the image is the same, its place is not."""
        self.setAutoScroll(False)
        was_silent = self.blockSignals(True)
        self.setCurrentIndex(self._results.index(row))
        self.blockSignals(was_silent)
        self.setAutoScroll(True)

    def scroll_back(self, place: int) -> None:
        """To where the view was (a value of its scroll bar) before its rows were replaced."""
        self.executeDelayedItemsLayout()
        self.verticalScrollBar().setValue(place)

    def step(self, by: int) -> None:
        """Moves the current row, from the first one if there is none."""
        rows = self._results.rowCount()
        row = self.currentIndex().row()
        if rows:
            self.choose(min(max(row + by, 0), rows - 1) if row >= 0 else 0)

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # type: ignore[override]
        super().currentChanged(current, previous)
        self.row_chosen.emit(current.row() if current.isValid() else -1)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.stack_asked.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1 if event.angleDelta().y() > 0 else -1)
        else:
            super().wheelEvent(event)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:  # Qt's own page keys stay on the line they are on when the list wraps
        page = {
            QAbstractItemView.CursorAction.MovePageDown: 1,
            QAbstractItemView.CursorAction.MovePageUp: -1,
        }.get(action)
        row, rows = self.currentIndex().row(), self._results.rowCount()
        if page is None or row < 0:
            return super().moveCursor(action, modifiers)
        cell = self.gridSize()
        columns = max(1, (self.viewport().width() - 1) // cell.width())
        lines = max(1, self.viewport().height() // cell.height())
        target = row + page * lines * columns
        if target < 0:
            target = row % columns
        elif target >= rows:
            last_line = (rows - 1) // columns * columns
            target = min(rows - 1, last_line + row % columns)
        return self._results.index(target)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        # What was scrolled away need not be decoded; the repaint asks again for what is in view.
        self._cache.clear_wishes()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def _arrange(self) -> None:
        width = max(self.viewport().width() - 1, SMALLEST_CELL)
        columns = max(1, width // self._cell)
        first = self._results.data(self._results.index(0), Qt.ItemDataRole.UserRole + 5)
        size = self._delegate.arrange(width // columns, self.font(), with_badges=bool(first))
        if size != self.gridSize():
            self.setGridSize(QSize(size))
        self.verticalScrollBar().setSingleStep(max(24, size.height() // 4))

    def _show_from_top(self) -> None:
        self._cache.clear_wishes()
        self._arrange()
        self.scrollToTop()
        self.row_chosen.emit(-1)

    def _repaint(self) -> None:
        self.viewport().update()
