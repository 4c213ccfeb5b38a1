"""The SQLite file of a catalog as a connection: to write, or only to read where nothing can be written."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from faami_core.indexing import migrations, soundness
from faami_core.indexing.index_faults import CANNOT_WRITE, DamagedCatalogError, index_errors, primary_code
from faami_core.indexing.write_ahead_log import with_log
from faami_core.private import private_opener

__all__ = ["Database", "index_errors"]

_BUSY_SECONDS = 10.0
_CHECKED_LOGS: set[tuple[int, int] | None] = set()  # a log that is in use for long is checked once by a process


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
        self._path = path
        self._left_over = _left_over(_log_of(path))
        try:
            self._connection = _open_to_write(path)
        except sqlite3.OperationalError as error:
            if create or primary_code(error) not in CANNOT_WRITE:
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
            changed = self._connection.total_changes > before
            if changed:
                soundness.complete_checks(self._connection)
                raised = ("commits", "generation") if of_gallery else ("commits",)
                self._connection.executemany(
                    "UPDATE meta SET value = value + 1 WHERE key = ?", [(key,) for key in raised]
                )
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        if changed:
            soundness.note_commits(self._path.parent, int(self._one("SELECT value FROM meta WHERE key = 'commits'")))

    def check(self, *, thorough: bool = False) -> None:
        """Compares what is there with what was written; see ``soundness``. Thorough after an end that was not clean.

        Raises:
            DamagedCatalogError: if something is not as it was.
        """
        folder, log = self._path.parent, self._left_over
        with index_errors(folder), soundness.reading(folder):
            thorough = thorough or not (log is None or log in _CHECKED_LOGS)
            fault = soundness.find_fault(self._connection, folder, thorough=thorough)
            _CHECKED_LOGS.add(log)
        if fault is not None:
            raise DamagedCatalogError(folder, fault)

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
    _make_private_file(path)
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


def _make_private_file(path: Path) -> None:
    """SQLite gives the files beside a database the rights of the database; what is no regular file it waits for."""
    try:
        status = path.stat()
    except FileNotFoundError:
        os.close(private_opener(str(path), os.O_RDWR | os.O_CREAT | os.O_EXCL))
        return
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, f"{path.name} is not a regular file")


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
    log = _log_of(path)
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        memory.deserialize(with_log(path.read_bytes(), log.read_bytes() if log.exists() else b""))
        migrations.migrate(memory)
        memory.execute("PRAGMA query_only = ON")
    except BaseException:
        memory.close()
        raise
    return memory


def _left_over(log: Path) -> tuple[int, int] | None:
    """Device and inode of a log that waits: of a program that was killed, or is at work right now."""
    try:
        status = log.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_size else None


def _log_of(path: Path) -> Path:
    """SQLite's write-ahead log of a database file."""
    return path.with_name(f"{path.name}-wal")
