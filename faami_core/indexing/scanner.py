"""Walks a root folder and tells how it differs from the catalog. Reads no pixels; hashes only what may have moved."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from faami_core.data.image_io import open_regular
from faami_core.indexing.records import FoundFile, KnownFile, Listing, Patterns, ScanDiff
from faami_core.types import CancelToken

_SETTLING_NS = 2_000_000_000  # the coarsest clock of a file system in use (FAT) counts in steps of 2 s
_LATEST_NS = (1 << 63) - 2  # a catalog holds 64 bits with a sign; file systems reach further
_LARGEST_DEVICE = (1 << 63) - 1
_HASH_BLOCK = 1 << 20

Hasher = Callable[[bytes], bytes | None]


def list_images(
    root: Path,
    suffixes: frozenset[str],
    patterns: Patterns | None = None,
    *,
    cancel: CancelToken | None = None,
    on_folder: Callable[[int], None] | None = None,
) -> Listing:
    """Lists all files below ``root`` that have the suffix of an image.

    Hidden files and folders are skipped. Linked folders are followed after all real ones, and no folder twice, so
    that loops end and the same files are found under the same names on every run. What is not a regular file is
    listed with its problem and never opened.

    Args:
        root: The folder.
        suffixes: Lower case, with the dot.
        patterns: Which of the files belong to the collection; None for all.
        cancel: Checked at every folder.
        on_folder: Told the number of files found so far, once a folder.

    Raises:
        CancelledError: if cancelled.
    """
    endings = tuple(suffix.encode("ascii") for suffix in sorted(suffixes))
    wanted = patterns or Patterns()
    base = os.fsencode(root)
    files: list[FoundFile] = []
    blocked: list[bytes] = []
    walked = _Walked()
    folders, linked = [b""], list[bytes]()
    while folders or linked:
        folder = folders.pop() if folders else linked.pop()
        if cancel is not None:
            cancel.raise_if_cancelled()
        try:
            with os.scandir(base + b"/" + folder) as scan:
                if not walked.enter(base, folder):
                    continue
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError:
            blocked.append(folder)
            continue
        for entry in entries:
            path = folder + b"/" + entry.name if folder else entry.name
            if entry.name.startswith(b".") or wanted.leaves_out(path):
                continue
            if _is_folder(entry):
                (linked if entry.is_symlink() else folders).append(path)
            elif entry.name.lower().endswith(endings):
                if wanted.wants(path):
                    files.append(_describe(entry, path))
            elif entry.is_symlink():
                blocked.append(path)  # perhaps the way to a drive that is not there
        if on_folder is not None:
            on_folder(len(files))
    reachable = b"" not in blocked
    return Listing(reachable, walked.devices, tuple(sorted(files, key=lambda found: found.path)), tuple(blocked))


def compare(
    listing: Listing,
    known: Mapping[bytes, KnownFile],
    known_devices: Mapping[bytes, int],
    hash_file: Hasher,
    *,
    trust_times: bool = True,
    cancel: CancelToken | None = None,
) -> ScanDiff:
    """Compares what a walk found with what the catalog knows.

    A file whose size and time are as before is unchanged and not opened. One that differs is hashed; the same
    content means it was only touched. A new file with the content of a vanished one is that file, moved. Below a
    folder that cannot be reached, or that was a drive and is suddenly an empty folder, everything is offline and
    nothing is removed.

    Args:
        listing: From ``list_images``.
        known: Files in the catalog by relative path.
        known_devices: ``ScanDiff.devices`` of the last scan.
        hash_file: SHA-256 of a file by relative path, or None if it cannot be read.
        trust_times: False hashes every file, so that a change that kept size and time is seen, too.
        cancel: Checked at every file.
    """
    if not listing.reachable:
        return ScanDiff(offline=[file.file_id for file in known.values()], devices=dict(known_devices))
    unplugged = [mount for mount, device in known_devices.items() if _is_unplugged(mount, device, listing)]
    away = (*listing.blocked, *unplugged)
    diff = ScanDiff(devices=listing.devices | {mount: known_devices[mount] for mount in unplugged})
    found_paths = {found.path for found in listing.files}
    vanished: dict[tuple[int, bytes], list[KnownFile]] = {}
    gone: dict[int, KnownFile] = {}
    for path, file in known.items():
        if path in found_paths:
            continue
        if any(_lies_below(path, folder) for folder in away):
            diff.offline.append(file.file_id)
        else:
            gone[file.file_id] = file
            if file.content is not None:
                vanished.setdefault((file.size, file.content), []).append(file)
    vanished_sizes = {size for size, _ in vanished}
    for found in listing.files:
        if cancel is not None:
            cancel.raise_if_cancelled()
        before = known.get(found.path)
        if before is not None:
            _place_known(diff, found, before, hash_file, trust_times=trust_times)
            continue
        content = hash_file(found.path) if found.size in vanished_sizes and found.problem is None else None
        twins = vanished.get((found.size, content)) if content is not None else None
        if twins:
            moved = twins.pop(0)
            diff.moved.append((moved.file_id, found))
            del gone[moved.file_id]
        else:
            diff.added.append(found)
    diff.removed.extend(gone)
    return diff


def is_settled(status: os.stat_result) -> bool:
    """Whether a further change of the file would leave another time of change."""
    return abs(time.time_ns() - status.st_mtime_ns) > _SETTLING_NS


def recorded_ns(status: os.stat_result) -> int:
    """The time of change to be kept, in nanoseconds since 1970, within what a catalog holds (1677 to 2262).

    While a further change might leave the very same time it is 1 ns early, so that the next scan finds another time
    and compares the contents.
    """
    return max(-_LATEST_NS, min(status.st_mtime_ns, _LATEST_NS)) - int(not is_settled(status))


def is_as_recorded(status: os.stat_result, size: int, mtime_ns: int) -> bool:
    """Whether a file has the size it had, and the time of change that ``recorded_ns`` gave."""
    return status.st_size == size and recorded_ns(status) - mtime_ns in (0, 1)


def hash_below(root: Path) -> Hasher:
    """SHA-256 of files by their path relative to ``root``."""
    base = os.fsencode(root)

    def hash_file(path: bytes) -> bytes | None:
        try:
            with open_regular(Path(os.fsdecode(base + b"/" + path))) as stream:
                return hashlib.file_digest(stream, "sha256", _bufsize=_HASH_BLOCK).digest()
        except OSError:
            return None

    return hash_file


def _place_known(
    diff: ScanDiff, found: FoundFile, before: KnownFile, hash_file: Hasher, *, trust_times: bool
) -> None:
    if found.lost and before.content is not None:
        diff.offline.append(before.file_id)
        return
    same_times = found.settled and (found.size, found.mtime_ns) == (before.size, before.mtime_ns)
    hashable = before.content is not None and found.problem is None
    if same_times and (trust_times or not hashable):
        (diff.returned if before.offline else diff.unchanged).append(before.file_id)
        return
    same = hashable and hash_file(found.path) == before.content
    (diff.touched if same else diff.changed).append((before.file_id, found))


def _lies_below(path: bytes, folder: bytes) -> bool:
    return not folder or path.startswith(folder + b"/")


def _is_unplugged(mount: bytes, device: int, listing: Listing) -> bool:
    """Whether a folder that was a drive of its own is gone, or empty and another one."""
    return listing.devices.get(mount) != device and not any(_lies_below(found.path, mount) for found in listing.files)


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


class _Walked:
    """The folders a walk has been in, under whatever name, and where it came to another device."""

    def __init__(self) -> None:
        self.devices: dict[bytes, int] = {}
        self._seen: set[tuple[int, int]] = set()
        self._device_of: dict[bytes, int] = {}

    def enter(self, base: bytes, folder: bytes) -> bool:
        """Whether ``folder`` is walked for the first time."""
        status = os.stat(base + b"/" + folder)  # noqa: PTH116 - a path of raw bytes
        device = status.st_dev & _LARGEST_DEVICE
        key = (device, status.st_ino)
        if key in self._seen:
            return False
        self._seen.add(key)
        self._device_of[folder] = device
        if not folder or self._device_of[os.path.dirname(folder)] != device:  # noqa: PTH120 - raw bytes
            self.devices[folder] = device
        return True


def _describe(entry: os.DirEntry[bytes], path: bytes) -> FoundFile:
    try:
        status = entry.stat()
    except OSError as error:
        reason = "The link leads nowhere." if entry.is_symlink() else f"It cannot be read: {error.strerror}."
        return FoundFile(path, 0, 0, reason, lost=True)
    if not stat.S_ISREG(status.st_mode):
        return FoundFile(path, status.st_size, recorded_ns(status), "It is not a regular file.")
    return FoundFile(path, status.st_size, recorded_ns(status), settled=is_settled(status))
