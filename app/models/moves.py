"""How far images have moved from one order of the results to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from faami_core.types import Hit

Moves = Mapping[tuple[int, int], int | None]  # by ``Hit.key``: ranks risen or (negative) fallen; None came in anew


def moves_between(before: Iterable[Hit], after: Iterable[Hit]) -> Moves:
    """How each hit of ``after`` has moved; both in order of rank."""
    ranks = {hit.key: rank for rank, hit in enumerate(before)}
    return {hit.key: ranks[hit.key] - rank if hit.key in ranks else None for rank, hit in enumerate(after)}
