"""Measurements: how fast the indexer is, how fast a search answers, and what marks bring.

All return their numbers as plain values for JSON, and a text for people.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faami_core.errors import CollectionError
from faami_core.pace import Pace
from faami_core.queries import Feedback, Query
from faami_core.session import Session
from faami_core.types import CancelToken, FloatArray, ProgressCallback

SPEED_QUERIES = (
    "storage tanks beside a river",
    "planes parked at the terminal",
    "a baseball field next to trees",
    "many ships in the harbour",
    "a bridge over the water",
)

# How somebody may ask who has the scene before the mind's eye but not its name: queries that start poorly.
VAGUE_QUERIES: Mapping[str, str] = {
    "airport": "a large grey area with white shapes",
    "bareland": "nothing on the ground",
    "baseballfield": "a brown and green sector",
    "beach": "a white edge",
    "bridge": "a long straight thing over a wide one",
    "center": "a round roof",
    "church": "an old building with towers",
    "commercial": "a busy town",
    "denseresidential": "many small roofs",
    "desert": "yellow waves",
    "farmland": "stripes and rectangles",
    "forest": "dark green texture",
    "industrial": "long roofs",
    "meadow": "a smooth green surface",
    "mediumresidential": "houses",
    "mountain": "rough ground",
    "park": "paths among green",
    "parking": "rows of small things",
    "playground": "an oval",
    "pond": "dark water",
    "port": "things at the shore",
    "railwaystation": "parallel lines",
    "resort": "pools",
    "river": "a curved band",
    "school": "a few buildings and a red ring",
    "sparseresidential": "a lonely roof",
    "square": "an open paved place",
    "stadium": "a huge ring",
    "storagetanks": "white circles",
    "viaduct": "loops that cross",
}

_FIRST = 20  # hits that precision is measured on
_POOR = 0.5  # a query that finds less of its class among the first starts poorly
_NUMBERED_NAME = re.compile(r"(.*?)_?\d*")


@dataclass(frozen=True)
class Report:
    """A measurement as plain values and as text."""

    numbers: dict[str, Any]
    text: str


def indexing_speed(
    root: Path,
    model: Path | None,
    device: str,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """Images a second of the whole indexer beside the bare model, see ``indexing.benchmark``."""
    from faami_core.indexing.benchmark import index_speed

    speed = index_speed(root, model, device, progress=progress, cancel=cancel)
    return Report(asdict(speed), str(speed))


def search_speed(session: Session, collection: Path, texts: Sequence[str], *, runs: int, shortlist: int) -> Report:
    """Times text query → hits; the first search of each query warms up and does not count."""
    queries = [Query.from_text(text) for text in texts]
    for query in queries:
        result = session.search(collection, query, shortlist=shortlist)
    totals: list[float] = []
    stages: dict[str, list[float]] = {}
    for run in range(runs):
        started = time.perf_counter()
        session.search(collection, queries[run % len(queries)], shortlist=shortlist)
        totals.append(time.perf_counter() - started)
        for stage, seconds in session.stage_seconds.items():
            stages.setdefault(stage, []).append(seconds)
    medians = {stage: percentile_ms(seconds, 50) for stage, seconds in stages.items()}
    p50, p95 = percentile_ms(totals, 50), percentile_ms(totals, 95)
    return Report(
        {
            "gallery_size": result.gallery_size,
            "reranked": result.reranked,
            "runs": runs,
            "p50_ms": p50,
            "p95_ms": p95,
            "stages_p50_ms": medians,
        },
        f"text query → hits, {result.gallery_size} images, re-ranked {result.reranked}, {runs} runs\n"
        f"  p50 {p50:.1f} ms, p95 {p95:.1f} ms\n"
        "  p50 of stages: " + ", ".join(f"{stage} {median:.1f}" for stage, median in medians.items()),
    )


def percentile_ms(seconds: Sequence[float], percent: int) -> float:
    """Nearest-rank percentile in milliseconds."""
    ordered = sorted(seconds)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)] * 1000, 2)


def class_of(path: Path) -> str:
    """The class in a file name such as ``storagetanks_12.jpg``; empty where there is only a number."""
    name = _NUMBERED_NAME.fullmatch(path.stem)
    return name[1] if name else path.stem


def feedback_curve(
    session: Session,
    collection: Path,
    *,
    rounds: int = 3,
    marks: int = 8,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """Plays an analyst who in every round marks the best hits not yet marked, by the class in their file name.

    Every class with at least twenty images is asked for by its name and, if the class is known, vaguely.

    Args:
        session: Searches.
        collection: Indexed images whose file names begin with their class.
        rounds: How often marks are given.
        marks: Images marked in a round.
        progress: Told after every query.
        cancel: Stops it.

    Returns:
        precision@20 before the marks and after each round, over all hits and over those not yet marked.

    Raises:
        CollectionError: if the file names tell no classes.
        CancelledError: if cancelled.
    """
    classes = [class_of(image.path) for image in session.browse(collection)]
    asked = [
        (kind, name, text)
        for name in sorted(set(classes) - {""})
        if classes.count(name) >= _FIRST
        for kind, text in (("name", name), ("vague", VAGUE_QUERIES.get(name, "")))
        if text
    ]
    if not asked:
        raise CollectionError(
            "The file names of this collection tell no classes to measure with.",
            f"Name at least {_FIRST} images a class like airport_1.jpg.",
        )
    pace = Pace("Playing rounds of feedback", len(asked))
    curves = []
    for number, (_, name, text) in enumerate(asked, start=1):
        curves.append(_curve(session, collection, name, text, rounds=rounds, marks=marks, cancel=cancel))
        if progress is not None:
            progress(pace.at(number))
    return _curve_report(asked, np.array(curves, dtype=np.float32), marks)


def _curve(
    session: Session, collection: Path, name: str, text: str, *, rounds: int, marks: int, cancel: CancelToken | None
) -> list[tuple[float, float]]:
    """Per round precision@20 over all hits, and over those not yet marked."""
    wanted: tuple[int, ...] = ()
    unwanted: tuple[int, ...] = ()
    curve = []
    for _ in range(rounds + 1):
        result = session.search(
            collection,
            Query.from_text(text),
            feedback=Feedback(wanted, unwanted),
            top=_FIRST + rounds * marks,
            cancel=cancel,
        )
        right = [class_of(hit.path) == name for hit in result.hits]
        marked = {*wanted, *unwanted}
        fresh = [rank for rank, hit in enumerate(result.hits) if hit.image_id not in marked]
        curve.append(
            (sum(right[:_FIRST]) / _FIRST, sum(right[rank] for rank in fresh[:_FIRST]) / max(len(fresh[:_FIRST]), 1))
        )
        wanted += tuple(result.hits[rank].image_id for rank in fresh[:marks] if right[rank])
        unwanted += tuple(result.hits[rank].image_id for rank in fresh[:marks] if not right[rank])
    return curve


def _curve_report(asked: list[tuple[str, str, str]], curves: FloatArray, marks: int) -> Report:
    """Means over [queries, rounds + 1, (all, not yet marked)]: by kind of query, and of those that start poorly."""
    kinds = np.array([kind for kind, _, _ in asked])
    groups = {f"asked by {kind}": kinds == kind for kind in dict.fromkeys(kinds.tolist())}
    groups["starting poorly"] = curves[:, 0, 0] < _POOR
    numbers: dict[str, Any] = {"marks_a_round": marks, "groups": {}, "queries": []}
    lines = [f"precision@{_FIRST} before any mark and after each round of {marks} marks"]
    for group, members in groups.items():
        if not members.any():
            continue
        mean = curves[members].mean(axis=0)
        fell = int((curves[members, -1, 0] < curves[members, 0, 0]).sum())
        numbers["groups"][group] = {
            "queries": int(members.sum()),
            "all_hits": [round(float(value), 4) for value in mean[:, 0]],
            "not_yet_marked": [round(float(value), 4) for value in mean[:, 1]],
            "fell": fell,
        }
        lines.append(
            f"  {group:16s} {int(members.sum()):3d} queries, {fell} fell: "
            f"all hits {_arrows(mean[:, 0])}; not yet marked {_arrows(mean[:, 1])}"
        )
    for (kind, name, text), curve in zip(asked, curves.tolist(), strict=True):
        numbers["queries"].append({"class": name, "kind": kind, "text": text, "all_hits": [now for now, _ in curve]})
    return Report(numbers, "\n".join(lines))


def _arrows(values: FloatArray) -> str:
    return " → ".join(f"{value:.3f}" for value in values.tolist())
