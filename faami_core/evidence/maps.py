"""Words × regions × scales → grids.

A map is drawn as a *density*: evidence per image area, so that its mean over the image is the word's evidence.
That makes the fine and the coarse scale comparable, and "both" is simply their sum. Attention maps use the same
unit; their mean is 1 for every image, which is why attention alone lights up something everywhere.
"""

from __future__ import annotations

import numpy as np

from faami_core.types import FloatArray, GridSpec, MapKind, ScaleView, SearchResult

_REFERENCE_HITS = 12  # about a screenful
_SURE = 0.3  # strength of a thing that is there beyond doubt
_DARKEST = 5  # a word that matches nowhere is drawn at least at a fifth of the brightness
_FAINTEST_SCALE = 0.25  # a scale with less evidence than this share of both together is drawn dark, not stretched


def region_density(values: FloatArray, grids: tuple[GridSpec, ...], scale: ScaleView = "both") -> FloatArray:
    """Lays region values out on the grid of a scale, as density per image area.

    Args:
        values: [..., R] numbers per region, e.g. evidence.
        grids: How R splits into scales.
        scale: One scale by name, or "both" for the sum on the finest grid.

    Returns:
        [..., H, W] float32; its mean over H and W is the sum of the values of the chosen scale(s).

    Raises:
        ValueError: if no grid has that name.
    """
    layers = _split_scales(values, grids)
    if scale != "both":
        if scale not in layers:
            raise ValueError(f"no scale is named {scale!r}; there are {', '.join(layers)}")
        return layers[scale]
    finest = max(grids, key=lambda grid: grid.regions)
    total = np.zeros((*values.shape[:-1], finest.rows, finest.columns), dtype=np.float32)
    for layer in layers.values():
        total += resample_nearest(layer, finest.rows, finest.columns)
    return total


def resample_nearest(grid: FloatArray, rows: int, columns: int) -> FloatArray:
    """Brings [..., h, w] to [..., rows, columns]; each target cell takes the source cell under its centre."""
    source_rows, source_columns = grid.shape[-2:]
    row = ((np.arange(rows) + 0.5) * source_rows / rows).astype(np.intp)
    column = ((np.arange(columns) + 0.5) * source_columns / columns).astype(np.intp)
    return grid[..., row[:, None], column[None, :]]


def hit_map(
    result: SearchResult,
    hit: int,
    word: int | None = None,
    *,
    scale: ScaleView = "both",
    kind: MapKind = "evidence",
) -> FloatArray:
    """Map of one hit, for one word or (None) for the whole query. Returns [H, W] float32 density."""
    return region_density(_values(result, kind, word)[hit], result.grids, scale)


def shared_limit(
    result: SearchResult, *, word: int | None = None, scale: ScaleView = "both", kind: MapKind = "evidence"
) -> float:
    """The density drawn brightest: the one scale on which a view is drawn, for all results alike.

    It is the median peak of the best hits: one hit with all evidence in a single region must not make every other
    one look empty. Brighter places are drawn alike. Single words share one scale of strength (evidence freed from the
    word's weight), so that a light word lights up as well as a heavy one and equal colours mean equally sure; where
    no hit is sure, the scale is stretched, and what is not there stays dark. A scale that carries next to nothing of
    the evidence stays dark, too, instead of showing the largest of many nothings brightly.

    Args:
        result: Whose hits are drawn.
        word: The word drawn, or None for the whole query.
        scale: One scale or both.
        kind: Evidence, or raw attention.

    Returns:
        A number other than 0: negative for a word that counts against, whose evidence is negative where its thing is.
        1.0 when there is nothing to draw, so that drawing never divides by zero.
    """
    limit = _limit(result, word, scale, kind)
    if scale != "both":
        limit = max(limit, _FAINTEST_SCALE * _limit(result, word, "both", kind), key=abs)
    return limit or 1.0


def _limit(result: SearchResult, word: int | None, scale: ScaleView, kind: MapKind) -> float:
    """The limit of a scale by itself; 0 when there is nothing to draw."""
    if word is not None and kind == "evidence":
        return result.words[word].weight * _strength_limit(result, scale)
    stack = (_values(result, kind, None) if word is None else result.attention)[:_REFERENCE_HITS]
    return _typical_peak(stack, result.grids, scale)


def _strength_limit(result: SearchResult, scale: ScaleView) -> float:
    """The strength drawn brightest, the same for every word: what the words reach, each by its share of the score."""
    total = shares = 0.0
    for index, word in enumerate(result.words):
        if word.weight and result.hits:
            best = _best_hits(result, index)
            peak = _typical_peak(result.evidence[best, index] / np.float32(word.weight), result.grids, scale)
            strongest = max(word.strength(result.hits[hit].word_evidence[index]) for hit in best)
            unsure = max(1.0, _SURE / max(strongest, _SURE / _DARKEST))
            total += abs(word.weight) * peak * unsure
            shares += abs(word.weight)
    return total / shares if shares else 0.0


def _best_hits(result: SearchResult, word: int) -> list[int]:
    """The hits where a word's thing is most."""
    evidence = np.asarray([hit.word_evidence[word] for hit in result.hits]) * np.sign(result.words[word].weight)
    order: list[int] = np.argsort(-evidence, kind="stable")[:_REFERENCE_HITS].tolist()
    return order


def _typical_peak(stack: FloatArray, grids: tuple[GridSpec, ...], scale: ScaleView) -> float:
    """Median over hits of the highest density of [K, …, R] values; 0 when there is no positive one."""
    if stack.size == 0:
        return 0.0
    density = region_density(stack, grids, scale)
    return max(0.0, float(np.median(density.reshape(len(density), -1).max(axis=1))))


def _values(result: SearchResult, kind: MapKind, word: int | None) -> FloatArray:
    """[K, R] of one word; of the whole query as sum (evidence) or ω-weighted mean (attention)."""
    stack: FloatArray = getattr(result, kind)
    if word is not None:
        return stack[:, word]
    if kind == "evidence":
        return np.asarray(stack.sum(axis=1), dtype=np.float32)
    weights = np.asarray([abs(entry.weight) for entry in result.words], dtype=np.float32)
    weights /= max(float(weights.sum()), 1e-12)
    return np.asarray(np.einsum("klr,l->kr", stack, weights), dtype=np.float32)


def _split_scales(values: FloatArray, grids: tuple[GridSpec, ...]) -> dict[str, FloatArray]:
    wanted = sum(grid.regions for grid in grids)
    if values.shape[-1] != wanted:
        raise ValueError(f"{values.shape[-1]} regions do not fill the grids of {wanted}")
    layers: dict[str, FloatArray] = {}
    start = 0
    for grid in grids:
        part = values[..., start : start + grid.regions]
        layers[grid.scale] = part.reshape(*values.shape[:-1], grid.rows, grid.columns) * np.float32(grid.regions)
        start += grid.regions
    return layers
