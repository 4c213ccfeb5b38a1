"""The first page: what this program does, and the three ways in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.icons import app_icon
from app.models.collection_names import title_of
from app.plain_text import PlainLabel, plain_caption, plain_tip
from app.widgets.controls import IconPushButton, label

_SHOWN = 5


class WelcomePage(QWidget):
    """Open a folder, open the demo, or go on with a recent collection."""

    recent_asked = Signal(object)  # Path

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Welcome")
        inner = QWidget()
        inner.setMaximumWidth(640)
        column = QVBoxLayout(inner)
        column.setSpacing(8)
        picture = PlainLabel()
        picture.setPixmap(app_icon().pixmap(QSize(64, 64)))
        column.addWidget(picture)
        column.addSpacing(8)
        column.addWidget(label("Find things in aerial images", "title", wrap=True))
        column.addWidget(
            label(
                "Open a folder of images, or drop it here. Then describe what you look for, or show a picture of it: "
                "every result tells which words matched and where. Everything stays on this computer.",
                "muted",
                wrap=True,
            )
        )
        column.addSpacing(16)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.open_button = IconPushButton("folder", "Open folder…", kind="primary")
        self.demo_button = IconPushButton("demo", "Open demo collection")
        row.addWidget(self.open_button)
        row.addWidget(self.demo_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addSpacing(24)
        self._recent_title = label("Recent collections", "section")
        column.addWidget(self._recent_title)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        column.addLayout(self._recent)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(32, 32, 32, 32)
        outer.addStretch(1)
        outer.addWidget(inner, 8, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)
        self.show_recent(())

    def show_recent(self, roots: Sequence[Path]) -> None:
        """Lists collections opened before."""
        while (entry := self._recent.takeAt(0)) is not None:
            widget = entry.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for root in roots[:_SHOWN]:
            button = IconPushButton(
                "recent", plain_caption(f"{title_of(root)}    {_short(root.parent)}"), kind="row", name=f"Open {root}"
            )
            button.setToolTip(plain_tip(str(root)))
            button.clicked.connect(lambda _checked=False, root=root: self.recent_asked.emit(root))
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(roots))


def _short(path: Path) -> str:
    text = str(path)
    home = str(Path.home())
    text = f"~{text[len(home) :]}" if text.startswith(home + "/") or text == home else text
    return text if len(text) <= 48 else f"…{text[-47:]}"
