"""The columns of a result file: their names and types, and how text and numbers stand in a cell.

A word's evidence is told as on screen: what the word adds to the score. So every row can be recomputed from its own
cells, up to the rounding of the score to six decimals,

    score = global_weight · score_global + (1 - global_weight) · score_fine
          = global_weight · score_global + Σ evidence_<word>

and a word is among ``words_matched`` where evidence / (weight · (1 - global_weight)) reaches its ``matched_from``.
Of a query that marked images moved, weights and scores are those of the moved query.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faami_core.queries import PixelBox
from faami_core.search.provenance import legible
from faami_core.types import QueryWord

METADATA_SUFFIX = "-metadata.json"
FORMAT = 2  # 1: evidence as a share of the fine score, no weights in the table

# Every table has these, in this order.
FIXED_COLUMNS: tuple[tuple[str, str], ...] = (
    ("rank", "integer"),
    ("path", "string"),
    ("score", "double"),
    ("score_global", "double"),
    ("score_fine", "double"),
    ("words_matched", "string"),
    ("best_word", "string"),
    ("best_region_x", "integer"),
    ("best_region_y", "integer"),
    ("best_region_width", "integer"),
    ("best_region_height", "integer"),
    ("image_width", "integer"),
    ("image_height", "integer"),
    ("mark", "string"),
    ("tags", "string"),
)
COLLECTION_COLUMN = "collection"  # where several were searched as one
GLOBAL_WEIGHT_COLUMN = "global_weight"  # β
EVIDENCE_PREFIX = "evidence_"  # what a word adds to the score
REGION_PREFIX = "region_"  # where in the hit the word is most evident: x y width height
QUERY_REGION_PREFIX = "query_region_"  # which region of the query image matched most, likewise
WEIGHT_PREFIX = "weight_"  # a word's share of the fine score
THRESHOLD_PREFIX = "matched_from_"  # the strength from which a word counts as matched

TAG_SEPARATOR = "; "

_RISKY = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")


@dataclass(frozen=True)
class CsvDialect:
    """How a table is written.

    Attributes:
        delimiter: Between cells.
        decimal: Before the fraction of a number.
        has_mark: Whether the file begins with a byte order mark, by which spreadsheets know UTF-8.
    """

    delimiter: str = ","
    decimal: str = "."
    has_mark: bool = False


RFC_4180 = CsvDialect()


def spreadsheet_dialect(decimal: str) -> CsvDialect:
    """What a spreadsheet opens by double click where numbers are written with this decimal sign."""
    return CsvDialect(";" if decimal == "," else ",", decimal, has_mark=True)


def evidence_columns(words: Sequence[QueryWord]) -> tuple[str, ...]:
    """One column name a word: ``evidence_<word>``; a repeated word gets ``_2``, ``_3``, …"""
    names: dict[str, None] = {}
    taken: dict[str, int] = {}
    for word in words:
        base = name = f"{EVIDENCE_PREFIX}{legible(word.text)}"
        number = taken.get(base, 1)
        while name in names:
            number += 1
            name = f"{base}_{number}"
        taken[base] = number
        names[name] = None
    return tuple(names)


def word_names(words: Sequence[QueryWord]) -> tuple[str, ...]:
    """What the columns of each word are called after their prefix."""
    return tuple(name.removeprefix(EVIDENCE_PREFIX) for name in evidence_columns(words))


def escaped(text: str) -> str:
    """Text no spreadsheet takes for a formula; a text that has such an apostrophe already gets one more."""
    told = legible(text)
    return f"'{told}" if _RISKY.match(told) else told


def unescaped(text: str) -> str:
    """The inverse of ``escaped``."""
    return text[1:] if _ESCAPED.match(text) else text


def number_cell(value: float) -> str:
    """The shortest decimal that reads back as the same 32-bit number."""
    return str(np.float32(value))


def evidence_cell(value: float) -> str:
    """Ten digits: the 32-bit evidence of the index comes back exactly when the weight is divided out again."""
    return f"{value:.10g}"


def box_cell(box: PixelBox | None) -> str:
    """``x y width height``; empty for no box."""
    return "" if box is None else f"{box.x} {box.y} {box.width} {box.height}"
