"""Exhaustive scoring of a set of images against a set of captions, in blocks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from faami_core.data.dataset import ImageSet
from faami_core.evaluation.retrieval_metrics import retrieval_metrics
from faami_core.model.cross_attention import AdditiveCrossAttention
from faami_core.model.faami import EncodedImages, EncodedTexts, Faami
from faami_core.model.text_encoder import Tokenizer
from faami_core.pace import Pace
from faami_core.types import CancelToken, FloatArray, ProgressCallback

_IMAGE_BLOCK = 8
_TEXT_BLOCK = 256
_ENCODE_BATCH = 32
_SHARES = tuple(round(0.05 * step, 2) for step in range(21))


@dataclass(frozen=True)
class ScoreMatrices:
    """[N, M] similarity matrices, rows images, and the global features [N, D], [M, D] they come from.

    ``fine_scores`` is None without an interaction.
    """

    global_scores: FloatArray
    fine_scores: FloatArray | None
    image_features: FloatArray
    text_features: FloatArray

    def combined(self, global_share: float) -> FloatArray:
        """β · global + (1-β) · fine."""
        if self.fine_scores is None:
            return self.global_scores
        return np.asarray(global_share * self.global_scores + (1 - global_share) * self.fine_scores)

    def take_texts(self, columns: npt.NDArray[np.int64]) -> ScoreMatrices:
        """Columns by number, e.g. to repeat identical captions that were scored once."""
        fine = None if self.fine_scores is None else self.fine_scores[:, columns]
        return ScoreMatrices(self.global_scores[:, columns], fine, self.image_features, self.text_features[columns])


@torch.inference_mode()
def encode_image_set(
    model: Faami, images: ImageSet, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
) -> EncodedImages:
    """All images of a set, on the CPU."""
    device = model.image_encoder.mean.device
    pace = Pace("Encoding images", len(images))
    parts = []
    for start in range(0, len(images), _ENCODE_BATCH):
        if cancel is not None:
            cancel.raise_if_cancelled()
        stop = min(start + _ENCODE_BATCH, len(images))
        pixels = torch.from_numpy(np.stack([images.image(number) for number in range(start, stop)]))
        parts.append(model.encode_images(pixels.to(device)))
        if progress is not None:
            progress(pace.at(stop))
    return EncodedImages(
        torch.cat([part.regions.cpu() for part in parts]), torch.cat([part.global_features.cpu() for part in parts])
    )


@torch.inference_mode()
def encode_phrases(model: Faami, tokenizer: Tokenizer, phrases: Sequence[str]) -> Iterator[EncodedTexts]:
    """Phrases in blocks, in order."""
    device = model.image_encoder.mean.device
    for start in range(0, len(phrases), _TEXT_BLOCK):
        tokens = tokenizer(phrases[start : start + _TEXT_BLOCK]).to(device)
        yield model.encode_texts(tokens.ids, tokens.attended, tokens.scored)


@torch.inference_mode()
def score_matrices(
    model: Faami,
    images: EncodedImages,
    texts: Sequence[EncodedTexts],
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> ScoreMatrices:
    """Scores every image against every text; words and regions are projected once."""
    device = model.image_encoder.mean.device
    alignment = model.alignment
    additive = alignment if isinstance(alignment, AdditiveCrossAttention) else None
    tokens = [additive.project_words(part.words, part.scored) for part in texts] if additive else []
    whole = torch.cat([part.global_features for part in texts])
    pace = Pace("Scoring images against captions", len(images.regions))
    global_scores, fine_scores = [], []
    for start in range(0, len(images.regions), _IMAGE_BLOCK):
        if cancel is not None:
            cancel.raise_if_cancelled()
        rows = slice(start, start + _IMAGE_BLOCK)
        block = EncodedImages(images.regions[rows].to(device), images.global_features[rows].to(device))
        global_scores.append((block.global_features @ whole.T).cpu())
        if additive is not None:
            regions = additive.project_regions(block.regions)
            fine_scores.append(torch.cat([additive.fine_scores(regions, part) for part in tokens], dim=1).cpu())
        elif alignment is not None:
            parts = [model.similarities(block, part).fine_scores for part in texts]
            fine_scores.append(torch.cat([part for part in parts if part is not None], dim=1).cpu())
        if progress is not None:
            progress(pace.at(min(rows.stop, len(images.regions))))
    return ScoreMatrices(
        torch.cat(global_scores).numpy(),
        torch.cat(fine_scores).numpy() if fine_scores else None,
        images.global_features.cpu().numpy(),
        whole.cpu().numpy(),
    )


def unique_captions(
    captions: Sequence[Sequence[str]],
) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Captions per image → (unique captions, column of each caption, image of each caption)."""
    flat = [caption for own in captions for caption in own]
    unique = sorted(
        set(flat), key=lambda caption: (len(caption), caption)
    )  # like lengths share a block: less padding
    number = {caption: column for column, caption in enumerate(unique)}
    columns = np.array([number[caption] for caption in flat], dtype=np.int64)
    owners = np.repeat(np.arange(len(captions)), [len(own) for own in captions]).astype(np.int64)
    return unique, columns, owners


def fit_global_share(matrices: ScoreMatrices, image_of_text: npt.NDArray[np.int64]) -> float:
    """β in steps of 0.05 with the best mean recall; of equals the one nearest to an even mix."""
    if matrices.fine_scores is None:
        return 1.0
    recall = {share: retrieval_metrics(matrices.combined(share), image_of_text).mean_recall for share in _SHARES}
    return max(_SHARES, key=lambda share: (round(recall[share], 6), -abs(share - 0.5)))
