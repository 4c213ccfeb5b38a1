"""The grid of results: cells fill the width, only visible ones cost anything, everything works by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from app.models.result_list_model import ResultListModel
from app.models.thumbnail_cache import ThumbnailCache
from app.overrides import qt_override
from app.widgets.result_delegate import ResultDelegate
from app.widgets.selecting import make_current, select_rows

SMALLEST_CELL, LARGEST_CELL, CELL_STEP = 112, 400, 24
_ROWS, _GIVES_WAY = 2, 0.8  # cells are up to a fifth smaller where two rows of them then have room


@dataclass(frozen=True)
class Place:
    """Where the analyst is in the grid, told by images, so that it outlasts their rows.

    Attributes:
        current: The current image, None for none.
        selected: All selected images.
        in_sight: The images in view from first to last, each with the distance of its cell from the top of the view
            in pixels.
    """

    current: Path | None
    selected: frozenset[Path]
    in_sight: Mapping[Path, int]

    @property
    def nearest(self) -> list[Path]:
        """The images in view in the order in which they stand in for the current one: those after it come first."""
        seen = list(self.in_sight)
        at = seen.index(self.current) if self.current is not None and self.current in self.in_sight else 0
        return [*seen[at:], *reversed(seen[:at])]


class ResultGrid(QListView):
    """Shows a ``ResultListModel``; tells which row is current."""

    row_chosen = Signal(int)  # -1 for none
    selection_changed = Signal()
    cell_size_changed = Signal(int)
    thumb_clicked = Signal(int, object)  # row, Thumb
    stack_asked = Signal(int)  # row whose duplicates are to be shown or folded
    open_asked = Signal(int)  # row that was clicked twice
    menu_asked = Signal(QPoint)  # where on the screen

    def __init__(self, model: ResultListModel, cache: ThumbnailCache) -> None:
        super().__init__()
        self.setObjectName("resultGrid")
        self.setAccessibleName("Results")
        self._cache = cache
        self._results = model
        self._cell = 152
        self._held: Place | None = None
        self._delegate = ResultDelegate(cache, self)
        self._delegate.thumb_clicked.connect(self.thumb_clicked)
        self._delegate.stack_clicked.connect(self.stack_asked)
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
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
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
            make_current(self, index)
            self.scrollTo(index)

    def choose_all(self, rows: list[int]) -> None:
        """Selects exactly these rows and brings the first of them into view."""
        if rows:
            select_rows(self, sorted(rows), self._results.index(min(rows)))

    @property
    def place(self) -> Place:
        """Where the analyst is, for ``go_to`` after the rows were replaced."""
        if self._held is not None:
            return self._held
        path, row, columns = self._results.path, self.currentIndex().row(), self._columns
        height, top = self.gridSize().height(), self.verticalScrollBar().value()
        first = max(top, 0) // max(height, 1) * columns
        last = min(first + (self.viewport().height() // max(height, 1) + 2) * columns, self._results.rowCount())
        return Place(
            path(row) if row >= 0 else None,
            frozenset(map(path, self.selected_rows())),
            {path(row): row // columns * height - top for row in range(first, last)},
        )

    @contextmanager
    def holding_place(self) -> Iterator[Place]:
        """Rows are replaced more than once in here; all that time ``place`` is where the analyst was before."""
        self._held = self.place
        try:
            yield self._held
        finally:
            self._held = None

    def go_to(self, place: Place, stand_in: Callable[[Path], int] = lambda _path: -1) -> None:
        """Current image, selection and view as they were, without telling; where the current image is gone, the
        nearest one that was in view becomes current.

        Args:
            place: From before the rows were replaced.
            stand_in: Row of an image that stands for the current one where that has gone, or -1.
        """
        wanted = {*place.selected, *place.in_sight, *([place.current] if place.current is not None else [])}
        rows = self._results.rows_of(wanted)
        current = rows.get(place.current, -1) if place.current is not None else -1
        if place.current is not None and current < 0:
            nearest = (rows[path] for path in place.nearest if path in rows)
            current = row if (row := stand_in(place.current)) >= 0 else next(nearest, 0)
        selected = sorted(rows[path] for path in place.selected if path in rows)
        was_silent = self.blockSignals(True)
        self.setAutoScroll(False)
        select_rows(self, selected or [current] if current >= 0 else selected, self._results.index(current))
        self.setAutoScroll(True)
        self.blockSignals(was_silent)
        self._scroll_to(place, rows, current)

    def _scroll_to(self, place: Place, rows: Mapping[Path, int], current: int) -> None:
        """The current image, else the first one that is still there, stays where it was in the view."""
        self.executeDelayedItemsLayout()
        kept = [path for path in (place.current, *place.in_sight) if path in rows and path in place.in_sight]
        if kept and kept[0] is not None:
            line = rows[kept[0]] // self._columns
            self.verticalScrollBar().setValue(line * self.gridSize().height() - place.in_sight[kept[0]])
        elif current >= 0:
            self.scrollTo(self._results.index(current))

    @property
    def _columns(self) -> int:
        return max(1, (self.viewport().width() - 1) // max(self.gridSize().width(), 1))

    def step(self, by: int) -> None:
        """Moves the current row, from the first one if there is none."""
        rows = self._results.rowCount()
        row = self.currentIndex().row()
        if rows:
            self.choose(min(max(row + by, 0), rows - 1) if row >= 0 else 0)

    @qt_override
    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # type: ignore[override]
        super().currentChanged(current, previous)
        self.row_chosen.emit(current.row() if current.isValid() else -1)

    @qt_override
    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.selection_changed.emit()

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.stack_asked.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    @qt_override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or event.modifiers() or not index.isValid():
            super().mouseDoubleClickEvent(event)
        elif self._delegate.is_button(event.position().toPoint(), self.visualRect(index), index):
            self.mousePressEvent(event)  # two clicks on a thumb or a badge, quickly
        else:
            self.open_asked.emit(index.row())

    @qt_override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """By the mouse for the cell under it, by the key for the current one."""
        is_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        spot = self.visualRect(self.currentIndex()).center() if is_key else event.pos()
        index = self.indexAt(spot)
        if not index.isValid():
            return
        if not self.selectionModel().isSelected(index):
            make_current(self, index)
        self.menu_asked.emit(self.viewport().mapToGlobal(spot))

    @qt_override
    def keyboardSearch(self, search: str) -> None:
        """Letters and digits are commands here; one that has none must not jump to a name that begins with it."""

    @qt_override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1 if event.angleDelta().y() > 0 else -1)
        else:
            super().wheelEvent(event)

    @qt_override
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
        columns, lines = self._columns, max(1, self.viewport().height() // self.gridSize().height())
        target = row + page * lines * columns
        if target < 0:
            target = row % columns
        elif target >= rows:
            last_line = (rows - 1) // columns * columns
            target = min(rows - 1, last_line + row % columns)
        return self._results.index(target)

    @qt_override
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        # What was scrolled away need not be decoded; the repaint asks again for what is in view.
        self._cache.clear_wishes()
        self.viewport().update()

    @qt_override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def _arrange(self) -> None:
        width = max(self.viewport().width() - 1, SMALLEST_CELL)
        first = self._results.data(self._results.index(0), Qt.ItemDataRole.UserRole + 5)
        arrange = partial(self._delegate.arrange, font=self.font(), with_badges=bool(first))
        columns, height = max(1, width // self._cell), self.viewport().height()
        narrower = width // (columns + 1)
        gives_way = narrower >= max(_GIVES_WAY * self._cell, SMALLEST_CELL)
        if gives_way and _ROWS * arrange(narrower).height() <= height < _ROWS * arrange(width // columns).height():
            columns += 1
        size = arrange(width // columns)
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
