"""A part of the side panel under a heading that folds it away."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.plain_text import plain_tip
from app.widgets.controls import IconPushButton


class Section(QWidget):
    """Heading with buttons at its right, and a body that is open at first."""

    def __init__(self, title: str, *buttons: QAbstractButton) -> None:
        super().__init__()
        self.title = title
        self.setAccessibleName(title)
        self.header = _Header(title)
        self.header.toggled.connect(self.set_open)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.header, 1)
        for button in buttons:
            row.addWidget(button)
        self._body = QWidget()
        self.body = QVBoxLayout(self._body)
        self.body.setContentsMargins(0, 0, 0, 4)
        self.body.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._body)

    @property
    def is_open(self) -> bool:
        return self.header.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Opens it, or folds it away."""
        self.header.setChecked(is_open)
        self._body.setVisible(is_open)

    def show_count(self, count: int) -> None:
        """How much there is in it, told in the heading also while it is folded away; 0 tells nothing."""
        self.header.setText(f"{self.title} · {count}" if count else self.title)
        self.header.setAccessibleName(f"{self.title}, {count}" if count else self.title)


class _Header(IconPushButton):
    """The title with a chevron that points down while the section is open."""

    def __init__(self, title: str) -> None:
        super().__init__("open", title, kind="section")
        self.setCheckable(True)
        self.setChecked(True)
        self.setToolTip(plain_tip(f"Show or hide: {title.lower()}"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggled.connect(self._point)

    def _point(self, is_open: bool) -> None:
        self._drawing = "open" if is_open else "next"
        self._paint_icon()
