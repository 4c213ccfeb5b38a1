"""The contact sheet: a fair choice of images, and words marked by the rule of the screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.data.captions import CaptionedImage
from faami_core.errors import CancelledError, FaamiError
from faami_core.evaluation import contact_sheet
from faami_core.evaluation.contact_sheet import choose_examples, write_contact_sheet
from faami_core.model.weights import Checkpoint
from faami_core.types import CancelToken, Match, Progress
from tests.tiny_model import some_images


@pytest.fixture
def examples(tmp_path: Path) -> list[CaptionedImage]:
    found = []
    for number, pixels in enumerate(some_images(8)):
        path = tmp_path / f"{('pond', 'port', 'park')[number % 3]}_{number}.png"
        Image.fromarray(pixels).save(path)
        found.append(CaptionedImage(path, "val", ("a river near storage tanks .", "green trees .")))
    return found


def test_every_class_comes_once_before_any_comes_twice(tmp_path: Path) -> None:
    names = ["airport"] * 30 + ["pond"] * 5 + ["port"]
    examples = [CaptionedImage(tmp_path / f"{name}_{n}.png", "val", ("a", "b")) for n, name in enumerate(names)]
    classes = [example.scene_class for example, _ in choose_examples(examples, 3, seed=0)]
    assert classes == ["airport", "pond", "port"]
    five = choose_examples(examples, 5, seed=0)
    assert [example.scene_class for example, _ in five] == ["airport", "airport", "pond", "pond", "port"]
    assert five == choose_examples(examples, 5, seed=0)
    assert len(choose_examples(examples, 99, seed=0)) == 36


def test_a_sheet_shows_every_image_and_is_the_same_on_every_run(
    checkpoint: Checkpoint, examples: list[CaptionedImage], tmp_path: Path
) -> None:
    seen: list[Progress] = []
    for name in ("a.png", "b.png"):
        write_contact_sheet(checkpoint, examples, tmp_path / name, device="cpu", progress=seen.append)
    sheet = np.array(Image.open(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert seen[7].done == seen[7].total == 8
    enlarged = np.array(Image.open(examples[0].path).resize((240, 240), Image.Resampling.BICUBIC))
    corners = np.argwhere((sheet[:-239, :-239] == enlarged[0, 0]).all(axis=-1))
    assert any(np.array_equal(sheet[y : y + 240, x : x + 240], enlarged) for y, x in corners)


def test_words_are_marked_by_the_rule_of_the_screen(
    checkpoint: Checkpoint, examples: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[str, Match | None]] = []
    original = contact_sheet._draw_word

    def noting(canvas: np.ndarray, text: str, match: Match | None, x: int, baseline: int) -> int:
        drawn.append((text, match))
        return original(canvas, text, match, x, baseline)

    monkeypatch.setattr(contact_sheet, "_draw_word", noting)
    write_contact_sheet(checkpoint, examples[:1], tmp_path / "a.png", device="cpu")
    legend, words = drawn[:4], drawn[4:]
    assert legend == [
        ("matched", Match.MATCHED),
        ("weak", Match.WEAK),
        ("missing", Match.MISSING),
        ("not looked for", None),
    ]
    for text, match in words:
        assert (match is None) == (text in {"a", "near"})
        assert "river" in text or match in {None, Match.MISSING}, "only river was in the model's vocabulary"


def test_a_place_that_cannot_be_written_is_told(
    checkpoint: Checkpoint, examples: list[CaptionedImage], tmp_path: Path
) -> None:
    with pytest.raises(FaamiError, match="no suffix of an image"):
        write_contact_sheet(checkpoint, examples, tmp_path / "sheet.txt", device="cpu")


def test_drawing_can_be_cancelled(checkpoint: Checkpoint, examples: list[CaptionedImage], tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        write_contact_sheet(checkpoint, examples, tmp_path / "a.png", device="cpu", cancel=token)
    assert not (tmp_path / "a.png").exists()
