"""Rasters as GDAL reads them: bands, depth, nodata, masks, palettes, pages, and nothing beside the file."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image, ImageCms
from rasterio.enums import ColorInterp

from faami_core.data import raster
from faami_core.data.image_io import decode_image, open_image, read_image
from faami_core.errors import UnreadableImageError
from tests.faults.mutants import tiff_of

HIGH, WIDE = 40, 60


def scene(low: float, high: float) -> np.ndarray:
    """[3, HIGH, WIDE] of a scene in three colours whose numbers lie between ``low`` and ``high``."""
    rows, columns = np.mgrid[0:HIGH, 0:WIDE]
    part = np.stack([columns / WIDE, rows / HIGH, (rows + columns) % 20 / 40])
    return low + part * (high - low)


def write(path: Path, values: np.ndarray, driver: str = "GTiff", **options: object) -> Path:
    names = options.pop("names", ())
    colors = options.pop("colors", None)
    mask = options.pop("mask", None)
    scales = options.pop("scales", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        shape = {"count": len(values), "height": values.shape[1], "width": values.shape[2], "dtype": values.dtype}
        with rasterio.open(path, "w", driver=driver, **shape, **options) as dataset:
            dataset.write(values)
            for number, name in enumerate(names, 1):
                dataset.set_band_description(number, name)
            if colors is not None:
                dataset.colorinterp = colors
            if mask is not None:
                dataset.write_mask(mask)
            if scales is not None:
                dataset.scales = scales
    return path


def expected(values: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """[H, W, 3] as this program promises: one stretch between the percentiles of all valid numbers of all bands."""
    numbers = values.astype(np.float64)
    counted = numbers if valid is None else numbers[:, valid]
    low, high = np.percentile(counted, (2, 98))
    shown = np.clip((numbers - low) / (high - low) * 255, 0, 255)
    if valid is not None:
        shown[:, ~valid] = 0
    return np.broadcast_to(np.moveaxis(shown, 0, -1), (*values.shape[1:], 3))


def assert_looks_like(pixels: np.ndarray, wanted: np.ndarray) -> None:
    assert pixels.shape == wanted.shape
    assert np.abs(pixels.astype(float) - wanted).max() <= 1


@pytest.mark.parametrize("options", [{"photometric": "RGB"}, {}, {"interleave": "band", "compress": "deflate"}])
@pytest.mark.parametrize(("low", "high", "kind"), [(200, 3200, "uint16"), (-500, 500, "int16"), (0, 0.4, "float32")])
def test_three_deep_bands_share_one_stretch_so_that_their_hue_survives(tmp_path, low, high, kind, options):
    values = scene(low, high).astype(kind)

    assert_looks_like(read_image(write(tmp_path / "scene.tif", values, **options)), expected(values))


def test_eight_bit_colours_stay_as_they_are(tmp_path):
    values = scene(60, 90).astype("uint8")

    assert (read_image(write(tmp_path / "scene.tif", values)) == np.moveaxis(values, 0, -1)).all()


def test_a_sixteen_bit_png_in_colour_keeps_the_depth_of_its_shadows(tmp_path):
    values = scene(0, 900).astype("uint16")

    assert_looks_like(read_image(write(tmp_path / "deep.png", values, driver="PNG")), expected(values))


@pytest.mark.parametrize(
    ("kind", "nodata"),
    [("float32", -9999.0), ("int16", -32768), ("uint16", 0), ("uint16", 65535), ("float32", np.nan)],
)
def test_nodata_is_left_out_of_the_stretch_and_drawn_black(tmp_path, kind, nodata):
    values = scene(300, 1200)[:1].astype(kind)
    valid = np.mgrid[0:HIGH, 0:WIDE].sum(axis=0) > 30
    values[:, ~valid] = nodata

    image = open_image(write(tmp_path / "height.tif", values, nodata=nodata))

    assert_looks_like(image.pixels, expected(values, valid))
    assert f"{1 - valid.mean():.1%} without data, drawn black" in image.notes


def test_a_usual_fill_number_far_from_all_others_is_nodata_even_if_nothing_declares_it(tmp_path):
    values = scene(0, 400)[:1].astype("float32")
    valid = np.ones((HIGH, WIDE), dtype=bool)
    valid[:10] = False
    values[:, ~valid] = -9999

    image = open_image(write(tmp_path / "wind.tif", values))

    assert_looks_like(image.pixels, expected(values, valid))
    assert any("-9999 taken for nodata" in note for note in image.notes)


@pytest.mark.parametrize("place", ["inside", "beside"])
def test_masked_pixels_are_black_whether_the_mask_lies_in_the_file_or_beside_it(tmp_path, place):
    values, mask = scene(50, 200).astype("uint8"), np.full((HIGH, WIDE), 255, dtype="uint8")
    mask[:12] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=place == "inside"):
        path = write(tmp_path / "masked.tif", values, mask=mask)

    pixels = read_image(path)

    assert path.with_name("masked.tif.msk").exists() == (place == "beside")
    assert not pixels[:12].any()
    assert (pixels[12:] == np.moveaxis(values, 0, -1)[12:]).all()


def test_a_fourth_band_is_transparency_only_if_the_file_says_so(tmp_path):
    rgb = scene(50, 200).astype("uint8")
    fourth = np.full((1, HIGH, WIDE), 10, dtype="uint8")
    values = np.concatenate([rgb, fourth])
    plain = write(tmp_path / "infrared.tif", values, photometric="RGB", alpha="unspecified")
    named = write(tmp_path / "named.tif", values, photometric="RGB", alpha="yes", names=("r", "g", "b", "NIR"))
    clear = write(tmp_path / "clear.tif", values, photometric="RGB", alpha="yes")

    assert (read_image(plain) == np.moveaxis(rgb, 0, -1)).all()
    assert (read_image(named) == np.moveaxis(rgb, 0, -1)).all()
    assert read_image(clear).min() > 230  # nearly clear, over white


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("blue", "green", "red", "nir"), (3, 2, 1)),
        (("Coastal Blue", "Blue", "Green I", "Green", "Yellow", "Red", "Red edge", "NIR"), (6, 4, 2)),
        (("B01", "B02", "B03", "B04", "B05"), (4, 3, 2)),
        (("B2", "B3", "B4", "B8A"), (3, 2, 1)),
        (("VV", "VH", "VV-VH"), (1, 2, 3)),
        ((None,) * 13, (4, 3, 2)),
    ],
)
def test_bands_are_chosen_by_their_names_and_thirteen_without_any_are_sentinel_2(tmp_path, names, order):
    values = np.stack([np.full((HIGH, WIDE), 1000 * number, "uint16") for number in range(1, len(names) + 1)])
    values[:, 0, 0] = 0
    chosen = values[[number - 1 for number in order]]

    pixels = read_image(write(tmp_path / "many.tif", values, photometric="MINISBLACK", names=names))

    assert_looks_like(pixels, expected(chosen))


def test_colour_interpretation_goes_before_order(tmp_path):
    values = scene(10, 240).astype("uint8")
    colors = (ColorInterp.blue, ColorInterp.green, ColorInterp.red)

    assert (read_image(write(tmp_path / "bgr.tif", values, colors=colors)) == np.moveaxis(values[::-1], 0, -1)).all()


def test_signed_bytes_and_white_as_zero_keep_the_order_of_brightness(tmp_path):
    ramp = np.linspace(-117, 49, HIGH * WIDE).reshape(1, HIGH, WIDE)
    signed = read_image(write(tmp_path / "ndvi.tif", ramp.astype("int8")))[..., 0]
    deep = np.linspace(1000, 60_000, HIGH * WIDE).reshape(1, HIGH, WIDE).astype("uint16")
    white = read_image(write(tmp_path / "white.tif", deep, photometric="MINISWHITE"))[..., 0]
    byte = read_image(write(tmp_path / "byte.tif", (deep // 256).astype("uint8"), photometric="MINISWHITE"))[..., 0]

    assert (np.diff(signed.ravel().astype(int)) >= 0).all()
    assert signed.min() == 0
    assert signed.max() == 255
    for inverted in (white, byte):
        assert (np.diff(inverted.ravel().astype(int)) <= 0).all()
        assert inverted[0, 0] > 200


def test_complex_numbers_are_shown_by_their_magnitude(tmp_path):
    size = scene(0, 100)[:1]
    image = open_image(write(tmp_path / "sar.tif", (size * np.exp(1j * size)).astype("complex64")))

    assert_looks_like(image.pixels, expected(size.astype("float32")))
    assert "magnitude of complex numbers" in image.notes


def test_bands_of_different_scales_are_compared_in_their_unit(tmp_path):
    values = np.stack([np.linspace(0, top, HIGH * WIDE).reshape(HIGH, WIDE) for top in (1000, 2000, 4000)])
    path = write(tmp_path / "scaled.tif", values.astype("uint16"), scales=(0.4, 0.2, 0.1))

    pixels = read_image(path).astype(int)

    assert np.abs(pixels - pixels[..., :1]).max() <= 2  # grey, as all three say the same


def test_classes_and_masks_of_few_levels_are_not_shown_black(tmp_path):
    values = (scene(0, 1)[:1] > 0.5).astype("uint8")

    assert set(np.unique(read_image(write(tmp_path / "land.tif", values)))) == {0, 255}


# --- pages -----------------------------------------------------------------------------------------------------


def pages(*images: Image.Image, path: Path) -> Path:
    images[0].save(path, save_all=True, append_images=images[1:])
    return path


def test_a_thumbnail_before_the_picture_is_passed_over(tmp_path):
    large = Image.fromarray(np.moveaxis(scene(10, 240).astype("uint8"), 0, -1)).resize((600, 400))
    path = pages(large.resize((60, 40)), large, path=tmp_path / "camera.tif")

    image = open_image(path)

    assert (image.width, image.height, image.pages) == (600, 400, 1)
    assert (image.pixels == np.asarray(large)).all()


def test_a_picture_in_a_directory_below_a_thumbnail_is_found(tmp_path):
    content = bytearray(tiff_of(8, 8, data=bytes(8 * 8 * 3), extra={254: (4, (1,)), 330: (4, (0,))}))
    below = len(content)
    inner = bytearray(tiff_of(60, 40, data=np.moveaxis(scene(10, 240).astype("uint8"), 0, -1).tobytes()))
    place = struct.unpack("<I", inner[4:8])[0]
    for start in range(place + 2, place + 2 + 12 * struct.unpack("<H", inner[place : place + 2])[0], 12):
        tag, kind, count = struct.unpack_from("<HHI", inner, start)
        if tag == 273 or count * {3: 2, 4: 4}[kind] > 4:  # numbers that are places in the file
            struct.pack_into("<I", inner, start + 8, struct.unpack_from("<I", inner, start + 8)[0] + below)
    for start in range(10, 10 + 12 * struct.unpack("<H", content[8:10])[0], 12):
        if struct.unpack_from("<H", content, start)[0] == 330:
            struct.pack_into("<I", content, start + 8, below + place)

    image = decode_image(io.BytesIO(bytes(content + inner)), "below.tif")

    assert (image.pixels == np.moveaxis(scene(10, 240).astype("uint8"), 0, -1)).all()


def test_of_several_pages_the_first_is_shown_and_their_number_is_told(tmp_path):
    colors = [Image.new("RGB", (64, 48), color) for color in ("red", "lime", "blue")]

    image = open_image(pages(*colors, path=tmp_path / "atlas.tif"))

    assert image.pixels[0, 0].tolist() == [255, 0, 0]
    assert image.pages == 3
    assert "page 1 of 3" in image.notes


# --- colours ---------------------------------------------------------------------------------------------------


def test_cmyk_with_a_profile_is_converted_by_it_and_without_one_as_usual(tmp_path):
    plain = Image.new("CMYK", (20, 10), (0, 200, 200, 0))
    plain.save(tmp_path / "plain.tif")
    plain.save(tmp_path / "broken.tif", icc_profile=b"no profile at all")

    for name in ("plain.tif", "broken.tif"):
        assert np.abs(read_image(tmp_path / name)[0, 0].astype(int) - (255, 55, 55)).max() <= 2


def test_a_profile_in_a_tiff_is_applied(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.new("RGB", (20, 10), (90, 120, 30)).save(tmp_path / "lab.tif", icc_profile=profile)
    pixels = read_image(tmp_path / "lab.tif")

    assert pixels[0, 0].tolist() == [90, 120, 30]  # a profile that is not for RGB costs itself


def test_premultiplied_colours_are_not_darkened_twice(tmp_path):
    color, alpha = np.array((200, 100, 40)), 128
    content = np.tile(np.array([*(color * alpha // 255), alpha], dtype="u1"), (HIGH, WIDE, 1)).tobytes()
    made = tiff_of(WIDE, HIGH, bands=4, data=content, extra={338: (3, (1,))})

    shown = decode_image(io.BytesIO(made), "associated.tif").pixels[0, 0]

    assert np.abs(shown - (color * alpha / 255 + 255 - alpha)).max() <= 1


# --- large and hostile -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [None, 3000, 500])
def test_a_large_raster_looks_the_same_at_every_size(tmp_path, monkeypatch, side):
    monkeypatch.setattr(raster, "_STRIP_VALUES", 300_000)
    rows = np.linspace(100, 4000, 2500)[:, None]
    values = np.broadcast_to(rows, (2500, 3200)).astype("float32")[None].copy()
    values[:, :, :500] = -9999
    path = write(tmp_path / "large.tif", values, nodata=-9999, tiled=True, compress="deflate")

    image = open_image(path, max_side=side)
    height, width = image.pixels.shape[:2]

    assert (image.width, image.height) == (3200, 2500)
    assert max(height, width) == (side or 3200)
    assert not image.pixels[:, : int(width * 500 / 3200) - 2].any()
    middle = image.pixels[:, width // 2, 0].astype(float)
    low, high = np.percentile(np.linspace(100, 4000, 2500), (2, 98))
    wanted = np.clip((np.linspace(100, 4000, height) - low) / (high - low) * 255, 0, 255)
    assert np.abs(middle - wanted).max() < 3


def test_nothing_beside_an_image_is_read_and_nothing_is_written_there(tmp_path):
    path = write(tmp_path / "scene.tif", scene(10, 240).astype("uint8"))
    before = read_image(path)
    other = write(tmp_path / "other.tif", np.zeros((3, HIGH, WIDE), dtype="uint8"))
    vrt = f"<VRTDataset rasterXSize='{WIDE}' rasterYSize='{HIGH}'><VRTRasterBand band='1' dataType='Byte'>"
    vrt += f"<SimpleSource><SourceFilename>{other}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    (tmp_path / "scene.tif.msk").write_text(vrt)
    (tmp_path / "scene.tif.ovr").write_text(vrt)
    overview = f"<Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>{other}</MDI></Metadata>"
    nodata = "<PAMRasterBand band='1'><NoDataValue>60</NoDataValue></PAMRasterBand>"
    (tmp_path / "scene.tif.aux.xml").write_text(f"<PAMDataset>{overview}{nodata}</PAMDataset>")
    names = sorted(entry.name for entry in tmp_path.iterdir())

    assert (read_image(path) == before).all()
    assert read_image(path, max_side=20).any()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == names


def test_a_broken_raster_has_the_reason_that_gdal_knows(tmp_path):
    path = write(tmp_path / "cut.tif", scene(10, 240).astype("uint8"), compress="deflate")
    path.write_bytes(path.read_bytes()[:-400])

    with pytest.raises(UnreadableImageError) as refused:
        read_image(path)
    assert "See previous exception" not in refused.value.message


@pytest.mark.parametrize(("photometric", "words"), [(32803, "raw photograph"), (32845, "LogLuv")])
def test_what_is_no_picture_yet_says_what_it_is(photometric, words):
    content = tiff_of(8, 8, bands=1, data=bytes(64), extra={262: (3, (photometric,))})

    with pytest.raises(UnreadableImageError, match=words):
        decode_image(io.BytesIO(content), "raw.tif")


def test_a_disk_that_fails_below_gdal_is_not_taken_for_a_broken_file():
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 50_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.MemoryFile() as made:
            with made.open(driver="GTiff", width=500, height=500, count=1, dtype="uint8", blockysize=1) as dataset:
                dataset.write(np.ones((1, 500, 500), dtype="uint8"))
            content = made.read()
    with pytest.raises(UnreadableImageError, match="Input/output error") as refused:
        decode_image(Failing(content), "far.tif")
    assert isinstance(refused.value.__cause__, OSError)
    assert refused.value.__cause__.errno == 5
