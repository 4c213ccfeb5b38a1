"""Saved queries in the side panel: keep, ask, move, take off."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from tests.app.conftest import MakeWindow
from tests.app.test_window_search import ask


def keep(qtbot: QtBot, window: MainWindow, *lines: str) -> None:
    """Asks queries and saves them; the last one then stands at the top."""
    for line in lines:
        ask(qtbot, window, line)
        qtbot.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)


def test_before_anything_is_saved_one_sentence_says_how(window: MainWindow) -> None:
    assert window.saved_panel.empty.isVisible()
    assert not window.saved_panel.queries.isVisible()


def test_a_saved_query_is_listed_at_once_and_marked_while_it_is_on_screen(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, "river", "storage tanks")
    panel = window.saved_panel
    assert panel.lines == ("storage tanks", "river")
    assert not panel.empty.isVisible()
    assert panel.queries.height() >= 2 * panel.queries.sizeHintForRow(0)
    assert panel.queries.item(0).isSelected()
    ask(qtbot, window, "trees")
    assert not panel.queries.selectedItems()


def test_a_click_asks_a_saved_query(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, "river", "2:storage tanks - trees")
    queries = window.saved_panel.queries
    with qtbot.waitSignal(window.search.shown):
        spot = queries.visualItemRect(queries.item(1)).center()
        qtbot.mouseClick(queries.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert window.pane.query.text.text() == "river"
    assert queries.item(1).isSelected()
    assert window.actions_by_name["save_query"].isChecked()


def test_by_keyboard_alone_a_query_is_found_asked_moved_and_taken_off(qtbot: QtBot, window: MainWindow) -> None:
    keep(qtbot, window, "river", "trees", "tanks")
    queries = window.saved_panel.queries
    window.actions_by_name["focus_saved"].trigger()
    assert QApplication.focusWidget() is queries
    queries.setCurrentRow(0)
    qtbot.keyClick(queries, Qt.Key.Key_Down)
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(queries, Qt.Key.Key_Return)
    assert window.pane.query.text.text() == "trees"
    qtbot.keyClick(queries, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert window.settings.saved_queries == ("tanks", "river", "trees")
    qtbot.keyClick(queries, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert window.settings.saved_queries == ("tanks", "river", "trees"), "it is the last one already"
    qtbot.keyClick(queries, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(queries, Qt.Key.Key_Delete)
    assert window.saved_panel.lines == window.settings.saved_queries == ("tanks", "river")
    assert not window.actions_by_name["save_query"].isChecked(), "the star knows that it is gone"


def test_the_order_made_by_dragging_is_kept(qtbot: QtBot, window: MainWindow, make_window: MakeWindow) -> None:
    keep(qtbot, window, "river", "trees", "tanks")
    # What Qt does when a row is let go above the first one.
    assert window.saved_panel.queries.model().moveRow(QModelIndex(), 2, QModelIndex(), 0)
    window.close()
    assert make_window().saved_panel.lines == ("river", "tanks", "trees")
