"""What goes wrong with the files of an index, in sentences for the analyst. None of them advises to delete anything:
marks and tags lie in the index, and nothing else has them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from faami_core.config import DATA_DIR_VARIABLE
from faami_core.errors import CollectionError

_LOG_INDEX_BYTES = 32768  # where SQLite cannot make the index of its log, it speaks of an I/O error
_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY_ERRNOS = (errno.EROFS, errno.EACCES, errno.EPERM)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
# What SQLite says on read-only media and on a full disk, where not even its shared memory file can be made.
CANNOT_WRITE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_ELSEWHERE = f"set {DATA_DIR_VARIABLE} to a folder that can be written"


class DamagedCatalogError(CollectionError):
    """The catalog of an index is not as it was written; the next index run makes it anew."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The catalog of the index in {str(folder)!r} is damaged: {reason}.",
            "Index the folder again: the catalog is made anew, with marks and tags, from what is stored beside it.",
        )


@contextlib.contextmanager
def index_errors(folder: Path) -> Iterator[None]:
    """Turns faults of disk and database under ``folder`` into sentences for the analyst."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a mistake of ours, not of the disk
    except (sqlite3.DatabaseError, OSError, UnicodeDecodeError) as error:
        raise _told(error, folder) from error


def primary_code(error: Exception) -> int:
    """SQLite's result code without its details, or 0."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _told(error: Exception, folder: Path) -> CollectionError:
    free, code = _free_bytes(folder), primary_code(error)
    number = error.errno if isinstance(error, OSError) else None
    if (
        number in _FULL_ERRNOS
        or code == sqlite3.SQLITE_FULL
        or (code == sqlite3.SQLITE_IOERR and free < _LOG_INDEX_BYTES)
    ):
        return CollectionError(
            f"The disk with the index in {str(folder)!r} is full: {free:,} bytes are free.",
            "Free some space, then index again; finished work is kept and can be searched.",
        )
    if code in _HELD:
        return CollectionError(
            f"The index in {str(folder)!r} is held by another program{_holder(folder)}.",
            "Wait until it has finished, or close it, then try again; nothing is lost.",
        )
    if number in _READ_ONLY_ERRNOS or code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return CollectionError(
            f"The index in {str(folder)!r} cannot be written: {reason}.",
            f"Get the right to write there, or {_ELSEWHERE}.",
        )
    if isinstance(error, OSError) or code == sqlite3.SQLITE_IOERR:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return CollectionError(
            f"The index in {str(folder)!r} cannot be read or written: {reason}.",
            f"Check the disk and that folder, or {_ELSEWHERE}; finished work is kept.",
        )
    return DamagedCatalogError(folder, _legible(error))


def _legible(error: Exception) -> str:
    """SQLite quotes what it finds in a damaged file, which need not be text."""
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode("utf-8", "replace").split("\0")[0]
    return str(error)


def _holder(folder: Path) -> str:
    """Which process holds a lock on a file of the catalog, where the system tells (Linux): " (rsync, process 12)"."""
    with contextlib.suppress(OSError, ValueError):
        inodes = {path.stat().st_ino for path in folder.glob("catalog.sqlite*")}
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            process, place = line.split()[4:6]
            if int(place.split(":")[-1]) in inodes and int(process) != os.getpid():
                name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
                return f" ({name}, process {process})"
    return ""


def _free_bytes(folder: Path) -> int:
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(nearest).free
