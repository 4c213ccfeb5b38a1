"""A picture, or a part of it, decoded to the size at which it is needed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from faami_core.data.image_io import decode_image, header_size, model_input, open_regular
from faami_core.errors import UnreadableImageError
from faami_core.queries import PixelBox
from faami_core.types import ByteArray

_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_NUMBERS = {3: "H", 4: "I", 16: "Q"}  # SHORT, LONG, LONG8
_MOST_TAGS = 4096


@dataclass(frozen=True)
class PicturePart:
    """Pixels [h, w, 3] RGB of a part, none where it lies outside; ``width`` × ``height`` has the whole as shown."""

    pixels: ByteArray
    width: int
    height: int


def read_part(
    path: Path, *, box: PixelBox | None = None, max_side: int | None = None, square: int | None = None
) -> PicturePart:
    """Decodes a picture as the analyst sees it.

    Args:
        path: The file.
        box: The part wanted, in pixels of the picture as shown; None is all of it. What lies outside is cut off.
        max_side: No side of the result is longer.
        square: Instead squashes the part to the model's square input of this side.

    Raises:
        UnreadableImageError: if the file cannot be decoded.
    """
    try:
        with open_regular(path) as stream:
            if box is None:
                image = decode_image(stream, path.name, max_side=max_side, model_side=square, folder=path.parent)
                return PicturePart(image.pixels, image.width, image.height)
            pixels = decode_image(stream, path.name, folder=path.parent).pixels
    except OSError as error:
        raise UnreadableImageError(
            f"{path.name!r} cannot be opened: {error.strerror or error}.",
            "Check that the file exists and may be read.",
        ) from error
    return part_of(pixels, box, max_side=max_side, square=square)


def part_of(
    pixels: ByteArray, box: PixelBox | None, *, max_side: int | None = None, square: int | None = None
) -> PicturePart:
    """A part of a decoded picture [H, W, 3]; the arguments are those of ``read_part``."""
    height, width = pixels.shape[:2]
    if box is not None:
        rows = slice(max(box.y, 0), max(box.y + box.height, 0))
        pixels = pixels[rows, max(box.x, 0) : max(box.x + box.width, 0)]
    if square is not None and pixels.size:
        pixels = model_input(pixels, square)
    elif max_side is not None:  # a part is a small picture of a chip: every n-th pixel will do
        step = max(1, -(-max(pixels.shape[:2]) // max_side))
        pixels = pixels[::step, ::step]
    return PicturePart(pixels, width, height)


def told_pixels(path: Path) -> int | None:
    """How many pixels the header of a picture announces, or None where that is not told at once."""
    size = header_size(path)
    if size is None:
        try:
            with open_regular(path) as stream:
                size = _tiff_size(stream)
        except (OSError, ValueError, OverflowError, struct.error, KeyError):  # a place no file has is a ValueError
            return None
    return None if size is None else size[0] * size[1]


def _tiff_size(stream: IO[bytes]) -> tuple[int, int] | None:
    """Width and height in the first directory of a TIFF or BigTIFF file, also of pixels that Pillow does not know."""
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return None
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    entry, start, count = {42: ("HHI4s", "I", "H"), 43: ("HHQ8s", "Q", "Q")}[version]
    (place,) = struct.unpack_from(f"{order}{start}", head, 4 if version == 42 else 8)
    stream.seek(place)
    (tags,) = struct.unpack(f"{order}{count}", stream.read(struct.calcsize(f"{order}{count}")))
    sides = {}
    for _ in range(min(tags, _MOST_TAGS)):
        tag, kind, _, value = struct.unpack(f"{order}{entry}", stream.read(struct.calcsize(f"{order}{entry}")))
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT):
            (sides[tag],) = struct.unpack_from(f"{order}{_TIFF_NUMBERS[kind]}", value)
    return (sides[_TIFF_WIDTH], sides[_TIFF_HEIGHT]) if len(sides) == 2 else None
