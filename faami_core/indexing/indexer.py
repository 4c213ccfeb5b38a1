"""One index run: scan, then list → decode → encode → write shards.

The stages are plain functions over batches of records, so that they can later run on many machines. Decoding runs in
processes of its own, ahead of the model in a bounded window; everything else happens in the caller's thread. Every
batch is committed on its own, so that a killed run loses at most the batch it was at; nothing committed is computed
twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from faami_core.errors import CancelledError
from faami_core.indexing import atomic, feature_store, reading_version, scan_notes, upkeep
from faami_core.indexing.batch_encoder import BatchEncoder
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.decode_pool import DecodePool, decoded_batches
from faami_core.indexing.lock import WriterLock
from faami_core.indexing.places import Places
from faami_core.indexing.records import (
    Counts,
    DecodedFile,
    FailedFile,
    ScanDiff,
    ShardRows,
)
from faami_core.indexing.thumbnails import ThumbnailShelf
from faami_core.indexing.watch import find_changes
from faami_core.pace import Pace
from faami_core.types import (
    CancelToken,
    FeatureEncoder,
    ImageFeatures,
    IndexReport,
    ModelInfo,
    Progress,
    ProgressCallback,
    ScanSummary,
)

BATCH_SIZE = 32
# A CPU takes about half a second for 8 images of 224²; cancelling waits for one batch and must take less than 1 s.
CPU_BATCH_SIZE = 8
_PROGRESS_PAUSE = 0.1


def index_collection(
    catalog: Catalog,
    root: Path,
    encoder: FeatureEncoder,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
    retry_unreadable: bool = False,
    verify: bool = False,
) -> IndexReport:
    """Brings the index of a collection up to date.

    Args:
        catalog: Open catalog of the collection.
        root: Folder of the images, absolute; it joins the collection if it is not part of it yet.
        encoder: The model.
        progress: Told every stage, at most ten times a second.
        cancel: Stops the run within a batch; encoded images are kept and the report says ``cancelled``.
        retry_unreadable: Try unreadable files again even if they did not change.
        verify: Trust neither times of files nor stored features: read and check everything.

    Raises:
        CollectionError: if another process is indexing, or the disk is full, read-only or broken.
    """
    started = time.monotonic()
    with index_errors(catalog.folder), WriterLock(catalog.folder) as lock:
        model_id = catalog.add_model(encoder.info)
        catalog.add_root(root)
        upkeep.sweep(catalog)
        run_id = catalog.begin_run(model_id)
        diff, embedded, repaired, cancelled = ScanDiff(), 0, 0, False
        paged: list[DecodedFile] = []
        batch_encoder = BatchEncoder(
            encoder, CPU_BATCH_SIZE if encoder.info.device == "cpu" else BATCH_SIZE, CPU_BATCH_SIZE
        )
        try:
            upkeep.find_damage(catalog, encoder.info.fingerprint, thorough=verify, progress=progress, cancel=cancel)
            diff = scan(catalog, progress=progress, cancel=cancel, verify=verify)
            reading_version.renew(catalog)
            catalog.retry_unreadable(undecided=not retry_unreadable)
            for _ in range(2):  # joining shards may find more damage, and a drive that went away may be back
                damaged, places = catalog.damaged_files(model_id), Places(catalog)
                for files in _embed(catalog, model_id, encoder, batch_encoder, lock, places, progress, cancel):
                    embedded += len(files)
                    repaired += sum(file.file_id in damaged for file in files)
                    paged += [file for file in files if file.pages > 1]
                if places.gone:
                    scan(catalog, progress=progress, cancel=cancel)  # all that lies there is offline
                elif catalog.counts(model_id).damaged == 0:
                    break
        except CancelledError:
            cancelled = True
        counts = catalog.counts(model_id)
        catalog.finish_run(run_id, diff, seen=counts.seen, embedded=embedded, cancelled=cancelled)
        return replace(
            _report(catalog, root, diff, counts),
            cancelled=cancelled,
            seconds=time.monotonic() - started,
            repaired=repaired,
            notices=(*batch_encoder.notices, *_page_notices(catalog, paged)),
            embedded=embedded,
        )


def scan(
    catalog: Catalog,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
    verify: bool = False,
) -> ScanDiff:
    """Walks all roots and makes the catalog's files equal to them; embeds nothing.

    Returns:
        How the roots differed, in one.

    Raises:
        CancelledError: if cancelled; no root is half done.
    """
    tell = _Throttle(progress)
    changes = find_changes(
        catalog,
        trust_times=not verify,
        cancel=cancel,
        on_folder=lambda count: tell(Progress("Reading the folder", count)),
    )
    total, summary = ScanDiff(), ScanSummary()
    with catalog.transaction():
        for place in changes:
            catalog.apply_scan(place.root_id, place.diff)
            total.extend(place.diff)
            summary = summary.joined(place.summary)
    scan_notes.remember(catalog, summary)
    return total


def commit_batch(
    catalog: Catalog,
    model_id: int,
    info: ModelInfo,
    files: Sequence[DecodedFile],
    features: ImageFeatures | None,
    failed: Sequence[FailedFile],
) -> None:
    """Commits a batch in one transaction: what decoding found out, and a shard with the features of ``files``.

    Steps for tests: ``begin``, those of ``atomic.write_file``, ``commit``, ``committed``.

    Raises:
        OSError: if the disk is full or fails; then it is as if the batch had never been.
    """
    folder = feature_store.shard_folder(catalog.folder, info.fingerprint)
    atomic.reach("begin", catalog.folder)
    with catalog.transaction():
        items = catalog.record_files(files, failed)
        if features is not None and files:
            rows = ShardRows(
                item_ids=np.array([items[file.file_id] for file in files], dtype=np.int64),
                contents=np.stack([np.frombuffer(file.content, dtype=np.uint8) for file in files]),
                windows=np.array([(0, 0, file.width, file.height) for file in files], dtype=np.int32),
                features=features,
            )
            record = feature_store.write_shard(folder, rows, feature_store.shard_metadata(info))
            checks = feature_store.row_checks(features.regions, features.key_scale, features.value_scale)
            catalog.add_shard(model_id, record, rows.item_ids.tolist(), checks)
        atomic.reach("commit", catalog.folder)
    atomic.reach("committed", catalog.folder)


def _embed(
    catalog: Catalog,
    model_id: int,
    encoder: FeatureEncoder,
    batch_encoder: BatchEncoder,
    lock: WriterLock,
    places: Places,
    progress: ProgressCallback | None,
    cancel: CancelToken | None,
) -> Iterator[list[DecodedFile]]:
    """Embeds everything pending; yields the new images each time a batch was committed.

    Files that cannot be read because their place went away stay pending, and ``places`` knows of it.
    """
    pending = catalog.pending(model_id)
    paths = {file.file_id: file.path for file in pending}
    meter = _Meter(len(pending), _Throttle(progress))
    shelf = ThumbnailShelf(catalog)
    with DecodePool(encoder.info.image_size) as pool:
        for batch in decoded_batches(pool, places.remaining(pending), batch_encoder.batch_size, cancel):
            files = [file for file in batch if isinstance(file, DecodedFile)]
            failed = [
                file
                for file in batch
                if isinstance(file, FailedFile)
                and (file.content is not None or not places.took_away(paths[file.file_id]))
            ]
            features = None
            if files:
                files, features, broken = batch_encoder.encode(files)
                failed += broken
            lock.check()
            shelf.keep(files)
            commit_batch(catalog, model_id, encoder.info, files, features, failed)
            upkeep.join_small_shards(catalog, encoder.info.fingerprint)
            meter.add(len(batch))
            yield files


def _report(catalog: Catalog, root: Path, diff: ScanDiff, counts: Counts) -> IndexReport:
    """What a scan found and what the catalog holds now."""
    return IndexReport(
        root=root,
        seen=counts.seen,
        added=len(diff.added),
        changed=len(diff.changed),
        removed=len(diff.removed),
        unchanged=len(diff.unchanged) + len(diff.touched) + len(diff.moved) + len(diff.returned),
        offline=counts.offline,
        unreadable=catalog.unreadable(),
        cancelled=False,
        seconds=0.0,
        waiting=counts.seen - counts.indexed - counts.unreadable - counts.offline,
        scan=scan_notes.recall(catalog),
    )


def _page_notices(catalog: Catalog, files: Sequence[DecodedFile]) -> list[str]:
    """A sentence on files with several pages, which are shown and searched by their first one."""
    if not files:
        return []
    ((path,),) = catalog.rows("SELECT path FROM file WHERE file_id = ?", files[0].file_id)
    first = f"{os.fsdecode(path)!r} (page 1 of {files[0].pages})"
    if len(files) == 1:
        return [f"A file has several pages, of which the first is indexed: {first}."]
    return [f"{len(files)} files have several pages, of which the first is indexed: {first} and others."]


class _Throttle:
    """Passes progress on at most ten times a second, so that a fast stage does not drown its listener."""

    def __init__(self, listener: ProgressCallback | None) -> None:
        self._listener = listener
        self._last = -1e9

    def __call__(self, step: Progress, *, always: bool = False) -> None:
        now = time.monotonic()
        if self._listener is not None and (always or now - self._last >= _PROGRESS_PAUSE):
            self._last = now
            self._listener(step)


class _Meter:
    """Counts finished files and tells the pace."""

    def __init__(self, total: int, tell: _Throttle) -> None:
        self._total = total
        self._tell = tell
        self._done = 0
        self._pace = Pace("Indexing images", total)
        self._tell(self._pace.at(0), always=True)

    def add(self, count: int) -> None:
        self._done += count
        self._tell(self._pace.at(self._done), always=self._done == self._total)
