"""One writer per collection. The lock is the operating system's own, so it dies with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from faami_core.errors import CollectionError
from faami_core.private import make_private_folder, private_opener

LOCK_NAME = "writer.lock"


class WriterLock:
    """Context manager: held while a process writes to the index in ``folder``.

    Raises:
        CollectionError: on entry, if another process (or another session of this one) holds it; it names the process.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> WriterLock:
        make_private_folder(self._path.parent)
        stream = open(self._path, "a+b", buffering=0, opener=private_opener)
        try:
            _acquire(stream)
        except OSError as error:
            stream.seek(1)
            owner = stream.read(32).decode("ascii", "replace").strip()
            stream.close()
            raise CollectionError(
                f"This collection is being indexed by another process{f' ({owner})' if owner else ''}.",
                "Wait until it has finished, or close the other window.",
            ) from error
        self._stream = stream
        with contextlib.suppress(OSError):  # a full disk bars the name, not the lock
            stream.truncate(0)
            stream.write(f" process {os.getpid()}".encode("ascii"))
        return self

    def check(self) -> None:
        """Makes sure that the folder is still where it was; written there now, a file would part from its catalog.

        Raises:
            CollectionError: if the folder was renamed, moved or removed while it was held.
        """
        assert self._stream is not None
        try:
            in_place = os.path.samestat(self._path.stat(), os.fstat(self._stream.fileno()))
        except OSError:
            in_place = False
        if not in_place:
            raise CollectionError(
                f"The folder of the index, {str(self._path.parent)!r}, was renamed or removed while it was written.",
                "Put it back to where it was, then index again; finished work is kept.",
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()  # closing the file gives the lock back
            self._stream = None


if sys.platform == "win32":
    import msvcrt

    def _acquire(stream: IO[bytes]) -> None:
        """Locks the first byte; the owner's name is written behind it because Windows bars reading a locked byte."""
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _acquire(stream: IO[bytes]) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
