"""Folders of systems, of other programs and of this one are skipped and told, and the first two taken on wish."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from faami_core.cli import main
from faami_core.indexing.system_folders import is_system_folder
from faami_core.session import Session
from tests.faults.index_tools import paint_many
from tests.stub_encoder import StubEncoder

DEBRIS = [
    *("@eaDir/IMG_1.jpg", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", "@__thumb"),
    *("$RECYCLE.BIN/S-1-5", "$Recycle.Bin", "RECYCLER", "System Volume Information", "lost+found", "FOUND.000"),
    *("__MACOSX", "Network Trash Folder", "Catalog Previews.lrdata/0", "Smart.lrcat-data", "CaptureOne/Cache"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, and one in each of the folders that are no folders of images."""
    place = tmp_path / "photos"
    for inner in ("", "2024", *(f"2024/{name}" for name in DEBRIS), ".Trash-1000/files", ".thumbnails"):
        (place / inner).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (len(inner), 9, 9)).save(place / inner / "x.png")
    return place


def run(*arguments: object) -> int:
    return main([*map(str, arguments)], session_factory=lambda **_options: Session(encoder=StubEncoder()))


def test_system_folders_are_skipped_and_told_until_they_are_wanted(folder, capsys):
    outermost = {name.split("/")[0] for name in DEBRIS}
    assert run("index", folder) == 0
    told = capsys.readouterr().out
    assert "2 images seen" in told
    assert f"skipped {len(outermost)} system folders: " in told
    assert str(folder / "2024" / "#recycle") in told
    assert "--system-folders takes them" in told
    run("info", "--collection", folder)
    assert f"skipped {len(outermost)} system folders: " in capsys.readouterr().out

    run("index", folder, "--system-folders")
    assert f"{2 + len(DEBRIS)} images seen" in capsys.readouterr().out
    run("index", folder)
    told = capsys.readouterr().out
    assert f"{2 + len(DEBRIS)} unchanged" in told
    assert "skipped" not in told

    run("index", folder, "--no-system-folders")
    assert f"{len(DEBRIS)} removed, 2 unchanged" in capsys.readouterr().out
    assert Session(encoder=StubEncoder()).folder_changes(folder) == 0


def test_folders_that_only_sound_alike_are_folders_of_images():
    for name in ("recycling plant", "lost", "MACOSX", "@home", "snapshots", "lrdata", "captures", "#1"):
        assert not is_system_folder(os.fsencode(name)), name


def test_a_system_folder_that_is_opened_itself_is_indexed(folder):
    report = Session(encoder=StubEncoder()).index(folder / "2024" / "#recycle")

    assert (report.seen, report.scan.skipped) == (1, ())


@pytest.mark.parametrize("place", ["data", "notes/faami", "x/../data"])
def test_a_data_folder_among_the_images_is_skipped_and_told(tmp_path, place):
    images = tmp_path / "images"
    paint_many(images, range(3))
    Image.effect_noise((600, 600), 90).convert("RGB").save(images / "large.png")  # it gets a thumbnail
    (images / "x").mkdir()
    session = Session(encoder=StubEncoder(), data_dir=images / place)
    for _ in range(2):
        report = session.index(images)

    assert list((images / place).rglob("*.jpg"))
    assert (report.seen, report.unchanged) == (4, 4)
    assert report.scan.skipped == ((images / place).resolve(),)


def test_the_data_folder_of_somebody_else_and_one_behind_a_link_are_skipped(tmp_path):
    images = tmp_path / "images"
    paint_many(images, range(3))
    Image.effect_noise((600, 600), 90).convert("RGB").save(images / "large.png")
    Session(encoder=StubEncoder(), data_dir=images / "of Anna").index(images)
    Session(encoder=StubEncoder(), data_dir=tmp_path / "of Ben").index(images)
    (images / "link").symlink_to(tmp_path / "of Ben")
    only_index = next((images / "of Anna" / "collections").iterdir())
    only_index.rename(images / "copied index")

    report = Session(encoder=StubEncoder(), data_dir=tmp_path / "mine").index(images)

    assert report.seen == 4
    assert {path.name for path in report.scan.skipped} == {"link", "copied index"}


def test_a_demo_collection_inside_the_data_folder_can_be_opened(tmp_path):
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")
    paint_many(tmp_path / "data" / "demo", range(3))

    assert session.index(tmp_path / "data" / "demo").seen == 3
    assert session.index(tmp_path / "data" / "demo").seen == 3


def test_files_of_kinds_that_are_not_read_are_counted_most_first(tmp_path, capsys):
    paint_many(tmp_path / "images", range(2))
    for name in ("a.dng", "b.dng", "C.DNG", "d.psd", "README", ".hidden.dng", "excluded.psd"):
        (tmp_path / "images" / name).write_bytes(b"")
    (tmp_path / "images" / "folder.psd").mkdir()

    assert run("index", tmp_path / "images", "--exclude", "excluded*") == 0

    assert "  5 files of kinds that are not read: 3 .dng, 1 without a suffix, 1 .psd" in capsys.readouterr().out


def test_a_folder_without_any_image_says_what_is_in_it(tmp_path, capsys):
    (tmp_path / "a.nef").write_bytes(b"")

    run("index", tmp_path)

    told = capsys.readouterr().out
    assert "0 images seen" in told
    assert "1 file of kinds that are not read: 1 .nef" in told
