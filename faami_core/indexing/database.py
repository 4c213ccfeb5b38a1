"""The SQLite file of a catalog as a connection: to write, or only to read where nothing can be written."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from faami_core.errors import CollectionError
from faami_core.indexing import migrations

_BUSY_SECONDS = 10.0
_LOG_INDEX_BYTES = 32768  # where SQLite cannot make the index of its log, it speaks of an I/O error
_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
# What SQLite says on read-only media and on a full disk, where not even its shared memory file can be made.
_CANNOT_WRITE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


@contextlib.contextmanager
def index_errors(folder: Path) -> Iterator[None]:
    """Turns faults of disk and database under ``folder`` into sentences for the analyst."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a mistake of ours, not of the disk
    except (sqlite3.DatabaseError, OSError) as error:
        free = _free_bytes(folder)
        if _is_full(error, free):
            raise CollectionError(
                f"The disk with the index in {str(folder)!r} is full: {free:,} bytes are free.",
                "Free some space, then index again; finished work is kept and can be searched.",
            ) from error
        if isinstance(error, OSError):
            raise CollectionError(
                f"The index in {str(folder)!r} cannot be read or written: {error.strerror or error}.",
                "Check the free space and the permissions of that folder, then index again; finished work is kept.",
            ) from error
        raise CollectionError(
            f"The index in {str(folder)!r} cannot be used: {error}.",
            "Check the free space and the permissions of that folder; if it is broken, delete it and index again.",
        ) from error


class Database:
    """An open catalog file of the current version, used by one thread. Use as a context manager.

    Where it cannot be written (read-only media, full disk) it is opened to be read, without a trace on the disk.

    Args:
        path: The SQLite file.
        create: Make the file if it does not exist, and refuse to open what cannot be written.

    Raises:
        sqlite3.DatabaseError: if it is broken, or cannot be written with ``create``.
        CollectionError: if a newer program wrote it; it has not been touched.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        try:
            self._connection = _open_to_write(path)
        except sqlite3.OperationalError as error:
            if create or _primary_code(error) not in _CANNOT_WRITE:
                raise
            self._connection = _open_to_read(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; twice is fine."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self, *, of_gallery: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing; raises the generation if it changes anything. Inside another one it is part of that.

        Args:
            of_gallery: False where nothing is changed that an open gallery holds; the generation then stays.
        """
        nested = self._connection.in_transaction
        if nested:
            yield self._connection
            return
        self._connection.execute("BEGIN IMMEDIATE")
        before = self._connection.total_changes
        try:
            yield self._connection
            if of_gallery and self._connection.total_changes > before:
                self._connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def copy_to(self, other: Database) -> None:
        """Makes another catalog equal to this one."""
        self._connection.backup(other._connection)

    def rows(self, statement: str, *values: object) -> list[Any]:
        """What a SELECT finds, for modules that keep tables of their own here."""
        return self._connection.execute(statement, values).fetchall()

    @property
    def generation(self) -> int:
        """Grows with every change of what a gallery holds, by any process."""
        return int(self._one("SELECT value FROM meta WHERE key = 'generation'"))

    def _one(self, statement: str, *values: object) -> Any:
        return self._connection.execute(statement, values).fetchone()[0]


def _open_to_write(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        migrations.refuse_newer(connection)  # before anything is written
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrations.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    """As it lies there, or, if changes wait in its log or it is of an older version, as a copy in memory."""
    log = _log_of(path)
    if not log.exists() or log.stat().st_size == 0:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
        )
        try:
            migrations.refuse_newer(connection)
            if migrations.schema_version(connection) == migrations.SCHEMA_VERSION:
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    return _copy_in_memory(path)


def _copy_in_memory(path: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    with tempfile.TemporaryDirectory(prefix="faami-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        if _log_of(path).exists():
            shutil.copyfile(_log_of(path), _log_of(copy))
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as source:
            source.execute("PRAGMA journal_mode = DELETE")  # brings in the log; memory has none
            source.backup(memory)
    migrations.migrate(memory)
    memory.execute("PRAGMA query_only = ON")
    return memory


def _log_of(path: Path) -> Path:
    """SQLite's write-ahead log of a database file."""
    return path.with_name(f"{path.name}-wal")


def _primary_code(error: Exception) -> int:
    """SQLite's result code without its details, or 0."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_full(error: Exception, free: int) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL_ERRNOS
    code = _primary_code(error)
    return code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and free < _LOG_INDEX_BYTES)


def _free_bytes(folder: Path) -> int:
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(nearest).free
