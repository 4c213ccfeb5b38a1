"""Retrieval losses of a step: which captions fit which images, in the batch and in the queue of past ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from faami_core.config import TrainingConfig
from faami_core.data.captions import CaptionedImage
from faami_core.model.faami import EncodedImages, EncodedTexts, Faami
from faami_core.model.loss import contrastive_loss, one_way_contrastive_loss, ranking_loss
from faami_core.training.preparation import TrainingData
from faami_core.training.trained import Trained

_NO_CAPTION = -2  # pads lists of captions; differs from what marks an empty place in the queue
_CLASS_SHARPNESS = 10.0  # global features have length 1


@dataclass(frozen=True)
class RetrievalBatch:
    """Train images, then scenes, with C captions each.

    Attributes:
        examples: [B] numbers of train images; ``views`` [B] of their views.
        scenes: [S] numbers of made scenes.
        captions: [C · (B + S)], one of each image, then another one of each.
        positives: [B + S, C · (B + S)] bool, rows images: which captions fit which images.
    """

    examples: npt.NDArray[np.int64]
    views: npt.NDArray[np.int64]
    scenes: npt.NDArray[np.int64]
    captions: list[str]
    positives: Tensor


class RetrievalObjective:
    """Draws batches and compares them.

    Args:
        config: Of the run.
        data: Of the run.
        trained: Temperatures, class scores and queue.
        device: Where losses are computed.
    """

    def __init__(self, config: TrainingConfig, data: TrainingData, trained: Trained, device: torch.device) -> None:
        self._config, self._data, self._trained, self._device = config, data, trained, device
        self._caption_number, own = number_captions(data.train)
        self._own_captions = torch.from_numpy(own).to(device)  # [N, most captions of an image]
        self._classes = torch.from_numpy(number_classes(data.train)).to(device)  # [N]

    def draw(self, order: npt.NDArray[np.int64], generator: np.random.Generator) -> RetrievalBatch:
        """A batch of the examples in ``order``, with a random view and caption of each, and random scenes."""
        data = self._data
        views = generator.integers(data.views, size=len(order))
        count = min(self._config.scene_batch, len(data.scenes))
        scenes = generator.choice(len(data.scenes), size=count, replace=False) if count else np.empty(0, np.int64)
        own = [data.train[int(index)].captions for index in order]
        own += [data.scenes.captions[int(index)] for index in scenes]
        captions = [
            options[int(generator.integers(len(options)))]
            for _ in range(self._config.captions_per_image)
            for options in own
        ]
        # Identical sentences are positives of each other's images; so is any caption that an image also carries.
        positives = torch.tensor([[caption in known for caption in captions] for known in map(set, own)])
        return RetrievalBatch(order, views, scenes, captions, positives.to(self._device))

    def losses(
        self, model: Faami, batch: RetrievalBatch, images: EncodedImages, texts: EncodedTexts
    ) -> dict[str, Tensor]:
        """Of the whole batch on global features, of blocks of it on words and regions."""
        sharpness = torch.exp(-self._trained.log_temperatures).clamp(max=100.0)
        losses = {"global": self._global_loss(batch, images, texts, sharpness[0])}
        fine, margin = [], []
        order = torch.randperm(len(batch.positives)).to(self._device)
        size = self._config.fine_batch
        blocks = zip(
            torch.split(order, size), images.take(order).split(size), texts.take(order).split(size), strict=True
        )
        for numbers, some_images, some_texts in blocks:
            similarities = model.similarities(some_images, some_texts)
            own = batch.positives[numbers][:, numbers]
            if similarities.fine_scores is not None:
                fine.append(contrastive_loss(sharpness[1] * similarities.fine_scores, own))
            if self._config.margin_weight > 0:
                combined = similarities.combined(model.config.global_share)
                margin.append(ranking_loss(combined, own, self._config.margin, hardest=self._config.hardest_negative))
        if fine:
            losses["fine"] = torch.stack(fine).mean()
        losses = {name: self._config.contrastive_weight * value for name, value in losses.items()}
        if margin:
            losses["margin"] = self._config.margin_weight * torch.stack(margin).mean()
        return losses | self._class_loss(batch, images)

    def _global_loss(
        self, batch: RetrievalBatch, images: EncodedImages, texts: EncodedTexts, sharpness: Tensor
    ) -> Tensor:
        whole = images.global_features @ texts.global_features.T  # [N, N]
        trained = self._trained
        if not len(trained.queue_examples):
            return contrastive_loss(sharpness * whole, batch.positives)
        numbers = torch.tensor([self._caption_number.get(caption, _NO_CAPTION - 1) for caption in batch.captions])
        numbers = numbers.to(self._device)
        examples = torch.from_numpy(batch.examples).to(self._device)
        own = functional.pad(self._own_captions[examples], (0, 0, 0, len(batch.scenes)), value=_NO_CAPTION)  # [N, 5]
        filled = trained.queue_examples >= 0
        of_queue = self._own_captions[trained.queue_examples[filled]]  # [Q, 5]
        past_texts = images.global_features @ trained.queue_texts[filled].T
        past_images = texts.global_features @ trained.queue_images[filled].T
        fits_image = (own[:, None, :] == trained.queue_captions[filled][None, :, None]).any(dim=-1)  # [N, Q]
        fits_text = (numbers[:, None, None] == of_queue[None]).any(dim=-1)  # [N, Q]
        loss = 0.5 * (
            one_way_contrastive_loss(
                sharpness * torch.cat([whole, past_texts], dim=1), torch.cat([batch.positives, fits_image], dim=1)
            )
            + one_way_contrastive_loss(
                sharpness * torch.cat([whole.T, past_images], dim=1), torch.cat([batch.positives.T, fits_text], dim=1)
            )
        )
        count = len(examples)
        trained.enqueue(images.global_features[:count], texts.global_features[:count], examples, numbers[:count])
        return loss

    def _class_loss(self, batch: RetrievalBatch, images: EncodedImages) -> dict[str, Tensor]:
        if not hasattr(self._trained, "class_scores"):
            return {}
        targets = self._classes[torch.from_numpy(batch.examples).to(self._device)]
        scores = self._trained.class_scores(_CLASS_SHARPNESS * images.global_features[: len(targets)])
        loss = functional.cross_entropy(scores, targets, ignore_index=-1, reduction="sum")
        return {"class": self._config.class_weight * loss / (targets >= 0).sum().clamp_min(1)}


def number_captions(examples: Sequence[CaptionedImage]) -> tuple[dict[str, int], npt.NDArray[np.int64]]:
    """Caption → number, and [N, most] the numbers of each image's captions, padded."""
    number: dict[str, int] = {}
    rows = [[number.setdefault(caption, len(number)) for caption in example.captions] for example in examples]
    own = np.full((len(rows), max(map(len, rows))), _NO_CAPTION, dtype=np.int64)
    for row, numbers in zip(own, rows, strict=True):
        row[: len(numbers)] = numbers
    return number, own


def number_classes(examples: Sequence[CaptionedImage]) -> npt.NDArray[np.int64]:
    """[N] number of each image's scene class, -1 where its name tells none."""
    names = sorted({example.scene_class for example in examples} - {""})
    return np.array([names.index(example.scene_class) if example.scene_class else -1 for example in examples])
