"""A session without a model: made images and made evidence, with the methods of the real one."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from faami_core.data.picture_part import part_of
from faami_core.errors import CollectionError, QueryError, UnreadableImageError
from faami_core.explain import Explain
from faami_core.explanation import ScoreParts, TrustReport, TrustStep
from faami_core.queries import (
    NO_FEEDBACK,
    NO_FILTERS,
    Annotation,
    AnnotationChange,
    Feedback,
    Filters,
    PixelBox,
    Query,
    TextTerm,
)
from faami_core.search.advice import advice
from faami_core.search.filters import Mask, masks_files, passing_images
from faami_core.search.provenance import format_filters, parse_filters
from faami_core.search.query_line import format_query, parse_query
from faami_core.triage import NO_ANNOTATIONS, Triage
from faami_core.types import (
    ByteArray,
    CancelToken,
    CollectionInfo,
    FloatArray,
    GalleryImage,
    GridSpec,
    Hit,
    IndexReport,
    MapKind,
    ModelInfo,
    Progress,
    ProgressCallback,
    QueryWord,
    ScaleView,
    ScanSummary,
    SearchResult,
    UnreadableImage,
)

GRIDS = (GridSpec("fine", 14, 14), GridSpec("coarse", 7, 7))
REGIONS = 245
LIGHT_WORDS = ("a", "the", "of", "several")
SILENT_WORDS = ("beside",)
MOST_WORDS = 46  # of a phrase that are read
BROKEN = "broken.jpg"


class FakeSession:
    """Knows ``count`` images below any folder, dealt out to ``folders`` in it; ``delay`` slows every search down.

    Image number n has sides of 224 and 200 + n pixels and was changed at noon of the n-th day after 1 May 2024.
    """

    def __init__(self, data_dir: Path, *, count: int = 24, delay: float = 0.0, indexed: bool = True) -> None:
        self.data_dir = data_dir
        self.count = count
        self.delay = delay
        self.indexed = indexed
        self.index_seconds = 0.0
        self.demo_seconds = 0.0
        self.unreadable: tuple[UnreadableImage, ...] = ()
        self.scan = ScanSummary()
        self.model_folder = data_dir / "model"
        self.folders: tuple[str, ...] = ("",)
        self.asked: list[Query] = []
        self.threads: set[str] = set()
        self.closed = False
        self.notes: dict[int, Annotation] = {}
        self.notes_version = 0
        self.disk_is_full = False
        self.query_fails = False
        self.changes = 0
        self.looks = 0
        self.look_seconds = 0.0
        self.copied: tuple[tuple[int, ...], ...] = ()  # images with the same content

    def model_info(self) -> ModelInfo:
        return ModelInfo("faami-lite", "0123456789abcdef", "cpu", 224, GRIDS, 256, 14_000_000, self.model_folder)

    def make_demo(self, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None) -> Path:
        end = time.monotonic() + self.demo_seconds
        while time.monotonic() < end:
            time.sleep(0.005)
            if cancel is not None:
                cancel.raise_if_cancelled()
        folder = self.data_dir / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def index(
        self,
        root: Path,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelToken | None = None,
        retry_unreadable: bool = False,
    ) -> IndexReport:
        steps, done, started = 100, 0, time.monotonic()
        if retry_unreadable:
            self.unreadable = ()
        for done in range(1, steps + 1):
            if cancel is not None and cancel.cancelled:
                break
            if progress is not None:
                rate = steps / max(self.index_seconds, 0.001)
                progress(
                    Progress(
                        "Reading images", done * 98, steps * 98, rate * 98, self.index_seconds * (1 - done / steps)
                    )
                )
            time.sleep(self.index_seconds / steps)
        cancelled = done < steps
        self.indexed = self.indexed or not cancelled
        seen, embedded = self.count + len(self.unreadable), self.count * done // steps
        report = IndexReport(
            root, seen, self.count, 0, 0, 0, 0, self.unreadable, cancelled, time.monotonic() - started
        )
        return replace(report, embedded=embedded, waiting=self.count - embedded, scan=self.scan)

    def change_collection(self, root: Path, *, system_folders: bool | None = None) -> None:
        self.scan = replace(self.scan, takes_system_folders=bool(system_folders))

    def open_collection(self, root: Path) -> CollectionInfo:
        if not root.is_dir():
            raise CollectionError(f"The folder {root} does not exist.", "Choose another folder.")
        if not self.indexed:
            raise CollectionError(f"{root.name} has not been indexed yet.", "Index it first.")
        seen = self.count + len(self.unreadable)
        return CollectionInfo(root, self.count, seen, 0, self.unreadable, "2026-03-02T09:30:00+00:00", scan=self.scan)

    def folder_changes(self, root: Path, *, count_offline: bool = True, cancel: CancelToken | None = None) -> int:
        self.looks += 1
        end = time.monotonic() + self.look_seconds
        while time.monotonic() < end:
            time.sleep(0.005)
            if cancel is not None:
                cancel.raise_if_cancelled()
        return self.changes

    def known_words(self) -> tuple[str, ...]:
        return ("airport", "river", "storage", "tank", "tanks", "trees")

    parse_query = staticmethod(parse_query)
    format_query = staticmethod(format_query)
    advice = staticmethod(advice)
    parse_filters = staticmethod(parse_filters)
    format_filters = staticmethod(format_filters)

    def browse(self, root: Path, *, filters: Filters = NO_FILTERS) -> tuple[GalleryImage, ...]:
        gallery = _Gallery(self._paths(root))
        passing = self._passing(root, gallery, filters)
        return tuple(
            GalleryImage(number, path, 224, 200 + number)
            for number, path in enumerate(self._paths(root))
            if passing[number]
        )

    def _passing(self, root: Path, gallery: _Gallery, filters: Filters) -> Mask:
        first = datetime(2024, 5, 1, 12).astimezone()
        times = {n: int((first + timedelta(days=n)).timestamp()) * 10**9 for n in range(len(gallery))}
        return passing_images(filters, gallery, root, self.notes, times)

    def search(
        self,
        root: Path | Sequence[Path],
        query: Query,
        *,
        filters: Filters = NO_FILTERS,
        feedback: Feedback = NO_FEEDBACK,
        top: int | None = None,
        shortlist: int = 500,
        cancel: CancelToken | None = None,
    ) -> SearchResult:
        self.threads.add(threading.current_thread().name)
        self.asked.append(query)
        end = time.monotonic() + self.delay
        while time.monotonic() < end:
            time.sleep(0.005)
            if cancel is not None:
                cancel.raise_if_cancelled()
        words = _words_of(query)
        if not words or self.query_fails:
            raise QueryError("The query has no word.", "Type what you look for.")
        result = self._made_result(root if isinstance(root, Path) else root[0], query, words, filters)
        return moved_by(result, feedback) if feedback != NO_FEEDBACK else result

    def ask_image(
        self, result: SearchResult, hit: int, query: Query, *, cancel: CancelToken | None = None
    ) -> SearchResult:
        answer = self.search(result.collections, query, cancel=cancel)
        place = next(other.rank for other in answer.hits if other.key == result.hits[hit].key)
        return self.rearranged(answer, places=[place])

    def _made_result(self, root: Path, query: Query, words: tuple[QueryWord, ...], filters: Filters) -> SearchResult:
        seed = int.from_bytes(hashlib.sha256(" ".join(word.text for word in words).encode()).digest()[:4])
        passing = self._passing(root, _Gallery(self._paths(root)), filters)
        paths = [path for path, passes in zip(self._paths(root), passing, strict=True) if passes]
        paths = [path for path in paths if path.name != BROKEN][:500]
        generator = np.random.default_rng(seed)
        paths = [paths[place] for place in generator.permutation(len(paths))]
        evidence = _made_evidence(generator, len(paths), words)
        order = np.argsort(-evidence.sum(axis=(1, 2)), kind="stable")
        evidence = evidence[order]
        attention = np.abs(evidence) + 1e-4
        attention /= attention.sum(axis=2, keepdims=True)
        number = {path: image_id for image_id, path in enumerate(self._paths(root))}
        ranked = [paths[int(place)] for place in order]
        hits = tuple(_hit(rank, number[path], path, evidence[rank]) for rank, path in enumerate(ranked))
        return SearchResult(
            query, words, hits, evidence, attention.astype(np.float32), GRIDS, 0.5, self.count, len(hits), root,
            "0123456789abcdef", 0.042 + self.delay, "2026-03-02T09:31:00+00:00",
            filters=filters, passing=int(passing.sum()) if masks_files(filters) else None,
            unread_words=_unread(query),
        )  # fmt: skip

    def read_image(self, path: Path, *, max_side: int | None = None, box: PixelBox | None = None) -> ByteArray:
        return part_of(self.thumbnail(path, 224), box).pixels

    def thumbnail(self, path: Path, side: int) -> ByteArray:
        if path.name == BROKEN:
            raise UnreadableImageError(f"{path.name} is not a readable image.", "Replace the file.")
        seed = int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4])
        generator = np.random.default_rng(seed)
        tone = generator.integers(40, 160, 3)
        noise = generator.integers(-18, 18, (side, side, 3))
        return np.clip(tone + noise, 0, 255).astype(np.uint8)

    def heatmap(
        self,
        result: SearchResult,
        hit: int,
        *,
        word: int | None = None,
        scale: ScaleView = "both",
        kind: MapKind = "evidence",
        size: tuple[int, int] | None = None,
    ) -> FloatArray:
        from faami_core.evidence import heatmap, maps

        grid = maps.hit_map(result, hit, word, scale=scale, kind=kind)
        return grid if size is None else heatmap.grid_to_pixels(grid, *size)

    def heatmap_limit(
        self,
        result: SearchResult,
        *,
        word: int | None = None,
        scale: ScaleView = "both",
        kind: MapKind = "evidence",
    ) -> float:
        from faami_core.evidence import maps

        return maps.shared_limit(result, word=word, scale=scale, kind=kind)

    rearranged = Explain.rearranged  # from plain values alone: the real one serves

    def copies(self, roots: Sequence[Path]) -> tuple[tuple[tuple[int, int], ...], ...]:
        return tuple(tuple((0, image) for image in group) for group in self.copied)

    def duplicates(
        self, result: SearchResult, kind: str, *, cancel: CancelToken | None = None
    ) -> tuple[tuple[int, ...], ...]:
        """Neighbours in rank look alike, two and two."""
        return tuple((rank, rank + 1) for rank in range(0, len(result.hits) - 1, 2))

    def score_parts(self, result: SearchResult, hit: int) -> ScoreParts:
        from faami_core.evidence import parts

        return parts.hit_parts(result, hit)

    region_unit = staticmethod(Explain.region_unit)

    def region_parts(self, result: SearchResult, hit: int, *, scale: ScaleView = "both") -> FloatArray:
        from faami_core.evidence import parts

        return parts.region_parts(result, hit, scale)

    def check_trust(self, result: SearchResult, hit: int, *, word: int | None = None) -> TrustReport:
        if not result.words[word or 0].known:
            raise QueryError("Nothing is lit in this image.", "Choose another word.")
        score = result.hits[hit].score
        steps = (
            TrustStep("Lit region hidden", score - 0.2, 0.01, None),
            TrustStep("As much hidden elsewhere", score - 0.01, 0.2, None),
            TrustStep("Turned by 90°", score, 0.19, 0.83),
        )
        return TrustReport(word, 0.06, TrustStep("As it is", score, 0.2, None), steps)

    export_csv = Triage.export_csv  # from plain values and marks alone: the real ones serve
    preview_csv = Triage.preview_csv
    export_files = staticmethod(Triage.export_files)
    check_csv = staticmethod(Triage.check_csv)
    check_picture = staticmethod(Triage.check_picture)
    write_picture = staticmethod(Triage.write_picture)

    def _notes_of(
        self, result: SearchResult, others: Mapping[tuple[int, int], Annotation] = NO_ANNOTATIONS
    ) -> dict[tuple[int, int], Annotation]:
        return {(0, image): note for image, note in self.notes.items()} | dict(others)

    def annotations(self, root: Path) -> dict[int, Annotation]:
        return dict(self.notes)

    def annotations_version(self, root: Path) -> int:
        return self.notes_version

    def annotate(self, root: Path, changes: Mapping[int, Annotation | AnnotationChange]) -> dict[int, Annotation]:
        if self.disk_is_full:
            raise CollectionError("The marks could not be stored: the disk is full.", "Make room.")
        before = {image: self.notes.get(image, Annotation()) for image in changes}
        self.notes |= {
            image: change if isinstance(change, Annotation) else change.applied_to(before[image])
            for image, change in changes.items()
        }
        self.notes_version += 1
        return before

    def close(self) -> None:
        self.closed = True

    def _paths(self, root: Path) -> list[Path]:
        count = len(self.folders)
        return [root / self.folders[n % count] / f"airport_{n:05}.jpg" for n in range(self.count)]


class _Gallery:
    """What filters need to know of images."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.item_ids = np.arange(len(paths))
        self.paths = [os.fsencode(path) for path in paths]
        self.sizes = np.stack([np.full(len(paths), 224), 200 + self.item_ids], axis=1)

    def __len__(self) -> int:
        return len(self.item_ids)


def moved_by(result: SearchResult, feedback: Feedback) -> SearchResult:
    """Wanted images are more like the query as a whole, unwanted ones less; the score stays a sum."""
    liking = dict.fromkeys(feedback.wanted, 0.5) | dict.fromkeys(feedback.unwanted, -0.5)
    hits = [
        replace(hit, score=hit.score + 0.5 * more, score_global=hit.score_global + more)
        for hit in result.hits
        for more in [liking.get(hit.image_id, 0.0)]
    ]
    order = sorted(range(len(hits)), key=lambda rank: -hits[rank].score)
    return replace(
        result,
        hits=tuple(replace(hits[old], rank=new) for new, old in enumerate(order)),
        evidence=result.evidence[order],
        attention=result.attention[order],
        feedback=feedback,
    )


def _words_of(query: Query) -> tuple[QueryWord, ...]:
    found: list[tuple[str, int, float]] = []
    for number, term in enumerate(query.terms):
        for text in term.text.split()[:MOST_WORDS] if isinstance(term, TextTerm) else [term.path.name]:
            share = 0.0 if text in SILENT_WORDS else 0.2 if text in LIGHT_WORDS else 1.0
            found += [(text, number, share * term.weight)] if term.weight else []
    total = sum(abs(weight) for _, _, weight in found)
    return tuple(
        QueryWord(text, weight / total, known=not text.startswith("xyz"), term=number)
        for text, number, weight in found
    )


def _unread(query: Query) -> tuple[QueryWord, ...]:
    return tuple(
        QueryWord(text, 0.0, term=number)
        for number, term in enumerate(query.terms)
        if isinstance(term, TextTerm)
        for text in term.text.split()[MOST_WORDS:]
    )


def _made_evidence(generator: np.random.Generator, hits: int, words: tuple[QueryWord, ...]) -> FloatArray:
    """One blob per hit and word, at the same spot on both scales; some words are missing in some hits."""
    centre = generator.uniform(0.2, 0.8, (hits, len(words), 2))
    strength = generator.uniform(-0.1, 0.6, (hits, len(words))) * [word.weight for word in words]
    parts = []
    for grid in GRIDS:
        rows = (np.arange(grid.rows) + 0.5) / grid.rows
        columns = (np.arange(grid.columns) + 0.5) / grid.columns
        distance = (rows[:, None] - centre[..., 0, None, None]) ** 2 + (columns - centre[..., 1, None, None]) ** 2
        blob = np.exp(-distance / 0.02)
        blob *= (strength / blob.sum(axis=(-1, -2)))[..., None, None] / 2
        parts.append(blob.reshape(hits, len(words), grid.regions))
    return np.concatenate(parts, axis=2).astype(np.float32)


def _hit(rank: int, image_id: int, path: Path, evidence: FloatArray) -> Hit:
    per_word = tuple(float(value) for value in evidence.sum(axis=1))
    fine = float(evidence.sum())
    boxes = tuple(PixelBox(0, 0, 16, 16) for _ in per_word)
    return Hit(image_id, path, rank, 0.5 * 0.4 + 0.5 * fine, 0.4, fine, per_word, boxes, 224, 224)
