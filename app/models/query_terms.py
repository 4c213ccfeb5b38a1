"""What a chip does to the terms of a query: pure functions on frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import copysign
from pathlib import Path

from faami_core.queries import ImageTerm, Query, TextTerm

Term = TextTerm | ImageTerm

RUNGS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # weights that the keys and the wheel step through


def stepped(term: Term, by: int) -> Term:
    """The term one rung heavier (1) or lighter (-1); its sign stays, on the lowest rung it is mute."""
    weight = abs(term.weight)
    if by > 0:
        rung = next((rung for rung in RUNGS if rung > weight), weight)
    else:
        rung = next((rung for rung in reversed(RUNGS) if rung < weight), weight)
    return replace(term, weight=copysign(rung, term.weight))


def negated(term: Term) -> Term:
    """The term on the other side: for becomes against."""
    return replace(term, weight=-term.weight)


def counts_against(term: Term) -> bool:
    """Whether the sign of the term is a minus; a muted term keeps its sign."""
    return copysign(1, term.weight) < 0


def plain(term: Term) -> Term:
    """The term without its weight: what it asks for."""
    return replace(term, weight=1.0)


def moved(terms: Sequence[Term], place: int, to: int) -> tuple[Term, ...]:
    """The terms with the one at ``place`` taken out and put in at ``to``."""
    others = [*terms[:place], *terms[place + 1 :]]
    return (*others[:to], terms[place], *others[to:])


def is_composed(terms: Sequence[Term]) -> bool:
    """Whether there is more to a query than one plain phrase."""
    return len(terms) > 1 or any(isinstance(term, ImageTerm) or term.weight != 1 for term in terms)


def name_of(term: Term) -> str:
    """What a chip says: the phrase, or the name of the file."""
    if isinstance(term, TextTerm):
        return " ".join(term.text.split())
    return term.path.name if term.box is None else f"Region of {term.path.name}"


def located(query: Query, roots: Sequence[Path]) -> Query:
    """The query with ``./a.jpg`` found in the first collection that has it, or else where the program was started."""
    return Query(tuple(located_image(term, roots) if isinstance(term, ImageTerm) else term for term in query.terms))


def located_image(term: ImageTerm, roots: Sequence[Path]) -> ImageTerm:
    """One image of a query, found in the same way."""
    if term.path.is_absolute():
        return term
    places = (root / term.path for root in roots)
    return replace(term, path=next((place for place in places if place.is_file()), term.path))
