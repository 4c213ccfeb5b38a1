"""Captioned images: splits, missing images told, names that lead outside refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faami_core.data.captions import CaptionedImage, caption_vocabulary, read_captions
from faami_core.errors import TrainingError


def write(
    folder: Path, *entries: tuple[str, str], sentences: tuple[str, ...] = ("a river .", " two boats .")
) -> Path:
    file = folder / "captions.json"
    images = [
        {"filename": name, "split": split, "sentences": [{"raw": sentence} for sentence in sentences]}
        for name, split in entries
    ]
    file.write_text(json.dumps({"dataset": "made", "images": images}), encoding="utf-8")
    return file


def test_a_split_is_read_in_order_with_stripped_captions(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", "c.jpg"):
        (tmp_path / name).touch()
    file = write(tmp_path, ("b.jpg", "val"), ("a.jpg", "val"), ("c.jpg", "train"))
    found = read_captions(file, tmp_path, "val")
    assert [image.path.name for image in found.images] == ["b.jpg", "a.jpg"]
    assert found.images[0].captions == ("a river .", "two boats .")
    assert len(read_captions(file, tmp_path).images) == 3


def test_missing_images_are_told_not_dropped_silently(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    found = read_captions(write(tmp_path, ("a.jpg", "val"), ("gone.jpg", "val")), tmp_path, "val")
    assert [image.path.name for image in found.images] == ["a.jpg"]
    assert found.missing == ("gone.jpg",)


@pytest.mark.parametrize(
    ("name", "scene_class"),
    [("airport_12.jpg", "airport"), ("00012.jpg", ""), ("Port_3.png", "port"), ("sub/pond_1.jpg", "pond")],
)
def test_the_scene_class_is_the_start_of_the_name(name: str, scene_class: str) -> None:
    assert CaptionedImage(Path(name), "val", ()).scene_class == scene_class


def test_a_label_of_the_file_comes_before_the_name() -> None:
    assert CaptionedImage(Path("airport_12.jpg"), "val", (), "Terminal").scene_class == "terminal"


# A4: names that must never lead out of the image folder, or to a device.
OUTSIDE = (
    "../x.jpg", "..", "a/../../x.jpg", "a/../../../etc/passwd", "./../x.jpg", "a/./../../x.jpg", "../images/../x.jpg",
    "/etc/passwd", "//etc/passwd", "/x.jpg", "/", "\\x.jpg", "..\\x.jpg", "a\\..\\..\\x.jpg", "a/..\\../x.jpg",
    "C:/x.jpg", "C:\\x.jpg", "c:x.jpg", "a/C:/x.jpg", "\\\\server\\share\\x.jpg", "//server/share/x.jpg",
    "\\\\?\\C:\\x.jpg", "\\\\.\\PhysicalDrive0", "file:///etc/passwd", "x.jpg:stream", "a\0b.jpg", "\0", "../\0.jpg",
    "", ".", "./", "CON", "con.jpg", "NUL", "a/nul.png", "Com1.tif", "LPT9", "aux .jpg", "prn.tar.gz",
    "out.jpg", "linked/x.jpg", "loop.jpg", "loops/x.jpg", "\ud800.jpg",
)  # fmt: skip


@pytest.fixture
def guarded(tmp_path: Path) -> Path:
    """An image folder with links that lead out of it and in circles."""
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "x.jpg").write_bytes(b"secret")
    (folder / "out.jpg").symlink_to(tmp_path / "x.jpg")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "loops").symlink_to(folder / "loops" / "deeper")
    return folder


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_outside_is_refused_in_every_layout(guarded: Path, name: str) -> None:
    """A4."""
    entry = {"filename": name, "split": "val"}
    listings = [
        {"images": [entry | {"sentences": [{"raw": "a river ."}]}]},
        {"pond": [entry | {"raw": "a river ."}]},
        {name: [{"filename": "x.jpg", "split": "val", "raw": "a river ."}]},
    ]
    for listing in listings[: 2 if name in {".", "./"} else 3]:
        file = guarded.parent / "captions.json"
        file.write_text(json.dumps(listing))
        with pytest.raises(TrainingError, match="outside the image folder"):
            read_captions(file, guarded)


@pytest.mark.parametrize("name", [name for name in OUTSIDE if name not in {"\ud800.jpg"} and "\0" not in name])
def test_a_name_that_leads_outside_is_refused_in_a_table(guarded: Path, name: str) -> None:
    """A4."""
    file = guarded.parent / "captions.csv"
    file.write_text(f'filename,caption\n"{name}",a river\n')
    with pytest.raises(TrainingError, match="outside the image folder"):
        read_captions(file, guarded)


def test_links_inside_the_folder_and_a_linked_folder_are_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "real" / "b.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    (tmp_path / "images").symlink_to(tmp_path / "real")
    found = read_captions(write(tmp_path, ("a.jpg", "val"), ("b.jpg", "val")), tmp_path / "images")
    assert len(found.images) == 2


def test_a_name_longer_than_any_file_is_missing(tmp_path: Path) -> None:
    found = read_captions(write(tmp_path, ("a" * 300 + ".jpg", "val")), tmp_path)
    assert len(found.missing) == 1


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_captions(tmp_path / "none.json", tmp_path)


def test_the_vocabulary_is_every_word_once() -> None:
    assert caption_vocabulary(["A river , a Lake.", "the river-side"]) == ["a", "lake", "river", "side", "the"]
