"""One index run: scan, then list → decode → encode → write shards.

The stages are plain functions over batches of records, so that they can later run on many machines. Decoding runs in
processes of its own, ahead of the model in a bounded window; everything else happens in the caller's thread. Work is
lost only back to the last shard; what a shard holds is never computed twice.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from faami_core.data.image_io import IMAGE_SUFFIXES
from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing import atomic, feature_store, scanner
from faami_core.indexing.batch_encoder import BatchEncoder
from faami_core.indexing.catalog import Catalog, index_errors
from faami_core.indexing.decode_pool import DecodePool, decoded_batches
from faami_core.indexing.lock import WriterLock
from faami_core.indexing.records import (
    DecodedFile,
    FailedFile,
    ScanDiff,
    ShardRows,
    concatenate,
)
from faami_core.pace import Pace
from faami_core.types import (
    CancelToken,
    FeatureEncoder,
    ImageFeatures,
    IndexReport,
    Progress,
    ProgressCallback,
)

BATCH_SIZE = 32
# A CPU takes about half a second for 8 images of 224²; cancelling waits for one batch and must take less than 1 s.
CPU_BATCH_SIZE = 8
SHARD_ROWS = 1024  # 65 MB at 245 regions × 256
SHARD_SECONDS = 30.0  # a killed run loses at most this much work
_PROGRESS_PAUSE = 0.1


@dataclass
class _Finished:
    """Encoded images waiting for their shard, and files that failed meanwhile."""

    files: list[DecodedFile] = field(default_factory=list)
    features: list[ImageFeatures] = field(default_factory=list)
    failed: list[FailedFile] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)


def index_collection(
    catalog: Catalog,
    root: Path,
    encoder: FeatureEncoder,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
    retry_unreadable: bool = False,
) -> IndexReport:
    """Brings the index of one root up to date.

    Args:
        catalog: Open catalog of the collection.
        root: Folder of the images, absolute.
        encoder: The model.
        progress: Told every stage, at most ten times a second.
        cancel: Stops the run within a batch; encoded images are kept and the report says ``cancelled``.
        retry_unreadable: Try unreadable files again even if they did not change.

    Raises:
        CollectionError: if another process is indexing, or the disk is full, read-only or broken.
    """
    started = time.monotonic()
    with index_errors(catalog.folder), WriterLock(catalog.folder):
        model_id = catalog.add_model(encoder.info)
        _tidy(catalog, model_id, encoder.info.fingerprint)
        run_id = catalog.begin_run(model_id)
        diff, embedded, cancelled = ScanDiff(), 0, False
        batch_encoder = BatchEncoder(
            encoder, CPU_BATCH_SIZE if encoder.info.device == "cpu" else BATCH_SIZE, CPU_BATCH_SIZE
        )
        try:
            diff = scan(catalog, root, progress=progress, cancel=cancel)
            if retry_unreadable:
                catalog.retry_unreadable()
            for count in _embed(catalog, model_id, encoder, batch_encoder, progress, cancel):
                embedded += count
        except CancelledError:
            cancelled = True
        seen = catalog.counts(model_id).seen
        catalog.finish_run(run_id, diff, seen=seen, embedded=embedded, cancelled=cancelled)
        report = _report(catalog, model_id, root, diff, cancelled=cancelled, seconds=time.monotonic() - started)
        return replace(report, notices=tuple(batch_encoder.notices))


def scan(
    catalog: Catalog, root: Path, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
) -> ScanDiff:
    """Walks ``root`` and makes the catalog's files equal to it; embeds nothing.

    Raises:
        CancelledError: if cancelled; the catalog is as before.
    """
    tell = _Throttle(progress)
    root_id = catalog.add_root(root)
    listing = scanner.list_images(
        root, IMAGE_SUFFIXES, cancel=cancel, on_folder=lambda count: tell(Progress("Reading the folder", count))
    )
    diff = scanner.compare(
        listing,
        catalog.known_files(root_id),
        catalog.root_device(root_id),
        scanner.hash_below(root),
        cancel=cancel,
    )
    catalog.apply_scan(root_id, diff, listing.device)
    return diff


def clear_orphans(catalog: Catalog) -> None:
    """Removes what a killed run left half-written; while another process writes, or on read-only media, nothing."""
    with contextlib.suppress(CollectionError, OSError), WriterLock(catalog.folder):
        _sweep(catalog)


def write_files(catalog: Catalog, model_id: int, encoder: FeatureEncoder, finished: _Finished) -> int:
    """Commits finished images: their items, then one shard file, then the transaction that names it.

    Steps for tests: ``record_files``, those of ``atomic.write_file``, ``name_shard``, ``named_shard``.

    Returns:
        How many images have features now that had none.
    """
    atomic.reach("record_files", catalog.folder)
    items = catalog.record_files(finished.files, finished.failed)
    if not finished.files:
        return 0
    rows = ShardRows(
        item_ids=np.array([items[file.file_id] for file in finished.files], dtype=np.int64),
        contents=np.stack([np.frombuffer(file.content, dtype=np.uint8) for file in finished.files]),
        windows=np.array([(0, 0, file.width, file.height) for file in finished.files], dtype=np.int32),
        features=concatenate(finished.features),
    )
    folder = feature_store.shard_folder(catalog.folder, encoder.info.fingerprint)
    record = feature_store.write_shard(folder, rows, encoder.info)
    atomic.reach("name_shard", folder / record.name)
    catalog.add_shard(model_id, record, rows.item_ids.tolist())
    atomic.reach("named_shard", folder / record.name)
    return len(finished.files)


def _embed(
    catalog: Catalog,
    model_id: int,
    encoder: FeatureEncoder,
    batch_encoder: BatchEncoder,
    progress: ProgressCallback | None,
    cancel: CancelToken | None,
) -> Iterator[int]:
    """Embeds everything pending; yields the number of images each time a shard was committed."""
    pending = catalog.pending(model_id)
    meter = _Meter(len(pending), _Throttle(progress))
    finished = _Finished()
    stopped: Exception | None = None
    try:
        with DecodePool(encoder.info.image_size) as pool:
            for batch in decoded_batches(pool, pending, batch_encoder.batch_size, cancel):
                decoded = [file for file in batch if isinstance(file, DecodedFile)]
                finished.failed += [file for file in batch if isinstance(file, FailedFile)]
                if decoded:
                    files, features, failed = batch_encoder.encode(decoded)
                    finished.files += [_without_pixels(file) for file in files]
                    finished.features.append(features)
                    finished.failed += failed
                meter.add(len(batch))
                if len(finished.files) >= SHARD_ROWS or time.monotonic() - finished.since >= SHARD_SECONDS:
                    ready, finished = finished, _Finished()
                    yield write_files(catalog, model_id, encoder, ready)
    except Exception as error:  # cancelled, out of memory, or worse: what is encoded is kept
        stopped = error
    if finished.files or finished.failed:
        yield write_files(catalog, model_id, encoder, finished)
    if stopped is not None:
        raise stopped


def _without_pixels(file: DecodedFile) -> DecodedFile:
    """The record of a file whose features are known; keeping the pixels until the shard is full would cost 150 MB."""
    empty = np.zeros((0, 0, 3), dtype=np.uint8)
    return DecodedFile(file.file_id, file.content, file.size, file.mtime_ns, file.width, file.height, empty)


def _tidy(catalog: Catalog, model_id: int, fingerprint: str) -> None:
    """Clears orphans, and forgets shards of a model whose files are lost, so that they are made again."""
    _sweep(catalog)
    lost = feature_store.lost_shards(
        feature_store.shard_folder(catalog.folder, fingerprint), catalog.shards(model_id)
    )
    if lost:
        catalog.drop_shards(model_id, lost)


def _sweep(catalog: Catalog) -> None:
    atomic.sweep(catalog.folder)
    for fingerprint, model_id in catalog.models().items():
        folder = feature_store.shard_folder(catalog.folder, fingerprint)
        feature_store.remove_unnamed(folder, set(catalog.shards(model_id)))


def _report(
    catalog: Catalog, model_id: int, root: Path, diff: ScanDiff, *, cancelled: bool, seconds: float
) -> IndexReport:
    counts = catalog.counts(model_id)
    return IndexReport(
        root=root,
        seen=counts.seen,
        added=len(diff.added),
        changed=len(diff.changed),
        removed=len(diff.removed),
        unchanged=len(diff.unchanged) + len(diff.touched) + len(diff.moved) + len(diff.returned),
        offline=counts.offline,
        unreadable=catalog.unreadable(),
        cancelled=cancelled,
        seconds=seconds,
    )


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
