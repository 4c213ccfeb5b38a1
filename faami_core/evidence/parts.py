"""A score taken apart: what the whole image and every word add to it, in an image or in one of its regions.

    score = β · cos(global) + Σ_l (1-β) · Σ_r E[l,r]

holds exactly (see ``search.engine``), so every bar on screen is a share of the score, and bars add up.
"""

from __future__ import annotations

import numpy as np

from faami_core.evidence.maps import region_density
from faami_core.explanation import ScoreParts
from faami_core.types import FloatArray, MapKind, ScaleView, SearchResult


def hit_parts(result: SearchResult, hit: int) -> ScoreParts:
    """What a hit's score is made of; the total is the score, up to its rounding to six decimals."""
    share, answer = result.global_share, result.hits[hit]
    return ScoreParts(share * answer.score_global, tuple((1 - share) * value for value in answer.word_evidence))


def region_parts(result: SearchResult, hit: int, scale: ScaleView = "both") -> FloatArray:
    """What each word adds to the score in each region.

    Returns:
        [L, H, W] float32 on the grid on which ``region_density`` lays the scale out; over H and W it sums to what the
        words add on the chosen scale(s). On "both", a fine region has its share of the coarse region around it.
    """
    density = region_density(result.evidence[hit], result.grids, scale)
    return np.asarray(density * np.float32(region_unit(result, scale)), dtype=np.float32)


def region_unit(result: SearchResult, scale: ScaleView = "both", kind: MapKind = "evidence") -> float:
    """What a density of 1 is in one region: what it adds to the score, or its share of the attention."""
    cells = max(grid.regions for grid in result.grids if scale in ("both", grid.scale))
    return (1 - result.global_share if kind == "evidence" else 1.0) / cells
