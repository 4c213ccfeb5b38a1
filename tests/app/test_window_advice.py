"""What a query does not do although it reads so is told in the window, and done at a click."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.notice_bar import Topic
from app.widgets.query_bar import LONGEST_LINE
from tests.app.fakes import MOST_WORDS, FakeSession
from tests.app.test_window_search import ask

LONG = " ".join(["storage tanks"] * (MOST_WORDS // 2)) + " beside a river"


def click_offer(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseClick(window.pane.notice.button, Qt.MouseButton.LeftButton)


def test_a_negation_is_told_and_one_click_asks_what_is_meant(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, "buildings without trees")
    notice = window.pane.notice
    assert notice.isVisible()
    assert "“without”" in notice.message.text()
    assert "buildings - trees" in notice.next_step.text()

    click_offer(qtbot, window)

    assert window.pane.query.line == "buildings - trees"
    assert session.asked[-1] == session.parse_query("buildings - trees")
    assert not notice.isVisible()


def test_words_that_are_not_read_are_named_by_the_notice_and_the_phrase_is_asked_in_parts(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, LONG)
    assert "“beside”, “a”, “river” are not read" in window.pane.notice.message.text()

    click_offer(qtbot, window)

    assert [term.text for term in session.asked[-1].terms] == [LONG.removesuffix(" beside a river"), "beside a river"]
    assert not window.pane.notice.isVisible()


def test_words_that_are_not_read_are_flagged_on_the_chip_of_their_term(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, f"sea + {LONG}")
    sea, long = window.pane.query.terms.chip(0), window.pane.query.terms.chip(1)
    assert "not read" not in sea.accessibleName()
    assert long.accessibleName().endswith("3 words not read")
    assert "“beside”, “a”, “river” not read" in long.toolTip()


def test_advice_goes_with_its_query_and_comes_once(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "no trees")
    assert window.pane.notice.isVisible()
    window.pane.notice.withdraw()
    with qtbot.waitSignal(window.search.shown):
        window.search.again()  # another filter, the same query
    assert not window.pane.notice.isVisible()
    ask(qtbot, window, "never trees")
    assert window.pane.notice.isVisible()
    ask(qtbot, window, "trees")
    assert not window.pane.notice.isVisible()


def test_advice_does_not_push_an_error_away(qtbot: QtBot, window: MainWindow) -> None:
    window.pane.notice.show_notice("error", "The disk is full.", topic=Topic.EXPORT)
    ask(qtbot, window, "no trees")
    assert window.pane.notice.message.text() == "The disk is full."


def test_a_text_pasted_beyond_the_length_of_the_line_is_told(window: MainWindow) -> None:
    window.pane.query.text.insert("a" * (LONGEST_LINE + 1))
    assert len(window.pane.query.line) == LONGEST_LINE
    assert "8,000 characters" in window.pane.notice.message.text()
