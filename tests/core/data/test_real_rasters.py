"""Real rasters of many projects: what each must look like, written down, and held against GDAL's own reading."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import rasterio

from faami_core.data.file_kinds import head_of, kind_of
from faami_core.data.image_io import open_image
from faami_core.data.raster import DRIVERS, read_raster
from faami_core.errors import UnreadableImageError

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "rasters"
SIDE_FILES = {".md", ".tfw", ".jgw", ".pgw", ".prj", ".msk", ".xml", ".wld"}
CMYK, PILLOW = (1, 2, 3, 4), ()
PREMULTIPLIED = {"twelvemonkeys__extra-channels.tif"}  # its tag ExtraSamples says so, which rasterio does not tell


class Shown(NamedTuple):
    """Size, bands (none for Pillow's formats), the numbers that are black and white, the share of nodata."""

    width: int
    height: int
    bands: tuple[int, ...] = PILLOW
    stretch: tuple[float, float] | None = None
    nodata: float = 0


# file: what is shown of it, or words of the reason why it is not
EXPECTED: dict[str, Shown | str] = {
    "data__cog.tif": Shown(343, 206, (1, 2, 3), (731.0, 1546.0), 0),
    "data__dsm.tif": Shown(283, 259, (1,), (8.63918, 29.5231), 0),
    "data__m_4709963_se_14_1_20200831.tif": Shown(934, 723, (1, 2, 3), None, 0),
    "derived__lerc_uint16.tif": Shown(549, 549, (1,), (2797.0, 4590.0), 0),
    "derived__lerc_zstd_float64.tif": Shown(300, 300, (1, 2, 3), (15.0, 477.0), 0),
    "derived__naip_16bit_nodata_holes.tif": Shown(934, 723, (1, 2, 3), (768.0, 2640.0), 0.022),
    "derived__naip_worldfile.jpg": Shown(934, 723),
    "derived__naip_worldfile.png": Shown(934, 723),
    "derived__sentinel2_tci.jp2": Shown(1098, 1098, (1, 2, 3), None, 0),
    "derived__webp.tif": Shown(791, 718, (1, 2, 3), None, 0.289),
    "derived__worldview_rgb_uint16.tif": Shown(300, 300, (1, 2, 3), (15.0, 477.0), 0),
    "derived__zstd_bigtiff.tif": Shown(1098, 1098, (1, 2, 3), None, 0.260),
    "eoxserver__ASA_WSM_1PNDPA20050331_075939_000000552036_00035_16121_0775.tiff": Shown(
        569, 486, (1,), (207.0, 3359.34), 0
    ),
    "eoxserver__ground_summer.tif": Shown(401, 301, (1, 2, 3), None, 0),
    "eoxserver__ssmv_CCI_L3_v02.2_201412.tif": Shown(1440, 720, (1,), (0.0504109, 0.371425), 0.886),
    "imageio-ext__CB_TM432.jp2": Shown(361, 488, (1, 2, 3), None, 0),
    "imageio-ext__emptyTiles.tif": Shown(1440, 720, (1,), (89.0, 255.0), 0.500),
    "imageio-ext__land_topo_cog_jpeg_1024.tif": Shown(1024, 512, (1, 2, 3), None, 0),
    "imageio-ext__sample-erdas.img": Shown(400, 200, (1, 2, 3), None, 0),
    "imageio-ext__sampleRGBIR.tif": Shown(16, 16, (1, 2, 3), None, 0),
    "imageio-ext__scaleOffset.tif": Shown(10, 10, (1, 2, 3), (-1263.38, 5797.38), 0.060),
    "imageio-ext__zstd_rgba.tif": Shown(16, 16, (1, 2, 3), None, 0),
    "mapserver__grey_rot.tif": Shown(40, 30, (1,), None, 0),
    "mapserver__int32.tif": Shown(58, 45, (1,), (112766000.0, 114141000.0), 0.978),
    "mapserver__raster.tif": Shown(163, 159, (1,), None, 0),
    "mapserver__rgb_12bit.tif": Shown(400, 300, (1, 2, 3), (0.0, 4095.0), 0),
    "mapserver__utm_4326_spec_char_øæöüç.tif": Shown(55, 46, (1,), None, 0),
    "rasterio__RGB.byte.gcp.vrt": "a VRT, which points to other files",
    "rasterio__RGB.byte.rpc.vrt": "a VRT, which points to other files",
    "rasterio__RGBA.uint16.tif": Shown(634, 411, (3, 2, 1), (9999.0, 10001.0), 0),
    "rasterio__all-nodata.tif": Shown(71, 2475, (3, 2, 1), (0.0, 1.0), 1.000),
    "rasterio__cogeo.tif": Shown(1024, 1024, (1, 2, 3), None, 0),
    "rasterio__corrupt.tif": "Read error",
    "rasterio__float_nan.tif": Shown(3, 2, (1,), (-1.748, 1.3956), 0.167),
    "rasterio__float_raster_with_nodata.tif": Shown(13, 12, (1,), (0.0, 0.25), 0.372),
    "rasterio__goes.tif": Shown(542, 542, (1, 2, 3), None, 0.217),
    "rasterio__red.tif": Shown(64, 64, (1, 2, 3), None, 0),
    "rasterio__rgb_deflate.tif": Shown(791, 718, (1, 2, 3), None, 0.325),
    "rasterio__rotated.tif": Shown(10, 15, (1,), None, 0),
    "rasterio__shade.tif": Shown(1024, 1024, (1,), None, 0.881),
    "rasterio__world.byte.tif": Shown(2880, 1200, (1,), (0.0, 1.0), 0),
    "rio-tiler__201404_13SED190110_201404_0x1500m_CL_1_extmask.tif": Shown(383, 232, (1, 2, 3), None, 0.031),
    "rio-tiler__cog.tif": Shown(2658, 2667, (1,), (1.0, 6896.0), 0),
    "rio-tiler__cog_cmap.tif": Shown(7168, 8704, (1,), None, 0.445),
    "rio-tiler__cog_dateline.tif": Shown(2325, 2355, (1,), (1.0, 23888.0), 0),
    "rio-tiler__cog_gcps.tif": Shown(1280, 837, (1,), (0.0, 176.0), 0),
    "rio-tiler__cog_hirise_mars.tif": Shown(1118, 1683, (1, 2, 3), None, 0),
    "rio-tiler__cog_int16.tif": Shown(2658, 2667, (1,), (71.0, 176.0), 0.481),
    "rio-tiler__cog_nodata_nan.tif": Shown(549, 549, (1,), (0.0463349, 0.444501), 0.511),
    "rio-tiler__cog_rgb_mask.tif": Shown(383, 232, (1, 2, 3), None, 0.031),
    "rio-tiler__cog_tags.tif": Shown(256, 256, (1,), (150.0, 10754.0), 0),
    "rio-tiler__inverted_lat.tif": Shown(720, 360, (1,), (0.0, 1.0), 1.000),
    "rio-tiler__scene_band1.tif": Shown(549, 549, (1,), (2797.0, 4590.0), 0),
    "rio-tiler__web.tif": Shown(1024, 1024, (1,), (8618.5, 20194.0), 0.802),
    "rioxarray__cint16.tif": Shown(100, 100, (1,), (1.0, 221.546), 0.209),
    "solaris__pan1.tif": Shown(600, 600, (1,), (41.0, 470.0), 0),
    "solaris__sar_hh.tif": Shown(200, 200, (1,), (124.307, 5707.31), 0),
    "stars__L7_ETMs.tif": Shown(349, 352, (1, 2, 3), None, 0),
    "stars__olinda_dem_utm25s.tif": Shown(111, 111, (1,), (0.0, 71.0), 0),
    "terra__logo.tif": Shown(101, 77, (1, 2, 3), None, 0),
    "test-data__LisbonElevation.tif": Shown(547, 421, (1,), (0.0, 154.336), 0),
    "test-data__nt_20201024_f18_nrt_s.tif": Shown(316, 332, (1,), (0.0, 96.4), 0.210),
    "test-data__utm.tif": Shown(100, 100, (1,), None, 0),
    "test-data__wind_direction.tif": Shown(232, 193, (1,), (83.5, 239.284), 0.276),
    "titiler__B01.tif": Shown(183, 183, (1,), (327.0, 5032.76), 0.259),
    "titiler__TCI.tif": Shown(1098, 1098, (1, 2, 3), None, 0.260),
    "titiler__dem.tif": Shown(400, 400, (1,), (1626.82, 1987.94), 0),
    "twelvemonkeys__BigTIFFLong8Tiles.tif": Shown(64, 64, (1, 2, 3), None, 0),
    "twelvemonkeys__BigTIFFMotorola.tif": Shown(64, 64, (1, 2, 3), None, 0),
    "twelvemonkeys__cmyk_jpeg_no_profile.tif": Shown(150, 63, (1, 2, 3, 4), None, 0),
    "twelvemonkeys__extra-channels.tif": Shown(100, 100, (1, 2, 3), None, 0),
    "twelvemonkeys__floatingpoint-64bit.tif": Shown(64, 46, (1,), (19.9586, 24.883), 0.333),
    "twelvemonkeys__flower-minisblack-12.tif": Shown(73, 43, (1,), (341.0, 3520.72), 0),
    "twelvemonkeys__flower-separated-contig-08.tif": Shown(73, 43, (1, 2, 3, 4), None, 0),
    "twelvemonkeys__multipage.tif": Shown(6, 4, (1,), None, 0),
    "twelvemonkeys__quad-jpeg.tif": Shown(512, 384, (1, 2, 3), None, 0),
    "twelvemonkeys__signed-integral-8bit.tif": Shown(439, 167, (1,), (-1.0, 94.0), 0),
    "twelvemonkeys__ycbcr-cat.tif": Shown(250, 325, (1, 2, 3), None, 0),
}

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the real rasters are not beside the project ({FOLDER})"),
]
SHOWN = [name for name, wanted in EXPECTED.items() if isinstance(wanted, Shown)]


def test_every_raster_of_the_folder_has_an_expectation():
    assert {path.name for path in FOLDER.iterdir() if path.suffix not in SIDE_FILES} == EXPECTED.keys()


@pytest.mark.parametrize("name", [name for name in EXPECTED if name not in SHOWN])
def test_what_is_not_shown_has_its_true_reason(name):
    with pytest.raises(UnreadableImageError) as refused:
        open_image(FOLDER / name, max_side=64)
    assert EXPECTED[name] in refused.value.message


@pytest.mark.parametrize("name", SHOWN)
def test_bands_stretch_and_nodata_are_as_written_down(name):
    wanted, path = EXPECTED[name], FOLDER / name
    with path.open("rb") as stream:
        kind = kind_of(head_of(stream))
        if not wanted.bands:
            image = open_image(path)
            assert (image.width, image.height) == (wanted.width, wanted.height)
            return
        assert kind in DRIVERS
        raster = read_raster(stream, name, kind, side=64, mask=path.with_name(f"{name}.msk"))

    assert (raster.width, raster.height) == (wanted.width, wanted.height)
    assert raster.choice.bands == wanted.bands
    assert abs(raster.nodata_share - wanted.nodata) < 0.002
    if wanted.stretch is None:
        assert raster.stretch is None
    else:
        assert (raster.stretch.low, raster.stretch.high) == pytest.approx(wanted.stretch, rel=1e-3)


def gdals_picture(path: Path, wanted: Shown) -> np.ndarray:
    """[H, W, 3] by rasterio alone, with bands and stretch as written down; nodata black, alpha over white."""
    with warnings.catch_warnings(), rasterio.Env(GDAL_PAM_ENABLED="NO"):
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            kinds = [kind.name for kind in dataset.colorinterp]
            bands = [band for band in wanted.bands if kinds[band - 1] != "alpha"]
            values = dataset.read(bands)
            values = np.abs(values) if values.dtype.kind == "c" else values
            has_alpha = "alpha" in kinds and wanted.bands != CMYK
            alpha = dataset.read(kinds.index("alpha") + 1) if has_alpha else None
            valid = np.ones(values.shape[1:], bool) if has_alpha else dataset.read_masks(bands).any(axis=0)
            if dataset.dtypes[0].startswith("complex"):  # GDAL's mask looks at the real part alone
                valid = values.any(axis=0)
            table = dataset.colormap(1) if kinds[0] == "palette" else None
    if table is not None:
        colors = np.zeros((max(table) + 1, 3))
        for number, color in table.items():
            colors[number] = color[:3]
        pixels = colors[values[0]]
    else:
        numbers = np.moveaxis(values.astype(np.float64), 0, -1)
        if wanted.stretch is not None:
            low, high = wanted.stretch
            numbers = np.clip(np.nan_to_num((numbers - low) / (high - low)), 0, 1) * 255
        pixels = np.broadcast_to(numbers, (*numbers.shape[:2], 3)).copy()
    pixels[~valid] = 0
    if alpha is None:
        return pixels
    share = alpha[..., None] / 255  # 255 is opaque in all of these files, also in that of 16 bits
    return pixels * (1 if path.name in PREMULTIPLIED else share) + 255 * (1 - share)


@pytest.mark.parametrize("name", [name for name in SHOWN if EXPECTED[name].bands])
def test_the_picture_is_that_of_gdals_own_reading(name):
    ours = open_image(FOLDER / name).pixels
    gdals = gdals_picture(FOLDER / name, EXPECTED[name])

    assert ours.shape == gdals.shape
    assert np.abs(ours - gdals).max() <= 2
