"""Layouts of transport: airport, runway, port, parking, intersection, viaduct, bridge, railway."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Floats, Frame, box, segment
from faami_core.data.scenes.captions import SIDES, Link, Noun, Story
from faami_core.data.scenes.materials import Material
from faami_core.data.scenes.placing import buildings, cars, lane_cars, scatter_trees, solids
from faami_core.data.scenes.stamps import stamp

TREES = Noun("trees", "green trees", 12, ("dense", "lush"))


def _grassy(canvas: Canvas) -> Frame:
    """Rough grass and axes turned at random."""
    rng = canvas.rng
    ground.cover(canvas, (m.GRASS, m.DRY_GRASS, m.MEADOW)[rng.integers(3)].tinted(rng))
    ground.blotches(canvas, m.SOIL.tinted(rng), 0.15, opacity=0.5)
    return canvas.frame(0, 0, rng.uniform(0, 2 * np.pi))


def _runway(frame: Frame, width: float, surface: Material, names: tuple[str, ...] = ("runway",)) -> None:
    """A runway along u with centre line, edge lines, threshold bars and rubber marks."""
    canvas = frame.canvas
    frame.paint(np.abs(frame.v) - np.float32(width / 2 + 7), surface.darker(0.88), opacity=0.6)
    for name in names:
        canvas.name(name, whole=True)
    rubber = 1 - 0.12 * np.exp(-((frame.v / np.float32(width * 0.16)) ** 2))
    frame.paint(np.abs(frame.v) - np.float32(width / 2), surface, names=names, shade=rubber, keep_off=6.0)
    for side in (-1, 1):
        frame.line(np.abs(frame.v - np.float32(side * (width / 2 - 1.5))), 0.9, m.WHITE, 0.8)
    frame.line(np.abs(frame.v) + 99 * (np.mod(frame.u, 50.0) > 30), 0.9, m.WHITE, 0.9)
    start = -canvas.extent * 0.28
    bars = (np.abs(frame.u - np.float32(start)) < 15) & (
        np.mod(frame.v + np.float32(width / 2), width / 8) > width / 16
    )
    frame.mark(np.where(bars & (np.abs(frame.v) < width * 0.42), -1, 1), m.WHITE, 0.8)
    aim = np.maximum(
        np.abs(frame.u - np.float32(start + 90)) - 15, np.abs(np.abs(frame.v) - np.float32(width * 0.22)) - 2.5
    )
    frame.mark(aim, m.WHITE, 0.8)


def _planes(frame: Frame, u: Floats, v: Floats, turn: Floats | float, length: Floats, name: str) -> int:
    """Airliners at points of a frame. Returns how many."""
    x, y = frame.points(np.asarray(u, dtype=np.float32), np.asarray(v, dtype=np.float32))
    made = solids(
        frame.canvas,
        x,
        y,
        angle=np.asarray(turn, dtype=np.float32) + np.float32(frame.angle),
        length=length,
        width=length * 0.94,
        tall=length * 0.16,
        colours=((240, 241, 240), (232, 234, 236), (226, 228, 230)),
        others=((70, 86, 132), (150, 60, 56), (110, 112, 116), (60, 104, 110)),
        vary=0.015,
    )
    stamp(frame.canvas, made, things.plane, names=(name,), keep_off=2.0)
    frame.canvas.count(name, len(x))
    return len(x)


def airport(canvas: Canvas) -> Story:
    """Planes parked along a terminal, the apron before it, a taxiway and a runway beyond."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    runway = frame.at(0, -extent * 0.30)
    surface = (m.ASPHALT if rng.random() < 0.6 else m.CONCRETE).tinted(rng)
    taxi = frame.at(0, -extent * 0.10)
    for offset in rng.uniform(-0.35, 0.35, 2) * extent:
        link = np.abs(frame.u - np.float32(offset) + 0.35 * frame.v) - np.float32(10)
        frame.paint(
            np.maximum(link, np.abs(frame.v + np.float32(extent * 0.15)) - np.float32(extent * 0.16)),
            m.APRON.tinted(rng),
            keep_off=4.0,
        )
    taxi.paint(np.abs(taxi.v) - np.float32(11), m.APRON.tinted(rng), keep_off=4.0)
    _runway(runway, min(45.0, extent * 0.11), surface)
    apron = np.maximum(-(frame.v + np.float32(extent * 0.05)), frame.v - np.float32(extent * 0.34))
    slabs = 1 - 0.05 * ((np.mod(frame.u, 8.0) < 0.5) | (np.mod(frame.v, 8.0) < 0.5))
    frame.paint(apron, m.APRON.tinted(rng), shade=slabs, keep_off=2.0)
    taxi.line(np.abs(taxi.v), 0.5, m.YELLOW, 0.9)
    number = int(rng.integers(2, 8))
    length = rng.uniform(32, 46)
    pitch = max(extent * 0.84 / number, length * 1.08)
    number = max(2, min(number, int(extent * 0.88 // pitch)))
    word = "planes"
    terminal = frame.at(0, extent * 0.335)
    stands = (np.arange(number) - (number - 1) / 2) * pitch + rng.uniform(-0.02, 0.02) * extent
    building_u = float(max(0.30 * extent, number * pitch * 0.5))
    terminal.paint(
        np.abs(terminal.v - np.float32(extent * 0.22)) - np.float32(extent * 0.19),
        m.ASPHALT.tinted(rng),
        keep_off=1.0,
    )
    canvas.name("terminal")
    for stand in stands:
        bridge = np.zeros(1, dtype=np.float32)
        buildings(
            terminal,
            bridge + stand + length * 0.16,
            bridge - extent * 0.055,
            length=3.2,
            width=extent * 0.06,
            tall=5.0,
            make=things.slab,
            colours=m.FLAT_ROOFS,
            names=("terminal",),
            margin=0.5,
        )
    zero = np.zeros(1, dtype=np.float32)
    buildings(
        terminal,
        zero,
        zero,
        length=building_u * 2,
        width=extent * 0.075,
        tall=13.0,
        make=things.factory,
        colours=((206, 208, 208), (186, 188, 190), (216, 214, 206)),
        others=((120, 136, 150),),
        names=("terminal",),
    )
    buildings(
        terminal,
        zero + rng.uniform(-0.1, 0.1) * extent,
        zero + extent * 0.045,
        length=building_u * 0.8,
        width=extent * 0.07,
        tall=18.0,
        make=things.flat_block,
        colours=((214, 214, 210), (190, 190, 188)),
        names=("terminal",),
    )
    _planes(
        terminal,
        stands,
        -extent * 0.08 - length * 0.5 + rng.uniform(-1.5, 1.5, number),
        np.pi / 2,
        np.full(number, length) * rng.uniform(0.92, 1.02, number),
        word,
    )
    structures.parking_bays(
        terminal.at(0, extent * 0.165), extent * 0.40, 17.0, 0.7, lot=m.ASPHALT.tinted(rng), names=("cars", "lot")
    )
    trucks = 10
    cars(terminal, rng.uniform(-0.4, 0.4, trucks) * extent, np.full(trucks, -extent * 0.052), 0.0)
    links = (
        Link(
            Noun("terminal", "terminal", 1, ("white", "large")),
            ("parked at", "parked next to", "near", "beside"),
            ("near", "beside"),
        ),
        Link(Noun("runway", "runway", 1, ("straight",)), ("near", "close to"), ("near",)),
    )
    drawn = canvas.counts[word]
    amount = Noun(word, "planes", drawn)
    own = (
        f"{amount.say(rng)} are parked in an airport",
        f"{amount.say(rng)} are parked neatly beside the terminal building",
    )
    return Story(amount, links, own)


def runway(canvas: Canvas) -> Story:
    """A runway through grass with one or two planes on it."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    mown = ground.stripes(frame, 14.0, 0.03)
    canvas.albedo *= mown
    strip = frame.at(0, -extent * rng.uniform(0.02, 0.16))
    taxi = frame.at(0, extent * rng.uniform(0.20, 0.30))
    taxi.paint(np.abs(taxi.v) - np.float32(10), m.APRON.tinted(rng), keep_off=4.0)
    for offset in (-0.22 * extent, 0.24 * extent):
        crossing = segment(
            frame.u, frame.v, (offset, -extent * 0.1), (offset + 0.15 * extent, extent * 0.26)
        ) - np.float32(9)
        frame.paint(crossing, m.APRON.tinted(rng), keep_off=4.0)
    taxi.line(np.abs(taxi.v), 0.5, m.YELLOW, 0.9)
    _runway(strip, min(42.0, extent * 0.15), (m.ASPHALT if rng.random() < 0.65 else m.CONCRETE).tinted(rng))
    count = int(rng.integers(1, 3))
    word = "planes" if count > 1 else "plane"
    length = rng.uniform(28, 42, count)
    spots = (np.arange(count) - (count - 1) / 2) * extent * 0.42 + rng.uniform(-0.05, 0.05, count) * extent
    _planes(strip, spots, rng.normal(0, 0.8, count), rng.choice([0.0, np.pi]), length, word)
    trees = scatter_trees(canvas, np.abs(frame.v) > extent * 0.3, extent / 34, radius=(3, 6), share=0.6, clumping=0.8)
    links = [Link(Noun("runway", "runway", 1, ("straight", "wide", "long")), ("on", "on"), ("under",))]
    if trees > 12:
        links.append(Link(TREES, ("near",), ("near",)))
    own = (
        f"{Noun(word, 'white ' + word, count).say(rng)} {'are' if count > 1 else 'is'} on the runway with green grass in two sides",
    )
    return Story(Noun(word, word, count, ("white",)), tuple(links), own)


def _quay(canvas: Canvas, frame: Frame, edge: float) -> None:
    """Land beyond v = edge: concrete quay with sheds and stacks of containers."""
    rng, extent = canvas.rng, canvas.extent
    frame.paint(np.float32(edge) - frame.v, m.CONCRETE.tinted(rng), keep_off=1.0)
    frame.paint(np.float32(edge + extent * 0.05) - frame.v, m.APRON.tinted(rng), keep_off=0.5)
    ground.road(frame.at(0, edge + extent * 0.07), 9.0, names=())


def port(canvas: Canvas) -> Story:
    """Boats at the piers of a marina, or freighters at a quay with containers."""
    rng, extent = canvas.rng, canvas.extent
    look, sea = (("green", m.SEA), ("dark", m.DARK_WATER), ("blue", m.BLUE_WATER), ("green", m.GREEN_WATER))[
        rng.integers(4)
    ]
    ground.cover(canvas, sea.tinted(rng), names=("water",))
    frame = canvas.frame(0, 0, rng.uniform(0, 2 * np.pi))
    edge = extent * rng.uniform(0.18, 0.26)
    _quay(canvas, frame, edge)
    if extent > 330:
        return _freight_port(canvas, frame, edge, look)
    return _marina(canvas, frame, edge, look)


def _freight_port(canvas: Canvas, frame: Frame, edge: float, look: str) -> Story:
    rng, extent = canvas.rng, canvas.extent
    count = int(rng.integers(2, 5))
    length = rng.uniform(0.62, 0.8) * extent / max(count - 1, 1) if count < 4 else extent * 0.30
    length = min(length, 170.0, extent * 0.36)
    moored = min(count, int(extent * 0.86 // (length * 1.1)))
    u = (np.arange(moored) - (moored - 1) / 2) * length * 1.12
    v = np.full(moored, edge - length * 0.085)
    turn = np.zeros(moored)
    if count > moored:
        u, v = np.append(u, rng.uniform(-0.1, 0.1) * extent), np.append(v, edge - extent * 0.34)
        turn = np.append(turn, rng.normal(0, 0.15))
        count = moored + 1
    x, y = frame.points(u, v)
    hulls = solids(
        canvas,
        x,
        y,
        angle=(turn + frame.angle + np.where(rng.random(count) < 0.5, 0, np.pi)),
        length=length * rng.uniform(0.86, 1.0, count),
        width=length * 0.15,
        tall=11.0,
        colours=((126, 70, 62), (84, 96, 108), (66, 78, 92), (112, 116, 112)),
        others=((226, 226, 220), (196, 190, 176)),
    )
    stamp(canvas, hulls, things.ship, names=("ships",), keep_off=1.0)
    canvas.count("ships", count)
    yard = frame.at(0, edge + extent * 0.20)
    across, along = np.meshgrid(
        np.arange(-extent * 0.6, extent * 0.6, 13.4), np.arange(-extent * 0.06, extent * 0.2, 7.4)
    )
    keep = (rng.random(across.size) < 0.62) & (np.mod(along.ravel(), 30) > 6)
    spots_u, spots_v = across.ravel()[keep], along.ravel()[keep]
    buildings(
        yard,
        spots_u,
        spots_v,
        length=12.2,
        width=5.0,
        tall=rng.choice([2.6, 5.2, 7.8], spots_u.size),
        make=things.slab,
        colours=((150, 72, 60), (70, 92, 128), (156, 150, 140), (92, 118, 100), (188, 150, 92), (196, 196, 192)),
        names=("containers",),
        margin=0.3,
    )
    cranes = (np.arange(3) - 1) * extent * 0.3
    buildings(
        frame,
        cranes,
        np.full(3, edge + 4.0),
        length=5.0,
        width=36.0,
        tall=26.0,
        make=things.slab,
        colours=((196, 122, 70), (110, 130, 160)),
        names=(),
        margin=0.3,
    )
    links = (
        Link(Noun("water", "water", 0, (look,)), ("on", "in"), ("under", "near")),
        Link(Noun("containers", "containers", 12, ("colorful",)), ("near", "close to"), ("near",)),
    )
    own = (f"{Noun('ships', 'ships', count).say(rng)} are docked in a port near many containers",)
    return Story(Noun("ships", "ships", count, ("large", "cargo")), links, own)


def _marina(canvas: Canvas, frame: Frame, edge: float, look: str) -> Story:
    rng, extent = canvas.rng, canvas.extent
    piers = int(rng.integers(2, 5))
    pitch = extent * 0.88 / piers
    pier_length = extent * rng.uniform(0.42, 0.54)
    length = min(pitch * 0.30, rng.uniform(9.0, 15.0))
    canvas.name("piers", whole=True)
    us, vs, turns = [], [], []
    for index in range(piers):
        at = (index - (piers - 1) / 2) * pitch
        pier = frame.at(at, edge - pier_length / 2, np.pi / 2)
        pier.paint(
            box(pier.u, pier.v, pier_length / 2 + 2, 1.4), m.CONCRETE.tinted(rng), names=("piers",), height=1.2
        )
        berths = np.arange(-pier_length / 2 + 4, pier_length / 2 - 6, length * 0.42)
        for side in (-1, 1):
            taken = berths[rng.random(berths.size) < rng.uniform(0.6, 0.95)]
            us.append(np.full(taken.size, at + side * (2.2 + length * 0.52)))
            vs.append(edge - pier_length / 2 + taken)
            turns.append(np.where(rng.random(taken.size) < 0.7, 0.0, np.pi))
            for spot in berths[::2]:
                pier.mark(
                    box(
                        pier.u - np.float32(spot + length * 0.21),
                        pier.v + np.float32(side * length * 0.5),
                        0.35,
                        length * 0.45,
                    ),
                    m.CONCRETE,
                    0.8,
                )
    u, v = np.concatenate(us), np.concatenate(vs)
    x, y = frame.points(u, v)
    size = length * rng.uniform(0.72, 1.08, x.size)
    hulls = solids(
        canvas,
        x,
        y,
        angle=(np.concatenate(turns) + frame.angle),
        length=size,
        width=size * 0.31,
        tall=2.4,
        colours=((236, 236, 234), (226, 228, 230), (240, 238, 230), (120, 132, 150)),
        others=((84, 92, 104), (140, 116, 90), (70, 96, 130)),
        vary=0.03,
    )
    stamp(canvas, hulls, things.boat, names=("boats",), keep_off=0.5)
    canvas.count("boats", len(x))
    count = int(rng.integers(3, 7))
    buildings(
        frame,
        (np.arange(count) - (count - 1) / 2) * extent * 0.2,
        np.full(count, edge + extent * 0.15),
        length=extent * 0.15,
        width=rng.uniform(12, 18, count),
        tall=6.0,
        make=things.hip_house,
        colours=m.HOUSE_ROOFS + m.RED_ROOFS,
    )
    scatter_trees(canvas, frame.v > edge + extent * 0.03, 9.0, radius=(2.2, 4.2), share=0.4)
    links = (
        Link(Noun("water", "water", 0, (look,)), ("on", "in"), ("under", "near")),
        Link(Noun("piers", "piers", piers, ("white",)), ("beside", "near", "docked at"), ("near", "beside")),
    )
    own = ("many boats are docked neatly in a port", f"many white boats are orderly in the port with {look} water")
    return Story(Noun("boats", "boats", len(x), ("white",)), links, own)


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
    u, v = np.meshgrid((-0.36, -0.2, 0.2, 0.36), (-0.36, -0.2, 0.2, 0.36))
    number = u.size
    buildings(
        frame,
        u.ravel() * extent + rng.normal(0, 1.5, number),
        v.ravel() * extent + rng.normal(0, 1.5, number),
        length=rng.uniform(0.075, 0.125, number) * extent,
        width=rng.uniform(0.07, 0.1, number) * extent,
        tall=rng.uniform(4, 12, number),
        make=(things.flat_block, things.hip_house)[rng.integers(2)],
        colours=m.FLAT_ROOFS + m.HOUSE_ROOFS + m.RED_ROOFS[:2],
    )
    scatter_trees(canvas, None, 7.5, radius=(2.0, 4.2), share=rng.uniform(0.4, 0.6), clumping=0.3)
    canvas.count("roads", 2)
    links = (
        Link(Noun("buildings", "buildings", 16), ("near", "between"), ("near", "around", "in the corners of")),
        Link(TREES, ("near", "between"), ("near", "around")),
    )
    own = ("two roads cross each other with some cars on them", "it is an intersection of two straight roads")
    return Story(Noun("roads", rng.choice(["roads", "crossing roads"]), 2, ("straight",)), links, own)


def viaduct(canvas: Canvas) -> Story:
    """Elevated roads on two levels with curved ramps over green land."""
    rng, frame, extent = canvas.rng, _grassy(canvas), canvas.extent
    ground.blotches(canvas, m.LUSH_GRASS.tinted(rng), 0.4, field="mottle", opacity=0.6)
    surface = (m.ASPHALT if rng.random() < 0.6 else m.CONCRETE.darker(0.9)).tinted(rng)
    cross = frame.at(0, 0, np.pi / 2 + rng.normal(0, 0.25))
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
        bow = np.hypot(ramp.u, ramp.v) - np.float32(reach)
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
    count = int(rng.integers(1, 4)) if tracks < 6 else int(rng.integers(2, 5))
    used = rng.choice(tracks // 2 + tracks % 2, min(count, (tracks + 1) // 2), replace=False) * 2
    us, vs = [], []
    for track in used:
        start, wagons = rng.uniform(-0.36, -0.05) * extent, int(rng.uniform(0.25, 0.42) * extent / 21)
        us.append(start + np.arange(max(wagons, 2)) * 20.6)
        vs.append(np.full(max(wagons, 2), offsets[track]))
    u, v = np.concatenate(us), np.concatenate(vs)
    x, y = frame.points(u, v)
    trains = solids(
        canvas,
        x,
        y,
        angle=frame.angle,
        length=20.4,
        width=2.9,
        tall=4.0,
        colours=((206, 208, 208), (120, 132, 150), (150, 84, 70), (96, 110, 100), (176, 170, 156)),
        others=((84, 86, 88),),
    )
    stamp(canvas, trains, things.wagon, names=("trains" if len(used) > 1 else "train",))
    word = "trains" if len(used) > 1 else "train"
    canvas.count(word, len(used))
    half = tracks * 2.5 + 4
    road = frame.at(0, -half - extent * 0.07)
    ground.road(road, 8.0, names=(), verge=m.CONCRETE.tinted(rng))
    side = rng.choice([-1.0, 1.0])
    number = int(rng.integers(7, 13))
    spots = (np.arange(number) - (number - 1) / 2) * extent * 1.3 / number
    for row, depth in ((1, 0.10), (1, 0.24), (-1, 0.22), (-1, 0.36)):
        buildings(
            frame,
            spots + rng.normal(0, 2, number),
            row * (half + extent * depth) + rng.normal(0, 1.5, number),
            length=rng.uniform(0.6, 0.85, number) * extent * 1.3 / number,
            width=rng.uniform(0.055, 0.09, number) * extent,
            tall=rng.uniform(4, 11, number),
            make=things.factory if row == side else things.hip_house,
            colours=m.FLAT_ROOFS + m.HOUSE_ROOFS + m.RED_ROOFS[:2] + m.FACTORY_ROOFS[:2],
        )
    scatter_trees(canvas, None, 8.0, radius=(2.0, 4.2), share=rng.uniform(0.35, 0.55), clumping=0.6)
    links = (
        Link(Noun(word, word, len(used), ("long",)), ("with",), ("on",)),
        Link(Noun("buildings", "buildings", 20), ("near", "beside"), SIDES),
    )
    own = (
        "the railway is straight with several parallel tracks",
        "several parallel tracks make up the railway between many buildings",
    )
    return Story(Noun("railway", rng.choice(["railway", "railway station"]), 1, ("straight", "long")), links, own)
