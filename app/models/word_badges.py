"""Per-word badges of a result: matched, weak or missing."""

from __future__ import annotations

from dataclasses import dataclass

from faami_core.types import Hit, Match, SearchResult


@dataclass(frozen=True)
class WordBadge:
    """One word of the query in one image.

    Attributes:
        word: Index in the result's words.
        text: As typed.
        match: How well the word is seen, by the rule that the export uses, too.
        adds: What it adds to the score: its evidence as bars, files and the command line tell it.
        lit: Whether this is the word that is lit up.
    """

    word: int
    text: str
    match: Match
    adds: float
    lit: bool


class BadgeMaker:
    """Badges for the hits of one result set, made on demand.

    Words are listed heaviest first, so that a narrow cell shows the words that decide; words whose share of the
    score is below a tenth of the heaviest ("a", "the", "beside") get no badge.
    """

    def __init__(self, result: SearchResult) -> None:
        self._all_words = result.words
        self._fine_share = 1 - result.global_share
        weights = [abs(word.weight) for word in result.words]
        heaviest = max(weights, default=0.0)
        order = sorted(range(len(weights)), key=lambda word: (-weights[word], word))
        self._words = tuple(word for word in order if weights[word] >= heaviest / 10)

    def of(self, hit: Hit, lit: int | None = None) -> tuple[WordBadge, ...]:
        """Badges of a hit; a lit word comes first, and however light it is."""
        evidence, words = hit.word_evidence, self._all_words
        shown = self._words if lit is None else (lit, *(word for word in self._words if word != lit))
        return tuple(
            WordBadge(
                word,
                words[word].text,
                words[word].match(evidence[word]),
                self._fine_share * evidence[word],
                word == lit,
            )
            for word in shown
        )
