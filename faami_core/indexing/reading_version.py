"""When this program reads pixels otherwise than it did, features of the old reading do not stay beside new ones.

The fingerprint of a model tells how pixels become features; this number tells how files become pixels. What may look
different since is embedded again by the next index run, and what was refused is tried again; photographs that always
were read right keep their features.
"""

from __future__ import annotations

import os
from pathlib import Path

from faami_core.data.file_kinds import kind_of
from faami_core.data.image_io import open_regular
from faami_core.indexing.catalog import Catalog

# 2: rasters by GDAL (bands, depth, nodata, masks), colour profiles, 16-bit PNG
READING = 2

_KEY = "reading"  # row of the table "meta"
_LOOKED_AT = 1 << 16  # bytes of a file; profiles stand before the pixels
_PNG_DEPTH_PLACE = 24
_PROFILES = {
    "JPEG": (b"ICC_PROFILE\0",),
    "PNG": (b"iCCP", b"gAMA"),
    "WEBP": (b"ICCP",),
    "TIFF": (b"",),
}  # what tells of each kind that it may look different; the others look as they did


def renew(catalog: Catalog) -> None:
    """Drops the features of files that were read otherwise before, once for each collection, after its scan."""
    rows = catalog.rows("SELECT value FROM meta WHERE key = ?", _KEY)
    if rows and rows[0][0] == str(READING):
        return
    known = catalog.rows(
        "SELECT file.file_id, root.path, file.path FROM file JOIN root USING (root_id)"
        " WHERE file.state = 'seen' AND file.offline_since IS NULL"
        " AND EXISTS (SELECT 1 FROM item WHERE item.file_id = file.file_id)"
    )
    changed = [(number,) for number, root, path in known if _may_look_different(root + b"/" + path)]
    with catalog.transaction() as connection:
        connection.executemany("DELETE FROM item WHERE file_id = ?", changed)
        connection.execute("UPDATE file SET state = 'seen', reason = NULL WHERE state = 'unreadable'")
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_KEY, str(READING)))


def _may_look_different(path: bytes) -> bool:
    try:
        with open_regular(Path(os.fsdecode(path))) as stream:
            head = stream.read(_LOOKED_AT)
    except OSError:
        return False  # what cannot be read now keeps what it has
    kind = kind_of(head)
    deep = kind == "PNG" and head[_PNG_DEPTH_PLACE : _PNG_DEPTH_PLACE + 1] == b"\x10"
    return deep or any(mark in head for mark in _PROFILES.get(kind or "", ()))
