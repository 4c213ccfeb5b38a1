"""The door to image files: 8-bit RGB arrays out of them, and into them.

Every file may come from a stranger. Its first bytes say what it is; ``pictures`` (Pillow) or ``raster`` (GDAL) then
reads it, and whatever a decoder throws becomes an ``UnreadableImageError`` with a reason for the analyst. What an
analyst sees and what the model sees go through the same code, so that bands, depth, colours, orientation and
transparency cannot differ between them.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image

from faami_core.data import pictures
from faami_core.data.color_profile import to_srgb
from faami_core.data.file_kinds import description_of, head_of, kind_of
from faami_core.data.limits import max_pixels
from faami_core.errors import FaamiError, UnreadableImageError
from faami_core.types import ByteArray

THUMBNAIL_SIDE = 256  # the longest side of thumbnails that are kept

_RASTERS = ("TIFF", "JPEG 2000", "ERDAS IMAGINE")
FORMATS = (*pictures.FORMATS, *_RASTERS)
_SAVE_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
# A JPEG decoded at an eighth of its size is a box filter; twice the wanted size leaves the rest to a good filter.
_DRAFT_MARGIN = 2
_THUMBNAIL_QUALITY = 85
_PALETTE_MODES = ("P", "PA", "1")  # their numbers cannot be averaged
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class DecodedImage:
    """Pixels [H, W, 3] RGB as shown, and the ``width`` × ``height`` the whole file has as shown.

    ``thumbnail`` [h, w, 3] is there only if it was asked for and the image is larger. ``notes`` are short phrases on
    how the file is shown where that was a choice: "page 1 of 3", "values 231 to 1783 as black to white"; ``pages`` is
    how many pages a file has, the first of which is shown.
    """

    pixels: ByteArray
    width: int
    height: int
    thumbnail: ByteArray | None = None
    notes: tuple[str, ...] = ()
    pages: int = 1


@dataclass(frozen=True)
class _Picture:
    """A decoded image before it has its final size: ``width`` × ``height`` are those of the whole file, unturned."""

    image: Image.Image
    width: int
    height: int
    orientation: int
    profile: bytes | None
    gamma: float | None = None
    notes: tuple[str, ...] = ()
    pages: int = 1


def read_image(path: Path, max_side: int | None = None) -> ByteArray:
    """Reads an image file as the analyst sees it: EXIF orientation applied, transparency over white, 8 bits, sRGB.

    Args:
        path: The file; of an animated file the first frame is taken, of one with pages the first one.
        max_side: Shrinks the image (never enlarges) so that no side is longer; much faster for large files.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        UnreadableImageError: if the file cannot be decoded; the sentence names the file and the reason.
    """
    return open_image(path, max_side=max_side).pixels


def open_image(path: Path, max_side: int | None = None) -> DecodedImage:
    """Reads an image file like ``read_image``, with its whole size and how it is shown.

    Raises:
        UnreadableImageError: if the file cannot be decoded.
    """
    try:
        with open_regular(path) as stream:
            return decode_image(stream, path.name, max_side=max_side, folder=path.parent)
    except OSError as error:
        raise UnreadableImageError(
            f"{path.name!r} cannot be opened: {error.strerror or error}.",
            "Check that the file exists and may be read.",
        ) from error


def open_regular(path: Path) -> io.BufferedReader:
    """Opens a regular file for reading. A pipe or device is refused instead of waited for.

    Raises:
        OSError: if it cannot be opened or is no regular file.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(handle, "rb")


def header_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a picture as its header tells them, before it is turned upright; None where it does not."""
    known = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
    with contextlib.suppress(Exception), open_regular(path) as stream, Image.open(stream, formats=known) as image:
        return image.size
    return None


def decode_image(
    stream: IO[bytes],
    name: str,
    *,
    max_side: int | None = None,
    model_side: int | None = None,
    thumbnail_side: int | None = None,
    folder: Path | None = None,
) -> DecodedImage:
    """Decodes an open image file; see ``read_image``.

    Args:
        stream: Seekable, at its start.
        name: File name for messages.
        max_side: Longest side wanted, or None for all pixels.
        model_side: Instead squashes the whole image to a square of this side with ``model_input``.
        thumbnail_side: Longest side of a small copy beside it, its shape kept.
        folder: Where the mask that belongs to a raster (``name``.msk) may lie; None if there is none to look for.

    Raises:
        UnreadableImageError: if the file cannot be decoded.
        FaamiError: if the setting of the pixel limit is no number.
    """
    max_pixels()
    try:
        stream = pictures.without_stray_bytes(stream)
        head = head_of(stream)
        kind = kind_of(head)
        if kind not in FORMATS:
            raise _unknown_kind(name, head)
        wanted = max_side or model_side
        if kind in _RASTERS:
            mask = None if folder is None else folder / f"{name}.msk"
            picture = _read_raster(stream, name, kind, wanted, mask)
        else:
            picture = _read_picture(stream, name, kind, wanted)
        return _sized(picture, max_side, model_side, thumbnail_side)
    except FaamiError:
        raise
    except Exception as error:  # decoders of hostile files raise almost anything; it all means "this file is broken"
        raise UnreadableImageError(
            f"{name!r} cannot be decoded: {_reason(error)}.", "Save the image again with another program."
        ) from error


def model_input(pixels: ByteArray, side: int) -> ByteArray:
    """Squashes a whole [H, W, 3] image into the model's square [side, side, 3], antialiased; same size stays."""
    if pixels.shape[:2] == (side, side):
        return pixels
    image = Image.fromarray(pixels)
    return np.array(image.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0))


def encode_thumbnail(pixels: ByteArray) -> bytes:
    """[H, W, 3] RGB → a JPEG file, of about 15 KB at 256 × 256 pixels."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="JPEG", quality=_THUMBNAIL_QUALITY)
    return stream.getvalue()


def save_image(path: Path, pixels: npt.NDArray[np.uint8], quality: int = 92) -> None:
    """Writes [H, W, 3] RGB (or [H, W, 4] RGBA) to ``path``; the suffix chooses the format.

    The file appears whole or not at all.

    Args:
        path: Target; its folder exists.
        pixels: The image.
        quality: 1 to 95, for JPEG and WebP.

    Raises:
        FaamiError: if the suffix is not one of an image or the file cannot be written.
    """
    kind = _SAVE_FORMATS.get(path.suffix.lower())
    if kind is None:
        raise FaamiError(
            f"{path.name!r} has no suffix of an image.", f"Use one of {', '.join(sorted(_SAVE_FORMATS))}."
        )
    try:
        temporary = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
        try:
            with temporary.open("xb") as stream:
                Image.fromarray(pixels).save(stream, format=kind, quality=quality)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FaamiError(
            f"The image {str(path)!r} cannot be written: {error.strerror or error}.",
            "Check that the folder exists, may be written and has free space.",
        ) from error


def _read_picture(stream: IO[bytes], name: str, kind: str, wanted: int | None) -> _Picture:
    """Reads a file of Pillow's formats; by GDAL if it has more than 8 bits, of which Pillow drops the lower."""
    try:
        with pictures.open_picture(stream, name, kind) as image:
            width, height = image.size
            if kind == "PNG" and pictures.is_deep_png(head_of(stream)):
                deep = _read_raster(stream, name, kind, wanted, None)
                shown, notes = deep.image, deep.notes
            else:
                if wanted is not None and image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
                    image.draft(image.mode, (wanted * _DRAFT_MARGIN, wanted * _DRAFT_MARGIN))
                shown, notes = _averageable(pictures.load_pixels(image, stream, name)), ()
            return _Picture(
                image=shown,
                width=width,
                height=height,
                orientation=_orientation(image),
                profile=image.info.get("icc_profile"),
                gamma=None if "srgb" in image.info else image.info.get("gamma"),
                notes=notes,
            )
    except SyntaxError as error:
        if kind == "JPEG" and pictures.is_deep_jpeg(error):
            return _read_raster(stream, name, kind, wanted, None)
        raise


def _read_raster(stream: IO[bytes], name: str, kind: str, wanted: int | None, mask: Path | None) -> _Picture:
    from faami_core.data.raster import read_raster  # takes 0.3 s, for those who have such files

    raster = read_raster(stream, name, kind, side=wanted, mask=mask)
    return _Picture(
        image=Image.fromarray(raster.pixels, raster.mode),
        width=raster.width,
        height=raster.height,
        orientation=raster.orientation,
        profile=raster.profile,
        notes=raster.notes,
        pages=raster.pages,
    )


def _sized(
    picture: _Picture, max_side: int | None, model_side: int | None, thumbnail_side: int | None
) -> DecodedImage:
    """Shrinks before anything that copies the pixels, then makes them as seen."""
    shown, width, height = picture.image, picture.width, picture.height
    thumbnail = None
    if thumbnail_side is not None and max(width, height) > thumbnail_side:
        small = shown.resize(_fitted((width, height), thumbnail_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        thumbnail = np.array(_as_seen(small, picture))
    if model_side is not None and shown.size != (model_side, model_side):
        shown = shown.resize((model_side, model_side), Image.Resampling.BICUBIC, reducing_gap=3.0)
    elif max_side is not None and max(shown.size) > max_side:
        shown = shown.resize(_fitted((width, height), max_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if picture.orientation in _SIDEWAYS:
        width, height = height, width
    return DecodedImage(np.array(_as_seen(shown, picture)), width, height, thumbnail, picture.notes, picture.pages)


def _as_seen(image: Image.Image, picture: _Picture) -> Image.Image:
    """Transparency over white, colours in sRGB, upright."""
    image = to_srgb(_over_white(image), picture.profile, picture.gamma)
    for turn in _TURNS.get(picture.orientation, ()):
        image = image.transpose(turn)
    return image


def _unknown_kind(name: str, head: bytes) -> UnreadableImageError:
    return UnreadableImageError(
        f"{name!r} is not an image in a known format: it is {description_of(head)}.",
        f"Known formats are {', '.join(FORMATS)}.",
    )


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8 still to be applied; broken metadata counts as upright."""
    with contextlib.suppress(Exception):
        value = image.getexif().get(_ORIENTATION_TAG, 1)
        if value in _TURNS:
            return int(value)
    return 1


def _averageable(image: Image.Image) -> Image.Image:
    """The image with palettes resolved, so that neighbouring pixels can be averaged."""
    if image.mode in _PALETTE_MODES or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _over_white(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB or CMYK, without transparency."""
    if image.mode in {"LA", "La", "RGBA", "RGBa"}:
        solid = image.convert("LA" if image.mode.startswith("L") else "RGBA")
        colors = solid.convert(solid.mode[:-1])
        return Image.composite(colors, Image.new(colors.mode, colors.size, "white"), solid.getchannel("A"))
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The largest size of the same shape inside side × side; no side shorter than one pixel."""
    factor = side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _reason(error: BaseException) -> str:
    """A decoder's own words as the end of a sentence; those of the first error of a chain, which knows best."""
    while (cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = cause
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text.splitlines()[0][:200]
