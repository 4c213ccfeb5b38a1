"""The crash log: what we did not foresee goes to a file, with one notice in the window, and the app goes on."""

from __future__ import annotations

import faulthandler
import re
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO

# Qt's binding puts this before the words of what went wrong in a paint event or a model, once for every call.
_OVERRIDE = re.compile(r"(Error calling Python override of [\w:]+\(\): )+")
_LIMIT_BYTES = 1 << 20  # an exception in a paint event repeats; the log must not fill the disk


class CrashLog:
    """Catches exceptions of slots, events and threads, and faults of the interpreter.

    Args:
        folder: The data folder; the log is ``<folder>/crash.log``.
        version: Written with every entry.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.path = folder / "crash.log"
        self._version = version
        self._notify: Callable[[str], None] | None = None
        self._seen: set[tuple[type[BaseException], str, int]] = set()
        self.size_at_start = 0
        self._file: IO[str] | None = None
        self._hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Takes over the hooks."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > _LIMIT_BYTES:
            self.path.replace(self.path.with_suffix(".old.log"))
        self._file = self.path.open("a", encoding="utf-8")
        self.size_at_start = self.path.stat().st_size
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._catch
        threading.excepthook = self._catch_in_thread
        faulthandler.enable(self._file)

    def uninstall(self) -> None:
        """Gives the hooks back and closes the file."""
        sys.excepthook, threading.excepthook = self._hooks
        faulthandler.disable()
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def file(self) -> IO[str] | None:
        """The open log, for the heartbeat's stacks."""
        return self._file

    def tell(self, notify: Callable[[str], None]) -> None:
        """Calls ``notify(last line)`` once for each new kind of crash, in the GUI thread."""
        self._notify = notify

    def write(self, heading: str, text: str) -> None:
        """Adds an entry."""
        if self._file is None or self._file.tell() > _LIMIT_BYTES:
            return
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        self._file.write(f"--- {stamp} faami-explorer {self._version}: {heading}\n{text}\n")
        self._file.flush()

    def _catch(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        place = traceback.extract_tb(trace)[-1:]
        key = (kind, place[0].filename, place[0].lineno or 0) if place else (kind, "", 0)
        if key in self._seen:
            return  # what fails while painting fails in every cell and with every frame
        self._seen.add(key)
        self.write("exception", "".join(traceback.format_exception(kind, error, trace)))
        sys.__excepthook__(kind, error, trace)
        if self._notify is not None and threading.current_thread() is threading.main_thread():
            self._notify(f"{kind.__name__}: {_OVERRIDE.sub('', str(error))}")

    def _catch_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._catch(args.exc_type, args.exc_value, args.exc_traceback)
