"""Layouts of ports: boats at the piers of a marina, freighters at a quay with containers."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Floats, Frame, box
from faami_core.data.scenes.captions import Link, Noun, Story
from faami_core.data.scenes.placing import buildings, lane_cars, scatter_trees, solids
from faami_core.data.scenes.stamps import stamp

_SEAS = (("green", m.SEA), ("dark", m.DARK_WATER), ("blue", m.BLUE_WATER), ("green", m.GREEN_WATER))
_CONTAINERS = ((146, 78, 66), (76, 94, 124), (156, 150, 140), (96, 118, 102), (180, 148, 98), (196, 196, 192))


def port(canvas: Canvas) -> Story:
    """A freight port where the scene is wide, else a marina."""
    rng, extent = canvas.rng, canvas.extent
    look, sea = _SEAS[rng.integers(4)]
    ground.cover(canvas, sea.tinted(rng), names=("water",))
    frame = canvas.frame(0, 0, rng.uniform(0, 2 * np.pi))
    canvas.albedo *= ground.stripes(frame, extent / 45, 0.012, angle=rng.uniform(0, 3), wobble=extent / 60)
    freight = extent > 270
    edge = extent * (rng.uniform(0.0, 0.08) if freight else rng.uniform(0.18, 0.26))
    shore = frame.v - np.float32(edge)
    # The foot of a quay is shaded, weedy and shallow.
    frame.paint(-shore - np.float32(2.5), m.DEEP_GREEN_WATER, names=("water",), opacity=0.7, feather=3.0)
    frame.paint(-shore, m.CONCRETE.tinted(rng), height=2.0, keep_off=1.0)
    frame.paint(np.float32(extent * 0.03) - shore, m.APRON.tinted(rng).darker(0.94), height=2.0, keep_off=0.5)
    return _freight_port(canvas, frame, edge, look) if freight else _marina(canvas, frame, edge, look)


def _ships(frame: Frame, edge: float) -> int:
    """Two to four freighters: moored along v = ``edge``, one may lie off shore. Returns how many."""
    canvas, rng, extent = frame.canvas, frame.canvas.rng, frame.canvas.extent
    count = int(rng.integers(2, 5))
    off_shore = int(count > 2 and rng.random() < 0.6) if count < 4 else 1
    moored = count - off_shore
    length = min(extent * 0.86 / (moored * 1.12), extent * 0.36)
    u = (np.arange(moored) - (moored - 1) / 2) * length * 1.12 + rng.uniform(-0.03, 0.03) * extent
    v, turn = np.full(moored, edge - length * 0.085), np.zeros(moored)
    if off_shore:
        u, v = np.append(u, rng.uniform(-0.12, 0.12) * extent), np.append(v, -extent * 0.30)
        turn = np.append(turn, rng.normal(0, 0.25))
    x, y = frame.points(u, v)
    hulls = solids(
        canvas,
        x,
        y,
        angle=turn + frame.angle + np.where(rng.random(count) < 0.5, 0, np.pi),
        length=length * rng.uniform(0.86, 1.0, count),
        width=length * 0.15,
        tall=11.0,
        colours=((126, 76, 68), (84, 96, 108), (66, 78, 92), (112, 116, 112)),
        others=((222, 222, 216), (192, 186, 172)),
    )
    stamp(canvas, hulls, things.ship, names=("ships",), keep_off=1.0)
    canvas.count("ships", count)
    return count


def _container_yard(frame: Frame, low: float, high: float) -> None:
    """Blocks of stacked containers between v = ``low`` and ``high``, with lanes between."""
    rng, extent = frame.canvas.rng, frame.canvas.extent
    across, along = np.meshgrid(np.arange(-extent * 0.72, extent * 0.72, 12.8), np.arange(low, high, 2.9))
    u, v = across.ravel(), along.ravel()
    lanes = (np.mod(v - low, 26.0) < 17.0) & (np.mod(u, 90.0) > 13.0)
    blocks = np.sin(np.floor(v / 26.0) * 12.9 + np.floor(u / 90.0) * 78.2) * 43.7 % 1.0
    keep = lanes & (rng.random(u.size) < 0.35 + 0.62 * blocks)
    buildings(
        frame,
        u[keep],
        v[keep],
        length=12.2,
        width=2.5,
        tall=rng.choice([2.6, 5.2, 7.8], int(keep.sum())) + 2.0,
        make=things.slab,
        colours=_CONTAINERS,
        names=("containers",),
        margin=0.2,
    )


def _freight_port(canvas: Canvas, frame: Frame, edge: float, look: str) -> Story:
    """Freighters at a quay, cranes over them, containers and sheds on land."""
    rng, extent = canvas.rng, canvas.extent
    count = _ships(frame, edge)
    canvas.name("containers")
    yard_end = edge + extent * rng.uniform(0.28, 0.36)
    _container_yard(frame, edge + 38.0, yard_end)
    cranes = (np.arange(4) - 1.5) * extent * 0.22 + rng.normal(0, extent * 0.02, 4)
    buildings(
        frame,
        cranes,
        np.full(4, edge + 6.0),
        length=3.0,
        width=44.0,
        tall=15.0,
        make=things.slab,
        colours=((186, 126, 82), (112, 128, 152)),
        names=(),
        margin=0.3,
    )
    road = frame.at(0, yard_end + 14.0)
    ground.road(road, 11.0, names=(), height=2.0)
    sheds = (np.arange(5) - 2) * extent * 0.26
    buildings(
        frame,
        sheds,
        np.full(5, yard_end + 50.0),
        length=extent * rng.uniform(0.16, 0.24, 5),
        width=34.0,
        tall=12.0,
        make=things.factory,
        colours=m.FACTORY_ROOFS,
        names=(),
    )
    links = (
        Link(Noun("water", "water", 0, (look,)), ("on", "in"), ("under", "near")),
        Link(Noun("containers", "containers", 12, ("colorful",)), ("near", "close to"), ("near",)),
    )
    ships = Noun("ships", "ships", count, ("large", "cargo"))
    return Story(ships, links, (f"{ships.say(rng)} are docked in a port near many containers",))


def _pier_boats(pier: Frame, pier_length: float, length: float) -> tuple[list[Floats], list[Floats], list[Floats]]:
    """Berths on both sides of a pier along u, most of them taken. Returns u, v, heading of the boats."""
    rng = pier.canvas.rng
    us: list[Floats] = []
    vs: list[Floats] = []
    turns: list[Floats] = []
    berths = np.arange(-pier_length / 2 + 4, pier_length / 2 - 6, length * 0.42)
    for side in (-1, 1):
        taken = berths[rng.random(berths.size) < rng.uniform(0.6, 0.95)]
        us.append(taken)
        vs.append(np.full(taken.size, side * (2.2 + length * 0.52)))
        turns.append(np.where(rng.random(taken.size) < 0.7, np.pi / 2, -np.pi / 2))
        for spot in berths[::2]:
            u, v = pier.u - np.float32(spot + length * 0.21), pier.v - np.float32(side * length * 0.5)
            pier.mark(box(u, v, 0.35, length * 0.45), m.CONCRETE, 0.8)
    return us, vs, turns


def _marina(canvas: Canvas, frame: Frame, edge: float, look: str) -> Story:
    """Piers with boats on both sides; houses, a lot and trees on land."""
    rng, extent = canvas.rng, canvas.extent
    piers = int(rng.integers(2, 5))
    pitch, pier_length = extent * 0.88 / piers, extent * rng.uniform(0.42, 0.54)
    length = min(pitch * 0.30, rng.uniform(9.0, 15.0))
    canvas.name("piers", whole=True)
    total = 0
    for index in range(piers):
        pier = frame.at((index - (piers - 1) / 2) * pitch, edge - pier_length / 2, np.pi / 2, pier_length)
        pier.paint(
            box(pier.u, pier.v, pier_length / 2 + 2, 1.4), m.CONCRETE.tinted(rng), names=("piers",), height=1.2
        )
        us, vs, turns = _pier_boats(pier, pier_length, length)
        x, y = pier.points(np.concatenate(us), np.concatenate(vs))
        size = length * rng.uniform(0.72, 1.08, x.size)
        hulls = solids(
            canvas,
            x,
            y,
            angle=np.concatenate(turns) + pier.angle,
            length=size,
            width=size * 0.31,
            tall=2.4,
            colours=((236, 236, 234), (226, 228, 230), (240, 238, 230), (120, 132, 150)),
            others=((84, 92, 104), (140, 116, 90), (70, 96, 130)),
            vary=0.03,
        )
        stamp(canvas, hulls, things.boat, names=("boats",), keep_off=0.5)
        total += len(x)
    canvas.count("boats", total)
    canvas.count("piers", piers)
    road = frame.at(0, edge + extent * 0.07)
    ground.road(road, 8.0, names=(), height=2.0)
    lane_cars(road, extent * 1.3, ((-2.0, 0.0), (2.0, np.pi)), 30.0)
    count = int(rng.integers(4, 8))
    buildings(
        frame,
        (np.arange(count) - (count - 1) / 2) * extent * 0.2 + rng.normal(0, 3, count),
        edge + extent * 0.15 + rng.normal(0, 2, count),
        length=extent * rng.uniform(0.09, 0.16, count),
        width=rng.uniform(11, 18, count),
        tall=7.0,
        make=(things.hip_house, things.flat_block)[rng.integers(2)],
        colours=m.HOUSE_ROOFS + m.RED_ROOFS,
    )
    scatter_trees(canvas, frame.v > edge + extent * 0.03, 9.0, radius=(2.2, 4.2), share=0.4)
    links = (
        Link(Noun("water", "water", 0, (look,)), ("on", "in"), ("under", "near")),
        Link(Noun("piers", "piers", piers, ("white",)), ("beside", "near", "docked at"), ("near", "beside")),
    )
    own = ("many boats are docked neatly in a port", f"many white boats are orderly in the port with {look} water")
    return Story(Noun("boats", "boats", total, ("white",)), links, own)
