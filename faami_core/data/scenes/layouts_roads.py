"""Layouts of roads and rails: parking, intersection, viaduct, bridge, railway."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Floats, Frame, box
from faami_core.data.scenes.captions import SIDES, Link, Noun, Story
from faami_core.data.scenes.placing import buildings, lane_cars, scatter_trees, solids, town_block
from faami_core.data.scenes.stamps import stamp

TREES = Noun("trees", "green trees", 12, ("dense", "lush"))


def _grassy(canvas: Canvas) -> Frame:
    """Rough grass and axes turned at random."""
    rng = canvas.rng
    ground.cover(canvas, (m.GRASS, m.DRY_GRASS, m.MEADOW)[rng.integers(3)].tinted(rng))
    ground.blotches(canvas, m.SOIL.tinted(rng), 0.15, opacity=0.5)
    return canvas.frame(0, 0, rng.uniform(0, 2 * np.pi))


def parking(canvas: Canvas) -> Story:
    """A parking lot with rows of cars, a road at its side and trees or a building."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    lot = (m.ASPHALT, m.DARK_ASPHALT, m.APRON.darker(0.9))[rng.integers(3)].tinted(rng)
    full = rng.choice([0.25, 0.55, 0.85])
    place = frame.at(0, -extent * 0.08)
    structures.parking_bays(place, extent * 0.43, extent * 0.30, float(full), lot=lot, names=("cars", "lot"))
    canvas.count("cars", 10)
    links = [Link(Noun("lot", "parking lot", 1, ("large",)), ("in", "parked in"), ("with",))]
    if rng.random() < 0.55:
        strip = frame.at(0, extent * 0.33)
        ground.road(strip, 9.0, verge=m.CONCRETE.tinted(rng))
        links.append(Link(Noun("road", "road"), ("near",), ("near",)))
    else:
        zero = np.zeros(1, dtype=np.float32)
        buildings(
            frame,
            zero,
            zero + extent * 0.36,
            length=extent * 0.7,
            width=extent * 0.17,
            tall=9.0,
            make=things.flat_block,
            colours=m.FLAT_ROOFS,
            names=("building",),
        )
        links.append(Link(Noun("building", "building", 1, ("large",)), ("near", "beside"), ("near",)))
    scatter_trees(canvas, None, 7.0, radius=(1.8, 3.6), share=rng.uniform(0.3, 0.6), clumping=0.5)
    full_words = {
        0.25: "some cars are parked in a parking lot with many empty spaces",
        0.55: "many cars are parked in the lines of a parking lot",
        0.85: "lots of cars are parked neatly in a parking lot",
    }
    return Story(Noun("cars", "cars", 30, ("colorful",)), tuple(links), (full_words[float(full)],))


def intersection(canvas: Canvas) -> Story:
    """Two roads that cross, with traffic, houses and trees in the corners."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    width = rng.choice([12.0, 15.0])
    turn = np.pi / 2 + rng.normal(0, 0.08)
    cross = frame.at(0, 0, turn)
    canvas.name("roads", whole=True)
    surface = m.ASPHALT.tinted(rng)
    for road in (frame, cross):
        road.paint(np.abs(road.v) - np.float32(width / 2 + 2.5), m.CONCRETE.tinted(rng).darker(0.92), keep_off=1.0)
    for road in (frame, cross):
        ground.road(road, width, material=surface, names=("roads",), lanes=4)
    centre = np.maximum(np.abs(frame.v), np.abs(cross.v)) - np.float32(width / 2)
    frame.paint(centre, surface, names=("roads",))
    for road in (frame, cross):
        zebra = np.maximum(
            np.abs(np.abs(road.u) - np.float32(width / 2 + 3.0)) - 1.6, np.abs(road.v) - np.float32(width / 2 - 0.5)
        )
        bars = np.where(np.mod(road.v, 1.4) < 0.7, zebra, np.float32(9))
        road.mark(bars, m.WHITE, 0.8)
    lanes = ((-width * 0.375, 0.0), (-width * 0.125, 0.0), (width * 0.125, np.pi), (width * 0.375, np.pi))
    for road in (frame, cross):
        lane_cars(road, extent * 1.4, lanes, rng.uniform(30, 60))
    reach = (extent * 0.70 - width / 2) / 2
    drawn = 0
    for side_u, side_v in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        corner = frame.at(side_u * (width / 2 + 5 + reach), side_v * (width / 2 + 5 + reach))
        drawn += town_block(
            corner, reach, reach, extent * 0.085, colours=m.FLAT_ROOFS + m.HOUSE_ROOFS + m.RED_ROOFS[:2]
        )
    scatter_trees(canvas, None, 7.5, radius=(2.0, 4.2), share=rng.uniform(0.4, 0.6), clumping=0.3)
    canvas.count("roads", 2)
    links = (
        Link(Noun("buildings", "buildings", drawn), ("near", "between"), ("near", "around", "in the corners of")),
        Link(TREES, ("near", "between"), ("near", "around")),
    )
    own = ("two roads cross each other with some cars on them", "it is an intersection of two straight roads")
    return Story(Noun("roads", rng.choice(["roads", "crossing roads"]), 2, ("straight",)), links, own)


def viaduct(canvas: Canvas) -> Story:
    """Elevated roads on two levels with curved ramps over green land."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    ground.blotches(canvas, m.LUSH_GRASS.tinted(rng), 0.4, field="mottle", opacity=0.6)
    surface = (m.ASPHALT if rng.random() < 0.6 else m.CONCRETE.darker(0.9)).tinted(rng)
    cross = frame.at(0, 0, np.pi / 2 + rng.normal(0, 0.03))
    canvas.name("viaduct", whole=True)
    width = 20.0
    for corner in range(4):
        sign_u, sign_v = (1 if corner in (0, 3) else -1), (1 if corner < 2 else -1)
        if rng.random() < 0.72:
            radius = extent * rng.uniform(0.10, 0.125)
            loop = frame.at(sign_u * (radius + 8), sign_v * (radius + 8))
            ring = np.hypot(loop.u, loop.v) - np.float32(radius)
            ground.road(
                loop, 8.0, across=ring, material=surface, names=("viaduct",), height=2.0, lanes=1, verge=m.CONCRETE
            )
        reach = extent * rng.uniform(0.36, 0.46)
        ramp = frame.at(sign_u * (reach + 10), sign_v * (reach + 10))
        # A quarter of a circle, from one road to the other.
        quarter = np.maximum(ramp.u * sign_u, ramp.v * sign_v) > 0
        bow = np.where(quarter, np.float32(999), np.hypot(ramp.u, ramp.v) - np.float32(reach))
        ground.road(
            ramp, 8.0, across=bow, material=surface, names=("viaduct",), height=2.0, lanes=1, verge=m.CONCRETE
        )
    ground.road(cross, width, material=surface, names=("viaduct",), height=2.0, lanes=6, verge=m.CONCRETE)
    structures.bridge_deck(frame, width, extent * 3, ("viaduct",), height=9.0, lanes=6)
    lanes = tuple((offset, 0.0 if offset < 0 else np.pi) for offset in (-7.5, -4.2, 4.2, 7.5))
    _deck_cars(frame, lanes, 10.0)
    _deck_cars(cross, lanes, 2.0)
    scatter_trees(canvas, None, 9.0, radius=(2.6, 5.0), share=rng.uniform(0.45, 0.7), clumping=0.8)
    links = [Link(TREES, ("near", "surrounded by"), ("near", "around"))]
    if rng.random() < 0.7:
        links.append(Link(Noun("cars", "cars", 12), ("with",), ("on",)))
    own = ("the viaduct has several curved ramps", "a complex viaduct is in the middle of some green land")
    return Story(Noun("viaduct", "viaduct", 1, ("complex", "large")), tuple(links), own)


def _deck_cars(frame: Frame, lanes: tuple[tuple[float, float], ...], height: float) -> None:
    """Traffic on a raised deck."""
    raised = np.maximum(frame.canvas.height - np.float32(height), 0)
    below = frame.canvas.height - raised
    frame.canvas.height = raised.copy()
    lane_cars(frame, frame.canvas.extent * 1.4, lanes, 40.0)
    frame.canvas.height += below


def bridge(canvas: Canvas) -> Story:
    """A bridge across a river, towns or woods on both banks."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    look, colour = (
        ("green", m.GREEN_WATER),
        ("dark green", m.DEEP_GREEN_WATER),
        ("brown", m.BROWN_WATER),
        ("blue", m.BLUE_WATER),
    )[rng.integers(4)]
    width = extent * rng.uniform(0.28, 0.46)
    distance = ground.river_distance(frame, width, bend=0.03, ragged=0.03)
    deck = frame.at(rng.uniform(-0.1, 0.1) * extent, 0, np.pi / 2 + rng.normal(0, 0.15))
    ground.road(deck, 15.0, names=(), lanes=4, verge=m.SOIL.tinted(rng))
    ground.water(frame, distance, colour.tinted(rng), "river", bank=m.SOIL.tinted(rng))
    for pier in np.arange(-extent * 0.4, extent * 0.4, 30.0):
        deck.paint(
            box(deck.u - np.float32(pier), deck.v, 1.8, 10.0, 1.5),
            m.CONCRETE.darker(0.8),
            names=("bridge",),
            height=3.0,
        )
    structures.bridge_deck(deck, 15.0, width * 1.12 + 30, ("bridge",), height=10.0)
    _deck_cars(deck, ((-5.6, 0.0), (-1.9, 0.0), (1.9, np.pi), (5.6, np.pi)), 11.0)
    links = [Link(Noun("river", "river", 1, (look, "wide")), ("on", "over", "across"), ("under",))]
    if rng.random() < 0.5:
        count = 60
        u, v = (
            rng.uniform(-0.62, 0.62, count) * extent,
            rng.choice([-1, 1], count) * (width / 2 + extent * rng.uniform(0.08, 0.42, count)),
        )
        x, y = frame.points(u, v)
        apart = canvas.is_free(x, y, 12.0)
        drawn = buildings(
            frame,
            u[apart],
            v[apart],
            length=rng.uniform(14, 24, int(apart.sum())),
            width=rng.uniform(9, 14, int(apart.sum())),
            tall=rng.uniform(4, 12, int(apart.sum())),
            make=things.hip_house,
            colours=m.HOUSE_ROOFS + m.FLAT_ROOFS,
        )
        if drawn >= 4:
            links.append(Link(Noun("buildings", "buildings", drawn), ("near", "close to"), ("near",)))
    scatter_trees(canvas, distance > 3, 8.0, radius=(2.4, 5.0), share=rng.uniform(0.5, 0.75), clumping=0.6)
    if len(links) == 1:
        links.append(Link(TREES, ("near", "close to"), ("near",)))
    own = (f"a long bridge is across the {look} river", "the straight bridge stretches across the wide river")
    return Story(Noun("bridge", "bridge", 1, ("long", "straight")), tuple(links), own)


def railway(canvas: Canvas) -> Story:
    """Parallel tracks with trains, sheds or houses at the side, a field or trees."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    tracks = int(rng.integers(3, 9))
    offsets = (np.arange(tracks) - (tracks - 1) / 2) * 5.0
    canvas.name("railway", whole=True)
    ground.rails(frame, [float(offset) for offset in offsets])
    station = rng.random() < 0.5
    trains = _trains(frame, offsets)
    word = "trains" if trains > 1 else "train"
    if station:
        _platforms(frame, offsets)
    half = tracks * 2.5 + (9 if station else 4)
    road = frame.at(0, -half - extent * 0.07)
    ground.road(road, 8.0, names=(), verge=m.CONCRETE.tinted(rng))
    roofs = m.FLAT_ROOFS + m.HOUSE_ROOFS + m.RED_ROOFS[:2] + m.FACTORY_ROOFS[:2]
    for low, high in ((half, extent * 0.72), (-extent * 0.72, -half - extent * 0.11)):
        block = frame.at(0, (low + high) / 2)
        town_block(block, extent * 0.72, (high - low) / 2, extent * rng.uniform(0.06, 0.09), colours=roofs, share=0.8)
    scatter_trees(canvas, None, 8.0, radius=(2.0, 4.2), share=rng.uniform(0.35, 0.55), clumping=0.6)
    links = (
        Link(Noun(word, word, trains, ("long",)), ("with",), ("on",)),
        Link(Noun("buildings", "buildings", 20), ("near", "beside"), SIDES),
    )
    own = (
        "the railway is straight with several parallel tracks",
        "several parallel tracks make up the railway between many buildings",
    )
    return Story(Noun("railway", "railway station" if station else "railway", 1, ("straight", "long")), links, own)


def _trains(frame: Frame, offsets: Floats) -> int:
    """One to four trains on every other track, wholly in the picture. Returns how many."""
    canvas, rng = frame.canvas, frame.canvas.rng
    free = (len(offsets) + 1) // 2
    count = min(free, int(rng.integers(1, 4)) if len(offsets) < 6 else int(rng.integers(2, 5)))
    used = rng.choice(free, count, replace=False) * 2
    us, vs = [], []
    for track in used:
        wagons = max(2, int(rng.uniform(0.3, 0.62) * canvas.extent / 20.6))
        room = canvas.extent * 0.45 - wagons * 10.3
        us.append((np.arange(wagons) - (wagons - 1) / 2) * 20.6 + rng.uniform(-room, room))
        vs.append(np.full(wagons, offsets[track]))
    x, y = frame.points(np.concatenate(us), np.concatenate(vs))
    paints = ((206, 208, 208), (120, 132, 150), (140, 88, 76), (96, 110, 100), (176, 170, 156))
    made = solids(
        canvas,
        x,
        y,
        angle=frame.angle,
        length=20.4,
        width=3.1,
        tall=4.0,
        colours=(paints[rng.integers(len(paints))], paints[rng.integers(len(paints))]),
        others=((84, 86, 88),),
    )
    word = "trains" if count > 1 else "train"
    stamp(canvas, made, things.wagon, names=(word,))
    canvas.count(word, count)
    return count


def _platforms(frame: Frame, offsets: Floats) -> None:
    """Platforms along the outer tracks, roofed over a part of their length."""
    canvas, rng = frame.canvas, frame.canvas.rng
    for v in (offsets[0] - 5.2, offsets[-1] + 5.2):
        long, at = canvas.extent * rng.uniform(0.5, 0.7), canvas.extent * rng.uniform(-0.08, 0.08)
        place = frame.at(at, float(v))
        slab = box(place.u, place.v, long / 2, 3.2)
        place.paint(slab, m.CONCRETE.tinted(rng), names=("railway",), height=1.0, keep_off=2.0)
        place.line(np.abs(np.abs(place.v) - np.float32(2.6)) + 99 * (slab > 0), 0.3, m.YELLOW, 0.7)
        buildings(
            place,
            np.zeros(1),
            np.zeros(1),
            length=long * rng.uniform(0.4, 0.8),
            width=5.0,
            tall=5.0,
            make=things.gable_house,
            colours=((176, 178, 176), (150, 152, 150), (138, 106, 96)),
            names=("railway",),
        )
