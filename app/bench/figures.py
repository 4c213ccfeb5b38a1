"""Measured figures beside the bars they must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One promise and what became of it.

    Attributes:
        what: What was measured.
        value: What came out.
        bar: It must stay below.
        unit: Of both.
    """

    what: str
    value: float
    bar: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.value < self.bar


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]


def table(figures: Sequence[Figure], load: Sequence[float]) -> str:
    """A line for each figure, then how busy the machine was.

    Args:
        figures: What was measured.
        load: Mean number of busy processes over the last minute, before and after.
    """
    width = max(len(figure.what) for figure in figures)
    lines = [f"{'':{width}}  {'bar':>10}  {'figure':>10}"]
    for figure in figures:
        bar, value = (f"{number:.6g} {figure.unit}" for number in (figure.bar, round(figure.value, 2)))
        lines.append(f"{figure.what:{width}}  {'< ' + bar:>10}  {value:>10}" + ("" if figure.holds else "  MISSED"))
    if load:
        lines.append(f"busy processes on this machine: {load[0]:.1f} before, {load[-1]:.1f} after")
    return "\n".join(lines)
