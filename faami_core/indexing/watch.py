"""How folders of images differ from what the last index run left of them. Polling alone: right on any file system."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faami_core.config import IMAGE_SUFFIXES
from faami_core.indexing import scanner
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.records import FoundFile, KnownFile, ScanDiff
from faami_core.indexing.scan_notes import takes_system_folders
from faami_core.types import CancelToken, ScanSummary, UnreadableImage


@dataclass(frozen=True)
class RootChanges:
    """How one folder of a collection differs from the catalog, which knew ``known`` by relative path."""

    root: Path
    root_id: int
    known: dict[bytes, KnownFile]
    diff: ScanDiff
    summary: ScanSummary


def find_changes(
    catalog: Catalog,
    *,
    trust_times: bool = True,
    cancel: CancelToken | None = None,
    on_folder: Callable[[int], None] | None = None,
) -> list[RootChanges]:
    """Lists all folders of a collection and compares them with its catalog, which is left as it is.

    Only files whose size or time differs are opened, to tell an edit from a mere touch, and new ones that may be
    others, moved. A file may move from one folder of the collection to another.

    Args:
        catalog: Of the collection.
        trust_times: False opens every file.
        cancel: Checked at every folder and file.
        on_folder: Told the number of files found so far below the folder of the collection that is listed.

    Raises:
        CancelledError: if cancelled.
    """
    patterns, system_folders = catalog.patterns(), takes_system_folders(catalog)
    changes = []
    for root, root_id in catalog.roots().items():
        listing = scanner.list_images(
            root, IMAGE_SUFFIXES, patterns, system_folders=system_folders, cancel=cancel, on_folder=on_folder
        )
        known = catalog.known_files(root_id)
        diff = scanner.compare(
            listing,
            known,
            catalog.devices(root_id),
            scanner.hash_below(root),
            trust_times=trust_times,
            cancel=cancel,
        )
        summary = ScanSummary(
            unlisted=tuple(UnreadableImage(_below(root, path), why) for path, why in sorted(diff.unlisted.items())),
            skipped=tuple(_below(root, path) for path in sorted(listing.skipped)),
            other_kinds=tuple((os.fsdecode(suffix), count) for suffix, count in listing.other_kinds.items()),
            takes_system_folders=system_folders,
        ).joined(ScanSummary())
        changes.append(RootChanges(root, root_id, known, diff, summary))
    _match_moves_between(changes, cancel)
    return changes


def folder_changes(catalog: Catalog, *, count_offline: bool = True, cancel: CancelToken | None = None) -> int:
    """Counts what an index run would find, and changes nothing.

    Returns:
        How many files are new, edited, moved, gone, or (``count_offline``) newly offline or back again.

    Raises:
        CancelledError: if cancelled.
    """
    return sum(_count(changes, count_offline) for changes in find_changes(catalog, cancel=cancel))


def _count(changes: RootChanges, count_offline: bool) -> int:
    diff = changes.diff
    changed = len(diff.added) + len(diff.changed) + len(diff.moved) + len(diff.removed)
    if not count_offline:
        return changed
    was_offline = {file.file_id for file in changes.known.values() if file.offline}
    touched = {file_id for file_id, _ in diff.touched}
    came_or_went = len(set(diff.offline) - was_offline) + len(diff.returned) + len(touched & was_offline)
    return changed + came_or_went


def _match_moves_between(changes: list[RootChanges], cancel: CancelToken | None) -> None:
    """Makes a new file with the content of one that left another folder of the collection that file, moved."""
    if len(changes) == 1:
        return
    left: dict[int, dict[bytes, list[tuple[ScanDiff, int]]]] = {}
    for place in changes:
        gone = set(place.diff.removed)
        for file in place.known.values():
            if file.file_id in gone and file.content is not None:
                left.setdefault(file.size, {}).setdefault(file.content, []).append((place.diff, file.file_id))
    for place in changes:
        hash_file = scanner.hash_below(place.root)
        added: list[FoundFile] = []
        for found in place.diff.added:
            if cancel is not None:
                cancel.raise_if_cancelled()
            content = hash_file(found.path) if found.size in left and found.problem is None else None
            twins = left[found.size].get(content) if content is not None else None
            if twins:
                diff, file_id = twins.pop()
                diff.removed.remove(file_id)
                place.diff.moved.append((file_id, found))
            else:
                added.append(found)
        place.diff.added[:] = added


def _below(root: Path, path: bytes) -> Path:
    return root / os.fsdecode(path) if path else root
