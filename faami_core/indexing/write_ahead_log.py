"""SQLite's write-ahead log read without SQLite, which could not open it on media that cannot be written.

The format is that of https://www.sqlite.org/fileformat2.html#walformat: a header of 32 bytes, then frames of 24 bytes
and a page, each with a checksum over all before it. A frame that ends a transaction tells the size of the database.
"""

from __future__ import annotations

import struct

_HEADER, _FRAME_HEADER = 32, 24
_MAGIC = 0x377F0682  # the lowest bit tells the order of bytes in checksums: 0 little endian, 1 big endian
_ROLLBACK_JOURNAL = b"\x01\x01"  # at byte 18 of a database: written and read without a log


def with_log(database: bytes, log: bytes) -> bytes:
    """A database together with the transactions that wait in its log, as one that needs no log."""
    pages, size = _committed(log)
    if pages:
        page_size = len(next(iter(pages.values())))
        whole = bytearray(database.ljust(size * page_size, b"\0")[: size * page_size])
        for number, page in pages.items():
            if number <= size:
                whole[(number - 1) * page_size : number * page_size] = page
        database = bytes(whole)
    return database[:18] + _ROLLBACK_JOURNAL + database[20:]


def _committed(log: bytes) -> tuple[dict[int, bytes], int]:
    """The newest state of every page of all whole transactions, by number from 1, and the size in pages."""
    if len(log) < _HEADER:
        return {}, 0
    magic, _version, page_size, _sequence, *salts = struct.unpack(">6I", log[:24])
    order = ">" if magic & 1 else "<"
    check = _checksum(log[:24], (0, 0), order)
    if magic & ~1 != _MAGIC or check != struct.unpack(">2I", log[24:32]):
        return {}, 0
    pages: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    size = 0
    for begin in range(_HEADER, len(log) - _FRAME_HEADER - page_size + 1, _FRAME_HEADER + page_size):
        head = log[begin : begin + _FRAME_HEADER]
        page = log[begin + _FRAME_HEADER : begin + _FRAME_HEADER + page_size]
        number, size_after, *rest = struct.unpack(">6I", head)
        check = _checksum(page, _checksum(head[:8], check, order), order)
        if rest != [*salts, *check]:
            break
        waiting[number] = page
        if size_after:
            pages |= waiting
            waiting, size = {}, size_after
    return pages, size


def _checksum(content: bytes, check: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = check
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
