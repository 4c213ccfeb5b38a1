"""Frozen value types shared by every layer, and the two small protocols that cross layer borders.

Nothing here imports torch, Qt or another module of the package except ``errors``, ``queries`` and
``collection_values``; ``app`` sees the core through these types and ``Session`` alone.
Shape letters: L words, T tokens, R regions, S scales, D width, K hits, N gallery.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from faami_core.collection_values import CollectionInfo, GalleryImage, IndexReport, ScanSummary, UnreadableImage
from faami_core.errors import CancelledError
from faami_core.queries import NO_FEEDBACK, NO_FILTERS, Annotation, Feedback, Filters, PixelBox, Query

__all__ = ["CollectionInfo", "GalleryImage", "IndexReport", "ScanSummary", "UnreadableImage"]  # handed on from there

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]

# A word's strength (see QueryWord) from which its thing is said to be there, where no collection calibrates it; a
# search sets it for every word anew (see search.calibration). Half of it is enough to be said to be weakly there.
MATCHED_FROM = 0.2

ScaleView = Literal["both", "fine", "coarse"]
MapKind = Literal["evidence", "attention"]


class CancelToken:
    """Lets one thread ask another to stop. Long loops call ``raise_if_cancelled`` at least twice a second."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        if self._event.is_set():
            raise CancelledError


@dataclass(frozen=True)
class Progress:
    """One step of a long task.

    Attributes:
        stage: What is being done, as a short phrase for the screen ("Reading the folder").
        done, total: Units finished, and in all or None while unknown.
        rate, seconds_left: Units a second, and an estimate; None before they can be told.
    """

    stage: str
    done: int
    total: int | None = None
    rate: float | None = None
    seconds_left: float | None = None


ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class GridSpec:
    """One scale of the region features: its name ("fine", "coarse") and its grid of regions."""

    scale: str
    rows: int
    columns: int

    @property
    def regions(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True)
class ModelInfo:
    """What the screen and the exports say of the loaded model.

    Attributes:
        name: Folder name of the checkpoint.
        fingerprint: Hex digest over weights, config and preprocessing; features of two fingerprints never mix.
        device: "cpu", "cuda" or "mps".
        image_size: Side of the square model input in pixels.
        grids: The scales in the order in which regions are stored; R is the sum of their regions.
        width, parameters, folder: D, number of weights, and where the checkpoint lies.
    """

    name: str
    fingerprint: str
    device: str
    image_size: int
    grids: tuple[GridSpec, ...]
    width: int
    parameters: int
    folder: Path


@dataclass(frozen=True)
class ImageFeatures:
    """Features of B images as the index stores them.

    Attributes:
        global_features: [B, D] float16, unit length.
        regions: [B, R, D] int8, region features up to a scale per row.
        key_scale, value_scale: [B, R] float32; ``key_scale * (regions @ key_weightᵀ)`` has unit length, and likewise.
    """

    global_features: npt.NDArray[np.float16]
    regions: npt.NDArray[np.int8]
    key_scale: FloatArray
    value_scale: FloatArray

    def __len__(self) -> int:
        return int(self.global_features.shape[0])


class Match(StrEnum):
    """How well a word is seen in an image."""

    MATCHED = "matched"
    WEAK = "weak"
    MISSING = "missing"


@dataclass(frozen=True)
class QueryWord:
    """One word of the query as the analyst sees it; an image of the query counts as one word, its file name.

    Attributes:
        text: As typed.
        weight: Share of this word in the fine score, summed over its tokens; 0 for function words ("beside"),
            negative where it counts against.
        known: False where the model has never seen the word (it is flagged, never ignored).
        term: Which term of the query it belongs to, by its index in ``Query.terms`` as asked.
        matched_from: Strength from which the word is matched, calibrated on the collection.
    """

    text: str
    weight: float
    known: bool = True
    term: int = 0
    matched_from: float = MATCHED_FROM

    def strength(self, evidence: float) -> float:
        """Evidence freed from the word's weight: the mean cosine that its attention found, in [-1, 1]."""
        return evidence / self.weight if self.weight else 0.0

    def match(self, evidence: float) -> Match:
        """One rule for screen, command line and CSV; a word the model has never seen is never said to match."""
        strength = self.strength(evidence)
        if not self.known or strength < self.matched_from / 2:
            return Match.MISSING
        return Match.MATCHED if strength >= self.matched_from else Match.WEAK


@dataclass(frozen=True)
class QueryFeatures:
    """One encoded query term: T tokens (pieces of words, or regions of a query image).

    Attributes:
        global_features: [D] float32, unit length.
        keys, values: [T, D] float32, folded with projections: ``cos(k_r, q_t) = key_scale_r * regions_r · keys_t``.
        weights: [T] float32, ω; sums to 1.
        words: L words in reading order.
        word_of_token: [T] int, which word each token belongs to.
        grids: For an image, the scales whose regions are the tokens, in order; () for text.
        unread: Words behind the length of phrase that the model reads, in order.
    """

    global_features: FloatArray
    keys: FloatArray
    values: FloatArray
    weights: FloatArray
    words: tuple[QueryWord, ...]
    word_of_token: npt.NDArray[np.int64]
    grids: tuple[GridSpec, ...] = ()
    unread: tuple[str, ...] = ()


class FeatureEncoder(Protocol):
    """What indexing and search need of a model. ``model.encoder.FaamiEncoder`` is the real one; tests use a stub."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def global_share(self) -> float:
        """β of the score formula, in [0, 1]."""
        ...

    def encode_images(self, images: ByteArray) -> ImageFeatures:
        """Encodes [B, image_size, image_size, 3] uint8 RGB. Raises DeviceMemoryError if they do not fit."""
        ...

    def move_to_cpu(self) -> None: ...

    def encode_text(self, text: str) -> QueryFeatures:
        """Encodes one phrase. Raises QueryError if no word is left after normalisation."""
        ...

    def encode_image_query(self, image: ByteArray, name: str) -> QueryFeatures:
        """Encodes one [image_size, image_size, 3] uint8 RGB image: its regions act as tokens of one word."""
        ...

    def align(
        self,
        query: QueryFeatures,
        regions: npt.NDArray[np.int8],
        key_scale: FloatArray,
        value_scale: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Relates one query term to K images.

        Returns:
            evidence [K, L, R] float32, summed over each word's tokens; its sum over L and R is the fine score.
            attention [K, L, R] float32, weight-averaged over each word's tokens; sums to 1 over R, and is 0 for
            a word of weight 0 ("beside", "the"), which is not looked for anywhere.
        """
        ...


@dataclass(frozen=True)
class Hit:
    """One answer.

    Attributes:
        image_id: Key in the catalog.
        path, rank: Absolute path of the image file; place in the result, 0-based.
        score: β · score_global + (1-β) · score_fine.
        score_global: Cosine of the global features; over several terms their mean by |weight|, signed.
        score_fine: Sum of this hit's evidence over words and regions.
        word_evidence: L numbers, each word's sum over regions.
        best_regions: L boxes, the region with the most evidence of each word.
        width, height: Pixels of the image as shown.
        query_regions: L entries; for the word of a query image the region of that image which matched most, in its
            own pixels, for a word of text None. () where it is not known.
        collection: Index into the result's collections; with ``image_id`` it is the ``key`` of the image.
        file_rank: Its 1-based rank in the file that it was opened from, where rows were sorted or removed there.
    """

    image_id: int
    path: Path
    rank: int
    score: float
    score_global: float
    score_fine: float
    word_evidence: tuple[float, ...]
    best_regions: tuple[PixelBox, ...]
    width: int
    height: int
    query_regions: tuple[PixelBox | None, ...] = ()
    collection: int = 0
    file_rank: int | None = None

    @property
    def key(self) -> tuple[int, int]:
        return self.collection, self.image_id

    @property
    def rank_shown(self) -> int:
        """1-based, as on screen and in files."""
        return self.rank + 1 if self.file_rank is None else self.file_rank


@dataclass(frozen=True)
class SearchResult:
    """A ranked result set with all its evidence, so that browsing needs neither model nor disk.

    Attributes:
        query, filters: What was asked, and which images could be hits.
        words: L words, over all terms in order.
        hits: K hits, best first, ties by path.
        evidence: [K, L, R] float32.
        attention: [K, L, R] float32, sums to 1 over R, or is 0 for a word of weight 0.
        grids: How R splits into scales.
        global_share: β.
        gallery_size, reranked: N, and how many went through region–word alignment ("re-ranked K of N").
        collection: Root folder of the collection, or of the first of several.
        model_fingerprint: Of the model that scored.
        seconds, created_at: From call to hits, and when that was, ISO 8601 UTC.
        unscored: Images left out because their score is not a finite number.
        damaged: Images left out because their stored features rotted; the next index run makes them anew.
        passing: Images that pass the filters on files and marks, or None where there are none; K of *these* were
            re-ranked.
        feedback: The marked images that moved the query.
        further_collections: Root folders of the others, where several were searched as one.
        unread_words: Words of long phrases that the model did not read; they have no part in the answer.
    """

    query: Query
    words: tuple[QueryWord, ...]
    hits: tuple[Hit, ...]
    evidence: FloatArray = field(repr=False)
    attention: FloatArray = field(repr=False)
    grids: tuple[GridSpec, ...]
    global_share: float
    gallery_size: int
    reranked: int
    collection: Path
    model_fingerprint: str
    seconds: float
    created_at: str
    unscored: int = 0
    damaged: int = 0
    filters: Filters = NO_FILTERS
    passing: int | None = None
    feedback: Feedback = NO_FEEDBACK
    further_collections: tuple[Path, ...] = ()
    unread_words: tuple[QueryWord, ...] = ()

    @property
    def collections(self) -> tuple[Path, ...]:
        return (self.collection, *self.further_collections)

    @property
    def unknown_words(self) -> tuple[str, ...]:
        """Words of the query that the model has never seen, each once, in order."""
        return tuple(dict.fromkeys(word.text for word in self.words if not word.known))


@dataclass(frozen=True)
class ImportedResult:
    """A result set loaded from a file, and the marks and tags it carries, by ``Hit.key``."""

    result: SearchResult
    annotations: Mapping[tuple[int, int], Annotation]
