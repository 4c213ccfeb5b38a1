"""A list of rows that gives way in a low window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QScrollArea

from app.overrides import qt_override

_MOST, _FEWEST = 7, 3  # rows in sight where there is room, and where there is none


class RowArea(QScrollArea):
    """Rows of one height below each other: asks for all of them, up to seven, and makes do with three.

    Args:
        name: Accessible name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def make_room(self, rows: int, height: int) -> None:
        """There are other rows, each ``height`` pixels high."""
        self.setMinimumHeight(min(rows, _FEWEST) * height)
        self.setMaximumHeight(min(rows, _MOST) * height)

    @qt_override
    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.maximumHeight())
