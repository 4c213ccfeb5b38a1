"""Bugs of ours, late answers and leaks: the window must stay usable (rows E1, E4, E6, E8 of the fault list)."""

from __future__ import annotations

import ast
import ctypes
import gc
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent, QPixmapCache
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

import app
from app.crash_log import CrashLog
from app.main_window import MainWindow
from app.models import result_list_model
from app.models.result_list_model import ResultListModel, Role
from app.settings import Settings
from app.widgets.score_histogram import ScoreHistogram
from tests.app.conftest import MakeWindow, close_window
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask


@pytest.fixture
def crash_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CrashLog]:
    """The real crash log in place of pytest-qt's hook, which would fail the test."""
    with capture_exceptions():
        log = CrashLog(tmp_path / "log", "1.2.3")
        log.install()
        yield log
        log.uninstall()


def bug(*_arguments: object, **_options: object) -> None:
    raise ZeroDivisionError("a bug of ours")


def in_a_slot(window: MainWindow, patch: pytest.MonkeyPatch) -> None:
    QTimer.singleShot(0, window, bug)


def in_a_paint_event(window: MainWindow, patch: pytest.MonkeyPatch) -> None:
    def paint(self: ScoreHistogram, event: QPaintEvent) -> None:
        bug()

    patch.setattr(ScoreHistogram, "_paint_bars", paint)
    window.pane.histogram.update()


def in_a_worker(window: MainWindow, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(window.workspace.session, "search", bug)
    window.pane.query.submitted.emit("river")


def in_the_data_of_the_model(window: MainWindow, patch: pytest.MonkeyPatch) -> None:
    def data(model: ResultListModel, row: int) -> None:
        bug()

    patch.setitem(result_list_model._READERS, int(Role.SCORE), data)
    window.grid.viewport().update()


def in_the_painting_of_a_cell(window: MainWindow, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.widgets.result_delegate.ResultDelegate._paint_numbers", bug)
    window.grid.viewport().update()


@pytest.mark.parametrize(
    "place", [in_a_slot, in_a_paint_event, in_a_worker, in_the_data_of_the_model, in_the_painting_of_a_cell]
)
def test_a_bug_gives_one_notice_and_one_entry_and_the_window_stays_usable(
    qtbot: QtBot,
    window: MainWindow,
    crash_log: CrashLog,
    place: Callable[[MainWindow, pytest.MonkeyPatch], None],
) -> None:
    ask(qtbot, window, "river")
    notices: list[str] = []
    window.pane.notice.shown.connect(lambda _kind, text: notices.append(text))
    crash_log.tell(lambda sentence: QTimer.singleShot(0, window, lambda: window.show_crash(sentence)))
    with pytest.MonkeyPatch.context() as patch:
        place(window, patch)
        qtbot.waitUntil(lambda: bool(notices))
        for _ in range(3):  # what fails while painting fails again and again
            window.pane.update()
            qtbot.wait(20)
    assert notices == [
        "Something went wrong inside the program. ZeroDivisionError: a bug of ours. You can go on working."
    ]
    log = crash_log.path.read_text(encoding="utf-8")
    assert log.count("faami-explorer 1.2.3: exception") == 1, log
    ask(qtbot, window, "tanks")
    assert window.model.rowCount() == 24
    assert window.grab().width() == window.width()


def test_of_two_hundred_queries_in_two_seconds_only_the_last_shows(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.delay = 0.03
    shown: list[str] = []
    window.search.shown.connect(lambda result: shown.append(result.query.terms[0].text))
    started = time.monotonic()
    for number in range(200):
        window.pane.query.submitted.emit(f"river {number}")
        qtbot.wait(max(0, round(10 * number - 1000 * (time.monotonic() - started))))
    qtbot.waitUntil(lambda: window.runner.running == 0 and shown[-1:] == ["river 199"], timeout=20_000)
    numbers = [int(text.split()[1]) for text in shown]
    assert numbers == sorted(numbers), "an older answer never comes after a newer one"
    assert window.pane.query.words.words == ("river", "199")


def test_closing_does_not_wait_for_the_words_of_the_model(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    monkeypatch.setattr(session, "known_words", lambda: (held.wait(30), ())[1])
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    started = time.monotonic()
    window.close()
    assert time.monotonic() - started < 8
    held.set()
    qtbot.waitUntil(lambda: not any(thread.name.startswith("watch") for thread in threading.enumerate()))


@pytest.mark.slow
def test_opening_and_closing_fifty_times_keeps_the_memory(
    qtbot: QtBot, session: FakeSession, root: Path, tmp_path: Path
) -> None:
    def one_life() -> None:
        window = MainWindow(session, Settings(tmp_path / "settings"), tmp_path / "crash.log")
        window.show()
        with qtbot.waitSignal(window.collections.opened):
            window.collections.open(root)
        ask(qtbot, window, "storage tanks")
        window.actions_by_name["palette"].trigger()
        close_window(window)

    for _ in range(10):  # until every cache is warm
        one_life()
    before = resident_bytes_in_use()
    for _ in range(50):
        one_life()
    assert resident_bytes_in_use() - before < 20 << 20


def resident_bytes_in_use() -> int:
    """Without what nothing refers to any more, and what is only kept for later.

    That is Qt's cache of drawings, of 10 MB at most and full after some forty windows, and the allocator of Linux.
    """
    gc.collect()
    QPixmapCache.clear()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
    return resident_bytes()


def resident_bytes() -> int:
    """Memory of this process now where the system tells it, else its peak."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def test_nothing_of_qt_is_touched_by_a_worker() -> None:
    """E1: a worker runs plain functions; only the decoder of thumbnails makes an image, which Qt allows anywhere."""
    allowed = {"QObject", "Qt", "Signal", "Slot"}
    source = (Path(app.__file__).parent / "workers" / "task.py").read_text(encoding="utf-8")
    names = {
        alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6")
        for alias in node.names
    }
    assert names <= allowed
