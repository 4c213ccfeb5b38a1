"""What the command line needs of a terminal: a progress line, Ctrl-C that keeps work, and safely printed names."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from faami_core.types import CancelToken, Progress

_LINE_PAUSE = 5.0  # seconds between progress lines where there is no terminal to overwrite


def printable(text: str) -> str:
    """Text for a terminal: no control characters, nothing the terminal's encoding cannot show."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)


@contextmanager
def cancel_on_interrupt() -> Iterator[CancelToken]:
    """The first Ctrl-C asks the work to stop and keep what is done; a second one breaks it off."""
    token = CancelToken()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if token.cancelled:
            raise KeyboardInterrupt
        token.cancel()

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not the main thread: nobody can press Ctrl-C here
        yield token
        return
    try:
        yield token
    finally:
        signal.signal(signal.SIGINT, before)


class ProgressLine:
    """Progress on standard error: one line overwritten in place on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = -1e9
        self._stage = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._live and self._stage:
            _write("\r\x1b[K")

    def __call__(self, step: Progress) -> None:
        now = time.monotonic()
        if not self._live and step.stage == self._stage and now - self._last < _LINE_PAUSE:
            return
        self._last, self._stage = now, step.stage
        start, end = ("\r\x1b[K", "") if self._live else ("", "\n")
        _write(f"{start}{progress_text(step)}{end}")


def progress_text(step: Progress) -> str:
    """One line for a step: ``Indexing images 120/9828, 31.5/s, 5 min 8 s left``."""
    text = step.stage
    if step.done or step.total is not None:
        text += f" {step.done}" + (f"/{step.total}" if step.total is not None else "")
    if step.rate is not None:
        text += f", {step.rate:.1f}/s"
    if step.seconds_left is not None:
        minutes, seconds = divmod(round(step.seconds_left), 60)
        text += f", {f'{minutes} min ' if minutes else ''}{seconds} s left"
    return text


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
