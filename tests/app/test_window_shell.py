"""The rest of the window: collections, indexing, export, keyboard, errors, themes, closing."""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QLineEdit,
    QProgressBar,
    QWidget,
)
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from app.action_table import ACTIONS, WORD_KEYS
from app.dialogs.shortcuts_dialog import ShortcutsDialog, sections_of_keys
from app.main_window import MainWindow
from app.settings import Settings
from faami_core.types import UnreadableImage
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask, press_enter

# --- collections and indexing ---------------------------------------------------------------------------------


def test_the_welcome_page_stands_alone_and_offers_three_ways_in(make_window: MakeWindow, tmp_path: Path) -> None:
    Settings(tmp_path / "settings").add_recent(tmp_path / "seen before")
    window = make_window()
    assert window.pane.page == "welcome"
    assert not window.rail.isVisible()
    assert not window.inspector.isVisible()
    assert not window.pane.query.isVisible()
    names = [button.accessibleName() for button in window.pane.welcome.findChildren(QAbstractButton)]
    assert names == ["Open folder…", "Open demo collection", f"Open {tmp_path / 'seen before'}"]


def test_the_demo_opens_from_the_welcome_page(qtbot: QtBot, make_window: MakeWindow, session: FakeSession) -> None:
    session.indexed = False
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        qtbot.mouseClick(window.pane.welcome.demo_button, Qt.MouseButton.LeftButton)
    assert window.workspace.root == session.data_dir / "demo"
    assert window.windowTitle().startswith("demo")


def test_a_new_folder_is_indexed_before_it_opens(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    session.indexed = False
    session.unreadable = (UnreadableImage(root / "river.jpg", "The file ends in the middle."),)
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    assert window.rail.unreadable.count() == 1
    assert "The file ends in the middle." in window.rail.unreadable.item(0).text()
    assert window.pane.notice.message.text() == "1 file could not be read."
    assert Settings(window.settings.file.parent).recent == (root,)


def test_long_indexing_shows_progress_and_can_be_cancelled(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    session.indexed = False
    session.index_seconds = 20.0
    window = make_window()
    strip = window.pane.activity
    window.collections.open(root)
    qtbot.waitUntil(strip.isVisible, timeout=3000)
    qtbot.waitUntil(lambda: "a second" in strip.figures.text() and "left" in strip.figures.text(), timeout=3000)
    started = time.monotonic()
    with qtbot.waitSignal(window.indexing.finished) as finished:
        qtbot.mouseClick(strip.cancel_button, Qt.MouseButton.LeftButton)
    assert time.monotonic() - started < 1
    assert finished.args[0].cancelled
    qtbot.waitUntil(lambda: not strip.isVisible())
    assert "cancelled" in window.pane.notice.message.text()
    assert window.pane.notice.button.text() == "Continue indexing"


def test_cancelling_the_demo_returns_to_the_welcome_page(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession
) -> None:
    session.demo_seconds = 20.0
    window = make_window()
    qtbot.mouseClick(window.pane.welcome.demo_button, Qt.MouseButton.LeftButton)
    assert window.pane.page == "empty"
    qtbot.waitUntil(window.pane.activity.isVisible, timeout=3000)
    with qtbot.waitSignal(window.indexing.stopped):
        qtbot.mouseClick(window.pane.activity.cancel_button, Qt.MouseButton.LeftButton)
    assert window.pane.page == "welcome"
    assert window.pane.notice.message.text() == "Indexing was cancelled."
    session.demo_seconds = 0.0
    with qtbot.waitSignal(window.collections.opened):
        qtbot.mouseClick(window.pane.notice.button, Qt.MouseButton.LeftButton)


def test_another_folder_is_indexed_while_the_open_one_stays_in_view(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    session.indexed = False
    session.index_seconds = 1.0
    with qtbot.waitSignal(window.indexing.started):
        window.collections.open(other)
    assert window.pane.page == "grid"
    window.pane.query.submitted.emit("river")
    assert window.pane.notice.message.text() == "The search waits for indexing."
    with qtbot.waitSignal(window.collections.opened):
        pass
    assert window.workspace.root == other


@pytest.mark.parametrize("seed", range(4))
def test_the_window_closes_at_any_moment(qtbot: QtBot, make_window: MakeWindow, root: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(4):
        window = make_window()
        window.collections.open(root)
        qtbot.wait(chance.randrange(0, 60))
        window.pane.query.submitted.emit("river tanks")
        qtbot.wait(chance.randrange(0, 60))
        window.grid.step(3)
        started = time.monotonic()
        assert window.close()
        assert time.monotonic() - started < 2


def test_short_work_shows_no_progress(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    session.delay = 0.3
    seen = []
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.submitted.emit("river")
        qtbot.wait(200)
        seen.append(window.pane.activity.isVisible())
    assert seen == [False]
    assert not window.pane.activity.isVisible()


def test_updating_the_open_collection_keeps_the_query(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river")
    session.count = 30
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseClick(window.rail.update_button, Qt.MouseButton.LeftButton)
    assert window.model.rowCount() == 30
    assert window.status.fact("gallery") == "30 images"


def test_unreadable_files_can_be_tried_again(
    qtbot: QtBot, window: MainWindow, session: FakeSession, root: Path
) -> None:
    session.unreadable = (UnreadableImage(root / "river.jpg", "The file ends in the middle."),)
    with qtbot.waitSignal(window.collections.opened):
        window.collections.update()
    assert window.rail.unreadable.isVisible()
    with qtbot.waitSignal(window.collections.opened):
        qtbot.mouseClick(window.rail.retry_button, Qt.MouseButton.LeftButton)
    assert not window.rail.unreadable.isVisible()


def test_a_collection_can_be_taken_off_the_list(qtbot: QtBot, window: MainWindow, root: Path) -> None:
    window.rail.collections.setFocus()
    window.rail.collections.setCurrentRow(0)
    qtbot.keyClick(window.rail.collections, Qt.Key.Key_Delete)
    assert window.rail.collections.count() == 0
    assert window.settings.recent == ()
    assert window.pane.page == "grid", "the open collection stays open"


def test_escape_while_browsing_keeps_the_place(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.setFocus()
    window.grid.choose(5)
    qtbot.keyClick(window.grid, Qt.Key.Key_Escape)
    assert window.grid.currentIndex().row() == 5


def test_a_missing_folder_is_told_with_a_next_step_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    rows = window.model.rowCount()
    with qtbot.waitSignal(window.collections.failed):
        window.collections.open(tmp_path / "nowhere")
    notice = window.pane.notice
    assert notice.isVisible()
    assert "does not exist" in notice.message.text()
    assert notice.next_step.text() == "Choose another folder."
    assert window.model.rowCount() == rows
    qtbot.mouseClick(notice.close_button, Qt.MouseButton.LeftButton)
    assert not notice.isVisible()


# --- export ---------------------------------------------------------------------------------------------------


def test_an_export_that_fails_says_why(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    ask(qtbot, window, "river")
    with qtbot.waitSignal(window.export.failed):
        window.export.export(tmp_path / "missing" / "out.csv")
    assert "does not exist" in window.pane.notice.message.text()


# --- keyboard -------------------------------------------------------------------------------------------------


def test_a_search_by_keyboard_alone(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.setFocus()
    qtbot.keyClick(window.grid, Qt.Key.Key_Slash)
    assert window.pane.query.text.hasFocus()
    qtbot.keyClicks(window.pane.query.text, "tanks 2 river so")
    assert window.pane.query.text.text() == "tanks 2 river so", "typing must not trigger shortcuts"
    assert window.view.overlay
    press_enter(qtbot, window)
    qtbot.keyClick(window.pane.query.text, Qt.Key.Key_Down)
    assert window.grid.hasFocus()
    qtbot.keyClick(window.grid, Qt.Key.Key_2)
    assert window.view.word == 1
    qtbot.keyClick(window.grid, Qt.Key.Key_0)
    assert window.view.word is None
    qtbot.keyClick(window.grid, Qt.Key.Key_O)
    assert not window.view.overlay
    qtbot.keyClick(window.grid, Qt.Key.Key_S)
    assert window.view.scale == "fine"
    with qtbot.waitSignal(window.search.browsing):
        qtbot.keyClick(window.grid, Qt.Key.Key_Escape)
    assert window.pane.query.text.text() == ""


def test_the_grid_walks_by_arrows_home_end_and_pages(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    grid = window.grid
    grid.setFocus()
    columns = sum(
        grid.visualRect(window.model.index(row)).top() == grid.visualRect(window.model.index(0)).top()
        for row in range(24)
    )
    assert columns >= 2
    walk = [
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + columns),
        (Qt.Key.Key_Left, columns),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, 23),
        (Qt.Key.Key_Home, 0),
    ]
    for key, row in walk:
        qtbot.keyClick(grid, key)
        assert grid.currentIndex().row() == row, key
    qtbot.keyClick(grid, Qt.Key.Key_PageDown)
    assert grid.currentIndex().row() >= columns
    assert window.evidence.row == grid.currentIndex().row()


def test_left_and_right_in_the_inspector_walk_the_results(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    plot = window.inspector.image._view
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert window.evidence.row == 2
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert window.evidence.row == 1


def test_the_cells_grow_and_shrink_by_key_and_button(qtbot: QtBot, window: MainWindow) -> None:
    before = window.grid.gridSize().width()
    for _ in range(3):
        window.actions_by_name["larger_cells"].trigger()
    assert window.grid.gridSize().width() > before
    for _ in range(5):
        qtbot.mouseClick(window.pane.smaller_button, Qt.MouseButton.LeftButton)
    assert window.grid.gridSize().width() < before
    small = window.grid.cell_size
    qtbot.mouseClick(window.pane.larger_button, Qt.MouseButton.LeftButton)
    assert window.grid.cell_size > small


def test_every_action_of_the_table_is_in_a_menu_and_no_key_is_used_twice(window: MainWindow) -> None:
    keys = [key for spec in ACTIONS for key in spec.keys]
    assert len(keys) == len(set(keys))
    for spec in ACTIONS:
        action = window.actions_by_name[spec.name]
        assert len(action.associatedObjects()) >= 2, f"{spec.name} is in no menu"
        assert [key.toString() for key in action.shortcuts()] == list(spec.keys)


def test_the_sheet_lists_every_key(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window.grid, Qt.Key.Key_F1)
    sheet = window.findChild(ShortcutsDialog)
    assert sheet is not None
    assert sheet.isVisible()
    assert not sheet.isModal()
    listed = " ".join(keys for _, lines in sections_of_keys(ACTIONS) for keys, _ in lines)
    for spec in ACTIONS:
        if spec.group != "words":
            assert all(key in listed for key in spec.keys), spec.name
    assert "0 … 9" in listed
    sheet.close()


def test_the_word_menu_names_the_words(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    texts = [window.actions_by_name[f"word_{number}"].text() for number in range(WORD_KEYS)]
    assert texts[:4] == ["Whole query", "“storage”", "“tanks”", "Word 3"]
    assert [window.actions_by_name[f"word_{number}"].isEnabled() for number in range(4)] == [True, True, True, False]


# --- accessibility, themes, layout ----------------------------------------------------------------------------


def test_every_control_has_an_accessible_name(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    controls = (QAbstractButton, QAbstractItemView, QAbstractSlider, QLineEdit, QProgressBar)
    nameless = [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in window.findChildren(QWidget)
        if isinstance(widget, controls) and not widget.accessibleName() and _is_ours(widget)
    ]
    assert nameless == []


def _is_ours(widget: QWidget) -> bool:
    """Scroll bars and the buttons inside menus and views belong to Qt, which names them itself."""
    return not widget.objectName().startswith("qt_") and type(widget).__name__ != "QScrollBar"


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1600, 1000), (3840, 2160)])
def test_the_window_works_from_small_to_4k(qtbot: QtBot, window: MainWindow, width: int, height: int) -> None:
    window.resize(width, height)
    ask(qtbot, window, "several storage tanks beside a river")
    assert (window.width(), window.height()) == (width, height)
    image = window.inspector.image
    assert min(image.width(), image.height()) >= 240, "the image must not be squeezed by its controls"
    for widget in window.inspector.findChildren(QWidget):
        if widget.isVisible() and isinstance(widget, QAbstractButton):
            right = widget.mapTo(window.inspector, widget.rect().bottomRight()).x()
            assert right < window.inspector.width(), f"{widget.accessibleName()} is cut off"


def test_the_theme_changes_at_once_and_is_remembered(qtbot: QtBot, window: MainWindow) -> None:
    colours = {}
    for choice in ("light", "dark"):
        window.actions_by_name[f"theme_{choice}"].trigger()
        QApplication.processEvents()
        colours[choice] = window.grab().toImage().pixelColor(2, window.height() - 4).lightness()
    assert colours["light"] > 200
    assert colours["dark"] < 60
    assert window.settings.theme == "dark"


def test_layout_and_cell_size_come_back_after_a_restart(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    first = make_window()
    with qtbot.waitSignal(first.collections.opened):
        first.collections.open(root)
    first.splitter.setSizes([190, 640, 450])
    first.grid.set_cell_size(232)
    sizes = first.splitter.sizes()
    first.close()
    second = make_window()
    with qtbot.waitSignal(second.collections.opened):
        second.collections.open(second.settings.last)
    assert second.grid.cell_size == 232
    qtbot.waitUntil(lambda: second.splitter.sizes() == pytest.approx(sizes, abs=4))  # the panes are laid out later


# --- faults and closing ---------------------------------------------------------------------------------------


def test_closing_during_work_is_quick_and_leaves_no_thread(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    before = set(threading.enumerate())
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    session.delay = 30.0
    window.pane.query.submitted.emit("river")
    qtbot.waitUntil(lambda: bool(session.asked))
    started = time.monotonic()
    window.close()
    assert time.monotonic() - started < 2
    assert set(threading.enumerate()) <= before
    assert session.closed


def test_a_bug_in_work_reaches_the_crash_hook_and_the_window_stays_usable(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch, capture_exceptions() as caught:
        patch.setattr(session, "search", burst)
        window.pane.query.submitted.emit("river")
        qtbot.waitUntil(lambda: bool(caught))
    assert caught[0][0] is ZeroDivisionError
    ask(qtbot, window, "river")
    assert window.model.rowCount() == 24


def test_signals_do_not_lose_references(window: MainWindow) -> None:
    """PySide6 6.12.0 took one reference from True with every emit, which ends a Python 3.11 after some hundred."""
    emits, lost = 1000, []
    gc.collect()
    gc.disable()  # a collection gives back references of others
    try:
        for _ in range(3):
            before = sys.getrefcount(True)
            for _ in range(emits):
                window.view.changed.emit()
            lost.append(before - sys.getrefcount(True))
    finally:
        gc.enable()
    assert min(lost) < emits / 2, f"references lost in {emits} emits, three times: {lost}"


def test_the_narrowest_window_has_room_for_the_results(window: MainWindow) -> None:
    assert window.minimumWidth() >= window.pane.minimumWidth()
    assert window.pane.minimumSizeHint().width() <= window.pane.minimumWidth(), "nothing is cut at the right"
