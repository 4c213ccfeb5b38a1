"""A query as one typed line, and back: ``2:storage tanks + ./a.jpg - trees``.

    line     [sign] term (sign term)*         sign: + or - with blanks (or the line's ends) on both sides
    term     [weight:] phrase | image         weight: 2: or 0.5:, not negative; 1 is left out, 0 mutes the term
    phrase   storage tanks                    in quotes where it would read as something else: "roads - no cars"
    image    ./a.jpg  ../a.jpg  /a.jpg  ~/a.jpg  C:\\a.jpg, in quotes likewise: "./red - roof.jpg"
    region   ./a.jpg[x,y,width,height]        pixels of the image as shown; after the quotes: "./a - b.jpg"[0,0,64,64]

Inside quotes a quote is written twice. Only a sign between blanks, a number and colon before a term, a quote or path
at its beginning mean something; anywhere else these characters are plain text ("high-rise", "2 planes", "6\" pipe").
A phrase that looks like a path is written ``text:"./a.jpg"``. For every query that can be asked,
``parse_query(format_query(query)) == query``.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from faami_core.errors import QueryError
from faami_core.queries import ImageTerm, PixelBox, Query, TextTerm

_SIGN = re.compile(r"(?<!\S)[+-](?!\S)")
_BLANKS = re.compile(r"\s*")
_WEIGHT = re.compile(r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?):\s*")
_PATH = re.compile(r"\.{1,2}[/\\]|~?/|[A-Za-z]:[/\\]|\\\\")
_QUOTED = re.compile(r'(text:)?"((?:[^"]|"")*)(")?')
_REGION = re.compile(r"\[\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*,\s*([0-9]+)\s*\]")
_QUOTE_HINT = "Put a phrase or path that contains + or - between blanks in quotes."


def parse_query(line: str) -> Query:
    """Reads a typed line. A line of blanks is the query without terms, which a search refuses.

    Raises:
        QueryError: if the line cannot be read; ``position`` says where.
    """
    terms: list[TextTerm | ImageTerm] = []
    place = _skip_blanks(line, 0)
    sign = _SIGN.match(line, place)
    while sign is not None or (place < len(line) and not terms):
        if sign is not None:
            place = _skip_blanks(line, sign.end())
        factor = -1.0 if sign is not None and sign[0] == "-" else 1.0
        term, place = _read_term(line, place, factor)
        terms.append(term)
        sign = _SIGN.match(line, place)
    if place < len(line):
        raise QueryError("After a closing quote comes +, - or the end of the query.", _QUOTE_HINT, position=place)
    return Query(tuple(terms))


def format_query(query: Query) -> str:
    """The line that ``parse_query`` reads back to an equal query.

    Weights must be finite, and boxes as ``PixelBox`` describes them: no negative number.
    """
    line = ""
    for term in query.terms:
        if math.copysign(1, term.weight) < 0:  # a muted term (-0.0) keeps its sign
            line += " - " if line else "- "
        elif line:
            line += " + "
        line += _weight_text(abs(float(term.weight)))
        line += _phrase(term.text) if isinstance(term, TextTerm) else _image(term)
    return line


def _read_term(line: str, place: int, factor: float) -> tuple[TextTerm | ImageTerm, int]:
    """One term from ``place`` on, and where the next sign must stand (blanks skipped)."""
    weight = factor
    if number := _WEIGHT.match(line, place):
        weight = factor * float(number[1])
        if not math.isfinite(weight):
            raise QueryError(f"The weight {number[1]} is too large.", "Use weights such as 2 or 0.5.", position=place)
        place = number.end()
    if quoted := _QUOTED.match(line, place):
        if quoted[3] is None:
            raise QueryError("A quote is opened but not closed.", 'Write " at the end of it.', position=place)
        content, end = quoted[2].replace('""', '"'), quoted.end()
        if quoted[1] is not None or not _PATH.match(content):
            return TextTerm(content, weight), _skip_blanks(line, end)
        box, end = _read_region(line, end)
        return ImageTerm(_path(content), weight, box), _skip_blanks(line, end)
    following = _SIGN.search(line, place)
    end = following.start() if following else len(line)
    content = line[place:end].rstrip()
    if not content:
        raise QueryError(
            "A term is missing here.", f"Write what is meant, or delete the sign. {_QUOTE_HINT}", position=place
        )
    if not _PATH.match(content):
        return TextTerm(content, weight), end
    box = None
    if content.endswith("]"):
        begin = content.rfind("[")
        box, _ = _read_region(line, place + max(begin, 0))
        if box is None:
            raise QueryError(
                "The region of an image is not four numbers.",
                "Write ./a.jpg[x,y,width,height] in pixels, or put a path that ends with ] in quotes.",
                position=place + max(begin, 0),
            )
        content = content[:begin].rstrip()
    return ImageTerm(_path(content), weight, box), end


def _read_region(line: str, place: int) -> tuple[PixelBox | None, int]:
    """The region that begins at ``place``, if any, and where it ends."""
    region = _REGION.match(line, place)
    if region is None:
        return None, place
    return PixelBox(*(int(number) for number in region.groups())), region.end()


def _skip_blanks(line: str, place: int) -> int:
    blanks = _BLANKS.match(line, place)
    return blanks.end() if blanks else place


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text) if text.startswith("~/") else text)  # noqa: PTH111  (a Path would raise)


def _weight_text(weight: float) -> str:
    return "" if weight == 1 else f"{repr(weight).removesuffix('.0')}:"


def _phrase(text: str) -> str:
    if _PATH.match(text):
        return f"text:{_in_quotes(text)}"
    return _in_quotes(text) if _reads_otherwise(text) else text


def _image(term: ImageTerm) -> str:
    path = str(term.path)
    if not _PATH.match(path) or path.startswith("~/"):
        path = f"./{path}"
    box = term.box
    region = "" if box is None else f"[{box.x},{box.y},{box.width},{box.height}]"
    return f"{_in_quotes(path) if _reads_otherwise(path) or path.endswith(']') else path}{region}"


def _reads_otherwise(content: str) -> bool:
    """Whether a phrase or path, written bare, would be read as something else."""
    return (
        not content
        or content != content.strip()
        or _SIGN.search(content) is not None
        or _WEIGHT.match(content) is not None
        or _QUOTED.match(content) is not None
    )


def _in_quotes(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
