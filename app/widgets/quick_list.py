"""A list over the window that a few typed letters narrow down: the command palette and the tags are two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPalette, QPen, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.models.fuzzy import fuzzy_score
from app.overrides import qt_override
from app.widgets.controls import label, line
from app.widgets.selecting import make_current
from faami_core.text import stored_text

_WIDTH, _TOP, _ROW, _ROWS = 560, 88, 32, 10
_EDGE = 8  # around the list
_LONGEST = 200  # characters that can be typed
_ENTRY = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex
Tick = Literal["none", "some", "all"]


@dataclass(frozen=True)
class QuickEntry:
    """One line of the list.

    Attributes:
        key: Handed to ``chosen``.
        title: What is searched and shown.
        detail: Muted, after the title: where it belongs, or why it cannot be chosen.
        hint: At the right: its keys, or a number.
        enabled: Whether it can be chosen.
        tick: How much of the selection has it; None for lists without ticks.
    """

    key: str
    title: str
    detail: str = ""
    hint: str = ""
    enabled: bool = True
    tick: Tick | None = None


class QuickList(QFrame):
    """Opens over its window, takes the keyboard, and closes on Enter, Esc, or a click elsewhere.

    Args:
        window: What it lies on.
        name: Accessible name.
        prompt: Stands in the empty line.
        none_found: Said when nothing fits.
        new_entry: With a ``{}`` for the typed text: the line that offers it as something new; empty for no offer.
        new_first: That line comes before all others, not behind them.
    """

    chosen = Signal(str)
    new_asked = Signal(str)

    def __init__(
        self,
        window: QWidget,
        *,
        name: str,
        prompt: str,
        none_found: str,
        new_entry: str = "",
        new_first: bool = False,
    ) -> None:
        super().__init__(window)
        self.setObjectName("quickList")
        self.setAccessibleName(name)
        self._window = window
        self._new_entry, self._new_first = new_entry, new_first
        self._entries: Sequence[QuickEntry] = ()
        self._focus_before: QWidget | None = None
        self.text = QLineEdit()
        self.text.setMaxLength(_LONGEST)
        self.text.setPlaceholderText(prompt)
        self.text.setAccessibleName(f"{name}: search")
        self.text.textChanged.connect(self._filter)
        self.text.installEventFilter(self)
        self._model = QStandardItemModel(self)
        self.list = QListView()
        self.list.setAccessibleName(f"{name}: found")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard stays in the line
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setItemDelegate(_EntryDelegate(self.list))
        self.list.setModel(self._model)
        self.list.entered.connect(lambda index: make_current(self.list, index))
        self.list.clicked.connect(lambda _index: self._choose())
        self._none = label(none_found, "muted")
        self._none.setContentsMargins(_EDGE, 0, 0, 0)
        self._none.setFixedHeight(_ROW)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        column.setSpacing(_EDGE)
        for widget in (self.text, line(), self.list, self._none):
            column.addWidget(widget)
        window.installEventFilter(self)
        self.hide()

    def open_with(self, entries: Sequence[QuickEntry]) -> None:
        """Shows entries, all of them at first; opening it again closes it."""
        if self.isVisible():
            self.leave()
            return
        self._entries = entries
        self._focus_before = QApplication.focusWidget()
        self.text.clear()
        self._filter()
        self.show()
        self.raise_()
        self.text.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Closes and gives the keyboard back to where it was."""
        if self.isVisible():
            had_focus = self.text.hasFocus()
            self.hide()
            if had_focus and self._focus_before is not None and self._focus_before.isVisible():
                self._focus_before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._focus_before = None

    @property
    def shown(self) -> tuple[QuickEntry, ...]:
        """The entries that fit what is typed, best first."""
        return tuple(self._model.index(row, 0).data(_ENTRY) for row in range(self._model.rowCount()))

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.text:
            if event.type() == QEvent.Type.FocusOut and self.isVisible():
                self.leave()
            elif isinstance(event, QKeyEvent) and event.key() in _KEYS:
                if event.type() == QEvent.Type.ShortcutOverride:
                    event.accept()  # Esc and the arrows belong to this list while it is open
                elif event.type() == QEvent.Type.KeyPress:
                    self._press(Qt.Key(event.key()))
                return True
        elif event.type() == QEvent.Type.Resize and self.isVisible():
            self._arrange()
        return super().eventFilter(watched, event)

    def _press(self, key: Qt.Key) -> None:
        if key == Qt.Key.Key_Escape:
            self.leave()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            self._move(_STEPS[key])

    def _move(self, by: int) -> None:
        rows = self._model.rowCount()
        if rows:
            row = self.list.currentIndex().row() + by
            # One step past an end goes round; a page stops there.
            row = row % rows if abs(by) == 1 else min(max(row, 0), rows - 1)
            make_current(self.list, self._model.index(row, 0))

    def _choose(self) -> None:
        entry: QuickEntry | None = self.list.currentIndex().data(_ENTRY)
        if entry is None or not entry.enabled:
            return
        new = stored_text(self.text.text())
        self.leave()
        if entry.key:
            self.chosen.emit(entry.key)
        else:
            self.new_asked.emit(new)

    def _filter(self) -> None:
        letters = stored_text(self.text.text())
        scored = [(fuzzy_score(letters, entry.title), entry) for entry in self._entries]
        found = [entry for score, entry in sorted(
            ((score, entry) for score, entry in scored if score is not None),
            key=lambda pair: (not pair[1].enabled, -pair[0]),
        )]  # fmt: skip
        if letters and self._new_entry and letters not in {entry.title for entry in self._entries}:
            new = QuickEntry("", self._new_entry.format(letters), tick=None if self._new_first else "none")
            found.insert(0 if self._new_first else len(found), new)
        self._model.clear()
        for entry in found:
            item = QStandardItem(entry.title)
            item.setData(entry, _ENTRY)
            item.setData(_spoken(entry), Qt.ItemDataRole.AccessibleTextRole)
            self._model.appendRow(item)
        make_current(self.list, self._model.index(0, 0))
        self.list.setVisible(bool(found))
        self._none.setVisible(not found)
        self._arrange()

    def _arrange(self) -> None:
        room = self._window.width()
        self.list.setFixedHeight(_ROW * min(max(self._model.rowCount(), 1), _ROWS))
        width = min(_WIDTH, room - 2 * _EDGE)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((room - width) // 2, _TOP)


_STEPS = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _ROWS,
    Qt.Key.Key_PageUp: -_ROWS,
}
_KEYS = {Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, *_STEPS}


def _spoken(entry: QuickEntry) -> str:
    return ", ".join(part for part in (entry.title, entry.detail, entry.hint) if part)


class _EntryDelegate(QStyledItemDelegate):
    """Title, muted detail, and the hint at the right edge."""

    @qt_override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, _ROW)

    @qt_override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: QuickEntry = index.data(_ENTRY)
        palette, role = option.palette, QPalette.ColorRole
        area = option.rect.adjusted(_EDGE, 0, -_EDGE, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.Midlight))
            painter.drawRoundedRect(option.rect, 6, 6)
        muted = palette.color(role.PlaceholderText)
        metrics = painter.fontMetrics()
        painter.setPen(muted)
        painter.drawText(area, _RIGHT, entry.hint)
        area.setRight(area.right() - metrics.horizontalAdvance(entry.hint) - 2 * _EDGE)
        if entry.tick is not None:
            _paint_tick(painter, palette, QRect(area.left(), area.top(), 16, area.height()), entry.tick)
            area.setLeft(area.left() + 24)
        title = metrics.elidedText(entry.title, Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(palette.color(role.Text) if entry.enabled else muted)
        painter.drawText(area, _LEFT, title)
        area.setLeft(area.left() + metrics.horizontalAdvance(title) + _EDGE)
        painter.setPen(muted)
        painter.drawText(area, _LEFT, metrics.elidedText(entry.detail, Qt.TextElideMode.ElideRight, area.width()))
        painter.restore()


_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


def _paint_tick(painter: QPainter, palette: QPalette, spot: QRect, tick: str) -> None:
    """A tick for all, a bar for some."""
    pen = QPen(palette.color(QPalette.ColorRole.Link), 2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    x, y = spot.left() + 2, spot.center().y()
    if tick == "some":
        painter.drawLine(x, y, x + 10, y)
    elif tick == "all":
        painter.drawLine(x, y, x + 4, y + 4)
        painter.drawLine(x + 4, y + 4, x + 11, y - 4)
