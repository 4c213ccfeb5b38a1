"""Other people's data sets, each in its original layout and made small."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from faami_core.data.caption_layouts import EXPECTED, parse_listing
from faami_core.data.captions import read_captions
from faami_core.errors import TrainingError

SENTENCES = ("a river runs through the town .", "There is a river.", "some houses", "many trees .", "a bridge .")


def karpathy(dataset: str, *names: str, split: str = "train", **extra: object) -> dict[str, object]:
    """The layout of RSICD, RSITMD, UCM-captions and Sydney-captions, with all its keys."""
    images = []
    for imgid, name in enumerate(names):
        sentids = list(range(5 * imgid, 5 * imgid + 5))
        sentences = [
            {"tokens": raw.strip(" .").lower().split(), "raw": raw, "imgid": imgid, "sentid": sentid}
            for raw, sentid in zip(SENTENCES, sentids, strict=True)
        ]
        images.append(
            {"filename": name, "imgid": imgid, "sentids": sentids, "sentences": sentences, "split": split} | extra
        )
    return {"images": images, "dataset": dataset}


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def write(folder: Path, content: object) -> Path:
    file = folder / "dataset.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_rsicd_takes_the_scene_class_from_the_file_name(tmp_path: Path) -> None:
    touch(tmp_path, "airport_1.jpg", "00012.jpg")
    found = read_captions(write(tmp_path, karpathy("rsicd", "airport_1.jpg", "00012.jpg")), tmp_path, "train")
    assert [image.scene_class for image in found.images] == ["airport", ""]
    assert found.images[0].captions == SENTENCES


def test_rsitmd_names_the_scene_class_and_its_objects(tmp_path: Path) -> None:
    touch(tmp_path, "00012.tif")
    content = karpathy("rsitmd", "00012.tif", label="Baseballfield", objects=["tree", "field"])
    (image,) = read_captions(write(tmp_path, content), tmp_path, "train").images
    assert image.scene_class == "baseballfield"
    assert image.captions == SENTENCES


@pytest.mark.parametrize("dataset", ["UCM_captions", "Sydney_captions"])
def test_ucm_and_sydney_number_their_images(tmp_path: Path, dataset: str) -> None:
    touch(tmp_path, "1.tif", "2.tif")
    content = karpathy(dataset, "1.tif", "2.tif", split="test")
    found = read_captions(write(tmp_path, content), tmp_path, "test")
    assert [image.path.name for image in found.images] == ["1.tif", "2.tif"]
    assert [image.scene_class for image in found.images] == ["", ""]


def nwpu(split: str = "val") -> dict[str, object]:
    entry = {"filename": "airplane_001.jpg", "imgid": 0, "split": split, "raw": SENTENCES[0], "sentids": 0}
    entry |= {f"raw_{number}": SENTENCES[number] for number in range(1, 5)}
    entry |= {f"sentids_{number}": number for number in range(1, 5)}
    other = {"filename": "bridge_007.jpg", "imgid": 700, "split": split, "raw": " a bridge . ", "raw_1": " "}
    return {"airplane": [entry], "Bridge": [other]}


@pytest.mark.parametrize("in_class_folders", [True, False])
def test_nwpu_lists_images_by_class_and_five_captions_each(tmp_path: Path, in_class_folders: bool) -> None:
    names = ("airplane/airplane_001.jpg", "Bridge/bridge_007.jpg")
    touch(tmp_path, *(names if in_class_folders else [name.split("/")[1] for name in names]))
    found = read_captions(write(tmp_path, nwpu()), tmp_path, "val")
    assert [image.captions for image in found.images] == [SENTENCES, ("a bridge .",)]
    assert [image.scene_class for image in found.images] == ["airplane", "bridge"]
    assert read_captions(write(tmp_path, nwpu()), tmp_path, "train").images == ()


def test_nwpu_images_that_are_in_neither_place_are_missing_once(tmp_path: Path) -> None:
    assert read_captions(write(tmp_path, nwpu()), tmp_path).missing == ("airplane_001.jpg", "bridge_007.jpg")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with-bom"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"], ids=["crlf", "lf"])
def test_a_table_holds_one_caption_a_row(tmp_path: Path, mark: bytes, line_end: str) -> None:
    touch(tmp_path, "pond_1.jpg", "Hafen, groß.jpg")
    rows = [
        "Filename,Caption,Split",
        "pond_1.jpg,a pond,val",
        '"Hafen, groß.jpg","a ""free"" port,',
        'on two lines",val',
        "pond_1.jpg,green water,val",
        "gone.jpg,nothing,val",
    ]
    file = tmp_path / "captions.csv"
    file.write_bytes(mark + (line_end.join(rows) + line_end).encode())
    found = read_captions(file, tmp_path, "val")
    assert [image.path.name for image in found.images] == ["pond_1.jpg", "Hafen, groß.jpg"]
    assert found.images[0].captions == ("a pond", "green water")
    assert found.images[1].captions == (f'a "free" port,{line_end}on two lines',)
    assert found.missing == ("gone.jpg",)


def test_very_many_captions_of_one_image_are_read_at_once() -> None:
    rows = "".join(f"a.jpg,caption {number}\n" for number in range(60_000))
    started = time.process_time()

    [image] = parse_listing(f"filename,caption\n{rows}b.jpg,\n", "c.csv")[:1]

    assert time.process_time() - started < 3
    assert len(image.captions) == 60_000
    assert image.captions[-1] == "caption 59999"


def test_a_table_without_splits_is_there_to_be_evaluated_and_never_trained_on(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    file = tmp_path / "captions.csv"
    file.write_text("caption,filename\na pond,a.jpg\n")
    assert [len(read_captions(file, tmp_path, split).images) for split in ("val", "test", None)] == [1, 1, 1]
    assert read_captions(file, tmp_path, "train").images == ()


def test_a_json_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    touch(tmp_path, "1.tif")
    file = tmp_path / "dataset.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(karpathy("UCM_captions", "1.tif")).encode())
    assert len(read_captions(file, tmp_path).images) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "none of the known layouts"),
        ("[]", "none of the known layouts"),
        ("{}", "none of the known layouts"),
        ('{"images": 3}', "none of the known layouts"),
        ('{"annotations": {"1": "a river"}}', "none of the known layouts"),
        ("name;caption\na.jpg;a river\n", "none of the known layouts"),
        ("filename,text\na.jpg,a river\n", "none of the known layouts"),
        ('{"images": [', "broken JSON"),
        ("[" * 100_000, "broken JSON"),
        ('filename,caption\na.jpg,"a" river\n', "broken CSV"),
        ('filename,caption\na.jpg,"a river\n', "broken CSV"),
        ("filename,caption\na.jpg,a river, wide\n", "line 2 has 3 cells, its header 2"),
        ("filename,caption,split\na.jpg,b,val\na.jpg,c,train\n", "into a second split, 'train'"),
        ('{"images": [3]}', "image 0 lacks"),
        ('{"images": [{"filename": "a.jpg", "split": "val"}]}', "image 0 lacks"),
        ('{"images": [{"filename": 7, "split": "val", "sentences": []}]}', "image 0 lacks"),
        ('{"images": [{"filename": "a.jpg", "split": "val", "sentences": [{"raw": 1}]}]}', "image 0 lacks"),
        ('{"pond": [{"filename": "a.jpg", "split": "val", "raw": "x"}, 3]}', "pond 1 lacks"),
        ('{"pond": [{"filename": "a.jpg", "split": "val"}]}', "pond 0 lacks"),
    ],
)
def test_another_layout_is_refused_in_one_sentence_that_names_what_was_expected(content: str, says: str) -> None:
    with pytest.raises(TrainingError, match=says) as told:
        parse_listing(content, "captions.json")
    assert "captions.json" in told.value.message
    if "line 2" not in says and "split" not in says:
        assert told.value.next_step == EXPECTED


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "captions.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_captions(file, tmp_path)
