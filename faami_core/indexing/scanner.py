"""Walks a root folder and tells how it differs from the catalog. Reads no pixels; hashes only what may have moved."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from faami_core.data.image_io import open_regular
from faami_core.indexing.records import FoundFile, KnownFile, Listing, Patterns, ScanDiff
from faami_core.indexing.system_folders import is_own_folder, is_system_folder
from faami_core.types import CancelToken

_SETTLING_NS = 2_000_000_000  # the coarsest clock of a file system in use (FAT) counts in steps of 2 s
_LATEST_NS = (1 << 63) - 2  # a catalog holds 64 bits with a sign; file systems reach further
_LARGEST_DEVICE = (1 << 63) - 1
_HASH_BLOCK = 1 << 20

NOT_REGULAR = "It is not a regular file."
DEAD_LINK = "The link leads nowhere."
DEAD_LINK_ERRNOS = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
NOT_CONNECTED = "The drive is not connected."

Hasher = Callable[[bytes], bytes | None]


def list_images(
    root: Path,
    suffixes: frozenset[str],
    patterns: Patterns | None = None,
    *,
    system_folders: bool = False,
    cancel: CancelToken | None = None,
    on_folder: Callable[[int], None] | None = None,
) -> Listing:
    """Lists all files below ``root`` that have the suffix of an image.

    Hidden files and folders are skipped, and folders in which systems and programs keep things of their own. Linked
    folders are followed after all real ones, and no folder twice, so that loops end and the same files are found
    under the same names on every run. What is not a regular file is listed with its problem and never opened.

    Args:
        root: The folder.
        suffixes: Lower case, with the dot.
        patterns: Which of the files belong to the collection; None for all.
        system_folders: Walk folders like ``@eaDir`` or ``lost+found``, too; see ``system_folders``.
        cancel: Checked at every folder.
        on_folder: Told the number of files found so far, once a folder.

    Raises:
        CancelledError: if cancelled.
    """
    walk = _Walk(root, suffixes, patterns or Patterns(), system_folders)
    while walk.goes_on:
        if cancel is not None:
            cancel.raise_if_cancelled()
        walk.enter_next()
        if on_folder is not None:
            on_folder(len(walk.files))
    return walk.listing()


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
        offline = [file.file_id for file in known.values()]
        return ScanDiff(offline=offline, devices=dict(known_devices), unlisted=dict(listing.blocked))
    unplugged = [mount for mount, device in known_devices.items() if _is_unplugged(mount, device, listing)]
    away = {**listing.blocked, **dict.fromkeys(unplugged, NOT_CONNECTED)}
    diff = ScanDiff(devices=listing.devices | {mount: known_devices[mount] for mount in unplugged})
    diff.unlisted = {folder: reason for folder, reason in away.items() if reason != DEAD_LINK}
    found_paths = {found.path for found in listing.files}
    vanished: dict[tuple[int, bytes], list[KnownFile]] = {}
    gone: dict[int, KnownFile] = {}
    for path, file in known.items():
        if path in found_paths:
            continue
        barred = next((folder for folder in away if _lies_below(path, folder)), None)
        if barred is not None:
            diff.unlisted[barred] = away[barred]  # a dead link is told only if it led to something
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


def device_of(status: os.stat_result) -> int:
    """The number of a file's device, within what a catalog holds."""
    return status.st_dev & _LARGEST_DEVICE


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


class _Walk:
    """One walk over a root: what it has found, and the folders still to be entered."""

    def __init__(self, root: Path, suffixes: frozenset[str], patterns: Patterns, system_folders: bool) -> None:
        self._base = os.fsencode(root)
        self._endings = tuple(suffix.encode("ascii") for suffix in sorted(suffixes))
        self._patterns = patterns
        self._takes_system_folders = system_folders
        self._folders, self._linked = [b""], list[bytes]()
        self._visited = _Visited()
        self._blocked: dict[bytes, str] = {}
        self._skipped: list[bytes] = []
        self._other_kinds: Counter[bytes] = Counter()
        self.files: list[FoundFile] = []

    @property
    def goes_on(self) -> bool:
        return bool(self._folders or self._linked)

    def enter_next(self) -> None:
        """Lists one more folder; one that cannot be listed is noted with the reason."""
        folder = self._folders.pop() if self._folders else self._linked.pop()
        path = self._base + b"/" + folder
        try:
            with os.scandir(path) as scan:
                if not self._visited.enter(self._base, folder):
                    return
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            self._blocked[folder] = _why_not_listed(error)
            return
        if folder and is_own_folder(path, {entry.name for entry in entries}):
            self._skipped.append(folder)
            return
        for entry in entries:
            place = folder + b"/" + entry.name if folder else entry.name
            if not entry.name.startswith(b".") and not self._patterns.leaves_out(place):
                self._take(entry, place)

    def listing(self) -> Listing:
        return Listing(
            reachable=b"" not in self._blocked,
            devices=self._visited.devices,
            files=tuple(sorted(self.files, key=lambda found: found.path)),
            blocked=self._blocked,
            skipped=tuple(self._skipped),
            other_kinds=dict(self._other_kinds),
        )

    def _take(self, entry: os.DirEntry[bytes], path: bytes) -> None:
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            is_folder = False
            if not entry.is_symlink():  # a link may lead to itself; what lies on the disk should be known
                self._blocked[path] = _why_not_listed(error)
        if is_folder:
            if is_system_folder(entry.name) and not self._takes_system_folders:
                self._skipped.append(path)
            else:
                (self._linked if entry.is_symlink() else self._folders).append(path)
        elif entry.name.lower().endswith(self._endings):
            if self._patterns.wants(path):
                self.files.append(_describe(entry, path))
        elif entry.is_symlink() and not os.path.exists(self._base + b"/" + path):  # noqa: PTH110 - raw bytes
            self._blocked[path] = DEAD_LINK  # perhaps the way to a drive that is not there
        elif self._patterns.wants(path):
            self._other_kinds[os.path.splitext(entry.name)[1].lower()] += 1  # noqa: PTH122 - raw bytes


class _Visited:
    """The folders a walk has been in, under whatever name, and where it came to another device."""

    def __init__(self) -> None:
        self.devices: dict[bytes, int] = {}
        self._seen: set[tuple[int, int]] = set()
        self._device_of: dict[bytes, int] = {}

    def enter(self, base: bytes, folder: bytes) -> bool:
        """Whether ``folder`` is walked for the first time."""
        status = os.stat(base + b"/" + folder)  # noqa: PTH116 - a path of raw bytes
        device = device_of(status)
        key = (device, status.st_ino)
        if key in self._seen:
            return False
        self._seen.add(key)
        self._device_of[folder] = device
        if not folder or self._device_of[os.path.dirname(folder)] != device:  # noqa: PTH120 - raw bytes
            self.devices[folder] = device
        return True


def _why_not_listed(error: OSError) -> str:
    """A system's word for why a folder cannot be read, as a sentence."""
    if error.errno == errno.ENOENT:
        return "It does not exist, or its drive is not connected."
    return f"{error.strerror or error}."


def _describe(entry: os.DirEntry[bytes], path: bytes) -> FoundFile:
    try:
        status = entry.stat()
    except OSError as error:
        dead = error.errno in DEAD_LINK_ERRNOS and entry.is_symlink()
        reason = DEAD_LINK if dead else f"It cannot be read: {error.strerror}."
        return FoundFile(path, 0, 0, reason, lost=True)
    if not stat.S_ISREG(status.st_mode):
        return FoundFile(path, status.st_size, recorded_ns(status), NOT_REGULAR)
    return FoundFile(path, status.st_size, recorded_ns(status), settled=is_settled(status))
