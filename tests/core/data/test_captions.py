"""Caption files: the layout of RSICD, missing images told, names that lead outside refused."""

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


@pytest.mark.parametrize(
    "name", ["../x.jpg", "/etc/passwd", "a/../../x.jpg", "..\\x.jpg", "C:/x.jpg", "a\0b.jpg", ""]
)
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match="outside the image folder"):
        read_captions(write(tmp_path, (name, "val")), tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "cannot be read"),
        ("[]", "has no list"),
        ('{"images": 3}', "has no list"),
        ('{"images": [3]}', "image 0 lacks"),
        ('{"images": [{"filename": "a.jpg", "split": "val"}]}', "image 0 lacks"),
        ('{"images": [{"filename": "a.jpg", "split": "val", "sentences": [{"raw": 1}]}]}', "image 0 lacks"),
    ],
)
def test_another_layout_is_refused_with_a_sentence(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "captions.json"
    file.write_text(content)
    with pytest.raises(TrainingError, match=says):
        read_captions(file, tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        read_captions(tmp_path / "none.json", tmp_path)


def test_the_vocabulary_is_every_word_once() -> None:
    assert caption_vocabulary(["A river , a Lake.", "the river-side"]) == ["a", "lake", "river", "side", "the"]
