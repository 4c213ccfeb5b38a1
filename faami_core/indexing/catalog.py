"""The SQLite record of a collection: the truth about what was seen and where its features lie.

Readers never wait for the writer (WAL). Every writing transaction raises the *generation*, so that a reader knows in
one look-up whether what it holds is still current.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from faami_core.errors import CollectionError
from faami_core.indexing.catalog_reports import SEARCHABLE, CatalogReports, join_path, now
from faami_core.indexing.database import index_errors
from faami_core.indexing.index_faults import DamagedCatalogError
from faami_core.indexing.marks import keep_annotations, restore_annotations
from faami_core.indexing.records import (
    DecodedFile,
    FailedFile,
    FoundFile,
    GalleryRows,
    KnownFile,
    Patterns,
    PendingFile,
    ScanDiff,
    ShardRecord,
    StoredRow,
)
from faami_core.indexing.soundness import item_check, reading
from faami_core.private import make_private_folder
from faami_core.types import ModelInfo

CATALOG_NAME = "catalog.sqlite"


class Catalog(CatalogReports):
    """An open catalog. Use as a context manager.

    Args:
        folder: Folder of the index of one collection.
        create: Make folder and catalog if they do not exist, and refuse to open what cannot be written.

    Raises:
        CollectionError: if there is no catalog, it is broken, or a newer program wrote it.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        if not create and not (folder / CATALOG_NAME).is_file():
            raise CollectionError("This folder has not been indexed yet.", "Index it first.")
        with index_errors(folder):
            if create:
                make_private_folder(folder)
            super().__init__(folder / CATALOG_NAME, create=create)

    # --- roots and files -----------------------------------------------------------------------------------

    def add_root(self, path: Path) -> int:
        """Id of a root folder, entered if it is new."""
        with self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO root (path) VALUES (?)", (os.fsencode(path),))
        return int(self._one("SELECT root_id FROM root WHERE path = ?", os.fsencode(path)))

    def roots(self) -> dict[Path, int]:
        """Ids of all folders of the collection, in the order in which they were added."""
        rows = self._connection.execute("SELECT path, root_id FROM root ORDER BY root_id")
        return {Path(os.fsdecode(path)): root_id for path, root_id in rows}

    def drop_root(self, path: Path) -> None:
        """Forgets a folder with all its files and their features."""
        files = "SELECT file_id FROM file JOIN root USING (root_id) WHERE root.path = ?"
        with self.transaction() as connection:
            keep_annotations(connection, [file_id for (file_id,) in connection.execute(files, (os.fsencode(path),))])
            connection.execute("DELETE FROM root WHERE path = ?", (os.fsencode(path),))

    def move_root(self, old: Path, new: Path) -> None:
        """Gives a folder its new name; what is known of its files stays."""
        with self.transaction() as connection:
            connection.execute("UPDATE root SET path = ? WHERE path = ?", (os.fsencode(new), os.fsencode(old)))
            self.add_former(old, new)

    def add_former(self, old: Path, new: Path) -> None:
        """Notes that a folder of the collection was called ``old``."""
        with self.transaction(of_gallery=False) as connection:
            connection.execute("DELETE FROM former_root WHERE path = ?", (os.fsencode(new),))
            connection.execute(
                "INSERT OR REPLACE INTO former_root (path, root_id) SELECT ?, root_id FROM root WHERE path = ?",
                (os.fsencode(old), os.fsencode(new)),
            )

    def former_roots(self) -> dict[Path, Path]:
        """What folders of the collection were called before, and what they are called now."""
        rows = self._connection.execute(
            "SELECT former_root.path, root.path FROM former_root JOIN root USING (root_id)"
        )
        return {Path(os.fsdecode(old)): Path(os.fsdecode(new)) for old, new in rows}

    def scan_times(self) -> dict[Path, str]:
        """When each folder was scanned last, empty if never."""
        rows = self._connection.execute("SELECT path, coalesce(scanned_at, '') FROM root ORDER BY root_id")
        return {Path(os.fsdecode(path)): time for path, time in rows}

    def patterns(self) -> Patterns:
        """Which files belong to the collection."""
        rows = self._connection.execute("SELECT kind, glob FROM pattern ORDER BY glob").fetchall()
        return Patterns(*(tuple(glob for of, glob in rows if of == kind) for kind in ("include", "exclude")))

    def set_patterns(self, patterns: Patterns) -> None:
        """Puts other patterns in the place of those before; they hold from the next scan on."""
        rows = [*(("include", glob) for glob in patterns.include), *(("exclude", glob) for glob in patterns.exclude)]
        with self.transaction() as connection:
            connection.execute("DELETE FROM pattern")
            connection.executemany("INSERT OR IGNORE INTO pattern (kind, glob) VALUES (?, ?)", rows)

    def devices(self, root_id: int) -> dict[bytes, int]:
        """``ScanDiff.devices`` of the last scan of a root."""
        return dict(self._connection.execute("SELECT path, device FROM mount WHERE root_id = ?", (root_id,)))

    def known_files(self, root_id: int) -> dict[bytes, KnownFile]:
        """All files of a root by relative path."""
        rows = self._connection.execute(
            "SELECT file_id, path, size, mtime_ns, content, offline_since IS NOT NULL FROM file WHERE root_id = ?",
            (root_id,),
        )
        return {row[1]: KnownFile(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in rows}

    def apply_scan(self, root_id: int, diff: ScanDiff) -> None:
        """Makes the files of a root equal to what a scan found; features of changed and removed files go."""
        time = now()
        with self.transaction() as connection:
            _forget_items(connection, [file_id for file_id, _ in diff.changed])
            # moved files first leave their old names, so that swapped names cannot clash
            connection.executemany(
                "UPDATE file SET path = ? WHERE file_id = ?",
                [(b"\0%d" % file_id, file_id) for file_id, _ in diff.moved],
            )
            keep_annotations(connection, diff.removed)
            connection.executemany("DELETE FROM file WHERE file_id = ?", [(file_id,) for file_id in diff.removed])
            connection.executemany(
                "UPDATE file SET content = NULL, width = NULL, height = NULL, state = ?, reason = ?"
                " WHERE file_id = ?",
                [(_state(found), found.problem, file_id) for file_id, found in diff.changed],
            )
            connection.executemany(
                "UPDATE file SET root_id = ?, path = ?, size = ?, mtime_ns = ?, offline_since = NULL"
                " WHERE file_id = ?",
                [  # a moved file may come from another root
                    (root_id, found.path, found.size, found.mtime_ns, file_id)
                    for file_id, found in (*diff.changed, *diff.touched, *diff.moved)
                ],
            )
            connection.executemany(
                "INSERT INTO file (root_id, path, size, mtime_ns, state, reason, first_seen)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(root_id, f.path, f.size, f.mtime_ns, _state(f), f.problem, time) for f in diff.added],
            )
            connection.executemany(
                "UPDATE file SET offline_since = NULL WHERE file_id = ?", [(file_id,) for file_id in diff.returned]
            )
            connection.executemany(
                "UPDATE file SET offline_since = coalesce(offline_since, ?) WHERE file_id = ?",
                [(time, file_id) for file_id in diff.offline],
            )
            connection.execute("DELETE FROM mount WHERE root_id = ?", (root_id,))
            connection.executemany(
                "INSERT INTO mount (root_id, path, device) VALUES (?, ?, ?)",
                [(root_id, path, device) for path, device in diff.devices.items()],
            )
            connection.execute("UPDATE root SET scanned_at = ? WHERE root_id = ?", (time, root_id))

    def retry_unreadable(self, *, undecided: bool = False) -> None:
        """Lets the run try unreadable files again; ``undecided`` are those whose bytes were never to blame."""
        which = " AND content IS NULL" if undecided else ""
        with self.transaction() as connection:
            connection.execute(f"UPDATE file SET state = 'seen', reason = NULL WHERE state = 'unreadable'{which}")

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
                (info.fingerprint, info.name, json.dumps(config), now()),
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
        """Reachable, readable files without sound features of the model, in order of path."""
        rows = self._connection.execute(
            """
            SELECT file.file_id, root.path, file.path FROM file JOIN root USING (root_id)
            WHERE file.state = 'seen' AND file.offline_since IS NULL AND (
              NOT EXISTS (SELECT 1 FROM item WHERE item.file_id = file.file_id)
              OR EXISTS (
                SELECT 1 FROM item
                LEFT JOIN feature ON feature.item_id = item.item_id AND feature.model_id = ?
                WHERE item.file_id = file.file_id AND (feature.item_id IS NULL OR feature.damaged)))
            ORDER BY root.path, file.path
            """,
            (model_id,),
        )
        return [PendingFile(file_id, join_path(root, path)) for file_id, root, path in rows]

    def record_files(self, decoded: Sequence[DecodedFile], failed: Iterable[FailedFile]) -> dict[int, int]:
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
            restore_annotations(connection, [(file.file_id, file.content) for file in decoded])
            for failure in failed:
                _forget_items(connection, [failure.file_id])
                connection.execute(
                    "UPDATE file SET state = 'unreadable', reason = ?, content = ?,"
                    " size = coalesce(?, size), mtime_ns = coalesce(?, mtime_ns) WHERE file_id = ?",
                    (failure.reason, failure.content, failure.size, failure.mtime_ns, failure.file_id),
                )
        return items

    def add_shard(self, model_id: int, shard: ShardRecord, item_ids: Sequence[int], checks: Sequence[int]) -> None:
        """Names a complete shard and, in the same transaction, its rows; they take the place of damaged ones only."""
        rows = zip(item_ids, range(len(item_ids)), checks, strict=True)
        with self.transaction() as connection:
            shard_id = _insert_shard(connection, model_id, shard)
            connection.executemany(
                "DELETE FROM feature WHERE model_id = ? AND item_id = ? AND damaged",
                [(model_id, item_id) for item_id in item_ids],
            )
            connection.executemany(
                "INSERT INTO feature (model_id, item_id, shard_id, shard_row, row_check) VALUES (?, ?, ?, ?, ?)",
                [(model_id, item_id, shard_id, row, check) for item_id, row, check in rows],
            )

    def move_rows(self, model_id: int, shard: ShardRecord, item_ids: Sequence[int]) -> None:
        """Names a complete shard that holds copies of rows, and lets the rows lie there from now on."""
        with self.transaction() as connection:
            shard_id = _insert_shard(connection, model_id, shard)
            connection.executemany(
                "UPDATE feature SET shard_id = ?, shard_row = ? WHERE model_id = ? AND item_id = ?",
                [(shard_id, row, model_id, item_id) for row, item_id in enumerate(item_ids)],
            )

    def shards(self, model_id: int) -> dict[str, ShardRecord]:
        """The shards of a model by file name, oldest first."""
        rows = self._connection.execute(
            "SELECT name, rows, bytes, sha256, head_check FROM shard WHERE model_id = ? ORDER BY shard_id",
            (model_id,),
        )
        return {row[0]: ShardRecord(*row) for row in rows}

    def stored_rows(self, model_id: int, shard: str) -> list[StoredRow]:
        """The sound rows of a shard that are in use, in their order."""
        rows = self._connection.execute(
            "SELECT item_id, shard_row, row_check FROM feature"
            " WHERE shard_id = (SELECT shard_id FROM shard WHERE model_id = ? AND name = ?) AND NOT damaged"
            " ORDER BY shard_row",
            (model_id, shard),
        )
        return [StoredRow(item_id, shard, row, check) for item_id, row, check in rows]

    def set_checks(self, model_id: int, shard: str, head_check: int, rows: Iterable[StoredRow]) -> None:
        """Enters the checks of a shard that had none."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE shard SET head_check = ? WHERE model_id = ? AND name = ?", (head_check, model_id, shard)
            )
            connection.executemany(
                "UPDATE feature SET row_check = ? WHERE model_id = ? AND item_id = ?",
                [(row.check, model_id, row.item_id) for row in rows],
            )

    def mark_damaged(self, model_id: int, rows: Iterable[StoredRow]) -> None:
        """Takes rows out of the gallery until their images are embedded again; rows that moved meanwhile stay."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE feature SET damaged = 1 WHERE model_id = ? AND item_id = ? AND shard_row = ?"
                " AND shard_id = (SELECT shard_id FROM shard WHERE model_id = ? AND name = ?)",
                [(model_id, row.item_id, row.row, model_id, row.shard) for row in rows],
            )

    def drop_unused_shards(self, model_id: int) -> None:
        """Forgets shards none of whose rows is in use."""
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM shard WHERE model_id = ?"
                " AND NOT EXISTS (SELECT 1 FROM feature WHERE feature.shard_id = shard.shard_id)",
                (model_id,),
            )

    def gallery(self, model_id: int) -> GalleryRows:
        """Everything that can be searched with a model, in order of path.

        Raises:
            DamagedCatalogError: if the catalog is not as it was written.
        """
        self.check()
        with reading(self.folder):
            return self._gallery(model_id)

    def _gallery(self, model_id: int) -> GalleryRows:
        shards = self.shards(model_id)
        number = {name: index for index, name in enumerate(shards)}
        rows = self._connection.execute(
            f"""
            SELECT item.item_id, root.path, file.path, item.width, item.height, shard.name, feature.shard_row,
              coalesce(feature.row_check, -1), root_id, content, x, y, item.row_check
            FROM feature JOIN item USING (item_id) JOIN file USING (file_id) JOIN root USING (root_id)
            JOIN shard USING (shard_id)
            WHERE feature.model_id = ? AND NOT feature.damaged AND {SEARCHABLE}
            ORDER BY root.path, file.path, item.y, item.x, item.item_id
            """,
            (model_id,),
        ).fetchall()
        if len(rows) != self.searchable_rows(model_id):
            raise DamagedCatalogError(self.folder, "rows refer to others that are not there")
        for item_id, _root, path, width, height, _name, _row, _check, root_id, content, x, y, check in rows:
            if check is not None and check != item_check(item_id, root_id, path, content, x, y, width, height):
                raise DamagedCatalogError(self.folder, "the path or content of a file is not as it was written")
        return GalleryRows(
            item_ids=np.array([row[0] for row in rows], dtype=np.int64),
            paths=tuple(join_path(row[1], row[2]) for row in rows),
            sizes=np.array([row[3:5] for row in rows], dtype=np.int32).reshape(-1, 2),
            shards=tuple(shards.values()),
            shard_of=np.array([number[row[5]] for row in rows], dtype=np.int32),
            row_of=np.array([row[6] for row in rows], dtype=np.int64),
            checks=np.array([row[7] for row in rows], dtype=np.int64),
            damaged=self.counts(model_id).damaged,
        )


def _insert_shard(connection: sqlite3.Connection, model_id: int, shard: ShardRecord) -> int:
    row = connection.execute(
        "INSERT INTO shard (model_id, name, rows, bytes, sha256, head_check, created) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " RETURNING shard_id",
        (model_id, shard.name, shard.rows, shard.size, shard.sha256, shard.head_check, now()),
    ).fetchone()
    return int(row[0])


def _forget_items(connection: sqlite3.Connection, file_ids: Iterable[int]) -> None:
    """Drops the items of files and, by cascade, their features of every model: they show pixels that are gone."""
    connection.executemany("DELETE FROM item WHERE file_id = ?", [(file_id,) for file_id in file_ids])


def _state(found: FoundFile) -> str:
    return "seen" if found.problem is None else "unreadable"
