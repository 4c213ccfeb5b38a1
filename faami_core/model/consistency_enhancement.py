"""Feature consistency enhancement network (section 3.2): cascading → channel attention → self-attention.

The three steps correct the different semantic discrimination of the layers. Their order is the paper's (3.2.1, 3.2.2,
3.2.3); widths, normalisation and the embeddings of scale and position are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from faami_core.config import ConsistencyConfig
from faami_core.types import GridSpec


class SecondOrderChannelAttention(nn.Module):
    """Channel attention from global second-order pooling (GSoP, Gao et al., CVPR 2019).

    Channels are rescaled by a gate that sees how they vary together over the positions of the grid. Covariances are
    taken of layer-normalised channels, so that the gate depends on structure and not on brightness.

    Args:
        channels: C.
        covariance_width: d, to which channels are reduced before the d×d covariance.
    """

    def __init__(self, channels: int, covariance_width: int) -> None:
        super().__init__()
        d = covariance_width
        self.reduce = nn.Sequential(nn.Conv2d(channels, d, 1, bias=False), nn.BatchNorm2d(d), nn.ReLU())
        self.rows = nn.Conv2d(
            d, 4 * d, kernel_size=(1, d), groups=d
        )  # each row of the covariance has its own filters
        self.gate = nn.Conv2d(4 * d, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """[B, C, H, W] → same shape, every channel scaled by a gate in (0, 1)."""
        reduced = self.reduce(features).flatten(2)  # [B, C, H, W] -> [B, d, M]
        centred = reduced - reduced.mean(dim=2, keepdim=True)
        covariance = centred @ centred.transpose(1, 2) / reduced.shape[2]  # [B, d, d]
        rows = self.rows(covariance.unsqueeze(2))  # [B, d, 1, d] -> [B, 4d, 1, 1]
        return features * torch.sigmoid(self.gate(torch.relu(rows)))


class ScaleFusion(nn.Module):
    """One scale: cascade of its layers (3.2.1), second-order channel attention (3.2.2), fusion to width D."""

    def __init__(self, layers: int, width: int, config: ConsistencyConfig) -> None:
        super().__init__()
        channels = layers * width
        self.attention: nn.Module = (
            SecondOrderChannelAttention(channels, config.covariance_width)
            if config.channel_attention
            else nn.Identity()
        )
        self.fuse = nn.Conv2d(channels, width, 1)

    def forward(self, layers: list[Tensor]) -> Tensor:
        """Layers [B, D, H, W] each → regions [B, H·W, D]."""
        cascade = torch.cat(layers, dim=1)  # [B, layers·D, H, W]
        fused: Tensor = self.fuse(self.attention(cascade))  # [B, D, H, W]
        return fused.flatten(2).transpose(1, 2)


class ConsistencyEnhancement(nn.Module):
    """All scales together: fused regions meet in Transformer self-attention (3.2.3).

    Args:
        layers_per_scale: How many layers each scale connects.
        width: D.
        grids: The scales.
        config: Widths and depth.
    """

    def __init__(
        self, layers_per_scale: list[int], width: int, grids: tuple[GridSpec, ...], config: ConsistencyConfig
    ) -> None:
        super().__init__()
        self.fusions = nn.ModuleList(ScaleFusion(layers, width, config) for layers in layers_per_scale)
        self.scale_embedding = nn.Parameter(torch.randn(len(grids), width) * 0.02)
        self.position_embedding = nn.Parameter(torch.randn(sum(grid.regions for grid in grids), width) * 0.02)
        self.register_buffer(
            "scale_of_region",
            torch.cat([torch.full((grid.regions,), scale) for scale, grid in enumerate(grids)]),
            persistent=False,
        )
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, config.heads, config.feedforward, config.dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(width)

    scale_of_region: Tensor

    def forward(self, scales: list[list[Tensor]], inside: Tensor | None = None) -> Tensor:
        """Per scale, per layer [B, D, H, W] → regions [B, R, D], scales in order.

        Args:
            scales: From the cross-layer connection.
            inside: Numbers of the regions that the maps hold, [R'] int64, if they are of a window.
        """
        regions = torch.cat([fuse(layers) for fuse, layers in zip(self.fusions, scales, strict=True)], dim=1)
        embedding = self.position_embedding + self.scale_embedding[self.scale_of_region]
        regions = regions + (embedding if inside is None else embedding[inside])
        for layer in self.encoder:
            regions = layer(regions)
        normed: Tensor = self.norm(regions)
        return normed
