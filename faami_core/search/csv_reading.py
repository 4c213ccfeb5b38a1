"""Rows of a result file, also after a spreadsheet has saved it again.

Encoding, separator and decimal sign are found out; columns are found by name, blank rows are passed over, and the
order of the rows and their ranks are those of the file. Everything else that is not as an export writes it is told by
row, as a spreadsheet counts rows, and column. Files come from anywhere: size, count and every number have a bound.
"""

from __future__ import annotations

import csv
import io
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import msgspec
import numpy as np

from faami_core.errors import ExportError
from faami_core.queries import Annotation, Mark, PixelBox
from faami_core.search import provenance
from faami_core.search.csv_columns import (
    COLLECTION_COLUMN,
    EVIDENCE_PREFIX,
    FIXED_COLUMNS,
    QUERY_REGION_PREFIX,
    REGION_PREFIX,
    unescaped,
)
from faami_core.search.provenance import legible
from faami_core.text import stored_tags

MAX_BYTES = 128 << 20
MAX_ROWS = 200_000
_MAX_COLUMNS = 32_768
_LONGEST_NUMBER = 40  # characters
_LONGEST_SHOWN = 40  # of a cell that is told

_DELIMITERS = (",", ";", "\t", "|")
_NEEDED = ("rank", "path", "score", "score_global", "score_fine", "image_width", "image_height")
_NAMES = {name for name, _ in FIXED_COLUMNS}
_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": None, "\N{NARROW NO-BREAK SPACE}": None})

# What a cell may hold: one bound for every number.
Rank = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Score = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Pixels = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_MOST_TAGS, _LONGEST_TAG = 1_000, 1_000

T = TypeVar("T")


class _Box(NamedTuple):
    """A ``PixelBox`` as a cell holds it."""

    x: Offset
    y: Offset
    width: Pixels
    height: Pixels


@dataclass(frozen=True)
class ExportedHit:
    """One row as read back. Mappings are by column name without its prefix.

    Attributes:
        rank: 0-based as in ``Hit``; as the file tells it, whatever the order of its rows.
        row: Of the file as a spreadsheet counts, the names of the columns being row 1.
        evidence: As the file tells it; ``reopen`` knows the unit of the file's version.
        best_region: None where the columns were removed.
        collection: Told where several were searched as one.
    """

    rank: int
    path: Path
    score: float
    score_global: float
    score_fine: float
    words_matched: str
    best_word: str
    best_region: PixelBox | None
    width: int
    height: int
    annotation: Annotation
    evidence: dict[str, float] = field(default_factory=dict)
    regions: dict[str, PixelBox] = field(default_factory=dict)
    query_regions: dict[str, PixelBox] = field(default_factory=dict)
    collection: Path | None = None
    row: int = 0


class CellError(ValueError):
    """A cell that no export writes: the message tells row, column and what is there."""


def read_bytes(path: Path, limit: int) -> bytes:
    """Reads a regular file of bounded size, never a device or a pipe, which may keep one waiting.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no regular file, or larger than ``limit``.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a regular file")
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit >> 20} MB")
    return data


def read_csv(path: Path) -> tuple[ExportedHit, ...]:
    """Loads an export back to the rows it was made from.

    Raises:
        ExportError: if the file cannot be read or is not an export of this program; it names the row.
    """
    name = legible(path.name)
    try:
        return parse_csv(decoded(read_bytes(path, MAX_BYTES)))
    except CellError as error:
        raise ExportError(
            f"{name!r} cannot be read as results: {error}.", "Correct it there, or export the results again."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ExportError(
            f"{name!r} is not a result file of this program: {reason}.", "Choose a CSV file that was exported here."
        ) from error


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, in UTF-16, or as spreadsheets of Western systems save it (Windows-1252)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    head = data[:256]
    for zeros, encoding in ((head[1::2], "utf-16-le"), (head[::2], "utf-16-be")):
        if len(head) > 8 and zeros.count(0) > len(zeros) // 2:
            return data.decode(encoding)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def parse_csv(text: str) -> tuple[ExportedHit, ...]:
    """The rows of an export's text.

    Raises:
        CellError: if a cell holds what no export writes.
        ValueError: if it is not an export of this program.
    """
    header, records = _table(text)
    hits: list[ExportedHit] = []
    seen: dict[tuple[Path | None, Path], int] = {}
    for row, cells in records:
        if len(hits) == MAX_ROWS:
            raise ValueError(f"it has more than {MAX_ROWS:,} rows")
        hit = _Row(row, dict(zip(header, cells, strict=True))).hit()
        first = seen.setdefault((hit.collection, hit.path), row)
        if first != row:
            raise CellError(f"row {row}: its image is in row {first} already")
        hits.append(hit)
    return tuple(hits)


def _table(text: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of the columns, and the rows that hold anything, each with its number."""
    hint = re.match(r'"?sep=(.)"?\r?\n', text)  # by which some spreadsheets tell one another the separator
    skipped = 1 if hint is not None else 0
    body = text[hint.end() :] if hint is not None else text
    for delimiter in _DELIMITERS:
        try:
            names = next(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        header = [name.strip() if name.strip() in _NAMES else unescaped(name) for name in names[:_MAX_COLUMNS]]
        if {"rank", "path"} <= set(header):
            break
    else:
        raise ValueError("it has no columns “rank” and “path”")
    if len(names) > _MAX_COLUMNS:
        raise ValueError(f"it has more than {_MAX_COLUMNS:,} columns")
    while header and not header[-1]:
        header.pop()
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise ValueError(f"it has no column “{missing[0]}”")
    twice = (
        next((name for name in header if header.count(name) > 1), None) if len(set(header)) < len(header) else None
    )
    if twice is not None:
        raise ValueError(f"it has two columns “{_shown(twice)}”")
    return header, _records(body, delimiter, len(header), skipped)


def _records(body: str, delimiter: str, width: int, skipped: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    row = skipped
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CellError(f"row {row}: {error}") from error
        if row == 1 + skipped or not any(map(str.strip, cells)):
            continue
        if any(map(str.strip, cells[width:])):
            raise CellError(f"row {row}: it has {len(cells)} cells, but there are {width} columns")
        yield row, (cells + [""] * (width - len(cells)))[:width]


class _Row:
    """The cells of a row by column."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self._number = number
        self._cells = cells

    def hit(self) -> ExportedHit:
        """The row as values.

        Raises:
            CellError: if a cell holds what no export writes.
        """
        return ExportedHit(
            rank=self._value("rank", Rank) - 1,
            path=self._path("path"),
            score=self._score("score"),
            score_global=self._score("score_global"),
            score_fine=self._score("score_fine"),
            words_matched=unescaped(self._cells.get("words_matched", "")),
            best_word=unescaped(self._cells.get("best_word", "")),
            best_region=self._best_region(),
            width=self._value("image_width", Pixels),
            height=self._value("image_height", Pixels),
            annotation=Annotation(self._mark(), self._tags()),
            evidence={name: self._value(column, Score) for name, column in self._named(EVIDENCE_PREFIX)},
            regions={name: self._box(column) for name, column in self._named(REGION_PREFIX)},
            query_regions={name: self._box(column) for name, column in self._named(QUERY_REGION_PREFIX)},
            collection=self._path(COLLECTION_COLUMN) if COLLECTION_COLUMN in self._cells else None,
            row=self._number,
        )

    def _named(self, prefix: str) -> list[tuple[str, str]]:
        """The columns of a prefix, and what they are called after it."""
        return [(column.removeprefix(prefix), column) for column in self._cells if column.startswith(prefix)]

    def _value(self, column: str, kind: type[T]) -> T:
        """A number within its bounds, with a decimal point or comma."""
        text = self._cells[column].strip().translate(_SIGNS)
        if "." not in text:
            text = text.replace(",", ".", 1)
        return self._converted(column, re.sub(r"^(\d{1,30})\.0+$", r"\1", text), kind)

    def _score(self, column: str) -> float:
        """As a search gives it: 32 bits."""
        return float(np.float32(self._value(column, Score)))

    def _converted(self, column: str, text: str | list[str], kind: type[T]) -> T:
        try:
            if sum(map(len, text)) > _LONGEST_NUMBER:
                raise ValueError
            return msgspec.convert(text, kind, strict=False)
        except ValueError as error:
            raise self._wrong(column) from error

    def _box(self, column: str) -> PixelBox:
        """``x y width height``."""
        return PixelBox(*self._converted(column, self._cells[column].split(), _Box))

    def _best_region(self) -> PixelBox | None:
        columns = [f"best_region_{side}" for side in ("x", "y", "width", "height")]
        if not set(columns) <= self._cells.keys():
            return None
        x, y = (self._value(column, Offset) for column in columns[:2])
        width, height = (self._value(column, Pixels) for column in columns[2:])
        return PixelBox(x, y, width, height)

    def _path(self, column: str) -> Path:
        text = unescaped(self._cells[column])
        try:
            if not text:
                raise ValueError
            return provenance.path_of(text)
        except ValueError as error:
            raise self._wrong(column) from error

    def _mark(self) -> Mark:
        try:
            return Mark(self._cells.get("mark", "").strip().casefold() or Mark.UNMARKED)
        except ValueError as error:
            raise self._wrong("mark") from error

    def _tags(self) -> tuple[str, ...]:
        tags = stored_tags([unescaped(self._cells.get("tags", ""))])
        if len(tags) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in tags):
            raise CellError(f"row {self._number}: it has too many or too long tags")
        return tags

    def _wrong(self, column: str) -> CellError:
        text = self._cells[column]
        return CellError(f"row {self._number}: {_shown(column)} is {_shown(text) if text.strip() else 'empty'}")


def _shown(text: str) -> str:
    """A cell for a sentence."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
