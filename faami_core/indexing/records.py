"""Plain records that travel between the stages of an index run. All can be pickled, so that stages may move apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from faami_core.types import ByteArray, FloatArray, ImageFeatures


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a listing.

    Attributes:
        path: Relative to its root, raw bytes with ``/`` between folders.
        size, mtime_ns: As the file system says.
        problem: Why it cannot be an image ("It is not a regular file."), or None.
    """

    path: bytes
    size: int
    mtime_ns: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the catalog remembers it; ``content`` is the SHA-256 of the whole file or None if never read."""

    file_id: int
    path: bytes
    size: int
    mtime_ns: int
    content: bytes | None
    offline: bool


@dataclass(frozen=True)
class Listing:
    """What a walk over a root found. ``blocked`` are folders (relative) that could not be listed."""

    reachable: bool
    device: int | None = None
    files: tuple[FoundFile, ...] = ()
    blocked: tuple[bytes, ...] = ()


@dataclass
class ScanDiff:
    """How a listing differs from the catalog. ``moved`` and ``touched`` files keep their features."""

    added: list[FoundFile] = field(default_factory=list)
    changed: list[tuple[int, FoundFile]] = field(default_factory=list)
    moved: list[tuple[int, FoundFile]] = field(default_factory=list)
    touched: list[tuple[int, FoundFile]] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    offline: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that has no features of the model yet; ``path`` is absolute bytes."""

    file_id: int
    path: bytes


@dataclass(frozen=True)
class DecodedFile:
    """A file ready for the model: ``pixels`` [side, side, 3]; ``width`` × ``height`` as shown."""

    file_id: int
    content: bytes
    size: int
    mtime_ns: int
    width: int
    height: int
    pixels: ByteArray


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that cannot be indexed, and why. ``content`` is None if it could not even be read."""

    file_id: int
    reason: str
    content: bytes | None = None
    size: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True)
class ShardRows:
    """n rows of a shard. Content hash and window name a row without any catalog, so that shards can be merged.

    Attributes:
        item_ids: [n] int64, of the catalog they were made for.
        contents: [n, 32] uint8, SHA-256 of the file.
        windows: [n, 4] int32, x, y, width, height in the file.
        features: n images.
    """

    item_ids: npt.NDArray[np.int64]
    contents: npt.NDArray[np.uint8]
    windows: npt.NDArray[np.int32]
    features: ImageFeatures


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A shard as the catalog names it; ``size`` in bytes."""

    name: str
    rows: int
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """Files of a collection for one model; ``indexed + unreadable + offline + pending = seen``."""

    seen: int
    indexed: int
    unreadable: int
    offline: int


@dataclass(frozen=True)
class GalleryRows:
    """Columns of all images that can be searched with one model, in order of path.

    Attributes:
        item_ids: [N] int64.
        paths: N absolute paths as bytes.
        sizes: [N, 2] int32, width and height of the item as shown.
        shard_names: Names of the shards.
        shard_of: [N] int32, index into ``shard_names``.
        row_of: [N] int64, row in that shard.
    """

    item_ids: npt.NDArray[np.int64]
    paths: tuple[bytes, ...]
    sizes: npt.NDArray[np.int32]
    shard_names: tuple[str, ...]
    shard_of: npt.NDArray[np.int32]
    row_of: npt.NDArray[np.int64]


def concatenate(parts: list[ImageFeatures]) -> ImageFeatures:
    """Joins features of several batches in order."""
    keys: FloatArray = np.concatenate([part.key_scale for part in parts])
    values: FloatArray = np.concatenate([part.value_scale for part in parts])
    return ImageFeatures(
        np.concatenate([part.global_features for part in parts]),
        np.concatenate([part.regions for part in parts]),
        keys,
        values,
    )
