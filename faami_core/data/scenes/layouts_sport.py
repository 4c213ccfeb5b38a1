"""Layouts of sport: tennis courts, baseball field, playground, stadium, swimming pool."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Frame, box, ellipse
from faami_core.data.scenes.captions import AROUND, SURROUNDED, Link, Noun, Story
from faami_core.data.scenes.placing import buildings, lane_cars, scatter_trees, solids, tree_row
from faami_core.data.scenes.stamps import stamp

TREES = Noun("trees", "green trees", 12, ("dense", "lush"))


def _campus(canvas: Canvas) -> Frame:
    """Park-like ground and axes turned at random."""
    ground.cover(canvas, (m.GRASS, m.LUSH_GRASS, m.MEADOW)[canvas.rng.integers(3)].tinted(canvas.rng))
    ground.blotches(canvas, m.DRY_GRASS.tinted(canvas.rng), 0.2, opacity=0.5)
    return canvas.frame(0, 0, canvas.rng.uniform(0, 2 * np.pi))


def _street(frame: Frame, width: float = 9.0) -> None:
    """A street along u with some traffic."""
    ground.road(frame, width, verge=m.CONCRETE.darker(0.9))
    lane_cars(frame, frame.canvas.extent * 1.3, ((-width / 4, 0.0), (width / 4, np.pi)), 45.0)


def tennis_courts(canvas: Canvas) -> Story:
    """One to six tennis courts side by side, with trees, a building or a lot."""
    rng, frame = canvas.rng, _campus(canvas)
    count = int(rng.choice([1, 2, 2, 3, 4, 6]))
    per_row = count if count <= 3 else count // 2
    rows = count // per_row
    inner, outer = [
        (m.COURT_BLUE, m.COURT_GREEN),
        (m.COURT_GREEN, m.TRACK_RED),
        (m.COURT_GREEN, m.COURT_GREEN.darker(0.8)),
        (m.CLAY, m.CLAY.darker(0.94)),
    ][rng.integers(4)]
    inner, outer = inner.tinted(rng), outer.tinted(rng)
    word = "courts" if count > 1 else "court"
    spot = frame.at(canvas.extent * rng.uniform(-0.06, 0.06), canvas.extent * rng.uniform(-0.08, 0.02))
    gap = rng.choice([17.6, 20.5])
    canvas.name(word, whole=True)
    for row in range(rows):
        for column in range(per_row):
            u, v = (row - (rows - 1) / 2) * (gap + 18.5), (column - (per_row - 1) / 2) * gap
            structures.tennis_court(spot.at(u, v, 0.0, 21.0), inner, outer, (word,))
    canvas.count(word, count)
    half_u = (rows - 1) / 2 * (gap + 18.5) + 18
    links = [Link(TREES, SURROUNDED, AROUND)]
    edge = half_u + 16
    if rng.random() < 0.5:
        drawn = buildings(
            spot,
            np.asarray([-edge]),
            np.asarray([rng.uniform(-6, 6)]),
            length=rng.uniform(18, 26),
            width=rng.uniform(30, 46),
            tall=rng.uniform(5, 9),
            make=things.flat_block,
            colours=m.FLAT_ROOFS,
            names=("building",),
        )
        if drawn:
            links.append(Link(Noun("building", "building", 1, ("white", "large"))))
    else:
        _street(spot.at(-edge, 0, np.pi / 2))
        links.append(Link(Noun("road", "road")))
    scatter_trees(canvas, None, 8.0, radius=(2.5, 4.6), share=rng.uniform(0.3, 0.6), clumping=0.7)
    phrase = "tennis courts" if count > 1 else "tennis court"
    own = (f"the {phrase} {'are' if count > 1 else 'is'} surrounded by green trees",)
    return Story(Noun(word, phrase, count, ("blue",) if inner.colour[2] > 125 else ()), tuple(links), own)


def baseball_field(canvas: Canvas) -> Story:
    """One or two baseball fields, trees round them, a road or a lot near by."""
    rng, frame = canvas.rng, _campus(canvas)
    count = int(rng.choice([1, 1, 2]))
    clay, grass = m.CLAY.tinted(rng, 0.06), (m.PITCH, m.GRASS, m.LUSH_GRASS)[rng.integers(3)].tinted(rng)
    word = "fields" if count > 1 else "field"
    canvas.name(word, whole=True)
    links = [Link(TREES, SURROUNDED, AROUND)]
    road = frame.at(0, canvas.extent * 0.40)
    if rng.random() < 0.5:
        _street(road)
        links.append(Link(Noun("road", "road")))
    else:
        lot = frame.at(canvas.extent * 0.0, canvas.extent * 0.37)
        parked = structures.parking_bays(
            lot, canvas.extent * 0.3, 9.0, rng.uniform(0.3, 0.8), lot=m.ASPHALT.tinted(rng), names=("cars", "lot")
        )
        if parked:
            links.append(Link(Noun("lot", "parking lot")))
    if count == 1:
        reach = canvas.extent * rng.uniform(0.46, 0.54)
        structures.baseball_field(frame.at(-canvas.extent * 0.30, -canvas.extent * 0.06), reach, grass, clay, (word,))
    else:
        reach = canvas.extent * rng.uniform(0.36, 0.40)
        for side in (-1, 1):
            home = frame.at(side * canvas.extent * 0.40, -canvas.extent * 0.16, 0.0 if side < 0 else np.pi)
            structures.baseball_field(home, reach, grass, clay, (word,))
    canvas.count(word, count)
    scatter_trees(canvas, None, 10.0, radius=(2.8, 5.5), share=rng.uniform(0.4, 0.65), clumping=0.7)
    phrase = "baseball fields" if count > 1 else "baseball field"
    own = (f"the green {phrase} {'are' if count > 1 else 'is'} in the middle of many green trees",)
    return Story(Noun(word, phrase, count, ("green", "large")), tuple(links), own)


def playground(canvas: Canvas) -> Story:
    """A running track round a football field, with buildings and trees."""
    rng, frame = canvas.rng, _campus(canvas)
    lane = [m.TRACK_RED, m.TRACK_RED, m.CLAY, m.COURT_BLUE.darker(1.05)][rng.integers(4)].tinted(rng)
    spot = frame.at(0, -canvas.extent * rng.uniform(0.04, 0.10))
    canvas.name("playground", whole=True)
    canvas.name("field", whole=True)
    structures.running_track(spot, 42.2, 36.5, lane, ("playground",))
    grass = (m.TURF, m.PITCH, m.LUSH_GRASS)[rng.integers(3)].tinted(rng)
    structures.football_field(spot.at(0, 0), 45.0, 27.5, grass, ("field", "playground"))
    line = frame.at(0, canvas.extent * 0.36)
    count = int(rng.integers(2, 5))
    length = canvas.extent * 0.8 / count - 8
    drawn = buildings(
        line,
        (np.arange(count) - (count - 1) / 2) * (length + 8),
        np.zeros(count),
        length=length,
        width=rng.uniform(12, 17, count),
        tall=rng.uniform(8, 15, count),
        make=(things.flat_block, things.gable_house)[rng.integers(2)],
        colours=m.FLAT_ROOFS + m.RED_ROOFS,
    )
    canvas.count("buildings", drawn)
    if rng.random() < 0.6:
        _street(frame.at(-canvas.extent * 0.41, 0, np.pi / 2), 8.0)
    scatter_trees(canvas, None, 8.5, radius=(2.5, 4.8), share=rng.uniform(0.3, 0.55), clumping=0.6)
    links = [Link(Noun("field", "football field", 1, ("green",)), ("with", "around"), ("in", "inside"))]
    if drawn > 1:
        links.append(Link(Noun("buildings", "buildings", drawn), ("near", "beside"), ("near", "beside")))
    look = ("red",) if lane.colour[0] > 1.3 * lane.colour[2] else ()
    own = (
        "a playground with a football field in it is near some buildings",
        "here lies a green football field inside a playground",
    )
    return Story(Noun("playground", "playground", 1, look), tuple(links), own)


def stadium(canvas: Canvas) -> Story:
    """A stadium among roads, car parks and trees."""
    rng, frame = canvas.rng, _campus(canvas)
    white = rng.random() < 0.65
    roof = (m.plain((226, 228, 228), 0.02) if white else m.plain((152, 156, 160), 0.03)).tinted(rng, 0.04)
    half_u, half_v = rng.uniform(112, 128), rng.uniform(90, 104)
    spot = frame.at(-canvas.extent * 0.03, -canvas.extent * 0.09)
    plaza = ellipse(spot.u, spot.v, half_u + 22, half_v + 22, 2.6)
    spot.paint(plaza, m.CONCRETE.tinted(rng), feather=2.0, keep_off=1.0)
    _street(frame.at(0, canvas.extent * 0.27), 12.0)
    lot = frame.at(0, canvas.extent * 0.40)
    structures.parking_bays(
        lot,
        canvas.extent * 0.42,
        canvas.extent * 0.08,
        rng.uniform(0.35, 0.85),
        lot=m.ASPHALT.tinted(rng),
        names=("cars", "lot"),
    )
    structures.stadium(spot, half_u, half_v, roof, ("stadium",))
    structures.football_field(spot.at(0, 0), 50.0, 32.0, (m.PITCH, m.TURF)[rng.integers(2)].tinted(rng), ("stadium",))
    scatter_trees(canvas, None, 11.0, radius=(3, 5.5), share=rng.uniform(0.4, 0.7), clumping=0.6)
    look = "white" if white else "gray"
    links = (
        Link(Noun("lot", "parking lot", 1, ("large",)), ("near", "beside", "next to")),
        Link(TREES, ("near", "beside")),
    )
    own = (f"this is a large {look} stadium", "a football field is in the middle of the stadium")
    return Story(Noun("stadium", "stadium", 1, (look, "large", "round")), links, own)


def _loungers(terrace: Frame, pool: str) -> None:
    """Loungers in rows and parasols, wherever the terrace is free."""
    canvas, rng = terrace.canvas, terrace.canvas.rng
    for row in (-0.145, -0.10, 0.10, 0.145):
        u = np.arange(-0.38, 0.38, 1.7 / canvas.extent) * canvas.extent
        u = u[(rng.random(u.size) < 0.7) & (np.mod(u, 17.0) < 12.0)]
        v = np.full(u.size, row * canvas.extent)
        free = canvas.is_free(*terrace.points(u, v), 2.4, ~canvas.shown[pool])
        colours = ((226, 224, 218), (206, 200, 188), (96, 128, 150))
        x, y = terrace.points(u[free], v[free])
        beds = solids(
            canvas,
            x,
            y,
            angle=terrace.angle + np.pi / 2,
            length=2.0,
            width=0.75,
            tall=0.4,
            colours=colours,
            vary=0.03,
        )
        stamp(canvas, beds, things.slab)
        shade = rng.random(x.size) < 0.15
        tops = solids(
            canvas, x[shade], y[shade], angle=0.0, length=2.4, width=2.4, tall=2.2, colours=colours, vary=0.04
        )
        stamp(canvas, tops, things.parasol, round_shape=True)


def swimming_pool(canvas: Canvas) -> Story:
    """A hotel or villa with one to three swimming pools, palms and lawns."""
    rng, frame = canvas.rng, _campus(canvas)
    count = int(rng.choice([1, 1, 2, 3]))
    word = "pools" if count > 1 else "pool"
    terrace = frame.at(0, canvas.extent * 0.04)
    spread = canvas.extent * 0.27
    terrace.paint(
        box(terrace.u, terrace.v, canvas.extent * 0.42, canvas.extent * 0.17, 5.0),
        m.CONCRETE.tinted(rng),
        opacity=0.9,
        keep_off=-1.0,
    )
    unit = canvas.extent / 100
    for index in range(count):
        place = terrace.at(
            (index - (count - 1) / 2) * spread,
            rng.uniform(-2, 2) * unit,
            rng.choice([0.0, np.pi / 2]) if count > 1 else 0.0,
        )
        half_v = rng.uniform(5.0, 7.0) * unit
        structures.pool(place, half_v * rng.uniform(1.5, 2.0), half_v, (word,), round_shape=bool(rng.random() < 0.4))
    canvas.count(word, count)
    place_word = "building" if rng.random() < 0.4 else "buildings"
    number = 1 if place_word == "building" else int(rng.integers(2, 5))
    length = canvas.extent * 0.8 / number - 6
    row = frame.at(0, -canvas.extent * 0.29)
    buildings(
        row,
        (np.arange(number) - (number - 1) / 2) * (length + 6),
        rng.normal(0, 1, number),
        length=length,
        width=rng.uniform(0.15, 0.2) * canvas.extent,
        tall=rng.uniform(5, 12),
        make=(things.hip_house, things.flat_block, things.gable_house)[rng.integers(3)],
        colours=m.FLAT_ROOFS + m.RED_ROOFS,
        names=(place_word,),
    )
    canvas.count(place_word, number)
    _loungers(terrace, word)
    tree_row(frame, np.linspace(-0.45, 0.45, 9) * canvas.extent, np.full(9, canvas.extent * 0.30), canvas.extent / 42)
    scatter_trees(
        canvas, None, canvas.extent / 14, radius=(canvas.extent / 60, canvas.extent / 30), share=0.65, clumping=0.4
    )
    phrase = "swimming pools" if count > 1 else "swimming pool"
    links = (
        Link(Noun(place_word, place_word, number, ("large",)), ("near", "beside", "next to")),
        Link(TREES, ("near", "surrounded by"), ("near",)),
    )
    return Story(
        Noun(word, phrase, count, ("blue",)),
        links,
        (f"the blue {phrase} {'are' if count > 1 else 'is'} near green trees",),
    )
