"""A line of text whose editing keys leave the window's commands alone."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from app.overrides import qt_override

# What every desktop edits text with. X11 adds Ctrl+D, E, K and U, which are commands of the window here.
_EDITING_LETTERS = frozenset({Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_V, Qt.Key.Key_X, Qt.Key.Key_Y, Qt.Key.Key_Z})


class TextLine(QLineEdit):
    """A ``QLineEdit`` in which Ctrl with a letter runs the window's command, on every desktop alike.

    Without this, Ctrl+E moves the cursor and Ctrl+D deletes a letter on X11, instead of exporting and saving a query.
    A key that is no command still reaches the line.
    """

    @qt_override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_command(event):
            event.ignore()
            return True
        return super().event(event)


def _is_command(event: QKeyEvent) -> bool:
    letter = Qt.Key.Key_A <= event.key() <= Qt.Key.Key_Z
    held = event.modifiers() & Qt.KeyboardModifier.ControlModifier
    return bool(letter and held and event.key() not in _EDITING_LETTERS)
