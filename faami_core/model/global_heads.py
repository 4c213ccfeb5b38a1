"""The feature of a whole image or phrase, from several small networks side by side.

Each head has a start and a dropout of its own and learns by its own loss, so that they err in different places; what
they say together is steadier than what one of their joint size says. The paper's text on its global feature is not
available to us; the heads are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_HIDDEN = 256
_DROPOUT = 0.1


class GlobalHeads(nn.Module):
    """[B, inputs] → [B, D]; the cosine of two such features is the mean of the cosines of their heads.

    Args:
        inputs: Channels that come in.
        width: D, shared evenly by the heads.
        heads: How many.
    """

    def __init__(self, inputs: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(inputs),
                nn.Dropout(_DROPOUT),
                nn.Linear(inputs, _HIDDEN),
                nn.GELU(),
                nn.Dropout(_DROPOUT),
                nn.Linear(_HIDDEN, width // heads),
            )
            for _ in range(heads)
        )

    def forward(self, whole: Tensor) -> Tensor:
        return torch.cat([functional.normalize(head(whole), dim=-1) for head in self.heads], dim=-1)


def global_projection(inputs: int, width: int, heads: int) -> GlobalHeads | nn.Linear:
    """One linear projection where no heads are wanted."""
    return GlobalHeads(inputs, width, heads) if heads else nn.Linear(inputs, width)
