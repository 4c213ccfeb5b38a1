"""The whole model: a multi-scale image side, a word side, and the alignment between them.

Zheng et al., "A Fine-Grained Semantic Alignment Method Specific to Aggregate Multi-Scale Information for Cross-Modal
Remote Sensing Image Retrieval", Sensors 2023, 23(20), 8437.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from faami_core.config import ModelConfig
from faami_core.model.calibration import Calibration
from faami_core.model.consistency_enhancement import ConsistencyEnhancement
from faami_core.model.cross_attention import AdditiveCrossAttention, LayerCrossAttention
from faami_core.model.cross_layer_connection import CrossLayerConnection
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.text_encoder import TextEncoder
from faami_core.model.window import Window


@dataclass(frozen=True)
class EncodedImages:
    """regions [N, R, D]; global_features [N, D], unit length."""

    regions: Tensor
    global_features: Tensor

    def take(self, rows: Tensor) -> EncodedImages:
        return EncodedImages(self.regions[rows], self.global_features[rows])

    def split(self, size: int) -> list[EncodedImages]:
        """Blocks of ``size`` rows, the last one maybe smaller."""
        parts = zip(torch.split(self.regions, size), torch.split(self.global_features, size), strict=True)
        return [EncodedImages(*part) for part in parts]


@dataclass(frozen=True)
class EncodedTexts:
    """words [M, L, D]; scored [M, L] bool; global_features [M, D], unit length."""

    words: Tensor
    scored: Tensor
    global_features: Tensor

    def take(self, rows: Tensor) -> EncodedTexts:
        return EncodedTexts(self.words[rows], self.scored[rows], self.global_features[rows])

    def split(self, size: int) -> list[EncodedTexts]:
        """Blocks of ``size`` rows, the last one maybe smaller."""
        columns = (self.words, self.scored, self.global_features)
        parts = zip(*(torch.split(column, size) for column in columns), strict=True)
        return [EncodedTexts(*part) for part in parts]


@dataclass(frozen=True)
class Similarities:
    """Similarity matrices [N, M], rows always images; ``fine_scores`` is None with ``interaction="none"``."""

    global_scores: Tensor
    fine_scores: Tensor | None

    def combined(self, global_share: float) -> Tensor:
        """β · global + (1-β) · fine."""
        if self.fine_scores is None:
            return self.global_scores
        return global_share * self.global_scores + (1 - global_share) * self.fine_scores


class Faami(nn.Module):
    """Put together by ``build.build_model``; parts come from outside.

    Args:
        config: Shapes.
        image_encoder: Pixels → taps.
        connection: Taps → scales.
        enhancement: Scales → regions.
        text_encoder: Phrases → words.
        alignment: Regions × words → fine scores; None for ``interaction="none"``.
    """

    def __init__(
        self,
        config: ModelConfig,
        image_encoder: ImageEncoder,
        connection: CrossLayerConnection,
        enhancement: ConsistencyEnhancement,
        text_encoder: TextEncoder,
        alignment: AdditiveCrossAttention | LayerCrossAttention | None,
    ) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = image_encoder
        self.connection = connection
        self.enhancement = enhancement
        self.text_encoder = text_encoder
        self.alignment = alignment
        self.calibration: Calibration | None = None
        if config.calibration.bank:
            self.calibration = Calibration(config.calibration, config.width)
        self.global_projection = nn.Linear(len(config.grids) * config.width, config.width)

    def encode_taps(self, taps: list[Tensor], window: Window | None = None) -> EncodedImages:
        """Taps of the backbone → regions and the image as a whole. Taps may come from a feature cache."""
        parts = None if window is None else window.regions(self.config.grid_specs)
        inside = None if parts is None else torch.cat(parts).to(taps[0].device)
        regions = self.enhancement(self.connection(taps), inside)  # [B, R, D]
        sizes = [grid.regions for grid in self.config.grid_specs] if parts is None else [len(part) for part in parts]
        means = torch.cat([part.mean(dim=1) for part in regions.split(sizes, dim=1)], dim=-1)  # [B, S·D]
        return EncodedImages(regions, functional.normalize(self.global_projection(means), dim=-1))

    def encode_images(self, images: Tensor) -> EncodedImages:
        """[B, H, W, 3] uint8 → regions and the image as a whole."""
        return self.encode_taps(self.image_encoder(images))

    def encode_states(self, states: Tensor, attended: Tensor, scored: Tensor) -> EncodedTexts:
        """Last hidden states of the text encoder → words and the phrase as a whole."""
        words, whole = self.text_encoder.project(states, attended)
        return EncodedTexts(words, scored, functional.normalize(whole, dim=-1))

    def encode_texts(self, ids: Tensor, attended: Tensor, scored: Tensor) -> EncodedTexts:
        """[M, L] ids and masks → words and the phrase as a whole."""
        return self.encode_states(self.text_encoder.hidden_states(ids, attended), attended, scored)

    def similarities(self, images: EncodedImages, texts: EncodedTexts) -> Similarities:
        """Every image against every text."""
        global_scores = images.global_features @ texts.global_features.T  # [N, M]
        fine_scores: Tensor | None = None
        if isinstance(self.alignment, AdditiveCrossAttention):
            regions = self.alignment.project_regions(images.regions)
            fine_scores = self.alignment.fine_scores(regions, self.alignment.project_words(texts.words, texts.scored))
        elif isinstance(self.alignment, LayerCrossAttention):
            fine_scores = self.alignment.fine_scores(images.regions, texts.words, texts.scored)
        return Similarities(global_scores, fine_scores)
