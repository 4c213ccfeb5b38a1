"""An exported result set opened again: the same hits in the same order, with marks and tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from faami_core.errors import CollectionError, ExportError
from faami_core.indexing.feature_store import Gallery
from faami_core.indexing.joined_gallery import places_by_key
from faami_core.queries import Annotation, Feedback
from faami_core.search import provenance
from faami_core.search.alignment import IMAGE_BLOCK, align_query
from faami_core.search.csv_columns import FORMAT, word_names
from faami_core.search.csv_reading import CellError, ExportedHit, read_bytes, read_csv
from faami_core.search.export import metadata_path
from faami_core.search.feedback import moved_query
from faami_core.search.provenance import legible
from faami_core.search.query import PartReader, encode_query
from faami_core.search.result_schema import ResultRecord, read_record
from faami_core.types import (
    CancelToken,
    FeatureEncoder,
    FloatArray,
    Hit,
    ImportedResult,
    QueryWord,
    SearchResult,
)

_MAX_METADATA = 32 << 20


def read_result(path: Path, ids: Callable[[Path], Mapping[Path, int]]) -> ImportedResult:
    """Loads what ``export.write_csv`` wrote, also after a spreadsheet has sorted or removed rows.

    Evidence maps are not in the file: ``evidence`` and ``attention`` are [K, L, 0] until ``with_maps``.

    Args:
        path: The CSV file; its metadata lie beside it.
        ids: Gives the image ids of a collection by path, none if it is not indexed here. An image without one gets
            a negative id, which no catalog ever gives.

    Raises:
        ExportError: if a file is missing or not an export of this program; it says what and where.
    """
    rows = read_csv(path)
    metadata = metadata_path(path)
    try:
        record = read_record(read_bytes(metadata, _MAX_METADATA), ResultRecord)
        if record.format > FORMAT:
            raise ValueError("a newer version of this program wrote it")
        result = _result(record, rows, ids)
    except CellError as error:
        raise ExportError(
            f"{legible(path.name)!r} cannot be read as results: {error}.", "Export the results again."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ExportError(
            f"The file {legible(metadata.name)!r} that belongs to the results is missing or damaged: {reason}.",
            "Keep both files of an export in one folder, the names as they were written.",
        ) from error
    notes = {hit.key: row.annotation for hit, row in zip(result.hits, rows, strict=True)}
    return ImportedResult(result, {key: note for key, note in notes.items() if note != Annotation()})


def with_maps(
    result: SearchResult,
    gallery: Gallery,
    encoder: FeatureEncoder,
    read_part: PartReader,
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
    query = encode_query(result.query, encoder, read_part)
    query = moved_query(query, result.feedback, gallery, encoder)
    factors = _factors(query.words, result.words)
    indices = np.array([places[hit.key] for hit in result.hits], dtype=np.intp)
    shape = (len(indices), len(result.words), sum(grid.regions for grid in encoder.info.grids))
    evidence, attention = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    for begin in range(0, len(indices), IMAGE_BLOCK):
        if cancel is not None:
            cancel.raise_if_cancelled()
        block = slice(begin, begin + IMAGE_BLOCK)
        aligned = align_query(encoder, query, gallery.gather(indices[block]))
        evidence[block], attention[block] = aligned.evidence * factors, aligned.attention
    sizes = gallery.sizes[indices].tolist()
    hits = tuple(
        replace(hit, width=width, height=height) for hit, (width, height) in zip(result.hits, sizes, strict=True)
    )
    return replace(result, hits=hits, evidence=evidence, attention=attention, grids=encoder.info.grids)


def _factors(asked: Sequence[QueryWord], told: Sequence[QueryWord]) -> FloatArray:
    """[L, 1] what the evidence of each word is multiplied by: results of another mix of the words were written so.

    Raises:
        CollectionError: if the words are not those of the query.
    """
    if [legible(word.text) for word in asked] != [word.text for word in told]:
        raise CollectionError(
            "Where the words matched cannot be shown: the file tells other words than its query has.",
            "Export the results again.",
        )
    factors = [new.weight / old.weight if old.weight else 0.0 for old, new in zip(asked, told, strict=True)]
    return np.asarray(factors, dtype=np.float32)[:, None]


def _result(
    record: ResultRecord, rows: tuple[ExportedHit, ...], ids: Callable[[Path], Mapping[Path, int]]
) -> SearchResult:
    words = tuple(
        QueryWord(word.text, word.weight, word.known, word.term, word.matched_from) for word in record.words
    )
    if any(word.term >= len(record.query) for word in words):
        raise ValueError("a word belongs to no term of the query")
    collection = provenance.path_of(record.collection)
    further = tuple(map(provenance.path_of, record.furtherCollections))
    if len({collection, *further}) <= len(further):
        raise ValueError("a collection is named twice")
    # Until format 2, evidence was told as a share of the fine score, without the weight that it has in the score.
    weight = 1.0 if record.format == 1 else 1 - record.globalShare
    filters = provenance.filters_of(record.filters)
    if record.format == 1:
        floors = tuple((word, floor * (1 - record.globalShare)) for word, floor in filters.min_evidence)
        filters = replace(filters, min_evidence=floors)
    hits = _Hits(word_names(words), weight, {folder: ids(folder) for folder in (collection, *further)})
    no_maps = np.zeros((len(rows), len(words), 0), dtype=np.float32)
    return SearchResult(
        query=provenance.query_of(record.query),
        words=words,
        hits=hits.of(rows),
        evidence=no_maps,
        attention=no_maps,
        grids=(),
        global_share=record.globalShare,
        gallery_size=record.gallerySize,
        reranked=record.reranked,
        collection=collection,
        model_fingerprint=record.modelFingerprint,
        seconds=record.seconds,
        created_at=record.created,
        unscored=record.unscored,
        filters=filters,
        passing=record.passing,
        feedback=Feedback(record.feedback.wanted, record.feedback.unwanted),
        further_collections=further,
    )


@dataclass(frozen=True)
class _Hits:
    """Makes hits of rows.

    Attributes:
        names: L names of the words' columns.
        weight: By which the evidence of the file is divided; 0 where the words add nothing.
        ids: Image ids by path, of each collection in order.
    """

    names: tuple[str, ...]
    weight: float
    ids: Mapping[Path, Mapping[Path, int]]

    def of(self, rows: tuple[ExportedHit, ...]) -> tuple[Hit, ...]:
        """Hits in the order of the file; they keep its ranks where those do not simply count the rows."""
        counted = all(row.rank == place for place, row in enumerate(rows))
        return tuple(self._hit(place, row, None if counted else row.rank + 1) for place, row in enumerate(rows))

    def _hit(self, place: int, row: ExportedHit, file_rank: int | None) -> Hit:
        missing = [name for name in self.names if name not in row.evidence or name not in row.regions]
        if missing:
            raise CellError(f"the columns of the word “{missing[0][:40]}” are missing")
        collections = list(self.ids)
        if row.collection is not None and row.collection not in self.ids:
            raise CellError(f"row {row.row}: its collection is not one of those that were searched")
        collection = 0 if row.collection is None else collections.index(row.collection)
        return Hit(
            image_id=self.ids[collections[collection]].get(row.path, -1 - place),
            path=row.path,
            rank=place,
            score=row.score,
            score_global=row.score_global,
            score_fine=row.score_fine,
            word_evidence=tuple(self._evidence(row.evidence[name]) for name in self.names),
            best_regions=tuple(row.regions[name] for name in self.names),
            width=row.width,
            height=row.height,
            query_regions=tuple(row.query_regions.get(name) for name in self.names),
            collection=collection,
            file_rank=file_rank,
        )

    def _evidence(self, told: float) -> float:
        """As the index holds it: 32 bits."""
        return float(np.float32(told / self.weight)) if self.weight else 0.0
