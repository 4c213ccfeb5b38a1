"""Lanes: where work runs, how its outcome comes back, how it is cancelled, how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from app.workers.task import Lane, TaskRunner
from faami_core.errors import CancelledError, QueryError
from faami_core.types import CancelToken, Progress, ProgressCallback


@pytest.fixture
def runner(no_leaks: None) -> Iterator[TaskRunner]:
    runner = TaskRunner()
    yield runner
    runner.close()


def wait_for_cancel(token: CancelToken, _progress: ProgressCallback) -> None:
    while True:
        token.raise_if_cancelled()
        time.sleep(0.005)


def test_the_answer_arrives_in_the_gui_thread(qtbot: QtBot, runner: TaskRunner) -> None:
    seen: list[tuple[object, str]] = []
    task = runner.submit(Lane.MODEL, lambda _token, _progress: threading.current_thread().name)
    task.succeeded.connect(lambda value: seen.append((value, threading.current_thread().name)))
    with qtbot.waitSignal(task.finished):
        pass
    assert seen == [("model-0", "MainThread")]
    assert runner.running == 0


def test_the_model_lane_is_serial_and_keeps_the_order(qtbot: QtBot, runner: TaskRunner) -> None:
    order: list[int] = []
    busy = threading.Lock()

    def work(number: int) -> None:
        assert busy.acquire(blocking=False), "two model tasks ran at once"
        order.append(number)
        time.sleep(0.005)
        busy.release()

    tasks = [runner.submit(Lane.MODEL, lambda _t, _p, number=number: work(number)) for number in range(10)]
    assert [task.request_id for task in tasks] == sorted(task.request_id for task in tasks)
    qtbot.waitUntil(lambda: runner.running == 0)
    assert order == list(range(10))


def test_the_decode_lane_runs_two_at_a_time(qtbot: QtBot, runner: TaskRunner) -> None:
    both = threading.Barrier(2, timeout=5)
    for _ in range(2):
        runner.submit(Lane.DECODE, lambda _t, _p: both.wait())
    qtbot.waitUntil(lambda: runner.running == 0)
    assert not both.broken


def test_a_known_error_arrives_as_itself(qtbot: QtBot, runner: TaskRunner) -> None:
    def fail(_token: CancelToken, _progress: ProgressCallback) -> None:
        raise QueryError("The query is empty.", "Type something.")

    task = runner.submit(Lane.MODEL, fail)
    with qtbot.waitSignal(task.failed) as failed:
        pass
    assert str(failed.args[0]) == "The query is empty. Type something."


def test_a_bug_goes_to_the_crash_hook_and_the_task_still_ends(qtbot: QtBot, runner: TaskRunner) -> None:
    with capture_exceptions() as caught:
        task = runner.submit(Lane.DISK, lambda _t, _p: 1 // 0)
        with qtbot.waitSignal(task.finished):
            pass
    assert [kind for kind, _, _ in caught] == [ZeroDivisionError]


def test_cancelled_work_stops_within_a_second(qtbot: QtBot, runner: TaskRunner) -> None:
    task = runner.submit(Lane.MODEL, wait_for_cancel)
    qtbot.wait(30)
    started = time.monotonic()
    with qtbot.waitSignal(task.cancelled):
        task.cancel()
    assert time.monotonic() - started < 1
    assert not task.is_running


def test_work_cancelled_while_it_waits_never_begins(qtbot: QtBot, runner: TaskRunner) -> None:
    begun: list[str] = []
    first = runner.submit(Lane.MODEL, wait_for_cancel)
    second = runner.submit(Lane.MODEL, lambda _t, _p: begun.append("second"))
    second.cancel()
    first.cancel()
    qtbot.waitUntil(lambda: runner.running == 0)
    assert begun == []


def test_progress_is_told_and_a_flood_of_it_is_thinned(qtbot: QtBot, runner: TaskRunner) -> None:
    told: list[int] = []

    def work(_token: CancelToken, progress: ProgressCallback) -> None:
        for done in range(20_000):
            progress(Progress("Reading", done, 20_000))

    task = runner.submit(Lane.MODEL, work)
    task.progressed.connect(lambda step: told.append(step.done))
    with qtbot.waitSignal(task.finished):
        pass
    assert told == sorted(told)
    assert 0 < len(told) < 10_000
    assert told[-1] == 19_999, "the newest progress is never lost"


def test_closing_waits_for_running_work_and_ends_the_threads(runner: TaskRunner) -> None:
    before = threading.active_count()
    told: list[str] = []
    task = runner.submit(Lane.MODEL, wait_for_cancel)
    task.cancelled.connect(lambda: told.append("cancelled"))
    time.sleep(0.03)
    assert runner.close()
    assert threading.active_count() <= before
    assert told == [], "nothing is told after closing"


def test_what_is_asked_after_closing_is_not_begun(runner: TaskRunner) -> None:
    before = threading.active_count()
    begun: list[str] = []
    assert runner.close()
    for lane in Lane:
        runner.submit(lane, lambda _t, _p: begun.append("begun"))
    assert threading.active_count() <= before
    time.sleep(0.03)
    assert begun == []


def test_closing_does_not_wait_for_work_that_is_stuck(runner: TaskRunner) -> None:
    release = threading.Event()
    runner.submit(Lane.MODEL, lambda _t, _p: release.wait(10))
    time.sleep(0.03)
    started = time.monotonic()
    assert not runner.close(0.2)
    assert time.monotonic() - started < 1
    release.set()
    assert runner.close(2.0)


def test_what_is_to_be_written_is_written_even_when_the_window_closes(runner: TaskRunner) -> None:
    written: list[int] = []

    def write(number: int) -> None:
        time.sleep(0.02)
        written.append(number)

    for number in range(5):
        runner.submit(Lane.DISK, lambda token, _p, number=number: token.raise_if_cancelled() or write(number))
    assert runner.close()
    assert written == [0, 1, 2, 3, 4]


def test_a_cancelled_error_is_no_failure(qtbot: QtBot, runner: TaskRunner) -> None:
    def cancelled(_token: CancelToken, _progress: ProgressCallback) -> None:
        raise CancelledError

    task = runner.submit(Lane.MODEL, cancelled)
    failures: list[object] = []
    task.failed.connect(failures.append)
    with qtbot.waitSignal(task.finished):
        pass
    assert failures == []
