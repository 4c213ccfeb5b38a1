"""Learning rate over a run, and the pace of a long task."""

from __future__ import annotations

import math
import time

from faami_core.types import Progress


def learning_rate_factor(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over the first share ``warmup`` of the steps, then a half cosine to zero; in (0, 1]."""
    warm = max(1, round(steps * warmup))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class Pace:
    """Turns counts into ``Progress`` with rate and time left.

    Args:
        stage: What is being done.
        total: Units in all.
        done: Units finished before this run; they do not count for the rate.
    """

    def __init__(self, stage: str, total: int, done: int = 0) -> None:
        self._stage = stage
        self._total = total
        self._first = done
        self._start = time.monotonic()

    def at(self, done: int) -> Progress:
        elapsed = time.monotonic() - self._start
        rate = (done - self._first) / elapsed if elapsed > 0 and done > self._first else None
        return Progress(self._stage, done, self._total, rate, (self._total - done) / rate if rate else None)
