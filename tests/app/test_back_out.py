"""Esc closes what is nearest, a cleared query comes back, and after Enter the keys are commands."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.thumbs import Thumb
from app.widgets.notice_bar import Topic
from faami_core.queries import Filters, Mark
from tests.app.events import CONTROL, SHIFT, activate, hold, press
from tests.app.fakes import FakeSession
from tests.app.test_selection import marks
from tests.app.test_window_search import ask

ESCAPE = Qt.Key.Key_Escape


@pytest.fixture
def asked(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """An active window with results, the keyboard on the first one."""
    activate(qtbot, window)
    ask(qtbot, window, "tanks river")
    window.grid.setFocus()
    return window


def test_escape_closes_one_thing_after_the_other_and_the_query_last(qtbot: QtBot, asked: MainWindow) -> None:
    asked.grid.choose(3)
    press(asked, Qt.Key.Key_Right, SHIFT)
    asked.pane.notice.show_notice("error", "The disk is full.", topic=Topic.EXPORT)
    asked.inspector.image.set_drawing(True)
    press(asked, ESCAPE)
    assert not asked.inspector.image.is_drawing
    assert asked.pane.notice.isVisible()
    press(asked, ESCAPE)
    assert not asked.pane.notice.isVisible()
    assert asked.grid.selected_rows() == [3, 4]
    press(asked, ESCAPE)
    assert asked.grid.selected_rows() == [4]
    assert asked.workspace.result is not None
    press(asked, ESCAPE)
    assert asked.workspace.result is None
    assert asked.pane.query.line == ""


def test_escape_in_a_line_that_is_being_changed_brings_back_what_was_asked(asked: MainWindow) -> None:
    hold(asked, "l", CONTROL)
    asked.pane.query.text.end(False)
    hold(asked, "xy")
    assert asked.pane.query.line == "tanks riverxy"
    press(asked, ESCAPE)  # the suggestions, if any
    if asked.pane.query.line != "tanks river":
        press(asked, ESCAPE)
    assert asked.pane.query.line == "tanks river"
    assert asked.workspace.result is not None


def test_escape_stops_a_search_and_leaves_the_results(qtbot: QtBot, asked: MainWindow, session: FakeSession) -> None:
    session.delay = 5
    before = asked.workspace.result
    asked.search.ask("harbour")
    press(asked, ESCAPE)
    qtbot.waitUntil(lambda: asked.runner.running == 0)
    assert asked.workspace.result is before


@pytest.mark.parametrize("way", ["escape", "button", "empty line"])
def test_a_cleared_query_comes_back_with_all_that_was_made_of_it(qtbot: QtBot, asked: MainWindow, way: str) -> None:
    window = asked
    window.feedback.give_to_row(2, Thumb.UP)
    with qtbot.waitSignal(window.search.shown):
        window.feedback.rerank()
    window.inspector.mixer.slider(0).setValue(40)
    order = window.pane.arrange.order
    order.setCurrentIndex(2)
    order.activated.emit(2)
    window.view.select_word(1)
    window.grid.choose(17)
    thumbs, result = dict(window.feedback.thumbs), window.workspace.result
    paths = [window.model.path(row) for row in range(window.model.rowCount())]
    if way == "escape":
        press(window, ESCAPE)
    elif way == "button":
        qtbot.mouseClick(window.pane.query.clear_button, Qt.MouseButton.LeftButton)
    else:
        window.pane.query.text.setFocus()
        window.pane.query.text.clear()
        press(window, Qt.Key.Key_Return)
    assert window.workspace.result is None
    assert window.feedback.thumbs == {}
    assert window.actions_by_name["undo"].text() == "&Undo Clear query “tanks river”"
    window.grid.setFocus()
    hold(window, "z", CONTROL)
    assert window.pane.query.line == "tanks river"
    assert [window.model.path(row) for row in range(window.model.rowCount())] == paths
    assert window.workspace.result.hits == result.hits
    assert (window.feedback.thumbs, window.feedback.is_reranked) == (thumbs, True)
    assert window.inspector.mixer.factors == (0.4, 1.0)
    assert window.pane.arrange.by_word == 1
    assert window.view.word == 1
    assert window.grid.selected_rows() == [17]
    assert window.evidence.row == 17
    hold(window, "z", CONTROL, SHIFT)
    assert window.workspace.result is None
    assert window.pane.query.line == ""


def test_a_query_cleared_long_ago_is_asked_again(qtbot: QtBot, asked: MainWindow, session: FakeSession) -> None:
    asked.pane.query.clear()
    for number in range(4):
        ask(qtbot, asked, f"harbour {number}")
        asked.pane.query.clear()
    for _ in range(4):
        asked.triage.stack.undo()
        asked.search.clear()
    with qtbot.waitSignal(asked.search.shown):
        asked.triage.stack.undo()
    assert asked.pane.query.line == "tanks river"
    assert session.format_query(asked.workspace.result.query) == "tanks river"


def test_a_query_that_comes_back_under_other_filters_is_asked_under_them(qtbot: QtBot, asked: MainWindow) -> None:
    asked.pane.query.clear()
    with qtbot.waitSignal(asked.search.browsing):
        asked.filters.replace(Filters(name="*[0-4].jpg"))
    with qtbot.waitSignals([asked.search.shown, asked.search.shown]):
        asked.triage.stack.undo()
    assert asked.workspace.result.filters.name == "*[0-4].jpg"
    assert asked.model.rowCount() < 24


def test_cleared_filters_come_back(qtbot: QtBot, asked: MainWindow) -> None:
    with qtbot.waitSignal(asked.search.shown):
        asked.filters.replace(Filters(name="*[0-4].jpg", tags=()))
    few = asked.model.rowCount()
    with qtbot.waitSignal(asked.search.shown):
        press(asked, ESCAPE, SHIFT)
    assert asked.model.rowCount() == 24
    with qtbot.waitSignal(asked.search.shown):
        hold(asked, "z", CONTROL)
    assert (asked.model.rowCount(), asked.workspace.filters.name) == (few, "*[0-4].jpg")


# --- after Enter ------------------------------------------------------------------------------------------------


def test_after_enter_digits_and_letters_are_commands(qtbot: QtBot, window: MainWindow) -> None:
    activate(qtbot, window)
    hold(window, "l", CONTROL)
    hold(window, "tanks")
    with qtbot.waitSignal(window.search.shown):
        press(window, Qt.Key.Key_Return)
    assert window.grid.hasFocus()
    hold(window, "1")
    assert window.view.word == 0
    hold(window, "0a")
    assert window.view.word is None
    assert marks(window)[:2] == [Mark.ACCEPTED, Mark.UNMARKED]
    assert window.pane.query.line == "tanks"
    hold(window, "l", CONTROL)
    hold(window, "river")
    assert window.pane.query.line == "river", "the line is selected, so that typing replaces it"


def test_what_is_typed_before_the_answer_comes_stays_in_the_line(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    activate(qtbot, window)
    window.pane.query.focus()
    session.delay = 0.3
    hold(window, "tanks")
    press(window, Qt.Key.Key_Return)
    press(window, Qt.Key.Key_Space)
    with qtbot.waitSignal(window.search.shown):
        hold(window, "a")
    assert window.pane.query.text.text() == "tanks a"
    assert window.pane.query.text.hasFocus()
    assert set(marks(window)) == {Mark.UNMARKED}


def test_the_keyboard_stays_where_it_is_when_an_answer_comes_by_itself(qtbot: QtBot, asked: MainWindow) -> None:
    asked.pane.query.focus()
    with qtbot.waitSignal(asked.search.shown):
        asked.filters.replace(Filters(name="*[0-4].jpg"))
    assert asked.pane.query.text.hasFocus()


def test_a_query_without_results_leaves_the_keyboard_in_the_line(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    activate(qtbot, window)
    window.pane.query.focus()
    session.query_fails = True
    hold(window, "tanks")
    with qtbot.waitSignal(window.search.failed):
        press(window, Qt.Key.Key_Return)
    assert window.pane.query.text.hasFocus()
