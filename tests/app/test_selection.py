"""Selection under held modifiers, by key events that go through the window system."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import app
from app.main_window import MainWindow
from app.models.result_list_model import Role
from faami_core.queries import Mark
from tests.app.events import CONTROL, SHIFT, activate, click, hold, press
from tests.app.test_window_search import ask

A, R, U = Mark.ACCEPTED, Mark.REJECTED, Mark.UNMARKED
MODULES = sorted(Path(app.__file__).parent.rglob("*.py"))


def marks(window: MainWindow) -> list[Mark]:
    return [window.model.index(row).data(Role.NOTE).mark for row in range(window.model.rowCount())]


@pytest.fixture
def asked(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """An active window with results, the keyboard on the first one."""
    activate(qtbot, window)
    ask(qtbot, window, "tanks river")
    window.grid.setFocus()
    return window


def test_undo_by_control_z_leaves_one_image_selected_so_that_the_next_key_marks_one(asked: MainWindow) -> None:
    hold(asked, "aar")
    assert marks(asked)[:4] == [A, A, R, U]
    hold(asked, "zz", CONTROL)
    assert marks(asked)[:4] == [A, U, U, U]
    assert asked.grid.selected_rows() == [1]
    hold(asked, "a")
    assert marks(asked)[:5] == [A, A, U, U, U]


def test_redo_by_control_shift_z_leaves_one_image_selected(asked: MainWindow) -> None:
    hold(asked, "ar")
    hold(asked, "zz", CONTROL)
    hold(asked, "zz", CONTROL, SHIFT)
    assert marks(asked)[:3] == [A, R, U]
    assert asked.grid.selected_rows() == [1]


def test_undo_of_a_thumb_by_control_z_leaves_one_image_selected(asked: MainWindow) -> None:
    hold(asked, "+")
    asked.grid.choose(6)
    hold(asked, "z", CONTROL)
    assert asked.feedback.thumbs == {}
    assert asked.grid.selected_rows() == [0]


def test_re_ranking_by_control_return_leaves_one_image_selected(qtbot: QtBot, asked: MainWindow) -> None:
    hold(asked, "+")
    with qtbot.waitSignal(asked.search.shown):
        press(asked, Qt.Key.Key_Return, CONTROL)
    assert len(asked.grid.selected_rows()) == 1
    asked.grid.choose(4)
    with qtbot.waitSignal(asked.search.shown):
        hold(asked, "z", CONTROL)
    assert asked.grid.selected_rows() == [asked.grid.currentIndex().row()]


def test_a_list_of_commands_keeps_one_line_current_while_control_is_held(asked: MainWindow) -> None:
    hold(asked, "p", CONTROL, SHIFT)
    chosen = asked.palette_list.list
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
        press(asked, key, CONTROL)
        assert [index.row() for index in chosen.selectedIndexes()] == [chosen.currentIndex().row()]


def test_keys_and_clicks_with_control_and_shift_select_as_everywhere(asked: MainWindow) -> None:
    def click_on(row: int, *modifiers: Qt.KeyboardModifier) -> None:
        click(asked.grid.viewport(), asked.grid.visualRect(asked.model.index(row)).center(), *modifiers)

    click_on(0)
    click_on(2, CONTROL)
    assert asked.grid.selected_rows() == [0, 2]
    click_on(2)
    for _ in range(2):
        press(asked, Qt.Key.Key_Right, SHIFT)
    assert asked.grid.selected_rows() == [2, 3, 4]
    hold(asked, "a", CONTROL)
    assert asked.grid.selected_rows() == list(range(24))


@pytest.mark.parametrize("command", ["choose", "step"])
def test_what_the_program_selects_does_not_depend_on_held_keys(asked: MainWindow, command: str) -> None:
    handle = asked.windowHandle()
    QTest.keyPress(handle, Qt.Key.Key_Control, CONTROL)
    try:
        assert QApplication.keyboardModifiers() == CONTROL
        asked.grid.choose(2)
        getattr(asked.grid, command)(3)
    finally:
        QTest.keyRelease(handle, Qt.Key.Key_Control)
    assert asked.grid.selected_rows() == [asked.grid.currentIndex().row()]


def test_keys_without_a_meaning_do_not_jump_to_a_name(asked: MainWindow) -> None:
    asked.grid.choose(5)
    asked.grid.keyboardSearch(asked.model.path(9).name)  # what a list makes of keys that no shortcut takes
    hold(asked, "95")
    assert asked.grid.currentIndex().row() == 5


def test_rows_are_chosen_behind_one_door() -> None:
    """Combo boxes and stacks may use their ``setCurrentIndex``; views of items may not, nor its cousins."""
    pages = set()
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and _makes(node.value, {"QStackedWidget", "QComboBox", "ChoiceBox"}):
                pages |= {part.attr for target in node.targets for part in ast.walk(target) if _is_attribute(part)}
    found = [
        f"{path.name}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"setCurrentIndex", "setCurrentRow", "setCurrentItem"}
        if path.name != "selecting.py" and not (_is_attribute(node.value) and node.value.attr in pages)
    ]
    assert pages >= {"_pages", "order", "filter"}
    assert found == []


def _makes(value: ast.expr, classes: set[str]) -> bool:
    calls = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)]
    return any(isinstance(called, ast.Name) and called.id in classes for called in calls)


def _is_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute)
