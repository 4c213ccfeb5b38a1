"""Another look at the hits of a search, from evidence that is there: other weights, another order, fewer hits.

It gives a ``SearchResult`` like any other: its evidence adds up to its scores, and an export writes what is seen.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from faami_core.errors import QueryError
from faami_core.types import Hit, Match, QueryWord, SearchResult

_SCORE_DECIMALS = 6  # as the engine rounds, so that equal images still tie


def reweighted(result: SearchResult, factors: Sequence[float]) -> SearchResult:
    """Re-ranks the hits with other weights of the words.

    Weights are made to sum to 1 again, so that evidence and scores stay comparable; with all factors alike nothing
    changes. The likeness of the whole image is that of the whole phrase and stays. Where every factor is 0, it alone
    decides.

    Args:
        result: From a search.
        factors: L numbers, at least 0, by which the words' weights are multiplied.

    Raises:
        QueryError: if there is not one factor for each word, or one is negative or not a number.
    """
    if len(factors) != len(result.words) or not all(0 <= factor < np.inf for factor in factors):
        raise QueryError("The mix does not fit the words of the query.", "Give each word a factor of 0 or more.")
    largest = max(factors, default=0.0) or 1.0
    factors = [factor / largest for factor in factors]  # only ratios count, and tiny ones would round to 0
    before = sum(abs(word.weight) for word in result.words)
    after = sum(abs(word.weight) * factor for word, factor in zip(result.words, factors, strict=True))
    scales = [factor * before / after if after else 0.0 for factor in factors]
    words = tuple(replace(word, weight=word.weight * scale) for word, scale in zip(result.words, scales, strict=True))
    hits = [_reweighted_hit(hit, scales, result.global_share) for hit in result.hits]
    order = sorted(range(len(hits)), key=lambda index: (-hits[index].score, os.fsencode(hits[index].path)))
    evidence = result.evidence * np.asarray(scales, dtype=np.float32)[:, None]
    return picked(replace(result, words=words, hits=tuple(hits), evidence=evidence), order)


def arranged(
    result: SearchResult, *, by_word: int | None = None, only: tuple[int, frozenset[Match]] | None = None
) -> SearchResult:
    """Sorts and filters the hits by one word; their ranks count the new order.

    Args:
        result: From a search, or ``reweighted``.
        by_word: The word whose strength decides, ties by the order before; None keeps the order.
        only: A word, and how it must be seen in a hit to stay; None keeps all.
    """
    kept = list(range(len(result.hits)))
    if only is not None:
        word, wanted = only
        kept = [index for index in kept if _match(result.words[word], result.hits[index], word) in wanted]
    if by_word is not None:
        asked = result.words[by_word]
        kept = sorted(kept, key=lambda index: -asked.strength(result.hits[index].word_evidence[by_word]))
    return picked(result, kept)


def _match(word: QueryWord, hit: Hit, index: int) -> Match:
    return word.match(hit.word_evidence[index])


def _reweighted_hit(hit: Hit, scales: Sequence[float], share: float) -> Hit:
    evidence = tuple(value * scale for value, scale in zip(hit.word_evidence, scales, strict=True))
    fine = sum(evidence)
    score = round(share * hit.score_global + (1 - share) * fine, _SCORE_DECIMALS)
    return replace(hit, score=score, score_fine=fine, word_evidence=evidence)


def picked(result: SearchResult, order: Sequence[int]) -> SearchResult:
    """The hits of ``order``, ranked anew; the first ones in their order keep the ranks that they are shown with."""
    index = np.asarray(order, dtype=np.intp)
    hits = tuple(replace(result.hits[place], rank=rank, file_rank=None) for rank, place in enumerate(order))
    if np.array_equal(index, np.arange(len(index))):
        hits = result.hits[: len(index)]
    return replace(result, hits=hits, evidence=result.evidence[index], attention=result.attention[index])
