"""The pace of a long task: counts become progress with a rate and the time left."""

from __future__ import annotations

import time
from collections import deque

from faami_core.types import Progress

_WINDOW = 10.0  # seconds over which the rate is told, so that it follows a machine whose speed changes


class Pace:
    """Measures one stage.

    Args:
        stage: What is being done.
        total: Units in all.
        done: Units finished before this run; they do not count for the rate.
    """

    def __init__(self, stage: str, total: int, done: int = 0) -> None:
        self._stage = stage
        self._total = total
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), done)])

    def at(self, done: int) -> Progress:
        """Progress with ``done`` units finished."""
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > _WINDOW:
            self._marks.popleft()
        since, before = self._marks[0]
        rate = (done - before) / (now - since) if now > since and done > before else None
        return Progress(self._stage, done, self._total, rate, (self._total - done) / rate if rate else None)
