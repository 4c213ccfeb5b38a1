"""A layout that breaks lines as text does."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem

from app.overrides import qt_override


class FlowLayout(QLayout):
    """Lays widgets out from left to right; begins a new line when one is full, or (``wrap`` is off) never."""

    def __init__(self, *, gap: int = 6, wrap: bool = True) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap = gap
        self._wrap = wrap
        self.setContentsMargins(0, 0, 0, 0)

    @qt_override
    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    @qt_override
    def count(self) -> int:
        return len(self._items)

    @qt_override
    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    @qt_override
    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    @qt_override
    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    @qt_override
    def hasHeightForWidth(self) -> bool:
        return self._wrap

    @qt_override
    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    @qt_override
    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    @qt_override
    def sizeHint(self) -> QSize:
        return self.minimumSize()

    @qt_override
    def minimumSize(self) -> QSize:
        if not self._wrap:
            hints = [item.sizeHint() for item in self._items]
            width = sum(size.width() for size in hints) + self._gap * max(len(hints) - 1, 0)
            return QSize(width, max((size.height() for size in hints), default=0))
        widest = QSize(0, 0)
        for item in self._items:
            widest = widest.expandedTo(item.minimumSize())
        return widest

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            size = item.sizeHint().boundedTo(QSize(max(rect.width(), 1), item.sizeHint().height()))
            if self._wrap and x > rect.x() and x + size.width() > rect.right() + 1:
                x, y, line = rect.x(), y + line + self._gap, 0
            if move:
                item.setGeometry(QRect(x, y, size.width(), size.height()))
            x += size.width() + self._gap
            line = max(line, size.height())
        return y + line - rect.y()
