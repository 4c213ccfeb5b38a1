"""Small copies of large images, made while an index run has them decoded anyway.

With them a grid fills at once, and shows a drive that is away. They lie beside the catalog as JPEG files named by the
hash of the image's content. None is needed: where one is missing or broken, the image itself is decoded.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from faami_core.data.image_io import read_image
from faami_core.errors import CollectionError, UnreadableImageError
from faami_core.indexing import atomic
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.records import DecodedFile
from faami_core.indexing.scanner import is_as_recorded
from faami_core.private import make_private_folder
from faami_core.types import ByteArray

LIMIT_BYTES = 1 << 30  # for one collection: about 70,000 images
_FOLDER, _SUFFIX = "thumbnails", ".jpg"


class ThumbnailShelf:
    """The thumbnails of one collection, for the holder of the writer lock; those that no file has any more go.

    Args:
        catalog: Of the collection, after a scan.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._folder = catalog.folder / _FOLDER
        self._bytes = 0
        if not self._folder.is_dir():
            return
        used = {content.hex() for (content,) in catalog.rows("SELECT content FROM file WHERE content IS NOT NULL")}
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if path.stem in used:
                self._bytes += path.stat().st_size
            else:
                atomic.remove_file(path)

    def keep(self, files: Iterable[DecodedFile]) -> None:
        """Keeps the thumbnails of files as long as there is room, in the place of older ones of the same content."""
        for file in files:
            if file.thumbnail and self._bytes + len(file.thumbnail) <= LIMIT_BYTES:
                self._bytes += len(file.thumbnail)
                with contextlib.suppress(OSError):  # a disk that is full is told where features are written
                    make_private_folder(self._folder)
                    place = _place(self._folder, file.content)
                    atomic.write_file(place, [file.thumbnail], durable=False, private=True)


def kept_thumbnail(index: Path, path: Path, side: int) -> ByteArray | None:
    """The kept copy of an image that has not changed since, or that cannot be reached; may be asked from any thread.

    Args:
        index: Folder of the index of a collection.
        path: The image, absolute.
        side: The copy is made to fit into side × side pixels, never enlarged.

    Returns:
        [H, W, 3] RGB; None if there is none or it is broken.
    """
    folder = index / _FOLDER
    if not folder.is_dir():
        return None
    with contextlib.suppress(CollectionError, UnreadableImageError):
        content = _content_of(index, path)
        return None if content is None else read_image(_place(folder, content), max_side=side)
    return None


def _content_of(index: Path, path: Path) -> bytes | None:
    with Catalog(index) as catalog, index_errors(index):
        for root, root_id in catalog.roots().items():
            if path.is_relative_to(root):
                name = os.fsencode(path.relative_to(root).as_posix())
                for content, size, mtime_ns in catalog.rows(
                    "SELECT content, size, mtime_ns FROM file WHERE root_id = ? AND path = ? AND content IS NOT NULL",
                    *(root_id, name),
                ):
                    return bytes(content) if _is_as_it_was(path, size, mtime_ns) else None
    return None


def _is_as_it_was(path: Path, size: int, mtime_ns: int) -> bool:
    """Whether a file that can be reached is as it was when it was indexed."""
    try:
        return is_as_recorded(path.stat(), size, mtime_ns)
    except OSError:
        return True


def _place(folder: Path, content: bytes) -> Path:
    return folder / f"{content.hex()}{_SUFFIX}"
