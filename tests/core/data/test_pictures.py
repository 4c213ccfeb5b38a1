"""Pillow's formats: metadata that is broken or too large costs itself, a JPEG without its end is shown, reasons."""

from __future__ import annotations

import builtins
import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from faami_core.config import IMAGE_SUFFIXES
from faami_core.data.image_io import decode_image
from faami_core.errors import UnreadableImageError
from tests.faults.mutants import sound_image


def picture(side: int = 96) -> Image.Image:
    rows, columns = np.mgrid[0:side, 0:side]
    return Image.fromarray(np.stack([rows * 2, columns * 2, (rows + columns)], axis=-1).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def pixels_of(content: bytes, name: str = "picture") -> np.ndarray:
    return decode_image(io.BytesIO(content), name).pixels


def chunk(kind: bytes, data: bytes, check: int | None = None) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check or zlib.crc32(kind + data))


def with_chunk(made: bytes) -> bytes:
    content = saved(picture(), "PNG")
    return content[:33] + made + content[33:]  # behind the header


LARGE = bytes(3_000_000)
SHOWN_WITHOUT = {
    "compressed text of 3 MB": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE)),
    "international text of 200 MB": chunk(b"iTXt", b"XML\0\1\0\0\0" + zlib.compress(bytes(200_000_000), 1)),
    "plain text whose check sum is wrong": chunk(b"tEXt", b"Author\0me", 7),
    "profile of 3 MB": chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(LARGE)),
    "time whose check sum is wrong": chunk(b"tIME", bytes(7), 7),
    "profile that is no profile": chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(b"nothing")),
}


@pytest.mark.parametrize("name", SHOWN_WITHOUT)
def test_metadata_that_is_broken_or_too_large_costs_itself_not_the_picture(name):
    assert (pixels_of(with_chunk(SHOWN_WITHOUT[name])) == np.asarray(picture())).all()


def test_a_picture_whose_own_data_is_broken_is_still_refused():
    content = bytearray(saved(picture(), "PNG"))
    content[content.index(b"IDAT") + 30] ^= 255

    with pytest.raises(UnreadableImageError):
        pixels_of(bytes(content))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}])
def test_a_jpeg_without_its_end_marker_is_shown(options):
    whole = saved(picture(), "JPEG", **options)

    assert (pixels_of(whole[:-2]) == pixels_of(whole)).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_is_cut_says_how_much_of_it_is_there(mode):
    noise = np.random.default_rng(3).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise).convert(mode), "JPEG")

    with pytest.raises(
        UnreadableImageError, match=r"is cut off: of its rows only the upper (\d+)% are there"
    ) as told:
        decode_image(io.BytesIO(whole[: len(whole) // 2]), "cut.jpg", model_side=32)
    assert 30 <= int(str(told.value).split("upper ")[1].split("%")[0]) <= 60


@pytest.mark.parametrize("stray", [b"\n", b"\r\n", b"\xef\xbb\xbf", b"   "])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_line_ends_in_front_of_an_image_are_passed_over(stray, kind):
    content = saved(picture(), kind)

    assert (pixels_of(stray + content) == pixels_of(content)).all()


# --- colours ---------------------------------------------------------------------------------------------------


def linear(image: Image.Image) -> Image.Image:
    """The numbers of light that the colours of an sRGB image stand for, in 8 bits."""
    return Image.fromarray((255 * (np.asarray(image) / 255) ** 2.2).round().astype(np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_colours_with_a_profile_are_shown_in_srgb(kind):
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))
    options = {"lossless": True} if kind == "WEBP" else {}
    grey = Image.new("RGB", (32, 32), (120, 130, 90))
    content = saved(
        grey, kind, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), **options
    )

    assert np.abs(pixels_of(content)[0, 0].astype(int) - (120, 130, 90)).max() <= 2
    broken = saved(grey, kind, icc_profile=swapped.tobytes()[:60], **options)
    assert np.abs(pixels_of(broken)[0, 0].astype(int) - (120, 130, 90)).max() <= 2


def test_the_gamma_of_a_png_is_applied_unless_it_is_that_of_the_screen():
    image = picture()
    plain = saved(linear(image), "PNG")
    with_gamma = plain[:33] + chunk(b"gAMA", struct.pack(">I", 100_000)) + plain[33:]
    same = saved(image, "PNG")
    usual = same[:33] + chunk(b"gAMA", struct.pack(">I", 45_455)) + same[33:]

    bright = np.asarray(image) > 40  # the dark ones have too few levels in linear light
    assert np.abs(pixels_of(with_gamma).astype(int) - np.asarray(image))[bright].max() <= 3
    assert (pixels_of(usual) == np.asarray(image)).all()


# --- kinds -----------------------------------------------------------------------------------------------------

KINDS: dict[str, Callable[[], bytes]] = {
    ".jfif": lambda: saved(picture(), "JPEG"),
    ".jpe": lambda: saved(picture(), "JPEG"),
    ".mpo": lambda: saved(picture(), "MPO", save_all=True, append_images=[picture(48)]),
    ".jp2": lambda: saved(picture(), "JPEG2000"),
    ".j2k": lambda: saved(picture(), "JPEG2000", no_jp2=True),
    ".avif": lambda: saved(picture(), "AVIF", quality=95),
    ".dib": lambda: saved(picture(), "BMP"),
}


@pytest.mark.parametrize("suffix", KINDS)
def test_every_kind_of_photograph_is_looked_for_and_shown(suffix):
    assert suffix in IMAGE_SUFFIXES
    assert np.abs(pixels_of(KINDS[suffix](), f"x{suffix}").astype(int) - np.asarray(picture())).mean() < 4


def test_photographs_of_phones_are_shown_where_their_reader_is_installed(monkeypatch):
    heif = pytest.importorskip("pillow_heif", reason="the extra 'heif' is not installed")
    heif.register_heif_opener()
    content = saved(picture(), "HEIF", quality=95)
    assert {".heic", ".heif"} <= IMAGE_SUFFIXES
    assert np.abs(pixels_of(content, "phone.jpg").astype(int) - np.asarray(picture())).mean() < 6

    real = builtins.__import__

    def missing(name: str, *rest: object) -> object:
        if name == "pillow_heif":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UnreadableImageError, match="is a HEIC image") as refused:
        pixels_of(content, "phone.heic")
    assert "pip install pillow-heif" in refused.value.next_step


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (bytes(600), "full of zeros"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\3\4rest", "a ZIP archive"),
        (b"<?xml version='1.0'?><VRTDataset/>", "a VRT"),
        (b"<svg xmlns='x'/>", "an SVG drawing"),
        (b"\xff\x0arest", "a JPEG XL image"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"0.5\n0\n0\n-0.5\n", "it is text"),
        (b"\x01\x02\x03\x04", "of a kind that is not known here"),
    ],
)
def test_a_file_that_is_no_image_is_called_what_it_is(content, words):
    with pytest.raises(UnreadableImageError, match=f"not an image in a known format: .*{words}"):
        pixels_of(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_an_image_whose_header_is_broken_is_not_called_a_file_of_another_kind(kind):
    content = sound_image(kind, 0)[:22]

    with pytest.raises(UnreadableImageError) as refused:
        pixels_of(content)
    assert "cannot be decoded" in refused.value.message
    assert "known format" not in str(refused.value)
