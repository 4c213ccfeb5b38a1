"""Signals that ask the program to end: Ctrl-C, ``kill``, a closed terminal. The window closes as if by hand."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class StopSignals:
    """Takes the signals over before anything of Qt is there: an exception out of half-built widgets ends in C++.

    Attributes:
        received: Whether one has come; what is being started asks for it.
    """

    def __init__(self) -> None:
        self.received = False
        self._close: Callable[[], None] | None = None

    def install(self) -> None:
        """Takes the signals over, but for those that the parent (``nohup``) wants ignored."""
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def call(self, close: Callable[[], None]) -> None:
        """Calls this for each signal from now on, and now if one has come."""
        self._close = close
        if self.received:
            close()

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self.received = True
        if self._close is not None:
            self._close()
