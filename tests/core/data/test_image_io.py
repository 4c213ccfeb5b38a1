"""Image files in and out: orientation, odd pixel kinds, limits, and reasons instead of crashes."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.data import image_io
from faami_core.data.image_io import decode_image, model_input, read_image, save_image
from faami_core.data.limits import MAX_PIXELS_VARIABLE
from faami_core.errors import FaamiError, UnreadableImageError


@pytest.fixture
def quadrants() -> np.ndarray:
    """32 × 48, four colours, so that every turn and flip of it is told apart."""
    pixels = np.zeros((32, 48, 3), dtype=np.uint8)
    pixels[:16, :24] = (250, 10, 10)
    pixels[:16, 24:] = (10, 250, 10)
    pixels[16:, :24] = (10, 10, 250)
    pixels[16:, 24:] = (240, 240, 240)
    return pixels


# What a viewer does with each EXIF orientation, written with NumPy alone.
SHOWN = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_every_exif_orientation_is_shown_upright(tmp_path, quadrants, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned{suffix}"
    options = {"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}
    Image.fromarray(quadrants).save(path, exif=exif, **options)
    expected = SHOWN[orientation](quadrants)

    with path.open("rb") as stream:
        decoded = decode_image(stream, path.name)

    assert decoded.pixels.shape == expected.shape
    assert (decoded.width, decoded.height) == (expected.shape[1], expected.shape[0])
    assert np.abs(decoded.pixels.astype(int) - expected).mean() < 3


def test_sixteen_bit_pixels_are_stretched_between_percentiles(tmp_path):
    ramp = np.linspace(1000, 3000, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "deep.tif")

    pixels = read_image(tmp_path / "deep.tif")

    assert pixels.shape == (64, 64, 3)
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert abs(int(pixels[32, 0, 0]) - 128) < 6


def test_float_pixels_with_nan_and_infinity_are_readable_and_those_are_black(tmp_path):
    values = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)
    values[5, 5] = np.nan
    values[6, 6] = np.inf
    Image.fromarray(values).save(tmp_path / "height.tif")

    pixels = read_image(tmp_path / "height.tif")

    assert (pixels[5, 5] == 0).all()
    assert (pixels[6, 6] == 0).all()
    assert pixels.max() == 255


def test_a_float_image_of_nothing_but_nan_is_black(tmp_path):
    Image.fromarray(np.full((8, 8), np.nan, dtype=np.float32)).save(tmp_path / "void.tif")

    assert not read_image(tmp_path / "void.tif").any()


def test_a_flat_sixteen_bit_image_is_grey_and_a_nearly_flat_one_keeps_its_spot(tmp_path):
    flat = np.full((40, 40), 7000, dtype=np.uint16)
    Image.fromarray(flat).save(tmp_path / "flat.png")
    flat[0, 0] = 9000
    Image.fromarray(flat).save(tmp_path / "spot.png")

    assert np.unique(read_image(tmp_path / "flat.png")).tolist() == [128]
    assert read_image(tmp_path / "spot.png")[0, 0, 0] == 255


def test_transparent_pixels_lie_over_white(tmp_path):
    clear = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    clear.putpixel((0, 0), (200, 0, 0, 255))
    clear.save(tmp_path / "clear.png")
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.save(tmp_path / "palette.gif", transparency=1)

    assert (read_image(tmp_path / "clear.png")[4, 4] == 255).all()
    assert read_image(tmp_path / "clear.png")[0, 0].tolist() == [200, 0, 0]
    assert (read_image(tmp_path / "palette.gif")[4, 4] == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK"])
def test_other_pixel_kinds_become_rgb(tmp_path, mode):
    Image.new("L", (10, 6), 255).convert(mode).save(tmp_path / "odd.tif")

    pixels = read_image(tmp_path / "odd.tif")

    assert pixels.shape == (6, 10, 3)
    assert (pixels == 255).all()


def test_an_animated_file_shows_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])

    assert read_image(tmp_path / "moving.gif")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1)])
def test_extreme_shapes_can_be_shown_and_given_to_the_model(tmp_path, size):
    Image.new("RGB", size, "red").save(tmp_path / "thin.png")

    thumbnail = read_image(tmp_path / "thin.png", max_side=64)

    assert max(thumbnail.shape[:2]) <= 64
    assert min(thumbnail.shape[:2]) >= 1
    assert model_input(thumbnail, 32).shape == (32, 32, 3)


def test_a_thumbnail_keeps_the_shape_and_never_grows(tmp_path):
    Image.new("RGB", (400, 200), "red").save(tmp_path / "wide.jpg")

    assert read_image(tmp_path / "wide.jpg", max_side=100).shape == (50, 100, 3)
    assert read_image(tmp_path / "wide.jpg", max_side=1000).shape == (200, 400, 3)


def test_a_thumbnail_of_a_large_jpeg_looks_like_the_whole_image_made_small(tmp_path):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
    large = Image.fromarray(coarse).resize((1600, 1200), Image.Resampling.BICUBIC)
    large.save(tmp_path / "large.jpg", quality=95)

    quick = read_image(tmp_path / "large.jpg", max_side=160)
    careful = np.asarray(large.resize((160, 120), Image.Resampling.LANCZOS))

    assert np.abs(quick.astype(int) - careful).mean() < 3


def test_the_model_sees_the_whole_image_squashed_and_the_size_of_the_file_is_kept(tmp_path, quadrants):
    Image.fromarray(quadrants).resize((960, 640), Image.Resampling.NEAREST).save(tmp_path / "big.jpg", quality=95)

    with (tmp_path / "big.jpg").open("rb") as stream:
        decoded = decode_image(stream, "big.jpg", model_side=32)

    assert (decoded.width, decoded.height) == (960, 640)
    assert decoded.pixels.shape == (32, 32, 3)
    assert np.abs(decoded.pixels[4, 4].astype(int) - quadrants[4, 4]).max() < 8
    assert np.abs(decoded.pixels[-4, -4].astype(int) - quadrants[-4, -4]).max() < 8


def test_an_image_of_the_models_size_is_given_unchanged(quadrants):
    square = quadrants[:32, :32]

    assert model_input(square, 32) is square


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_an_image_over_the_limit_is_refused_from_its_header_with_the_setting_that_lifts_the_limit():
    with pytest.raises(UnreadableImageError, match="more pixels than the limit of 500 million") as refused:
        decode_image(io.BytesIO(png_header(50_000, 50_000)), "bomb.png")

    assert MAX_PIXELS_VARIABLE in refused.value.next_step


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # as image_io does outside tests
def test_the_number_that_lifts_the_limit_is_told(monkeypatch):
    monkeypatch.setenv(MAX_PIXELS_VARIABLE, "2000")
    with pytest.raises(UnreadableImageError, match="60 × 50 pixels") as refused:
        decode_image(io.BytesIO(png_header(60, 50)), "small.png")

    assert "at least 3000" in refused.value.next_step


def test_the_limit_can_be_set(monkeypatch, tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "small.png")
    monkeypatch.setenv(MAX_PIXELS_VARIABLE, "399")

    with pytest.raises(UnreadableImageError, match=r"more pixels than the limit|20 × 20"):
        read_image(tmp_path / "small.png")


@pytest.mark.parametrize("setting", ["lots", "-1", "0", "1e9", "", "٣"])
def test_a_limit_that_is_no_number_is_told_instead_of_failing_every_file(monkeypatch, tmp_path, setting):
    Image.new("RGB", (20, 20)).save(tmp_path / "small.png")
    monkeypatch.setenv(MAX_PIXELS_VARIABLE, setting)

    with pytest.raises(FaamiError, match="not a number of pixels") as told:
        read_image(tmp_path / "small.png")
    assert not isinstance(told.value, UnreadableImageError)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF"])
def test_a_truncated_file_has_a_reason(tmp_path, kind):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    whole = io.BytesIO()
    Image.fromarray(noise).save(whole, format=kind)
    path = tmp_path / "cut.img"
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])

    with pytest.raises(UnreadableImageError, match=r"cut\.img") as refused:
        read_image(path)

    assert refused.value.next_step


@pytest.mark.parametrize(
    "content",
    [b"", b"<html></html>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"PK\x03\x04", b"<svg xmlns='x'/>", b"P6 1 1 255 abc"],
)
def test_a_file_in_disguise_is_refused(tmp_path, content):
    (tmp_path / "disguise.jpg").write_bytes(content)

    with pytest.raises(UnreadableImageError, match="not an image in a known format"):
        read_image(tmp_path / "disguise.jpg")


def test_a_missing_file_and_a_folder_are_reported_as_such(tmp_path):
    for path in (tmp_path / "nowhere.png", tmp_path):
        with pytest.raises(UnreadableImageError, match="cannot be opened"):
            read_image(path)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")

    with pytest.raises(UnreadableImageError, match="not a regular file"):
        read_image(tmp_path / "pipe.png")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # as image_io does outside tests
def test_broken_orientation_data_counts_as_upright(tmp_path, quadrants):
    Image.fromarray(quadrants).save(tmp_path / "odd.jpg", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")

    assert read_image(tmp_path / "odd.jpg").shape == quadrants.shape


def test_running_out_of_memory_is_a_reason_not_a_crash(monkeypatch, tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "small.png")

    def grab(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(image_io, "_over_white", grab)
    with pytest.raises(UnreadableImageError, match="more memory than there is"):
        read_image(tmp_path / "small.png")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".JPG", ".webp"])
def test_a_saved_image_reads_back(tmp_path, quadrants, suffix):
    save_image(tmp_path / f"out{suffix}", quadrants, quality=95)

    back = read_image(tmp_path / f"out{suffix}")

    assert np.abs(back.astype(int) - quadrants).mean() < 5
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == suffix] == [f"out{suffix}"]


def test_a_failed_save_leaves_the_old_file_and_nothing_else(monkeypatch, tmp_path, quadrants):
    save_image(tmp_path / "out.png", quadrants)
    before = (tmp_path / "out.png").read_bytes()

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(FaamiError, match="No space left"):
        save_image(tmp_path / "out.png", quadrants[::-1])

    assert (tmp_path / "out.png").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["out.png"]


def test_a_suffix_that_is_no_image_is_refused(tmp_path: Path, quadrants):
    with pytest.raises(FaamiError, match="no suffix of an image"):
        save_image(tmp_path / "out.txt", quadrants)
