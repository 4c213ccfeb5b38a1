"""The window opens as it was closed, and tells what went wrong last time."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.dialogs.crash_log_dialog import CrashLogDialog
from app.main_window import MainWindow
from app.models.thumbs import Thumb
from app.settings import LastView, Settings
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask


def open_collection(qtbot: QtBot, window: MainWindow, root: Path) -> None:
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)


def test_query_image_word_and_panels_come_back(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    first = make_window()
    open_collection(qtbot, first, root)
    ask(qtbot, first, "storage tanks")
    first.grid.choose(7)
    first.view.select_word(1)
    first.actions_by_name["side_panel"].trigger()
    chosen = first.model.path(7)
    first.close()
    second = make_window()
    with qtbot.waitSignal(second.search.shown):
        second.restore.begin()
    assert second.workspace.root == root
    assert second.pane.query.text.text() == "storage tanks"
    assert second.model.path(second.evidence.row) == chosen
    assert second.view.word == 1
    assert not second.rail.isVisible()


def test_browsing_comes_back_at_the_same_image(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    first = make_window()
    open_collection(qtbot, first, root)
    first.grid.choose(20)
    first.pane.query.text.setText("typed but never asked")
    first.close()
    second = make_window()
    with qtbot.waitSignal(second.search.browsing):
        second.restore.begin()
    assert second.grid.currentIndex().row() == 20
    assert second.workspace.result is None
    assert second.pane.query.text.text() == ""


def test_a_query_that_cannot_be_asked_any_more_leaves_the_collection_open(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    settings = make_window().settings
    settings.add_recent(root)
    settings.last_view = LastView(line="gone + /gone.jpg")
    window = make_window()
    session.query_fails = True
    with qtbot.waitSignal(window.search.browsing):
        window.restore.begin()
    assert window.model.rowCount() == 24
    assert window.pane.notice.isVisible(), "the reason is told"
    assert window.pane.query.text.text() == ""


def test_a_collection_that_is_gone_leads_to_the_welcome_page(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    window = make_window()
    window.settings.add_recent(tmp_path / "gone")
    window.settings.last_view = LastView(line="river")
    with qtbot.waitSignal(window.collections.failed):
        window.restore.begin()
    assert window.pane.page == "welcome"
    assert "does not exist" in window.pane.notice.message.text()
    assert window.pane.query.text.text() == ""


def test_a_broken_note_of_the_last_view_is_ignored(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"line": 3, "selected": [], "word": "x"}'):
        settings = Settings(tmp_path)
        settings._store.setValue("last_view", text)
        assert settings.last_view == LastView()


# --- the crash log --------------------------------------------------------------------------------------------


def test_a_crash_of_the_last_run_is_offered_once_and_stays_while_the_query_comes_back(
    qtbot: QtBot, make_window: MakeWindow, root: Path
) -> None:
    first = make_window()
    open_collection(qtbot, first, root)
    ask(qtbot, first, "river")
    first.close()
    text = "--- 2026-03-02 faami-explorer: exception\nValueError: boom\n"
    first.crash_log_path.write_text(text, encoding="utf-8")

    second = make_window()
    second.offer_crash_log(len(text))
    with qtbot.waitSignal(second.search.shown):
        second.restore.begin()
    notice = second.pane.notice
    assert notice.isVisible()
    assert "went wrong the last time" in notice.message.text()
    qtbot.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    assert not notice.isVisible()
    dialog = second.findChild(CrashLogDialog)
    assert dialog is not None
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert "ValueError: boom" in dialog.text.toPlainText()
    dialog.close()
    second.close()

    third = make_window()
    third.offer_crash_log(len(text))
    assert not third.pane.notice.isVisible()
    third.offer_crash_log(2 * len(text))
    assert third.pane.notice.isVisible()


def test_an_empty_crash_log_says_so(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_name["crash_log"].trigger()
    dialog = window.findChild(CrashLogDialog)
    assert dialog.text.toPlainText() == "The log is empty: nothing has gone wrong."
    dialog.close()


# --- closed before the last view is back ----------------------------------------------------------------------


@pytest.fixture
def last_view(make_window: MakeWindow, root: Path) -> LastView:
    """A view that was stored when the window was last open."""
    view = LastView(
        line="storage tanks",
        selected=root / "airport_00007.jpg",
        word=1,
        thumbs={(0, 3): Thumb.UP},
        applied={(0, 3): Thumb.UP},
    )
    settings = make_window().settings
    settings.add_recent(root)
    settings.last_view = view
    settings.save()
    return view


def test_a_window_closed_before_the_collection_is_open_keeps_the_last_view(
    make_window: MakeWindow, last_view: LastView
) -> None:
    window = make_window()
    window.restore.begin()
    window.close()
    assert window.settings.last_view == last_view


def test_a_window_closed_before_the_query_is_answered_keeps_the_last_view(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, last_view: LastView
) -> None:
    session.delay = 0.6
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.restore.begin()
    window.close()
    assert window.settings.last_view == last_view


def test_a_window_closed_before_the_thumbs_are_back_keeps_the_last_view(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, last_view: LastView
) -> None:
    session.delay = 0.4
    window = make_window()
    with qtbot.waitSignal(window.search.shown):
        window.restore.begin()
    assert window.workspace.unmoved is None, "the first answer is not re-ranked yet"
    window.close()
    assert window.settings.last_view == last_view


def test_a_query_asked_before_the_last_view_is_back_is_remembered_in_its_place(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, last_view: LastView
) -> None:
    session.delay = 0.3
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.restore.begin()
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.submitted.emit("river")
    window.close()
    assert window.settings.last_view.line == "river"
    assert window.settings.last_view.thumbs == {}
