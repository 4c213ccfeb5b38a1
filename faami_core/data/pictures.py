"""What Pillow reads: JPEG, PNG, GIF, BMP, WebP, AVIF, and HEIC where pillow-heif is installed.

A small allow-list of formats is tried, the size is checked from the header before a pixel is decoded. Metadata that
is broken or too large costs itself, not the picture; a JPEG without its end marker is shown if that is all it lacks.
"""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from faami_core.data.file_kinds import head_of
from faami_core.data.limits import check_size, max_pixels, too_large
from faami_core.data.spliced_file import Part, SplicedFile, length_of
from faami_core.errors import UnreadableImageError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "AVIF", "HEIC")

_PLUGINS = {"BMP": ("BMP", "DIB"), "HEIC": ("HEIF",)}  # where Pillow has another name
_PNG_START = 8
_PNG_DEPTH_PLACE = 24
_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_END_OF_JPEG = b"\xff\xd9"
_PADDING = b"\x5a" * 4096 + _END_OF_JPEG  # any bytes that are decoded to something else than their absence
_STRAY = b" \t\r\n\0\xef\xbb\xbf"  # that scripts put in front of an image
_MOST_STRAY = 16

# The header check refuses what Pillow only warns of.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Odd metadata around sound pixels is no reason to trouble anyone; broken pixels raise errors, not warnings.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def without_stray_bytes(stream: IO[bytes]) -> IO[bytes]:
    """The stream from where its image starts: line ends and the like in front of it are left out."""
    head = head_of(stream)
    stray = len(head) - len(head.lstrip(_STRAY))
    if not 0 < stray <= _MOST_STRAY or not head[stray:].startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")):
        return stream
    return _file(SplicedFile(stream, [(stray, length_of(stream))]))


def is_deep_png(head: bytes) -> bool:
    """Whether a PNG has 16 bits a band, of which Pillow would give the upper 8 alone."""
    return head[_PNG_DEPTH_PLACE : _PNG_DEPTH_PLACE + 1] == b"\x10"


@contextmanager
def open_picture(stream: IO[bytes], name: str, kind: str) -> Iterator[Image.Image]:
    """Opens an image without decoding its pixels; its size is within the limit.

    Args:
        stream: Seekable.
        name: File name for messages.
        kind: One of ``FORMATS``.

    Raises:
        UnreadableImageError: if it is larger than the limit, or its format is not installed.
        Exception: whatever Pillow makes of a broken file; with its own reason.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels()  # guards what Pillow allocates while it reads the header
    if kind == "HEIC":
        _register_heif(name)
    try:
        image, flaw = _open(stream, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_large(name) from error
    with image:
        check_size(name, *image.size)
        try:
            yield image
        except OSError as error:
            if flaw is None:
                raise
            raise OSError(f"{error}; besides: {flaw}") from None


def load_pixels(image: Image.Image, stream: IO[bytes], name: str) -> Image.Image:
    """Decodes the pixels of an opened image; those of a JPEG that ends too early if it is whole but for its end.

    Returns:
        The image, or one like it.

    Raises:
        UnreadableImageError: if a JPEG is cut; the sentence says how much of it is there.
        Exception: whatever Pillow makes of broken pixels.
    """
    try:
        image.load()
        return image
    except OSError as error:
        if image.format not in {"JPEG", "MPO"} or "truncated" not in str(error):
            raise
    # A whole one decodes to the same pixels, whatever follows it; a cut one takes what follows for its lower rows.
    size, mode = image.size, image.mode
    shown, other = (_with_end(stream, end, mode, size) for end in (_END_OF_JPEG, _PADDING))
    differing = (np.asarray(shown) != np.asarray(other)).reshape(shown.size[1], -1).any(axis=1)
    if differing.any():
        part = int(differing.argmax()) / len(differing)
        raise UnreadableImageError(
            f"{name!r} is cut off: of its rows only the upper {part:.0%} are there.",
            "Copy the file again from where it came from.",
        )
    return shown


def is_deep_jpeg(error: Exception) -> bool:
    """Whether Pillow refused a JPEG for its 12 bits."""
    return "12-bit" in str(error) or "cannot handle 12" in str(error)


def _open(stream: IO[bytes], kind: str) -> tuple[Image.Image, Exception | None]:
    """The image, and what was wrong with metadata that had to be left out."""
    try:
        return _identify(stream, kind), None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise
    except Exception as error:
        if kind != "PNG":
            raise
        for dropped in (_PNG_TEXTS, {*_PNG_TEXTS, b"iCCP"}):
            with contextlib.suppress(Exception):
                return _identify(_file(SplicedFile(stream, _png_parts(stream, dropped))), kind), error
        raise


def _identify(stream: IO[bytes], kind: str) -> Image.Image:
    formats = _PLUGINS.get(kind, (kind,))
    stream.seek(0)
    try:
        return Image.open(stream, formats=formats)
    except UnidentifiedImageError:
        stream.seek(0)
        Image.OPEN[formats[0]][0](stream, "")  # says why, which Image.open keeps to itself
        raise


def _with_end(stream: IO[bytes], end: bytes, mode: str, size: tuple[int, int]) -> Image.Image:
    image = Image.open(_file(SplicedFile(stream, [(0, length_of(stream)), end])), formats=("JPEG",))
    if image.size != size:  # it was shrunk while it was decoded
        image.draft(mode, size)
    image.load()
    return image


def _png_parts(stream: IO[bytes], dropped: Collection[bytes]) -> list[Part]:
    """A PNG without those chunks, and without any whose check sum is wrong and which it can do without."""
    parts: list[Part] = [(0, _PNG_START)]
    length = length_of(stream)
    place = _PNG_START
    while place + 12 <= length:
        stream.seek(place)
        size, kind = struct.unpack(">I4s", stream.read(8))
        stop = min(place + 12 + size, length)
        needless = kind[:1].islower()
        if not (kind in dropped or (needless and not _is_sound(stream, kind, size))):
            parts.append((place, stop))
        place = stop
    return parts


def _is_sound(stream: IO[bytes], kind: bytes, size: int) -> bool:
    check, left = zlib.crc32(kind), size
    while left > 0 and (block := stream.read(min(left, 1 << 20))):
        check, left = zlib.crc32(block, check), left - len(block)
    return left == 0 and stream.read(4) == struct.pack(">I", check)


def _file(spliced: SplicedFile) -> IO[bytes]:
    return io.BufferedReader(spliced, 1 << 16)


def _register_heif(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise UnreadableImageError(
            f"{name!r} is a HEIC image, which is read with a package that is not installed.",
            "Install it with: pip install pillow-heif",
        ) from error
    pillow_heif.register_heif_opener()
