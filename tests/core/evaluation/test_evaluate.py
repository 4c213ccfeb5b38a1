"""Evaluation of a whole checkpoint: scores side by side, missing images counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faami_core.cli import main
from faami_core.config import CalibrationConfig
from faami_core.errors import CancelledError, TrainingError
from faami_core.evaluation.evaluate import evaluate_retrieval, retrieval_text
from faami_core.evaluation.retrieval_metrics import retrieval_metrics
from faami_core.evaluation.scoring import (
    ScoreMatrices,
    encode_image_set,
    encode_phrases,
    fit_global_share,
    score_matrices,
    unique_captions,
)
from faami_core.model.calibration import Calibration
from faami_core.model.weights import Checkpoint
from faami_core.types import CancelToken, FloatArray, Progress
from tests.tiny_model import some_images

NO_FEATURES = np.zeros((0, 1), dtype=np.float32)  # where only scores matter
SENTENCES = ("a river .", "two planes parked .", "many green trees .", "a river .", "boats near the bridge .")


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    """Nine images and one that is listed but missing."""
    entries = []
    for number, pixels in enumerate(some_images(9)):
        name = f"{('pond', 'port')[number % 2]}_{number}.png"
        Image.fromarray(pixels).save(tmp_path / name)
        own = [SENTENCES[(number + k) % 5] for k in range(2)]
        entries.append({"filename": name, "split": "val", "sentences": [{"raw": sentence} for sentence in own]})
    entries.append({"filename": "gone.png", "split": "val", "sentences": [{"raw": "a pond ."}]})
    file = tmp_path / "captions.json"
    file.write_text(json.dumps({"dataset": "made", "images": entries}))
    return file


def test_the_report_has_every_promised_key(checkpoint: Checkpoint, captions: Path) -> None:
    seen: list[Progress] = []
    report = evaluate_retrieval(checkpoint, captions, captions.parent, "val", progress=seen.append)
    numbers = report.as_dict()
    assert {"images", "captions", "i2t", "t2i", "mr", "scores", "seconds"} <= numbers.keys()
    assert (numbers["images"], numbers["captions"], numbers["missing"]) == (9, 18, 1)
    assert report.missing == ("gone.png",)
    assert report.metrics.keys() == {"global", "fine", "combined"}
    assert numbers["mr"] == numbers["scores"]["combined"]["mr"]  # type: ignore[index]
    assert {entry.stage for entry in seen} == {"Encoding images", "Scoring images against captions"}
    text = retrieval_text(report)
    assert "9 images, 18 captions, 1 listed images missing" in text
    assert "within class" in text


def test_a_calibrated_model_is_reported_with_and_without(
    checkpoint: Checkpoint, captions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = evaluate_retrieval(checkpoint, captions, captions.parent, "val")
    monkeypatch.setattr(checkpoint.model, "calibration", Calibration(CalibrationConfig(bank=3), 16))
    banks = []

    def upside_down(calibration: Calibration, _: ScoreMatrices, scores: FloatArray) -> FloatArray:
        banks.append(len(calibration.images))
        return -scores

    monkeypatch.setattr("faami_core.evaluation.evaluate.calibrated", upside_down)
    report = evaluate_retrieval(checkpoint, captions, captions.parent, "val")
    assert banks == [3, 9]  # training samples; then, transductive, the nine images themselves
    assert report.metrics["uncalibrated"] == plain.metrics["combined"]
    assert report.metrics["combined"] != plain.metrics["combined"]
    text = retrieval_text(report)
    assert "uncalibrated" in text
    assert "transductive" in text


def test_blocks_score_like_pairs(checkpoint: Checkpoint) -> None:
    class Images:
        pixels = some_images(11)

        def __len__(self) -> int:
            return 11

        def image(self, number: int) -> np.ndarray:
            return self.pixels[number]

    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    images = encode_image_set(model, Images())
    matrices = score_matrices(model, images, list(encode_phrases(model, tokenizer, SENTENCES)))
    assert matrices.fine_scores is not None
    for row in range(11):
        for column, phrase in enumerate(SENTENCES):
            batch = tokenizer([phrase])
            pair = model.similarities(
                model.encode_images(torch.from_numpy(Images.pixels[row : row + 1])),
                model.encode_texts(batch.ids, batch.attended, batch.scored),
            )
            assert pair.fine_scores is not None
            assert matrices.fine_scores[row, column] == pytest.approx(float(pair.fine_scores), abs=1e-5)
            assert matrices.global_scores[row, column] == pytest.approx(float(pair.global_scores), abs=1e-5)


def test_identical_captions_are_scored_once() -> None:
    unique, columns, owners = unique_captions([["b b", "a"], ["a"], ["ccc", "b b"]])
    assert unique == ["a", "b b", "ccc"]
    assert columns.tolist() == [1, 0, 0, 2, 1]
    assert owners.tolist() == [0, 0, 1, 2, 2]


def test_the_share_is_fitted_to_the_better_score() -> None:
    good, bad = np.eye(6, dtype=np.float32), np.random.default_rng(0).random((6, 6)).astype(np.float32)
    owners = np.arange(6)
    assert fit_global_share(ScoreMatrices(good, bad * 0.1, NO_FEATURES, NO_FEATURES), owners) >= 0.5
    assert fit_global_share(ScoreMatrices(bad, good * 0.1, NO_FEATURES, NO_FEATURES), owners) <= 0.5
    assert fit_global_share(ScoreMatrices(good, good, NO_FEATURES, NO_FEATURES), owners) == 0.5
    assert fit_global_share(ScoreMatrices(good, None, NO_FEATURES, NO_FEATURES), owners) == 1.0
    share = fit_global_share(ScoreMatrices(bad, good * 0.1, NO_FEATURES, NO_FEATURES), owners)
    combined = ScoreMatrices(bad, good * 0.1, NO_FEATURES, NO_FEATURES).combined(share)
    assert retrieval_metrics(combined, owners).mean_recall == 100.0


def test_a_split_without_images_is_told(checkpoint: Checkpoint, captions: Path) -> None:
    with pytest.raises(TrainingError, match="No image of the split 'test'"):
        evaluate_retrieval(checkpoint, captions, captions.parent, "test")


def test_evaluation_can_be_cancelled(checkpoint: Checkpoint, captions: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        evaluate_retrieval(checkpoint, captions, captions.parent, "val", cancel=token)


COMMAND = ("evaluate", "--split", "val", "--device", "cpu")


def test_the_command_prints_tables_and_writes_json(
    checkpoint: Checkpoint, captions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    split = ["--captions", str(captions), "--images", str(captions.parent), "--model", str(checkpoint.folder)]
    assert main([*COMMAND, *split, "--json", str(out)]) == 0
    assert "combined" in capsys.readouterr().out
    assert json.loads(out.read_text())["images"] == 9


def test_made_scenes_need_no_captions(
    checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    command = ["--grounding", "--scenes", "2", "--model", str(checkpoint.folder), "--json", str(out)]
    assert main([*COMMAND, *command]) == 0
    assert "2 made scenes" in capsys.readouterr().out
    numbers = json.loads(out.read_text())
    assert numbers.keys() == {"grounding"}
    assert numbers["grounding"]["mosaics"] == {}
    assert numbers["grounding"]["scenes"]["scenes"] == 2


def test_a_sheet_is_drawn_without_the_long_retrieval(
    checkpoint: Checkpoint, captions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    split = ["--captions", str(captions), "--images", str(captions.parent), "--model", str(checkpoint.folder)]
    assert main([*COMMAND, *split, "--skip-retrieval", "--sheet", str(sheet)]) == 0
    assert capsys.readouterr().out == f"contact sheet written to {sheet}\n"
    assert sheet.is_file()


@pytest.mark.parametrize(
    ("options", "says"),
    [((), "nothing to evaluate"), (("--grounding", "--sheet", "out.png"), "shows images of a split")],
)
def test_the_command_without_what_it_needs_says_so(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *options]) == 1
    assert says in capsys.readouterr().err
