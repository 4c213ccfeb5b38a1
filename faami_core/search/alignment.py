"""An encoded query against a block of images: evidence and attention over the words of all its terms."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from faami_core.search.query import EncodedQuery, EncodedTerm
from faami_core.types import FeatureEncoder, FloatArray, QueryFeatures, QueryWord

IMAGE_BLOCK = 64  # images; 16 MB of regions as float32, which stays near the processor's cache

RegionRows = tuple[npt.NDArray[np.int8], FloatArray, FloatArray]


@dataclass(frozen=True)
class Alignment:
    """k images aligned with the L words of a query.

    Attributes:
        evidence: [k, L, R] float32, scaled by the terms' shares: its sum is the fine score.
        attention: [k, L, R] float32.
        matched_tokens: [k, L] int; for the word of a query image, its region that found most; -1 for text.
    """

    evidence: FloatArray
    attention: FloatArray
    matched_tokens: npt.NDArray[np.int64]


def align_query(encoder: FeatureEncoder, query: EncodedQuery, rows: RegionRows) -> Alignment:
    """Aligns all terms; ``rows`` as ``Gallery.gather`` gives them. Memory grows with k, so give blocks."""
    parts = [_align_term(encoder, term, rows) for term in query.terms]
    if len(parts) == 1 and query.terms[0].share == 1:
        return parts[0]
    scaled = [np.float32(term.share) * part.evidence for term, part in zip(query.terms, parts, strict=True)]
    return Alignment(
        np.concatenate(scaled, axis=1),
        np.concatenate([part.attention for part in parts], axis=1),
        np.concatenate([part.matched_tokens for part in parts], axis=1),
    )


def by_token(features: QueryFeatures) -> QueryFeatures:
    """The same term with every token as a word of its own: alignment then tells what each of them found."""
    return replace(
        features,
        words=tuple(QueryWord(str(number), float(weight)) for number, weight in enumerate(features.weights)),
        word_of_token=np.arange(len(features.weights)),
    )


def _align_term(encoder: FeatureEncoder, term: EncodedTerm, rows: RegionRows) -> Alignment:
    features = term.features
    if not term.regions:
        evidence, attention = encoder.align(features, *rows)
        return Alignment(evidence, attention, np.full(evidence.shape[:2], -1, dtype=np.int64))
    evidence, attention = encoder.align(by_token(features), *rows)
    return Alignment(
        evidence.sum(axis=1, keepdims=True),
        np.einsum("ktr,t->kr", attention, features.weights)[:, None].astype(np.float32),
        evidence.sum(axis=2).argmax(axis=1)[:, None],
    )
