"""The command palette, and the fuzzy search behind it."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.action_table import ACTIONS, Needs
from app.commands import palette_entries
from app.main_window import MainWindow
from app.models.fuzzy import fuzzy_score
from tests.app.conftest import MakeWindow
from tests.app.test_window_search import ask

OPEN = (Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)


def titles(window: MainWindow) -> list[str]:
    return [entry.title for entry in window.palette_list.shown]


def test_a_command_is_found_and_run_by_keyboard_alone(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.setFocus()
    window.grid.choose(5)
    qtbot.keyClick(window.grid, *OPEN)
    line = window.palette_list.text
    assert line.hasFocus()
    qtbot.keyClicks(line, "thda")
    assert titles(window)[0] == "Theme: Dark"
    window.set_theme("light")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert window.settings.theme == "dark"
    assert not window.palette_list.isVisible()
    assert QApplication.focusWidget() is window.grid


def test_it_lists_every_command_with_its_keys_first_those_that_can_be_run(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, *OPEN)
    shown = window.palette_list.shown
    assert {entry.key for entry in shown} == {
        spec.name for spec in ACTIONS if spec.needs is not Needs.WORD and spec.name != "palette"
    }
    hints = {entry.key: entry.hint for entry in shown}
    assert hints["open_folder"] == "Ctrl+O"
    enabled = [entry.enabled for entry in shown]
    assert enabled == sorted(enabled, reverse=True)


def test_a_command_that_cannot_be_run_says_why_and_does_nothing(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window()
    window.actions_by_name["palette"].trigger()
    line = window.palette_list.text
    qtbot.keyClicks(line, "export")
    (entry, *_) = window.palette_list.shown
    assert not entry.enabled
    assert (entry.title, entry.detail) == ("Export results as CSV", "Search for something first")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert window.palette_list.isVisible()
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert not window.palette_list.isVisible()


def test_the_arrows_go_round_and_a_page_stops_at_the_end(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, *OPEN)
    palette = window.palette_list
    last = len(palette.shown) - 1
    for key, row in (
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_Up, last),
        (Qt.Key.Key_PageDown, last),
        (Qt.Key.Key_Down, 0),
        (Qt.Key.Key_PageDown, 10),
    ):
        qtbot.keyClick(palette.text, key)
        assert palette.list.currentIndex().row() == row


def test_escape_closes_the_palette_and_leaves_the_query(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    qtbot.keyClick(window, *OPEN)
    qtbot.keyClick(window.palette_list.text, Qt.Key.Key_Escape)
    assert not window.palette_list.isVisible()
    assert window.workspace.result is not None
    assert QApplication.focusWidget() is window.grid, "where the keyboard was"


def test_its_own_keys_and_a_click_elsewhere_close_it(qtbot: QtBot, window: MainWindow) -> None:
    for leave in (
        lambda: qtbot.keyClick(window.palette_list.text, *OPEN),
        window.pane.query.text.setFocus,
    ):
        window.actions_by_name["palette"].trigger()
        assert window.palette_list.isVisible()
        leave()
        assert not window.palette_list.isVisible()


def test_a_click_runs_a_command(qtbot: QtBot, window: MainWindow) -> None:
    before = window.grid.cell_size
    window.actions_by_name["palette"].trigger()
    palette = window.palette_list
    qtbot.keyClicks(palette.text, "larger")
    spot = palette.list.visualRect(palette.list.model().index(0, 0)).center()
    qtbot.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert window.grid.cell_size > before


def test_letters_that_fit_nothing_are_told(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_name["palette"].trigger()
    qtbot.keyClicks(window.palette_list.text, "qqqq")
    assert window.palette_list.shown == ()
    assert window.palette_list._none.isVisible()
    qtbot.keyClick(window.palette_list.text, Qt.Key.Key_Return)
    assert window.palette_list.isVisible()


def test_it_stays_inside_a_small_window(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_name["palette"].trigger()
    for size in (window.minimumSize(), QSize(1920, 1080)):
        window.resize(size)
        assert window.rect().contains(window.palette_list.geometry())
        centre = window.palette_list.geometry().center().x()
        assert abs(centre - size.width() // 2) <= 1


def test_the_words_of_the_query_are_commands(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    words = [entry.title for entry in palette_entries(window) if entry.key.startswith("word")]
    assert words == ["Word: Whole query", "Word: “storage”", "Word: “tanks”"]


# --- fuzzy search ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "name", "fits"),
    [
        ("", "Open folder", True),
        ("of", "Open folder", True),
        ("OPEN fol", "Open folder", True),
        ("fo", "Open folder", True),
        ("fold op", "Open folder", False),
        ("z", "Open folder", False),
        ("oo", "Copy", False),
    ],
)
def test_letters_fit_in_their_order(letters: str, name: str, fits: bool) -> None:
    assert (fuzzy_score(letters, name) is not None) == fits


@pytest.mark.parametrize(
    ("letters", "better", "worse"),
    [
        ("ec", "Export results as CSV", "Open demo collection"),
        ("cell", "Larger cells", "Cycle map labels"),
        ("tag", "Tag", "Storage"),
        ("nf", "New folder", "Unfit"),
    ],
)
def test_starts_of_words_and_runs_of_letters_come_first(letters: str, better: str, worse: str) -> None:
    good, poor = fuzzy_score(letters, better), fuzzy_score(letters, worse)
    assert good is not None
    assert poor is not None
    assert good > poor


def test_a_very_long_text_is_compared_at_once() -> None:
    started = time.process_time()
    assert fuzzy_score("a" * 200, "a" * 8000) is not None
    assert fuzzy_score("a" * 30_000, "a" * 8000) is None
    assert fuzzy_score("a" * 30_000, "b" * 30_000) is None
    assert time.process_time() - started < 1
