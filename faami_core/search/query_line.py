"""A query as one typed line, and back: ``2:storage tanks + ./a.jpg - trees``.

    line     [sign] term (sign term)*         sign: + or - after a blank (or at the line's beginning), with a blank
                                              or a term behind it: "forest - trees", "forest -trees"
    term     [weight:] phrase | image         weight: 2: or 0.5:, not negative; 1 is left out, 0 mutes the term
    phrase   storage tanks                    in quotes where it would read as something else: "roads - no cars"
    image    ./a.jpg  ../a.jpg  /a.jpg  ~/a.jpg  C:\\a.jpg, in quotes likewise: "./red - roof.jpg"
    region   ./a.jpg[x,y,width,height]        pixels of the image as shown; after the quotes: "./a - b.jpg"[0,0,64,64]

Inside quotes a quote is written twice. A sign inside a word ("high-rise"), or attached to a number ("-5 m"), and
numbers on both sides of a colon ("1:25000 map", "10:30") are text; so is a quote anywhere but at the beginning of a
term ("6\" pipe"). A phrase that looks like a path is written ``text:"./a.jpg"``.

Signs, digits, colons and quotes are also read in their typographic and full-width forms: – — − ＋ ： ２ “…” „…“ «…».
Characters that nobody sees (byte order mark, zero-width space) separate nothing. Phrases and paths keep every
character as typed. For every query that can be asked, ``parse_query(format_query(query)) == query``.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from faami_core.errors import QueryError
from faami_core.queries import MAX_TERMS, ImageTerm, PixelBox, Query, TextTerm
from faami_core.text import is_invisible, plain_sign

MAX_LINE = 600_000  # characters; 64 phrases of the longest kind, every character of them a doubled quote

_NUMBER = r"(?:[0-9]{1,25}(?:\.[0-9]{0,25}|,[0-9]{1,2})?|\.[0-9]{1,25})(?:[eE][+-]?[0-9]{1,4})?"
_CLOSING = {
    '"': '"', "“": '”“"', "„": '“”"', "‟": '”"', "”": '”"', "«": '»"', "»": '«"',
    "〝": "〞〟", "「": "」", "『": "』",
}  # fmt: skip
_OPENING = f"[{''.join(_CLOSING)}]"
_PATH_BEGINS = r"\.{1,2}[/\\]|~?/|[A-Za-z]:[/\\]|\\\\"
_WEIGHT = re.compile(rf"({_NUMBER}):(?!\s*\.?[0-9])\s*")
_TERM_BEGINS = rf"[^\W\d_]|{_OPENING}|{_PATH_BEGINS}|{_WEIGHT.pattern}"
_SIGN = re.compile(rf"(?<!\S)(?:-+|\+)(?:(?!\S)|(?={_TERM_BEGINS}))")
_BLANKS = re.compile(r"\s*")
_PATH = re.compile(_PATH_BEGINS)
_QUOTE = re.compile(rf"(text:)?({_OPENING})")
_REGION = re.compile(r"\[\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*,\s*([0-9]{1,9})\s*\]")
_DIGIT_BEGINS = re.compile(r"\s*\.?[0-9]")
_QUOTE_HINT = "Put a phrase or path that contains + or - between blanks in quotes."


def parse_query(line: str) -> Query:
    """Reads a typed line in time that grows with its length. A line of blanks is the query without terms.

    Raises:
        QueryError: if the line cannot be read; ``position`` says where.
    """
    if len(line) > MAX_LINE:
        raise QueryError(
            f"The query has {len(line):,} characters, more than {MAX_LINE:,}.",
            "Ask in fewer words.",
            position=MAX_LINE,
        )
    return _Reader(line).query()


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
        weight = _weight_text(abs(float(term.weight)))
        written = _phrase(term.text) if isinstance(term, TextTerm) else _image(term)
        if weight and _DIGIT_BEGINS.match(_shape(written)[0]):  # "2:4 planes" is a ratio
            written = _in_quotes(written)
        line += weight + written
    return line


class _Reader:
    """Reads one line. Places are indices of ``shape``: the line in plain signs, without invisible characters."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._shape, self._places = _shape(line)

    def query(self) -> Query:
        terms: list[TextTerm | ImageTerm] = []
        place = self._skip_blanks(0)
        sign = _SIGN.match(self._shape, place)
        while sign is not None or (place < len(self._shape) and not terms):
            if len(terms) == MAX_TERMS:
                raise self._error(f"The query has more than {MAX_TERMS} terms.", "Use fewer terms.", place)
            if sign is not None:
                place = self._skip_blanks(sign.end())
            term, place = self._term(place, -1.0 if sign is not None and sign[0][0] == "-" else 1.0)
            terms.append(term)
            sign = _SIGN.match(self._shape, place)
        if place < len(self._shape):
            raise self._error("After a closing quote comes +, - or the end of the query.", _QUOTE_HINT, place)
        return Query(tuple(terms))

    def _term(self, place: int, factor: float) -> tuple[TextTerm | ImageTerm, int]:
        """One term from ``place`` on, and where the next sign must stand (blanks skipped)."""
        weight = factor
        if number := _WEIGHT.match(self._shape, place):
            weight = factor * float(number[1].replace(",", "."))
            if not math.isfinite(weight):
                raise self._error(f"The weight {number[1]} is too large.", "Use weights such as 2 or 0.5.", place)
            place = number.end()
        if quote := _QUOTE.match(self._shape, place):
            return self._quoted(quote, weight)
        following = _SIGN.search(self._shape, place)
        end = following.start() if following else len(self._shape)
        content = self._typed(place, place + len(self._shape[place:end].rstrip()))
        if not content:
            raise self._error(
                "A term is missing here.", f"Write what is meant, or delete the sign. {_QUOTE_HINT}", place
            )
        if not _PATH.match(content):
            return TextTerm(content, weight), end
        return self._bare_image(place, end, weight), end

    def _quoted(self, quote: re.Match[str], weight: float) -> tuple[TextTerm | ImageTerm, int]:
        """The phrase or path whose opening quote was met."""
        closing = re.compile(f"([{_CLOSING[quote[2]]}])(\\1)?")
        content, begin = "", quote.end()
        typed_from = self._position(begin - 1) + 1
        while True:
            end = closing.search(self._shape, begin)
            if end is None:
                raise self._error("A quote is opened but not closed.", 'Write " at the end of it.', quote.start())
            content += self._line[typed_from : self._position(end.start()) + (end[2] is not None)]
            begin, typed_from = end.end(), self._position(end.end() - 1) + 1
            if end[2] is None:
                break
        if quote[1] is not None or not _PATH.match(content):
            return TextTerm(content, weight), self._skip_blanks(begin)
        box, begin = self._region(begin)
        return ImageTerm(_path(content), weight, box), self._skip_blanks(begin)

    def _bare_image(self, place: int, end: int, weight: float) -> ImageTerm:
        content, box = self._shape[place:end].rstrip(), None
        if content.endswith("]"):
            begin = place + max(content.rfind("["), 0)
            box, _ = self._region(begin)
            if box is None:
                raise self._error(
                    "The region of an image is not four numbers.",
                    "Write ./a.jpg[x,y,width,height] in pixels, or put a path that ends with ] in quotes.",
                    begin,
                )
            content = self._shape[place:begin].rstrip()
        return ImageTerm(_path(self._typed(place, place + len(content))), weight, box)

    def _region(self, place: int) -> tuple[PixelBox | None, int]:
        """The region that begins at ``place``, if any, and where it ends."""
        region = _REGION.match(self._shape, place)
        if region is None:
            return None, place
        return PixelBox(*(int(number) for number in region.groups())), region.end()

    def _skip_blanks(self, place: int) -> int:
        blanks = _BLANKS.match(self._shape, place)
        return blanks.end() if blanks else place

    def _typed(self, begin: int, end: int) -> str:
        """What was typed from one place up to another."""
        return self._line[self._position(begin) : self._position(end - 1) + 1] if end > begin else ""

    def _position(self, place: int) -> int:
        """The index in the line of a place."""
        return self._places[place] if place < len(self._places) else len(self._line)

    def _error(self, message: str, next_step: str, place: int) -> QueryError:
        return QueryError(message, next_step, position=self._position(place))


def _shape(line: str) -> tuple[str, range | list[int]]:
    """The line in plain signs, without what nobody sees, and the index in the line of each of its characters."""
    if line.isascii() and line.isprintable():
        return line, range(len(line))
    places = [place for place, character in enumerate(line) if not is_invisible(character)]
    return "".join(plain_sign(line[place]) for place in places), places


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text) if text.startswith("~/") else text)  # noqa: PTH111  (a Path would raise)


def _weight_text(weight: float) -> str:
    return "" if weight == 1 else f"{repr(weight).removesuffix('.0')}:"


def _phrase(text: str) -> str:
    if _PATH.match(text):
        return f"text:{_in_quotes(text)}"
    return text if _reads_as(text, TextTerm(text)) else _in_quotes(text)


def _image(term: ImageTerm) -> str:
    path = str(term.path)
    if not _PATH.match(path) or path.startswith("~/"):
        path = f"./{path}"
    box = term.box
    region = "" if box is None else f"[{box.x},{box.y},{box.width},{box.height}]"
    return f"{path if _reads_as(path, ImageTerm(term.path)) else _in_quotes(path)}{region}"


def _reads_as(content: str, term: TextTerm | ImageTerm) -> bool:
    """Whether a phrase or path, written bare, is read as just this term."""
    try:
        return parse_query(content).terms == (term,)
    except QueryError:
        return False


def _in_quotes(text: str) -> str:
    doubled = "".join(character * 2 if plain_sign(character) == '"' else character for character in text)
    return f'"{doubled}"'
