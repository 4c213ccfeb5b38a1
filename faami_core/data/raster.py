"""The only door to rasterio: TIFF, JPEG 2000 and ERDAS IMAGINE files, and whatever has more than 8 bits a band.

Bands, depth, nodata, masks, transparency, palettes and the meaning of numbers come from GDAL. It sees one open file
through ``_Opener`` and nothing beside it (but a mask, see ``read_raster``), and one driver a file: no VRT, no side
file and no address can lead it to another one. Large files are read smaller than they are, by overviews if they have
any.
"""

from __future__ import annotations

import base64
import binascii
import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.session import DummySession
from rasterio.windows import Window

from faami_core.data import tiff_pages
from faami_core.data.bands import BandChoice, choose_bands
from faami_core.data.file_kinds import head_of, kind_of
from faami_core.data.limits import check_size
from faami_core.data.raster_values import Layout, draw, drawn_mode, largest_number, lookup_table
from faami_core.data.spliced_file import Part, SplicedFile, length_of
from faami_core.data.stretch import Mask, Numbers, Stretch, fit_few_levels, fit_stretch, valid_numbers
from faami_core.errors import UnreadableImageError
from faami_core.types import ByteArray

DRIVERS = {"TIFF": "GTiff", "JPEG 2000": "JP2OpenJPEG", "ERDAS IMAGINE": "HFA", "PNG": "PNG", "JPEG": "JPEG"}

_OVERVIEW_SIDE = 2048  # pixels a side that a stretch is found from, and that are read for anything smaller
_PALETTE_SIDE = 4096  # colours of a palette cannot be averaged while they are read
_STRIP_VALUES = 16_000_000  # numbers of a strip of rows of a file that is wanted whole
_NAME, _MASK_NAME = "image", "image.msk"
_SETTINGS: dict[str, Any] = {
    "GDAL_CACHEMAX": 64,  # MB; the default is 5 % of the machine's memory
    "GDAL_NUM_THREADS": 1,  # decoders run beside each other
    "GDAL_PAM_ENABLED": "NO",  # no side file is read, none is written beside the images
    "GDAL_MAX_BAND_COUNT": 1000,
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
}
# What it says of odd tags would stand on the terminal; what is broken comes as an exception.
logging.getLogger("rasterio").setLevel(logging.CRITICAL)
_opening = threading.Lock()  # ``warnings.catch_warnings`` is for one thread at a time


@dataclass(frozen=True)
class Raster:
    """A raster as 8-bit pixels, at its own size or at one that is large enough for what is wanted.

    Attributes:
        pixels: [H, W] or [H, W, C] of ``mode``: L, LA, RGB, RGBA or CMYK. Where nothing was measured it is black.
        width, height: Of the whole file.
        orientation: 1 to 8 as in EXIF, still to be applied.
        profile: ICC profile of the colours, or None.
        choice: The bands that are shown.
        stretch: Of their numbers; None where they are 8-bit pixels as they are.
        nodata_share: Of the pixels, where nothing was measured.
        notes: What an analyst should know of how it is shown, as short phrases.
        pages: Of the file; the first one that is a picture is shown.
    """

    pixels: ByteArray
    mode: str
    width: int
    height: int
    orientation: int
    profile: bytes | None
    choice: BandChoice
    stretch: Stretch | None
    nodata_share: float
    notes: tuple[str, ...]
    pages: int = 1


def read_raster(
    stream: IO[bytes], name: str, kind: str, *, side: int | None = None, mask: Path | None = None
) -> Raster:
    """Reads an open raster file.

    Args:
        stream: Seekable.
        name: File name for messages.
        kind: One of ``DRIVERS``.
        side: The longest side that is wanted; None for all pixels.
        mask: A TIFF that tells which pixels are valid, as GDAL writes it beside an image; left out if it is none.

    Raises:
        UnreadableImageError: if it is larger than the limit, or no picture.
        Exception: whatever GDAL makes of a broken file.
    """
    pages, parts = None, list[Part]([(0, length_of(stream))])
    if kind == "TIFF":
        pages = tiff_pages.find_pages(stream)
        check_size(name, pages.shown.width, pages.shown.height)
        _refuse_what_is_no_picture(name, pages.shown)
        parts = pages.parts(length_of(stream), raw_inks=_has_inks(pages.shown))
    opener = _Opener(stream, parts)
    try:
        with _open_dataset(opener, DRIVERS[kind], mask) as dataset:
            check_size(name, dataset.width, dataset.height)
            raster = _Reader(dataset, pages).read(side)
    except RasterioIOError as error:
        if opener.problem is not None:
            raise opener.problem from None
        if type(error.__cause__).__name__ == "CPLE_OutOfMemoryError":
            raise MemoryError from error
        raise
    if opener.problem is not None:
        raise opener.problem
    return raster


class _Opener:
    """Gives GDAL the file it may read, and its mask; of everything else it says that it is not there."""

    def __init__(self, stream: IO[bytes], parts: list[Part]) -> None:
        self._stream, self._parts = stream, parts
        self._lock = threading.Lock()
        self.mask: IO[bytes] | None = None
        self.problem: OSError | None = None  # of the disk, which GDAL would call one of the file

    def __call__(self, path: str, mode: str = "rb") -> io.RawIOBase:
        if path == _NAME and mode in {"r", "rb"}:
            return _WatchedFile(self, self._stream, self._parts, self._lock)
        if path == _MASK_NAME and mode in {"r", "rb"} and self.mask is not None:
            return SplicedFile(self.mask, [(0, length_of(self.mask))], self._lock)
        raise FileNotFoundError(path)


class _WatchedFile(SplicedFile):
    """Tells its opener when the disk below it fails."""

    def __init__(self, opener: _Opener, stream: IO[bytes], parts: list[Part], lock: threading.Lock) -> None:
        super().__init__(stream, parts, lock)
        self._opener = opener

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except OSError as error:
            self._opener.problem = error
            return b""  # an exception cannot pass through GDAL


@contextmanager
def _open_dataset(opener: _Opener, driver: str, mask: Path | None) -> Iterator[Any]:
    with _open_mask(mask) as opener.mask:
        # GDAL looks for a mask only where it may look for files beside the image at all.
        beside = "EMPTY_DIR" if opener.mask is None else "TRUE"
        with rasterio.Env(session=DummySession(), GDAL_DISABLE_READDIR_ON_OPEN=beside, **_SETTINGS):
            with _opening, warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                dataset = rasterio.open(_NAME, driver=driver, opener=opener)
            with dataset:
                yield dataset


@contextmanager
def _open_mask(path: Path | None) -> Iterator[IO[bytes] | None]:
    if path is None or not path.is_file():
        yield None
        return
    with path.open("rb") as stream:
        yield stream if kind_of(head_of(stream)) == "TIFF" else None


def _has_inks(page: tiff_pages.Page) -> bool:
    """Whether the bands of a page are cyan, magenta, yellow and black. (GDAL converts them without their profile.)"""
    return page.photometric == tiff_pages.CMYK and page.samples >= 4 and not page.has_inks


def _refuse_what_is_no_picture(name: str, page: tiff_pages.Page) -> None:
    if page.photometric == tiff_pages.COLOR_FILTER_MOSAIC:
        raise UnreadableImageError(
            f"{name!r} is the raw photograph of a camera, whose pixels have one colour each.",
            "Develop it, and save it as TIFF or JPEG.",
        )
    if page.photometric in tiff_pages.LOG_LUV:
        raise UnreadableImageError(
            f"{name!r} is a TIFF with logarithmic colours (LogLuv), which are not read.", "Save it as RGB."
        )


class _Reader:
    """Reads the chosen bands of one open dataset, at any size.

    Args:
        dataset: Of rasterio.
        pages: Of a TIFF; None for others.
    """

    def __init__(self, dataset: Any, pages: tiff_pages.Pages | None) -> None:
        self._dataset, self._pages = dataset, pages
        page = None if pages is None else pages.shown
        kinds = [interpretation.name for interpretation in dataset.colorinterp]
        depth = np.dtype(dataset.dtypes[0]) if dataset.dtypes[0] != "complex_int16" else np.dtype("complex64")
        self._inks = page is not None and _has_inks(page)
        self._choice = (
            BandChoice((1, 2, 3, 4))
            if self._inks
            else choose_bands(kinds, dataset.descriptions, deep=depth != np.dtype("uint8"))
        )
        white_is_zero = page is not None and page.photometric == tiff_pages.WHITE_IS_ZERO
        table = self._lookup_table() if not (white_is_zero and depth.itemsize > 1) else None
        self._layout = Layout(
            depth=depth,
            table=table,
            inverted=white_is_zero and table is None and len(self._choice.bands) == 1,
            premultiplied=page is not None and page.is_premultiplied(self._choice.alpha),
            inks=self._inks,
        )
        flags = dataset.mask_flag_enums[self._choice.bands[0] - 1]
        self._masked = MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags
        self._nodata = [dataset.nodatavals[band - 1] for band in self._choice.bands]

    def read(self, side: int | None) -> Raster:
        width, height = self._dataset.width, self._dataset.height
        most = _OVERVIEW_SIDE if self._layout.table is None else _PALETTE_SIDE
        size = (min(height, most), min(width, most))
        values, valid, alpha = self._numbers(None, size)
        stretch = self._stretch(values, valid if alpha is None else valid & alpha.astype(bool))
        if stretch is not None and stretch.fill is not None:
            valid &= values != stretch.fill
        alpha_top = _alpha_top(alpha)
        share = 1 - float(valid.any(axis=0).mean())
        if size != (height, width) and (side is None or side > most):
            pixels = self._large(side, stretch, alpha_top)
        else:
            pixels = draw(self._layout, values, valid, stretch, alpha, alpha_top)
        return Raster(
            pixels=pixels,
            mode=drawn_mode(self._layout, pixels),
            width=width,
            height=height,
            orientation=self._orientation(),
            profile=self._profile(),
            choice=self._choice,
            stretch=stretch,
            nodata_share=share,
            notes=tuple(self._notes(stretch, share)),
            pages=1 if self._pages is None else self._pages.count,
        )

    def _large(self, side: int | None, stretch: Stretch | None, alpha_top: float) -> ByteArray:
        """Pixels at a size above that of the overview: all of them in strips of rows, or as many as are wanted."""
        width, height = self._dataset.width, self._dataset.height
        if side is not None and side < max(width, height):
            factor = side / max(width, height)
            size = (max(1, round(height * factor)), max(1, round(width * factor)))
            values, valid, alpha = self._numbers(None, size)
            return draw(self._layout, values, self._filled(values, valid, stretch), stretch, alpha, alpha_top)
        block = self._dataset.block_shapes[0][0]
        rows = max(1, _STRIP_VALUES // (width * len(self._choice.bands)))
        rows = max(block, rows - rows % block) if block <= rows else rows
        whole: ByteArray | None = None
        for top in range(0, height, rows):
            count = min(rows, height - top)
            values, valid, alpha = self._numbers(Window(0, top, width, count), (count, width))
            strip = draw(self._layout, values, self._filled(values, valid, stretch), stretch, alpha, alpha_top)
            if whole is None:
                whole = np.empty((height, *strip.shape[1:]), dtype=np.uint8)
            whole[top : top + count] = strip
        assert whole is not None
        return whole

    @staticmethod
    def _filled(values: Numbers, valid: Mask, stretch: Stretch | None) -> Mask:
        return valid if stretch is None or stretch.fill is None else np.asarray(valid & (values != stretch.fill))

    def _numbers(self, window: Window | None, size: tuple[int, int]) -> tuple[Numbers, Mask, Numbers | None]:
        """[B, h, w] numbers of the chosen bands, which of them are valid, and [h, w] alpha if there is any."""
        bands = self._choice.bands
        smooth = self._layout.table is None and self._layout.depth.kind != "c"
        how = {"window": window, "resampling": Resampling.average if smooth else Resampling.nearest}
        values = self._dataset.read(list(bands), out_shape=(len(bands), *size), **how)
        valid = np.ones(values.shape, dtype=bool)
        for number, nodata in enumerate(self._nodata):
            if nodata is not None and not np.isnan(nodata):
                valid[number] = values[number] != nodata
        if values.dtype.kind == "c":
            values = np.abs(values)
        values = self._scaled(values)
        valid &= valid_numbers(values)
        if self._masked:
            valid &= self._dataset.read_masks(bands[0], window=window, out_shape=size) > 0
        alpha = self._choice.alpha
        return values, valid, None if alpha is None else self._dataset.read(alpha, out_shape=size, **how)

    def _scaled(self, values: Numbers) -> Numbers:
        """Numbers in the unit that the file tells by scale and offset, where that changes how the bands compare."""
        scales = [self._dataset.scales[band - 1] for band in self._choice.bands]
        offsets = [self._dataset.offsets[band - 1] for band in self._choice.bands]
        if len({*scales}) == 1 and len({*offsets}) == 1 and scales[0] > 0:
            return values
        shape = (-1, 1, 1)
        return np.asarray(values * np.reshape(scales, shape) + np.reshape(offsets, shape))

    def _stretch(self, values: Numbers, valid: Mask) -> Stretch | None:
        """How numbers become pixels; None for 8-bit pixels as they are and for palettes."""
        if self._layout.table is not None:
            return None
        if self._inks:
            return None if values.dtype == np.uint8 else Stretch(0, largest_number(values))
        if values.dtype == np.uint8:
            bits = int(self._dataset.tags(self._choice.bands[0], ns="IMAGE_STRUCTURE").get("NBITS", 8))
            if bits < 8:
                return Stretch(0, 2**bits - 1)
            return fit_few_levels(values, valid) if len(self._choice.bands) == 1 else None
        return fit_stretch(values, valid)

    def _lookup_table(self) -> ByteArray | None:
        band = self._choice.bands[0]
        if len(self._choice.bands) > 1 or self._dataset.colorinterp[band - 1] != ColorInterp.palette:
            return None
        return lookup_table(self._dataset.colormap(band))

    def _orientation(self) -> int:
        if self._pages is not None:
            return self._pages.shown.orientation
        told = self._dataset.tags().get("EXIF_Orientation", "1")
        return int(told) if told.isdigit() else 1

    def _profile(self) -> bytes | None:
        encoded = self._dataset.tags(ns="COLOR_PROFILE").get("SOURCE_ICC_PROFILE")
        try:
            return None if encoded is None else base64.b64decode(encoded)
        except binascii.Error:
            return None

    def _notes(self, stretch: Stretch | None, share: float) -> Iterator[str]:
        if self._pages is not None and self._pages.count > 1:
            yield f"page {self._pages.number} of {self._pages.count}"
        choice, count = self._choice, self._dataset.count
        if choice.reason and len(choice.bands) == 3:
            numbers = ", ".join(map(str, choice.bands))
            yield f"bands {numbers} of {count} as red, green, blue ({choice.reason})"
        elif choice.reason:
            yield f"band {choice.bands[0]} of {count} as grey ({choice.reason})"
        if self._layout.depth.kind == "c":
            yield "magnitude of complex numbers"
        if stretch is not None and not self._inks and share < 1:
            yield f"values {stretch.low:g} to {stretch.high:g} as black to white"
        if stretch is not None and stretch.fill is not None:
            yield f"{stretch.fill:g} taken for nodata, which the file does not declare"
        if share > 0:
            yield f"{max(share, 0.001):.1%} without data, drawn black"


def _alpha_top(alpha: Numbers | None) -> float:
    """The number of an alpha band that is opaque; files of more than 8 bits often write 255 nevertheless."""
    if alpha is None or alpha.size == 0:
        return 255.0
    most = float(alpha.max())
    if alpha.dtype.kind == "f":
        return next((top for top in (1.0, 255.0) if most <= top), 65535.0)
    return 255.0 if most <= 255 else largest_number(alpha)
