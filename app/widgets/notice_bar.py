"""Notices: what happened and what to do next, in the window and out of the way."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app.widgets.controls import IconButton, IconLabel, label, restyle

NoticeKind = Literal["info", "warning", "error"]

_LOOKS = {
    "info": ("info", QPalette.ColorRole.Link),
    "warning": ("warning", QPalette.ColorRole.LinkVisited),
    "error": ("error", QPalette.ColorRole.BrightText),
}


class NoticeBar(QFrame):
    """Shows one notice; a newer one takes its place."""

    shown = Signal(str, str)  # kind, all of the text
    action_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setAccessibleName("Notice")
        self._action = self._topic = ""
        self._icon = IconLabel("info", size=20)
        self.message = label("", "heading", wrap=True)
        self.next_step = label("", "muted", wrap=True)
        self.button = QPushButton()
        self.button.setAccessibleName("No action")
        self.button.clicked.connect(lambda: self.action_asked.emit(self._action))
        self.close_button = IconButton("close", "Dismiss this notice", size=16)
        self.close_button.clicked.connect(self.hide)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self.message)
        text.addWidget(self.next_step)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addLayout(text, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self.hide()

    def show_notice(
        self,
        kind: NoticeKind,
        message: str,
        next_step: str = "",
        *,
        action: str = "",
        label_of_action: str = "",
        topic: str = "",
    ) -> None:
        """Shows a notice.

        Args:
            kind: Decides icon and colour.
            message: What happened, one sentence.
            next_step: What can be done, one sentence.
            action: Name handed to ``action_asked`` by the button.
            label_of_action: Text of the button; empty for none.
            topic: What it is about, for ``dismiss``.
        """
        drawing, role = _LOOKS[kind]
        self._icon.show_drawing(drawing, role)
        self._action, self._topic = action, topic
        _show(self.message, message)
        _show(self.next_step, next_step)
        self.button.setText(label_of_action)
        self.button.setAccessibleName(label_of_action or "No action")
        self.button.setVisible(bool(label_of_action))
        self.setProperty("kind", kind)
        restyle(self)
        self.setAccessibleDescription(f"{message} {next_step}".strip())
        self.show()
        self.shown.emit(kind, f"{message} {next_step}".strip())

    @property
    def is_pressing(self) -> bool:
        """Whether an error or a warning is up, which nothing of less weight may push away."""
        return not self.isHidden() and self.property("kind") != "info"

    def dismiss(self, topic: str) -> None:
        """Hides a notice that is no longer true; a notice about something else stays."""
        if topic == self._topic:
            self.hide()


def _show(line: QLabel, text: str) -> None:
    line.setText(text)
    line.setVisible(bool(text))
