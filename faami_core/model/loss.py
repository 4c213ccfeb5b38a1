"""Losses: retrieval over a similarity matrix, and evidence that must lie where the thing is.

Similarity matrices have images as rows and texts as columns.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(logits: Tensor, positives: Tensor) -> Tensor:
    """InfoNCE both ways with several positives a row (and a column).

    Args:
        logits: [N, M] similarities times an inverse temperature.
        positives: [N, M] bool; identical captions are positives of each other's images. Rows and columns without a
            positive are left out.

    Returns:
        Scalar: mean negative log of the softmax mass on the positives, averaged over both directions.
    """
    return 0.5 * (one_way_contrastive_loss(logits, positives) + one_way_contrastive_loss(logits.T, positives.T))


def one_way_contrastive_loss(logits: Tensor, positives: Tensor) -> Tensor:
    """InfoNCE from rows to columns only, e.g. where columns of a queue of past samples are appended."""
    kept = positives.any(dim=1)
    scores = functional.log_softmax(logits[kept], dim=1).masked_fill(~positives[kept], -torch.inf)
    return -torch.logsumexp(scores, dim=1).mean()


def ranking_loss(similarities: Tensor, positives: Tensor, margin: float, *, hardest: bool = False) -> Tensor:
    """Hinge ranking loss with a margin (section 3.4; VSE++, Faghri et al., BMVC 2018), both ways.

    Args:
        similarities: [N, M] cosines or scores; entry (i, i) belongs together.
        positives: [N, M] bool; never counted as negatives.
        margin: By which a positive must beat a negative.
        hardest: Only the hardest negative in the batch instead of the mean over all.
    """
    own = similarities.diagonal()
    losses = []
    for matrix, target in ((similarities, positives), (similarities.T, positives.T)):
        hinge = functional.relu(margin + matrix - own[:, None]).masked_fill(target, 0.0)
        losses.append(hinge.amax(dim=1).mean() if hardest else hinge.sum(dim=1).mean())
    return torch.stack(losses).mean()


def cell_loss(cell_evidence: Tensor, cells: Tensor, sharpness: float) -> Tensor:
    """A phrase's evidence must lie in its own cell of a mosaic.

    Args:
        cell_evidence: [P, C] evidence of each phrase summed over the regions of each cell.
        cells: [P] int64, the cell a phrase belongs to.
        sharpness: Turns evidence into logits; evidence is at most 1 in all.
    """
    return functional.cross_entropy(sharpness * cell_evidence, cells)


def mask_loss(attention: Tensor, matches: Tensor, coverage: Tensor, sharpness: float) -> Tensor:
    """A word's attention and its evidence must lie in its mask, and its regions must match inside and not outside.

    Args:
        attention: [P, R], sums to 1.
        matches: [P, R] cosines of word and region.
        coverage: [P, R] in [0, 1], share of each region covered by the thing; all 0 where the thing is absent.
        sharpness: Turns cosines into logits.
    """
    present = coverage.amax(dim=1) > 0
    pointing = attention.sum() * 0.0
    if bool(present.any()):
        evidence = attention * matches.clamp_min(0.0)  # what a heatmap shows
        for light in (attention, evidence / evidence.sum(dim=1, keepdim=True).clamp_min(1e-6)):
            inside = (light * coverage).sum(dim=1)[present]
            pointing = pointing - 0.5 * torch.log(inside.clamp_min(1e-4)).mean()
    # The regions that show most of a thing say yes, even where it is smaller than a region.
    shown = coverage / coverage.amax(dim=1, keepdim=True).clamp_min(1e-6)
    cross_entropy = functional.binary_cross_entropy_with_logits(sharpness * matches, shown, reduction="none")
    # Inside and outside count the same, however small the thing is.
    inside_share = shown / shown.sum(dim=1, keepdim=True).clamp_min(1.0)
    outside_share = (1 - shown) / (1 - shown).sum(dim=1, keepdim=True).clamp_min(1.0)
    matching = (cross_entropy * (inside_share + outside_share)).sum(dim=1).mean()
    return pointing + matching
