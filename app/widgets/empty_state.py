"""What a pane says when it has nothing to show: what it is, and one action."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.widgets.controls import IconLabel, label


class EmptyState(QWidget):
    """Icon, one line, one sentence and at most one button."""

    action_asked = Signal()

    def __init__(self, drawing: str, title: str, sentence: str, action: str = "") -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(2)
        self._icon = IconLabel(drawing, size=36)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        self.title = label("", "heading", wrap=True)
        self.sentence = label("", "muted", wrap=True)
        for line in (self.title, self.sentence):
            line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            line.setMaximumWidth(420)
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(line, 100)
            row.addStretch(1)
            column.addLayout(row)
        self.button = QPushButton()
        self.button.clicked.connect(self.action_asked)
        column.addSpacing(8)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.show_message(title, sentence, action)

    def show_message(self, title: str, sentence: str, action: str = "") -> None:
        """Says something else."""
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.button.setText(action)
        self.button.setAccessibleName(action or "No action")
        self.button.setVisible(bool(action))
