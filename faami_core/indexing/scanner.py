"""Walks a root folder and tells how it differs from the catalog. Reads no pixels; hashes only what may have moved."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from faami_core.indexing.records import FoundFile, KnownFile, Listing, ScanDiff
from faami_core.types import CancelToken

_HASH_BLOCK = 1 << 20

Hasher = Callable[[bytes], bytes | None]


def list_images(
    root: Path,
    suffixes: frozenset[str],
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
        cancel: Checked at every folder.
        on_folder: Told the number of files found so far, once a folder.

    Raises:
        CancelledError: if cancelled.
    """
    endings = tuple(suffix.encode("ascii") for suffix in sorted(suffixes))
    try:
        top = root.stat()
    except OSError:
        return Listing(reachable=False)
    if not stat.S_ISDIR(top.st_mode):
        return Listing(reachable=False)
    base = os.fsencode(root)
    files: list[FoundFile] = []
    blocked: list[bytes] = []
    seen_folders: set[tuple[int, int]] = set()
    folders, linked = [b""], list[bytes]()
    while folders or linked:
        folder = folders.pop() if folders else linked.pop()
        if cancel is not None:
            cancel.raise_if_cancelled()
        try:
            with os.scandir(base + b"/" + folder) as scan:
                if not _enter(base + b"/" + folder, seen_folders):
                    continue
                entries = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError:
            blocked.append(folder)
            continue
        for entry in entries:
            if entry.name.startswith(b"."):
                continue
            path = folder + b"/" + entry.name if folder else entry.name
            if _is_folder(entry):
                (linked if entry.is_symlink() else folders).append(path)
            elif entry.name.lower().endswith(endings):
                files.append(_describe(entry, path))
        if on_folder is not None:
            on_folder(len(files))
    reachable = b"" not in blocked
    return Listing(reachable, top.st_dev, tuple(sorted(files, key=lambda found: found.path)), tuple(blocked))


def compare(
    listing: Listing,
    known: Mapping[bytes, KnownFile],
    known_device: int | None,
    hash_file: Hasher,
    *,
    cancel: CancelToken | None = None,
) -> ScanDiff:
    """Compares what a walk found with what the catalog knows.

    A file whose size and time are as before is unchanged and not opened. One that differs is hashed; the same
    content means it was only touched. A new file with the content of a vanished one is that file, moved. If the root
    cannot be reached, or is suddenly an empty mount point, everything is offline and nothing is removed.

    Args:
        listing: From ``list_images``.
        known: Files in the catalog by relative path.
        known_device: Device number of the root at its last scan.
        hash_file: SHA-256 of a file by relative path, or None if it cannot be read.
        cancel: Checked at every hash.
    """
    if not listing.reachable or (known and not listing.files and listing.device != known_device):
        return ScanDiff(offline=[file.file_id for file in known.values()])
    diff = ScanDiff()
    found_paths = {found.path for found in listing.files}
    vanished: dict[tuple[int, bytes], list[KnownFile]] = {}
    gone: dict[int, KnownFile] = {}
    for path, file in known.items():
        if path in found_paths:
            continue
        if any(path.startswith(folder + b"/") for folder in listing.blocked):
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
            _place_known(diff, found, before, hash_file)
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


def hash_below(root: Path) -> Hasher:
    """SHA-256 of files by their path relative to ``root``."""
    base = os.fsencode(root)

    def hash_file(path: bytes) -> bytes | None:
        try:
            with open(base + b"/" + path, "rb") as stream:  # noqa: PTH123 - a path of raw bytes
                return hashlib.file_digest(stream, "sha256", _bufsize=_HASH_BLOCK).digest()
        except OSError:
            return None

    return hash_file


def _place_known(diff: ScanDiff, found: FoundFile, before: KnownFile, hash_file: Hasher) -> None:
    if (found.size, found.mtime_ns) == (before.size, before.mtime_ns):
        (diff.returned if before.offline else diff.unchanged).append(before.file_id)
        return
    content = hash_file(found.path) if before.content is not None and found.problem is None else None
    same = content is not None and content == before.content
    (diff.touched if same else diff.changed).append((before.file_id, found))


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _enter(folder: bytes, seen: set[tuple[int, int]]) -> bool:
    """Whether ``folder`` is walked for the first time, under whatever name."""
    status = os.stat(folder)  # noqa: PTH116 - a path of raw bytes
    key = (status.st_dev, status.st_ino)
    if key in seen:
        return False
    seen.add(key)
    return True


def _describe(entry: os.DirEntry[bytes], path: bytes) -> FoundFile:
    try:
        status = entry.stat()
    except OSError:
        return FoundFile(path, 0, 0, "The link leads nowhere.")
    problem = None if stat.S_ISREG(status.st_mode) else "It is not a regular file."
    return FoundFile(path, status.st_size, status.st_mtime_ns, problem)
