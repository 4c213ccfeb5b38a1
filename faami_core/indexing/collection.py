"""A collection as a whole: where its index lies, what belongs to it, what is known of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from faami_core.errors import CollectionError
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.folder_identity import follow
from faami_core.indexing.lock import WriterLock
from faami_core.indexing.records import Patterns
from faami_core.indexing.scan_notes import recall, take_system_folders
from faami_core.indexing.upkeep import clear_orphans
from faami_core.types import CollectionInfo

NOT_INDEXED = "Index the folder first: choose “Index” in the window, or run `faami index FOLDER`."


def index_folder(data_dir: Path, root: Path) -> Path:
    """Folder of the index of ``root``: a readable name, made unique by the hash of the whole path."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", root.name).strip("-")[:40] or "collection"
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return data_dir / "collections" / f"{slug}-{digest}"


def index_folders(data_dir: Path) -> list[Path]:
    """Folders of all indexes."""
    return sorted(catalog.parent for catalog in (data_dir / "collections").glob(f"*/{CATALOG_NAME}"))


def current_root(data_dir: Path, root: Path) -> Path | None:
    """What a folder is called now that was indexed under the name ``root``; None if that is not known.

    Looks into every index, so ask only where ``root`` has none.
    """
    for folder in index_folders(data_dir):
        with contextlib.suppress(CollectionError), Catalog(folder) as catalog, index_errors(folder):
            now = catalog.former_roots().get(root)
            if now is not None and index_folder(data_dir, now) == folder:
                return now
    return None


def find_index(data_dir: Path, root: Path) -> Path:
    """Folder of the index of ``root``, which has a catalog.

    Raises:
        CollectionError: if the folder was never indexed.
    """
    folder = index_folder(data_dir, root)
    if not (folder / CATALOG_NAME).is_file():
        now = current_root(data_dir, root)
        if now is not None:
            raise CollectionError(f"{str(root)!r} is called {str(now)!r} now.", "Open it under this name.")
        raise CollectionError(f"{str(root)!r} has not been indexed yet.", NOT_INDEXED)
    return folder


def open_collection(folder: Path, root: Path, fingerprint: str) -> CollectionInfo:
    """Clears away what a killed process left in the index, and tells what the catalog knows for one model.

    Raises:
        CollectionError: if there is no catalog, it is broken, or a newer program wrote it.
    """
    with Catalog(folder) as catalog, index_errors(folder):
        catalog.check()
        clear_orphans(catalog)
        model_id = catalog.find_model(fingerprint)
        counts = catalog.counts(-1 if model_id is None else model_id)
        return CollectionInfo(
            root=root,
            images=counts.indexed,
            seen=counts.seen,
            offline=counts.offline,
            unreadable=catalog.unreadable(),
            indexed_at=None if model_id is None else catalog.indexed_at(model_id),
            damaged=counts.damaged,
            folders=tuple(catalog.roots()),
            scan=recall(catalog),
        )


def change_membership(
    folder: Path,
    *,
    add: Sequence[Path],
    drop: Sequence[Path],
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    system_folders: bool | None = None,
) -> None:
    """Changes all at once, or nothing; the next scan follows it.

    Args:
        folder: Of the index; made if it is new.
        add: Folders that shall be part of the collection; those that are stay.
        drop: Folders to forget with all their files and features.
        include, exclude: Globs that take the place of those before; None leaves them.
        system_folders: Whether folders of systems and other programs belong to it, too; None leaves it.

    Raises:
        CollectionError: if a new folder does not exist or lies inside another of the collection, one to drop is not
            part of it, another process is writing, or the disk fails.
    """
    with Catalog(folder, create=True) as catalog, index_errors(folder), WriterLock(folder):
        roots = catalog.roots()
        further = [root for root in roots if index_folder(folder.parent.parent, root) != folder]
        with catalog.transaction():
            for new in add:
                if new not in roots and not follow(catalog, further, new):
                    _check_new(new, catalog.roots())
                    catalog.add_root(new)
            for old in drop:
                if old not in roots:
                    raise CollectionError(
                        f"{str(old)!r} is not part of this collection.",
                        f"Its folders are {', '.join(repr(str(root)) for root in roots)}.",
                    )
                catalog.drop_root(old)
            before = catalog.patterns()
            catalog.set_patterns(
                Patterns(
                    before.include if include is None else tuple(map(os.fsencode, include)),
                    before.exclude if exclude is None else tuple(map(os.fsencode, exclude)),
                )
            )
            if system_folders is not None:
                take_system_folders(catalog, system_folders)


def check_readable(folder: Path) -> None:
    """Makes sure that a folder of images can be listed.

    Raises:
        CollectionError: if it does not exist or cannot be listed; it tells why.
    """
    try:
        with os.scandir(folder):
            return
    except FileNotFoundError as error:
        message, next_step = f"The folder {str(folder)!r} does not exist.", "Choose a folder with images."
        raise CollectionError(message, next_step) from error
    except OSError as error:
        raise CollectionError(
            f"The folder {str(folder)!r} cannot be read: {error.strerror or error}.",
            "Check its permissions and its drive, or choose another folder.",
        ) from error


def _check_new(folder: Path, roots: dict[Path, int]) -> None:
    check_readable(folder)
    for root in roots:
        if folder.is_relative_to(root) or root.is_relative_to(folder):
            raise CollectionError(
                f"{str(folder)!r} and {str(root)!r} lie inside one another.",
                "Its images would be in the collection twice; choose a folder beside it.",
            )
