"""Does evidence point at the named thing? Measured on made scenes, which carry a pixel mask per word."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch

from faami_core.data.scenes import render_collection
from faami_core.errors import ModelError
from faami_core.evidence.heatmap import grid_to_pixels
from faami_core.evidence.maps import region_density
from faami_core.model.cross_attention import AdditiveCrossAttention
from faami_core.model.weights import Checkpoint
from faami_core.pace import Pace
from faami_core.types import CancelToken, FloatArray, ProgressCallback

HELD_OUT_SEED = 987_001  # no training config draws its scenes from this seed


@dataclass(frozen=True)
class PointingReport:
    """Per-word pointing accuracy: the share of words whose brightest pixel lies inside the mask of the named thing.

    Attributes:
        scenes, words: How many were measured.
        evidence, attention: Accuracy in percent of the evidence and of the raw attention map (both scales).
        chance: What a random pixel reaches, the mean share of the image that masks cover.
    """

    scenes: int
    words: int
    evidence: float
    attention: float
    chance: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 2) for name, value in asdict(self).items()}


@torch.inference_mode()
def pointing_accuracy(
    checkpoint: Checkpoint,
    count: int,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> PointingReport:
    """Measures held-out made scenes; every thing is asked for by the first caption that names it.

    Raises:
        ModelError: if the model has no additive evidence.
    """
    model, tokenizer, alignment = checkpoint.model, checkpoint.tokenizer, checkpoint.model.alignment
    if not isinstance(alignment, AdditiveCrossAttention):
        raise ModelError("This model has no additive evidence, so nothing points.", "Evaluate an additive model.")
    device, grids = model.image_encoder.mean.device, model.config.grid_specs
    found: list[tuple[bool, bool, float]] = []
    pace = Pace("Pointing at named things", count)
    for number, scene in enumerate(render_collection(count, HELD_OUT_SEED, size=model.config.image.image_size)):
        if cancel is not None:
            cancel.raise_if_cancelled()
        regions = alignment.project_regions(
            model.encode_images(torch.from_numpy(scene.pixels[None]).to(device)).regions
        )
        for word, mask in scene.masks.items():
            caption = next(caption for caption in scene.captions if word in caption.split())
            batch = tokenizer([caption])
            moved = batch.to(device)
            texts = model.encode_texts(moved.ids, moved.attended, moved.scored)
            tokens = alignment.project_words(texts.words, texts.scored)
            chosen = batch.word_of_token[0][batch.scored[0]] == batch.words[0].index(word)
            evidence = alignment.evidence(regions, tokens)[chosen, 0].sum(dim=0).cpu().numpy()
            attention = alignment.attention_weights(regions, tokens)[chosen, 0].sum(dim=0).cpu().numpy()
            hits = [_peak_inside(region_density(values, grids), mask) for values in (evidence, attention)]
            found.append((hits[0], hits[1], float(mask.mean())))
        if progress is not None:
            progress(pace.at(number + 1))
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    means = 100 * table.mean(axis=0) if len(table) else np.zeros(3)
    return PointingReport(count, len(table), float(means[0]), float(means[1]), float(means[2]))


def _peak_inside(grid: FloatArray, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bool:
    height, width = mask.shape
    pixels = grid_to_pixels(grid, height, width)
    return bool(mask.reshape(-1)[int(pixels.argmax())])
