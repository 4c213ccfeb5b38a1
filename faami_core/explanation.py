"""Frozen values that explain a score: what it is made of, and what is left of it when the image is changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScoreParts:
    """A score, the share of a region in it, or the difference of two scores, as a sum.

    Attributes:
        whole_image: β · cosine of the global features; 0 for a region, which has none.
        words: L numbers, (1-β) · evidence of each word.
    """

    whole_image: float
    words: tuple[float, ...]

    @property
    def all_words(self) -> float:
        return sum(self.words)

    @property
    def total(self) -> float:
        return self.whole_image + self.all_words

    def __sub__(self, other: ScoreParts) -> ScoreParts:
        pairs = zip(self.words, other.words, strict=True)
        return ScoreParts(self.whole_image - other.whole_image, tuple(mine - others for mine, others in pairs))


@dataclass(frozen=True)
class TrustStep:
    """A changed image, scored again.

    Attributes:
        name: What was done to it, for the screen.
        score: Its score.
        evidence: What the word that is checked adds to the score, as its bar tells; positive where its thing is.
        followed: Share of the evidence that lies on the same things as before, in [0, 1]; None where things were
            hidden.
    """

    name: str
    score: float
    evidence: float
    followed: float | None


@dataclass(frozen=True)
class TrustReport:
    """Whether the score comes from where the heatmap says.

    Attributes:
        word: Index of the word that was checked, None for the whole query.
        hidden: Share of the image that was hidden, in (0, 0.25].
        original: The image as it is.
        steps: The lit region hidden, as much hidden elsewhere, then the image turned and mirrored.
    """

    word: int | None
    hidden: float
    original: TrustStep
    steps: tuple[TrustStep, ...]
