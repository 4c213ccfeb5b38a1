"""Features on disk: append-only shards, each a safetensors file, read through memory maps.

A shard of n rows holds the tensors

    global_features  [n, D]     float16   unit length
    regions          [n, R, D]  int8
    key_scale        [n, R]     float32
    value_scale      [n, R]     float32
    item_ids         [n]        int64     rows of the catalog it was written for
    contents         [n, 32]    uint8     SHA-256 of the image file
    windows          [n, 4]     int32     x, y, width, height inside the image

and as metadata the format version, the model's fingerprint and its grids. A safetensors file is eight bytes of header
length (little endian), a JSON header ``{name: {dtype, shape, data_offsets}}``, then the tensors back to back. That
is simple enough to map: the file is mapped once and every tensor is a view, so opening a shard reads only its header
and a search touches only the rows it asks for.

Disks rot. The catalog keeps a CRC-32 of all that opening a shard reads (its *head*: header, item_ids, contents,
windows, global_features) and one of every row of region features, which is checked when the row is first used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import uuid
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from faami_core.errors import CollectionError
from faami_core.indexing import atomic
from faami_core.indexing.records import GalleryRows, ShardRecord, ShardRows, StoredRow
from faami_core.types import FloatArray, ImageFeatures, ModelInfo

FORMAT_VERSION = "1"
SHARD_SUFFIX = ".safetensors"
_MAX_HEADER = 1 << 20
_DTYPES = {"F16": np.float16, "F32": np.float32, "I8": np.int8, "U8": np.uint8, "I32": np.int32, "I64": np.int64}
_TENSORS = {
    "global_features": ("F16", 2),
    "regions": ("I8", 3),
    "key_scale": ("F32", 2),
    "value_scale": ("F32", 2),
    "item_ids": ("I64", 1),
    "contents": ("U8", 2),
    "windows": ("I32", 2),
}
_HEAD_TENSORS = ("item_ids", "contents", "windows", "global_features")


class DamagedShardError(CollectionError):
    """A shard is missing, cut, rotten, or not a shard of this format."""


class DamagedRowsError(CollectionError):
    """Stored features of some images are rotten.

    Args:
        indices: [k] gallery indices.
    """

    def __init__(self, indices: npt.NDArray[np.intp]) -> None:
        super().__init__(
            f"The stored features of {len(indices)} images are damaged.", "Index the folder again to make them anew."
        )
        self.indices = indices


@dataclass(frozen=True)
class Shard:
    """An open shard; every array is a read-only view of the mapped file, ``header`` its bytes before them."""

    path: Path
    header: bytes
    metadata: dict[str, str]
    global_features: npt.NDArray[np.float16]
    regions: npt.NDArray[np.int8]
    key_scale: FloatArray
    value_scale: FloatArray
    item_ids: npt.NDArray[np.int64]
    contents: npt.NDArray[np.uint8]
    windows: npt.NDArray[np.int32]

    def take(self, rows: npt.NDArray[np.int64]) -> ShardRows:
        """Copies of some rows."""
        features = ImageFeatures(
            self.global_features[rows], self.regions[rows], self.key_scale[rows], self.value_scale[rows]
        )
        return ShardRows(self.item_ids[rows], self.contents[rows], self.windows[rows], features)

    def is_whole(self) -> bool:
        """Whether all of it is as it was written, as far as it says so itself; it is read whole."""
        return self.metadata.get("check") in (None, str(_head_check(b"", *(getattr(self, n) for n in _TENSORS))))

    def row_checks(self) -> list[int]:
        return row_checks(self.regions, self.key_scale, self.value_scale)


def row_checks(regions: npt.NDArray[np.int8], key_scale: FloatArray, value_scale: FloatArray) -> list[int]:
    """CRC-32 of the region features of each of n rows; the arrays are contiguous."""
    return [
        crc32(values, crc32(keys, crc32(row)))
        for row, keys, values in zip(regions, key_scale, value_scale, strict=True)
    ]


def shard_metadata(info: ModelInfo) -> dict[str, str]:
    """What a shard says of the model that made it."""
    grids = [[grid.scale, grid.rows, grid.columns] for grid in info.grids]
    return {"format": FORMAT_VERSION, "fingerprint": info.fingerprint, "grids": json.dumps(grids)}


def shard_folder(collection_folder: Path, fingerprint: str) -> Path:
    """Where the shards of one model lie."""
    return collection_folder / "shards" / fingerprint


def write_shard(folder: Path, rows: ShardRows, metadata: dict[str, str]) -> ShardRecord:
    """Writes one complete shard into ``folder``, made if needed; it counts only once the catalog names it.

    Args:
        folder: A ``shard_folder`` of an index that is there.
        rows: What it holds.
        metadata: Of the model.

    Raises:
        OSError: if the disk is full, read-only or gone; then nothing is left behind.
    """
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {
        "global_features": rows.features.global_features,
        "regions": rows.features.regions,
        "key_scale": rows.features.key_scale,
        "value_scale": rows.features.value_scale,
        "item_ids": rows.item_ids,
        "contents": rows.contents,
        "windows": rows.windows,
    }
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in arrays.items()}
    check = str(_head_check(b"", *(tensors[name] for name in _TENSORS)))  # for a time when no catalog has it
    content = save(tensors, metadata | {"check": check})
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    name = f"{stamp}-{uuid.uuid4().hex[:12]}{SHARD_SUFFIX}"
    for place in (folder.parent, folder):  # never the index itself: that would hide that it was moved away
        place.mkdir(mode=0o700, exist_ok=True)
    atomic.write_file(folder / name, [content], private=True)
    header = content[: 8 + int.from_bytes(content[:8], "little")]
    head = _head_check(header, *(tensors[name] for name in _HEAD_TENSORS))
    return ShardRecord(name, len(rows.item_ids), len(content), hashlib.sha256(content).digest(), head)


def open_shard(path: Path, record: ShardRecord | None = None) -> Shard:
    """Maps a shard.

    Args:
        path: The file.
        record: What the catalog says of it; the head is checked against it, or the whole file if the catalog has no
            check of the head.

    Raises:
        DamagedShardError: if the file is missing, cut, rotten, or not a shard of this format.
        OSError: if the disk fails.
    """
    try:
        shard = _open(path)
        if record is not None and not _fits(shard, record):
            raise ValueError("checksum")
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedShardError(
            f"The part {path.name!r} of the index is missing or damaged.",
            "Index the folder again; only the images of this part are computed anew.",
        ) from error
    return shard


def head_check(shard: Shard) -> int:
    """CRC-32 of all that opening a shard reads."""
    return _head_check(shard.header, *(getattr(shard, name) for name in _HEAD_TENSORS))


def damaged_rows(path: Path, record: ShardRecord, rows: list[StoredRow], *, thorough: bool) -> list[StoredRow]:
    """Which rows of a shard cannot be used.

    Args:
        path: The file of the shard.
        record, rows: What the catalog says of it.
        thorough: Check the region features, too, which reads the whole file.

    Raises:
        OSError: if the disk fails.
    """
    try:
        shard = open_shard(path, record)
    except DamagedShardError:
        return rows
    item_ids = dict(enumerate(shard.item_ids.tolist()))
    checks = shard.row_checks() if thorough else []
    return [
        row
        for row in rows
        if item_ids.get(row.row) != row.item_id
        or (thorough and row.check is not None and checks[row.row] != row.check)
    ]


def remove_unnamed(folder: Path, named: Iterable[str]) -> int:
    """Deletes shards the catalog does not name: a process died before naming them, or their rows lie elsewhere now.

    Only the holder of the writer lock may call it. Returns how many were removed.
    """
    kept = set(named)
    return sum([atomic.remove_file(path) for path in folder.glob(f"*{SHARD_SUFFIX}") if path.name not in kept])


class Gallery:
    """All images of a collection that have features of one model, in order of path: what a search runs over.

    Global features are held in memory (512 bytes an image at D = 256); region features stay on disk until
    ``gather`` asks for the rows of a shortlist. Images whose shard is missing or damaged are left out.

    Args:
        rows: Columns of the catalog.
        folder: Where the shards lie.

    Attributes:
        lost: The rows left out because their shard is missing or its head is damaged.
        damaged: How many images are left out in all, those that the catalog already knows included.
        part_of, place_of: [N] index into ``parts`` and the gallery index there; see ``JoinedGallery``.

    Raises:
        OSError: if the disk fails.
    """

    def __init__(self, rows: GalleryRows, folder: Path) -> None:
        self._shards: dict[int, Shard] = {}
        for number in np.unique(rows.shard_of).tolist():
            record = rows.shards[number]
            with contextlib.suppress(DamagedShardError):
                self._shards[number] = open_shard(folder / record.name, record)
        lost = _lost(rows, self._shards)
        self.lost = _stored(rows, lost)
        self._adopt(rows.without(lost) if len(lost) else rows)

    @property
    def parts(self) -> tuple[Gallery, ...]:
        """The galleries that were joined to this one: only itself."""
        return (self,)

    def without(self, indices: npt.NDArray[np.intp]) -> Gallery:
        """The same gallery without some images, which count as damaged."""
        rest = copy(self)
        rest._adopt(self._rows.without(indices))
        return rest

    def stored(self, indices: npt.NDArray[np.intp]) -> list[StoredRow]:
        """Where the features of images lie."""
        return _stored(self._rows, indices)

    def __len__(self) -> int:
        return len(self.item_ids)

    def locality(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The same images in the order in which they lie on disk."""
        return indices[np.lexsort((self._rows.row_of[indices], self._rows.shard_of[indices]))]

    def gather(self, indices: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.int8], FloatArray, FloatArray]:
        """Reads the region features of images by gallery index, and checks those that are used for the first time.

        Returns:
            regions [K, R, D] int8, key_scale [K, R] float32, value_scale [K, R] float32.

        Raises:
            DamagedRowsError: if any of them, or others of the same shards, are rotten.
        """
        regions = self._collect(indices, lambda shard: shard.regions)
        key_scale = self._collect(indices, lambda shard: shard.key_scale)
        value_scale = self._collect(indices, lambda shard: shard.value_scale)
        new = np.flatnonzero(~self._sound[indices])
        found = [
            row_checks(regions[i : i + 1], key_scale[i : i + 1], value_scale[i : i + 1])[0] for i in new.tolist()
        ]
        if not np.array_equal(found, self._rows.checks[indices[new]]):
            raise DamagedRowsError(self._rotten(np.unique(self._rows.shard_of[indices[new]])))
        self._sound[indices] = True
        return regions, key_scale, value_scale

    def _rotten(self, shards: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Gallery indices of all rotten rows of some shards."""
        rotten = []
        for number in shards.tolist():
            checks = np.array(self._shards[number].row_checks(), dtype=np.int64)
            mine = np.flatnonzero((self._rows.shard_of == number) & ~self._sound)
            rotten.append(mine[checks[self._rows.row_of[mine]] != self._rows.checks[mine]])
        return np.concatenate(rotten)

    def _adopt(self, rows: GalleryRows) -> None:
        self._rows = rows
        self.item_ids, self.paths, self.sizes = rows.item_ids, rows.paths, rows.sizes
        self.damaged = rows.damaged
        self.part_of, self.place_of = np.zeros(len(self), dtype=np.intp), np.arange(len(self))
        self._sound = rows.checks < 0  # no check of the row: the whole file was checked when it was opened
        self.global_features = self._collect(np.arange(len(self)), lambda shard: shard.global_features)

    def _collect(self, indices: npt.NDArray[np.intp], column: Callable[[Shard], Any]) -> Any:
        """Rows of one tensor over all shards, in the order of ``indices``."""
        if not self._shards:
            return np.zeros((0, 0), dtype=np.float16)
        sample = column(next(iter(self._shards.values())))
        result = np.empty((len(indices), *sample.shape[1:]), dtype=sample.dtype)
        shard_of, row_of = self._rows.shard_of[indices], self._rows.row_of[indices]
        for number in np.unique(shard_of):
            place = np.flatnonzero(shard_of == number)
            rows = column(self._shards[int(number)])
            if len(place) == place[-1] - place[0] + 1:  # in the order of the disk: one copy, straight to its place
                np.take(rows, row_of[place], axis=0, out=result[place[0] : place[-1] + 1], mode="clip")
            else:
                result[place] = rows[row_of[place]]
        return result


def _lost(rows: GalleryRows, shards: dict[int, Shard]) -> npt.NDArray[np.intp]:
    """Gallery indices whose shard is not open, or does not have the row that the catalog names."""
    lost = ~np.isin(rows.shard_of, list(shards))
    for number, shard in shards.items():
        mine = np.flatnonzero(rows.shard_of == number)
        place = rows.row_of[mine]
        inside = place < len(shard.item_ids)
        lost[mine[~inside]] = True
        lost[mine[inside]] = shard.item_ids[place[inside]] != rows.item_ids[mine[inside]]
    return np.flatnonzero(lost)


def _stored(rows: GalleryRows, indices: npt.NDArray[np.intp]) -> list[StoredRow]:
    return [
        StoredRow(
            int(rows.item_ids[i]), rows.shards[int(rows.shard_of[i])].name, int(rows.row_of[i]), int(rows.checks[i])
        )
        for i in indices.tolist()
    ]


def _head_check(header: bytes, *tensors: npt.NDArray[Any]) -> int:
    check = crc32(header)
    for tensor in tensors:
        check = crc32(tensor.data, check)
    return check


def _fits(shard: Shard, record: ShardRecord) -> bool:
    if record.head_check is not None:
        return shard.path.stat().st_size == record.size and head_check(shard) == record.head_check
    with shard.path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest() == record.sha256


def _open(path: Path) -> Shard:
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    length = int.from_bytes(mapped[:8].tobytes(), "little")
    if not 2 <= length <= min(_MAX_HEADER, mapped.size - 8):
        raise ValueError("header length")
    header_bytes = mapped[: 8 + length].tobytes()
    header = json.loads(header_bytes[8:])
    metadata = header.pop("__metadata__")
    if metadata["format"] != FORMAT_VERSION:
        raise ValueError("format version")
    body = mapped[8 + length :]
    views = {name: _view(body, header[name], *expected) for name, expected in _TENSORS.items()}
    rows, regions = views["regions"].shape[:2]
    shapes_fit = all(len(view) == rows for view in views.values()) and all(
        views[name].shape[1] == size
        for name, size in (("key_scale", regions), ("value_scale", regions), ("contents", 32), ("windows", 4))
    )
    if not shapes_fit:
        raise ValueError("shapes")
    return Shard(path=path, header=header_bytes, metadata=metadata, **views)


def _view(body: npt.NDArray[np.uint8], entry: dict[str, Any], dtype: str, dimensions: int) -> Any:
    """One tensor as a view of the mapped bytes behind the header."""
    begin, end = entry["data_offsets"]
    shape = tuple(entry["shape"])
    kind = np.dtype(_DTYPES[dtype])
    if entry["dtype"] != dtype or len(shape) != dimensions or min(shape) < 0:
        raise ValueError("tensor kind")
    if not 0 <= begin <= end <= body.size or end - begin != math.prod(shape) * kind.itemsize:
        raise ValueError("tensor bounds")
    # a plain array over the map: memmap's own class costs microseconds at every slice
    return np.frombuffer(body.data, dtype=kind, count=math.prod(shape), offset=begin).reshape(shape)
