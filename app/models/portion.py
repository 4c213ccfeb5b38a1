"""What of the results on screen an export writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Portion:
    """Some of the results on screen.

    Attributes:
        name: "all", "selected" or "accepted".
        rows: Their rows in the grid, from top to bottom.
        sentence: What they are, for the analyst.
    """

    name: str
    rows: Sequence[int]
    sentence: str

    @property
    def label(self) -> str:
        """For the button that chooses it."""
        return f"{'All on screen' if self.name == 'all' else self.name.capitalize()} ({len(self.rows):,})"


def portions_of(
    shown: Sequence[int], selected: Sequence[int], accepted: Sequence[int], told: Sequence[str], order: str
) -> tuple[Portion, ...]:
    """The portions to choose from, the whole first.

    Args:
        shown: Rows of the results on screen.
        selected, accepted: Those of them.
        told: What is said of all on screen.
        order: What is said of their order.
    """
    parts = (
        Portion(name, rows, f"{len(rows):,} {name} of {len(shown):,} on screen, {order}, ranked anew.")
        for name, rows in (("selected", selected), ("accepted", accepted))
    )
    return Portion("all", shown, f"{', '.join(told)}."), *parts
