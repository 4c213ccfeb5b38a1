"""Layouts of works: storage tanks, industrial area, solar farm."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Frame, box
from faami_core.data.scenes.captions import Link, Noun, Story
from faami_core.data.scenes.placing import buildings, cars, lane_cars, scatter_trees, solids, tree_row
from faami_core.data.scenes.stamps import stamp

TREES = Noun("trees", "green trees", 12, ("dense", "lush"))


def _any_frame(canvas: Canvas) -> Frame:
    return canvas.frame(0, 0, canvas.rng.uniform(0, 2 * np.pi))


def _tank_group(canvas: Canvas, frame: Frame, count: int, half_u: float, half_v: float) -> int:
    """Tanks in rows on a yard of ± half_u × ± half_v metres, each in its bund. Returns how many."""
    rng = canvas.rng
    columns = int(np.ceil(np.sqrt(count * half_u / half_v)))
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    step_u, step_v = 2 * half_u / columns, 2 * half_v / rows
    radius = min(step_u, step_v) * rng.uniform(0.33, 0.41)
    index = np.arange(count)
    in_row = np.where(index // columns == rows - 1, count - columns * (rows - 1), columns)
    u = (index % columns - (in_row - 1) / 2) * step_u + rng.normal(0, radius * 0.03, count)
    v = (index // columns - (rows - 1) / 2) * step_v + rng.normal(0, radius * 0.03, count)
    sizes = radius * (
        rng.choice([0.72, 0.86, 1.0], count) if rng.random() < 0.4 else np.full(count, rng.uniform(0.85, 1.0))
    )
    yard = m.GRAVEL.tinted(rng, 0.05)
    for at_u, at_v in zip(u, v, strict=True):
        bund = frame.at(float(at_u), float(at_v), 0.0, max(step_u, step_v) * 0.8)
        bund.paint(box(bund.u, bund.v, step_u * 0.48, step_v * 0.48, 2.0), yard)
        wall = np.abs(box(bund.u, bund.v, step_u * 0.48, step_v * 0.48, 2.0)) - np.float32(0.5)
        bund.paint(wall, m.CONCRETE, height=1.4)
    frame.line(
        np.abs(frame.v - np.float32(step_v * 0.5 * (1 - rows % 2))) + 99 * (np.abs(frame.u) > half_u),
        1.2,
        m.STEEL,
        0.8,
    )
    x, y = frame.points(u, v)
    white = rng.random() < 0.75
    tanks = solids(
        canvas,
        x,
        y,
        angle=rng.uniform(0, 6.3, count),
        length=2 * sizes,
        width=2 * sizes,
        tall=np.minimum(radius * 0.75, 15.0) * rng.uniform(0.85, 1.0, count),
        colours=((232, 232, 226), (226, 224, 214)) if white else ((170, 166, 156), (196, 190, 176), (150, 152, 150)),
        others=((140, 138, 132), (164, 158, 146)),
        vary=0.02,
    )
    stamp(canvas, tanks, things.tank, names=("tanks",), keep_off=2.0)
    canvas.count("tanks", count)
    return count


def storage_tanks(canvas: Canvas) -> Story:
    """Storage tanks beside a river, a road, a railway or woods."""
    rng, frame, extent = canvas.rng, _any_frame(canvas), canvas.extent
    ground.cover(canvas, (m.GRASS, m.DRY_GRASS, m.SOIL, m.MEADOW)[rng.integers(4)].tinted(rng))
    ground.blotches(canvas, m.SOIL.tinted(rng), 0.25, opacity=0.6)
    count = int(rng.choice([2, 3, 4, 6, 8, 9, 12, 16]))
    beside = str(rng.choice(["river", "river", "road", "railway"]))
    half_u = extent * (0.36 if count > 2 else 0.30)
    half_v = extent * (0.22 if count > 3 else 0.15)
    edge = extent * 0.24
    if beside == "river":
        look, colour = (
            ("green", m.GREEN_WATER),
            ("dark", m.DARK_WATER),
            ("brown", m.BROWN_WATER),
            ("blue", m.BLUE_WATER),
        )[rng.integers(4)]
        width = extent * rng.uniform(0.15, 0.22)
        distance = ground.river_distance(frame, width, bend=0.025, offset=edge + width / 2 + extent * 0.02)
        ground.water(frame, distance, colour.tinted(rng), "river", bank=m.SOIL.tinted(rng))
        other = Noun("river", "river", 1, (look,))
    elif beside == "road":
        strip = frame.at(0, edge + extent * 0.06)
        ground.road(strip, 11.0, verge=m.CONCRETE.tinted(rng))
        lane_cars(strip, extent * 1.3, ((-2.7, 0.0), (2.7, np.pi)), 40.0)
        other = Noun("road", "road", 1, ("straight", "wide"))
    else:
        ground.rails(frame.at(0, edge + extent * 0.06), [-7.5, -2.5, 2.5, 7.5][: int(rng.integers(2, 5))])
        other = Noun("railway", "railway")
    yard = frame.at(0, -extent * 0.07)
    yard.paint(
        box(yard.u, yard.v, half_u * 1.12, half_v * 1.2, 4.0),
        m.GRAVEL.tinted(rng).darker(0.92),
        opacity=0.85,
        feather=1.0,
        keep_off=1.0,
    )
    drawn = _tank_group(canvas, yard, count, half_u, half_v)
    plant = frame.at(0, -extent * 0.40)
    if rng.random() < 0.5:
        structures.industrial_yard(plant, 9, extent * 0.06, ())
    trees = scatter_trees(canvas, None, 9.0, radius=(2.5, 5.2), share=rng.uniform(0.3, 0.65), clumping=0.8)
    links = [Link(other, ("beside", "near", "next to", "close to"), ("beside", "near", "next to"))]
    if trees > 25:
        links.append(Link(TREES, ("near", "next to"), ("near", "beside")))
    subject = Noun("tanks", "storage tanks", drawn)
    own = (f"{subject.say(rng)} with circular roofs are on the ground beside the {other.word}",)
    return Story(subject, tuple(links), own)


def industrial(canvas: Canvas) -> Story:
    """Halls of a works in blocks between straight roads, with yards, lorries and trees."""
    rng, frame, extent = canvas.rng, _any_frame(canvas), canvas.extent
    ground.cover(canvas, m.APRON.tinted(rng).darker(0.92))
    ground.blotches(canvas, m.ASPHALT.tinted(rng), 0.4, opacity=0.7)
    ground.blotches(canvas, m.DRY_GRASS.tinted(rng), 0.15, field="mottle", opacity=0.8)
    main = frame.at(0, extent * rng.uniform(-0.06, 0.06))
    cross = frame.at(extent * rng.uniform(-0.12, 0.12), 0, np.pi / 2)
    canvas.name("road", whole=True)
    for street in (main, cross):
        ground.road(street, 12.0, verge=m.GRASS.tinted(rng))
    blue = rng.random() < 0.3
    roofs = m.FACTORY_ROOFS if not blue else ((116, 150, 196), (98, 134, 178), (206, 210, 210))
    drawn = 0
    for u, v, du, dv in ground.plots(rng, extent * 0.72, extent * 0.72, extent * 0.105):
        if rng.random() < 0.12:
            continue
        place = frame.at(u, v)
        half_u, half_v = du * rng.uniform(0.66, 0.84), dv * rng.uniform(0.6, 0.8)
        corner_u = np.asarray([place.x], dtype=np.float32)
        corner_v = np.asarray([place.y], dtype=np.float32)
        if not bool(canvas.is_free(corner_u, corner_v, min(half_u, half_v) * 1.05).all()):
            continue
        longer = half_u >= half_v
        make = things.factory if rng.random() < 0.72 else things.flat_block
        drawn += buildings(
            place,
            np.zeros(1),
            np.zeros(1),
            length=2 * max(half_u, half_v),
            width=2 * min(half_u, half_v),
            tall=rng.uniform(6, 13),
            make=make,
            colours=roofs,
            turn=0.0 if longer else np.pi / 2,
            others=((232, 234, 232), (140, 142, 142)),
        )
    lane_cars(main, extent * 1.3, ((-3.0, 0.0), (3.0, np.pi)), 35.0)
    lane_cars(cross, extent * 1.3, ((-3.0, 0.0), (3.0, np.pi)), 45.0)
    parked_u, parked_v = rng.uniform(-0.6, 0.6, (2, 90)) * np.float32(extent)
    x, y = frame.points(parked_u, parked_v)
    apart = canvas.is_free(x, y, 3.0)
    cars(frame, parked_u[apart], parked_v[apart], rng.choice([0, np.pi / 2], int(apart.sum())))
    scatter_trees(canvas, None, 8.0, radius=(2.0, 4.0), share=rng.uniform(0.12, 0.3), clumping=0.85)
    subject = Noun(
        "buildings",
        "industrial buildings" if rng.random() < 0.6 else "factory buildings",
        max(drawn, 10),
        ("blue",) if blue else ("large", "long"),
    )
    links = (
        Link(Noun("road", "road", 1, ("straight",)), ("near", "in two sides of"), ("between", "near")),
        Link(TREES, ("near",), ("near", "around")),
    )
    own = ("many buildings are in an industrial area", "an industrial area has many long buildings and roads")
    return Story(subject, links, own)


def solar_farm(canvas: Canvas) -> Story:
    """Rows of solar panels in fenced blocks on grass or desert, with service tracks."""
    rng, frame, extent = canvas.rng, _any_frame(canvas), canvas.extent
    arid = rng.random() < 0.4
    base = (m.BARE if arid else (m.GRASS, m.DRY_GRASS, m.MEADOW)[rng.integers(3)]).tinted(rng)
    ground.cover(canvas, base)
    ground.blotches(canvas, (m.SCRUB if arid else m.SOIL).tinted(rng), 0.2, opacity=0.5)
    pitch = rng.uniform(6.5, 9.0)
    columns, rows = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    block_u, block_v = extent * 0.84 / columns, extent * 0.66 / rows
    parts: list[tuple[float, float, float]] = []
    for column in range(columns):
        for row in range(rows):
            u, v = (column - (columns - 1) / 2) * block_u, (row - (rows - 1) / 2) * block_v - extent * 0.08
            place = frame.at(u, v)
            rim = box(place.u, place.v, block_u / 2 - 3, block_v / 2 - 3, 2.0)
            place.paint(rim, base.tinted(rng, 0.04).darker(0.95), names=("panels",), keep_off=1.0)
            parts += [(u, v + at, block_u - 14) for at in np.arange(-block_v / 2 + 8, block_v / 2 - 7, pitch)]
    track = frame.at(0, extent * 0.325)
    ground.road(track, 5.0, material=m.GRAVEL.tinted(rng), marked=False)
    ground.road(
        frame.at(0, 0, np.pi / 2), 4.0, material=m.GRAVEL.tinted(rng), names=(), marked=False, length=extent * 0.6
    )
    _panels(frame, parts, pitch)
    hut = frame.at(extent * 0.2, extent * 0.36)
    buildings(
        hut,
        np.zeros(1),
        np.zeros(1),
        length=9.0,
        width=5.0,
        tall=3.0,
        make=things.flat_block,
        colours=m.FLAT_ROOFS,
        names=(),
    )
    tree_row(frame, np.arange(-0.5, 0.5, 0.045) * extent, np.full(23, extent * 0.42), 4.0)
    scatter_trees(canvas, frame.v > extent * 0.345, 9.0, radius=(2.5, 5.0), share=0.3)
    links = (
        Link(Noun("road", "road", 1, ("narrow",)), ("near", "beside", "next to")),
        Link(TREES, ("near",), ("near",)),
    )
    own = ("many rows of solar panels are in a solar farm", "these solar panels are arranged neatly in rows")
    return Story(Noun("panels", "solar panels", 30, ("dark blue", "rows of")), links, own)


def _panels(frame: Frame, rows: list[tuple[float, float, float]], pitch: float) -> None:
    """Solar panels in rows (middle u, v, length), each of modules of 24 m."""
    cell = 24.0
    places = [
        (u + (index + 0.5 - (length // cell) / 2) * cell, v)
        for u, v, length in rows
        for index in range(int(length // cell))
    ]
    x, y = frame.points(*np.asarray(places).T)
    made = solids(
        frame.canvas,
        x,
        y,
        angle=frame.angle,
        length=cell - 0.8,
        width=pitch * 0.56,
        tall=2.2,
        colours=((44, 56, 84), (40, 52, 76), (50, 62, 88)),
        others=((120, 132, 150),),
        vary=0.03,
    )
    stamp(frame.canvas, made, things.panel_row, names=("panels",), keep_off=1.0)
    frame.canvas.count("panels", len(x))
