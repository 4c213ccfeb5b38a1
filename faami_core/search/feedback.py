"""Marked images move the query: towards the wanted, away from the unwanted, and onto the words that tell them apart.

Rocchio's rule (1971) on the global features; in the evidence every word gains or loses weight by how much more it is
seen in wanted than in unwanted images, within its term, so that the weights of a term still sum to its share. The
moved query is scored like any other: every score stays the sum of its evidence. Settings measured on RSICD's
validation images, see ``feedback_curve``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from faami_core.indexing.feature_store import Gallery
from faami_core.queries import Feedback
from faami_core.search.alignment import IMAGE_BLOCK, by_token
from faami_core.search.query import EncodedQuery, EncodedTerm
from faami_core.types import FeatureEncoder, FloatArray

_TOWARDS_WANTED = 1.0
_FROM_UNWANTED = 0.5
_WORD_CONTRAST = 20.0  # a word 0.05 stronger in wanted images weighs e times as much
_MAX_EXPONENT = 5.0

Indices = npt.NDArray[np.intp]


def moved_query(query: EncodedQuery, feedback: Feedback, gallery: Gallery, encoder: FeatureEncoder) -> EncodedQuery:
    """The query as the marks move it; marked images that are not in the gallery are passed over.

    Args:
        query: As asked.
        feedback: Ids of marked images.
        gallery: Where they are.
        encoder: Tells how strongly each word is seen in them.
    """
    wanted, unwanted = _places(gallery, feedback.wanted), _places(gallery, feedback.unwanted)
    if not len(wanted) and not len(unwanted):
        return query
    length = float(np.linalg.norm(query.direction)) or 1.0  # terms may cancel out
    direction = _unit(query.direction)
    if len(wanted):
        direction = direction + _TOWARDS_WANTED * _centre(gallery, wanted)
    if len(unwanted):
        direction = direction - _FROM_UNWANTED * _centre(gallery, unwanted)
    terms = query.terms
    if len(wanted) and len(unwanted):
        seen_wanted = _strengths(gallery, encoder, query, wanted)
        seen_unwanted = _strengths(gallery, encoder, query, unwanted)
        terms = tuple(
            _reweighted(term, more - less)
            for term, more, less in zip(query.terms, seen_wanted, seen_unwanted, strict=True)
        )
    return EncodedQuery(terms, np.asarray(length * _unit(direction), dtype=np.float32))


def _places(gallery: Gallery, ids: tuple[int, ...]) -> Indices:
    return np.flatnonzero(np.isin(gallery.item_ids, np.array(ids, dtype=np.int64)))


def _centre(gallery: Gallery, places: Indices) -> FloatArray:
    return _unit(gallery.global_features[places].mean(axis=0, dtype=np.float32))


def _strengths(gallery: Gallery, encoder: FeatureEncoder, query: EncodedQuery, places: Indices) -> list[FloatArray]:
    """Per term, [T] mean strength of each token (evidence freed from its weight) over images."""
    found = [np.zeros(len(term.features.weights), dtype=np.float32) for term in query.terms]
    for begin in range(0, len(places), IMAGE_BLOCK):
        rows = gallery.gather(places[begin : begin + IMAGE_BLOCK])
        for number, term in enumerate(query.terms):
            evidence, _ = encoder.align(by_token(term.features), *rows)
            found[number] += evidence.sum(axis=(0, 2)) / np.float32(len(places))
    return [
        np.asarray(sums / np.maximum(term.features.weights, np.float32(1e-12)))
        for sums, term in zip(found, query.terms, strict=True)
    ]


def _reweighted(term: EncodedTerm, contrast: FloatArray) -> EncodedTerm:
    """Tokens seen more in wanted images weigh more; in a term that counts against, tokens seen less do."""
    features = term.features
    exponent = np.clip(_WORD_CONTRAST * np.sign(term.share) * contrast, -_MAX_EXPONENT, _MAX_EXPONENT)
    weights = features.weights * np.exp(exponent, dtype=np.float32)
    weights *= features.weights.sum() / max(float(weights.sum()), 1e-12)
    shares = np.bincount(features.word_of_token, weights, minlength=len(features.words))
    words = tuple(replace(word, weight=float(share)) for word, share in zip(features.words, shares, strict=True))
    return replace(term, features=replace(features, weights=weights.astype(np.float32), words=words))


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)
