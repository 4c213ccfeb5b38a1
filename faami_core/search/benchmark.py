"""How fast a text query becomes hits, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faami_core.types import Query, SearchResult

BENCH_QUERIES = (
    "storage tanks beside a river",
    "planes parked at the terminal",
    "a baseball field next to trees",
    "many ships in the harbour",
    "a bridge over the water",
)


@dataclass(frozen=True)
class SearchSpeed:
    """Milliseconds of ``runs`` searches over N = ``gallery_size`` images, ``reranked`` of them re-ranked."""

    gallery_size: int
    reranked: int
    runs: int
    p50_ms: float
    p95_ms: float
    stages_p50_ms: Mapping[str, float]

    def __str__(self) -> str:
        return (
            f"text query → hits, {self.gallery_size} images, re-ranked {self.reranked}, {self.runs} runs\n"
            f"  p50 {self.p50_ms:.1f} ms, p95 {self.p95_ms:.1f} ms\n"
            f"  p50 of stages: {', '.join(f'{stage} {spent:.1f}' for stage, spent in self.stages_p50_ms.items())}"
        )


def measure_search_speed(
    search: Callable[[Query], SearchResult],
    stage_seconds: Callable[[], Mapping[str, float]],
    texts: Sequence[str],
    runs: int,
) -> SearchSpeed:
    """Times searches in turn; the first of each query warms up and does not count.

    Args:
        search: Answers a query.
        stage_seconds: Seconds of each stage of the last search.
        texts: The queries; none takes the built-in ones.
        runs: Searches in all, at least 1.
    """
    queries = [Query.from_text(text) for text in texts or BENCH_QUERIES]
    for query in queries:
        result = search(query)
    totals: list[float] = []
    stages: dict[str, list[float]] = {}
    for run in range(runs):
        started = time.perf_counter()
        search(queries[run % len(queries)])
        totals.append(time.perf_counter() - started)
        for stage, seconds in stage_seconds().items():
            stages.setdefault(stage, []).append(seconds)
    return SearchSpeed(
        gallery_size=result.gallery_size,
        reranked=result.reranked,
        runs=runs,
        p50_ms=percentile_ms(totals, 50),
        p95_ms=percentile_ms(totals, 95),
        stages_p50_ms={stage: percentile_ms(seconds, 50) for stage, seconds in stages.items()},
    )


def percentile_ms(seconds: Sequence[float], percent: int) -> float:
    """Nearest-rank percentile in milliseconds."""
    ordered = sorted(seconds)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)] * 1000, 2)
