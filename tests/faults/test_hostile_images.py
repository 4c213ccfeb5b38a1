"""B1, B2, B3: bombs are refused from their header, mutants and disguises are listed, and no neighbour notices."""

from __future__ import annotations

import io
import os
import re
import stat
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.data.image_io import decode_image, read_image
from faami_core.data.limits import MAX_PIXELS_VARIABLE
from faami_core.errors import UnreadableImageError
from faami_core.indexing import decode_pool
from faami_core.indexing.decode_pool import DecodePool
from faami_core.indexing.records import DecodedFile, PendingFile
from tests.faults.mutants import BOMBS, FORMATS, sound_image, write_large_scene, write_mutants
from tests.faults.stub_index import index_with_stub
from tests.stub_encoder import SIDE, StubEncoder

pytestmark = pytest.mark.faults


def row_of(path: Path) -> tuple[bytes, bytes]:
    """Features of a file decoded and encoded all by itself."""
    with path.open("rb") as stream:
        pixels = decode_image(stream, path.name, model_side=SIDE).pixels
    features = StubEncoder().encode_images(pixels[None])
    return features.global_features[0].tobytes(), features.regions[0].tobytes()


@pytest.mark.usefixtures("decoder_processes")
def test_five_hundred_mutants_crash_nothing_hang_nothing_and_shift_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_pool, "FILE_SECONDS", 5.0)
    root = tmp_path / "mutants"
    root.mkdir()
    write_mutants(root, 500)
    for number in range(60):
        kind = FORMATS[number % len(FORMATS)]
        (root / f"mutant_{number * 8:03d}_clean.{kind.lower()}").write_bytes(sound_image(kind, number))

    report, rows = index_with_stub(root, tmp_path / "index")

    assert report.seen == 560
    assert sum("_clean" in name for name in rows) == 60
    assert 100 < len(report.unreadable) < 450
    assert [image for image in report.unreadable if re.search(r"decoder stop|took longer", image.reason)] == []
    assert all(re.match(r"'mutant_.* .*\. \w.*\.$", image.reason) for image in report.unreadable)
    assert [name for name, row in rows.items() if row != row_of(root / name)] == []


# --- bombs -----------------------------------------------------------------------------------------------------


def peak_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found.group(1)) / 1024


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # as image_io does outside tests
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once_with_little_memory_and_a_way_out(tmp_path, name):
    (tmp_path / name).write_bytes(BOMBS[name]())
    Path("/proc/self/clear_refs").write_text("5")  # the peak is told anew
    before, started = peak_megabytes(), time.process_time()

    with pytest.raises(UnreadableImageError) as refused:
        read_image(tmp_path / name)

    assert time.process_time() - started < 1
    assert peak_megabytes() - before < 100
    if "text" in name or "profile" in name:  # small pictures with greedy metadata, and without most of their pixels
        assert "truncated" in refused.value.message
        assert "too large" in refused.value.message
    else:
        assert "the limit of 500 million" in refused.value.message
        assert MAX_PIXELS_VARIABLE in refused.value.next_step


@pytest.mark.usefixtures("decoder_processes")
@pytest.mark.timeout(300)
def test_a_real_scene_of_twenty_thousand_squared_pixels_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_pool, "FILE_SECONDS", 250.0)  # its memory is what matters here
    write_large_scene(tmp_path / "scene.png", 20_000)

    with DecodePool(SIDE) as pool:
        scene = pool.submit(PendingFile(0, os.fsencode(tmp_path / "scene.png"))).result()

    assert isinstance(scene, DecodedFile), scene
    assert (scene.width, scene.height) == (20_000, 20_000)
    assert np.abs(scene.pixels[:, : SIDE // 2 - 2].astype(int) - (255, 0, 0)).max() <= 2
    assert np.abs(scene.pixels[:, SIDE // 2 + 2 :].astype(int) - (0, 0, 255)).max() <= 2


# --- disguises -------------------------------------------------------------------------------------------------


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("image.png", sound_image("PNG", 0))


def icon(path: Path) -> None:
    Image.new("RGB", (16, 16)).save(path, "ICO")


VRT = "<VRTDataset rasterXSize='9' rasterYSize='9'><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
DISGUISES: dict[str, tuple[Callable[[Path], object], str]] = {
    "eps.png": (lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"), "known format"),
    "svg.jpg": (lambda path: path.write_text(SVG), "known format"),
    "vrt.tif": (lambda path: path.write_text(VRT), "known format"),
    "html.jpg": (lambda path: path.write_text("<html><img src='x'></html>"), "known format"),
    "zip.png": (zipped, "known format"),
    "icon.bmp": (icon, "known format"),
    "empty.png": (lambda path: path.write_bytes(b""), "known format"),
    "folder.jpg": (Path.mkdir, ""),
    "pipe.png": (os.mkfifo, "not a regular file"),
    "device.png": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
}


@pytest.mark.usefixtures("decoder_processes")
def test_ten_disguises_are_listed_with_a_reason_and_the_image_among_them_is_indexed(tmp_path):
    root = tmp_path / "disguises"
    root.mkdir()
    (root / "honest.png").write_bytes(sound_image("JPEG", 1))  # the bytes say what it is, not the name
    for name, (write, _) in DISGUISES.items():
        write(root / name)

    report, rows = index_with_stub(root, tmp_path / "index")

    assert rows == {"honest.png": row_of(root / "honest.png")}
    reasons = {image.path.name: image.reason for image in report.unreadable}
    assert reasons.keys() == DISGUISES.keys() - {"folder.jpg"}  # a folder is looked into, not read
    assert [name for name, reason in reasons.items() if DISGUISES[name][1] not in reason] == []
    assert stat.S_ISFIFO((root / "pipe.png").stat().st_mode)


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguise_dropped_as_a_query_is_refused_with_a_sentence(tmp_path, name):
    DISGUISES[name][0](tmp_path / name)

    with pytest.raises(UnreadableImageError) as refused:
        read_image(tmp_path / name)
    assert refused.value.message.endswith(".")
    assert refused.value.next_step


def test_every_format_of_the_list_is_read():
    for kind in FORMATS:
        assert decode_image(io.BytesIO(sound_image(kind, 2)), "sound").pixels.shape == (40, 56, 3)
