"""What a run trains: heads always, encoders when they have a learning rate; and the rate of every parameter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from faami_core.config import TrainingConfig
from faami_core.model.faami import Faami

_EMPTY = -1
_LAYER = re.compile(r"(?:^|\.)layer\.(\d+)\.")


class Trained(nn.Module):
    """The parts of a model that a run changes, the temperatures of its losses, its queue and its class scores.

    Args:
        model: Encoders that stay frozen are not registered here, so that state and gradients leave them out.
        config: Of the run.
        classes: How many scene classes the training images have.

    Attributes:
        queue_images, queue_texts: [Q, D] global features of past images and captions, pair by pair.
        queue_examples: [Q] number of the training image, -1 where the queue is still empty.
        queue_captions: [Q] number of the caption.
    """

    queue_images: Tensor
    queue_texts: Tensor
    queue_examples: Tensor
    queue_captions: Tensor

    def __init__(self, model: Faami, config: TrainingConfig, classes: int) -> None:
        super().__init__()
        self._config = config
        self.connection = model.connection
        self.enhancement = model.enhancement
        self.global_projection = model.global_projection
        self.word_projection = model.text_encoder.word_projection
        self.word_norm = model.text_encoder.word_norm
        self.text_global_projection = model.text_encoder.global_projection
        if model.alignment is not None:
            self.alignment = model.alignment
        if config.image_learning_rate > 0:
            self.image_encoder = model.image_encoder.backbone
            _freeze(self.image_encoder, config.image_frozen)
        if config.text_learning_rate > 0:
            self.text_encoder = model.text_encoder.bert
            _freeze(self.text_encoder, config.text_frozen)
        self.log_temperatures = nn.Parameter(torch.full((2,), float(np.log(config.temperature))))
        if config.class_weight > 0 and classes:
            self.class_scores = nn.Linear(model.config.width, classes)
        width = model.config.width
        self.register_buffer("queue_images", torch.zeros(config.queue, width))
        self.register_buffer("queue_texts", torch.zeros(config.queue, width))
        self.register_buffer("queue_examples", torch.full((config.queue,), _EMPTY))
        self.register_buffer("queue_captions", torch.full((config.queue,), _EMPTY))

    def trained_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters that learn."""
        return ((name, value) for name, value in self.named_parameters() if value.requires_grad)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Groups for AdamW; ``rate`` is the peak learning rate. Vectors are not decayed."""
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, value in self.trained_parameters():
            decay = self._config.weight_decay if value.ndim >= 2 else 0.0
            groups.setdefault((self._rate(name), decay), []).append(value)
        return [
            {"params": values, "lr": rate, "rate": rate, "weight_decay": decay}
            for (rate, decay), values in groups.items()
        ]

    def enqueue(self, images: Tensor, texts: Tensor, examples: Tensor, captions: Tensor) -> None:
        """Puts a batch [B, D], [B, D], [B], [B] at the front of the queue; the oldest entries leave."""
        for queue, new in (
            (self.queue_images, images), (self.queue_texts, texts),
            (self.queue_examples, examples), (self.queue_captions, captions),
        ):  # fmt: skip
            queue.copy_(torch.cat([new.detach().to(queue.dtype), queue])[: len(queue)])

    def _rate(self, name: str) -> float:
        config = self._config
        if name.startswith("image_encoder."):
            return config.image_learning_rate
        if name.startswith("text_encoder."):
            layers: int = self.text_encoder.config.num_hidden_layers
            found = _LAYER.search(name)
            depth = layers - 1 - int(found.group(1)) if found else layers
            return config.text_learning_rate * config.text_layer_decay**depth
        return config.learning_rate


def _freeze(encoder: nn.Module, prefixes: tuple[str, ...]) -> None:
    for name, value in encoder.named_parameters():
        value.requires_grad_(not name.startswith(prefixes) if prefixes else True)
