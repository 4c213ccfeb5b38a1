"""Grad-CAM of the global score: where a model without region–word evidence would point.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from faami_core.model.faami import Faami
from faami_core.types import FloatArray


def grad_cam(model: Faami, taps: list[Tensor], phrases: Tensor) -> FloatArray:
    """Channels of the coarsest tap, weighted by the mean gradient of the global score, negative sums cut off.

    Args:
        model: In eval mode.
        taps: Of one image, each [1, C, H, W].
        phrases: [P, D] global features, unit length.

    Returns:
        [P, H, W] float32 ≥ 0 on the grid of the coarsest tap.
    """
    with torch.enable_grad():
        copies = [tap.detach().expand(len(phrases), -1, -1, -1) for tap in taps]  # one copy a phrase
        coarsest = min(range(len(taps)), key=lambda number: taps[number].shape[-1])
        watched = copies[coarsest] = copies[coarsest].clone().requires_grad_()
        score = (model.encode_taps(copies).global_features * phrases).sum()
        (gradient,) = torch.autograd.grad(score, watched)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # [P, C, 1, 1]
    lit = torch.relu((weights * watched.detach()).sum(dim=1))  # [P, H, W]
    return np.asarray(lit.cpu().numpy(), dtype=np.float32)
