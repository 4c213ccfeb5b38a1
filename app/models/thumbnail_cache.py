"""Thumbnails on demand: what is painted is asked for, what was scrolled away is dropped, the memory is bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.colormap import to_image
from app.workers.task import Lane, TaskRunner, Work
from faami_core.types import ByteArray

Key = tuple[Path, int]
ReadThumbnail = Callable[[Path, int], ByteArray]

_AT_WORK = 4  # handed to the decode lane at once; the rest waits here, where it can still be dropped
_WAITING = 400  # wishes kept; more than a screen holds


class ThumbnailCache(QObject):
    """Least-recently-used pixmaps by (path, side).

    Args:
        runner: Where thumbnails are decoded.
        read: ``Session.thumbnail``: (path, side) → [H, W, 3] uint8.
        limit_bytes: Memory for pixmaps.
    """

    arrived = Signal(object)  # Path
    idle = Signal()

    def __init__(self, runner: TaskRunner, read: ReadThumbnail, *, limit_bytes: int = 192 << 20) -> None:
        super().__init__()
        self._runner = runner
        self._read = read
        self._limit = limit_bytes
        self._pixmaps: OrderedDict[Key, QPixmap] = OrderedDict()
        self._bytes = 0
        self._wishes: OrderedDict[Key, None] = OrderedDict()
        self._at_work: set[Key] = set()
        self._broken: set[Path] = set()

    def get(self, path: Path, side: int) -> QPixmap | None:
        """The thumbnail if it is here; otherwise it is asked for and ``arrived`` follows."""
        key = (path, side)
        pixmap = self._pixmaps.get(key)
        if pixmap is not None:
            self._pixmaps.move_to_end(key)
            return pixmap
        if path not in self._broken and key not in self._at_work:
            self._wishes[key] = None
            self._wishes.move_to_end(key)
            while len(self._wishes) > _WAITING:
                self._wishes.popitem(last=False)
            self._next()
        return self._any_side(path)

    def is_broken(self, path: Path) -> bool:
        """Whether the image could not be decoded."""
        return path in self._broken

    @property
    def bytes_used(self) -> int:
        return self._bytes

    @property
    def is_idle(self) -> bool:
        """Whether every thumbnail that was asked for is here."""
        return not self._wishes and not self._at_work

    def clear_wishes(self) -> None:
        """Drops what has not started; called when the view scrolls, which asks again for what it shows."""
        self._wishes.clear()

    def clear(self) -> None:
        """Forgets everything, also which files were broken; used after a new scan."""
        self._wishes.clear()
        self._pixmaps.clear()
        self._broken.clear()
        self._bytes = 0

    def _any_side(self, path: Path) -> QPixmap | None:
        """Another size of the same image stands in while the right one is decoded."""
        sides = (side for side in (512, 256, 128, 64) if (path, side) in self._pixmaps)
        found = next(sides, None)
        return self._pixmaps[path, found] if found is not None else None

    def _next(self) -> None:
        while self._wishes and len(self._at_work) < _AT_WORK:
            key, _ = self._wishes.popitem(last=False)
            self._at_work.add(key)
            path, side = key
            task = self._runner.submit(Lane.DECODE, self._decoding(path, side))
            task.succeeded.connect(lambda image, k=key: self._store(k, image))
            task.failed.connect(lambda _error, p=path: self._mark_broken(p))
            task.finished.connect(lambda k=key: self._done(k))

    def _decoding(self, path: Path, side: int) -> Work:
        return lambda _token, _progress: to_image(self._read(path, side))

    def _store(self, key: Key, image: QImage) -> None:
        pixmap = QPixmap.fromImage(image)
        self._pixmaps[key] = pixmap
        self._bytes += _size(pixmap)
        while self._bytes > self._limit and len(self._pixmaps) > 1:
            _, oldest = self._pixmaps.popitem(last=False)
            self._bytes -= _size(oldest)

    def _mark_broken(self, path: Path) -> None:
        self._broken.add(path)

    def _done(self, key: Key) -> None:
        self._at_work.discard(key)
        self.arrived.emit(key[0])
        self._next()
        if self.is_idle:
            self.idle.emit()


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
