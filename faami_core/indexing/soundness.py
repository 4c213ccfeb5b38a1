"""Whether a catalog is as it was written. SQLite itself notices damage of its own structures, not of what they hold.

- The number of rows of every table that an answer depends on is counted by triggers and compared when a gallery is
  read; so is the number of files that can be searched.
- Every item, with the path and content of its file, every root, mark and tag has a CRC-32. A change by any program
  clears that of an item or root, and the end of a transaction of ours computes it again.
- A file beside the catalog says how many transactions there were: a write-ahead log that was cut or damaged is read
  by SQLite up to that place, as if the rest had never been.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from faami_core.indexing.index_faults import DamagedCatalogError
from faami_core.private import private_opener

COMMITS_NAME = "catalog.commits"
_LONGEST = 20  # digits of a number of transactions
_TALLIED = ("file", "item", "feature", "mark", "tag")
_ITEMS = (
    "SELECT item_id, root_id, path, content, x, y, item.width, item.height, item.row_check"
    " FROM item JOIN file USING (file_id)"
)


def item_check(
    item_id: int, root_id: int, path: bytes, content: bytes | None, x: int, y: int, width: int, height: int
) -> int:
    """CRC-32 of an item and what an answer says of its file."""
    return crc32(b"%d %d %d %d %d %d %s %s" % (item_id, root_id, x, y, width, height, content or b"", path))


def note_check(place: tuple[int, ...], value: str) -> int:
    """CRC-32 of a mark or tag: file id, x, y, width, height, and what was noted."""
    return crc32(repr((*place, value)).encode("utf-8", "surrogatepass"))


def complete_checks(connection: sqlite3.Connection) -> None:
    """Computes the checks of all rows that changed."""
    rows = connection.execute(f"{_ITEMS} WHERE item.row_check IS NULL").fetchall()
    connection.executemany(
        "UPDATE item SET row_check = ? WHERE item_id = ?", [(item_check(*row[:-1]), row[0]) for row in rows]
    )
    rows = connection.execute("SELECT path, root_id FROM root WHERE row_check IS NULL").fetchall()
    connection.executemany(
        "UPDATE root SET row_check = ? WHERE root_id = ?", [(crc32(path), root_id) for path, root_id in rows]
    )


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Values of the wrong kind are damage, too.

    Raises:
        DamagedCatalogError: instead of what such values lead to.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise DamagedCatalogError(folder, f"it holds what was never written ({error})") from error


def find_fault(connection: sqlite3.Connection, folder: Path, *, thorough: bool) -> str | None:
    """What is wrong with a catalog, or None.

    Args:
        connection: Open catalog.
        folder: Its folder.
        thorough: Look at its structure and every item, too: about a second for 100,000 images.

    Raises:
        sqlite3.DatabaseError: if SQLite itself stumbles over it.
    """
    noted = noted_commits(folder)  # before the catalog is: another process may be writing
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    commits, _generation, _version = (int(meta[key]) for key in ("commits", "generation", "annotations"))
    if commits < noted:
        return f"its last changes are lost ({commits:,} of {noted:,} transactions are there)"
    if thorough:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            return str(found) if found != "ok" else "rows refer to others that are not there"
    roots = connection.execute("SELECT path, row_check FROM root WHERE row_check IS NOT NULL")
    if any(crc32(path) != check for path, check in roots):
        return "the path of a folder is not as it was written"
    if thorough:
        items = connection.execute(f"{_ITEMS} WHERE item.row_check IS NOT NULL")
        if any(item_check(*row[:-1]) != row[-1] for row in items):
            return "the path or content of a file is not as it was written"
        for table in ("mark", "tag"):
            notes = (
                f"SELECT file_id, x, y, width, height, {table}, row_check FROM {table} WHERE row_check IS NOT NULL"
            )
            if any(note_check(tuple(place), value) != check for *place, value, check in connection.execute(notes)):
                return f"a {table} is not as it was written"
    return _miscounted(connection)


def _miscounted(connection: sqlite3.Connection) -> str | None:
    tally = dict(connection.execute("SELECT name, rows FROM tally"))
    for table in _TALLIED:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if count != tally[table]:
            return f"of the rows of {table!r} {count:,} are there instead of {tally[table]:,}"
    of_models = "SELECT sum((SELECT count(*) FROM feature WHERE feature.model_id = model.model_id)) FROM model"
    if (connection.execute(of_models).fetchone()[0] or 0) != tally["feature"]:
        return "rows of features are not found where they belong"
    searchable = "SELECT count(*) FROM file WHERE state = 'seen' AND offline_since IS NULL"
    if connection.execute(searchable).fetchone()[0] != tally["searchable"]:
        return "states of files are not as they were written"
    return None


def note_commits(folder: Path, commits: int) -> None:
    """Writes down how many transactions there were. Not durable: after a power cut it may say less, never more."""
    with contextlib.suppress(OSError):
        handle = private_opener(str(folder / COMMITS_NAME), os.O_WRONLY | os.O_CREAT)
        try:
            os.write(handle, b"%020d\n" % commits)
        finally:
            os.close(handle)


def noted_commits(folder: Path) -> int:
    """How many transactions there were at least; 0 where that is not known."""
    with contextlib.suppress(OSError, ValueError):
        handle = private_opener(str(folder / COMMITS_NAME), os.O_RDONLY)
        try:
            return int(os.read(handle, _LONGEST))
        finally:
            os.close(handle)
    return 0
