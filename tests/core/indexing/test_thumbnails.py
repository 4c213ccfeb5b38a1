"""Thumbnails are kept for large images only, stand in for files that are away, and are never needed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.errors import UnreadableImageError
from faami_core.indexing import atomic, thumbnails
from faami_core.indexing.collection import index_folder
from faami_core.session import Session
from tests.stub_encoder import StubEncoder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two large images and a small one."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, size, colour in (("red", (600, 300), "red"), ("blue", (300, 500), "blue"), ("chip", (64, 64), "green")):
        Image.new("RGB", size, colour).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def session(images: Path, tmp_path: Path) -> Session:
    opened = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")
    opened.index(images)
    opened.browse(images)
    return opened


def kept(session: Session, images: Path) -> list[Path]:
    return sorted((index_folder(session.data_dir, images) / "thumbnails").glob("*"))


def forget_pixels(path: Path) -> None:
    """Breaks a file behind the back of whoever looks at size and time only."""
    status = path.stat()
    path.write_bytes(b"\0" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.usefixtures("decoder_processes")
def test_large_images_have_a_thumbnail_that_needs_no_decoding_of_the_image(session, images):
    assert len(kept(session, images)) == 2
    forget_pixels(images / "red.png")

    pixels = session.thumbnail(images / "red.png", 256)

    assert pixels.shape == (128, 256, 3)
    assert np.abs(pixels.astype(int) - (255, 0, 0)).max() <= 3
    assert session.thumbnail(images / "red.png", 100).shape == (50, 100, 3)


def test_files_that_are_away_still_show(session, images):
    images.rename(images.with_name("unplugged"))

    assert session.thumbnail(images / "blue.png", 256).shape == (256, 154, 3)
    assert session.thumbnail(images / "blue.png", 512).shape == (256, 154, 3)
    with pytest.raises(UnreadableImageError):
        session.thumbnail(images / "chip.png", 64)


def test_a_larger_one_than_is_kept_is_made_of_the_image(session, images):
    assert session.thumbnail(images / "red.png", 512).shape == (256, 512, 3)


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"rot")])
def test_a_missing_or_broken_thumbnail_is_made_of_the_image(session, images, spoil):
    for path in kept(session, images):
        spoil(path)

    assert session.thumbnail(images / "red.png", 256)[0, 0].tolist() == [255, 0, 0]


def test_an_image_that_changed_shows_what_it_is_now(session, images):
    Image.new("RGB", (700, 300), "yellow").save(images / "red.png")

    assert session.thumbnail(images / "red.png", 100)[0, 0].tolist() == [255, 255, 0]


def test_the_next_run_drops_thumbnails_that_no_file_has_any_more(session, images):
    (images / "red.png").unlink()

    session.index(images)

    assert len(kept(session, images)) == 1


def test_thumbnails_take_no_more_than_their_room(images, tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, "LIMIT_BYTES", 1500)  # one has about 1,000 bytes
    opened = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")

    opened.index(images)

    assert len(kept(opened, images)) == 1


@pytest.mark.parametrize("step", ["create", "write", "rename"])
def test_a_full_disk_costs_the_thumbnail_and_leaves_nothing(images, tmp_path, monkeypatch, step):
    def full(reached: str, path: Path) -> None:
        if reached == step and path.suffix == ".jpg":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "step_hook", full)
    opened = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")

    assert opened.index(images).added == 3
    assert kept(opened, images) == []


def test_what_a_killed_run_left_of_a_thumbnail_is_swept(session, images):
    half = kept(session, images)[0].with_name(f"{atomic.TEMPORARY_PREFIX}1")
    half.write_bytes(b"half")

    session.open_collection(images)

    assert not half.exists()
