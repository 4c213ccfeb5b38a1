"""What went wrong inside the program, to read, to copy and to send."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.widgets.controls import label

_SHOWN_BYTES = 60_000  # the newest part of a long log

_SIZE = QSize(820, 520)


class CrashLogDialog(QDialog):
    """Shows the log. It does not block the window, and nothing leaves the computer by itself."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Crash log")
        self.setModal(False)
        self.text = QPlainTextEdit(read_log(path))
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Crash log")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.moveCursor(self.text.textCursor().MoveOperation.End)
        self.copy_button = QPushButton("Copy all")
        self.copy_button.setAccessibleName("Copy the whole log")
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        close = QPushButton("Close")
        close.setAccessibleName("Close the log")
        close.clicked.connect(self.close)
        close.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label(str(path), "muted"), 1)
        row.addWidget(self.copy_button)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(16)
        sentence = (
            "Errors of the program itself are written here. Nothing is sent anywhere; copy what a report needs."
        )
        column.addWidget(label(sentence, "muted", wrap=True))
        column.addWidget(self.text, 1)
        column.addLayout(row)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.resize(_SIZE if parent is None else _SIZE.boundedTo(parent.size()))


def read_log(path: Path) -> str:
    """The end of the log, or a sentence when there is nothing in it."""
    text = ""
    with suppress(OSError):
        if path.is_file():  # reading a pipe would wait for a writer
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _SHOWN_BYTES))
                text = file.read(_SHOWN_BYTES).decode("utf-8", errors="replace")
    return text or "The log is empty: nothing has gone wrong."
