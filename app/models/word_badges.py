"""Per-word badges of a result: matched, weak or missing."""

from __future__ import annotations

from dataclasses import dataclass

from faami_core.types import Match, SearchResult


@dataclass(frozen=True)
class WordBadge:
    """One word of the query in one image.

    Attributes:
        word: Index in the result's words.
        text: As typed.
        match: How well the word is seen, by the rule that the export uses, too.
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
        weights = [abs(word.weight) for word in result.words]
        heaviest = max(weights, default=0.0)
        order = sorted(range(len(weights)), key=lambda word: (-weights[word], word))
        self._words = tuple(word for word in order if weights[word] >= heaviest / 4)

    def of(self, row: int) -> tuple[WordBadge, ...]:
        """Badges of the hit in a row."""
        evidence = self._result.hits[row].word_evidence
        words = self._result.words
        return tuple(
            WordBadge(word, words[word].text, words[word].match(evidence[word]), evidence[word])
            for word in self._words
        )
