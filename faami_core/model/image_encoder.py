"""Image encoder: pixels → feature maps of several layers (section 3.1).

Shape letters: B batch, C channels, H W grid.
"""

from __future__ import annotations

from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from faami_core.config import ImageEncoderConfig
from faami_core.errors import ModelError


class ImageEncoder(nn.Module):
    """A timm backbone tapped at several strides.

    Every tap is average-pooled to at most ``finest`` × ``finest`` cells: pooling commutes with the 1×1 convolutions
    that follow, so it costs nothing in accuracy and makes later layers, and cached features, smaller.

    Args:
        config: Backbone, strides and normalisation.
        finest: Side of the finest region grid.

    Raises:
        ModelError: if timm does not know the backbone or it lacks one of the strides.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: ImageEncoderConfig, finest: int) -> None:
        super().__init__()
        if not timm.is_model(config.backbone):  # which is also how timm is asked to download something
            raise ModelError(
                f"The image backbone {config.backbone!r} is not known.", "Name a model that timm brings along."
            )
        try:
            backbone: Any = timm.create_model(config.backbone, features_only=True, pretrained=False)
        except Exception as error:  # timm raises RuntimeError, AttributeError or TypeError, by backbone family
            raise ModelError(
                f"The image backbone {config.backbone!r} cannot be built ({error}).",
                "Name a timm model that supports features_only.",
            ) from error
        reductions = list(backbone.feature_info.reduction())
        missing = [stride for stride in config.strides if stride not in reductions]
        if missing:
            raise ModelError(
                f"The image backbone {config.backbone!r} has no layer of stride {missing[0]}.",
                f"It has {', '.join(map(str, reductions))}.",
            )
        self.backbone: nn.Module = backbone
        self.layers = tuple(reductions.index(stride) for stride in config.strides)
        self.channels = tuple(int(backbone.feature_info.channels()[layer]) for layer in self.layers)
        self.sides = tuple(min(finest, config.image_size // stride) for stride in config.strides)
        self.image_size = config.image_size
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1), persistent=False)

    def normalise(self, images: Tensor) -> Tensor:
        """[B, H, W, 3] RGB in 0 … 255 → [B, 3, H, W] float, in the range the backbone was trained with."""
        scaled = images.permute(0, 3, 1, 2).to(self.mean.dtype) / 255.0
        return (scaled - self.mean) / self.std

    def forward(self, images: Tensor) -> list[Tensor]:
        """[B, H, W, 3] in 0 … 255 → one [B, C, side, side] map per tap, in the order of the strides.

        Images smaller than ``image_size`` (windows of a full one) give maps that are smaller in proportion.
        """
        features = self.backbone(self.normalise(images).contiguous(memory_format=torch.channels_last))
        taps = []
        for layer, channels, full_side in zip(self.layers, self.channels, self.sides, strict=True):
            side = full_side * images.shape[1] // self.image_size
            # Swin-like backbones put channels last.
            tap = features[layer] if features[layer].shape[1] == channels else features[layer].permute(0, 3, 1, 2)
            taps.append(functional.adaptive_avg_pool2d(tap, side) if tap.shape[-1] > side else tap)
        return taps
