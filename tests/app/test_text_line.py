"""Keys in a line of text: editing keys edit, all others are the window's commands."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.quick_list import QuickList
from app.widgets.text_line import TextLine

CONTROL = Qt.KeyboardModifier.ControlModifier


def claims(line: TextLine, key: Qt.Key, modifiers: Qt.KeyboardModifier = CONTROL) -> bool:
    """Whether the line takes a key before any shortcut may."""
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, modifiers)
    event.ignore()
    QApplication.sendEvent(line, event)
    return event.isAccepted()


@pytest.mark.parametrize("key", [Qt.Key.Key_D, Qt.Key.Key_E, Qt.Key.Key_H, Qt.Key.Key_K, Qt.Key.Key_U])
def test_letters_with_ctrl_are_left_to_the_window(key: Qt.Key, qtbot: QtBot) -> None:
    line = TextLine()
    qtbot.addWidget(line)
    assert not claims(line, key)


@pytest.mark.parametrize("key", [Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_V, Qt.Key.Key_Z, Qt.Key.Key_Left])
def test_what_every_desktop_edits_with_stays_with_the_line(key: Qt.Key, qtbot: QtBot) -> None:
    line = TextLine("some words")
    qtbot.addWidget(line)
    assert claims(line, key)
    assert claims(line, Qt.Key.Key_B, Qt.KeyboardModifier.NoModifier), "a plain letter is typed"


def test_every_line_beside_the_commands_of_the_window_is_of_this_kind(window: MainWindow) -> None:
    lines = [line for line in window.findChildren(QLineEdit) if not isinstance(line.parent(), QuickList)]
    others = [
        line for line in lines if not isinstance(line, TextLine) and not isinstance(line.parent(), QAbstractSpinBox)
    ]
    assert len(lines) > 3
    assert others == []
