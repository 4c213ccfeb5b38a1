"""A damaged catalog is made anew from what lies beside it, so that nothing has to be embedded again.

Every row of a shard says of which content and which window it is. What is found in the folders of images, by hashing
what the old catalog no longer tells, says where that content lies now. Marks and tags come from their log.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from faami_core.config import IMAGE_SUFFIXES
from faami_core.indexing import annotation_log, atomic, marks, scanner
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.catalog_reports import now
from faami_core.indexing.feature_store import SHARD_SUFFIX, DamagedShardError, Shard, head_check, open_shard
from faami_core.indexing.index_faults import DamagedCatalogError, index_errors
from faami_core.indexing.lock import WriterLock
from faami_core.indexing.records import Patterns, ShardRecord
from faami_core.indexing.salvage import Salvage, SalvagedFile, salvage
from faami_core.indexing.soundness import COMMITS_NAME
from faami_core.types import CancelToken, Progress, ProgressCallback

PUT_ASIDE = "catalog-damaged.sqlite"
_UNFINISHED = "catalog-restoring"
_SIDE_FILES = ("-wal", "-shm")


def make_sound(
    folder: Path,
    root: Path,
    *,
    found_damaged: DamagedCatalogError | None = None,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> str | None:
    """Looks through the whole catalog, and makes it anew if it is damaged or gone.

    The damaged one is kept beside it as ``PUT_ASIDE``.

    Args:
        folder: Of the index.
        root: Folder of images that the collection is named after.
        found_damaged: It was, in spite of an earlier look.
        progress: Told once, if there is something to do.
        cancel: Checked at every folder and file that is looked at.

    Returns:
        What was done, for the analyst; None if nothing.

    Raises:
        CollectionError: if a newer program wrote it, another process is writing, or the disk fails.
        CancelledError: if cancelled; the next call begins anew.
    """
    reason = _damage(folder) if found_damaged is None else found_damaged.message
    if reason is None:
        return None
    if progress is not None:
        progress(Progress("Restoring the catalog", 0))
    with index_errors(folder), WriterLock(folder):
        old = folder / CATALOG_NAME
        found = salvage(old if old.exists() else folder / PUT_ASIDE, root)
        notes = found.notes | annotation_log.read(folder)
        unfinished = folder / _UNFINISHED
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            with Catalog(unfinished, create=True) as catalog:
                count = _fill(catalog, folder, root, found, cancel)
                marks.take_annotations(catalog, [(*place, note) for place, note in notes.items()])
            _swap(folder, unfinished / CATALOG_NAME)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return f"{reason} It was made anew: {count:,} images keep their features, and marks and tags are kept."


def _damage(folder: Path) -> str | None:
    if not (folder / CATALOG_NAME).is_file():
        is_lost = next(folder.glob(f"shards/*/*{SHARD_SUFFIX}"), None) is not None
        return f"The catalog of the index in {str(folder)!r} was gone." if is_lost else None
    try:
        with Catalog(folder) as catalog:
            catalog.check(thorough=True)
            stored = {path.parent.name for path in folder.glob(f"shards/*/*{SHARD_SUFFIX}")}
            if stored - catalog.models().keys():
                raise DamagedCatalogError(folder, "it does not know a model of which there are features")
    except DamagedCatalogError as error:
        return error.message
    return None


def _swap(folder: Path, catalog: Path) -> None:
    """Killed in between there is no catalog, and the next call makes it anew once more."""
    for suffix in ("", *_SIDE_FILES):
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{CATALOG_NAME}{suffix}").replace(folder / f"{PUT_ASIDE}{suffix}")
    (folder / COMMITS_NAME).unlink(missing_ok=True)
    catalog.replace(folder / CATALOG_NAME)
    atomic.sync_folder(folder)


def _fill(catalog: Catalog, folder: Path, root: Path, found: Salvage, cancel: CancelToken | None) -> int:
    """Enters all that was found; returns how many images have features."""
    roots = [Path(os.fsdecode(path)) for path in dict.fromkeys((*found.roots, os.fsencode(root)))]
    ids = {path: catalog.add_root(path) for path in roots if path.is_absolute()}
    patterns = (tuple(glob for kind, glob in found.patterns if kind == wanted) for wanted in ("include", "exclude"))
    catalog.set_patterns(Patterns(*patterns))
    for old, new in found.former:
        catalog.add_former(Path(os.fsdecode(old)), Path(os.fsdecode(new)))
    shards = _shards(folder, found)
    with catalog.transaction() as connection:
        files = _enter_files(connection, ids, found.files)
        missing = {bytes(content) for _, shard, _ in shards for content in shard.contents} - files.keys()
        if missing:
            there = _files_there(ids, found.files, catalog.patterns(), cancel)
            files = _enter_files(connection, ids, [file for file in there if file.content in missing], files)
        rows = _Rows(connection, files)
        for fingerprint, shard, record in shards:
            rows.enter(_model_id(connection, fingerprint, shard, found), shard, record, found)
    return len(rows.files)


def _shards(folder: Path, found: Salvage) -> list[tuple[str, Shard, ShardRecord]]:
    """Fingerprint, open shard and record of all whole shards, the newest first."""
    shards = []
    for path in sorted(folder.glob(f"shards/*/*{SHARD_SUFFIX}"), key=lambda path: path.name, reverse=True):
        with contextlib.suppress(DamagedShardError):
            shard = open_shard(path)
            if "check" not in shard.metadata:  # written by an earlier program
                shard = open_shard(path, found.shards.get(path.name))
            if shard.is_whole():
                with path.open("rb") as stream:
                    whole = hashlib.file_digest(stream, "sha256").digest()
                record = ShardRecord(path.name, len(shard.item_ids), path.stat().st_size, whole, head_check(shard))
                shards.append((path.parent.name, shard, record))
    return shards


def _files_there(
    roots: dict[Path, int], known: Iterable[SalvagedFile], patterns: Patterns, cancel: CancelToken | None
) -> list[SalvagedFile]:
    """The files of the folders of images that the old catalog does not tell of, hashed."""
    told = {(file.root, file.path) for file in known}
    there = []
    for root in roots:
        content_of, name = scanner.hash_below(root), os.fsencode(root)
        for file in scanner.list_images(root, IMAGE_SUFFIXES, patterns, cancel=cancel).files:
            if cancel is not None:
                cancel.raise_if_cancelled()
            if (name, file.path) not in told and file.problem is None:
                content = content_of(file.path)
                if content is not None:
                    there.append(SalvagedFile(name, file.path, file.size, file.mtime_ns, content))
    return there


def _enter_files(
    connection: sqlite3.Connection,
    roots: dict[Path, int],
    files: Iterable[SalvagedFile],
    entered: dict[bytes, list[int]] | None = None,
) -> dict[bytes, list[int]]:
    """Ids of files by content."""
    ids = defaultdict(list, entered or {})
    for file in files:
        root_id = roots.get(Path(os.fsdecode(file.root)))
        row = None
        if root_id is not None:
            row = connection.execute(
                "INSERT OR IGNORE INTO file (root_id, path, size, mtime_ns, content, state, first_seen)"
                " VALUES (?, ?, ?, ?, ?, 'seen', ?) RETURNING file_id",
                (root_id, file.path, file.size, file.mtime_ns, file.content, now()),
            ).fetchone()
        if row is not None:
            ids[file.content].append(row[0])
    return ids


def _model_id(connection: sqlite3.Connection, fingerprint: str, shard: Shard, found: Salvage) -> int:
    told = next((model for model in found.models if model[0] == fingerprint), None)
    config = json.dumps({"grids": json.loads(shard.metadata["grids"])})
    connection.execute(
        "INSERT OR IGNORE INTO model (fingerprint, name, config, created) VALUES (?, ?, ?, ?)",
        (*(told or (fingerprint, fingerprint[:12], config)), now()),
    )
    statement = "SELECT model_id FROM model WHERE fingerprint = ?"
    return int(connection.execute(statement, (fingerprint,)).fetchone()[0])


class _Rows:
    """Gives rows of shards, newest first, to files of their content.

    Attributes:
        files: Those that have features.
    """

    def __init__(self, connection: sqlite3.Connection, files: dict[bytes, list[int]]) -> None:
        self._connection = connection
        self._files = files
        self._file_of: dict[int, int] = {}  # by item
        self._placed: set[tuple[int, int]] = set()  # model and item
        self._taken: set[tuple[int, tuple[int, ...]]] = set()  # file and window
        self.files: set[int] = set()

    def enter(self, model_id: int, shard: Shard, record: ShardRecord, found: Salvage) -> None:
        """Enters the rows of a shard that are sound, and of whose content there is a file."""
        rows = []
        checks = shard.row_checks()
        says_whole = "check" in shard.metadata  # and it is: what a damaged catalog says of its rows counts less
        for row, (item_id, content, window) in enumerate(
            zip(shard.item_ids.tolist(), shard.contents, shard.windows.tolist(), strict=True)
        ):
            is_sound = says_whole or found.checks.get((record.name, row), checks[row]) == checks[row]
            is_new = (model_id, item_id) not in self._placed
            if is_sound and is_new and self._has_file(item_id, bytes(content), tuple(window)):
                self._placed.add((model_id, item_id))
                rows.append((item_id, row, checks[row]))
        if rows:
            (shard_id,) = self._connection.execute(
                "INSERT INTO shard (model_id, name, rows, bytes, sha256, head_check, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING shard_id",
                (model_id, record.name, record.rows, record.size, record.sha256, record.head_check, now()),
            ).fetchone()
            self._connection.executemany(
                "INSERT INTO feature (model_id, item_id, shard_id, shard_row, row_check) VALUES (?, ?, ?, ?, ?)",
                [(model_id, item_id, shard_id, row, check) for item_id, row, check in rows],
            )

    def _has_file(self, item_id: int, content: bytes, window: tuple[int, ...]) -> bool:
        """Whether an item has a file of a content, and is entered; equal files are as good as one another."""
        files = self._files.get(content, [])
        if item_id in self._file_of:
            return self._file_of[item_id] in files
        file_id = next((file_id for file_id in files if (file_id, window) not in self._taken), None)
        if file_id is None:
            return False
        x, y, width, height = window
        self._connection.execute(
            "INSERT INTO item (item_id, file_id, x, y, width, height) VALUES (?, ?, ?, ?, ?, ?)",
            (item_id, file_id, x, y, width, height),
        )
        self._connection.execute(
            "UPDATE file SET width = ?, height = ? WHERE file_id = ?", (x + width, y + height, file_id)
        )
        self._file_of[item_id] = file_id
        self._taken.add((file_id, window))
        self.files.add(file_id)
        return True
