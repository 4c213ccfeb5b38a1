"""The pages of a TIFF, read from its directories: which one is the picture, and what GDAL does not tell of it.

GDAL takes the first directory, whatever it is. In files of cameras and scanners that may be a thumbnail, with the
picture behind it or in a directory below it (tag SubIFDs).
Source: TIFF 6.0; TIFF Technical Note 1 (SubIFDs); BigTIFF.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from typing import IO

from faami_core.data.spliced_file import Part

_MOST_PAGES = 10_000
_MOST_VALUES = 64  # of the tags that are read here
_SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION, _SUB_DIRECTORIES = 254, 256, 257, 262, 274, 330
_SAMPLES, _EXTRA_SAMPLES, _INK_SET = 277, 338, 332
_REDUCED, _MASK = 1, 4  # bits of the tag NewSubfileType
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # type of a tag → how ``struct`` reads it
_THUMBNAIL_SHARE = 4  # a first page of the same shape and at most a fourth as wide is a thumbnail, said or not
_LARGEST_THUMBNAIL = 512

WHITE_IS_ZERO, CMYK, COLOR_FILTER_MOSAIC, LOG_LUV = 0, 5, 32803, (32844, 32845)
ASSOCIATED_ALPHA = 1


@dataclass(frozen=True)
class Page:
    """A directory of a TIFF.

    Attributes:
        offset: Where it lies in the file.
        width, height: In pixels.
        kind: The tag NewSubfileType.
        photometric: The tag PhotometricInterpretation; None if it is missing.
        photometric_place: Where that number stands in the file.
        orientation: 1 to 8, as in EXIF.
        samples: Bands.
        extra_samples: What each band behind the colours is: 0 unspecified, 1 associated alpha, 2 alpha.
        has_inks: The inks are named, and may be others than cyan, magenta, yellow and black.
    """

    offset: int
    width: int
    height: int
    kind: int
    photometric: int | None
    photometric_place: int
    orientation: int
    samples: int
    extra_samples: tuple[int, ...]
    has_inks: bool

    @property
    def is_picture(self) -> bool:
        """Neither a smaller copy of another page nor its mask."""
        return not self.kind & (_REDUCED | _MASK)

    def is_premultiplied(self, alpha: int | None) -> bool:
        """Whether the colours have been multiplied with the 1-based band ``alpha``."""
        place = -1 if alpha is None else alpha - 1 - (self.samples - len(self.extra_samples))
        return 0 <= place < len(self.extra_samples) and self.extra_samples[place] == ASSOCIATED_ALPHA


@dataclass(frozen=True)
class Pages:
    """The ``shown`` page of a TIFF, its 1-based ``number`` among the ``count`` pages that are pictures.

    ``order`` is "<" or ">", ``big`` tells a BigTIFF.
    """

    shown: Page
    number: int
    count: int
    order: str
    big: bool

    def parts(self, length: int, *, raw_inks: bool = False) -> list[Part]:
        """The file of ``length`` bytes with the shown page as its first one, for a ``SplicedFile``.

        ``raw_inks`` calls its bands grey, so that GDAL gives the inks of a CMYK page instead of colours.
        """
        place, size = (8, 8) if self.big else (4, 4)
        parts: list[Part] = [(0, place), struct.pack(f"{self.order}{'Q' if self.big else 'I'}", self.shown.offset)]
        if not raw_inks:
            return [*parts, (place + size, length)]
        photometric = self.shown.photometric_place
        grey = struct.pack(f"{self.order}H", 1)
        return [*parts, (place + size, photometric), grey, (photometric + len(grey), length)]


def find_pages(stream: IO[bytes]) -> Pages:
    """Reads all directories of a TIFF and chooses the page that is the picture.

    Raises:
        ValueError: if there is no directory that can be read.
    """
    stream.seek(0)
    head = stream.read(16)
    order = "<" if head[:1] == b"I" else ">"
    big = len(head) == 16 and head[2:4] in {b"+\0", b"\0+"}
    if len(head) < 8:
        raise ValueError("it is cut off in its first bytes")
    first = struct.unpack(f"{order}Q", head[8:16])[0] if big else struct.unpack(f"{order}I", head[4:8])[0]
    reader = _Reader(stream, order, big=big)
    chain: list[Page] = []
    below: list[Page] = []
    offset = first
    while offset and offset not in reader.seen and len(reader.seen) < _MOST_PAGES:
        try:
            page, offset, inner = reader.read(offset)
        except (struct.error, ValueError, OverflowError, OSError) as error:
            if not chain:
                raise ValueError("its directory is broken") from error
            break  # the pages before it are sound
        chain.append(page)
        for place in inner:
            with contextlib.suppress(struct.error, ValueError, OverflowError, OSError):
                if place not in reader.seen:
                    below.append(reader.read(place)[0])
    if not chain:
        raise ValueError("it has no directory")
    return _choose(chain, below, order, big=big)


def _choose(chain: list[Page], below: list[Page], order: str, *, big: bool) -> Pages:
    pages = [page for page in chain if page.is_picture]
    if not pages:
        pages = [max((page for page in below if page.is_picture), key=_area, default=max(chain, key=_area))]
    largest = max([*pages, *(page for page in below if page.is_picture)], key=_area)
    if _is_thumbnail(pages[0], largest):
        pages = [page for page in pages if not _is_thumbnail(page, largest)] or [largest]
    return Pages(pages[0], 1, len(pages), order, big)


def _is_thumbnail(page: Page, largest: Page) -> bool:
    if max(page.width, page.height) > _LARGEST_THUMBNAIL or page.width * _THUMBNAIL_SHARE > largest.width:
        return False
    factor = largest.width / max(1, page.width)
    return abs(page.height * factor - largest.height) <= 1.5 * factor


def _area(page: Page) -> int:
    return page.width * page.height


class _Reader:
    def __init__(self, stream: IO[bytes], order: str, *, big: bool) -> None:
        self._stream, self._order, self._big = stream, order, big
        self.seen: set[int] = set()

    def read(self, offset: int) -> tuple[Page, int, tuple[int, ...]]:
        """A page, where the next one lies (0: nowhere), and where those below it lie."""
        self.seen.add(offset)
        self._stream.seek(offset)
        (count,) = self._unpack("Q" if self._big else "H")
        if not 0 < count <= 4096:
            raise ValueError(f"{count} tags")
        entry = 20 if self._big else 12
        table = self._stream.read(count * entry)
        (following,) = self._unpack("Q" if self._big else "I")
        values: dict[int, tuple[int, ...]] = {}
        places: dict[int, int] = {}
        for start in range(0, len(table) - entry + 1, entry):
            tag, kind, number = struct.unpack_from(self._order + ("HHQ" if self._big else "HHI"), table, start)
            if tag in _WANTED and kind in _FORMATS and number > 0:
                inside = start + (12 if self._big else 8)
                values[tag] = self._values(table[inside : start + entry], _FORMATS[kind], min(number, _MOST_VALUES))
                places[tag] = offset + (8 if self._big else 2) + inside
        photometric = values.get(_PHOTOMETRIC)
        page = Page(
            offset=offset,
            width=values.get(_WIDTH, (0,))[0],
            height=values.get(_HEIGHT, (0,))[0],
            kind=values.get(_SUBFILE, (0,))[0],
            photometric=None if photometric is None else photometric[0],
            photometric_place=places.get(_PHOTOMETRIC, 0),
            orientation=values.get(_ORIENTATION, (1,))[0],
            samples=values.get(_SAMPLES, (1,))[0],
            extra_samples=values.get(_EXTRA_SAMPLES, ()),
            has_inks=values.get(_INK_SET, (1,))[0] != 1,
        )
        return page, following, values.get(_SUB_DIRECTORIES, ())

    def _values(self, field: bytes, kind: str, number: int) -> tuple[int, ...]:
        code = f"{self._order}{number}{kind}"
        if struct.calcsize(code) <= len(field):
            return struct.unpack_from(code, field)
        (place,) = struct.unpack(f"{self._order}{'Q' if self._big else 'I'}", field)
        self._stream.seek(place)
        return struct.unpack(code, self._stream.read(struct.calcsize(code)))

    def _unpack(self, kind: str) -> tuple[int, ...]:
        code = self._order + kind
        return struct.unpack(code, self._stream.read(struct.calcsize(code)))


_WANTED = frozenset(
    {
        _SUBFILE, _WIDTH, _HEIGHT, _PHOTOMETRIC, _ORIENTATION, _SUB_DIRECTORIES, _SAMPLES, _EXTRA_SAMPLES, _INK_SET,
    }
)  # fmt: skip
