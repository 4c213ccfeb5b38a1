"""What is made of the table of actions: QActions, menus, buttons, and which of them can be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QMenu, QMenuBar

from app.action_table import ACTIONS, WORD_KEYS, Needs
from app.plain_text import plain_caption, plain_tip

if TYPE_CHECKING:
    from app.main_window import MainWindow


def build_actions(window: MainWindow) -> dict[str, QAction]:
    """Makes a QAction of every line of the table and gives the window their shortcuts."""
    groups: dict[str, QActionGroup] = {}
    actions: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(spec.text, window)
        action.setObjectName(spec.name)
        action.setData(spec)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setStatusTip(spec.tip)
        action.setToolTip(plain_tip(spec.tip))
        action.setCheckable(spec.checkable)
        # Qt would move "Quit" and the like on macOS by their text; the table alone decides.
        action.setMenuRole(QAction.MenuRole.QuitRole if spec.name == "quit" else QAction.MenuRole.NoRole)
        action.triggered.connect(lambda _checked=False, run=spec.run: run(window))
        if spec.group:
            groups.setdefault(spec.group, QActionGroup(window)).addAction(action)
        window.addAction(action)
        actions[spec.name] = action
    return actions


def build_menus(bar: QMenuBar, actions: dict[str, QAction]) -> dict[str, QMenu]:
    """Fills the menu bar from the table. Returns the menus by path."""
    menus: dict[str, QMenu] = {}
    for spec in ACTIONS:
        menu = _menu_of(bar, menus, spec.menu)
        if spec.starts_block:
            menu.addSeparator()
        menu.addAction(actions[spec.name])
    return menus


def bind(action: QAction, *buttons: QAbstractButton) -> None:
    """Lets buttons stand for an action: they do the same, tell its keys, are enabled and checked when it is."""
    for button in buttons:
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        if action.isCheckable():
            button.setCheckable(True)
            action.toggled.connect(button.setChecked)
        button.setEnabled(action.isEnabled())
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        button.setToolTip(plain_tip(action.toolTip().rstrip(".") + (f" ({keys})" if keys else "")))


def offer(actions: dict[str, QAction], met: Iterable[Needs], words: Iterable[int]) -> None:
    """Greys out what makes no sense right now.

    Args:
        actions: By name.
        met: The needs that are met.
        words: Numbers of the words that can be lit; 0 is the whole query.
    """
    met, lit = {Needs.NOTHING, *met}, {f"word_{number}" for number in words}
    for spec in ACTIONS:
        actions[spec.name].setEnabled(spec.name in lit if spec.needs is Needs.WORD else spec.needs in met)


def name_words(actions: dict[str, QAction], words: Sequence[str]) -> None:
    """The actions of the digits are called like the words of the query."""
    for number in range(1, WORD_KEYS):
        text = f"“{words[number - 1]}”" if number <= len(words) else f"Word {number}"
        actions[f"word_{number}"].setText(plain_caption(text))


def _menu_of(bar: QMenuBar, menus: dict[str, QMenu], path: str) -> QMenu:
    if path not in menus:
        outer, _, name = path.rpartition("/")
        menus[path] = _menu_of(bar, menus, outer).addMenu(name) if outer else bar.addMenu(f"&{name}")
    return menus[path]
