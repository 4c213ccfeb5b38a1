"""The crash log: what we did not foresee goes to a file, with one notice in the window, and the app goes on."""

from __future__ import annotations

import faulthandler
import os
import re
import stat
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO

from faami_core.terminal import tell

# Qt's binding puts this before the words of what went wrong in a paint event or a model, once for every call.
_OVERRIDE = re.compile(r"(Error calling Python override of [\w:]+\(\): )+")
_LIMIT_BYTES = 1 << 20  # an exception in a paint event repeats; the log must not fill the disk
_SENTENCE_LIMIT = 300  # characters of an exception that a notice has room for


class CrashLog:
    """Catches exceptions of slots, events and threads, and faults of the interpreter.

    Args:
        folder: The data folder; the log is ``<folder>/crash.log``.
        version: Written with every entry.

    Attributes:
        problem: Why there is no log file, "" where there is one; exceptions are then told in the window alone.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.path = folder / "crash.log"
        self.problem = ""
        self._version = version
        self._notify: Callable[[str], None] | None = None
        self._seen: set[tuple[type[BaseException], str, int]] = set()
        self.size_at_start = 0
        self._file: IO[str] | None = None
        self._hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Takes over the hooks, and opens the file where it can be written."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = _open_log(self.path)
            self.size_at_start = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            self.problem = f"The crash log {self.path} cannot be written: {error.strerror}."
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._catch
        threading.excepthook = self._catch_in_thread
        with suppress(OSError, ValueError, RuntimeError, AttributeError):  # a program without a terminal
            faulthandler.enable(self._file or sys.stderr)

    def uninstall(self) -> None:
        """Gives the hooks back and closes the file."""
        sys.excepthook, threading.excepthook = self._hooks
        faulthandler.disable()
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def file(self) -> IO[str] | None:
        """The open log, for the heartbeat's stacks; None where it cannot be written."""
        return self._file

    def tell(self, notify: Callable[[str], None]) -> None:
        """Calls ``notify(last line)`` once for each new kind of crash, in the thread where it happened."""
        self._notify = notify

    def write(self, heading: str, text: str) -> None:
        """Adds an entry; a full disk costs the entry."""
        with suppress(OSError, ValueError):
            if self._file is None or self._file.tell() > _LIMIT_BYTES:
                return
            stamp = datetime.now(UTC).isoformat(timespec="seconds")
            self._file.write(f"--- {stamp} faami-explorer {self._version}: {heading}\n{text}\n")
            self._file.flush()

    def _catch(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Tells of an exception in three places, each by itself: what fails while it is told must not end it all."""
        place = traceback.extract_tb(trace)[-1:]
        key = (kind, place[0].filename, place[0].lineno or 0) if place else (kind, "", 0)
        if key in self._seen:
            return  # what fails while painting fails in every cell and with every frame
        self._seen.add(key)
        with suppress(Exception):
            self.write("exception", "".join(traceback.format_exception(kind, error, trace)))
        with suppress(Exception):
            tell("".join(traceback.format_exception(kind, error, trace)).rstrip())
        with suppress(Exception):
            if self._notify is not None:
                self._notify(sentence_of(error))

    def _catch_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._catch(args.exc_type, args.exc_value, args.exc_traceback)


def sentence_of(error: BaseException) -> str:
    """Kind and words of an exception, whatever its ``__str__`` does."""
    try:
        words = _OVERRIDE.sub("", str(error))
    except Exception:
        words = "it cannot say what"
    words = words if len(words) <= _SENTENCE_LIMIT else f"{words[:_SENTENCE_LIMIT]} …"
    return f"{type(error).__name__}: {words}"


def _open_log(path: Path) -> IO[str]:
    """Opens the log for adding, readable to its owner alone; a long one is put aside.

    Raises:
        OSError: It cannot be written, or is a link, a pipe (which would wait for a reader) or a device.
    """
    with suppress(OSError):
        if path.stat().st_size > _LIMIT_BYTES:
            path.replace(path.with_suffix(".old.log"))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    for careful in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"):
        flags |= getattr(os, careful, 0)  # not on Windows
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
    except BaseException:
        os.close(descriptor)
        raise
