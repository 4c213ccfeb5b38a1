"""Keys and clicks as the window system delivers them: held modifiers count for everything that asks for them.

``qtbot.keyClick(widget, …)`` hands an event to a widget past the application, which then knows of no held modifier.
What goes through the handle of the window is known to ``QGuiApplication.keyboardModifiers``.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_HELD = {CONTROL: Qt.Key.Key_Control, SHIFT: Qt.Key.Key_Shift}


def activate(qtbot: QtBot, window: MainWindow) -> None:
    """Gives a window the keyboard."""
    with qtbot.waitActive(window):
        window.activateWindow()


def hold(window: MainWindow, keys: str, *modifiers: Qt.KeyboardModifier) -> None:
    """Presses letters and digits one after the other while the modifiers are held down."""
    for key in keys:
        press(window, Qt.Key(ord(key.upper())), *modifiers)


def press(window: MainWindow, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    """Presses the modifiers, then a key, and lets go of all of them."""
    handle, held = _handle(window), Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
        QTest.keyPress(handle, _HELD[modifier], held)
    QTest.keyClick(handle, key, held)
    for modifier in reversed(modifiers):
        held &= ~modifier
        QTest.keyRelease(handle, _HELD[modifier], held)


def click(
    widget: QWidget,
    spot: QPoint,
    *modifiers: Qt.KeyboardModifier,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    double: bool = False,
) -> None:
    """Clicks where the pointer would be, through the window the widget lies in."""
    window, held = widget.window(), Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    send = QTest.mouseDClick if double else QTest.mouseClick
    send(_handle(window), button, held, widget.mapTo(window, spot))


def _handle(window: QWidget) -> QWindow:
    handle = window.windowHandle()
    assert handle is not None, "the window was never shown"
    return handle
