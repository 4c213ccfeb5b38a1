"""The two stages of a search: an exact scan of global features, then region–word alignment of a shortlist.

Per term, score = β · cos + (1-β) · fine. Over weighted terms the score is the mean by |weight|, signed. Evidence is
scaled by the same shares, so that for every hit, however the query is composed,

    score_fine = Σ evidence     and     score = β · score_global + (1-β) · score_fine     hold exactly.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faami_core.errors import CollectionError
from faami_core.evidence.heatmap import region_box
from faami_core.indexing.feature_store import Gallery
from faami_core.queries import NO_FEEDBACK, NO_FILTERS, Feedback, Filters, PixelBox, Query
from faami_core.search.alignment import IMAGE_BLOCK, Alignment, align_query
from faami_core.search.calibration import calibrated, even_sample
from faami_core.search.feedback import moved_query
from faami_core.search.filters import Mask, evident, floors_of_words
from faami_core.search.query import EncodedQuery, PartReader, encode_query
from faami_core.types import (
    CancelToken,
    FeatureEncoder,
    FloatArray,
    GridSpec,
    Hit,
    QueryWord,
    SearchResult,
)

SHORTLIST = 500
_SCAN_BLOCK = 16_384  # rows; 16 MB as float32 at D = 256
_SCORE_DECIMALS = 6

Indices = npt.NDArray[np.intp]
Floors = tuple[tuple[tuple[int, ...], float], ...]


@dataclass
class Stopwatch:
    """Seconds of one search by stage: ``encode``, ``scan``, ``gather``, ``align``, ``calibrate``, ``rank``."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Adds the time inside to a stage."""
        started = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started


@dataclass(frozen=True)
class _Scored:
    """k aligned images: gallery index, scores [k], evidence and attention [k, L, R], matched tokens [k, L]."""

    index: Indices
    score: FloatArray
    score_global: FloatArray
    score_fine: FloatArray
    evidence: FloatArray
    attention: FloatArray
    matched_tokens: npt.NDArray[np.int64]

    def __getitem__(self, order: Indices) -> _Scored:
        return _Scored(*(getattr(self, name)[order] for name in self.__dataclass_fields__))

    def best(self, count: int | None) -> _Scored:
        """In order of score, ties by path (gallery index), at most ``count``."""
        return self[np.lexsort((self.index, -self.score))[:count]]

    @staticmethod
    def join(parts: list[_Scored]) -> _Scored:
        """All images of several parts."""
        names = _Scored.__dataclass_fields__
        return _Scored(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def search_gallery(
    gallery: Gallery,
    encoder: FeatureEncoder,
    query: Query,
    *,
    collection: Path,
    read_part: PartReader,
    filters: Filters = NO_FILTERS,
    passing: Mask | None = None,
    feedback: Feedback = NO_FEEDBACK,
    top: int | None = None,
    shortlist: int = SHORTLIST,
    cancel: CancelToken | None = None,
    stopwatch: Stopwatch | None = None,
) -> SearchResult:
    """Answers a query over an open gallery that the same model indexed.

    Args:
        gallery, encoder, query: What is searched, with which model, for what.
        collection: Root folder, for the result; of the first part where galleries were joined.
        read_part: Reads images of the query.
        filters: Told in the result; here only the least evidence of words is applied, after re-ranking.
        passing: [N] bool from ``filters.passing_images``, applied before the shortlist; None lets all pass.
        feedback: Marked images that move the query.
        top: At most this many hits; None for all re-ranked ones.
        shortlist: K, how many of the passing images are re-ranked; with K ≥ N every one is.
        cancel, stopwatch: Checked at every block; filled with the seconds of each stage.

    Raises:
        QueryError: if the query is empty, a phrase has no word, or a filter names a word that is not in it.
        UnreadableImageError: if an image of the query cannot be read.
        CollectionError: if the gallery is empty.
        CancelledError: if cancelled.
    """
    started = time.perf_counter()
    watch = stopwatch or Stopwatch()
    if len(gallery) == 0:
        raise CollectionError("This collection has no image that can be searched.", "Index a folder with images.")
    with watch.measure("encode"):
        encoded = moved_query(encode_query(query, encoder, read_part), feedback, gallery, encoder)
        floors = floors_of_words(filters, encoded.words)
    stages = _Stages(gallery, encoder, encoded, floors, cancel or CancelToken(), watch)
    scored, reranked, unscored = stages.run(passing, shortlist, top)
    with watch.measure("rank"):
        hits = _hits(scored, gallery, encoded, encoder.info.grids)
    return SearchResult(
        query=query,
        words=stages.calibrated_words(),
        hits=hits,
        evidence=scored.evidence,
        attention=scored.attention,
        grids=encoder.info.grids,
        global_share=encoder.global_share,
        gallery_size=len(gallery),
        reranked=reranked,
        collection=collection,
        model_fingerprint=encoder.info.fingerprint,
        seconds=time.perf_counter() - started,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        unscored=unscored,
        filters=filters,
        passing=None if passing is None else int(passing.sum()),
        feedback=feedback,
        unread_words=encoded.unread,
    )


def scan_global(
    features: npt.NDArray[np.float16], direction: FloatArray, cancel: CancelToken | None = None
) -> FloatArray:
    """Stage 1. The product of every image's global features with the direction of the query.

    Args:
        features: [N, D] float16, unit length.
        direction: [D], of ``EncodedQuery``: for several terms the weighted mean of their cosines comes out.
        cancel: Checked at every block.

    Returns:
        [N] float32; NaN where an image's features are broken.
    """
    similarity = np.empty(len(features), dtype=np.float32)
    for begin in range(0, len(features), _SCAN_BLOCK):
        if cancel is not None:
            cancel.raise_if_cancelled()
        block = features[begin : begin + _SCAN_BLOCK].astype(np.float32)
        similarity[begin : begin + _SCAN_BLOCK] = block @ direction
    return similarity


def select_top(scores: FloatArray, count: int) -> Indices:
    """Indices of the ``count`` highest finite scores; among equals the lowest index wins. Not sorted by score."""
    if count >= len(scores):
        return np.arange(len(scores))
    border = np.partition(scores, len(scores) - count)[len(scores) - count]
    above = np.flatnonzero(scores > border)
    equal = np.flatnonzero(scores == border)[: count - len(above)]
    return np.sort(np.concatenate([above, equal]))


def _shortlist(similarity: FloatArray, count: int, passing: Mask | None) -> tuple[Indices, int]:
    """The images to re-rank, and how many of those that pass have no finite similarity."""
    allowed = np.arange(len(similarity)) if passing is None else np.flatnonzero(passing)
    finite = allowed[np.isfinite(similarity[allowed])]
    return finite[select_top(similarity[finite], max(1, count))], len(allowed) - len(finite)


@dataclass(frozen=True)
class _Stages:
    """The two stages of one search."""

    gallery: Gallery
    encoder: FeatureEncoder
    query: EncodedQuery
    floors: Floors
    cancel: CancelToken
    watch: Stopwatch

    def run(self, passing: Mask | None, shortlist: int, top: int | None) -> tuple[_Scored, int, int]:
        """Stage 1 over all images that pass, stage 2 over the shortlist.

        Returns:
            The best, in order; how many were aligned; how many that pass have no finite score.
        """
        with self.watch.measure("scan"):
            similarity = scan_global(self.gallery.global_features, self.query.direction, self.cancel)
            chosen, left_out = _shortlist(similarity, shortlist, passing)
        scored, broken = self._align(similarity, chosen, top)
        return scored, len(chosen), left_out + broken

    def calibrated_words(self) -> tuple[QueryWord, ...]:
        """The words with the borders that a sample of the gallery gives them, whatever is found."""
        with self.watch.measure("calibrate"):
            rows = self.gallery.gather(self.gallery.locality(even_sample(len(self.gallery))))
            return calibrated(self.query.words, align_query(self.encoder, self.query, rows).evidence.sum(axis=2))

    def _align(self, similarity: FloatArray, chosen: Indices, top: int | None) -> tuple[_Scored, int]:
        """In blocks in the order of the disk; memory holds one block and the best hits so far."""
        broken = 0
        kept = [self._nothing()]
        order = self.gallery.locality(chosen)
        for begin in range(0, len(order), IMAGE_BLOCK):
            self.cancel.raise_if_cancelled()
            block = order[begin : begin + IMAGE_BLOCK]
            with self.watch.measure("gather"):
                rows = self.gallery.gather(block)
            with self.watch.measure("align"):
                aligned = align_query(self.encoder, self.query, rows)
            with self.watch.measure("rank"):
                scored = self._scored(block, similarity[block], aligned)
                sound = np.isfinite(scored.score)
                broken += len(block) - int(sound.sum())
                if self.floors:
                    adds = (1 - self.encoder.global_share) * scored.evidence.sum(axis=2).astype(np.float64)
                    sound &= evident(adds, self.floors)
                kept.append(scored if sound.all() else scored[np.flatnonzero(sound)])
                if top is not None and sum(len(part.index) for part in kept) > top + 4 * IMAGE_BLOCK:
                    kept = [_Scored.join(kept).best(top)]
        with self.watch.measure("rank"):
            return _Scored.join(kept).best(top), broken

    def _scored(self, block: Indices, similarity: FloatArray, aligned: Alignment) -> _Scored:
        share = np.float32(self.encoder.global_share)
        fine = aligned.evidence.sum(axis=(1, 2), dtype=np.float32)
        # twins in different blocks may differ in the last bit; rounded they tie, and ties go by path
        score = np.round(share * similarity + (1 - share) * fine, _SCORE_DECIMALS)
        return _Scored(block, score, similarity, fine, aligned.evidence, aligned.attention, aligned.matched_tokens)

    def _nothing(self) -> _Scored:
        words = len(self.query.words)
        none = np.zeros(0, dtype=np.float32)
        maps = np.zeros((0, words, sum(grid.regions for grid in self.encoder.info.grids)), dtype=np.float32)
        return _Scored(np.zeros(0, np.intp), none, none, none, maps, maps, np.zeros((0, words), np.int64))


def _hits(scored: _Scored, gallery: Gallery, query: EncodedQuery, grids: tuple[GridSpec, ...]) -> tuple[Hit, ...]:
    """The hits with, for each word, its evidence and the region where its thing is most (wanted or not)."""
    terms = query.term_of_word
    signs = np.array([np.sign(term.share) for term in terms], dtype=np.float32)
    sums = scored.evidence.sum(axis=2).tolist()
    peaks = (scored.evidence * signs[:, None]).argmax(axis=2).tolist()
    matched = scored.matched_tokens.tolist()
    boxes: dict[tuple[int, int, int], PixelBox] = {}
    hits = []
    for rank, index in enumerate(scored.index.tolist()):
        width, height = gallery.sizes[index].tolist()
        for region in peaks[rank]:
            if (region, height, width) not in boxes:
                boxes[region, height, width] = region_box(region, grids, height, width)
        hits.append(
            Hit(
                image_id=int(gallery.item_ids[index]),
                path=Path(os.fsdecode(gallery.paths[index])),
                rank=rank,
                score=float(scored.score[rank]),
                score_global=float(scored.score_global[rank]),
                score_fine=float(scored.score_fine[rank]),
                word_evidence=tuple(sums[rank]),
                best_regions=tuple(boxes[region, height, width] for region in peaks[rank]),
                width=width,
                height=height,
                query_regions=tuple(
                    term.regions[token] if token >= 0 else None
                    for term, token in zip(terms, matched[rank], strict=True)
                ),
                collection=int(gallery.part_of[index]),
            )
        )
    return tuple(hits)
