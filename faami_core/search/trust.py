"""Does the score come from where the heatmap says, and does the evidence go with the thing when the image is turned?

The image is changed and scored again. Hiding the lit region must cost more than hiding as much of the rest; turned or
mirrored, the evidence must lie on the same things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from faami_core.errors import QueryError
from faami_core.evidence.maps import region_density
from faami_core.explanation import TrustReport, TrustStep
from faami_core.search.alignment import align_query
from faami_core.search.query import EncodedQuery
from faami_core.types import ByteArray, FeatureEncoder, FloatArray, QueryWord

_LIT_MASS = 0.8  # of the positive evidence lies in the region that is hidden
_LARGEST = 0.25  # of the image; hiding more would prove little

Undo = Callable[[FloatArray], FloatArray]
Cells = npt.NDArray[np.bool_]

_TURNS: tuple[tuple[str, Callable[[ByteArray], ByteArray], Undo], ...] = (
    ("Turned by 90°", np.rot90, lambda grid: np.rot90(grid, -1)),
    ("Mirrored left to right", lambda pixels: pixels[:, ::-1], lambda grid: grid[:, ::-1]),
    ("Mirrored top to bottom", lambda pixels: pixels[::-1], lambda grid: grid[::-1]),
)


def check_trust(
    encoder: FeatureEncoder, query: EncodedQuery, words: Sequence[QueryWord], pixels: ByteArray, word: int | None
) -> TrustReport:
    """Hides, turns and mirrors an image.

    Args:
        encoder: The model.
        query: What was asked.
        words: L words with the weights in force, which a mixer may have changed.
        pixels: [image_size, image_size, 3] uint8 RGB, as the model sees the image.
        word: The word to check, or None for the whole query.

    Raises:
        QueryError: if nothing is lit in the image.
    """
    maps = _Scorer(encoder, query, words, word)
    (original_score,), (original_part,), original = maps.score(pixels[None])
    lit = lit_cells(original[0])
    elsewhere = _darkest_cells(original[0], int(lit.sum()))
    hidden = [_hidden(pixels, cells) for cells in (lit, elsewhere)]
    turned = [np.ascontiguousarray(turn(pixels)) for _, turn, _ in _TURNS]
    scores, parts, grids = maps.score(np.stack([*hidden, *turned]))
    names = ("Lit region hidden", "As much hidden elsewhere", *(name for name, _, _ in _TURNS))
    undone = [None, None, *(undo(grid) for (_, _, undo), grid in zip(_TURNS, grids[2:], strict=True))]
    steps = tuple(
        TrustStep(name, score, part, None if back is None else overlap(original[0], back))
        for name, score, part, back in zip(names, scores, parts, undone, strict=True)
    )
    as_it_is = TrustStep("As it is", original_score, original_part, None)
    return TrustReport(word, float(lit.mean()), as_it_is, steps)


def lit_cells(grid: FloatArray) -> Cells:
    """The fewest cells of [H, W] that hold most of the positive evidence, at most a quarter of them.

    Raises:
        QueryError: if there is no positive evidence.
    """
    positive = np.clip(grid, 0, None).ravel()
    total = positive.sum()
    if total <= 0:
        raise QueryError("Nothing is lit in this image.", "Choose a word that is seen in it, or another image.")
    order = np.argsort(-positive, kind="stable")
    needed = int(np.searchsorted(np.cumsum(positive[order]), _LIT_MASS * total)) + 1
    cells = np.zeros(positive.shape, dtype=np.bool_)
    cells[order[: min(needed, max(1, int(_LARGEST * positive.size)))]] = True
    return cells.reshape(grid.shape)


def overlap(first: FloatArray, second: FloatArray) -> float:
    """Share of the positive evidence that two maps have in the same cells, in [0, 1]."""
    shares = []
    for grid in (first, second):
        positive = np.clip(grid, 0, None)
        shares.append(positive / max(float(positive.sum()), 1e-12))
    return float(np.minimum(*shares).sum())


class _Scorer:
    """Scores images with a query and lays the evidence of a word out on the finest grid."""

    def __init__(
        self, encoder: FeatureEncoder, query: EncodedQuery, words: Sequence[QueryWord], word: int | None
    ) -> None:
        self._encoder = encoder
        self._query = query
        before = np.asarray([entry.weight for entry in query.words], dtype=np.float32)
        now = np.asarray([entry.weight for entry in words], dtype=np.float32)
        self._scale = np.divide(now, before, out=np.zeros_like(now), where=before != 0)
        # A word that counts against lights up where its thing is, although its evidence is negative there.
        self._sign = np.sign(words[word].weight) if word is not None else np.float32(1)
        self._word = word

    def score(self, images: ByteArray) -> tuple[list[float], list[float], FloatArray]:
        """Scores of [B, S, S, 3] images, what the word adds to them, and its maps [B, H, W] as density."""
        features = self._encoder.encode_images(images)
        rows = (features.regions, features.key_scale, features.value_scale)
        share = self._encoder.global_share
        aligned = align_query(self._encoder, self._query, rows)
        evidence = (1 - share) * self._scale[:, None] * aligned.evidence
        overall = features.global_features.astype(np.float32) @ self._query.direction
        scores = share * overall + evidence.sum(axis=(1, 2))
        chosen = evidence.sum(axis=1) if self._word is None else self._sign * evidence[:, self._word]
        maps = region_density(chosen.astype(np.float32), self._encoder.info.grids)
        return scores.tolist(), chosen.sum(axis=1).tolist(), maps


def _darkest_cells(grid: FloatArray, count: int) -> Cells:
    cells = np.zeros(grid.size, dtype=np.bool_)
    cells[np.argsort(grid.ravel(), kind="stable")[:count]] = True
    return cells.reshape(grid.shape)


def _hidden(pixels: ByteArray, cells: Cells) -> ByteArray:
    """The image with cells filled with the mean colour of the rest."""
    side = len(pixels)
    rows, columns = (np.arange(side) * count // side for count in cells.shape)
    covered = cells[rows[:, None], columns]
    changed = pixels.copy()
    changed[covered] = pixels[~covered].mean(axis=0).round().astype(np.uint8)
    return changed
