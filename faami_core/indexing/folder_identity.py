"""Whether a folder is one that was indexed under another name: told by names, sizes and content of its files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from faami_core.indexing.catalog import Catalog
from faami_core.indexing.scanner import hash_below

_LOOKED_AT, _HASHED = 64, 8  # files of a collection whose size, and whose content, are compared
_ALIKE = 0.75  # of them: a folder may have been renamed and worked on


def is_gone(root: Path) -> bool:
    """A mount point without its drive is not gone."""
    return not os.path.lexists(root)


def has_images_of(catalog: Catalog, old: Path, folder: Path) -> bool:
    """Whether a folder has files of the names, sizes and content that a root had."""
    known = [file for file in catalog.known_files(catalog.roots()[old]).values() if file.content is not None]
    sample = known[:: max(1, len(known) // _LOOKED_AT)]
    base = os.fsencode(folder)
    there = [file for file in sample if _size(base + b"/" + file.path) == file.size]
    if not there or len(there) < _ALIKE * len(sample):
        return False
    content_of = hash_below(folder)
    hashed = there[:: max(1, len(there) // _HASHED)]
    return sum(content_of(file.path) == file.content for file in hashed) >= _ALIKE * len(hashed)


def _size(path: bytes) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a path of raw bytes
    except (OSError, ValueError):
        return None


def follow(catalog: Catalog, roots: Iterable[Path], folder: Path) -> bool:
    """Lets the one of some roots of a collection that is gone, and whose images lie in ``folder``, follow there.

    Returns:
        Whether there is one.
    """
    old = next((root for root in roots if is_gone(root) and has_images_of(catalog, root, folder)), None)
    if old is not None:
        catalog.move_root(old, folder)
    return old is not None
