"""The grounding benchmark: honest questions, repeatable mosaics, right figures for a model that is right or wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faami_core.data.captions import CaptionedImage
from faami_core.data.dataset import Mosaics
from faami_core.data.scenes import render_collection
from faami_core.errors import CancelledError, ModelError, TrainingError
from faami_core.evaluation.grad_cam import grad_cam
from faami_core.evaluation.grounding import GroundingReport, grounding_text, measure_grounding
from faami_core.evaluation.grounding_maps import CHANCE, EVIDENCE, GRAD_CAM, Answer, Grounder, Question
from faami_core.evaluation.grounding_mosaics import cell_captions, draw_mosaics, measure_mosaics
from faami_core.evaluation.grounding_scenes import measure_scenes, scene_questions
from faami_core.model.weights import Checkpoint, load_checkpoint, save_checkpoint
from faami_core.types import CancelToken, GridSpec, Progress
from tests.tiny_model import some_images, tiny_model, write_tokenizer

COLOURS = {
    "airport": (250, 0, 0), "pond": (0, 250, 0), "bridge": (0, 0, 250), "port": (250, 250, 0),
    "desert": (250, 0, 250), "forest": (0, 250, 250), "beach": (250, 250, 250),
    "school": (0, 0, 0), "park": (120, 120, 120), "church": (120, 0, 0),
}  # fmt: skip


@pytest.fixture
def examples(tmp_path: Path) -> list[CaptionedImage]:
    """Two images of one colour for each of ten classes."""
    found = []
    for number, name in enumerate([*COLOURS, *COLOURS]):
        path = tmp_path / f"{name}_{number}.png"
        Image.new("RGB", (32, 32), COLOURS[name]).save(path)
        found.append(CaptionedImage(path, "val", (f"a {name} .", f"there is a {name} here .")))
    return found


class ColourGrounder:
    """Knows the colour of each class and lights it (or everything else)."""

    image_size = 66
    views = (EVIDENCE, CHANCE)

    def __init__(self, *, inverted: bool = False) -> None:
        self.inverted = inverted
        self.asked: list[str] = []

    def look(self, pixels: np.ndarray) -> ColourGrounder:
        self.pixels = pixels
        return self

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        answers = []
        for question in questions:
            self.asked.append(question.caption)
            colour = next(COLOURS[name] for name in COLOURS if name in question.caption)
            lit = (self.pixels == colour).all(axis=-1) != self.inverted
            maps = {EVIDENCE: lit.astype(np.float32), CHANCE: np.ones((1, 1), np.float32)}
            answers.append(Answer(maps, None, dict.fromkeys(maps, 1.0)))
        return answers


@pytest.mark.parametrize("side", [2, 3])
def test_a_map_that_is_right_points_into_every_cell_and_an_inverted_one_into_none(
    examples: list[CaptionedImage], side: int
) -> None:
    for inverted in (False, True):
        grounder = ColourGrounder(inverted=inverted)
        report = measure_mosaics(grounder, examples, side=side, count=6, seed=4)  # type: ignore[arg-type]
        wanted = 0.0 if inverted else 1.0
        assert report.pointing[EVIDENCE].value == report.inside[EVIDENCE].value == wanted
        assert report.pointing[CHANCE].value == pytest.approx(1 / side**2)
        assert report.pointing[EVIDENCE].cases == len(grounder.asked) == 6 * side**2


def test_the_same_seed_asks_the_same_questions_of_the_same_mosaics(examples: list[CaptionedImage]) -> None:
    one, other, third = (draw_mosaics(examples, side=3, count=4, size=66, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.members, other.members)
    assert not np.array_equal(one.members, third.members)
    for number in range(4):
        assert np.array_equal(one.image(number), other.image(number))
        assert cell_captions(one, number) == cell_captions(other, number)


def test_a_caption_that_fits_two_cells_is_never_asked(tmp_path: Path) -> None:
    captions = [("Many trees.", "a pond ."), ("many trees .",), ("a bridge .",), ("a bridge .", "many  trees")]
    members = [
        CaptionedImage(tmp_path / f"{name}.png", "val", own) for name, own in zip("abcd", captions, strict=True)
    ]
    mosaics = Mosaics(members, np.arange(4)[None], 2, 64, seed=0)
    assert cell_captions(mosaics, 0) == {0: "a pond ."}


def test_images_of_unknown_class_stay_out_of_mosaics_where_classes_are_known(
    examples: list[CaptionedImage], tmp_path: Path
) -> None:
    unknown = [CaptionedImage(tmp_path / f"{number:05d}.png", "val", ("a pond .",)) for number in range(50)]
    mosaics = draw_mosaics([*unknown, *examples], side=3, count=20, size=66, seed=0)
    assert all(mosaics.examples[int(index)].scene_class for index in mosaics.members.reshape(-1))
    assert len(draw_mosaics(unknown, side=3, count=2, size=66, seed=0)) == 2


def test_too_few_classes_are_told(examples: list[CaptionedImage]) -> None:
    with pytest.raises(TrainingError, match="9 classes"):
        draw_mosaics(examples[:8], side=3, count=1, size=66, seed=0)


def test_scenes_are_asked_for_what_they_show_and_for_what_they_lack() -> None:
    scenes = list(render_collection(28, 3, size=32))
    grids = (GridSpec("fine", 4, 4),)
    asked = list(scene_questions(scenes, grids, seed=0))
    assert len(asked) == 28
    for scene, questions in zip(scenes, asked, strict=True):
        shown = " ".join(scene.captions).split()
        for question, mask in questions:
            assert question.word in question.caption.split()
            assert (question.word in shown) == (mask is not None)
            assert mask is None or question.caption in scene.captions
    lacking = sum(mask is None for questions in asked for _, mask in questions)
    assert lacking > 40
    assert [[question for question, _ in questions] for questions in scene_questions(scenes, grids, seed=0)] == [
        [question for question, _ in questions] for questions in asked
    ]


def test_an_answer_holds_the_evidence_of_the_asked_word(checkpoint: Checkpoint) -> None:
    grounder = Grounder(checkpoint, "cpu")
    image = grounder.look(some_images(1)[0])
    found = image.words("a river near storage tanks")
    whole, river = image.answer(
        [Question("a river near storage tanks"), Question("a river near storage tanks", "river")]
    )
    number = found.index("river")
    assert river.maps[EVIDENCE].mean() == pytest.approx(found.evidence[number].sum(), abs=1e-6)
    assert whole.maps[EVIDENCE].mean() == pytest.approx(found.evidence.sum(), abs=1e-6)
    assert river.maps["attention", "both"].mean() == pytest.approx(1.0, abs=1e-5)
    assert whole.maps["attention", "both"].mean() == pytest.approx(1.0, abs=1e-5)
    weight = found.words[number].weight
    assert river.strength == pytest.approx(found.evidence[number].sum() / weight, abs=1e-6)
    assert river.brightest[EVIDENCE] == pytest.approx(river.maps[EVIDENCE].max() / weight, rel=1e-5)
    assert whole.strength is None
    assert set(river.maps) == set(grounder.views)


def test_grad_cam_is_what_its_definition_says(checkpoint: Checkpoint) -> None:
    model = checkpoint.model
    with torch.no_grad():
        taps = model.image_encoder(torch.from_numpy(some_images(1)))
    phrases = torch.nn.functional.normalize(torch.randn(3, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    maps = grad_cam(model, taps, phrases)
    for phrase, found in zip(phrases, maps, strict=True):
        leaf = taps[-1].clone().requires_grad_()
        score = (model.encode_taps([*taps[:-1], leaf]).global_features @ phrase).sum()
        score.backward()
        assert leaf.grad is not None
        weights = leaf.grad.mean(dim=(2, 3))[0]
        wanted = torch.relu(torch.einsum("c,chw->hw", weights, taps[-1][0])).numpy()
        np.testing.assert_allclose(found, wanted, atol=1e-7)
    model.zero_grad(set_to_none=True)


@pytest.fixture(scope="module")
def report(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> GroundingReport:
    folder = tmp_path_factory.mktemp("images")
    images = []
    for name, pixels in zip(COLOURS, some_images(10), strict=True):
        Image.fromarray(pixels).save(folder / f"{name}_1.png")
        images.append(CaptionedImage(folder / f"{name}_1.png", "val", (f"a {name} near a river .",)))
    return measure_grounding(checkpoint, images, mosaics=2, scenes=28, device="cpu")


def test_the_report_compares_four_maps_with_their_intervals(report: GroundingReport) -> None:
    numbers = json.loads(json.dumps(report.as_dict()))
    for size, chance in (("2x2", 1 / 4), ("3x3", 1 / 9)):
        part = numbers["mosaics"][size]
        assert part["pointing"].keys() == {"evidence", "attention", "grad_cam", "chance"}
        assert part["pointing"]["evidence"].keys() == {"both", "fine", "coarse"}
        assert part["pointing"]["chance"]["any"]["value"] == pytest.approx(chance, abs=1e-3)
        for kinds in (part["pointing"], part["inside"]):
            for figure in (figure for scales in kinds.values() for figure in scales.values()):
                assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    scenes = numbers["scenes"]
    assert scenes["absence_auc"]["chance"]["any"]["value"] == 0.5
    assert scenes["pointing"]["chance"] == scenes["inside"]["chance"] == scenes["average_precision"]["chance"]
    assert scenes["pointing"]["evidence"]["both"]["n"] >= 60
    assert {"strength_auc", "matched_present", "matched_absent"} <= scenes.keys()
    assert numbers["seconds"] > 0


def test_the_report_is_told_as_tables(report: GroundingReport) -> None:
    text = grounding_text(report)
    for line in ("2 mosaics of 2×2 images, 8 captions", "2 mosaics of 3×3 images, 18 captions", "28 made scenes"):
        assert line in text
    assert text.count("grad_cam") == 3


def test_a_single_scene_has_nothing_absent_and_says_so(checkpoint: Checkpoint) -> None:
    report = measure_scenes(Grounder(checkpoint, "cpu"), count=1, seed=0)
    assert report.strength.cases == report.absence[GRAD_CAM].cases == 0
    assert report.pointing[EVIDENCE].cases > 0


def test_the_benchmark_can_be_cancelled_and_tells_its_progress(
    checkpoint: Checkpoint, examples: list[CaptionedImage]
) -> None:
    seen: list[Progress] = []
    token = CancelToken()

    def stop_in_the_mosaics(step: Progress) -> None:
        seen.append(step)
        token.cancel()

    with pytest.raises(CancelledError):
        measure_grounding(
            checkpoint, examples, mosaics=3, scenes=3, device="cpu", progress=stop_in_the_mosaics, cancel=token
        )
    assert [step.stage for step in seen] == ["Pointing in 2×2 mosaics"]


def test_a_model_without_evidence_cannot_be_measured(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "none", tiny_model("none"), write_tokenizer(tmp_path / "t.json"), [])
    with pytest.raises(ModelError, match="no additive evidence"):
        measure_grounding(load_checkpoint(tmp_path / "none"), (), mosaics=1, scenes=1, device="cpu")
