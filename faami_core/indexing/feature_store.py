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
"""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from faami_core.errors import CollectionError
from faami_core.indexing import atomic
from faami_core.indexing.records import GalleryRows, ShardRecord, ShardRows
from faami_core.types import FloatArray, ModelInfo

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


@dataclass(frozen=True)
class Shard:
    """An open shard; every array is a read-only view of the mapped file."""

    path: Path
    fingerprint: str
    global_features: npt.NDArray[np.float16]
    regions: npt.NDArray[np.int8]
    key_scale: FloatArray
    value_scale: FloatArray
    item_ids: npt.NDArray[np.int64]
    contents: npt.NDArray[np.uint8]
    windows: npt.NDArray[np.int32]


def shard_folder(collection_folder: Path, fingerprint: str) -> Path:
    """Where the shards of one model lie."""
    return collection_folder / "shards" / fingerprint


def write_shard(folder: Path, rows: ShardRows, info: ModelInfo) -> ShardRecord:
    """Writes one complete shard into ``folder`` (made if needed). It counts only once the catalog names it.

    Raises:
        OSError: if the disk is full, read-only or gone; then nothing is left behind.
    """
    from safetensors.numpy import save

    tensors = {
        "global_features": rows.features.global_features,
        "regions": rows.features.regions,
        "key_scale": rows.features.key_scale,
        "value_scale": rows.features.value_scale,
        "item_ids": rows.item_ids,
        "contents": rows.contents,
        "windows": rows.windows,
    }
    grids = [[grid.scale, grid.rows, grid.columns] for grid in info.grids]
    metadata = {"format": FORMAT_VERSION, "fingerprint": info.fingerprint, "grids": json.dumps(grids)}
    content = save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, metadata)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    name = f"{stamp}-{uuid.uuid4().hex[:12]}{SHARD_SUFFIX}"
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write_file(folder / name, [content])
    return ShardRecord(name, len(rows.item_ids), len(content), hashlib.sha256(content).digest())


def open_shard(path: Path) -> Shard:
    """Maps a shard.

    Raises:
        CollectionError: if the file is missing, cut, or not a shard of this format.
    """
    try:
        return _open(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CollectionError(
            f"The part {path.name!r} of the index is missing or damaged.",
            "Index the folder again; only the images of this part are computed anew.",
        ) from error


def remove_unnamed(folder: Path, named: set[str]) -> int:
    """Deletes shards the catalog does not name: a process died between writing and naming them.

    Only the holder of the writer lock may call it. Returns how many were removed.
    """
    unnamed = [path for path in folder.glob(f"*{SHARD_SUFFIX}") if path.name not in named]
    for path in unnamed:
        path.unlink(missing_ok=True)
    return len(unnamed)


def lost_shards(folder: Path, records: dict[str, ShardRecord]) -> list[str]:
    """Names of shards whose file is missing or has another length than the catalog says."""
    lost = []
    for name, record in records.items():
        try:
            if (folder / name).stat().st_size != record.size:
                lost.append(name)
        except FileNotFoundError:
            lost.append(name)
    return lost


class Gallery:
    """All images of a collection that have features of one model, in order of path: what a search runs over.

    Global features are held in memory (512 bytes an image at D = 256); region features stay on disk until
    ``gather`` asks for the rows of a shortlist.

    Args:
        rows: Columns of the catalog.
        folder: Where the shards lie.

    Raises:
        CollectionError: if a shard is missing or damaged.
    """

    def __init__(self, rows: GalleryRows, folder: Path) -> None:
        self.item_ids = rows.item_ids
        self.paths = rows.paths
        self.sizes = rows.sizes
        self._shard_of = rows.shard_of
        self._row_of = rows.row_of
        used = np.unique(rows.shard_of)
        self._shards = {int(number): open_shard(folder / rows.shard_names[number]) for number in used}
        self._check_rows()
        self.global_features = self._collect(np.arange(len(self)), lambda shard: shard.global_features)

    def __len__(self) -> int:
        return len(self.item_ids)

    def locality(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The same images in the order in which they lie on disk."""
        return indices[np.lexsort((self._row_of[indices], self._shard_of[indices]))]

    def gather(self, indices: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.int8], FloatArray, FloatArray]:
        """Reads the region features of images by gallery index.

        Returns:
            regions [K, R, D] int8, key_scale [K, R] float32, value_scale [K, R] float32.
        """
        return (
            self._collect(indices, lambda shard: shard.regions),
            self._collect(indices, lambda shard: shard.key_scale),
            self._collect(indices, lambda shard: shard.value_scale),
        )

    def _collect(self, indices: npt.NDArray[np.intp], column: Callable[[Shard], Any]) -> Any:
        """Rows of one tensor over all shards, in the order of ``indices``."""
        if not self._shards:
            return np.zeros((0, 0), dtype=np.float16)
        sample = column(next(iter(self._shards.values())))
        result = np.empty((len(indices), *sample.shape[1:]), dtype=sample.dtype)
        shard_of, row_of = self._shard_of[indices], self._row_of[indices]
        for number in np.unique(shard_of):
            place = np.flatnonzero(shard_of == number)
            rows = column(self._shards[int(number)])
            if len(place) == place[-1] - place[0] + 1:  # in the order of the disk: one copy, straight to its place
                np.take(rows, row_of[place], axis=0, out=result[place[0] : place[-1] + 1], mode="clip")
            else:
                result[place] = rows[row_of[place]]
        return result

    def _check_rows(self) -> None:
        """A catalog that names rows a shard does not have would search other images' features: refuse it."""
        for number, shard in self._shards.items():
            mine = self._shard_of == number
            rows = self._row_of[mine]
            if rows.max(initial=-1) >= len(shard.item_ids) or not np.array_equal(
                shard.item_ids[rows], self.item_ids[mine]
            ):
                raise CollectionError(
                    f"The part {shard.path.name!r} of the index does not belong to this catalog.",
                    "Delete the index of this folder and index it again.",
                )


def _open(path: Path) -> Shard:
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    length = int.from_bytes(mapped[:8].tobytes(), "little")
    if not 2 <= length <= min(_MAX_HEADER, mapped.size - 8):
        raise ValueError("header length")
    header = json.loads(mapped[8 : 8 + length].tobytes())
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
    return Shard(path=path, fingerprint=metadata["fingerprint"], **views)


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
