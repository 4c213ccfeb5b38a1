"""Placing many solids: trees in clumps, rows and forests, cars in bays and lanes, houses along streets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faami_core.data.scenes import ground, things
from faami_core.data.scenes.canvas import BoolArray, Canvas, Floats, Frame
from faami_core.data.scenes.materials import CAR_PAINTS, CONIFER_GREENS, TREE_GREENS, Colour
from faami_core.data.scenes.stamps import Make, Solids, stamp
from faami_core.types import FloatArray


def solids(
    canvas: Canvas,
    x: Floats,
    y: Floats,
    *,
    angle: Floats | float,
    length: Floats | float,
    width: Floats | float,
    tall: Floats | float,
    colours: Sequence[Colour],
    others: Sequence[Colour] | None = None,
    vary: float = 0.06,
) -> Solids:
    """Solids at points in metres, each with a colour drawn from ``colours`` and varied by ``vary``."""
    count = len(x)
    rng = canvas.rng

    def column(value: Floats | float) -> FloatArray:
        return np.asarray(np.broadcast_to(value, (count,)), dtype=np.float32)

    gain = 1 + rng.normal(0, vary, (count, 1)) + rng.normal(0, vary / 4, (count, 3))
    first = np.asarray(colours, dtype=np.float32)[rng.integers(0, len(colours), count)] * gain
    second = np.asarray(first * 1.22)
    if others is not None:
        second = np.asarray(others, dtype=np.float64)[rng.integers(0, len(others), count)]
    return Solids(
        np.asarray(x, dtype=np.float32),
        np.asarray(y, dtype=np.float32),
        column(angle),
        column(length / 2),
        column(width / 2),
        column(tall),
        np.clip(first, 0, 255).astype(np.float32),
        np.clip(second, 0, 255).astype(np.float32),
    )


def trees(
    canvas: Canvas,
    x: Floats,
    y: Floats,
    radius: Floats,
    *,
    names: Sequence[str] = ("trees",),
    conifers: bool = False,
    check: bool = True,
    greens: Sequence[Colour] | None = None,
) -> int:
    """Plants trees where the ground is free (unless ``check`` is off). Returns how many stand in the picture."""
    keep = canvas.is_free(x, y, radius * 0.85) if check else np.ones(len(x), dtype=np.bool_)
    x, y, radius = x[keep], y[keep], radius[keep]
    if not len(x):
        return 0
    tall = radius * canvas.rng.uniform(0.9, 1.5, len(x)).astype(np.float32) * (2.0 if conifers else 1.0)
    palette = greens if greens is not None else (CONIFER_GREENS if conifers else TREE_GREENS)
    crowns = solids(
        canvas,
        x,
        y,
        angle=canvas.rng.uniform(0, 6.3, len(x)),
        length=radius * 2,
        width=radius * 2,
        tall=tall,
        colours=palette,
        vary=0.09,
    )
    stamp(canvas, crowns, things.conifer if conifers else things.crown, names=names, round_shape=True)
    return int(canvas.samples(x, y)[2].sum())


def scatter_trees(
    canvas: Canvas,
    where: BoolArray | None,
    spacing: float,
    *,
    radius: tuple[float, float] = (2.2, 4.5),
    clumping: float = 0.6,
    share: float = 0.5,
    conifers: bool = False,
    names: Sequence[str] = ("trees",),
) -> int:
    """Trees on a jittered grid of ``spacing`` metres, thinned to ``share`` by a clump field.

    Args:
        canvas: Where to.
        where: [side, side] bool, or None for everywhere that is free.
        spacing: Metres between neighbours.
        radius: Smallest and largest crown in metres.
        clumping: 0 thins evenly, 1 by the clump field alone.
        share: Of the grid that is planted.
        conifers: Needle trees instead of broad-leaved ones.
        names: Things they belong to.

    Returns:
        How many stand in the picture.
    """
    rng = canvas.rng
    count = int(np.ceil(canvas.extent / spacing)) + 1
    grid = (np.arange(count, dtype=np.float32) - (count - 1) / 2) * np.float32(spacing)
    x, y = (part.ravel() for part in np.meshgrid(grid, grid))
    x = (x + rng.uniform(-0.45, 0.45, x.size) * spacing).astype(np.float32)
    y = (y + rng.uniform(-0.45, 0.45, y.size) * spacing).astype(np.float32)
    rows, columns, _ = canvas.samples(x, y)
    down, right = (int(canvas.fine_rng.integers(0, canvas.side)) for _ in range(2))
    field = 0.55 * canvas.textures.mottle[rows + down, columns + right]
    field += 0.75 * canvas.textures.patchy[rows + down, columns + right]
    urge = clumping * field + (1 - clumping) * rng.standard_normal(x.size)
    keep = urge > np.quantile(urge, 1 - share)
    if where is not None:
        keep &= where[rows, columns]
    x, y = x[keep], y[keep]
    # Many small and few large crowns; the thick of a clump has the larger ones.
    size = np.clip(rng.beta(1.3, 2.4, len(x)) + 0.12 * field[keep], 0, 1.15)
    crown = (radius[0] + (radius[1] - radius[0]) * size).astype(np.float32)
    return trees(canvas, x, y, crown, conifers=conifers, names=names)


def tree_row(frame: Frame, u: Floats, v: Floats, radius: float = 3.0) -> int:
    """Trees at points of a frame, a little irregular. Returns how many stand in the picture."""
    rng = frame.canvas.rng
    x, y = frame.points(u, v)
    x = (x + rng.normal(0, radius * 0.2, x.size)).astype(np.float32)
    y = (y + rng.normal(0, radius * 0.2, y.size)).astype(np.float32)
    return trees(frame.canvas, x, y, (radius * rng.uniform(0.75, 1.25, x.size)).astype(np.float32))


def cars(frame: Frame, u: Floats, v: Floats, turn: Floats | float, *, names: Sequence[str] = ("cars",)) -> int:
    """Cars at points of a frame, heading ``turn`` from its u axis. Returns how many stand in the picture."""
    rng = frame.canvas.rng
    x, y = frame.points(u, v)
    count = len(x)
    if not count:
        return 0
    large = rng.random(count) < 0.12
    heading = np.asarray(turn + frame.angle, dtype=np.float32) + rng.normal(0, 0.025, count).astype(np.float32)
    made = solids(
        frame.canvas,
        x,
        y,
        angle=heading,
        length=np.where(large, 5.6, rng.uniform(4.1, 4.9, count)),
        width=np.where(large, 2.1, rng.uniform(1.75, 1.95, count)),
        tall=np.where(large, 2.2, 1.5),
        colours=CAR_PAINTS,
        others=((44, 50, 56),),
        vary=0.04,
    )
    stamp(frame.canvas, made, things.car, names=names)
    return int(frame.canvas.samples(x, y)[2].sum())


def lane_cars(frame: Frame, length: float, lanes: Sequence[tuple[float, float]], gap: float) -> int:
    """Traffic on straight lanes along u: for each lane (offset v, heading 0 or π), cars ``gap`` metres apart."""
    rng = frame.canvas.rng
    us, vs, turns = [], [], []
    for offset, heading in lanes:
        spots = np.arange(-length / 2, length / 2, 7.0)
        spots = spots[rng.random(spots.size) < 7.0 / gap] + rng.uniform(-0.8, 0.8)
        us.append(spots)
        vs.append(np.full(spots.size, offset) + rng.normal(0, 0.15, spots.size))
        turns.append(np.full(spots.size, heading))
    return cars(frame, np.concatenate(us), np.concatenate(vs), np.concatenate(turns))


def buildings(
    frame: Frame,
    u: Floats,
    v: Floats,
    *,
    length: Floats | float,
    width: Floats | float,
    tall: Floats | float,
    make: Make,
    colours: Sequence[Colour],
    turn: Floats | float = 0.0,
    others: Sequence[Colour] | None = None,
    names: Sequence[str] = ("buildings",),
    margin: float = 1.5,
) -> int:
    """Buildings at points of a frame. Returns how many have their centre in the picture."""
    x, y = frame.points(u, v)
    if not len(x):
        return 0
    angle = turn + np.full(len(x), frame.angle)
    made = solids(
        frame.canvas, x, y, angle=angle, length=length, width=width, tall=tall, colours=colours, others=others
    )
    stamp(frame.canvas, made, make, names=names, keep_off=margin)
    return int(frame.canvas.samples(x, y)[2].sum())


def town_block(
    frame: Frame,
    half_u: float,
    half_v: float,
    smallest: float,
    *,
    colours: Sequence[Colour],
    share: float = 0.85,
    names: Sequence[str] = ("buildings",),
) -> int:
    """Fills a rectangle about the origin with buildings of all sizes. Returns how many are in the picture.

    Args:
        frame: Its axes.
        half_u, half_v: Metres.
        smallest: Half the side of the smallest plot in metres.
        colours: Roofs.
        share: Of the plots that are built on, where the ground is free.
        names: Things they belong to.
    """
    rng = frame.canvas.rng
    drawn = 0
    plots = np.asarray(ground.plots(rng, half_u, half_v, smallest))
    plots = plots[rng.random(len(plots)) < share]
    kinds = rng.integers(0, 3, len(plots))
    for kind, make in enumerate((things.flat_block, things.hip_house, things.gable_house)):
        u, v, du, dv = plots[kinds == kind].T
        long, short = (
            np.maximum(du, dv) * rng.uniform(1.2, 1.7, u.size),
            np.minimum(du, dv) * rng.uniform(1.1, 1.5, u.size),
        )
        free = frame.canvas.is_free(*frame.points(u, v), short / 2)
        drawn += buildings(
            frame,
            u[free],
            v[free],
            length=long[free],
            width=short[free],
            tall=rng.uniform(4, 11 if kind == 0 else 6, int(free.sum())),
            make=make,
            colours=colours,
            turn=np.where(du >= dv, 0.0, np.pi / 2)[free],
            names=names,
        )
    return drawn
