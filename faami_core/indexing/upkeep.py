"""Keeps a stored index sound and small: clears leftovers, finds damage, joins small shards, drops rows out of use.

A run writes one small shard a batch, so that a killed run loses at most the batch it was at. Small shards are joined
as they become many; every row is then written twice in all, and a collection has about one file for 1,024 images.
Joining copies rows into a new shard first, lets the catalog point there in one transaction, and only then removes the
old files: killed at any point, every row lies in exactly one place.

``clear_orphans`` and ``compact`` take the writer lock, ``note_damage`` needs none, all else is for its holder.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from faami_core.errors import CollectionError
from faami_core.indexing import atomic, feature_store
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.feature_store import open_shard, shard_folder
from faami_core.indexing.lock import WriterLock
from faami_core.indexing.records import CompactReport, ShardRecord, ShardRows, StoredRow, concatenate
from faami_core.types import CancelToken, Progress, ProgressCallback

SHARD_ROWS = 1024  # 65 MB at 245 regions × 256
SMALL_SHARDS = 128  # a batch of 8 on a CPU fills 1,024 rows with 128 shards


def clear_orphans(catalog: Catalog) -> None:
    """Removes what a killed run left half-written; while another process writes, or on read-only media, nothing."""
    with contextlib.suppress(CollectionError, OSError), WriterLock(catalog.folder):
        sweep(catalog)


def sweep(catalog: Catalog) -> None:
    """Removes temp files and shards that the catalog does not name.

    Raises:
        DamagedCatalogError: if the catalog is damaged: shards that it no longer names may be all that is left.
    """
    catalog.check()
    atomic.sweep(catalog.folder)
    for fingerprint, model_id in catalog.models().items():
        catalog.drop_unused_shards(model_id)
        feature_store.remove_unnamed(shard_folder(catalog.folder, fingerprint), catalog.shards(model_id))


def note_damage(catalog: Catalog, model_id: int, rows: list[StoredRow]) -> None:
    """Lets the next run embed the images of damaged rows again; where nothing can be written, only this one knows."""
    if rows:
        with contextlib.suppress(sqlite3.OperationalError):
            catalog.mark_damaged(model_id, rows)


def find_damage(
    catalog: Catalog,
    fingerprint: str,
    *,
    thorough: bool,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Marks stored features of a model that are lost or rotten as damaged, so that they are made again.

    Args:
        catalog: Of the collection.
        fingerprint: Of the model; it is known to the catalog.
        thorough: Read every byte; otherwise only what opening the index reads.
        progress: Told at every shard of a thorough look.
        cancel: Checked at every shard.

    Raises:
        CancelledError: if cancelled.
        OSError: if the disk fails.
    """
    model_id, folder = catalog.models()[fingerprint], shard_folder(catalog.folder, fingerprint)
    shards = catalog.shards(model_id)
    for done, (name, record) in enumerate(shards.items()):
        if cancel is not None:
            cancel.raise_if_cancelled()
        if thorough and progress is not None:
            progress(Progress("Checking stored features", done, len(shards)))
        rows = catalog.stored_rows(model_id, name)
        damaged = feature_store.damaged_rows(folder / name, record, rows, thorough=thorough)
        if damaged:
            catalog.mark_damaged(model_id, damaged)
        elif record.head_check is None:
            _add_checks(catalog, model_id, folder / name, record, rows)


def join_small_shards(catalog: Catalog, fingerprint: str) -> None:
    """Joins the small shards of a model if they are many, or would fill a whole one.

    Raises:
        OSError: if the disk is full or fails; nothing is lost.
    """
    model_id = catalog.models()[fingerprint]
    small = [record for record in catalog.shards(model_id).values() if record.rows < SHARD_ROWS // 2]
    if len(small) >= SMALL_SHARDS or sum(record.rows for record in small) >= SHARD_ROWS:
        _join(catalog, fingerprint, small)


def compact(
    catalog: Catalog, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
) -> CompactReport:
    """Joins all small shards of all models and drops the rows that no image uses any more.

    Args:
        catalog: Of the collection.
        progress: Told at every model.
        cancel: Checked at every model; what is done stays done.

    Raises:
        CollectionError: if another process is indexing, or the disk is full, read-only or broken.
        CancelledError: if cancelled.
    """
    with index_errors(catalog.folder), WriterLock(catalog.folder):
        models = catalog.models()
        before = _records(catalog)
        for done, (fingerprint, model_id) in enumerate(models.items()):
            if cancel is not None:
                cancel.raise_if_cancelled()
            if progress is not None:
                progress(Progress("Compacting the index", done, len(models)))
            find_damage(catalog, fingerprint, thorough=False, cancel=cancel)
            shards = catalog.shards(model_id)
            loose = [
                record
                for name, record in shards.items()
                if record.rows < SHARD_ROWS or len(catalog.stored_rows(model_id, name)) < record.rows
            ]
            _join(catalog, fingerprint, loose)
        sweep(catalog)
        after = _records(catalog)
    return CompactReport(
        shards_before=len(before),
        shards_after=len(after),
        bytes_before=sum(record.size for record in before),
        bytes_after=sum(record.size for record in after),
        rows_dropped=sum(record.rows for record in before) - sum(record.rows for record in after),
    )


def _join(catalog: Catalog, fingerprint: str, records: Iterable[ShardRecord]) -> None:
    """Joins shards, in order, to such of at most ``SHARD_ROWS`` rows in use."""
    model_id = catalog.models()[fingerprint]
    group: list[ShardRecord] = []
    filled = 0
    for record in records:
        count = len(catalog.stored_rows(model_id, record.name))
        if group and filled + count > SHARD_ROWS:
            _rewrite(catalog, fingerprint, group)
            group, filled = [], 0
        group.append(record)
        filled += count
    _rewrite(catalog, fingerprint, group)


def _rewrite(catalog: Catalog, fingerprint: str, group: list[ShardRecord]) -> None:
    """Copies the sound rows of some shards into one, and removes the files of which nothing is in use any more.

    Steps for tests: ``begin``, those of ``atomic.write_file``, ``commit``, ``committed``, ``remove``.
    """
    model_id, folder = catalog.models()[fingerprint], shard_folder(catalog.folder, fingerprint)
    parts: list[ShardRows] = []
    metadata: dict[str, str] = {}
    for record in group:
        path = folder / record.name
        rows = catalog.stored_rows(model_id, record.name)
        damaged = set(feature_store.damaged_rows(path, record, rows, thorough=True))
        if damaged:  # rot must not get a fresh checksum
            catalog.mark_damaged(model_id, damaged)
        sound = [row.row for row in rows if row not in damaged]
        if sound:
            shard = open_shard(path, record)
            metadata = shard.metadata
            parts.append(shard.take(np.array(sound, dtype=np.int64)))
    if not parts or (len(group) == 1 and len(parts[0].item_ids) == group[0].rows):
        return
    joined = _concatenate(parts)
    atomic.reach("begin", catalog.folder)
    with catalog.transaction():
        shard_record = feature_store.write_shard(folder, joined, metadata)
        catalog.move_rows(model_id, shard_record, joined.item_ids.tolist())
        catalog.drop_unused_shards(model_id)
        atomic.reach("commit", folder / shard_record.name)
    atomic.reach("committed", folder / shard_record.name)
    feature_store.remove_unnamed(folder, catalog.shards(model_id))


def _concatenate(parts: list[ShardRows]) -> ShardRows:
    return ShardRows(
        np.concatenate([part.item_ids for part in parts]),
        np.concatenate([part.contents for part in parts]),
        np.concatenate([part.windows for part in parts]),
        concatenate([part.features for part in parts]),
    )


def _add_checks(catalog: Catalog, model_id: int, path: Path, record: ShardRecord, rows: list[StoredRow]) -> None:
    """Gives a shard of version 1, whose whole file is as it was written, the checks of version 2."""
    shard = open_shard(path, record)
    checks = shard.row_checks()
    checked = [replace(row, check=checks[row.row]) for row in rows]
    catalog.set_checks(model_id, record.name, feature_store.head_check(shard), checked)


def _records(catalog: Catalog) -> list[ShardRecord]:
    return [record for model_id in catalog.models().values() for record in catalog.shards(model_id).values()]
