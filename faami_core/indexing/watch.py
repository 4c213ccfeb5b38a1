"""Whether folders of images still are as the last index run left them. Polling alone: right on any file system."""

from __future__ import annotations

from pathlib import Path

from faami_core.data.image_io import IMAGE_SUFFIXES
from faami_core.indexing import scanner
from faami_core.indexing.catalog import Catalog
from faami_core.types import CancelToken


def folder_changes(catalog: Catalog, *, count_offline: bool = True, cancel: CancelToken | None = None) -> int:
    """Lists the folders of a collection and compares them with its catalog, which is left as it is.

    Only files whose size or time differs are opened, to tell an edit from a mere touch.

    Returns:
        How many files an index run would find new, edited, moved, gone, or (``count_offline``) newly offline or back
        again.

    Raises:
        CancelledError: if cancelled.
    """
    roots = catalog.roots().items()
    return sum(_changes_of_root(catalog, root, root_id, count_offline, cancel) for root, root_id in roots)


def _changes_of_root(
    catalog: Catalog, root: Path, root_id: int, count_offline: bool, cancel: CancelToken | None
) -> int:
    known = catalog.known_files(root_id)
    listing = scanner.list_images(root, IMAGE_SUFFIXES, catalog.patterns(), cancel=cancel)
    diff = scanner.compare(listing, known, catalog.devices(root_id), scanner.hash_below(root), cancel=cancel)
    changed = len(diff.added) + len(diff.changed) + len(diff.moved) + len(diff.removed)
    if not count_offline:
        return changed
    was_offline = {file.file_id for file in known.values() if file.offline}
    touched = {file_id for file_id, _ in diff.touched}
    came_or_went = len(set(diff.offline) - was_offline) + len(diff.returned) + len(touched & was_offline)
    return changed + came_or_went
