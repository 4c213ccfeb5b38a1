"""What a catalog tells of its collection: counts, unreadable files, index runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from faami_core.indexing.database import Database
from faami_core.indexing.records import Counts, ScanDiff
from faami_core.types import UnreadableImage

SEARCHABLE = "file.offline_since IS NULL AND file.state = 'seen'"


class CatalogReports(Database):
    """The part of ``Catalog`` that reports; not used alone."""

    def counts(self, model_id: int) -> Counts:
        """How many files are in which state; a file counts once, offline before unreadable."""
        seen, unreadable, offline = self._connection.execute(
            "SELECT count(*), coalesce(sum(state = 'unreadable' AND offline_since IS NULL), 0),"
            " count(offline_since) FROM file"
        ).fetchone()
        indexed, damaged = self._connection.execute(
            "SELECT count(DISTINCT item.file_id) FILTER (WHERE NOT damaged),"
            " count(DISTINCT item.file_id) FILTER (WHERE damaged)"
            f" FROM feature JOIN item USING (item_id) JOIN file USING (file_id) WHERE model_id = ? AND {SEARCHABLE}",
            (model_id,),
        ).fetchone()
        return Counts(seen, indexed, unreadable, offline, damaged)

    def searchable_rows(self, model_id: int) -> int:
        """How many stored features of a model there are in all, but for those of files that cannot be searched."""
        sound = "FROM feature WHERE model_id = ? AND damaged IS NOT 1"  # what is neither 0 nor 1 counts, too
        away = f"SELECT item_id FROM file JOIN item USING (file_id) WHERE NOT ({SEARCHABLE})"
        here = f"SELECT (SELECT count(*) {sound}) - (SELECT count(*) {sound} AND item_id IN ({away}))"
        return int(self._one(here, model_id, model_id))

    def damaged_files(self, model_id: int) -> frozenset[int]:
        """Ids of the files whose features of a model are lost or damaged, wherever they lie now."""
        rows = self._connection.execute(
            "SELECT item.file_id FROM feature JOIN item USING (item_id) WHERE model_id = ? AND damaged", (model_id,)
        )
        return frozenset(file_id for (file_id,) in rows)

    def unreadable(self) -> tuple[UnreadableImage, ...]:
        """Reachable files that cannot be read, in order of path, each with its reason."""
        rows = self._connection.execute(
            "SELECT root.path, file.path, reason FROM file JOIN root USING (root_id)"
            " WHERE state = 'unreadable' AND offline_since IS NULL ORDER BY root.path, file.path"
        )
        return tuple(UnreadableImage(Path(os.fsdecode(join_path(root, path))), reason) for root, path, reason in rows)

    def begin_run(self, model_id: int) -> int:
        """Enters the start of an index run; returns its id."""
        with self.transaction() as connection:
            row = connection.execute(
                "INSERT INTO index_run (model_id, started) VALUES (?, ?) RETURNING run_id", (model_id, now())
            ).fetchone()
        return int(row[0])

    def finish_run(self, run_id: int, diff: ScanDiff, *, seen: int, embedded: int, cancelled: bool) -> None:
        """Enters the end of an index run and what it did."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE index_run SET finished = ?, cancelled = ?, seen = ?, added = ?, changed = ?, removed = ?,"
                " embedded = ? WHERE run_id = ?",
                (
                    *(now(), int(cancelled), seen, len(diff.added), len(diff.changed), len(diff.removed)),
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


def join_path(root: bytes, path: bytes) -> bytes:
    """The absolute path of a file of a root."""
    return root.rstrip(b"/") + b"/" + path


def now() -> str:
    """The time as it is stored: ISO 8601 UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
