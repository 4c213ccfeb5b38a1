"""The window looks at the open folder by itself: quietly, seldom, and only while that is wanted."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.controllers import rescan_controller
from app.main_window import MainWindow
from app.settings import Settings
from app.widgets.notice_bar import Topic
from app.workers.task import Lane
from faami_core.session import Session
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.late_answers import HeldCall, delivered
from tests.stub_encoder import StubEncoder


def look(qtbot: QtBot, window: MainWindow) -> None:
    """What the clock does every ten minutes, up to the answer."""
    window.rescan.look()
    qtbot.waitUntil(lambda: window.runner.running == 0)


def open_real(qtbot: QtBot, make_window: MakeWindow, folder: Path, data_dir: Path) -> MainWindow:
    """A window over the real session, with a folder indexed and open."""
    window = make_window(Session(encoder=StubEncoder(), data_dir=data_dir))
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(folder)
    return window


def come_back() -> None:
    """The analyst leaves the program for another one and returns."""
    for state in (Qt.ApplicationState.ApplicationInactive, Qt.ApplicationState.ApplicationActive):
        QApplication.instance().applicationStateChanged.emit(state)


def told(window: MainWindow) -> str:
    """The notice that is up."""
    return window.pane.notice.message.text() if window.pane.notice.isVisible() else ""


def test_files_that_changed_are_told_and_one_click_indexes_them(
    qtbot: QtBot, make_window: MakeWindow, image_folder: Path, own_data_dir: Path
) -> None:
    window = open_real(qtbot, make_window, image_folder, own_data_dir)
    look(qtbot, window)
    assert told(window) == ""
    Image.new("RGB", (48, 32), "red").save(image_folder / "new.png")
    (image_folder / "blue.png").unlink()

    look(qtbot, window)
    assert told(window) == "2 files of this folder changed since it was indexed."
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        qtbot.mouseClick(window.pane.notice.button, Qt.MouseButton.LeftButton)
    names = {item.path.name for item in window.model.items}
    assert "new.png" in names
    assert "blue.png" not in names
    look(qtbot, window)
    assert "changed since" not in told(window)


def test_a_drive_that_is_away_is_no_news(
    qtbot: QtBot, make_window: MakeWindow, image_folder: Path, own_data_dir: Path
) -> None:
    window = open_real(qtbot, make_window, image_folder, own_data_dir)
    image_folder.rename(image_folder.with_name("away"))
    look(qtbot, window)
    assert told(window) == ""


def test_a_count_is_told_once_and_another_one_again(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    session.changes = 1
    look(qtbot, window)
    assert told(window) == "1 file of this folder changed since it was indexed."
    qtbot.mouseClick(window.pane.notice.close_button, Qt.MouseButton.LeftButton)
    look(qtbot, window)
    assert told(window) == ""
    session.changes = 1200
    look(qtbot, window)
    assert told(window).startswith("1,200 files")
    session.changes = 0
    look(qtbot, window)
    assert told(window) == "", "what is no longer true goes"


def test_an_error_stays_on_screen_and_the_changes_are_told_after_it(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.changes = 3
    window.pane.notice.show_notice("error", "The disk is full.", topic=Topic.EXPORT)
    look(qtbot, window)
    assert told(window) == "The disk is full."
    window.pane.notice.withdraw()
    look(qtbot, window)
    assert told(window).startswith("3 files")


def test_it_looks_soon_after_opening_then_every_ten_minutes_and_on_coming_back(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescan_controller, "FIRST_LOOK_MS", 20)
    monkeypatch.setattr(rescan_controller, "EVERY_MS", 150)
    monkeypatch.setattr(rescan_controller, "RESPITE_MS", 60_000)
    window = make_window()
    window.collections.open(root)
    qtbot.waitUntil(lambda: session.looks >= 3)

    monkeypatch.setattr(rescan_controller, "EVERY_MS", 60_000)
    look(qtbot, window)
    looks = session.looks
    come_back()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert session.looks == looks, "who was away for a moment needs no new look"
    monkeypatch.setattr(rescan_controller, "RESPITE_MS", 0)
    come_back()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert session.looks == looks + 1


def test_switched_off_it_never_looks_also_after_the_next_start(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    session.changes = 5
    look(qtbot, window)
    assert session.looks == 1
    window.actions_by_name["look_for_changes"].trigger()
    assert told(window) == ""
    window.close()

    for name in ("FIRST_LOOK_MS", "EVERY_MS", "RESPITE_MS"):
        monkeypatch.setattr(rescan_controller, name, 0)
    again = make_window()
    assert not again.actions_by_name["look_for_changes"].isChecked()
    with qtbot.waitSignal(again.collections.opened):
        again.collections.open(root)
    come_back()
    assert not again.rescan._clock.isActive()
    qtbot.waitUntil(lambda: again.runner.running == 0)
    assert session.looks == 1
    again.actions_by_name["look_for_changes"].trigger()
    qtbot.waitUntil(lambda: told(again).startswith("5 files"))
    assert Settings(again.settings.file.parent).look_for_changes


def test_it_does_not_look_while_indexing_and_makes_way_for_it(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.look_seconds = session.index_seconds = 0.3
    session.changes = 4
    window.rescan.look()
    qtbot.waitUntil(lambda: session.looks == 1)
    with qtbot.waitSignal(window.collections.opened):
        window.collections.update()
        window.rescan.look()
    assert session.looks == 1
    assert "changed since" not in told(window), "the count from before the run is dropped"


def test_a_late_count_of_another_collection_is_dropped(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    session.changes = 4
    counts = delivered(monkeypatch, window, Lane.WATCH)
    late = HeldCall(monkeypatch, session, "folder_changes")
    window.rescan.look()
    late.wait_for_answer(qtbot)
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(other)
    late.let_go()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert counts == [4], "it did come"
    assert told(window) == ""


def test_a_notice_about_one_collection_goes_with_it(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    session.changes = 4
    look(qtbot, window)
    other = tmp_path / "other"
    other.mkdir()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(other)
    assert told(window) == ""


def test_marks_are_written_and_the_window_closes_while_a_drive_keeps_a_look_waiting(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.look_seconds = 60
    window.rescan.look()
    qtbot.waitUntil(lambda: session.looks == 1)
    window.grid.choose(0)
    window.triage.accept()
    qtbot.waitUntil(lambda: bool(session.notes), timeout=20_000)
    started = time.monotonic()
    assert window.close()
    assert time.monotonic() - started < 20
