"""The only door to Pillow: image files in, 8-bit RGB arrays out, and back.

Every file may come from a stranger. A small allow-list of formats is tried, the size is checked from the header
before a pixel is decoded, and whatever a decoder throws becomes an ``UnreadableImageError`` with a reason for the
analyst. What an analyst sees and what the model sees go through the same code, so orientation, bit depth and
transparency cannot differ between them.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from faami_core.errors import FaamiError, UnreadableImageError
from faami_core.types import ByteArray

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif"})

THUMBNAIL_SIDE = 256  # the longest side of thumbnails that are kept

# A scene of 20,000 × 20,000 pixels passes, and thrice the largest aerial camera frame on sale; decoded that is 2 GB.
MAX_PIXELS = 500_000_000
MAX_PIXELS_VARIABLE = "FAAMI_MAX_PIXELS"

_SAVE_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
# A JPEG decoded at an eighth of its size is a box filter; twice the wanted size leaves the rest to a good filter.
_DRAFT_MARGIN = 2
_THUMBNAIL_QUALITY = 85
_STRETCH_PERCENTILES = (2.0, 98.0)
_STRETCH_SAMPLE = 1_000_000
_WIDE_MODES = ("I", "F")  # and all "I;16…"
_STRETCH_BLOCK = 4_000_000  # pixels widened to 64-bit numbers at a time
_PALETTE_MODES = ("P", "PA", "1")  # their numbers cannot be averaged
_ORIENTATION_TAG = 0x0112
_BITS_TAG, _BANDS_TAG, _EXTRA_SAMPLES_TAG = 258, 277, 338
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}

# The header check below refuses what Pillow only warns of.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Odd metadata around sound pixels is no reason to trouble anyone; broken pixels raise errors, not warnings.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True)
class DecodedImage:
    """Pixels [H, W, 3] RGB as shown, and the ``width`` × ``height`` the whole file has as shown.

    ``thumbnail`` [h, w, 3] is there only if it was asked for and the image is larger.
    """

    pixels: ByteArray
    width: int
    height: int
    thumbnail: ByteArray | None = None


def read_image(path: Path, max_side: int | None = None) -> ByteArray:
    """Reads an image file as the analyst sees it: EXIF orientation applied, transparency over white, 8 bits.

    Args:
        path: The file; of an animated file the first frame is taken.
        max_side: Shrinks the image (never enlarges) so that no side is longer; much faster for large JPEG files.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        UnreadableImageError: if the file cannot be decoded; the sentence names the file and the reason.
    """
    try:
        with open_regular(path) as stream:
            return decode_image(stream, path.name, max_side=max_side).pixels
    except OSError as error:
        raise UnreadableImageError(
            f"{path.name!r} cannot be opened: {error.strerror or error}.",
            "Check that the file exists and may be read.",
        ) from error


def max_pixels() -> int:
    """The pixels an image file may have, as the environment sets it.

    Raises:
        FaamiError: if the setting is no positive number.
    """
    setting = os.environ.get(MAX_PIXELS_VARIABLE, str(MAX_PIXELS))
    if not setting.isascii() or not setting.isdigit() or int(setting) == 0:
        raise FaamiError(
            f"The environment variable {MAX_PIXELS_VARIABLE} is {setting!r}, not a number of pixels.",
            f"Unset it, or set it to a number like {MAX_PIXELS}.",
        )
    return int(setting)


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


def decode_image(
    stream: IO[bytes],
    name: str,
    *,
    max_side: int | None = None,
    model_side: int | None = None,
    thumbnail_side: int | None = None,
) -> DecodedImage:
    """Decodes an open image file; see ``read_image``.

    Args:
        stream: Seekable, at its start.
        name: File name for messages.
        max_side: Longest side wanted, or None for all pixels.
        model_side: Instead squashes the whole image to a square of this side with ``model_input``.
        thumbnail_side: Longest side of a small copy beside it, its shape kept.

    Raises:
        UnreadableImageError: if the file cannot be decoded.
        FaamiError: if the setting of the pixel limit is no number.
    """
    limit = max_pixels()
    Image.MAX_IMAGE_PIXELS = limit  # guards what Pillow allocates while it reads the header
    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.size[0] * image.size[1] > limit:
                raise _too_large(name, limit, image.size)
            return _decode(image, max_side, model_side, thumbnail_side)
    except FaamiError:
        raise
    except UnidentifiedImageError as error:
        raise _unknown_kind(stream, name) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, limit) from error
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


def _decode(
    image: Image.Image, max_side: int | None, model_side: int | None, thumbnail_side: int | None
) -> DecodedImage:
    """Turns an opened, not yet decoded image into pixels as shown; shrinks before anything that copies the pixels."""
    width, height = image.size
    wanted = max_side or model_side
    if wanted is not None and image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
        image.draft(image.mode, (wanted * _DRAFT_MARGIN, wanted * _DRAFT_MARGIN))
    image.load()
    orientation = _orientation(image)
    shown = _averageable(image)
    thumbnail = None
    if thumbnail_side is not None and max(width, height) > thumbnail_side:
        small = shown.resize(_fitted(shown.size, thumbnail_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        thumbnail = np.array(_as_seen(small, orientation))
    if model_side is not None and shown.size != (model_side, model_side):
        shown = shown.resize((model_side, model_side), Image.Resampling.BICUBIC, reducing_gap=3.0)
    elif max_side is not None and max(shown.size) > max_side:
        shown = shown.resize(_fitted(shown.size, max_side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if orientation >= 5:
        width, height = height, width
    return DecodedImage(np.array(_as_seen(shown, orientation)), width, height, thumbnail)


def _as_seen(image: Image.Image, orientation: int) -> Image.Image:
    """Transparency over white, upright."""
    image = _over_white(image)
    for turn in _TURNS.get(orientation, ()):
        image = image.transpose(turn)
    return image


def _too_large(name: str, limit: int, size: tuple[int, int] | None = None) -> UnreadableImageError:
    """``size`` is None where Pillow refuses before it tells the size."""
    has = "more pixels than" if size is None else f"{size[0]} × {size[1]} pixels, more than"
    value = "a larger number" if size is None else f"at least {size[0] * size[1]}"
    return UnreadableImageError(
        f"{name!r} has {has} the limit of {limit / 1e6:g} million.",
        f"Set the environment variable {MAX_PIXELS_VARIABLE} to {value} if you trust the file.",
    )


def _unknown_kind(stream: IO[bytes], name: str) -> UnreadableImageError:
    """Why no decoder takes a file: it is a TIFF with other pixels than these, or no image at all."""
    with contextlib.suppress(Exception):
        stream.seek(0)
        directory = TiffImagePlugin.ImageFileDirectory_v2(stream.read(8))
        stream.seek(directory.next)
        directory.load(stream)
        bands, bits = directory.get(_BANDS_TAG, 1), directory.get(_BITS_TAG, (1,))[0]
        return UnreadableImageError(
            f"{name!r} is a TIFF with {bands} band(s) of {bits} bits, which cannot be shown.",
            "Save one or three of its bands as a file of their own.",
        )
    return UnreadableImageError(
        f"{name!r} is not an image in a known format.", f"Known formats are {', '.join(FORMATS)}."
    )


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8 still to be applied; broken metadata counts as upright. (TIFF is turned by Pillow.)"""
    with contextlib.suppress(Exception):
        value = image.getexif().get(_ORIENTATION_TAG, 1)
        if value in _TURNS:
            return int(value)
    return 1


def _averageable(image: Image.Image) -> Image.Image:
    """The image in 8 bits a channel, palettes resolved, so that neighbouring pixels can be averaged."""
    if image.mode.startswith(_WIDE_MODES):
        return Image.fromarray(_stretch(np.asarray(image)))
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.mode == "RGBA":
        # Without a word on what the fourth band is, it is near infrared rather than transparency.
        return image if _EXTRA_SAMPLES_TAG in image.tag_v2 else image.convert("RGB")
    if image.mode in _PALETTE_MODES or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _over_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        solid = image.convert("RGBA")
        paper = Image.new("RGBA", solid.size, "white")
        return Image.alpha_composite(paper, solid).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretch(values: npt.NDArray[np.generic]) -> ByteArray:
    """16-bit, 32-bit and float pixels → 8 bits between the 2nd and 98th percentile; NaN and infinite become black."""
    step = max(1, round((values.size / _STRETCH_SAMPLE) ** 0.5))
    sample = values[::step, ::step].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    shown = np.zeros(values.shape, dtype=np.uint8)
    if sample.size == 0:
        return shown
    low, high = np.percentile(sample, _STRETCH_PERCENTILES)
    if high <= low:
        low, high = float(sample.min()), float(sample.max())
    if high <= low:  # one value everywhere says nothing about its brightness
        low, high = low - 1, high + 1
    rows = max(1, _STRETCH_BLOCK // values.shape[1])
    for top in range(0, len(values), rows):
        numbers = values[top : top + rows].astype(np.float64)
        numbers[~np.isfinite(numbers)] = low
        shown[top : top + rows] = np.clip((numbers - low) / (high - low) * 255, 0, 255).round()
    return shown


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The largest size of the same shape inside side × side; no side shorter than one pixel."""
    factor = side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _reason(error: Exception) -> str:
    """A decoder's own words as the end of a sentence."""
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text.splitlines()[0][:200]
