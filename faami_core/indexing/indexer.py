"""One index run: scan, then list → decode → encode → write shards.

The stages are plain functions over batches of records, so that they can later run in processes or on many machines.
Decoding runs ahead of the model in a bounded window; everything else happens in the caller's thread. Every batch is
committed on its own, so that a killed run loses at most the batch it was at; nothing committed is computed twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from faami_core.data.image_io import IMAGE_SUFFIXES, decode_image, open_regular
from faami_core.errors import CancelledError, UnreadableImageError
from faami_core.indexing import atomic, feature_store, scanner, upkeep
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.lock import WriterLock
from faami_core.indexing.records import (
    DecodedFile,
    FailedFile,
    PendingFile,
    ScanDiff,
    ShardRows,
)
from faami_core.pace import Pace
from faami_core.types import (
    CancelToken,
    FeatureEncoder,
    ImageFeatures,
    IndexReport,
    ModelInfo,
    Progress,
    ProgressCallback,
)

BATCH_SIZE = 32
# A CPU takes about half a second for 8 images of 224²; cancelling waits for one batch and must take less than 1 s.
CPU_BATCH_SIZE = 8
DECODE_WORKERS = 2
DECODE_AHEAD = 4  # batches of decoded images waiting for the model
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
    with index_errors(catalog.folder), WriterLock(catalog.folder):
        model_id = catalog.add_model(encoder.info)
        catalog.add_root(root)
        upkeep.sweep(catalog)
        run_id = catalog.begin_run(model_id)
        diff, embedded, damaged, cancelled = ScanDiff(), 0, 0, False
        try:
            upkeep.find_damage(catalog, encoder.info.fingerprint, thorough=verify, progress=progress, cancel=cancel)
            diff = scan(catalog, progress=progress, cancel=cancel, verify=verify)
            if retry_unreadable:
                catalog.retry_unreadable()
            for _ in range(2):  # joining shards may find more damage, which is then repaired at once
                damaged += catalog.counts(model_id).damaged
                for count in _embed(catalog, model_id, encoder, progress, cancel):
                    embedded += count
                if catalog.counts(model_id).damaged == 0:
                    break
        except CancelledError:
            cancelled = True
        counts = catalog.counts(model_id)
        catalog.finish_run(run_id, diff, seen=counts.seen, embedded=embedded, cancelled=cancelled)
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
            seconds=time.monotonic() - started,
            repaired=max(0, damaged - counts.damaged),
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
    total = ScanDiff()
    for root, root_id in catalog.roots().items():
        listing = scanner.list_images(
            root,
            IMAGE_SUFFIXES,
            catalog.patterns(),
            cancel=cancel,
            on_folder=lambda count: tell(Progress("Reading the folder", count)),
        )
        diff = scanner.compare(
            listing,
            catalog.known_files(root_id),
            catalog.devices(root_id),
            scanner.hash_below(root),
            trust_times=not verify,
            cancel=cancel,
        )
        catalog.apply_scan(root_id, diff)
        total.extend(diff)
    return total


def decode_file(file: PendingFile, side: int) -> DecodedFile | FailedFile:
    """Reads, hashes and decodes one file. Whatever is wrong with it becomes a ``FailedFile``, never an exception."""
    path = Path(os.fsdecode(file.path))
    content = size = mtime_ns = None
    try:
        with open_regular(path) as stream:
            status = os.fstat(stream.fileno())
            size, mtime_ns = status.st_size, scanner.settled_time(status)
            content = hashlib.file_digest(stream, "sha256").digest()
            stream.seek(0)
            image = decode_image(stream, path.name, model_side=side)
    except UnreadableImageError as error:
        return FailedFile(file.file_id, str(error), content, size, mtime_ns)
    except OSError as error:
        return FailedFile(file.file_id, f"{path.name!r} cannot be read: {error.strerror or error}.", content)
    return DecodedFile(file.file_id, content, size, mtime_ns, image.width, image.height, image.pixels)


def encode_files(
    encoder: FeatureEncoder, files: Sequence[DecodedFile]
) -> tuple[list[DecodedFile], ImageFeatures, list[FailedFile]]:
    """Runs the model over decoded files; one whose features are not finite numbers fails, its neighbours do not.

    Returns:
        The files that have features, their features in the same order, and the others.
    """
    features = encoder.encode_images(np.stack([file.pixels for file in files]))
    finite = np.logical_and.reduce(
        [
            np.isfinite(features.global_features).all(axis=1),
            np.isfinite(features.key_scale).all(axis=1),
            np.isfinite(features.value_scale).all(axis=1),
        ]
    )
    verdicts = list(zip(files, finite.tolist(), strict=True))
    failed = [
        FailedFile(
            file.file_id,
            f"The model {encoder.info.name!r} finds no finite features in this image.",
            file.content,
            file.size,
            file.mtime_ns,
        )
        for file, sound in verdicts
        if not sound
    ]
    kept = ImageFeatures(
        features.global_features[finite],
        features.regions[finite],
        features.key_scale[finite],
        features.value_scale[finite],
    )
    return [file for file, sound in verdicts if sound], kept, failed


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
    progress: ProgressCallback | None,
    cancel: CancelToken | None,
) -> Iterator[int]:
    """Embeds everything pending; yields the number of new images each time a batch was committed."""
    pending = catalog.pending(model_id)
    meter = _Meter(len(pending), _Throttle(progress))
    batch_size = CPU_BATCH_SIZE if encoder.info.device == "cpu" else BATCH_SIZE
    with contextlib.closing(_decoded_batches(pending, encoder.info.image_size, batch_size, cancel)) as batches:
        for batch in batches:
            files = [file for file in batch if isinstance(file, DecodedFile)]
            failed = [file for file in batch if isinstance(file, FailedFile)]
            features = None
            if files:
                files, features, broken = encode_files(encoder, files)
                failed += broken
            commit_batch(catalog, model_id, encoder.info, files, features, failed)
            upkeep.join_small_shards(catalog, encoder.info.fingerprint)
            meter.add(len(batch))
            yield len(files)


def _decoded_batches(
    pending: Iterable[PendingFile], side: int, batch_size: int, cancel: CancelToken | None
) -> Generator[list[DecodedFile | FailedFile], None, None]:
    """Decodes in order, a bounded number of files ahead of the consumer.

    Raises:
        CancelledError: if cancelled.
    """
    token = cancel or CancelToken()
    waiting: deque[Future[DecodedFile | FailedFile]] = deque()
    batch: list[DecodedFile | FailedFile] = []
    pool = ThreadPoolExecutor(DECODE_WORKERS, thread_name_prefix="decode")
    try:
        for file in pending:
            token.raise_if_cancelled()
            waiting.append(pool.submit(decode_file, file, side))
            if len(waiting) >= batch_size * DECODE_AHEAD:
                batch.append(waiting.popleft().result())
            if len(batch) == batch_size:
                yield batch
                batch = []
        while waiting:
            token.raise_if_cancelled()
            batch.append(waiting.popleft().result())
            if len(batch) == batch_size or not waiting:
                yield batch
                batch = []
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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
