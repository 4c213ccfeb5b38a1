"""The list of recent collections: a click opens one, a tick searches it together with the open one."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPalette, QPen, QShowEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.icons import icon
from app.models.collection_names import title_of
from app.overrides import qt_override
from app.plain_text import plain_tip

_PATH = Qt.ItemDataRole.UserRole
_ROWS = 6  # in view; the rest scrolls


class CollectionList(QListWidget):
    """One row a collection; boxes to tick are there as soon as there is more than one to search."""

    collection_asked = Signal(object)  # Path
    tick_asked = Signal(object, bool)  # Path, whether it shall be searched too
    forget_asked = Signal(object)  # Path

    def __init__(self) -> None:
        super().__init__()
        self._just_ticked = False
        self._current: Path | None = None
        self.setAccessibleName("Recent collections")
        self.setItemDelegate(_BoxDelegate(self))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemActivated.connect(self._ask)
        self.itemClicked.connect(self._ask)
        self.itemChanged.connect(self._tick)
        forget = QAction("Take off this list", self)
        forget.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        forget.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        forget.triggered.connect(self._forget)
        self.addAction(forget)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_recent(self, roots: Sequence[Path], current: Path | None, ticked: Container[Path] = ()) -> None:
        """Lists collections opened before; marks the open one, which is always searched, and those ticked."""
        was_silent = self.blockSignals(True)
        shown = [(item.data(_PATH), _has_box(item)) for item in self._items()]
        boxes = current is not None and any(root != current for root in roots)
        if shown != [(root, boxes) for root in roots]:  # else the rows stay: one of them is just being ticked
            self.clear()
            for root in roots:
                self.addItem(_row(root, with_box=boxes))
            self._paint_icons()
        self._current = current
        for item in self._items():
            _show_state(item, current, ticked)
        self.blockSignals(was_silent)
        self._fit_rows()
        self.setVisible(bool(roots))

    @qt_override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_rows()  # before it was ever shown its rows know nothing of the style's padding

    def _fit_rows(self) -> None:
        height = sum(self.sizeHintForRow(row) for row in range(min(self.count(), _ROWS)))
        self.setFixedHeight(height + 4)

    @qt_override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._paint_icons()
        elif event.type() == QEvent.Type.StyleChange:
            self._fit_rows()

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._just_ticked = False
        super().keyPressEvent(event)

    @qt_override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._just_ticked = False
        super().mousePressEvent(event)

    def _paint_icons(self) -> None:
        folder = icon("folder", self.palette().color(QPalette.ColorRole.PlaceholderText).name())
        was_silent = self.blockSignals(True)
        for item in self._items():
            item.setIcon(folder)
        self.blockSignals(was_silent)

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]

    def _tick(self, item: QListWidgetItem) -> None:
        self._just_ticked = True  # the click on the box is one on the row, too, and comes next
        for other in self._items():
            other.setSelected(other.data(_PATH) == self._current)  # the press has chosen the row, but opened nothing
        self.tick_asked.emit(item.data(_PATH), item.checkState() is Qt.CheckState.Checked)

    def _ask(self, item: QListWidgetItem) -> None:
        if not self._just_ticked:
            self.collection_asked.emit(item.data(_PATH))

    def _forget(self) -> None:
        item = self.currentItem()
        if item is not None:
            self.forget_asked.emit(item.data(_PATH))


class _BoxDelegate(QStyledItemDelegate):
    """Paints the boxes in the colours of the theme: the edge of those of the style nearly vanishes in the dark."""

    @qt_override
    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is None:
            return
        spot = self.box(option, index)
        palette, role = option.palette, QPalette.ColorRole
        on = Qt.CheckState(state) is Qt.CheckState.Checked
        free = bool(index.flags() & Qt.ItemFlag.ItemIsUserCheckable)
        fill = role.Base if not on else role.Highlight if free else role.Dark
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(palette.color(role.Dark if fill is role.Base else fill), 1))
        painter.setBrush(palette.color(fill))
        painter.drawRoundedRect(spot.adjusted(-0.5, -0.5, 0.5, 0.5), 3, 3)
        if on:
            pen = QPen(palette.color(role.HighlightedText if free else role.Base), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            width, height = spot.width(), spot.height()
            corners = ((0.22, 0.52), (0.42, 0.72), (0.78, 0.3))
            painter.drawPolyline([spot.topLeft() + QPointF(x * width, y * height) for x, y in corners])
        painter.restore()

    def box(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QRectF:
        """Where the box of a row is, which is also where a click ticks it."""
        full = QStyleOptionViewItem(option)
        self.initStyleOption(full, index)
        style, widget = full.widget.style(), full.widget
        return QRectF(style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, full, widget))


def _row(root: Path, *, with_box: bool) -> QListWidgetItem:
    item = QListWidgetItem(title_of(root))
    item.setData(_PATH, root)
    if with_box:
        item.setCheckState(Qt.CheckState.Unchecked)
    return item


def _has_box(item: QListWidgetItem) -> bool:
    return item.data(Qt.ItemDataRole.CheckStateRole) is not None


def _show_state(item: QListWidgetItem, current: Path | None, ticked: Container[Path]) -> None:
    root = item.data(_PATH)
    item.setSelected(root == current)
    tip = [str(root)]
    if _has_box(item):
        searched = root == current or root in ticked
        item.setCheckState(Qt.CheckState.Checked if searched else Qt.CheckState.Unchecked)
        free = Qt.ItemFlag.ItemIsUserCheckable
        item.setFlags(item.flags() & ~free if root == current else item.flags() | free)
        tip.append("Open, and always searched" if root == current else "Tick it to search it, too (Space)")
    item.setToolTip(plain_tip("\n".join(tip)))
