"""Folders among the analyst's images that hold none of hers: what systems, other programs and this one put there.

Names that begin with a dot are hidden and never walked: ``.Trash-1000``, ``.thumbnails`` and the like need no entry.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from fnmatch import fnmatchcase

# Lower case. Trash, snapshots and previews of network drives (Synology, QNAP, NetApp), of Windows, Linux and macOS,
# and the catalogs of previews that photo programs keep beside the originals (Lightroom, Capture One, ON1).
SYSTEM_FOLDERS: tuple[bytes, ...] = (
    *(b"@eadir", b"#recycle", b"#snapshot", b"@tmp", b"@synoresource"),
    *(b"@recycle", b"@recently-snapshot", b"@__thumb", b"~snapshot"),
    *(b"$recycle.bin", b"recycler", b"recycled", b"system volume information", b"found.[0-9][0-9][0-9]"),
    *(b"lost+found", b"__macosx", b"network trash folder", b"temporary items"),
    *(b"*.lrdata", b"*.lrcat-data", b"*.cocatalog", b"captureone"),
)

_INDEX_FILES = (b"catalog.sqlite", b"writer.lock")  # catalog.CATALOG_NAME and lock.LOCK_NAME
_INDEXES = b"collections"  # the folder of all indexes in a data folder, see collection.index_folder


def is_system_folder(name: bytes) -> bool:
    """Whether a folder of this name is made by a system or another program for itself; upper or lower case."""
    return any(fnmatchcase(name.lower(), pattern) for pattern in SYSTEM_FOLDERS)


def is_own_folder(path: bytes, names: Collection[bytes]) -> bool:
    """Whether a folder is an index of this program, or a data folder that holds some.

    Args:
        path: Of the folder, absolute.
        names: Of all that is in it.
    """
    if all(name in names for name in _INDEX_FILES):
        return True
    if _INDEXES not in names:
        return False
    with contextlib.suppress(OSError), os.scandir(path + b"/" + _INDEXES) as indexes:
        return any(all(os.path.exists(index.path + b"/" + name) for name in _INDEX_FILES) for index in indexes)  # noqa: PTH110 - raw bytes
    return False
