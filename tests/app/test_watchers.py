"""Crash log, heartbeat and settings."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytestqt.qtbot import QtBot

from app.crash_log import CrashLog
from app.heartbeat import Heartbeat
from app.settings import LastView, Settings


def test_an_exception_is_logged_and_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.excepthook
    log = CrashLog(tmp_path / "new folder", "1.2.3")
    log.install()
    told: list[str] = []
    log.tell(told.append)
    try:
        for _ in range(5):  # as a paint event does that fails again and again
            try:
                raise ValueError("boom")
            except ValueError as error:
                sys.excepthook(type(error), error, error.__traceback__)
    finally:
        log.uninstall()
    assert sys.excepthook is before
    text = log.path.read_text(encoding="utf-8")
    assert text.count("ValueError: boom") == 1
    assert "1.2.3" in text
    assert told == ["ValueError: boom"]
    assert "boom" in capsys.readouterr().err


def test_the_same_bug_is_logged_once_whatever_it_says_and_without_the_words_of_the_binding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = CrashLog(tmp_path, "1.2.3")
    log.install()
    told: list[str] = []
    log.tell(told.append)
    try:
        for number in range(3):
            try:
                raise ValueError(f"Error calling Python override of QWidget::paintEvent(): row {number}")
            except ValueError as error:
                sys.excepthook(type(error), error, error.__traceback__)
    finally:
        log.uninstall()
    assert told == ["ValueError: row 0"]
    assert log.path.read_text(encoding="utf-8").count("--- ") == 1
    capsys.readouterr()


def test_an_exception_in_a_thread_is_logged_and_told_in_that_thread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = CrashLog(tmp_path, "1.2.3")
    log.install()
    told: list[tuple[str, str]] = []
    log.tell(lambda sentence: told.append((threading.current_thread().name, sentence)))
    try:
        thread = threading.Thread(target=lambda: ().index(1), name="worker")
        thread.start()
        thread.join()
    finally:
        log.uninstall()
    assert "ValueError" in log.path.read_text(encoding="utf-8")
    assert [(name, sentence.split(":")[0]) for name, sentence in told] == [("worker", "ValueError")]
    assert "ValueError" in capsys.readouterr().err


def test_a_log_that_grew_large_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "crash.log").write_text("x" * (2 << 20))
    log = CrashLog(tmp_path, "1.2.3")
    log.install()
    log.uninstall()
    assert (tmp_path / "crash.old.log").stat().st_size == 2 << 20
    assert (tmp_path / "crash.log").stat().st_size == 0


def test_a_blocked_event_loop_writes_all_stacks(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "stacks.log"
    with path.open("w") as log:
        heartbeat = Heartbeat(log, blocked_seconds=0.3)
        stood_still: list[float] = []
        heartbeat.stood_still.connect(stood_still.append)
        heartbeat.start()
        started = time.monotonic()
        while not path.read_text() or time.monotonic() - started < 0.7:  # a beat is due after 0.25 s
            assert time.monotonic() - started < 30, "nothing was written"
            time.sleep(0.02)
        text = path.read_text()
        qtbot.waitUntil(lambda: bool(stood_still))
        heartbeat.stop()
    assert stood_still[0] > 0.3
    assert "Timeout" in text
    assert "test_a_blocked_event_loop_writes_all_stacks" in text


def test_every_beat_winds_the_watchdog_up_again(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    winds: list[float | None] = []

    def wind_up(seconds: float, *, repeat: bool, file: object) -> None:
        assert not repeat
        winds.append(seconds)

    watchdog = SimpleNamespace(dump_traceback_later=wind_up, cancel_dump_traceback_later=lambda: winds.append(None))
    monkeypatch.setattr("app.heartbeat.faulthandler", watchdog)
    with (tmp_path / "stacks.log").open("w") as log:
        heartbeat = Heartbeat(log)
        heartbeat.start()
        assert winds == [3.0]
        qtbot.waitUntil(lambda: len(heartbeat.lateness) >= 2)
        heartbeat.stop()
    assert winds == [3.0] * (1 + len(heartbeat.lateness)) + [None]


def test_the_heartbeat_measures_how_late_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("app.heartbeat.time", SimpleNamespace(perf_counter=lambda: clock.now))
    heartbeat = Heartbeat(None, blocked_seconds=0.5)
    stood_still: list[float] = []
    heartbeat.stood_still.connect(stood_still.append)
    heartbeat.start()
    for clock.now in (100.25, 100.75, 101.0, 101.2, 102.0):
        heartbeat._timer.timeout.emit()
    heartbeat.stop()
    assert heartbeat.lateness == pytest.approx((0, 0.25, 0, 0, 0.55))
    assert stood_still == pytest.approx([0.55])


def test_settings_come_back_from_the_file(tmp_path: Path) -> None:
    first = Settings(tmp_path)
    assert (first.theme, first.recent, first.last, first.cell_size, first.split) == ("system", (), None, 152, [])
    first.theme = "dark"
    first.cell_size = 232
    first.split = [208, 700, 400]
    first.set_export_folder(tmp_path)
    first.histogram = False
    first.crash_log_read = 412
    first.last_view = LastView("2:storage tanks - trees", tmp_path / "a.jpg", 2)
    for number in range(12):
        first.add_recent(tmp_path / f"c{number}")
    first.add_recent(tmp_path / "c7")
    first.save()
    second = Settings(tmp_path)
    assert second.theme == "dark"
    assert second.cell_size == 232
    assert second.split == [208, 700, 400]
    assert second.export_folder == tmp_path
    assert (second.histogram, second.side_panel, second.crash_log_read) == (False, True, 412)
    assert second.last_view == LastView("2:storage tanks - trees", tmp_path / "a.jpg", 2)
    assert second.last == tmp_path / "c7"
    assert [path.name for path in second.recent] == ["c7", "c11", "c10", "c9", "c8", "c6", "c5", "c4"]
    second.forget_recent(tmp_path / "c7")
    assert second.last is None
    assert second.recent[0].name == "c11"


def test_a_broken_settings_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_bytes(b"\x00\xff[[[\ntheme=purple\nsplit=a b c\ncell_size=-3\n")
    settings = Settings(tmp_path)
    assert (settings.theme, settings.split, settings.cell_size, settings.recent) == ("system", [], 152, ())
