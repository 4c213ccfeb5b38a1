"""Per-word badges of a result: matched, weak or missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from faami_core.types import SearchResult

SEEN_FROM = 0.25  # share of the image's strongest word; the export's column words_matched has the same border
MATCHED_FROM = 0.5  # share of the word's best evidence in this result set


class Match(StrEnum):
    """How well one word is seen in one image."""

    MATCHED = "matched"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True)
class WordBadge:
    """One word of the query in one image.

    Attributes:
        word: Index in the result's words.
        text: As typed.
        match: Missing words carry none of this image's evidence; weak ones carry some, but far less than in the
            word's best image.
        evidence: The word's evidence in this image.
    """

    word: int
    text: str
    match: Match
    evidence: float


class BadgeMaker:
    """Badges for all hits of one result set, made on demand.

    Words are listed heaviest first, so that a narrow cell shows the words that decide; words whose share of the
    score is below a quarter of the heaviest ("a", "the", "beside") get no badge.
    """

    def __init__(self, result: SearchResult) -> None:
        self._result = result
        evidence = np.array([hit.word_evidence for hit in result.hits], dtype=np.float64)
        evidence = evidence.reshape(len(result.hits), len(result.words))
        self._best = evidence.max(axis=0) if len(result.hits) else np.zeros(len(result.words))
        weights = [abs(word.weight) for word in result.words]
        heaviest = max(weights, default=0.0)
        order = sorted(range(len(weights)), key=lambda word: (-weights[word], word))
        self._words = tuple(word for word in order if weights[word] >= heaviest / 4)

    def of(self, row: int) -> tuple[WordBadge, ...]:
        """Badges of the hit in a row."""
        evidence = self._result.hits[row].word_evidence
        return tuple(
            WordBadge(word, self._result.words[word].text, self._match(word, evidence), evidence[word])
            for word in self._words
        )

    def _match(self, word: int, evidence: tuple[float, ...]) -> Match:
        value = evidence[word]
        if value <= 0 or value < SEEN_FROM * max(evidence) or not self._result.words[word].known:
            return Match.MISSING
        return Match.MATCHED if value >= MATCHED_FROM * float(self._best[word]) else Match.WEAK
