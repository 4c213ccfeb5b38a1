"""One training run from its config file to a checkpoint folder."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch

from faami_core.config import TrainingConfig, from_mapping
from faami_core.data.captions import caption_vocabulary
from faami_core.errors import ModelError, TrainingError
from faami_core.evaluation.calibration import fill_bank, fit_calibration
from faami_core.evaluation.retrieval_metrics import retrieval_metrics
from faami_core.evaluation.scoring import ScoreMatrices, fit_global_share, score_matrices, unique_captions
from faami_core.model.encoder import choose_device
from faami_core.model.faami import EncodedImages, EncodedTexts, Faami
from faami_core.model.weights import save_checkpoint
from faami_core.training.preparation import TrainingData, prepare, starting_model
from faami_core.training.trainer import Trainer
from faami_core.types import CancelToken, ProgressCallback

_WATCHED = 256  # val images scored after every epoch; the whole of val is scored once, at the end
_BLOCK = 64
VAL_FIGURES = "val.json"  # uncalibrated recall on val, beside the checkpoint


def read_training_config(file: Path) -> TrainingConfig:
    """Reads a TOML config.

    Raises:
        TrainingError: if it cannot be read or has unknown or impossible settings.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        config = cast("TrainingConfig", from_mapping(TrainingConfig, values, where=file.name))
        config.model.check()
    except (OSError, ValueError) as error:
        raise TrainingError(f"The training config {file} cannot be read ({error}).") from error
    except ModelError as error:
        raise TrainingError(error.message, error.next_step) from error
    config.check()
    return config


def train(
    config: TrainingConfig,
    *,
    resume: bool = False,
    calibrate: bool = True,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Trains, fits β and (unless told not to) the calibration on val, and writes ``<output>/model``.

    Returns:
        The checkpoint folder.

    Raises:
        TrainingError: if data or starting weights are missing, or there is nothing to resume.
        CancelledError: if cancelled; ``resume`` goes on.
    """
    chosen = choose_device(device)
    model, tokenizer, tokenizer_file = starting_model(config)
    model.to(chosen)
    data = prepare(config, model, tokenizer, progress)
    watched = np.random.default_rng(config.seed).permutation(len(data.val))[:_WATCHED]
    trainer = Trainer(config, model, data, _validator(data, np.sort(watched)), chosen)
    trainer.run(resume=resume, progress=progress, cancel=cancel)
    model.eval()
    if len(data.val):
        matrices, owners = score_val(model, data, np.arange(len(data.val)), progress, cancel)
        share = fit_global_share(matrices, owners)
        model.config = replace(model.config, global_share=share)
        if calibrate:
            model.calibration = fill_bank(model, tokenizer, data.train, config.seed, progress, cancel)
            model.calibration.config = fit_calibration(model.calibration, matrices, share, owners)
            model.config = replace(model.config, calibration=model.calibration.config)
        _write_val(Path(config.output), matrices, share, owners)
    folder = Path(config.output) / "model"
    captions = [caption for example in data.train for caption in example.captions]
    captions += [caption for own in data.scenes.captions for caption in own]
    save_checkpoint(folder, model, tokenizer_file, caption_vocabulary(captions))
    return folder


@torch.inference_mode()
def score_val(
    model: Faami,
    data: TrainingData,
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]],
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> tuple[ScoreMatrices, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Scores some val images against their captions from the caches.

    Returns:
        The matrices and the image (row) of each caption.
    """
    device = model.image_encoder.mean.device
    parts = [
        model.encode_taps(data.val_taps.batch(numbers[start : start + _BLOCK], device))
        for start in range(0, len(numbers), _BLOCK)
    ]
    images = EncodedImages(
        torch.cat([part.regions for part in parts]), torch.cat([part.global_features for part in parts])
    )
    unique, columns, owners = unique_captions([data.val[int(number)].captions for number in numbers])
    texts: list[EncodedTexts] = []
    for start in range(0, len(unique), 4 * _BLOCK):
        states, attended, word_of_token = data.states.batch(unique[start : start + 4 * _BLOCK], device)
        texts.append(model.encode_states(states, attended, word_of_token >= 0))
    return score_matrices(model, images, texts, progress, cancel).take_texts(columns), owners


def _write_val(
    folder: Path, matrices: ScoreMatrices, share: float, owners: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> None:
    scores = {"global": matrices.global_scores, "combined": matrices.combined(share)}
    if matrices.fine_scores is not None:
        scores["fine"] = matrices.fine_scores
    figures = {name: retrieval_metrics(matrix, owners).as_dict() for name, matrix in scores.items()}
    (folder / VAL_FIGURES).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _validator(
    data: TrainingData, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Callable[[Faami], dict[str, float]]:
    def validate(model: Faami) -> dict[str, float]:
        if not len(numbers):
            return {}
        matrices, owners = score_val(model, data, numbers)
        share = fit_global_share(matrices, owners)
        figures = {"val_global": retrieval_metrics(matrices.global_scores, owners).mean_recall}
        if matrices.fine_scores is not None:
            figures["val_fine"] = retrieval_metrics(matrices.fine_scores, owners).mean_recall
        combined = retrieval_metrics(matrices.combined(share), owners).mean_recall
        return figures | {"val_combined": combined, "val_global_share": share}

    return validate
