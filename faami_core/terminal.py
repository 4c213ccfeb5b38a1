"""What the command line needs of a terminal: text that is safe to print, a progress line, Ctrl-C that keeps work."""

from __future__ import annotations

import argparse
import codecs
import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from faami_core.errors import ExportError

if TYPE_CHECKING:
    from faami_core.types import CancelToken, Progress

_LINE_PAUSE = 5.0  # seconds between progress lines where there is no terminal to overwrite
_PLAIN = "faami-plain"  # what stands in for characters that an encoding does not have
_LOOK_ALIKES = str.maketrans({
    "×": "x", "…": "...", "·": "-", "–": "-", "—": "-", "\N{MINUS SIGN}": "-", "→": "->",
    "“": '"', "”": '"', "‘": "'", "’": "'",
})  # fmt: skip


class OutputClosedError(Exception):
    """Whoever read standard output has gone (``| head``): nothing is wrong, and nobody is left to tell."""


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """An encoding error handler: a look-alike where there is one, else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_LOOK_ALIKES)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error(_PLAIN, _plain)


def prepare_streams() -> None:
    """Standard output and error take any text in any encoding; where one was closed, what is written goes nowhere."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            # The number must not go to the next file that is opened: libraries write there.
            with suppress(OSError):
                null = os.open(os.devnull, os.O_WRONLY)
                if null != number:
                    os.dup2(null, number)
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole run
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN)


def printable(text: str) -> str:
    """Text for a terminal: no control characters, nothing the terminal's encoding cannot show."""
    shown = text
    if not text.isprintable():
        shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return shown.encode(encoding, _PLAIN).decode(encoding)


def say(text: str) -> None:
    """Prints lines to standard output, safely.

    Raises:
        OutputClosedError: if its reader has gone.
        ExportError: if it cannot be written, e.g. because the disk is full.
    """
    with _output():
        sys.stdout.write(f"{_safe(text)}\n")


def say_bytes(data: bytes) -> None:
    """Writes the bytes of a file to standard output as they are; errors as of ``say``."""
    with _output():
        sys.stdout.flush()
        sys.stdout.buffer.write(data)


def flush_output() -> None:
    """Writes what waits in memory; errors as of ``say``."""
    with _output():
        sys.stdout.flush()


def tell(text: str) -> None:
    """Prints lines to standard error, safely; what cannot be told is dropped."""
    _write(f"{_safe(text)}\n")


def drop_output() -> None:
    """Sends what is still to be written nowhere, so that the end of the process cannot fail at it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Parser(argparse.ArgumentParser):
    """Tells usage errors without what a terminal would take for a command."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with exit code 2."""
        super().error(printable(message))


@contextmanager
def _output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosedError from error
    except OSError as error:
        raise ExportError(
            f"Standard output cannot be written: {error.strerror or error}.", "Send it to another place."
        ) from error


def _safe(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


@contextmanager
def cancel_on_interrupt() -> Iterator[CancelToken]:
    """The first Ctrl-C asks the work to stop and keep what is done; a second one breaks it off."""
    from faami_core.types import CancelToken  # late: the parser alone needs no NumPy

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
    """To standard error; there is no better place to tell that it is full or gone."""
    if sys.stderr is None:  # a program without a terminal
        return
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()
