"""A folder of images that was renamed, moved or restored elsewhere: known by what is in it, and its index follows.

Everything below a root is stored relative to it, so an index follows by one changed row and the name of its folder.
Where the old folder lay on another device, it may be a drive that is only unplugged: the index is then copied.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from faami_core.errors import CollectionError
from faami_core.indexing import atomic, marks
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.collection import NOT_INDEXED, index_folder, index_folders
from faami_core.indexing.database import index_errors
from faami_core.indexing.feature_store import SHARD_SUFFIX
from faami_core.indexing.folder_identity import has_images_of, is_gone
from faami_core.indexing.lock import LOCK_NAME, WriterLock
from faami_core.indexing.soundness import COMMITS_NAME

_NEVER_CHANGED = (SHARD_SUFFIX, ".jpg")


@dataclass(frozen=True)
class Former:
    """An index whose folder of images lies elsewhere now: folder of the index, and the root it is named after."""

    index: Path
    root: Path


def take_over(data_dir: Path, root: Path, was: Path | None = None) -> Path | None:
    """Lets the index of a folder that is gone follow to ``root``, which has the images of it.

    Args:
        data_dir: The data folder.
        root: Folder of images as it is called now. If it has an index, that stays, and takes over marks and tags.
        was: What it was called before, on the analyst's word; None looks for a folder that is gone and whose images
            lie here, unless ``root`` has an index.

    Returns:
        The folder that ``root`` was, or None.

    Raises:
        CollectionError: if ``was`` was never indexed, another process is writing to its index, or the disk fails.
    """
    new = index_folder(data_dir, root)
    is_indexed = (new / CATALOG_NAME).is_file()
    if was is None:
        former = None if is_indexed or not root.is_dir() else _find(data_dir, root)
    else:
        former = Former(index_folder(data_dir, was), was)
        if not (former.index / CATALOG_NAME).is_file():
            raise CollectionError(f"{str(was)!r} has not been indexed, so nothing can be taken over.", NOT_INDEXED)
    if former is None or former.index == new:
        return None
    with index_errors(data_dir):
        if is_indexed:
            _take_annotations(former, new, root)
        elif _is_renamed(former, root):
            _move(former, new, root)
        else:
            _copy(former, new, root)
    return former.root


def _find(data_dir: Path, root: Path) -> Former | None:
    """The index scanned last whose folder is gone and whose images lie in ``root``."""
    found: list[tuple[str, Former]] = []
    for folder in index_folders(data_dir):
        with contextlib.suppress(CollectionError), Catalog(folder) as catalog, index_errors(folder):
            for old, scanned_at in catalog.scan_times().items():
                is_named = index_folder(data_dir, old) == folder
                if old == root and not is_named and root in catalog.former_roots().values():
                    return Former(folder, old)  # a move that was killed half-way
                if is_named and is_gone(old) and has_images_of(catalog, old, root):
                    found.append((scanned_at, Former(folder, old)))
    return max(found, key=lambda entry: entry[0])[1] if found else None


def _is_renamed(former: Former, root: Path) -> bool:
    """Whether the old folder is gone from the device where the new one is, rather than a drive that is away."""
    if former.root == root:
        return True
    with Catalog(former.index) as catalog:
        device = catalog.devices(catalog.roots()[former.root]).get(b"")
    return is_gone(former.root) and device == root.stat().st_dev


def _move(former: Former, new: Path, root: Path) -> None:
    """First the catalog, then the folder: killed in between, ``_find`` knows it again."""
    with Catalog(former.index, create=True) as catalog, WriterLock(former.index):
        if former.root != root:
            catalog.move_root(former.root, root)
    with contextlib.suppress(OSError):  # a folder that an earlier program made and never filled
        (new / LOCK_NAME).unlink(missing_ok=True)
        new.rmdir()
    former.index.rename(new)
    atomic.sync_folder(new.parent)


def _copy(former: Former, new: Path, root: Path) -> None:
    """A second index: catalog anew, all that never changes once it is written by a second link where that works."""
    unfinished = new.with_name(f"{atomic.TEMPORARY_PREFIX}{uuid.uuid4().hex}")
    try:
        with Catalog(former.index) as catalog, WriterLock(former.index):
            leave_out = shutil.ignore_patterns(f"{CATALOG_NAME}*", COMMITS_NAME, LOCK_NAME)
            shutil.copytree(former.index, unfinished, copy_function=_link, ignore=leave_out)
            with Catalog(unfinished, create=True) as copy:
                catalog.copy_to(copy)
                copy.move_root(former.root, root)
        with contextlib.suppress(OSError):
            (new / LOCK_NAME).unlink(missing_ok=True)
            new.rmdir()
        unfinished.rename(new)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    atomic.sync_folder(new.parent)


def _link(source: str, target: str) -> None:
    try:
        if not source.endswith(_NEVER_CHANGED):
            raise OSError
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _take_annotations(former: Former, new: Path, root: Path) -> None:
    with Catalog(former.index) as old, Catalog(new, create=True) as catalog, WriterLock(new):
        marks.take_annotations(catalog, marks.annotated_contents(old))
        catalog.add_former(former.root, root)
