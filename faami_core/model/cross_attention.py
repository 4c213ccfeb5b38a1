"""Shallow cross-attention between regions and words (section 3.3), in an additive form.

    A[l,r] = softmax over r of λ · cos(k_r, q_l)         attention weights
    E[l,r] = ω_l · A[l,r] · cos(v_r, w_l)                evidence
    fine   = Σ_l Σ_r E[l,r]

The additive form is ours; from the paper comes that a shallow cross-attention over multi-scale regions and words
yields the similarity. λ starts at 9, the inverse temperature of SCAN (Lee et al., ECCV 2018).
Attended vectors are never materialised: scoring N images against T tokens is two matrix products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_INITIAL_SHARPNESS = 9.0
_MAX_LOG_SHARPNESS = math.log(100.0)  # beyond it the softmax is one-hot and its gradient vanishes


@dataclass(frozen=True)
class ProjectedRegions:
    """Regions ready for scoring: keys and values [N, R, D], unit length."""

    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class ProjectedTokens:
    """Tokens of M phrases, packed without padding.

    Attributes:
        queries, words: [T, D], unit length.
        weights: [T], ω; sums to 1 over each phrase.
        phrase: [T] int64, which phrase a token belongs to.
        phrases: M.
    """

    queries: Tensor
    words: Tensor
    weights: Tensor
    phrase: Tensor
    phrases: int


class AdditiveCrossAttention(nn.Module):
    """The score as the sum of its evidence.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.query = nn.Linear(width, width, bias=False)
        self.word = nn.Linear(width, width, bias=False)
        self.word_weight = nn.Linear(width, 1, bias=False)  # a bias would shift all logits alike
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(_INITIAL_SHARPNESS)))

    @property
    def sharpness(self) -> Tensor:
        """λ."""
        return self.log_sharpness.clamp(max=_MAX_LOG_SHARPNESS).exp()

    def project_regions(self, regions: Tensor) -> ProjectedRegions:
        """[N, R, D] → keys and values."""
        return ProjectedRegions(
            functional.normalize(self.key(regions), dim=-1), functional.normalize(self.value(regions), dim=-1)
        )

    def project_words(self, words: Tensor, scored: Tensor) -> ProjectedTokens:
        """[M, L, D] and [M, L] bool → packed tokens; padding and special tokens are left out entirely."""
        phrase, position = scored.nonzero(as_tuple=True)
        packed = words[phrase, position]  # [T, D]
        return ProjectedTokens(
            functional.normalize(self.query(packed), dim=-1),
            functional.normalize(self.word(packed), dim=-1),
            word_weights(self.word_weight(words).squeeze(-1), scored)[phrase, position],
            phrase,
            len(words),
        )

    def attention_weights(self, regions: ProjectedRegions, tokens: ProjectedTokens) -> Tensor:
        """A as [T, N, R]; sums to 1 over R."""
        return functional.softmax(self.sharpness * _cosines(tokens.queries, regions.keys), dim=-1)

    def matches(self, regions: ProjectedRegions, tokens: ProjectedTokens) -> Tensor:
        """cos(v_r, w_t) as [T, N, R]."""
        return _cosines(tokens.words, regions.values)

    def evidence(self, regions: ProjectedRegions, tokens: ProjectedTokens) -> Tensor:
        """E as [T, N, R], in [-1, 1]."""
        return tokens.weights[:, None, None] * self.attention_weights(regions, tokens) * self.matches(regions, tokens)

    def fine_scores(self, regions: ProjectedRegions, tokens: ProjectedTokens) -> Tensor:
        """Similarity matrix [N, M]: the evidence of every image for every phrase, summed."""
        token_scores = (self.attention_weights(regions, tokens) * self.matches(regions, tokens)).sum(dim=-1)  # [T, N]
        return sum_over_phrases(token_scores.T * tokens.weights, tokens)


class LayerCrossAttention(nn.Module):
    """One residual cross-attention layer with a feed-forward part, for the ablation of section 4.4.3.

    Words attend to the regions of one image at a time; the phrase's score is the ω-weighted cosine of attended and
    original words. Not additive over regions, therefore without evidence.

    Args:
        width: D.
        heads: Heads of the attention.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.word = nn.Linear(width, width, bias=False)
        self.word_weight = nn.Linear(width, 1, bias=False)  # a bias would shift all logits alike

    def fine_scores(self, regions: Tensor, words: Tensor, scored: Tensor) -> Tensor:
        """[N, R, D], [M, L, D], [M, L] → similarity matrix [N, M]."""
        phrase, position = scored.nonzero(as_tuple=True)
        packed = words[phrase, position]  # [T, D]
        weights = word_weights(self.word_weight(words).squeeze(-1), scored)[phrase, position]  # [T]
        queries = packed.expand(len(regions), -1, -1)  # [N, T, D]
        attended, _ = self.attention(queries, regions, regions, need_weights=False)
        attended = attended + self.feedforward(self.norm(attended))  # [N, T, D]
        match = functional.cosine_similarity(attended, self.word(packed), dim=-1)  # [N, T]
        tokens = ProjectedTokens(packed, packed, weights, phrase, len(words))
        return sum_over_phrases(match * weights, tokens)


def _cosines(tokens: Tensor, regions: Tensor) -> Tensor:
    """[T, D] and [N, R, D], unit length → [T, N, R] in one flat matrix product, regions last for the softmax."""
    count, regions_per_image, width = regions.shape
    return (tokens @ regions.reshape(-1, width).T).view(len(tokens), count, regions_per_image)


def word_weights(logits: Tensor, scored: Tensor) -> Tensor:
    """ω as [M, L] from logits [M, L]; sums to 1 over the scored tokens of a phrase.

    The logits are bounded, so that no word weighs more than e² times another and none can swallow the phrase.
    """
    return functional.softmax(torch.tanh(logits).masked_fill(~scored, -torch.inf), dim=1)


def sum_over_phrases(token_scores: Tensor, tokens: ProjectedTokens) -> Tensor:
    """[N, T] → [N, M], each token added to its phrase."""
    sums = token_scores.new_zeros(token_scores.shape[0], tokens.phrases)
    return sums.index_add(1, tokens.phrase, token_scores)
