"""A result set as CSV (RFC 4180, UTF-8, safe to open in a spreadsheet) with CSV-on-the-Web metadata, and back.

Text cells that a spreadsheet would run as a formula get a leading apostrophe; ``read_csv`` takes it off again.
Numbers stay numbers. A path whose bytes are not UTF-8 is written as its ``file:`` address, so that the file stays
valid text and the path is still told exactly.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import numpy as np

from faami_core import __version__
from faami_core.errors import ExportError
from faami_core.indexing import atomic
from faami_core.types import Hit, ImageTerm, Match, PixelBox, Query, QueryWord, SearchResult

METADATA_SUFFIX = "-metadata.json"

_FIXED_COLUMNS: tuple[tuple[str, str], ...] = (
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
)
_EVIDENCE_PREFIX = "evidence_"
_RISKY = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")
_FILE_ADDRESS = "file:///"


@dataclass(frozen=True)
class ExportedHit:
    """One row as read back. ``rank`` is 0-based as in ``Hit``; ``evidence`` is by column name without its prefix."""

    rank: int
    path: Path
    score: float
    score_global: float
    score_fine: float
    words_matched: str
    best_word: str
    best_region: PixelBox
    evidence: dict[str, float]


def matched_words(words: Sequence[QueryWord], evidence: Sequence[float]) -> tuple[str, ...]:
    """The words a hit matched, by the rule of ``QueryWord.match``."""
    pairs = zip(words, evidence, strict=True)
    return tuple(word.text for word, value in pairs if word.match(value) is Match.MATCHED)


def evidence_columns(words: Sequence[QueryWord]) -> tuple[str, ...]:
    """One column name a word: ``evidence_<word>``; a repeated word gets ``_2``, ``_3``, …"""
    names: list[str] = []
    for word in words:
        base = name = f"{_EVIDENCE_PREFIX}{_legible(word.text)}"
        number = 2
        while name in names:
            name = f"{base}_{number}"
            number += 1
        names.append(name)
    return tuple(names)


def write_csv(result: SearchResult, path: Path) -> Path:
    """Writes the hits in order to ``path`` and the provenance to ``path`` + ``-metadata.json``.

    Raises:
        ExportError: if a file cannot be written; then the old files, if any, are untouched.
    """
    metadata_path = path.with_name(path.name + METADATA_SUFFIX)
    try:
        atomic.write_file(path, [csv_text(result).encode("utf-8")])
        metadata = json.dumps(csv_metadata(result, path.name), indent=2, ensure_ascii=False)
        atomic.write_file(metadata_path, [f"{metadata}\n".encode()])
    except OSError as error:
        raise ExportError(
            f"The results cannot be written to {_legible(str(path))!r}: {error.strerror or error}.",
            "Choose a folder that exists, may be written and has free space.",
        ) from error
    return path


def csv_text(result: SearchResult) -> str:
    """The CSV as text, lines ended by CR LF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    header = [name for name, _ in _FIXED_COLUMNS] + list(evidence_columns(result.words))
    writer.writerow([_safe(name) for name in header])
    for hit in result.hits:
        writer.writerow(_row(hit, result.words))
    return out.getvalue()


def csv_metadata(result: SearchResult, csv_name: str) -> dict[str, Any]:
    """CSV-on-the-Web description of the table: columns, query, collection, model, date, version."""
    columns = [{"name": name, "titles": name, "datatype": kind} for name, kind in _FIXED_COLUMNS]
    columns += [
        {"name": f"{_EVIDENCE_PREFIX}{number}", "titles": _safe(name), "datatype": "double"}
        for number, name in enumerate(evidence_columns(result.words), start=1)
    ]
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": quote(os.fsencode(csv_name)),
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True, "lineTerminators": ["\r\n"]},
        "tableSchema": {"columns": columns, "primaryKey": "rank"},
        "dc:created": result.created_at,
        "dc:creator": f"faami-explorer {__version__}",
        "faami:query": _described(result.query),
        "faami:words": [
            {"text": _legible(word.text), "weight": word.weight, "known": word.known} for word in result.words
        ],
        "faami:collection": _path_text(result.collection),
        "faami:modelFingerprint": result.model_fingerprint,
        "faami:globalShare": result.global_share,
        "faami:reranked": result.reranked,
        "faami:gallerySize": result.gallery_size,
        "faami:version": __version__,
    }


def read_csv(path: Path) -> tuple[ExportedHit, ...]:
    """Loads an export back to the rows it was made from.

    Raises:
        ExportError: if the file cannot be read or is not an export of this program.
    """
    try:
        return parse_csv(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise ExportError(
            f"{_legible(path.name)!r} is not a result file of this program.",
            "Choose a CSV file that was exported here.",
        ) from error


def parse_csv(text: str) -> tuple[ExportedHit, ...]:
    """The rows of an export's text.

    Raises:
        ValueError, IndexError, csv.Error: if it is not an export of this program.
    """
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = [_restored(name) for name in rows[0]]
    if header[: len(_FIXED_COLUMNS)] != [name for name, _ in _FIXED_COLUMNS]:
        raise ValueError("unknown columns")
    words = [name.removeprefix(_EVIDENCE_PREFIX) for name in header[len(_FIXED_COLUMNS) :]]
    return tuple(_read_row(row, words) for row in rows[1:])


def _row(hit: Hit, words: Sequence[QueryWord]) -> list[str]:
    best = int(np.argmax(hit.word_evidence))
    box = hit.best_regions[best]
    return [
        str(hit.rank + 1),
        _safe(_path_text(hit.path)),
        *(_number(value) for value in (hit.score, hit.score_global, hit.score_fine)),
        _safe(" ".join(matched_words(words, hit.word_evidence))),
        _safe(words[best].text),
        *(str(value) for value in (box.x, box.y, box.width, box.height)),
        *(_number(value) for value in hit.word_evidence),
    ]


def _read_row(row: list[str], words: list[str]) -> ExportedHit:
    if len(row) != len(_FIXED_COLUMNS) + len(words):
        raise ValueError("a row of another length")
    fixed, numbers = row[: len(_FIXED_COLUMNS)], row[len(_FIXED_COLUMNS) :]
    scores = [_parsed(text) for text in fixed[2:5]]
    return ExportedHit(
        rank=int(fixed[0]) - 1,
        path=_path(_restored(fixed[1])),
        score=scores[0],
        score_global=scores[1],
        score_fine=scores[2],
        words_matched=_restored(fixed[5]),
        best_word=_restored(fixed[6]),
        best_region=PixelBox(*(int(text) for text in fixed[7:11])),
        evidence=dict(zip(words, (_parsed(text) for text in numbers), strict=True)),
    )


def _safe(text: str) -> str:
    """Text no spreadsheet takes for a formula; a text that has such an apostrophe already gets one more."""
    legible = _legible(text)
    return f"'{legible}" if _RISKY.match(legible) else legible


def _restored(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text


def _number(value: float) -> str:
    """The shortest decimal that reads back as the same 32-bit number."""
    return str(np.float32(value))


def _parsed(text: str) -> float:
    return float(np.float32(text))


def _legible(text: str) -> str:
    """Text that can be UTF-8; what cannot is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _path_text(path: Path) -> str:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return str(path)


def _path(text: str) -> Path:
    if text.startswith(_FILE_ADDRESS):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE_ADDRESS[:-1]))))
    return Path(text)


def _described(query: Query) -> list[dict[str, Any]]:
    return [
        {"image": _path_text(term.path), "weight": term.weight}
        if isinstance(term, ImageTerm)
        else {"text": _legible(term.text), "weight": term.weight}
        for term in query.terms
    ]
