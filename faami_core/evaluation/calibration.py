"""Fits a model's calibration: a bank of training samples, then the temperatures and shares that serve val best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faami_core.config import CalibrationConfig
from faami_core.data.captions import CaptionedImage
from faami_core.data.dataset import PlainImages
from faami_core.evaluation.retrieval_metrics import retrieval_metrics
from faami_core.evaluation.scoring import ScoreMatrices, encode_image_set, encode_phrases
from faami_core.model.calibration import Calibration, popularity
from faami_core.model.faami import Faami
from faami_core.model.text_encoder import Tokenizer
from faami_core.types import CancelToken, FloatArray, ProgressCallback

BANK = 1024  # training images, and as many captions
_TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2)
_SHARES = (0.25, 0.5, 0.75, 1.0, 1.25)
_LEAST_GAIN = 0.1  # points of mean recall; less is noise, and no calibration is simpler


@torch.inference_mode()
def fill_bank(
    model: Faami,
    tokenizer: Tokenizer,
    examples: Sequence[CaptionedImage],
    seed: int,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> Calibration:
    """Encodes up to ``BANK`` training images and one caption of each; shares are still 0."""
    generator = np.random.default_rng((seed, 3))
    chosen = [examples[int(index)] for index in generator.permutation(len(examples))[:BANK]]
    captions = [example.captions[int(generator.integers(len(example.captions)))] for example in chosen]
    calibration = Calibration(CalibrationConfig(bank=len(chosen)), model.config.width)
    images = PlainImages(chosen, model.config.image.image_size)
    calibration.images.copy_(encode_image_set(model, images, progress, cancel).global_features)
    texts = [part.global_features.cpu() for part in encode_phrases(model, tokenizer, captions)]
    calibration.texts.copy_(torch.cat(texts))
    return calibration


def fit_calibration(
    calibration: Calibration, matrices: ScoreMatrices, global_share: float, image_of_text: npt.NDArray[np.int64]
) -> CalibrationConfig:
    """Temperatures and shares with the best recall of ``matrices``, each way by itself.

    What is taken off images does not change the order of captions and the other way round, so the two ways are fitted
    apart. A way that gains next to nothing is left alone.
    """
    scores = matrices.combined(global_share)
    images, texts = torch.from_numpy(matrices.image_features), torch.from_numpy(matrices.text_features)

    def to_images(taken: FloatArray) -> float:
        return float(np.mean(retrieval_metrics(scores - taken[:, None], image_of_text).text_to_image))

    def to_texts(taken: FloatArray) -> float:
        return float(np.mean(retrieval_metrics(scores - taken[None, :], image_of_text).image_to_text))

    config = calibration.config
    found = _best(to_images, images, calibration.texts)
    config = replace(config, image_temperature=found[0], image_share=found[1])
    found = _best(to_texts, texts, calibration.images)
    return replace(config, text_temperature=found[0], text_share=found[1])


def _best(recall: Callable[[FloatArray], float], features: Tensor, bank: Tensor) -> tuple[float, float]:
    """(temperature, share)."""
    best, chosen = recall(np.zeros(len(features), dtype=np.float32)) + _LEAST_GAIN, (_TEMPERATURES[0], 0.0)
    for temperature in _TEMPERATURES:
        taken: FloatArray = popularity(features, bank, temperature).numpy()
        for share in _SHARES:
            reached = recall(np.float32(share) * taken)
            if reached > best:
                best, chosen = reached, (temperature, share)
    return chosen


def calibrated(calibration: Calibration, matrices: ScoreMatrices, scores: FloatArray) -> FloatArray:
    """[N, M] scores with the popularity of images and captions taken off."""
    device = calibration.images.device
    images = calibration.image_popularity(torch.from_numpy(matrices.image_features).to(device)).cpu().numpy()
    texts = calibration.text_popularity(torch.from_numpy(matrices.text_features).to(device)).cpu().numpy()
    return np.asarray(scores - images[:, None] - texts[None, :])


def transductive(calibration: Calibration, matrices: ScoreMatrices) -> Calibration:
    """The same calibration with the queries and the gallery themselves as the bank: reads the test set together."""
    own = Calibration(replace(calibration.config, bank=0), matrices.image_features.shape[1])
    own.images = torch.from_numpy(matrices.image_features)
    own.texts = torch.from_numpy(matrices.text_features)
    return own
