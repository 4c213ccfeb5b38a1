"""Cross-layer feature connection: feature maps of several layers → the multi-scale representation (section 3.2).

The paper's text is not available to us; that layers are pooled, never upsampled, onto each scale's grid is ours.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from faami_core.errors import ModelError

_NORM_GROUPS = 8  # groups of channels normalised together; independent of batch and of grid size


class CrossLayerConnection(nn.Module):
    """Brings every layer to width D and onto the grid of each scale that is not finer than the layer itself.

    Args:
        channels: Channels of each tap.
        sides: Grid side of each tap.
        width: D.
        grids: Side of each scale's grid, finest first.

    Raises:
        ModelError: if a scale is finer than every layer.
    """

    def __init__(self, channels: tuple[int, ...], sides: tuple[int, ...], width: int, grids: tuple[int, ...]) -> None:
        super().__init__()
        self.grids, self.sides = grids, sides
        self.sources = [[tap for tap, side in enumerate(sides) if side >= grid] for grid in grids]
        if not all(self.sources):
            raise ModelError(
                f"No layer of the image backbone is as fine as a grid of {max(grids)}×{max(grids)} regions.",
                "Use a coarser grid, a smaller stride or a larger image.",
            )
        self.projections = nn.ModuleList(
            nn.ModuleList(
                nn.Sequential(nn.Conv2d(channels[tap], width, 1), nn.GroupNorm(_NORM_GROUPS, width), nn.GELU())
                for tap in taps
            )
            for taps in self.sources
        )

    @property
    def layers_per_scale(self) -> list[int]:
        return [len(taps) for taps in self.sources]

    def forward(self, taps: list[Tensor]) -> list[list[Tensor]]:
        """Taps [B, C, H, W] → per scale, per layer: [B, D, grid, grid]; smaller in proportion for smaller taps."""
        scales = []
        for grid, sources, projections in zip(self.grids, self.sources, self.projections, strict=True):
            layers = []
            for tap, project in zip(sources, cast("nn.ModuleList", projections), strict=True):
                cells = grid * taps[tap].shape[-1] // self.sides[tap]
                pooled = (
                    functional.adaptive_avg_pool2d(taps[tap], cells) if taps[tap].shape[-1] > cells else taps[tap]
                )
                layers.append(project(pooled))  # [B, C, grid, grid] -> [B, D, grid, grid]
            scales.append(layers)
        return scales
