"""An exported result set opened again: the same hits in the same order, with marks and tags."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from faami_core.errors import CollectionError, ExportError
from faami_core.indexing.feature_store import Gallery
from faami_core.indexing.joined_gallery import places_by_key
from faami_core.queries import Annotation, Feedback
from faami_core.search import provenance
from faami_core.search.alignment import IMAGE_BLOCK, align_query
from faami_core.search.export import ExportedHit, metadata_path, read_csv, word_names
from faami_core.search.feedback import moved_query
from faami_core.search.query import encode_query
from faami_core.types import (
    ByteArray,
    CancelToken,
    FeatureEncoder,
    Hit,
    ImportedResult,
    QueryWord,
    SearchResult,
)


def read_result(path: Path, ids: Callable[[Path], Mapping[Path, int]]) -> ImportedResult:
    """Loads what ``export.write_csv`` wrote.

    Evidence maps are not in the file: ``evidence`` and ``attention`` are [K, L, 0] until ``with_maps``.

    Args:
        path: The CSV file; its metadata lie beside it.
        ids: Gives the image ids of a collection by path, none if it is not indexed here. An image without one gets
            a negative id, which no catalog ever gives.

    Raises:
        ExportError: if a file is missing or not an export of this program.
    """
    rows = read_csv(path)
    try:
        record = json.loads(metadata_path(path).read_text(encoding="utf-8"))
        result = _result(record, rows, ids)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ExportError(
            f"The file {metadata_path(path).name!r} that belongs to the results is missing or damaged.",
            "Keep both files of an export in one folder.",
        ) from error
    noted = {hit.key: row.annotation for hit, row in zip(result.hits, rows, strict=True)}
    return ImportedResult(result, {key: note for key, note in noted.items() if note != Annotation()})


def with_maps(
    result: SearchResult,
    gallery: Gallery,
    encoder: FeatureEncoder,
    read_image: Callable[[Path], ByteArray],
    cancel: CancelToken | None = None,
) -> SearchResult:
    """The same result with its evidence and attention computed anew from the index.

    Raises:
        CollectionError: if an image is no longer in the index, or another model made the result.
        UnreadableImageError: if an image of the query cannot be read.
    """
    places = places_by_key(gallery)
    gone = [hit for hit in result.hits if hit.key not in places]
    if gone or encoder.info.fingerprint != result.model_fingerprint:
        raise CollectionError(
            "Where the words matched cannot be shown: the results come from another index or model.",
            "Search again to see the evidence of today's index.",
        )
    query = encode_query(result.query, encoder, read_image)
    query = moved_query(query, result.feedback, gallery, encoder)
    indices = np.array([places[hit.key] for hit in result.hits], dtype=np.intp)
    shape = (len(indices), len(result.words), sum(grid.regions for grid in encoder.info.grids))
    evidence, attention = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    for begin in range(0, len(indices), IMAGE_BLOCK):
        if cancel is not None:
            cancel.raise_if_cancelled()
        block = slice(begin, begin + IMAGE_BLOCK)
        aligned = align_query(encoder, query, gallery.gather(indices[block]))
        evidence[block], attention[block] = aligned.evidence, aligned.attention
    return replace(result, evidence=evidence, attention=attention, grids=encoder.info.grids)


def _result(
    record: dict[str, Any], rows: tuple[ExportedHit, ...], ids: Callable[[Path], Mapping[Path, int]]
) -> SearchResult:
    words = tuple(QueryWord(**word) for word in record["faami:words"])
    names = word_names(words)
    collection = provenance.path_of(record["faami:collection"])
    further = tuple(map(provenance.path_of, record.get("faami:furtherCollections", ())))
    known = {folder: ids(folder) for folder in (collection, *further)}
    feedback = record["faami:feedback"]
    no_maps = np.zeros((len(rows), len(words), 0), dtype=np.float32)
    return SearchResult(
        query=provenance.query_of(record["faami:query"]),
        words=words,
        hits=tuple(_hit(row, names, known) for row in rows),
        evidence=no_maps,
        attention=no_maps,
        grids=(),
        global_share=record["faami:globalShare"],
        gallery_size=record["faami:gallerySize"],
        reranked=record["faami:reranked"],
        collection=collection,
        model_fingerprint=record["faami:modelFingerprint"],
        seconds=record["faami:seconds"],
        created_at=record["dc:created"],
        unscored=record["faami:unscored"],
        filters=provenance.filters_of(record["faami:filters"]),
        passing=record["faami:passing"],
        feedback=Feedback(tuple(feedback["wanted"]), tuple(feedback["unwanted"])),
        further_collections=further,
    )


def _hit(row: ExportedHit, names: tuple[str, ...], ids: Mapping[Path, Mapping[Path, int]]) -> Hit:
    collection = 0 if row.collection is None else list(ids).index(row.collection)
    return Hit(
        image_id=list(ids.values())[collection].get(row.path, -1 - row.rank),
        path=row.path,
        rank=row.rank,
        score=row.score,
        score_global=row.score_global,
        score_fine=row.score_fine,
        word_evidence=tuple(row.evidence[name] for name in names),
        best_regions=tuple(row.regions[name] for name in names),
        width=row.width,
        height=row.height,
        query_regions=tuple(row.query_regions.get(name) for name in names),
        collection=collection,
    )
