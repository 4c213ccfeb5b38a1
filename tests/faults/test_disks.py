"""C4, C5, C7: full disks, read-only media and unplugged drives, on a file system of their own."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from faami_core.errors import CollectionError
from faami_core.indexing import atomic, database, upkeep
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.indexer import CPU_BATCH_SIZE
from faami_core.indexing.marks import annotate
from faami_core.queries import Annotation, Mark
from faami_core.session import Session
from faami_core.types import Query
from tests.faults.index_tools import check_tidy, index, paint_many, rot_a_row, start_child, stored
from tests.stub_encoder import StubEncoder

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can mount a tmpfs"),
]

RED = Query.from_text("red")


def mount(folder: Path, options: str) -> None:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not allowed here: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of 8 MB."""
    mount(tmp_path / "disk", "size=8m")
    yield tmp_path / "disk"
    unmount(tmp_path / "disk")


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Takes all space but ``leave`` bytes."""
    filler = disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(disk).free - leave))
    return filler


def test_a_full_disk_is_told_with_folder_and_bytes_and_nothing_is_lost_in_ten_passes(disk, tmp_path):
    images, chance = tmp_path / "images", random.Random(4)
    paint_many(images, range(20))
    session = Session(encoder=StubEncoder(), data_dir=disk / "data")
    session.index(images)
    told, encoder = 0, StubEncoder()
    for number in range(10):
        paint_many(images, range(20 * number + 20, 20 * number + 40))
        filler = fill(disk, leave=chance.choice([0, 4, 20, 60, 100, 150]) * 1024)
        try:
            Session(encoder=encoder, data_dir=disk / "data").index(images)
        except CollectionError as error:
            told += 1
            assert str(disk / "data") in error.message
            assert "is full" in error.message
            assert "bytes are free" in error.message
        result = Session(encoder=StubEncoder(), data_dir=disk / "data").search(images, RED)
        assert 20 * number + 20 <= result.gallery_size == len(result.hits) <= 20 * number + 40
        assert not list(disk.rglob(f"{atomic.TEMPORARY_PREFIX}*"))
        filler.unlink()
        assert session.index(images).seen == 20 * number + 40
        assert session.search(images, RED).gallery_size == 20 * number + 40

    assert told >= 7
    assert encoder.images_encoded <= 200 + told * CPU_BATCH_SIZE


def test_compacting_on_a_full_disk_changes_nothing(disk, tmp_path):
    paint_many(tmp_path / "images", range(64))
    index(disk / "index", tmp_path / "images")
    expected = stored(disk / "index")
    fill(disk, leave=8192)

    with Catalog(disk / "index") as catalog, pytest.raises(CollectionError, match="is full"):
        upkeep.compact(catalog)

    assert stored(disk / "index") == expected
    check_tidy(disk / "index")


def test_images_on_read_only_media_are_indexed_and_searched(disk, tmp_path):
    paint_many(disk / "images", range(12))
    make_read_only(disk)
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")

    assert session.index(disk / "images").unreadable == ()
    assert session.search(disk / "images", RED).gallery_size == 12


@pytest.mark.parametrize("damaged", [False, True])
def test_an_index_on_read_only_media_is_searched_and_not_written(disk, damaged):
    paint_many(disk / "images", range(12))
    Session(encoder=StubEncoder(), data_dir=disk / "data").index(disk / "images")
    if damaged:
        rot_a_row(disk / "data")
    make_read_only(disk)
    session = Session(encoder=StubEncoder(), data_dir=disk / "data")

    for _ in range(2):
        result = session.search(disk / "images", RED)
        assert (result.gallery_size, result.damaged) == (12 - damaged, damaged)
    assert session.open_collection(disk / "images").seen == 12
    assert len(session.browse(disk / "images")) == 12 - damaged
    with pytest.raises(CollectionError, match="cannot be"):
        session.index(disk / "images")


def test_what_a_killed_run_committed_is_found_on_read_only_media(disk, tmp_path):
    paint_many(tmp_path / "images", range(40))
    with start_child(disk / "index", tmp_path / "images", tmp_path / "log", step="committed", occurrence=3) as child:
        child.wait()
    assert (disk / "index" / "catalog.sqlite-wal").stat().st_size > 0
    make_read_only(disk)

    assert len(stored(disk / "index")) == 3 * CPU_BATCH_SIZE


def test_an_index_of_version_1_on_read_only_media_is_searched(disk):
    shutil.copytree(Path(__file__).with_name("index_version_1"), disk, dirs_exist_ok=True)
    make_read_only(disk)

    assert len(stored(disk / "index")) == 4


@pytest.mark.parametrize("free_kb", [0, 4, 16, 32, 48, 64, 80, 96, 112, 128, 160, 256])
def test_an_almost_full_disk_at_the_first_run_is_told_as_full(disk, tmp_path, free_kb):
    paint_many(tmp_path / "images", range(40))
    filler = fill(disk, leave=free_kb * 1024)
    session = Session(encoder=StubEncoder(), data_dir=disk / "data")
    try:
        session.index(tmp_path / "images")
    except CollectionError as error:
        assert "is full" in error.message
        assert "delete" not in str(error)
    filler.unlink()

    assert session.index(tmp_path / "images").seen == 40
    assert session.search(tmp_path / "images", RED).gallery_size == 40


def test_a_first_run_where_nothing_can_be_written_names_the_variable_that_helps(disk, tmp_path):
    paint_many(tmp_path / "images", range(2))
    make_read_only(disk)

    with pytest.raises(CollectionError, match="cannot be written: Read-only file system") as told:
        Session(encoder=StubEncoder(), data_dir=disk / "data").index(tmp_path / "images")
    assert "FAAMI_DATA_DIR" in told.value.next_step


def test_marks_in_an_index_on_read_only_media_are_shown_and_not_changed(disk, tmp_path):
    paint_many(tmp_path / "images", range(4))
    session = Session(encoder=StubEncoder(), data_dir=disk / "data")
    session.index(tmp_path / "images")
    image = session.browse(tmp_path / "images")[0].image_id
    session.annotate(tmp_path / "images", {image: Annotation(Mark.ACCEPTED)})
    make_read_only(disk)

    with pytest.raises(CollectionError, match="cannot be written") as told:
        session.annotate(tmp_path / "images", {image: Annotation(Mark.REJECTED)})
    assert "FAAMI_DATA_DIR" in told.value.next_step
    assert session.annotations(tmp_path / "images") == {image: Annotation(Mark.ACCEPTED)}


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_an_index_that_a_backup_program_holds_is_told_with_the_program(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.2)
    paint_many(tmp_path / "images", range(4))
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")
    session.index(tmp_path / "images")
    (catalog,) = (tmp_path / "data").rglob("catalog.sqlite")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, catalog], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        for attempt in (session.index, session.browse, session.open_collection, session.annotations):
            with pytest.raises(
                CollectionError, match=rf"is held by another program \(.*, process {holder.pid}\)"
            ) as told:
                attempt(tmp_path / "images")
            assert "Wait until it has finished, or close it" in told.value.next_step
            assert "delete" not in str(told.value)
        holder.stdin.close()

    assert session.index(tmp_path / "images").unchanged == 4


def test_an_index_is_for_its_owner_alone_and_leaves_nothing_in_the_temporary_folder(tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    paint_many(tmp_path / "images", range(4))
    Image.new("RGB", (900, 700), "red").save(tmp_path / "images" / "large.png")
    before = os.umask(0o022)
    try:
        session = Session(encoder=StubEncoder(), data_dir=tmp_path / "a" / "data")
        session.index(tmp_path / "images")
        with Catalog(next((tmp_path / "a").rglob("catalog.sqlite")).parent) as catalog:
            annotate(catalog, {1: Annotation(Mark.ACCEPTED)})
            places = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
            modes = {str(place.relative_to(tmp_path)): place.stat().st_mode & 0o077 for place in places}
    finally:
        os.umask(before)

    assert {Path(name).suffix for name in modes} >= {".sqlite", ".safetensors", ".lock", ".jpg", ".sqlite-wal"}
    assert set(modes.values()) == {0}, modes
    assert list(temporary.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_a_catalog_that_is_a_pipe_or_a_folder_is_told_and_not_waited_for(tmp_path):
    for make in (os.mkfifo, os.mkdir):
        index_place = tmp_path / make.__name__
        index_place.mkdir()
        make(index_place / "catalog.sqlite")
        with pytest.raises(CollectionError, match="not a regular file"):
            Catalog(index_place, create=True)


@pytest.mark.parametrize("place", [".", "drive"])
def test_an_unplugged_drive_keeps_its_entries_and_comes_back_without_work(tmp_path, place):
    """The drive is the root itself, or a folder below it; its empty mount point stays behind."""
    root, index_folder = tmp_path / "root", tmp_path / "index"
    root.mkdir()
    drive = root / place
    mount(drive, "size=8m")
    try:
        paint_many(drive, range(100))
        if place != ".":
            paint_many(root, range(100, 110))
        index(index_folder, root)
        expected = stored(index_folder)
        paint_many(tmp_path / "copy", [])
        shutil.copytree(drive, tmp_path / "copy", dirs_exist_ok=True)  # keeps the times
        unmount(drive)

        report = index(index_folder, root)
        assert (report.offline, report.removed) == (100, 0)
        check_tidy(index_folder)
        assert index(index_folder, root).offline == 100

        mount(drive, "size=9m")
        shutil.copytree(tmp_path / "copy", drive, dirs_exist_ok=True)
        back = StubEncoder()
        report = index(index_folder, root, back)
    finally:
        unmount(drive)

    assert (report.offline, back.images_encoded) == (0, 0)
    assert stored(index_folder) == expected


def test_images_behind_a_link_to_an_unplugged_drive_are_offline(tmp_path):
    paint_many(tmp_path / "drive" / "scenes", range(5))
    paint_many(tmp_path / "root", range(5, 8))
    (tmp_path / "root" / "scenes").symlink_to(tmp_path / "drive" / "scenes")
    (tmp_path / "root" / "one.png").symlink_to(tmp_path / "drive" / "scenes" / "0000.png")
    index(tmp_path / "index", tmp_path / "root")
    expected = stored(tmp_path / "index")
    (tmp_path / "drive").rename(tmp_path / "away")

    report = index(tmp_path / "index", tmp_path / "root")
    assert (report.seen, report.offline, report.removed, report.unreadable) == (9, 6, 0, ())
    assert len(stored(tmp_path / "index")) == 3

    (tmp_path / "away").rename(tmp_path / "drive")
    back = StubEncoder()
    index(tmp_path / "index", tmp_path / "root", back)
    assert back.images_encoded == 0
    assert stored(tmp_path / "index") == expected
