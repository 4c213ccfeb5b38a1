"""Layouts of residential areas: dense, medium, sparse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Frame, box
from faami_core.data.scenes.captions import AROUND, SURROUNDED, Link, Noun, Story
from faami_core.data.scenes.materials import Colour
from faami_core.data.scenes.placing import buildings, cars, lane_cars, scatter_trees
from faami_core.data.scenes.stamps import Make

TREES = Noun("trees", "green trees", 12, ("dense", "lush"))


def _any_frame(canvas: Canvas) -> Frame:
    return canvas.frame(0, 0, canvas.rng.uniform(0, 2 * np.pi))


def _streets(canvas: Canvas, frame: Frame, block: float, width: float) -> list[float]:
    """Parallel streets along u, ``block`` metres apart, and one that crosses. Returns their v."""
    rng, extent = canvas.rng, canvas.extent
    first = -extent * 0.72 + rng.uniform(0, block)
    offsets = [float(v) for v in np.arange(first, extent * 0.75, block)]
    canvas.name("roads", whole=True)
    surface = m.ASPHALT.tinted(rng)
    bend = np.float32(rng.uniform(0, extent * 0.02)) * np.sin(frame.u / np.float32(extent / 5))
    for offset in offsets:
        strip = frame.at(0, offset)
        ground.road(
            strip,
            width,
            material=surface,
            across=strip.v - bend,
            names=("roads",),
            verge=m.CONCRETE.darker(0.9),
            marked=False,
        )
    cross = frame.at(extent * rng.uniform(-0.2, 0.2), 0, np.pi / 2)
    ground.road(cross, width, material=surface, names=("roads",), verge=m.CONCRETE.darker(0.9), marked=False)
    return offsets


@dataclass(frozen=True)
class _Plots:
    """How houses stand along a street: metres between and from the street, their size, the share that is built."""

    pitch: float
    set_back: float
    length: float
    width: float
    share: float


def _house_rows(frame: Frame, streets: list[float], plots: _Plots) -> int:
    """Houses on both sides of streets. Returns how many are in the picture."""
    rng = frame.canvas.rng
    roofs = m.HOUSE_ROOFS if rng.random() < 0.6 else m.HOUSE_ROOFS[:3] + m.RED_ROOFS
    make = things.hip_house if rng.random() < 0.6 else things.gable_house
    return sum(
        _house_row(frame, street, side, plots, make=make, roofs=roofs) for street in streets for side in (-1, 1)
    )


def _house_row(frame: Frame, street: float, side: int, plots: _Plots, *, make: Make, roofs: Sequence[Colour]) -> int:
    """Houses on one side of a street, with drives, wings, parked cars, now and then a pool behind."""
    canvas, rng = frame.canvas, frame.canvas.rng
    reach = canvas.extent * 0.72
    u = np.arange(-reach, reach, plots.pitch) + rng.uniform(0, plots.pitch)
    u = u[rng.random(u.size) < plots.share]
    u = u + rng.normal(0, plots.pitch * 0.05, u.size)
    v = street + side * (plots.set_back + rng.normal(0, plots.set_back * 0.06, u.size))
    apart = canvas.is_free(*frame.points(u, v), min(plots.length, plots.width) * 0.58)
    u, v = u[apart], v[apart]
    if not u.size:
        return 0
    length, width = rng.uniform(0.85, 1.15, u.size) * plots.length, rng.uniform(0.85, 1.12, u.size) * plots.width
    for at_u, at_v in zip(u, v, strict=True):
        drive = frame.at(float(at_u + plots.length * 0.28), float(street + at_v) / 2, 0.0, plots.set_back)
        strip = box(drive.u, drive.v, 1.6, abs(float(at_v) - street) / 2 - 1.5)
        drive.paint(strip, m.CONCRETE.tinted(rng), opacity=0.75)
        behind = frame.at(float(at_u), float(at_v + side * plots.width * 1.15), 0.0, 9.0)
        x, y = np.full(1, behind.x), np.full(1, behind.y)
        if rng.random() < 0.09 and bool(canvas.is_free(x, y, 4.0).all()):
            structures.pool(behind, 3.6, 1.9, (), round_shape=bool(rng.random() < 0.5))
    turn = rng.normal(0, 0.04, u.size) + np.where(rng.random(u.size) < 0.25, np.pi / 2, 0)
    tall = rng.uniform(3.0, 5.5, u.size)
    drawn = buildings(
        frame, u, v, length=length, width=width, tall=tall, make=make, colours=roofs, turn=turn, margin=0.8
    )
    wings = rng.random(u.size) < 0.55
    buildings(
        frame,
        u[wings] - length[wings] * 0.22,
        v[wings] + side * width[wings] * 0.38,
        length=width[wings] * 0.75,
        width=length[wings] * 0.42,
        tall=tall[wings] * 0.8,
        make=make,
        colours=roofs,
        turn=np.pi / 2,
        margin=0.5,
    )
    parked = rng.random(u.size) < 0.6
    cars(frame, u[parked] + plots.length * 0.28, (v[parked] + street) / 2, np.pi / 2)
    return drawn


def _lawns(canvas: Canvas) -> None:
    ground.cover(canvas, (m.GRASS, m.MEADOW, m.LUSH_GRASS)[canvas.rng.integers(3)].tinted(canvas.rng))
    ground.blotches(canvas, m.DRY_GRASS.tinted(canvas.rng), 0.35, field="mottle", opacity=0.6)


def dense_residential(canvas: Canvas) -> Story:
    """Houses shoulder to shoulder along close streets."""
    rng, frame = canvas.rng, _any_frame(canvas)
    _lawns(canvas)
    ground.blotches(canvas, m.CONCRETE.tinted(rng).darker(0.85), 0.35, field="mottle", opacity=0.6)
    canvas.name("buildings")
    streets = _streets(canvas, frame, 46.0, 8.0)
    size = (rng.uniform(12, 14.5), rng.uniform(10, 12))
    drawn = _house_rows(frame, streets, _Plots(size[0] * 1.22, 13.0, *size, 0.96))
    for street in streets:
        lane_cars(frame.at(0, street), canvas.extent * 1.3, ((-3.0, 0.0), (3.0, np.pi)), 30.0)
    scatter_trees(canvas, None, 6.0, radius=(1.6, 3.6), share=rng.uniform(0.35, 0.6), clumping=0.3)
    return _residential(canvas, "dense", drawn, streets)


def medium_residential(canvas: Canvas) -> Story:
    """Houses in gardens along streets."""
    rng, frame = canvas.rng, _any_frame(canvas)
    _lawns(canvas)
    canvas.name("buildings")
    streets = _streets(canvas, frame, rng.uniform(74, 86), 7.0)
    size = (rng.uniform(14, 18), rng.uniform(10, 13))
    drawn = _house_rows(frame, streets, _Plots(size[0] * rng.uniform(1.5, 1.8), 18.0, *size, 0.88))
    scatter_trees(canvas, None, 7.0, radius=(2.2, 5.0), share=rng.uniform(0.5, 0.75), clumping=0.5)
    return _residential(canvas, "medium", drawn, streets)


def _residential(canvas: Canvas, density: str, drawn: int, streets: list[float]) -> Story:
    """The story of houses along streets; the street that crosses them counts too."""
    roads = 1 + sum(abs(street) < canvas.extent * 0.45 for street in streets)
    canvas.count("roads", roads)
    subject = Noun("buildings", "buildings", drawn, ("gray", "small") if density == "medium" else ())
    links = (
        Link(TREES, ("near", "between", "among"), ("near", "around")),
        Link(Noun("roads", "roads", roads, ("straight",)), ("in two sides of", "near"), ("between", "near")),
    )
    own = (
        f"many buildings and some green trees are in a {density} residential area",
        f"a {density} residential area has many buildings and roads",
        f"many buildings are arranged neatly in the {density} residential area",
    )
    return Story(subject, links, own)


def sparse_residential(canvas: Canvas) -> Story:
    """A single house, now and then with a pool, in woods or fields at the end of a drive."""
    rng, frame, extent = canvas.rng, _any_frame(canvas), canvas.extent
    _lawns(canvas)
    spot = frame.at(extent * rng.uniform(-0.12, 0.12), extent * rng.uniform(-0.10, 0.10), rng.uniform(-0.6, 0.6))
    yard = ground.blob_distance(spot, extent * 0.20, extent * 0.17, ragged=0.15)
    spot.paint(yard, (m.LUSH_GRASS if rng.random() < 0.6 else m.DRY_GRASS).tinted(rng), feather=3.0)
    lane = frame.at(0, extent * 0.36)
    across = lane.v - np.float32(extent * 0.02) * np.sin(lane.u / np.float32(extent / 8))
    ground.road(lane, 6.0, across=across, verge=m.SOIL.tinted(rng), marked=False)
    drive = spot.at(extent * 0.10, extent * 0.2)
    drive.paint(
        np.maximum(np.abs(drive.u + 4 * np.sin(drive.v / 14)) - 2.0, np.abs(drive.v) - np.float32(extent * 0.24)),
        m.GRAVEL.tinted(rng),
        opacity=0.85,
        keep_off=0.5,
    )
    links = [Link(TREES, SURROUNDED, AROUND), Link(Noun("road", "road", 1, ("narrow",)), ("near", "close to"))]
    unit = extent / 120
    if rng.random() < 0.55:
        water = spot.at(-extent * 0.02, -extent * 0.125, rng.uniform(-0.2, 0.2))
        water.paint(box(water.u, water.v, 11 * unit, 7.5 * unit, 1.0), m.CONCRETE.tinted(rng), keep_off=1.0)
        structures.pool(water, 6.4 * unit, 3.6 * unit, ("pool",), round_shape=bool(rng.random() < 0.4))
        links[1] = Link(Noun("pool", "swimming pool", 1, ("blue",)), ("with", "near", "beside"), ("near", "beside"))
    gray = _villa(spot, unit)
    canvas.count("building", 1)
    cars(drive, np.asarray([0.0]), np.asarray([-extent * 0.03]), np.pi / 2)
    conifers = rng.random() < 0.3
    wide = extent / 24
    scatter_trees(
        canvas,
        None,
        wide * 0.62,
        radius=(wide * 0.3, wide * 0.62),
        share=rng.uniform(0.55, 0.92),
        clumping=0.85,
        conifers=conifers,
    )
    own = (
        "a building is in the middle of a sparse residential area",
        "the sparse residential area has a building and many green trees",
    )
    return Story(Noun("building", "building", 1, ("gray",) if gray else ()), tuple(links), own)


def _villa(spot: Frame, unit: float) -> bool:
    """A house of one to three wings about the origin, sizes times ``unit``. Returns whether its roof is grey."""
    rng = spot.canvas.rng
    roofs = m.HOUSE_ROOFS + m.RED_ROOFS[:2]
    roof = roofs[rng.integers(len(roofs))]
    wings = int(rng.integers(1, 4))
    buildings(
        spot,
        np.asarray([0.0, -7.0, 8.0])[:wings] * unit,
        np.asarray([0.0, 5.0, -3.5])[:wings] * unit,
        length=np.asarray([24.0, 13.0, 12.0])[:wings] * unit,
        width=np.asarray([12.0, 9.5, 8.0])[:wings] * unit,
        tall=4.0,
        make=things.hip_house if rng.random() < 0.6 else things.gable_house,
        colours=(roof,),
        turn=np.asarray([0.0, np.pi / 2, np.pi / 2])[:wings],
        names=("building",),
        margin=1.0,
    )
    return sum(roof) < 340 and max(roof) - min(roof) < 30
