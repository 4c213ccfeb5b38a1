"""A picture of half a billion pixels in a small file costs the program itself neither its time nor its memory."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.data.image_io import model_input, read_image, save_image
from faami_core.data.picture_part import part_of, read_part, told_pixels
from faami_core.errors import UnreadableImageError
from faami_core.indexing import picture_reader
from faami_core.indexing.picture_reader import read_picture
from faami_core.queries import PixelBox

pytestmark = pytest.mark.faults

READ_IT = """
import json, resource, sys
from pathlib import Path
from faami_core.indexing.picture_reader import read_picture
from faami_core.queries import PixelBox
huge, large = Path(sys.argv[1]), Path(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF)
parts = [
    read_picture(huge, max_side=1600),
    read_picture(huge, square=224),
    read_picture(large, box=PixelBox(0, 3_000, 8_000, 2_000), square=32),
]
after = resource.getrusage(resource.RUSAGE_SELF)
seen = [(*part.pixels.shape, part.width, part.height, *part.pixels[[0, -1], 0, 0].tolist()) for part in parts]
print(json.dumps([(after.ru_maxrss - before.ru_maxrss) // 1024, after.ru_utime - before.ru_utime, seen]))
"""


def write_huge_png(file: Path, side: int) -> None:
    """A grey PNG of side × side pixels: the upper half is black, the lower one white."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(9)
    body = [packer.compress(b"\0" + (b"\xff" if row >= side // 2 else b"\0") * side) for row in range(side)]
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", b"".join(body) + packer.flush()) + chunk(b"IEND", b"")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    save_image(tmp_path / "a b.png", pixels)
    return tmp_path / "a b.png"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the memory of a process in this way")
@pytest.mark.timeout(300)
def test_half_a_billion_pixels_are_read_at_the_size_needed_and_cost_this_process_nothing(tmp_path: Path) -> None:
    write_huge_png(tmp_path / "huge.png", 22_000)
    write_huge_png(tmp_path / "large.png", 8_000)
    assert (tmp_path / "huge.png").stat().st_size < 1_500_000

    command = [sys.executable, "-c", READ_IT, tmp_path / "huge.png", tmp_path / "large.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    megabytes, seconds, seen = json.loads(done.stdout)
    assert megabytes < 100
    assert seconds < 1
    sizes = ((1600, 22_000), (224, 22_000), (32, 8_000))
    assert seen == [[side, side, 3, whole, whole, 0, 255] for side, whole in sizes]


@pytest.mark.parametrize("box", [None, PixelBox(10, 20, 30, 200), PixelBox(-5, -5, 20, 20), PixelBox(90, 0, 5, 5)])
@pytest.mark.parametrize("size", [{}, {"max_side": 16}, {"square": 24}])
def test_the_other_process_reads_the_same_pixels(
    picture: Path, monkeypatch: pytest.MonkeyPatch, box: PixelBox | None, size: dict[str, int]
) -> None:
    here = read_picture(picture, box=box, **size)
    monkeypatch.setattr(picture_reader, "IN_PROCESS_PIXELS", 0)
    there = read_picture(picture, box=box, **size)

    assert (there.width, there.height) == (here.width, here.height) == (90, 60)
    assert np.array_equal(there.pixels, here.pixels)


def test_a_region_is_what_a_cut_of_the_whole_picture_is(picture: Path) -> None:
    whole = read_image(picture)
    assert np.array_equal(read_part(picture, box=PixelBox(10, 20, 30, 200)).pixels, whole[20:, 10:40])
    squashed = read_part(picture, box=PixelBox(10, 20, 30, 20), square=8).pixels
    assert np.array_equal(squashed, model_input(whole[20:40, 10:40], 8))
    assert part_of(whole, None, max_side=16).pixels.shape == (10, 15, 3)


def test_a_picture_that_ends_its_decoder_is_told_in_one_sentence(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_reader, "IN_PROCESS_PIXELS", 0)
    monkeypatch.setattr(picture_reader, "__name__", "faami_core.no_such_module")
    with pytest.raises(UnreadableImageError, match=r"'a b\.png' made its decoder stop") as told:
        read_picture(picture)
    assert told.value.next_step


def test_what_cannot_be_read_is_told_as_in_this_process(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(UnreadableImageError) as there:
        read_picture(broken)
    with pytest.raises(UnreadableImageError) as here:
        read_part(broken)
    assert (there.value.message, there.value.next_step) == (here.value.message, here.value.next_step)
    with pytest.raises(UnreadableImageError, match="cannot be opened"):
        read_picture(tmp_path / "nowhere.png")


@pytest.mark.parametrize("name", ["nowhere.png", "nowhere/a.png", "a b.png/a.png", "link.png"])
def test_no_process_is_started_for_a_file_that_is_away(
    picture: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (picture.parent / "link.png").symlink_to("nowhere.png")
    monkeypatch.setattr(picture_reader, "start_process", lambda *_arguments: pytest.fail("a process was started"))
    with pytest.raises(UnreadableImageError, match="cannot be opened"):
        read_picture(picture.parent / name)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_size_of_a_tiff_is_told_whatever_its_pixels_are(tmp_path: Path, order: str, big: bool) -> None:
    mark, long, short = b"II" if order == "<" else b"MM", f"{order}HHII", f"{order}HHIH2x"
    head = mark + struct.pack(f"{order}HIH", 42, 8, 3)
    if big:
        long, short = f"{order}HHQQ", f"{order}HHQH6x"
        head = mark + struct.pack(f"{order}HHHQQ", 43, 8, 0, 16, 3)
    tags = struct.pack(long, 256, 16 if big else 4, 1, 70_000)
    tags += struct.pack(short, 257, 3, 1, 300) + struct.pack(short, 258, 3, 1, 16)
    (tmp_path / "a.tif").write_bytes(head + tags + bytes(64))

    assert told_pixels(tmp_path / "a.tif") == 70_000 * 300


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"II", b"II*\0" + b"\xff" * 20, b"MM\0+" + bytes(60), b"no image at all...."),
        b"II+\0\x08\0\0\0" + b"\xff" * 60,  # its directory lies behind the end of every file
        b"II+\0\x08\0\0\0" + b"\xff" * 7 + b"\x7f" + bytes(60),
    ],
)
def test_of_what_is_no_picture_no_size_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    assert told_pixels(tmp_path / "a.tif") is None


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "gif", "bmp"])
def test_the_size_of_a_picture_is_told(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / f"a.{suffix}")
    assert told_pixels(tmp_path / f"a.{suffix}") == 600
