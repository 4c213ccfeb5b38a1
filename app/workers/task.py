"""The only place of the app where a thread starts.

Work runs in lanes: *model* is serial because one model lane call at a time may reach ``Session``, *disk* writes
exports and marks, one after the other and to the end even when the window closes, *decode* reads pixels for the
screen, *watch* lists folders, which a drive may keep waiting while marks must not. A job sees nothing of Qt; what it
reports travels through one mailbox to the GUI thread, where the ``Task`` emits its signals. So no slot ever runs in
a foreign thread.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from faami_core.errors import CancelledError, FaamiError
from faami_core.types import CancelToken, Progress, ProgressCallback

Work = Callable[[CancelToken, ProgressCallback], Any]


class Lane(StrEnum):
    """A queue of work with its own threads."""

    MODEL = "model"
    DISK = "disk"
    DECODE = "decode"
    WATCH = "watch"


_WRITING_SECONDS = 30.0  # a window that closes waits this long for what is being written
# Two decoders keep up with scrolling on the two cores we promise; more would starve the model lane.
_WIDTH = {Lane.MODEL: 1, Lane.DISK: 1, Lane.DECODE: 2, Lane.WATCH: 1}


class Task(QObject):
    """A piece of work as the GUI thread sees it; all signals are emitted in the GUI thread.

    Attributes:
        request_id: Grows with every task, so that an older answer can be told from a newer one.
        lane: Where it runs.
        token: Cancels the work.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    def __init__(self, request_id: int, lane: Lane) -> None:
        super().__init__()
        self.request_id = request_id
        self.lane = lane
        self.token = CancelToken()
        self.is_running = True

    def cancel(self) -> None:
        """Asks the work to stop; ``cancelled`` follows, or ``succeeded`` when it was done before it noticed."""
        self.token.cancel()


@dataclass
class _Job:
    """The part of a task that a worker thread touches."""

    request_id: int
    work: Work
    token: CancelToken


@dataclass
class _Mail:
    """Messages on their way to the GUI thread; of the progress of a task only the newest is kept."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    outcomes: deque[tuple[int, str, Any]] = field(default_factory=deque)
    progress: dict[int, Progress] = field(default_factory=dict)
    closed: bool = False


class _LaneThreads:
    """One queue and up to ``width`` threads, started when there is work for them."""

    def __init__(self, lane: Lane, deliver: Callable[[_Job], None]) -> None:
        self._lane = lane
        self._deliver = deliver
        self._changed = threading.Condition()
        self._queue: deque[_Job] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._stopping = False

    def put(self, job: _Job) -> None:
        with self._changed:
            if self._stopping:
                return  # the last paint of a closing window may still ask for a thumbnail
            self._queue.append(job)
            if self._idle < len(self._queue) and len(self._threads) < _WIDTH[self._lane]:
                name = f"{self._lane}-{len(self._threads)}"
                # Daemon: a call stuck in a driver must not keep the process alive after the window is gone.
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def stop(self, *, drop_waiting: bool) -> None:
        """Ends the threads after the work at hand, or after all that waits."""
        with self._changed:
            self._stopping = True
            if drop_waiting:
                self._queue.clear()
            self._changed.notify_all()

    def join(self, deadline: float) -> bool:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._queue and not self._stopping:
                    self._changed.wait()
                self._idle -= 1
                if not self._queue:
                    return
                job = self._queue.popleft()
            self._deliver(job)


class TaskRunner(QObject):
    """Runs work in lanes and hands its outcome to the GUI thread. Lives in the GUI thread."""

    moved = Signal()  # something was reported; a standstill guard listens
    _mail_waits = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids = itertools.count(1)
        self._tasks: dict[int, Task] = {}
        self._mail = _Mail()
        self._lanes = {lane: _LaneThreads(lane, self._run_job) for lane in Lane}
        self._mail_waits.connect(self._open_mail, Qt.ConnectionType.QueuedConnection)

    def submit(self, lane: Lane, work: Work) -> Task:
        """Queues ``work(token, progress)``; connect the task's signals before control returns to the event loop."""
        task = Task(next(self._ids), lane)
        self._tasks[task.request_id] = task
        self._lanes[lane].put(_Job(task.request_id, work, task.token))
        return task

    @property
    def running(self) -> int:
        """Tasks queued or running."""
        return len(self._tasks)

    def close(self, seconds: float = 1.8) -> bool:
        """Cancels everything but writing, and waits for the threads.

        Args:
            seconds: How long to wait for what was cancelled; what is being written gets longer.

        Returns:
            Whether all ended in time.
        """
        for task in self._tasks.values():
            if task.lane is not Lane.DISK:
                task.cancel()
        for lane, threads in self._lanes.items():
            threads.stop(drop_waiting=lane is not Lane.DISK)
        deadline = time.monotonic() + seconds
        ended = [
            threads.join(deadline + (_WRITING_SECONDS if lane is Lane.DISK else 0))
            for lane, threads in self._lanes.items()
        ]
        with self._mail.lock:
            self._mail.closed = True
            self._mail.outcomes.clear()
            self._mail.progress.clear()
        self._tasks.clear()
        return all(ended)

    # --- in worker threads ---------------------------------------------------------------------------------

    def _run_job(self, job: _Job) -> None:
        try:
            job.token.raise_if_cancelled()
            value = job.work(job.token, lambda progress: self._post_progress(job.request_id, progress))
        except CancelledError:
            self._post(job.request_id, "cancelled", None)
        except FaamiError as error:
            self._post(job.request_id, "failed", error)
        except BaseException as error:  # a bug of ours: told in the GUI thread, where the crash log is
            self._post(job.request_id, "crashed", error)
        else:
            self._post(job.request_id, "succeeded", value)

    def _post(self, request_id: int, kind: str, value: Any) -> None:
        with self._mail.lock:
            if self._mail.closed:
                return
            self._mail.outcomes.append((request_id, kind, value))
            self._mail_waits.emit()

    def _post_progress(self, request_id: int, progress: Progress) -> None:
        with self._mail.lock:
            if self._mail.closed:
                return
            first = request_id not in self._mail.progress
            self._mail.progress[request_id] = progress
            if first:
                self._mail_waits.emit()

    # --- in the GUI thread ---------------------------------------------------------------------------------

    @Slot()
    def _open_mail(self) -> None:
        with self._mail.lock:
            progress, self._mail.progress = self._mail.progress, {}
            outcomes, self._mail.outcomes = self._mail.outcomes, deque()
        for request_id, step in progress.items():
            if request_id in self._tasks:
                self._tasks[request_id].progressed.emit(step)
        for request_id, kind, value in outcomes:
            task = self._tasks.pop(request_id, None)
            if task is not None:
                _finish(task, kind, value)
        self.moved.emit()


def _finish(task: Task, kind: str, value: Any) -> None:
    task.is_running = False
    try:
        if kind == "succeeded":
            task.succeeded.emit(value)
        elif kind == "failed":
            task.failed.emit(value)
        elif kind == "cancelled":
            task.cancelled.emit()
        else:
            sys.excepthook(type(value), value, value.__traceback__)
    finally:
        task.finished.emit()
        task.deleteLater()
