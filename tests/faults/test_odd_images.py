"""B5: odd but honest images, each with what an analyst expects to see. Turned ones are in tests/core/data."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from faami_core.data.image_io import decode_image
from tests.faults.mutants import tiff_of

HIGH, WIDE = 4, 6


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def bands(*values: int, dtype: str = "u1") -> bytes:
    """Pixels of one colour."""
    return np.tile(np.array(values, dtype=dtype), (HIGH, WIDE, 1)).tobytes()


def ramp(dtype: str, low: float, high: float) -> bytes:
    return np.linspace(low, high, HIGH * WIDE).astype(dtype).tobytes()


def palette_with_a_clear_colour() -> bytes:
    image = Image.new("P", (WIDE, HIGH), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((0, 0), 0)
    return saved(image, "PNG", transparency=0)


def stripes_of_one_bit() -> bytes:
    image = Image.new("1", (WIDE, HIGH))
    image.paste(1, (0, 0, WIDE // 2, HIGH))
    return saved(image, "TIFF", compression="group4")


def two_frames(kind: str) -> bytes:
    frames = [Image.new("RGB", (WIDE, HIGH), colour) for colour in ("red", "blue")]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:])


WITH_NAN = np.linspace(0, 1, HIGH * WIDE, dtype="<f4")
WITH_NAN[0] = np.nan
EXTREME = np.linspace(-3e38, 3e38, HIGH * WIDE, dtype="<f4")
FLOAT = {339: (3, (3,))}
GREY = {262: (3, (1,))}
THIRTEEN = bands(*range(0, 13_000, 1000), dtype="<u2")
INFRARED, CLEAR = {338: (3, (0,))}, {338: (3, (2,))}

# name: file, first pixel, last pixel, as (red, green, blue)
EXPECTED = {
    "16 bits grey: stretched": (tiff_of(WIDE, HIGH, bands=1, bits=16, data=ramp("<u2", 300, 2000)), 0, 255),
    "16 bits RGB: one stretch over its bands": (
        tiff_of(WIDE, HIGH, bits=16, data=bands(65535, 32768, 0, dtype="<u2")),
        (255, 128, 0),
        (255, 128, 0),
    ),
    "CMYK: converted": (saved(Image.new("CMYK", (WIDE, HIGH), (0, 255, 255, 0)), "TIFF"), (255, 0, 0), (255, 0, 0)),
    "palette with a clear colour: over white": (palette_with_a_clear_colour(), 255, (10, 20, 30)),
    "1 bit: black and white": (stripes_of_one_bit(), 255, 0),
    "1×1": (saved(Image.new("RGB", (1, 1), "red"), "PNG"), (255, 0, 0), (255, 0, 0)),
    "1×20,000": (saved(Image.new("RGB", (1, 20_000), "red"), "PNG"), (255, 0, 0), (255, 0, 0)),
    "animated GIF: first frame": (two_frames("GIF"), (255, 0, 0), (255, 0, 0)),
    "animated PNG: first frame": (two_frames("PNG"), (255, 0, 0), (255, 0, 0)),
    "4 bands, nothing said of the fourth: it is not transparency": (
        tiff_of(WIDE, HIGH, bands=4, data=bands(200, 100, 50, 3)),
        (200, 100, 50),
        (200, 100, 50),
    ),
    "4 bands, the fourth unspecified: left out": (
        tiff_of(WIDE, HIGH, bands=4, data=bands(200, 100, 50, 3), extra=INFRARED),
        (200, 100, 50),
        (200, 100, 50),
    ),
    "4 bands, the fourth is transparency: over white": (
        tiff_of(WIDE, HIGH, bands=4, data=bands(200, 100, 50, 0), extra=CLEAR),
        255,
        255,
    ),
    "float with NaN: NaN is black": (
        tiff_of(WIDE, HIGH, bands=1, bits=32, data=WITH_NAN.tobytes(), extra=FLOAT),
        0,
        255,
    ),
    "float of the largest numbers: stretched": (
        tiff_of(WIDE, HIGH, bands=1, bits=32, data=EXTREME.tobytes(), extra=FLOAT),
        0,
        255,
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_odd_but_honest_image_is_shown_as_expected(name):
    content, first, last = EXPECTED[name]

    pixels = decode_image(io.BytesIO(content), name).pixels

    assert np.abs(pixels[0, 0].astype(int) - first).max() <= 2
    assert np.abs(pixels[-1, -1].astype(int) - last).max() <= 2


@pytest.mark.parametrize("name", EXPECTED)
def test_the_model_is_given_every_odd_image_in_its_own_size(name):
    content, _, _ = EXPECTED[name]
    shown = decode_image(io.BytesIO(content), name).pixels

    given = decode_image(io.BytesIO(content), name, model_side=32).pixels

    assert given.shape == (32, 32, 3)
    assert np.abs(given.mean(axis=(0, 1)) - shown.mean(axis=(0, 1))).max() < 8


@pytest.mark.parametrize(
    ("content", "shown", "noted"),
    [
        (tiff_of(WIDE, HIGH, bands=5, data=bands(10, 20, 30, 40, 50)), (10, 20, 30), "bands 1, 2, 3 of 5"),
        (tiff_of(WIDE, HIGH, bands=13, data=bands(*range(0, 130, 10))), (0, 10, 20), "bands 1, 2, 3 of 13"),
        (
            tiff_of(
                WIDE,
                HIGH,
                bands=13,
                bits=16,
                data=bands(*range(0, 13_000, 1000), dtype="<u2"),
                extra={262: (3, (1,))},
            ),
            (255, 128, 0),  # bands 4, 3, 2 are 3000, 2000, 1000
            "bands 4, 3, 2 of 13",
        ),
        (
            tiff_of(WIDE, HIGH, bands=2, data=bands(60, 200), extra=GREY | {338: (3, (0,))}),
            (60, 60, 60),
            "band 1 of 2 as grey",
        ),
    ],
    ids=["5 bands", "13 bands of 8 bits", "13 bands of 16 bits", "2 bands"],
)
def test_of_many_bands_those_are_shown_that_the_notes_tell(content, shown, noted):
    image = decode_image(io.BytesIO(content), "scene.tif")

    assert np.abs(image.pixels.astype(int) - shown).max() <= 1
    assert any(note.startswith(noted) for note in image.notes)
