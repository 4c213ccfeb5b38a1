"""A result set as CSV (RFC 4180, UTF-8, safe to open in a spreadsheet) with CSV-on-the-Web metadata.

Text cells that a spreadsheet would run as a formula get a leading apostrophe; ``csv_reading`` takes it off again.
Numbers stay numbers. A path whose bytes are not UTF-8 is written as its ``file:`` address, so that the file stays
valid text and the path is still told exactly.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from faami_core import __version__
from faami_core.evidence.parts import hit_parts
from faami_core.output import REPORT, TABLE, check_output, write_output
from faami_core.queries import Annotation, Mark
from faami_core.search import provenance
from faami_core.search.csv_columns import (
    COLLECTION_COLUMN,
    EVIDENCE_PREFIX,
    FIXED_COLUMNS,
    FORMAT,
    GLOBAL_WEIGHT_COLUMN,
    METADATA_SUFFIX,
    QUERY_REGION_PREFIX,
    REGION_PREFIX,
    RFC_4180,
    TAG_SEPARATOR,
    THRESHOLD_PREFIX,
    WEIGHT_PREFIX,
    CsvDialect,
    box_cell,
    escaped,
    evidence_cell,
    number_cell,
    word_names,
)
from faami_core.search.provenance import legible
from faami_core.search.query_line import format_query
from faami_core.types import Hit, Match, QueryWord, SearchResult

Annotations = Mapping[tuple[int, int], Annotation]


def matched_words(words: Sequence[QueryWord], evidence: Sequence[float]) -> tuple[str, ...]:
    """The words a hit matched, by the rule of ``QueryWord.match``."""
    pairs = zip(words, evidence, strict=True)
    return tuple(word.text for word, value in pairs if word.match(value) is Match.MATCHED)


def metadata_path(path: Path) -> Path:
    """Where the description of a CSV file lies: beside it."""
    return path.with_name(path.name + METADATA_SUFFIX)


def check_csv(path: Path, *, replace: bool) -> None:
    """Raises ExportError if ``write_csv`` would."""
    check_output(path, TABLE, replace=replace)
    check_output(metadata_path(path), REPORT, replace=replace)


def write_csv(
    result: SearchResult,
    path: Path,
    annotations: Annotations | None = None,
    *,
    dialect: CsvDialect = RFC_4180,
    replace: bool = True,
) -> Path:
    """Writes the hits in order to ``path`` and the provenance to ``path`` + ``-metadata.json``.

    Args:
        result: What to write; ``arrange.picked`` brings it in the order on screen.
        path: The CSV file.
        annotations: Marks and tags by ``Hit.key``.
        dialect: Separator and numbers.
        replace: Whether files that are there already may be replaced.

    Raises:
        ExportError: if a file cannot be written or must stay; then the old files, if any, are untouched.
    """
    check_csv(path, replace=replace)
    metadata = json.dumps(csv_metadata(result, path.name, dialect), indent=2, ensure_ascii=False)
    write_output(path, [csv_bytes(result, annotations, dialect)], TABLE, replace=replace)
    write_output(metadata_path(path), [f"{metadata}\n".encode()], REPORT, replace=replace)
    return path


def csv_bytes(result: SearchResult, annotations: Annotations | None = None, dialect: CsvDialect = RFC_4180) -> bytes:
    """The CSV as it lies on disk."""
    text = csv_text(result, annotations, dialect)
    return text.encode("utf-8-sig" if dialect.has_mark else "utf-8")


def csv_text(result: SearchResult, annotations: Annotations | None = None, dialect: CsvDialect = RFC_4180) -> str:
    """The CSV as text, lines ended by CR LF."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerows(csv_rows(result, annotations, dialect))
    return out.getvalue()


def csv_rows(
    result: SearchResult, annotations: Annotations | None = None, dialect: CsvDialect = RFC_4180
) -> Iterator[list[str]]:
    """The cells of the CSV, the names of the columns first, made row by row as they are asked for."""
    columns = _columns(result)
    yield [escaped(name) for name, _ in columns]
    images, notes = _image_words(result), annotations or {}
    numbers = [number for number, (_, kind) in enumerate(columns) if kind == "double"]
    for place, hit in enumerate(result.hits):
        row = _row(hit, place, result, images, notes.get(hit.key, Annotation()))
        if dialect.decimal != ".":
            for number in numbers:
                row[number] = row[number].replace(".", dialect.decimal)
        yield row


def csv_metadata(result: SearchResult, csv_name: str, dialect: CsvDialect = RFC_4180) -> dict[str, Any]:
    """CSV-on-the-Web description of the table: columns, query, collection, model, date, version."""
    double: str | dict[str, Any] = "double"
    if dialect.decimal != ".":
        double = {"base": "double", "format": {"decimalChar": dialect.decimal}}
    columns = [
        {"name": f"column_{number}", "titles": escaped(name), "datatype": double if kind == "double" else kind}
        for number, (name, kind) in enumerate(_columns(result), start=1)
    ]
    return {
        "@context": "http://www.w3.org/ns/csvw",
        "url": quote(os.fsencode(csv_name)),
        "dialect": {
            "encoding": "utf-8",
            "delimiter": dialect.delimiter,
            "header": True,
            "lineTerminators": ["\r\n"],
        },
        "tableSchema": {"columns": columns, "primaryKey": "rank"},
        "dc:created": result.created_at,
        "dc:creator": f"faami-explorer {__version__}",
        "faami:format": FORMAT,
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


def _columns(result: SearchResult) -> list[tuple[str, str]]:
    """Name and type of every column."""
    names, images = word_names(result.words), _image_words(result)
    return [
        *FIXED_COLUMNS,
        *([(COLLECTION_COLUMN, "string")] if result.further_collections else []),
        *((f"{EVIDENCE_PREFIX}{name}", "double") for name in names),
        *((f"{REGION_PREFIX}{name}", "string") for name in names),
        *((f"{QUERY_REGION_PREFIX}{names[number]}", "string") for number in images),
        (GLOBAL_WEIGHT_COLUMN, "double"),
        *((f"{WEIGHT_PREFIX}{name}", "double") for name in names),
        *((f"{THRESHOLD_PREFIX}{name}", "double") for name in names),
    ]


def _image_words(result: SearchResult) -> list[int]:
    """The words that stand for an image of the query, where the hits tell which of its regions matched."""
    some = next((hit.query_regions for hit in result.hits), ())
    return [number for number, region in enumerate(some) if region is not None]


def _row(hit: Hit, place: int, result: SearchResult, images: list[int], annotation: Annotation) -> list[str]:
    words, collection = result.words, result.collections[hit.collection]
    best = int(np.argmax(hit.word_evidence))
    box = hit.best_regions[best]
    return [
        str(hit.rank_shown),
        escaped(provenance.path_text(hit.path)),
        *(number_cell(value) for value in (hit.score, hit.score_global, hit.score_fine)),
        escaped(" ".join(matched_words(words, hit.word_evidence))),
        escaped(words[best].text),
        *(str(value) for value in (box.x, box.y, box.width, box.height)),
        *(str(hit.width), str(hit.height)),
        "" if annotation.mark is Mark.UNMARKED else str(annotation.mark),
        escaped(TAG_SEPARATOR.join(annotation.tags)),
        *([escaped(provenance.path_text(collection))] if result.further_collections else []),
        *(evidence_cell(value) for value in hit_parts(result, place).words),
        *(box_cell(region) for region in hit.best_regions),
        *(box_cell(hit.query_regions[number]) for number in images),
        evidence_cell(result.global_share),
        *(evidence_cell(word.weight) for word in words),
        *(evidence_cell(word.matched_from) for word in words),
    ]
