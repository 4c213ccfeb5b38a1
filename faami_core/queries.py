"""What is asked: frozen values of a query, its filters and the marks that refine it.

The window, the command line and ``Session`` all speak these types; ``search.query_line`` writes a query as one typed
line and reads it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

MAX_TERMS = 64  # of a query, muted ones included
MAX_CHARACTERS = 2000  # of a phrase: a pasted document is a mistake, not a query


@dataclass(frozen=True)
class PixelBox:
    """A rectangle in pixels of the image as shown (EXIF orientation applied): left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class TextTerm:
    """A phrase of the query; a negative weight counts against, and weight 0 mutes the term."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class ImageTerm:
    """An image of the query, from any folder; weights as in ``TextTerm``.

    Attributes:
        path: The image file.
        weight: Signed weight.
        box: A region drawn on the image, in its pixels as shown; None is the whole image. The part of a box that
            lies outside the image is cut off.
    """

    path: Path
    weight: float = 1.0
    box: PixelBox | None = None


@dataclass(frozen=True)
class Query:
    """What is asked: weighted terms. The score of an image is the mean of the terms' scores by |weight|, signed."""

    terms: tuple[TextTerm | ImageTerm, ...]

    @staticmethod
    def from_text(text: str) -> Query:
        return Query((TextTerm(text),))

    @staticmethod
    def from_image(path: Path) -> Query:
        return Query((ImageTerm(path),))


@dataclass(frozen=True)
class QueryAdvice:
    """What a query does not do although it reads as if it did.

    Attributes:
        message, next_step: A sentence on what is so, and on what does it.
        query: The query that does it, if there is one.
    """

    message: str
    next_step: str
    query: Query | None

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}"


class Mark(StrEnum):
    """The analyst's decision on an image."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNMARKED = "unmarked"


@dataclass(frozen=True)
class Annotation:
    """What the analyst noted on an image; ``tags`` are in alphabetical order, each once."""

    mark: Mark = Mark.UNMARKED
    tags: tuple[str, ...] = ()

    def joined(self, other: Annotation) -> Annotation:
        """This one with the tags of another, and with its mark where there is none."""
        mark = other.mark if self.mark is Mark.UNMARKED else self.mark
        return Annotation(mark, tuple(sorted({*self.tags, *other.tags})))


@dataclass(frozen=True)
class AnnotationChange:
    """What changes in the annotation of an image. Unlike whole annotations, changes of two windows add up.

    Attributes:
        mark: The new mark; None leaves the one that is there.
        added, removed: Tags that are put on and taken off; all others stay.
    """

    mark: Mark | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @staticmethod
    def between(before: Annotation, after: Annotation) -> AnnotationChange:
        """The change that leads from one annotation to another."""
        return AnnotationChange(
            None if after.mark is before.mark else after.mark,
            tuple(sorted({*after.tags} - {*before.tags})),
            tuple(sorted({*before.tags} - {*after.tags})),
        )

    def applied_to(self, annotation: Annotation) -> Annotation:
        """The annotation after the change."""
        tags = ({*annotation.tags} - {*self.removed}) | {*self.added}
        return Annotation(annotation.mark if self.mark is None else self.mark, tuple(sorted(tags)))


@dataclass(frozen=True)
class Filters:
    """Which images may be hits. All conditions must hold; a filter left at its default lets every image pass.

    All but ``min_evidence`` are masks over the whole collection, applied before the shortlist is chosen: the K best
    images *that pass* are re-ranked. A word's evidence is known only after re-ranking, so ``min_evidence`` removes
    hits from the re-ranked ones.

    Attributes:
        folder: Images in this folder or below; relative to the collection, or absolute.
        name: Pattern for the file name, e.g. ``harbour_*.tif`` (``*``, ``?``, ``[abc]``; upper and lower case alike).
        min_side: The shorter side has at least so many pixels.
        max_side: The longer side has at most so many pixels.
        modified_from, modified_to: First and last day (local time) on which the file may have been changed.
        tags: The image carries every one of these.
        marks: The image's mark is one of these; none named lets every mark pass.
        min_evidence: Pairs of a word of the query (upper and lower case alike) and the least that it must add to the
            score, as shown and exported; of a word asked for more than once, the most evident one counts.
    """

    folder: Path | None = None
    name: str = ""
    min_side: int | None = None
    max_side: int | None = None
    modified_from: date | None = None
    modified_to: date | None = None
    tags: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    min_evidence: tuple[tuple[str, float], ...] = ()


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Feedback:
    """Images marked as wanted or unwanted, by their catalog ids: they move the query (see ``search.feedback``)."""

    wanted: tuple[int, ...] = ()
    unwanted: tuple[int, ...] = ()


NO_FEEDBACK = Feedback()
