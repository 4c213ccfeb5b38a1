"""The saved queries in the side panel: a click asks one, Delete takes it off, dragging brings them into order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from app.plain_text import plain_tip
from app.widgets.controls import label
from app.widgets.section import Section
from app.widgets.selecting import select_rows

_ROWS = 8  # in view; the rest scrolls


class SavedPanel(Section):
    """Lists queries as typed lines."""

    query_asked = Signal(str)
    remove_asked = Signal(str)
    reordered = Signal(object)  # tuple[str, ...]

    def __init__(self) -> None:
        super().__init__("Saved queries")
        self.queries = QListWidget()
        self.queries.setAccessibleName("Saved queries")
        self.queries.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.queries.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.queries.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.queries.itemActivated.connect(self._ask)
        self.queries.itemClicked.connect(self._ask)
        self.queries.model().rowsMoved.connect(lambda *_rows: self.reordered.emit(self.lines))
        self.queries.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._offer("Take off this list", QKeySequence(QKeySequence.StandardKey.Delete), self._remove)
        self._offer("Move up", QKeySequence("Alt+Up"), lambda: self._move(-1))
        self._offer("Move down", QKeySequence("Alt+Down"), lambda: self._move(1))
        self.empty = label("The star in the query bar keeps a query here.", "muted", wrap=True)
        self.body.addWidget(self.queries)
        self.body.addWidget(self.empty)
        self.show_queries(())

    def show_queries(self, lines: Sequence[str]) -> None:
        """Lists queries from top to bottom; the keyboard stays at its row."""
        row = self.queries.currentRow()
        if self.lines != tuple(lines):
            self.queries.clear()
            for line in lines:
                item = QListWidgetItem(line)
                item.setToolTip(plain_tip(line))
                self.queries.addItem(item)
            select_rows(self.queries, [], self.queries.model().index(min(row, len(lines) - 1), 0))
        self.queries.ensurePolished()  # before it was ever shown its rows know nothing of the style's padding
        height = sum(self.queries.sizeHintForRow(row) for row in range(min(len(lines), _ROWS)))
        self.queries.setFixedHeight(height + 4)
        self.queries.setVisible(bool(lines))
        self.empty.setVisible(not lines)

    def show_asked(self, line: str) -> None:
        """Marks the query that is on screen, if it is a saved one; none for an empty line."""
        for row, other in enumerate(self.lines):
            self.queries.item(row).setSelected(other == line)

    def focus(self) -> None:
        """Puts the keyboard on the list, or on the heading while there is none."""
        (self.queries if self.lines else self.header).setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def lines(self) -> tuple[str, ...]:
        """The queries from top to bottom."""
        return tuple(self.queries.item(row).text() for row in range(self.queries.count()))

    def _offer(self, text: str, keys: QKeySequence, do: Callable[[], None]) -> None:
        action = QAction(text, self.queries)
        action.setShortcut(keys)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(do)
        self.queries.addAction(action)

    def _ask(self, item: QListWidgetItem) -> None:
        self.query_asked.emit(item.text())

    def _remove(self) -> None:
        item = self.queries.currentItem()
        if item is not None:
            self.remove_asked.emit(item.text())

    def _move(self, by: int) -> None:
        row = self.queries.currentRow()
        if row >= 0 and 0 <= row + by < self.queries.count():
            # Qt counts the place in the list as it was before the row left it.
            self.queries.model().moveRow(QModelIndex(), row, QModelIndex(), row + max(by, 2 * by))
