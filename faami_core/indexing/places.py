"""The folders and drives of a collection while it is indexed: whether they are still where the scan found them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from faami_core.indexing.catalog import Catalog
from faami_core.indexing.records import PendingFile
from faami_core.indexing.scanner import device_of


class Places:
    """Tells a file that cannot be read from one whose root folder or drive went away.

    Args:
        catalog: Of the collection, after a scan.

    Attributes:
        gone: Absolute paths of the root folders and drives that went away since.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._devices = {
            os.fsencode(root).rstrip(b"/") + (b"/" + folder if folder else b""): device
            for root, root_id in catalog.roots().items()
            for folder, device in catalog.devices(root_id).items()
        }
        self.gone: set[bytes] = set()

    def took_away(self, path: bytes) -> bool:
        """Whether a file (absolute) cannot be read because the place that it lies in went away; looks at the disk."""
        place = self._place_of(path)
        if place not in self.gone and _is_there(place, self._devices.get(place)):
            return False
        self.gone.add(place)
        return True

    def remaining(self, files: Iterable[PendingFile]) -> Iterator[PendingFile]:
        """The files that lie in no place known to be gone by the time that each is asked for."""
        return (file for file in files if self._place_of(file.path) not in self.gone)

    def _place_of(self, path: bytes) -> bytes:
        """The innermost root folder or drive that a file lies in."""
        folder = os.path.dirname(path)  # noqa: PTH120 - raw bytes
        while folder not in self._devices and len(folder) > 1:
            folder = os.path.dirname(folder)  # noqa: PTH120
        return folder if folder in self._devices else b""


def _is_there(place: bytes, device: int | None) -> bool:
    """Whether a folder is on the device that it was on and can be listed; a system may not miss a drive at once."""
    try:
        with os.scandir(place or b"/") as entries:
            next(entries, None)
        return device is None or device_of(os.stat(place or b"/")) == device  # noqa: PTH116 - raw bytes
    except OSError:
        return False
