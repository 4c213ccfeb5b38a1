"""Built things larger than a stamp: courts, tracks, ball fields, stadiums, pools, bridges, piers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faami_core.data.scenes import ground, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Floats, Frame, box, disc, ellipse, segment, stadium_shape
from faami_core.data.scenes.materials import Material
from faami_core.data.scenes.placing import buildings, cars


def tennis_court(frame: Frame, inner: Material, outer: Material, names: Sequence[str]) -> None:
    """A court of 23.8 × 11 m with its surround, lines and net; length along u."""
    canvas = frame.canvas
    for name in names:
        canvas.name(name, whole=True)
    frame.paint(box(frame.u, frame.v, 17.4, 8.8), outer, names=names, keep_off=1.0)
    frame.paint(box(frame.u, frame.v, 11.9, 5.5), inner, names=names)
    for half_v in (5.49, 4.11):
        frame.line(np.abs(box(frame.u, frame.v, 11.89, half_v)), 0.3, m.WHITE, 0.8)
    u, v = np.abs(frame.u), np.abs(frame.v)
    frame.line(np.abs(u - np.float32(6.4)) + 99 * (v > 4.1), 0.25, m.WHITE, 0.8)
    frame.line(v + 99 * (u > 6.4), 0.25, m.WHITE, 0.8)
    net = np.maximum(u - np.float32(0.12), v - np.float32(6.2))
    frame.paint(net, m.plain((60, 64, 62)), names=names, height=1.1, opacity=0.8)


def football_field(frame: Frame, half_u: float, half_v: float, grass: Material, names: Sequence[str]) -> None:
    """A football field with mowing stripes, lines, penalty areas and goals; length along u."""
    canvas, rng = frame.canvas, frame.canvas.rng
    for name in names:
        canvas.name(name, whole=True)
    angle = np.pi / 2 if rng.random() < 0.7 else 0.0
    shade = ground.stripes(frame, half_u / 4.5, rng.uniform(0.01, 0.06), angle=angle)
    frame.paint(box(frame.u, frame.v, half_u + 3, half_v + 3), grass, names=names, shade=shade, keep_off=1.0)
    rim = box(frame.u, frame.v, half_u, half_v)
    u, v = np.abs(frame.u), np.abs(frame.v)
    outside = 99 * np.maximum(rim, 0)
    area = np.abs(box(u - np.float32(half_u), frame.v, half_u * 0.31, half_v * 0.59))
    goal = np.abs(box(u - np.float32(half_u), frame.v, half_u * 0.105, half_v * 0.27))
    circle = np.abs(disc(frame.u, frame.v, half_v * 0.27))
    for mark in (np.abs(rim), u + outside, area + outside, goal + outside, circle):
        frame.line(mark, 0.3, m.WHITE, 0.75)
    posts = np.maximum(np.abs(u - np.float32(half_u + 1)) - np.float32(0.9), v - np.float32(3.7))
    frame.mark(np.abs(posts), m.WHITE, 0.5)


def running_track(frame: Frame, half_straight: float, radius: float, lane: Material, names: Sequence[str]) -> None:
    """A running track of eight lanes; its inner rim has ``radius`` metres in the bends."""
    frame.paint(stadium_shape(frame.u, frame.v, half_straight, radius + 13), m.GRAVEL.darker(0.95), opacity=0.75)
    for name in names:
        frame.canvas.name(name, whole=True)
    outer = stadium_shape(frame.u, frame.v, half_straight, radius + 9.8)
    frame.paint(outer, lane, names=names, keep_off=2.0)
    inner = stadium_shape(frame.u, frame.v, half_straight, radius)
    for step in range(9):
        frame.line(np.abs(inner - np.float32(1.22 * step)), 0.12, m.WHITE, 0.7)
    frame.paint(inner, m.PITCH.tinted(frame.canvas.rng), names=names)
    ends = np.maximum(inner + 0.5, np.float32(half_straight + 4) - np.abs(frame.u))
    frame.paint(ends, lane.tinted(frame.canvas.rng, 0.05), names=names, opacity=0.9)


def baseball_field(frame: Frame, reach: float, grass: Material, clay: Material, names: Sequence[str]) -> None:
    """A ball field with home plate at the origin and the outfield towards +u; ``reach`` metres to the fence."""
    canvas, rng = frame.canvas, frame.canvas.rng
    for name in names:
        canvas.name(name, whole=True)
    foul = (np.abs(frame.v) - frame.u - np.float32(9)) * np.float32(0.707)
    away = np.hypot(frame.u, frame.v)
    outfield = np.maximum(away - np.float32(reach), foul)
    shade = ground.stripes(frame, 9.0, rng.uniform(0.02, 0.06), angle=rng.choice([0.0, np.pi / 4, np.pi / 2]))
    rim = 3.5 if rng.random() < 0.6 else 0.3
    frame.paint(outfield - np.float32(rim), clay, names=names, opacity=0.9, keep_off=1.5)
    frame.paint(outfield, grass, names=names, shade=shade)
    wedge = (np.abs(frame.v) - frame.u) * np.float32(0.707)
    skin = np.maximum(np.hypot(frame.u - np.float32(18.4), frame.v) - np.float32(29), wedge - np.float32(4))
    frame.paint(skin, clay, names=names, feather=0.8)
    frame.paint(disc(frame.u, frame.v, 7.5), clay, names=names, feather=0.6)
    square = np.abs(frame.u - np.float32(19.4)) + np.abs(frame.v) - np.float32(17.0)
    frame.paint(square * np.float32(0.707), grass, names=names, shade=shade)
    frame.paint(disc(frame.u - np.float32(18.4), frame.v, 2.7), clay, names=names)
    for end in ((reach * 0.7, reach * 0.7), (reach * 0.7, -reach * 0.7)):
        frame.line(segment(frame.u, frame.v, (0, 0), end), 0.25, m.WHITE, 0.7)
    for base in ((19.4, 19.4), (19.4, -19.4), (38.8, 0), (0, 0)):
        frame.mark(box(frame.u - np.float32(base[0]), frame.v - np.float32(base[1]), 0.5, 0.5), m.WHITE, 0.9)


def stadium(frame: Frame, half_u: float, half_v: float, roof: Material, names: Sequence[str]) -> None:
    """A stadium about the origin: a ring of stands under a roof with trusses, the field open to the sky."""
    canvas, rng = frame.canvas, frame.canvas.rng
    for name in names:
        canvas.name(name, whole=True)
    power = rng.choice([2.2, 2.8, 4.5])
    depth = rng.uniform(38, 48)
    outer = ellipse(frame.u, frame.v, half_u, half_v, power)
    ring = ellipse(frame.u, frame.v, half_u - depth, half_v - depth, power + 0.8)
    frame.paint(outer, m.plain((112, 112, 116)), names=names, height=4.0, keep_off=3.0)
    share = np.clip(ring / np.float32(depth), 0, 1)
    rows = 1 + 0.10 * np.sign(np.sin(ring * np.float32(2 * np.pi / 2.4)))
    aisles = 1 - 0.10 * (np.abs(np.mod(np.arctan2(frame.v, frame.u) * 18 / np.pi, 1.0) - 0.5) > 0.44)
    seats = m.plain([(96, 104, 128), (130, 128, 126), (136, 84, 78), (150, 148, 142)][rng.integers(4)])
    frame.paint(np.maximum(outer + 1, -ring), seats, names=names, height=2 + 22 * share, shade=rows * aisles)
    bearing = np.arctan2(frame.v / np.float32(half_v), frame.u / np.float32(half_u))
    trusses = 1 - 0.09 * (np.abs(np.mod(bearing * 24 / np.pi, 1.0) - 0.5) > 0.42)
    lip = rng.uniform(0.30, 0.55) if rng.random() < 0.8 else 0.82
    covered = np.maximum(outer, np.float32(lip * depth) - ring)
    rise = 26 + 5 * np.sin(np.pi * np.clip((share - lip) / (1 - lip), 0, 1))
    bands = 1 + 0.03 * np.sin(ring * np.float32(2 * np.pi / 7))
    frame.paint(covered, roof, names=names, height=rise, shade=trusses * bands)


def pool(frame: Frame, half_u: float, half_v: float, names: Sequence[str], *, round_shape: bool = False) -> None:
    """A swimming pool with a pale rim of slabs; round ones are kidney-shaped."""
    if round_shape:
        lobe = disc(frame.u + np.float32(half_u * 0.35), frame.v, half_v)
        other = disc(frame.u - np.float32(half_u * 0.45), frame.v - np.float32(half_v * 0.2), half_v * 0.72)
        distance = np.minimum(lobe, other)
    else:
        distance = box(frame.u, frame.v, half_u, half_v, min(0.8, half_v * 0.3))
    frame.paint(distance - np.float32(rim_width(half_v)), m.CONCRETE.tinted(frame.canvas.rng), keep_off=0.5)
    depth = 1.06 - 0.14 * np.clip(frame.u / np.float32(half_u), -1, 1)
    frame.paint(distance, m.POOL.tinted(frame.canvas.rng, 0.05), names=names, shade=depth)


def rim_width(half_v: float) -> float:
    """Metres of slabs round a pool."""
    return 1.2 if half_v < 4 else 3.5


def parking_bays(
    frame: Frame, half_u: float, half_v: float, full: float, *, lot: Material, names: Sequence[str]
) -> int:
    """A parking lot with rows of bays along u. Returns how many cars stand in it.

    ``full`` is the share of bays taken; the lot belongs to the last of ``names``, the cars to the first.
    """
    canvas, rng = frame.canvas, frame.canvas.rng
    car_name, lot_name = names
    canvas.name(lot_name, whole=True)
    frame.paint(box(frame.u, frame.v, half_u, half_v, 2.0), lot, names=(lot_name,), keep_off=0.5)
    bay, depth, aisle = 2.7, 5.2, 6.6
    pitch = 2 * depth + aisle
    rows = max(1, int(2 * half_v // pitch))
    count = int((2 * half_u - 8) // bay)
    us: list[Floats] = []
    vs: list[Floats] = []
    turns: list[Floats] = []
    for row in range(rows):
        middle = (row - (rows - 1) / 2) * pitch
        inner = np.maximum(
            np.abs(frame.u) - np.float32(count * bay / 2), np.abs(frame.v - np.float32(middle)) - depth
        )
        away = np.abs(np.mod(frame.u + np.float32(count * bay / 2), bay) - np.float32(bay / 2))
        frame.line(np.float32(bay / 2) - away + 99 * (inner > 0), 0.2, m.WHITE, 0.75)
        frame.line(np.abs(frame.v - np.float32(middle)) + 99 * (inner > 0), 0.2, m.WHITE, 0.7)
        for side in (-1, 1):
            busy = np.clip(full + rng.normal(0, 0.12), 0.02, 0.98)
            taken = np.flatnonzero(rng.random(count) < busy)
            us.append((taken + 0.5 - count / 2) * bay + rng.normal(0, 0.12, taken.size))
            vs.append(middle + side * depth / 2 + rng.normal(0, 0.2, taken.size))
            turns.append(np.where(rng.random(taken.size) < 0.8, side, -side) * np.float32(np.pi / 2))
    return cars(frame, np.concatenate(us), np.concatenate(vs), np.concatenate(turns), names=(car_name,))


def bridge_deck(
    frame: Frame, width: float, length: float, names: Sequence[str], *, height: float = 9.0, lanes: int = 4
) -> None:
    """A road bridge along u with kerbs, lanes and a shadow on what it crosses."""
    for name in names:
        frame.canvas.name(name, whole=True)
    ends = np.abs(frame.u) - np.float32(length / 2)
    kerb = np.maximum(np.abs(frame.v) - np.float32(width / 2 + 1.2), ends)
    frame.paint(kerb, m.CONCRETE.tinted(frame.canvas.rng), names=names, height=height + 1, keep_off=1.0)
    ground.road(frame, width, names=names, height=height, lanes=lanes, length=length)


def industrial_yard(frame: Frame, count: int, spread: float, names: Sequence[str]) -> int:
    """Small sheds and a tower or two of a plant about the origin. Returns how many are in the picture."""
    rng = frame.canvas.rng
    u, v = (rng.uniform(-spread, spread, count) for _ in range(2))
    return buildings(
        frame,
        u,
        v,
        length=rng.uniform(10, 26, count),
        width=rng.uniform(7, 14, count),
        tall=rng.uniform(4, 9, count),
        make=things.factory,
        colours=m.FACTORY_ROOFS,
        turn=rng.choice([0, np.pi / 2], count),
        others=((228, 230, 228),),
        names=names,
    )
