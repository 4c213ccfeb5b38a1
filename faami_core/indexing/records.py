"""Plain records that travel between the stages of an index run. All can be pickled, so that stages may move apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import compress

import numpy as np
import numpy.typing as npt

from faami_core.types import ByteArray, FloatArray, ImageFeatures


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a listing.

    Attributes:
        path: Relative to its root, raw bytes with ``/`` between folders.
        size, mtime_ns: As the file system says; see ``scanner.recorded_ns``.
        problem: Why it cannot be an image ("It is not a regular file."), or None.
        lost: It is there by name only (a link that leads nowhere), so a known file is offline rather than changed.
        settled: False if it was changed a moment ago, so that its time does not vouch for its content yet.
    """

    path: bytes
    size: int
    mtime_ns: int
    problem: str | None = None
    lost: bool = False
    settled: bool = True


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
class Patterns:
    """Which files of a folder belong to the collection, as globs of bytes; upper and lower case differ.

    A glob without ``/`` is compared with the file's name and with every folder's name on the way to it, one with
    ``/`` with the whole path relative to the root, where ``*`` passes over ``/``. A file belongs if it matches one of
    ``include`` (or there is none) and none of ``exclude``; an excluded folder is left out with all that is in it.
    """

    include: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()

    def wants(self, path: bytes) -> bool:
        return (not self.include or _matches(path, self.include)) and not self.leaves_out(path)

    def leaves_out(self, path: bytes) -> bool:
        return _matches(path, self.exclude)


def _matches(path: bytes, globs: tuple[bytes, ...]) -> bool:
    names = path.split(b"/")
    return any(
        fnmatchcase(path, glob) if b"/" in glob else any(fnmatchcase(name, glob) for name in names) for glob in globs
    )


@dataclass(frozen=True)
class Listing:
    """What a walk over a root found.

    Attributes:
        reachable: Whether the root itself could be listed.
        devices: Number of the device of every folder (relative) that begins another device; the root is ``b""``.
        files: In order of path.
        blocked: Folders (relative) that could not be listed, and links that lead nowhere, each with the reason.
        skipped: Folders (relative) of systems, of other programs and of this one, which were not entered.
        other_kinds: How many files there are of every other suffix (lower case, with the dot; empty for none).
    """

    reachable: bool
    devices: dict[bytes, int] = field(default_factory=dict)
    files: tuple[FoundFile, ...] = ()
    blocked: Mapping[bytes, str] = field(default_factory=dict)
    skipped: tuple[bytes, ...] = ()
    other_kinds: Mapping[bytes, int] = field(default_factory=dict)


@dataclass
class ScanDiff:
    """How a listing differs from the catalog. ``moved`` and ``touched`` files keep their features.

    ``devices`` is what to remember of the root's devices: those found, and those found before that are offline.
    ``unlisted`` are the folders (relative) that could not be listed, with the reason.
    """

    added: list[FoundFile] = field(default_factory=list)
    changed: list[tuple[int, FoundFile]] = field(default_factory=list)
    moved: list[tuple[int, FoundFile]] = field(default_factory=list)
    touched: list[tuple[int, FoundFile]] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    returned: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    offline: list[int] = field(default_factory=list)
    devices: dict[bytes, int] = field(default_factory=dict)
    unlisted: dict[bytes, str] = field(default_factory=dict)

    def extend(self, other: ScanDiff) -> None:
        """Adds the files of another root."""
        for name in ("added", "changed", "moved", "touched", "unchanged", "returned", "removed", "offline"):
            getattr(self, name).extend(getattr(other, name))


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that has no features of the model yet; ``path`` is absolute bytes."""

    file_id: int
    path: bytes


@dataclass(frozen=True)
class DecodedFile:
    """A file ready for the model: ``pixels`` [side, side, 3]; ``width`` × ``height`` as shown.

    ``thumbnail`` is a small JPEG of it, or empty if the image itself is that small; ``pages`` counts what the file
    holds beside the page that is shown, and that one.
    """

    file_id: int
    content: bytes
    size: int
    mtime_ns: int
    width: int
    height: int
    pixels: ByteArray
    thumbnail: bytes = b""
    pages: int = 1


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that cannot be indexed, and why.

    ``content`` is None if not the bytes are to blame but the circumstances: no permission, a disk that fails, memory,
    time. The next run tries such a file again.
    """

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
    """A shard as the catalog names it.

    Attributes:
        rows: Rows in the file, whether or not they are still in use.
        size: In bytes.
        sha256: Of the whole file.
        head_check: CRC-32 of all that opening reads; None in an index of version 1 until the whole file was checked.
    """

    name: str
    rows: int
    size: int
    sha256: bytes
    head_check: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRow:
    """Where the features of an item lie. ``check`` is their CRC-32, or None in an index of version 1."""

    item_id: int
    shard: str
    row: int
    check: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Files of a collection for one model; ``indexed + unreadable + offline + pending = seen``.

    ``damaged`` are those of the pending ones that were indexed and whose stored features rotted or got lost.
    """

    seen: int
    indexed: int
    unreadable: int
    offline: int
    damaged: int


@dataclass(frozen=True)
class CompactReport:
    """What compacting an index did: its files and their bytes before and after, and rows that no image used."""

    shards_before: int
    shards_after: int
    bytes_before: int
    bytes_after: int
    rows_dropped: int


@dataclass(frozen=True)
class GalleryRows:
    """Columns of all images that can be searched with one model, in order of path.

    Attributes:
        item_ids: [N] int64.
        paths: N absolute paths as bytes.
        sizes: [N, 2] int32, width and height of the item as shown.
        shards: All shards of the model.
        shard_of: [N] int32, index into ``shards``.
        row_of: [N] int64, row in that shard.
        checks: [N] int64, CRC-32 of the row's region features, -1 where unknown.
        damaged: How many images are missing here because their stored features are damaged.
    """

    item_ids: npt.NDArray[np.int64]
    paths: tuple[bytes, ...]
    sizes: npt.NDArray[np.int32]
    shards: tuple[ShardRecord, ...]
    shard_of: npt.NDArray[np.int32]
    row_of: npt.NDArray[np.int64]
    checks: npt.NDArray[np.int64]
    damaged: int = 0

    def without(self, indices: npt.NDArray[np.intp]) -> GalleryRows:
        """The same without some images, which count as damaged."""
        keep = np.ones(len(self.item_ids), dtype=bool)
        keep[indices] = False
        return GalleryRows(
            item_ids=self.item_ids[keep],
            paths=tuple(compress(self.paths, keep.tolist())),
            sizes=self.sizes[keep],
            shards=self.shards,
            shard_of=self.shard_of[keep],
            row_of=self.row_of[keep],
            checks=self.checks[keep],
            damaged=self.damaged + len(self.item_ids) - int(keep.sum()),
        )


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
