"""The SQLite record of a collection: the truth about what was seen and where its features lie.

A ``Catalog`` is one connection, used by one thread. Readers never wait for the writer (WAL). Every writing
transaction raises the *generation*, so that a reader knows in one look-up whether what it holds is still current.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from faami_core.errors import CollectionError
from faami_core.indexing import migrations
from faami_core.indexing.records import (
    Counts,
    DecodedFile,
    FailedFile,
    FoundFile,
    GalleryRows,
    KnownFile,
    PendingFile,
    ScanDiff,
    ShardRecord,
)
from faami_core.types import ModelInfo, UnreadableImage

CATALOG_NAME = "catalog.sqlite"
_BUSY_SECONDS = 10.0


@contextlib.contextmanager
def index_errors(folder: Path) -> Iterator[None]:
    """Turns faults of disk and database under ``folder`` into sentences for the analyst."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a mistake of ours, not of the disk
    except sqlite3.DatabaseError as error:
        raise CollectionError(
            f"The index in {str(folder)!r} cannot be used: {error}.",
            "Check the free space and the permissions of that folder; if it is broken, delete it and index again.",
        ) from error
    except OSError as error:
        raise CollectionError(
            f"The index in {str(folder)!r} cannot be read or written: {error.strerror or error}.",
            "Check the free space and the permissions of that folder, then index again; finished work is kept.",
        ) from error


class Catalog:
    """An open catalog. Use as a context manager.

    Args:
        folder: Folder of the index of one collection.
        create: Make folder and catalog if they do not exist.

    Raises:
        CollectionError: if there is no catalog, it is broken, or a newer program wrote it.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        path = folder / CATALOG_NAME
        if not create and not path.is_file():
            raise CollectionError("This folder has not been indexed yet.", "Index it first.")
        with index_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                migrations.refuse_newer(self._connection)  # before anything is written
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
                migrations.migrate(self._connection)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Catalog:
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
        """All or nothing; raises the generation if it changes anything.

        Args:
            of_gallery: False where nothing is changed that an open gallery holds; the generation then stays.
        """
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

    def rows(self, statement: str, *values: object) -> list[Any]:
        """What a SELECT finds, for modules that keep tables of their own here."""
        return self._connection.execute(statement, values).fetchall()

    @property
    def generation(self) -> int:
        """Grows with every change of what a gallery holds, by any process."""
        return int(self._one("SELECT value FROM meta WHERE key = 'generation'"))

    # --- roots and files -----------------------------------------------------------------------------------

    def add_root(self, path: Path) -> int:
        """Id of a root folder, entered if it is new."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO root (path) VALUES (?)", (os.fsencode(path),))
        return int(self._one("SELECT root_id FROM root WHERE path = ?", os.fsencode(path)))

    def root_device(self, root_id: int) -> int | None:
        """Device number of the root at its last scan, or None before the first."""
        device = self._one("SELECT device FROM root WHERE root_id = ?", root_id)
        return None if device is None else int(device)

    def known_files(self, root_id: int) -> dict[bytes, KnownFile]:
        """All files of a root by relative path."""
        rows = self._connection.execute(
            "SELECT file_id, path, size, mtime_ns, content, offline_since IS NOT NULL FROM file WHERE root_id = ?",
            (root_id,),
        )
        return {row[1]: KnownFile(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows}

    def apply_scan(self, root_id: int, diff: ScanDiff, device: int | None) -> None:
        """Makes the files of a root equal to what a scan found; features of changed and removed files go."""
        now = _now()
        with self.transaction() as connection:
            _forget_items(connection, [file_id for file_id, _ in diff.changed])
            # moved files first leave their old names, so that swapped names cannot clash
            connection.executemany(
                "UPDATE file SET path = ? WHERE file_id = ?",
                [(b"\0%d" % file_id, file_id) for file_id, _ in diff.moved],
            )
            connection.executemany("DELETE FROM file WHERE file_id = ?", [(file_id,) for file_id in diff.removed])
            connection.executemany(
                "UPDATE file SET content = NULL, width = NULL, height = NULL, state = ?, reason = ?"
                " WHERE file_id = ?",
                [(_state(found), found.problem, file_id) for file_id, found in diff.changed],
            )
            connection.executemany(
                "UPDATE file SET path = ?, size = ?, mtime_ns = ?, offline_since = NULL WHERE file_id = ?",
                [
                    (found.path, found.size, found.mtime_ns, file_id)
                    for file_id, found in (*diff.changed, *diff.touched, *diff.moved)
                ],
            )
            connection.executemany(
                "INSERT INTO file (root_id, path, size, mtime_ns, state, reason, first_seen)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(root_id, f.path, f.size, f.mtime_ns, _state(f), f.problem, now) for f in diff.added],
            )
            connection.executemany(
                "UPDATE file SET offline_since = NULL WHERE file_id = ?", [(file_id,) for file_id in diff.returned]
            )
            connection.executemany(
                "UPDATE file SET offline_since = coalesce(offline_since, ?) WHERE file_id = ?",
                [(now, file_id) for file_id in diff.offline],
            )
            connection.execute(
                "UPDATE root SET device = coalesce(?, device), scanned_at = ? WHERE root_id = ?",
                (device, now, root_id),
            )

    def retry_unreadable(self) -> None:
        """Lets the next run try every unreadable file again."""
        with self.transaction() as connection:
            connection.execute("UPDATE file SET state = 'seen', reason = NULL WHERE state = 'unreadable'")

    # --- models, features ----------------------------------------------------------------------------------

    def add_model(self, info: ModelInfo) -> int:
        """Id of a model, entered if it is new."""
        config = {
            "image_size": info.image_size,
            "width": info.width,
            "grids": [[grid.scale, grid.rows, grid.columns] for grid in info.grids],
        }
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO model (fingerprint, name, config, created) VALUES (?, ?, ?, ?)",
                (info.fingerprint, info.name, json.dumps(config), _now()),
            )
        model_id = self.find_model(info.fingerprint)
        assert model_id is not None
        return model_id

    def find_model(self, fingerprint: str) -> int | None:
        """Id of a model, or None if the collection was never indexed with it."""
        row = self._connection.execute("SELECT model_id FROM model WHERE fingerprint = ?", (fingerprint,)).fetchone()
        return None if row is None else int(row[0])

    def models(self) -> dict[str, int]:
        """Ids of all models the collection was ever indexed with, by fingerprint."""
        return dict(self._connection.execute("SELECT fingerprint, model_id FROM model"))

    def pending(self, model_id: int) -> list[PendingFile]:
        """Reachable, readable files without features of the model, in order of path."""
        rows = self._connection.execute(
            """
            SELECT file.file_id, root.path, file.path FROM file JOIN root USING (root_id)
            WHERE file.state = 'seen' AND file.offline_since IS NULL AND (
              NOT EXISTS (SELECT 1 FROM item WHERE item.file_id = file.file_id)
              OR EXISTS (
                SELECT 1 FROM item
                LEFT JOIN feature ON feature.item_id = item.item_id AND feature.model_id = ?
                WHERE item.file_id = file.file_id AND feature.item_id IS NULL))
            ORDER BY root.path, file.path
            """,
            (model_id,),
        )
        return [PendingFile(file_id, _join(root, path)) for file_id, root, path in rows]

    def record_files(self, decoded: Iterable[DecodedFile], failed: Iterable[FailedFile]) -> dict[int, int]:
        """Writes down what decoding found out about files.

        Returns:
            The item of each decoded file, by file id. A chip is one item: its whole image.
        """
        items: dict[int, int] = {}
        with self.transaction() as connection:
            for file in decoded:
                stored = connection.execute("SELECT content FROM file WHERE file_id = ?", (file.file_id,)).fetchone()
                if stored[0] is not None and stored[0] != file.content:
                    _forget_items(connection, [file.file_id])
                connection.execute(
                    "UPDATE file SET content = ?, size = ?, mtime_ns = ?, width = ?, height = ?, state = 'seen',"
                    " reason = NULL WHERE file_id = ?",
                    (file.content, file.size, file.mtime_ns, file.width, file.height, file.file_id),
                )
                row = connection.execute(
                    "INSERT INTO item (file_id, x, y, width, height) VALUES (?, 0, 0, ?, ?)"
                    " ON CONFLICT DO UPDATE SET file_id = excluded.file_id RETURNING item_id",
                    (file.file_id, file.width, file.height),
                ).fetchone()
                items[file.file_id] = int(row[0])
            for failure in failed:
                _forget_items(connection, [failure.file_id])
                connection.execute(
                    "UPDATE file SET state = 'unreadable', reason = ?, content = coalesce(?, content),"
                    " size = coalesce(?, size), mtime_ns = coalesce(?, mtime_ns) WHERE file_id = ?",
                    (failure.reason, failure.content, failure.size, failure.mtime_ns, failure.file_id),
                )
        return items

    def add_shard(self, model_id: int, shard: ShardRecord, item_ids: Iterable[int]) -> None:
        """Names a complete shard and, in the same transaction, its rows."""
        with self.transaction() as connection:
            row = connection.execute(
                "INSERT INTO shard (model_id, name, rows, bytes, sha256, created) VALUES (?, ?, ?, ?, ?, ?)"
                " RETURNING shard_id",
                (model_id, shard.name, shard.rows, shard.size, shard.sha256, _now()),
            ).fetchone()
            connection.executemany(
                "INSERT INTO feature (model_id, item_id, shard_id, shard_row) VALUES (?, ?, ?, ?)",
                [(model_id, int(item_id), row[0], position) for position, item_id in enumerate(item_ids)],
            )

    def shards(self, model_id: int) -> dict[str, ShardRecord]:
        """The shards of a model by file name."""
        rows = self._connection.execute("SELECT name, rows, bytes, sha256 FROM shard WHERE model_id = ?", (model_id,))
        return {row[0]: ShardRecord(*row) for row in rows}

    def drop_shards(self, model_id: int, names: Iterable[str]) -> None:
        """Forgets shards whose files are lost; their images become pending again."""
        with self.transaction() as connection:
            connection.executemany(
                "DELETE FROM shard WHERE model_id = ? AND name = ?", [(model_id, name) for name in names]
            )

    def gallery(self, model_id: int) -> GalleryRows:
        """Everything that can be searched with a model, in order of path."""
        names = list(self.shards(model_id))
        number = {name: index for index, name in enumerate(names)}
        rows = self._connection.execute(
            """
            SELECT item.item_id, root.path, file.path, item.width, item.height, shard.name, feature.shard_row
            FROM feature JOIN item USING (item_id) JOIN file USING (file_id) JOIN root USING (root_id)
            JOIN shard USING (shard_id)
            WHERE feature.model_id = ? AND file.offline_since IS NULL AND file.state = 'seen'
            ORDER BY root.path, file.path, item.y, item.x, item.item_id
            """,
            (model_id,),
        ).fetchall()
        return GalleryRows(
            item_ids=np.array([row[0] for row in rows], dtype=np.int64),
            paths=tuple(_join(row[1], row[2]) for row in rows),
            sizes=np.array([row[3:5] for row in rows], dtype=np.int32).reshape(-1, 2),
            shard_names=tuple(names),
            shard_of=np.array([number[row[5]] for row in rows], dtype=np.int32),
            row_of=np.array([row[6] for row in rows], dtype=np.int64),
        )

    # --- reports -------------------------------------------------------------------------------------------

    def counts(self, model_id: int) -> Counts:
        """How many files are in which state; a file counts once, offline before unreadable."""
        seen, unreadable, offline = self._connection.execute(
            "SELECT count(*), coalesce(sum(state = 'unreadable' AND offline_since IS NULL), 0),"
            " count(offline_since) FROM file"
        ).fetchone()
        indexed = self._one(
            "SELECT count(DISTINCT item.file_id) FROM feature JOIN item USING (item_id) JOIN file USING (file_id)"
            " WHERE feature.model_id = ? AND file.offline_since IS NULL AND file.state = 'seen'",
            model_id,
        )
        return Counts(seen, int(indexed), unreadable, offline)

    def unreadable(self) -> tuple[UnreadableImage, ...]:
        """Reachable files that cannot be read, in order of path, each with its reason."""
        rows = self._connection.execute(
            "SELECT root.path, file.path, reason FROM file JOIN root USING (root_id)"
            " WHERE state = 'unreadable' AND offline_since IS NULL ORDER BY root.path, file.path"
        )
        return tuple(UnreadableImage(Path(os.fsdecode(_join(root, path))), reason) for root, path, reason in rows)

    def begin_run(self, model_id: int) -> int:
        """Enters the start of an index run; returns its id."""
        with self.transaction() as connection:
            row = connection.execute(
                "INSERT INTO index_run (model_id, started) VALUES (?, ?) RETURNING run_id", (model_id, _now())
            ).fetchone()
        return int(row[0])

    def finish_run(self, run_id: int, diff: ScanDiff, *, seen: int, embedded: int, cancelled: bool) -> None:
        """Enters the end of an index run and what it did."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE index_run SET finished = ?, cancelled = ?, seen = ?, added = ?, changed = ?, removed = ?,"
                " embedded = ? WHERE run_id = ?",
                (
                    *(_now(), int(cancelled), seen, len(diff.added), len(diff.changed), len(diff.removed)),
                    *(embedded, run_id),
                ),
            )

    def indexed_at(self, model_id: int) -> str | None:
        """When the last index run with the model finished, ISO 8601 UTC."""
        time = self._one(
            "SELECT max(finished) FROM index_run WHERE model_id = ? AND cancelled = 0 AND finished IS NOT NULL",
            model_id,
        )
        return None if time is None else str(time)

    def _one(self, statement: str, *values: object) -> Any:
        return self._connection.execute(statement, values).fetchone()[0]


def _forget_items(connection: sqlite3.Connection, file_ids: Iterable[int]) -> None:
    """Drops the items of files and, by cascade, their features of every model: they show pixels that are gone."""
    connection.executemany("DELETE FROM item WHERE file_id = ?", [(file_id,) for file_id in file_ids])


def _state(found: FoundFile) -> str:
    return "seen" if found.problem is None else "unreadable"


def _join(root: bytes, path: bytes) -> bytes:
    return root.rstrip(b"/") + b"/" + path


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
