"""Layouts of towns and works: storage tanks, industrial area, residential areas of three densities, solar farm."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Frame, box
from faami_core.data.scenes.captions import AROUND, SURROUNDED, Link, Noun, Story
from faami_core.data.scenes.placing import buildings, cars, lane_cars, scatter_trees, solids, tree_row
from faami_core.data.scenes.stamps import Solids, stamp

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
    scatter_trees(canvas, None, 8.0, radius=(2.0, 4.0), share=rng.uniform(0.2, 0.4), clumping=0.6)
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


def _house_rows(
    canvas: Canvas,
    frame: Frame,
    streets: list[float],
    *,
    pitch: float,
    set_back: float,
    size: tuple[float, float],
    share: float,
) -> int:
    """Houses on both sides of streets, with drives and now and then a pool behind. Returns how many are in the picture."""
    rng, extent = canvas.rng, canvas.extent
    roofs = m.HOUSE_ROOFS if rng.random() < 0.6 else m.HOUSE_ROOFS[:3] + m.RED_ROOFS
    make = things.hip_house if rng.random() < 0.6 else things.gable_house
    drawn = 0
    for street in streets:
        for side in (-1, 1):
            u = np.arange(-extent * 0.72, extent * 0.72, pitch) + rng.uniform(0, pitch)
            u = u[rng.random(u.size) < share]
            u = u + rng.normal(0, pitch * 0.05, u.size)
            v = street + side * (set_back + rng.normal(0, set_back * 0.06, u.size))
            x, y = frame.points(u, v)
            apart = canvas.is_free(x, y, min(size) * 0.58)
            u, v = u[apart], v[apart]
            if not u.size:
                continue
            length, width = rng.uniform(0.85, 1.15, u.size) * size[0], rng.uniform(0.85, 1.12, u.size) * size[1]
            for at_u, at_v in zip(u, v, strict=True):
                drive = frame.at(float(at_u + size[0] * 0.28), float(street + at_v) / 2, 0.0, set_back)
                drive.paint(
                    box(drive.u, drive.v, 1.6, abs(float(at_v) - street) / 2 - 1.5),
                    m.CONCRETE.tinted(rng),
                    opacity=0.75,
                )
            drawn += buildings(
                frame,
                u,
                v,
                length=length,
                width=width,
                tall=rng.uniform(3.0, 5.5, u.size),
                make=make,
                colours=roofs,
                turn=rng.normal(0, 0.04, u.size) + np.where(rng.random(u.size) < 0.25, np.pi / 2, 0),
                margin=0.8,
            )
            wings = rng.random(u.size) < 0.55
            buildings(
                frame,
                u[wings] - length[wings] * 0.22,
                v[wings] + side * width[wings] * 0.38,
                length=width[wings] * 0.75,
                width=length[wings] * 0.42,
                tall=rng.uniform(2.8, 3.6, int(wings.sum())),
                make=make,
                colours=roofs,
                turn=np.pi / 2,
                margin=0.5,
            )
            parked = rng.random(u.size) < 0.6
            cars(frame, u[parked] + size[0] * 0.28, (v[parked] + street) / 2, np.pi / 2)
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
    drawn = _house_rows(canvas, frame, streets, pitch=size[0] * 1.22, set_back=13.0, size=size, share=0.96)
    for street in streets:
        lane_cars(frame.at(0, street), canvas.extent * 1.3, ((-3.0, 0.0), (3.0, np.pi)), 30.0)
    scatter_trees(canvas, None, 6.0, radius=(1.6, 3.6), share=rng.uniform(0.35, 0.6), clumping=0.3)
    return _residential(rng, "dense", drawn)


def medium_residential(canvas: Canvas) -> Story:
    """Houses in gardens along streets."""
    rng, frame = canvas.rng, _any_frame(canvas)
    _lawns(canvas)
    canvas.name("buildings")
    streets = _streets(canvas, frame, rng.uniform(74, 86), 7.0)
    size = (rng.uniform(14, 18), rng.uniform(10, 13))
    drawn = _house_rows(
        canvas, frame, streets, pitch=size[0] * rng.uniform(1.5, 1.8), set_back=18.0, size=size, share=0.88
    )
    scatter_trees(canvas, None, 7.0, radius=(2.2, 5.0), share=rng.uniform(0.5, 0.75), clumping=0.5)
    return _residential(rng, "medium", drawn)


def _residential(rng: np.random.Generator, density: str, drawn: int) -> Story:
    subject = Noun("buildings", "buildings", drawn, ("gray", "small") if density == "medium" else ())
    links = (
        Link(TREES, ("near", "between", "among"), ("near", "around")),
        Link(Noun("roads", "roads", 3, ("parallel", "straight")), ("in two sides of", "near"), ("between", "near")),
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
    roofs = m.HOUSE_ROOFS + m.RED_ROOFS[:2]
    roof = (roofs[rng.integers(len(roofs))],)
    make = things.hip_house if rng.random() < 0.6 else things.gable_house
    u = np.asarray([0.0, -7.0, 8.0][: int(rng.integers(1, 4))]) * unit
    v = np.asarray([0.0, 5.0, -3.5])[: u.size] * unit
    buildings(
        spot,
        u,
        v,
        length=np.asarray([24.0, 13, 12])[: u.size] * unit,
        width=np.asarray([12.0, 9.5, 8])[: u.size] * unit,
        tall=4.0,
        make=make,
        colours=roof,
        turn=np.asarray([0.0, np.pi / 2, np.pi / 2])[: u.size],
        names=("building",),
        margin=1.0,
    )
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
    return Story(
        Noun("building", "building", 1, ("gray",) if sum(roof[0]) < 340 and max(roof[0]) - min(roof[0]) < 30 else ()),
        tuple(links),
        own,
    )


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
    cell = 24.0
    u = np.concatenate(
        [at_u + np.arange(-(long // cell) / 2 + 0.5, (long // cell) / 2, 1.0) * cell for at_u, _, long in parts]
    )
    v = np.concatenate([np.full(int(long // cell), at_v) for _, at_v, long in parts])
    x, y = frame.points(u, v)
    made: Solids = solids(
        canvas,
        x,
        y,
        angle=frame.angle,
        length=cell - 0.8,
        width=pitch * 0.56,
        tall=2.2,
        colours=((44, 56, 86), (40, 52, 78), (50, 62, 92)),
        others=((120, 132, 152),),
        vary=0.03,
    )
    stamp(canvas, made, things.panel_row, names=("panels",), keep_off=1.0)
    canvas.count("panels", len(x))
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
