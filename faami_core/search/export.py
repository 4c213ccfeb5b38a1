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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from faami_core import __version__
from faami_core.errors import ExportError
from faami_core.indexing import atomic
from faami_core.queries import Annotation, Mark, PixelBox
from faami_core.search import provenance
from faami_core.search.provenance import legible
from faami_core.search.query_line import format_query
from faami_core.types import Hit, Match, QueryWord, SearchResult

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
    ("image_width", "integer"),
    ("image_height", "integer"),
    ("mark", "string"),
    ("tags", "string"),
)
_COLLECTION_COLUMN = "collection"  # where several were searched as one
_EVIDENCE_PREFIX = "evidence_"
_REGION_PREFIX = "region_"  # where in the hit the word is most evident: x y width height
_QUERY_REGION_PREFIX = "query_region_"  # which region of the query image matched most, likewise
Annotations = Mapping[tuple[int, int], Annotation]

_RISKY = re.compile(r"'*[=+\-@\t\r\n]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\n]")


@dataclass(frozen=True)
class ExportedHit:
    """One row as read back. ``rank`` is 0-based as in ``Hit``; mappings are by column name without its prefix.

    ``collection`` is told where several were searched as one.
    """

    rank: int
    path: Path
    score: float
    score_global: float
    score_fine: float
    words_matched: str
    best_word: str
    best_region: PixelBox
    width: int
    height: int
    annotation: Annotation
    evidence: dict[str, float]
    regions: dict[str, PixelBox]
    query_regions: dict[str, PixelBox]
    collection: Path | None = None


def matched_words(words: Sequence[QueryWord], evidence: Sequence[float]) -> tuple[str, ...]:
    """The words a hit matched, by the rule of ``QueryWord.match``."""
    pairs = zip(words, evidence, strict=True)
    return tuple(word.text for word, value in pairs if word.match(value) is Match.MATCHED)


def evidence_columns(words: Sequence[QueryWord]) -> tuple[str, ...]:
    """One column name a word: ``evidence_<word>``; a repeated word gets ``_2``, ``_3``, …"""
    names: list[str] = []
    for word in words:
        base = name = f"{_EVIDENCE_PREFIX}{legible(word.text)}"
        number = 2
        while name in names:
            name = f"{base}_{number}"
            number += 1
        names.append(name)
    return tuple(names)


def metadata_path(path: Path) -> Path:
    """Where the description of a CSV file lies: beside it."""
    return path.with_name(path.name + METADATA_SUFFIX)


def check_free(path: Path) -> None:
    """Raises ExportError if an export to ``path`` would replace a file."""
    for file in (path, metadata_path(path)):
        if os.path.lexists(file):
            raise ExportError(
                f"{legible(file.name)!r} is there already.", "Choose another name, or say that it may be replaced."
            )


def write_csv(result: SearchResult, path: Path, annotations: Annotations | None = None) -> Path:
    """Writes the hits in order to ``path`` and the provenance to ``path`` + ``-metadata.json``.

    Args:
        result: What to write; ``arrange.picked`` brings it in the order on screen.
        path: The CSV file.
        annotations: Marks and tags by ``Hit.key``.

    Raises:
        ExportError: if a file cannot be written; then the old files, if any, are untouched.
    """
    try:
        atomic.write_file(path, [csv_text(result, annotations).encode("utf-8")])
        metadata = json.dumps(csv_metadata(result, path.name), indent=2, ensure_ascii=False)
        atomic.write_file(metadata_path(path), [f"{metadata}\n".encode()])
    except OSError as error:
        raise ExportError(
            f"The results cannot be written to {legible(str(path))!r}: {error.strerror or error}.",
            "Choose a folder that exists, may be written and has free space.",
        ) from error
    return path


def csv_text(result: SearchResult, annotations: Annotations | None = None) -> str:
    """The CSV as text, lines ended by CR LF."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(csv_rows(result, annotations))
    return out.getvalue()


def csv_rows(result: SearchResult, annotations: Annotations | None = None) -> Iterator[list[str]]:
    """The cells of the CSV, the names of the columns first, made row by row as they are asked for."""
    yield [_safe(name) for name, _ in _columns(result)]
    images = _image_words(result)
    for hit in result.hits:
        yield _row(hit, result, images, (annotations or {}).get(hit.key, Annotation()))


def csv_metadata(result: SearchResult, csv_name: str) -> dict[str, Any]:
    """CSV-on-the-Web description of the table: columns, query, collection, model, date, version."""
    columns = [
        {"name": f"column_{number}", "titles": _safe(name), "datatype": kind}
        for number, (name, kind) in enumerate(_columns(result), start=1)
    ]
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": quote(os.fsencode(csv_name)),
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True, "lineTerminators": ["\r\n"]},
        "tableSchema": {"columns": columns, "primaryKey": "rank"},
        "dc:created": result.created_at,
        "dc:creator": f"faami-explorer {__version__}",
        "faami:line": legible(format_query(result.query)),
        "faami:query": provenance.query_record(result.query),
        "faami:filters": provenance.filters_record(result.filters),
        "faami:feedback": {"wanted": result.feedback.wanted, "unwanted": result.feedback.unwanted},
        "faami:words": [
            {
                "text": legible(word.text),
                "weight": word.weight,
                "known": word.known,
                "term": word.term,
                "matched_from": word.matched_from,
            }
            for word in result.words
        ],
        "faami:collection": provenance.path_text(result.collection),
        "faami:furtherCollections": [provenance.path_text(folder) for folder in result.further_collections],
        "faami:modelFingerprint": result.model_fingerprint,
        "faami:globalShare": result.global_share,
        "faami:reranked": result.reranked,
        "faami:passing": result.passing,
        "faami:gallerySize": result.gallery_size,
        "faami:unscored": result.unscored,
        "faami:seconds": result.seconds,
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
            f"{legible(path.name)!r} is not a result file of this program.",
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
    return tuple(_read_row(row, header[len(_FIXED_COLUMNS) :]) for row in rows[1:])


def word_names(words: Sequence[QueryWord]) -> tuple[str, ...]:
    """What the columns of each word are called after their prefix."""
    return tuple(name.removeprefix(_EVIDENCE_PREFIX) for name in evidence_columns(words))


def _columns(result: SearchResult) -> list[tuple[str, str]]:
    """Name and type of every column."""
    names, images = word_names(result.words), _image_words(result)
    return [
        *_FIXED_COLUMNS,
        *([(_COLLECTION_COLUMN, "string")] if result.further_collections else []),
        *((f"{_EVIDENCE_PREFIX}{name}", "double") for name in names),
        *((f"{_REGION_PREFIX}{name}", "string") for name in names),
        *((f"{_QUERY_REGION_PREFIX}{names[number]}", "string") for number in images),
    ]


def _image_words(result: SearchResult) -> list[int]:
    """The words that stand for an image of the query, where the hits tell which of its regions matched."""
    some = next((hit.query_regions for hit in result.hits), ())
    return [number for number, region in enumerate(some) if region is not None]


def _row(hit: Hit, result: SearchResult, images: list[int], annotation: Annotation) -> list[str]:
    words, collection = result.words, result.collections[hit.collection]
    best = int(np.argmax(hit.word_evidence))
    box = hit.best_regions[best]
    return [
        str(hit.rank + 1),
        _safe(provenance.path_text(hit.path)),
        *(_number(value) for value in (hit.score, hit.score_global, hit.score_fine)),
        _safe(" ".join(matched_words(words, hit.word_evidence))),
        _safe(words[best].text),
        *(str(value) for value in (box.x, box.y, box.width, box.height)),
        *(str(hit.width), str(hit.height)),
        "" if annotation.mark is Mark.UNMARKED else str(annotation.mark),
        _safe("; ".join(annotation.tags)),
        *([_safe(provenance.path_text(collection))] if result.further_collections else []),
        *(_number(value) for value in hit.word_evidence),
        *(_box_text(region) for region in hit.best_regions),
        *(_box_text(hit.query_regions[number]) for number in images),
    ]


def _read_row(row: list[str], names: list[str]) -> ExportedHit:
    if len(row) != len(_FIXED_COLUMNS) + len(names):
        raise ValueError("a row of another length")
    fixed = row[: len(_FIXED_COLUMNS)]
    scores = [_parsed(text) for text in fixed[2:5]]
    cells = list(zip(names, row[len(_FIXED_COLUMNS) :], strict=True))

    def of(prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): text for name, text in cells if name.startswith(prefix)}

    return ExportedHit(
        rank=int(fixed[0]) - 1,
        path=provenance.path_of(_restored(fixed[1])),
        score=scores[0],
        score_global=scores[1],
        score_fine=scores[2],
        words_matched=_restored(fixed[5]),
        best_word=_restored(fixed[6]),
        best_region=PixelBox(*(int(text) for text in fixed[7:11])),
        width=int(fixed[11]),
        height=int(fixed[12]),
        annotation=Annotation(
            Mark(fixed[13] or Mark.UNMARKED), tuple(filter(None, _restored(fixed[14]).split("; ")))
        ),
        evidence={name: _parsed(text) for name, text in of(_EVIDENCE_PREFIX).items()},
        regions={name: _box(text) for name, text in of(_REGION_PREFIX).items()},
        query_regions={name: _box(text) for name, text in of(_QUERY_REGION_PREFIX).items()},
        collection=next(
            (provenance.path_of(_restored(text)) for name, text in cells if name == _COLLECTION_COLUMN), None
        ),
    )


def _box_text(box: PixelBox | None) -> str:
    return "" if box is None else f"{box.x} {box.y} {box.width} {box.height}"


def _box(text: str) -> PixelBox:
    x, y, width, height = (int(number) for number in text.split(" "))
    return PixelBox(x, y, width, height)


def _safe(text: str) -> str:
    """Text no spreadsheet takes for a formula; a text that has such an apostrophe already gets one more."""
    told = legible(text)
    return f"'{told}" if _RISKY.match(told) else told


def _restored(text: str) -> str:
    return text[1:] if _ESCAPED.match(text) else text


def _number(value: float) -> str:
    """The shortest decimal that reads back as the same 32-bit number."""
    return str(np.float32(value))


def _parsed(text: str) -> float:
    return float(np.float32(text))
