"""Calibration: what matches everything is taken down, told by training samples only."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from faami_core.config import CalibrationConfig
from faami_core.data.captions import CaptionedImage
from faami_core.evaluation.calibration import calibrated, fill_bank, fit_calibration, transductive
from faami_core.evaluation.retrieval_metrics import retrieval_metrics
from faami_core.evaluation.scoring import ScoreMatrices
from faami_core.model.calibration import Calibration, popularity
from faami_core.model.text_encoder import Tokenizer
from faami_core.model.weights import load_checkpoint, save_checkpoint
from tests.tiny_model import some_images, tiny_model, write_tokenizer

WIDTH = 12


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def hubby_matrices(seed: int, *, images: int = 60) -> tuple[ScoreMatrices, np.ndarray, np.ndarray]:
    """Pairs that share a direction; every third caption leans towards what all images have in common."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=WIDTH)
    own = generator.normal(size=(images, WIDTH))
    image_features = unit(own + 1.5 * common)
    lean = np.where(np.arange(images) % 3 == 0, 3.0, 0.3)[:, None]
    text_features = unit(own + 0.5 * generator.normal(size=own.shape) + lean * common)
    bank = unit(generator.normal(size=(200, WIDTH)) + 1.5 * common)
    scores = image_features @ text_features.T
    return ScoreMatrices(scores, None, image_features, text_features), np.arange(images), bank


def calibration_of(bank: np.ndarray, **settings: float) -> Calibration:
    calibration = Calibration(CalibrationConfig(bank=len(bank), **settings), WIDTH)  # type: ignore[arg-type]
    calibration.images.copy_(torch.from_numpy(bank))
    calibration.texts.copy_(torch.from_numpy(bank))
    return calibration


def test_popularity_lies_between_the_mean_and_the_maximum_of_the_cosines() -> None:
    features, bank = torch.eye(3), torch.nn.functional.normalize(torch.rand(20, 3), dim=1)
    cosines = features @ bank.T
    for temperature in (0.01, 0.1, 1.0):
        found = popularity(features, bank, temperature)
        assert bool((found <= cosines.amax(dim=1) + 1e-6).all())
        assert bool((found >= cosines.mean(dim=1) - 1e-6).all())
    assert popularity(features, bank[:0], 0.1).tolist() == [0.0, 0.0, 0.0]


def test_captions_that_match_everything_are_taken_down_and_recall_rises() -> None:
    matrices, owners, bank = hubby_matrices(0)
    calibration = calibration_of(bank)
    calibration.config = fit_calibration(calibration, matrices, 1.0, owners)
    assert calibration.config.text_share > 0
    other, other_owners, _ = hubby_matrices(0, images=45)
    before = retrieval_metrics(other.global_scores, other_owners).image_to_text
    after = retrieval_metrics(calibrated(calibration, other, other.global_scores), other_owners).image_to_text
    assert np.mean(after) > np.mean(before) + 1.0


def test_what_is_taken_off_captions_leaves_the_order_of_images_alone() -> None:
    matrices, _, bank = hubby_matrices(2)
    calibration = calibration_of(bank, text_share=1.0, text_temperature=0.05)
    after = calibrated(calibration, matrices, matrices.global_scores)
    np.testing.assert_array_equal(after.argsort(axis=0), matrices.global_scores.argsort(axis=0))


def test_without_a_gain_nothing_is_taken_off() -> None:
    features = unit(np.random.default_rng(0).normal(size=(40, WIDTH)))
    matrices = ScoreMatrices(features @ features.T, None, features, features)
    config = fit_calibration(calibration_of(features), matrices, 1.0, np.arange(40))
    assert (config.image_share, config.text_share) == (0.0, 0.0)


def test_the_transductive_bank_is_the_gallery_and_the_queries_themselves() -> None:
    matrices, _, bank = hubby_matrices(3)
    own = transductive(calibration_of(bank, text_share=1.0), matrices)
    expected = popularity(torch.from_numpy(matrices.text_features), torch.from_numpy(matrices.image_features), 0.05)
    torch.testing.assert_close(own.text_popularity(torch.from_numpy(matrices.text_features)), expected)


def test_a_calibrated_checkpoint_keeps_bank_and_shares(tmp_path: Path) -> None:
    model = tiny_model()
    file = write_tokenizer(tmp_path / "tokenizer.json")
    examples = []
    for number, pixels in enumerate(some_images(5)):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        examples.append(CaptionedImage(tmp_path / f"{number}.png", "train", ("a river .", "two planes .")))
    calibration = fill_bank(model, Tokenizer(file, 48), examples, seed=0)
    assert calibration.images.shape == calibration.texts.shape == (5, 16)
    torch.testing.assert_close(calibration.images.norm(dim=1), torch.ones(5))
    calibration.config = CalibrationConfig(bank=5, text_share=0.5, text_temperature=0.1)
    model.calibration = calibration
    model.config = replace(model.config, calibration=calibration.config)
    save_checkpoint(tmp_path / "model", model, file, ["river"])
    again = load_checkpoint(tmp_path / "model").model
    assert again.calibration is not None
    assert again.config.calibration == calibration.config
    torch.testing.assert_close(again.calibration.images, calibration.images, atol=1e-3, rtol=1e-3)
    assert json.loads((tmp_path / "model/config.json").read_text())["calibration"]["bank"] == 5
