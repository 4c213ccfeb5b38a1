"""Score calibration against training samples: what matches everything is taken down a little.

Some captions ("many green trees are around") score well with every image, some images with every caption. How popular
one is, is told by its global similarities to a bank of *training* captions or images, so that nothing is learned from
the queries that are being answered. After the inverted softmax (Smith et al., ICLR 2017) and QB-Norm (Bogolin et al.,
CVPR 2022); a share of the softened maximum, fitted on val, is ours.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from faami_core.config import CalibrationConfig


class Calibration(nn.Module):
    """The bank: unit-length global features of training images and captions, [bank, D] each.

    Args:
        config: Temperatures and shares; mutable, since they are fitted after training.
        width: D.
    """

    images: Tensor
    texts: Tensor

    def __init__(self, config: CalibrationConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("images", torch.zeros(config.bank, width))
        self.register_buffer("texts", torch.zeros(config.bank, width))

    def image_popularity(self, global_features: Tensor) -> Tensor:
        """What is taken off the scores of images [N, D] → [N]."""
        return self.config.image_share * popularity(global_features, self.texts, self.config.image_temperature)

    def text_popularity(self, global_features: Tensor) -> Tensor:
        """What is taken off the scores of captions [M, D] → [M]."""
        return self.config.text_share * popularity(global_features, self.images, self.config.text_temperature)


def popularity(features: Tensor, bank: Tensor, temperature: float) -> Tensor:
    """Softened maximum of the cosines of features [N, D] with a bank [B, D], → [N]; 0 for an empty bank."""
    if not len(bank):
        return features.new_zeros(len(features))
    cosines = features @ functional.normalize(bank, dim=-1).T
    return temperature * (torch.logsumexp(cosines / temperature, dim=1) - math.log(len(bank)))
