"""Learning rate over a run."""

from __future__ import annotations

import math


def learning_rate_factor(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over the first share ``warmup`` of the steps, then a half cosine to zero; in (0, 1]."""
    warm = max(1, round(steps * warmup))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
