"""Watches the event loop: how late it beats, and all stacks in the log when it stands still for 3 s."""

from __future__ import annotations

import faulthandler
import time
from collections import deque
from typing import IO

from PySide6.QtCore import QObject, Qt, QTimer, Signal

_BEAT_MS = 250
_BLOCKED_SECONDS = 3.0
_KEPT = 2400  # ten minutes of beats


class Heartbeat(QObject):
    """Beats four times a second.

    The interpreter's own watchdog writes the stacks: every beat winds it up again, so that it runs out only when
    no beat comes. No thread of ours is needed, and it works while the interpreter lock is held. When the loop beats
    again, ``stood_still`` tells for how long it did not.

    Args:
        log: Open file for the stacks; None for none.
        blocked_seconds: How long a standstill is worth an entry.
    """

    stood_still = Signal(float)  # seconds

    def __init__(
        self, log: IO[str] | None, *, blocked_seconds: float = _BLOCKED_SECONDS, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._log = log
        self._blocked_seconds = blocked_seconds
        self._due = 0.0
        self._lateness: deque[float] = deque(maxlen=_KEPT)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    @property
    def lateness(self) -> tuple[float, ...]:
        """Seconds each beat came late, oldest first."""
        return tuple(self._lateness)

    def start(self) -> None:
        self._due = time.perf_counter() + _BEAT_MS / 1000
        self._timer.start()
        self._wind_up()

    def stop(self) -> None:
        self._timer.stop()
        faulthandler.cancel_dump_traceback_later()

    def _beat(self) -> None:
        now = time.perf_counter()
        self._lateness.append(max(0.0, now - self._due))
        self._due = now + _BEAT_MS / 1000
        self._wind_up()
        if self._lateness[-1] >= self._blocked_seconds:
            self.stood_still.emit(self._lateness[-1])

    def _wind_up(self) -> None:
        if self._log is not None:
            faulthandler.dump_traceback_later(self._blocked_seconds, repeat=False, file=self._log)
