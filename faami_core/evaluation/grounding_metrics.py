"""How well a map agrees with the truth, as small functions of NumPy arrays, each with its 95 % bootstrap interval.

Ties are shared out, and a map without anything lit counts as an even one: a constant map gets what chance gets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faami_core.types import FloatArray

Values = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Groups = npt.NDArray[np.int64]

_DRAWS = 1000
_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Figure:
    """A measured number.

    Attributes:
        value: The mean over all cases.
        low, high: Ends of its 95 % interval.
        cases: How many; where there is none, the three numbers are 0 and mean nothing.
    """

    value: float
    low: float
    high: float
    cases: int

    def as_dict(self) -> dict[str, float | None]:
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        shown = {name: round(number, 4) if self.cases else None for name, number in numbers.items()}
        return {**shown, "n": self.cases}


_NOTHING = Figure(0.0, 0.0, 0.0, 0)


def peak_inside(heatmap: FloatArray, mask: Mask) -> float:
    """1 if the brightest pixel of [H, W] lies in the mask, 0 if not; of equally bright ones the share that does."""
    return float(mask[heatmap == heatmap.max()].mean())


def inside_share(heatmap: FloatArray, mask: Mask) -> float:
    """Share of what is lit that lies in the mask, in [0, 1]; negative values light nothing."""
    lit = np.maximum(heatmap, 0.0)
    total = float(lit.sum(dtype=np.float64))
    return float(lit[mask].sum(dtype=np.float64)) / total if total > 0 else float(mask.mean())


def average_precision(heatmap: FloatArray, mask: Mask) -> float:
    """Area under precision over recall when pixels are taken from the brightest down, in [0, 1].

    Equally bright pixels are taken together, so that their order says nothing.
    """
    order = np.argsort(-heatmap, axis=None, kind="stable")
    brightness, wanted = heatmap.reshape(-1)[order], mask.reshape(-1)[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(brightness) != 0, True))
    found = np.cumsum(wanted)[last_of_tie]
    recall = found / max(int(found[-1]), 1)
    precision = found / (last_of_tie + 1)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def mean_figure(values: Values, groups: Groups, seed: int = 0) -> Figure:
    """Mean of [n] values. Whole groups are redrawn, because cases of one image err together.

    Args:
        values: Of each case.
        groups: [n], the image each value belongs to.
        seed: Of the bootstrap.
    """
    if not len(values):
        return _NOTHING
    owner, count = _numbered(groups)
    sums = np.bincount(owner, values, minlength=count)
    sizes = np.bincount(owner, minlength=count)
    times = _redrawn(count, seed)
    return _figure(float(values.mean()), (times @ sums) / (times @ sizes), len(values))


def auc_figure(
    present: Values, present_groups: Groups, absent: Values, absent_groups: Groups, seed: int = 0
) -> Figure:
    """Area under the ROC curve: how often a present thing scores above an absent one; equal scores count half.

    Args:
        present, absent: Scores of each thing.
        present_groups, absent_groups: The image each belongs to, redrawn as a whole.
        seed: Of the bootstrap.
    """
    if not len(present) or not len(absent):
        return _NOTHING
    owner, count = _numbered(np.concatenate([present_groups, absent_groups]))
    row, column = owner[: len(present)], owner[len(present) :]
    wins = (present[:, None] > absent).astype(np.float64) + 0.5 * (present[:, None] == absent)
    by_present = np.eye(count)[row].T  # [groups, present]
    by_absent = np.eye(count)[column].T
    won = by_present @ wins @ by_absent.T  # [groups, groups]
    times = _redrawn(count, seed)
    pairs = (times @ by_present.sum(axis=1)) * (times @ by_absent.sum(axis=1))
    drawn = np.einsum("dg,gh,dh->d", times, won, times, optimize=True)
    some = pairs > 0  # a draw may have caught no absent thing at all
    return _figure(float(wins.mean()), drawn[some] / pairs[some], len(present) + len(absent))


def _numbered(groups: Groups) -> tuple[Groups, int]:
    names, owner = np.unique(groups, return_inverse=True)
    return owner, len(names)


def _redrawn(groups: int, seed: int) -> npt.NDArray[np.float64]:
    """[draws, groups] how often each group is in each draw."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(groups, np.full(groups, 1 / groups), size=_DRAWS).astype(np.float64)


def _figure(value: float, drawn: Values, count: int) -> Figure:
    low, high = np.percentile(drawn, _PERCENTILES)
    return Figure(value, float(low), float(high), count)
