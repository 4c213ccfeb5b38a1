"""A file made of parts of another one and of a few bytes beside them, without copying its pixels."""

from __future__ import annotations

import io
import os
import threading
from bisect import bisect_right
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Part = bytes | tuple[int, int]  # bytes as they are, or first and behind the last byte of the file below


class SplicedFile(io.RawIOBase):
    """Reads parts of an open file one behind the other, with a place of its own; never closes that file.

    With it a reader is given another first page, or a file without a chunk that it stumbles over.

    Args:
        base: Seekable. Files on the same ``base`` share ``lock``.
        parts: In order.
        lock: Held while ``base`` is moved.
    """

    def __init__(self, base: IO[bytes], parts: Sequence[Part], lock: threading.Lock | None = None) -> None:
        super().__init__()
        self._base = base
        self._lock = lock or threading.Lock()
        self._parts = [part for part in parts if _length(part)]
        self._starts = [0]
        for part in self._parts:
            self._starts.append(self._starts[-1] + _length(part))
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._starts[-1]}[whence]
        if start + offset < 0:
            raise ValueError("a place before the start of the file")
        self._place = start + offset
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        found = self.read(len(view))
        view[: len(found)] = found
        return len(found)

    def read(self, size: int | None = -1) -> bytes:
        stop = self._starts[-1] if size is None or size < 0 else min(self._place + size, self._starts[-1])
        found = []
        while self._place < stop:
            number = bisect_right(self._starts, self._place) - 1
            block = self._read_part(number, min(stop, self._starts[number + 1]))
            if not block:  # the file below was cut meanwhile
                break
            found.append(block)
            self._place += len(block)
        return b"".join(found)

    def _read_part(self, number: int, stop: int) -> bytes:
        part, skipped = self._parts[number], self._place - self._starts[number]
        if isinstance(part, bytes):
            return part[skipped : skipped + stop - self._place]
        with self._lock:
            self._base.seek(part[0] + skipped)
            return self._base.read(stop - self._place)


def length_of(stream: IO[bytes]) -> int:
    """Bytes of a seekable stream, which stays where it is."""
    place = stream.tell()
    length = stream.seek(0, os.SEEK_END)
    stream.seek(place)
    return length


def _length(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else max(0, part[1] - part[0])
