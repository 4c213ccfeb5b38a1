"""Layouts of airports: planes at a terminal, a runway with planes."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, structures, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Floats, Frame, disc, segment
from faami_core.data.scenes.captions import Link, Noun, Story
from faami_core.data.scenes.materials import Material
from faami_core.data.scenes.placing import buildings, cars, scatter_trees, solids
from faami_core.data.scenes.stamps import stamp

TREES = Noun("trees", "green trees", 12, ("dense", "lush"))


def _airfield(canvas: Canvas) -> Frame:
    """Mown grass and axes turned at random."""
    rng = canvas.rng
    ground.cover(canvas, (m.GRASS, m.DRY_GRASS, m.MEADOW)[rng.integers(3)].tinted(rng))
    ground.blotches(canvas, m.SOIL.tinted(rng), 0.15, opacity=0.45)
    frame = canvas.frame(0, 0, rng.uniform(0, 2 * np.pi))
    canvas.albedo *= ground.stripes(frame, 14.0, 0.03)
    return frame


def _runway(frame: Frame, width: float, surface: Material) -> None:
    """A runway along u with centre line, edge lines, threshold bars and rubber marks."""
    canvas = frame.canvas
    frame.paint(np.abs(frame.v) - np.float32(width / 2 + 7), surface.darker(0.88), opacity=0.6)
    canvas.name("runway", whole=True)
    rubber = 1 - 0.12 * np.exp(-((frame.v / np.float32(width * 0.16)) ** 2))
    slabs = 1 - 0.04 * (np.mod(frame.u, 22.0) < 1.0)
    distance = np.abs(frame.v) - np.float32(width / 2)
    frame.paint(distance, surface, names=("runway",), shade=rubber * slabs, keep_off=6.0)
    for side in (-1, 1):
        frame.line(np.abs(frame.v - np.float32(side * (width / 2 - 1.5))), 0.9, m.WHITE, 0.8)
    frame.line(np.abs(frame.v) + 99 * (np.mod(frame.u, 50.0) > 30), 0.9, m.WHITE, 0.9)
    start = -canvas.extent * 0.28
    piano = np.mod(frame.v + np.float32(width / 2), width / 8) > width / 16
    bars = (np.abs(frame.u - np.float32(start)) < 15) & piano & (np.abs(frame.v) < width * 0.42)
    frame.mark(np.where(bars, -1, 1).astype(np.float32), m.WHITE, 0.8)
    blocks = np.abs(np.abs(frame.v) - np.float32(width * 0.22)) - np.float32(2.5)
    frame.mark(np.maximum(np.abs(frame.u - np.float32(start + 90)) - 15, blocks), m.WHITE, 0.8)


def _planes(frame: Frame, u: Floats, v: Floats, *, turn: float, length: Floats, name: str) -> None:
    """Airliners at points of a frame."""
    x, y = frame.points(u, v)
    made = solids(
        frame.canvas,
        x,
        y,
        angle=turn + np.full(len(x), frame.angle),
        length=length,
        width=length * 0.94,
        tall=length * 0.16,
        colours=((240, 241, 240), (232, 234, 236), (226, 228, 230)),
        others=((70, 86, 132), (150, 60, 56), (110, 112, 116), (60, 104, 110)),
        vary=0.015,
    )
    stamp(frame.canvas, made, things.plane, names=(name,), keep_off=2.0)
    frame.canvas.count(name, len(x))


def _taxiways(frame: Frame, at: float, runway_at: float) -> None:
    """A taxiway along u at v = ``at`` with links to the runway and a yellow centre line."""
    canvas, rng = frame.canvas, frame.canvas.rng
    surface = m.APRON.tinted(rng).darker(0.95)
    for offset in (rng.uniform(-0.36, -0.12), rng.uniform(0.12, 0.36)):
        slant = rng.choice([-0.12, 0.12])
        start, end = (offset * canvas.extent, at), ((offset + slant) * canvas.extent, runway_at)
        link = segment(frame.u, frame.v, start, end)
        frame.paint(link - np.float32(10), surface, keep_off=4.0)
        frame.line(link, 0.5, m.YELLOW, 0.8)
    away = np.abs(frame.v - np.float32(at))
    frame.paint(away - np.float32(11), surface, keep_off=4.0)
    frame.line(away, 0.5, m.YELLOW, 0.9)


def _apron(frame: Frame, low: float, high: float) -> None:
    """Concrete between v = ``low`` and ``high``: slabs, joints, patches of oil and repair."""
    canvas, rng = frame.canvas, frame.canvas.rng
    distance = np.maximum(np.float32(low) - frame.v, frame.v - np.float32(high))
    joints = 1 - 0.05 * ((np.mod(frame.u, 7.5) < 0.5) | (np.mod(frame.v, 7.5) < 0.5))
    plates = np.sin(np.floor(frame.u / 22.5) * 12.9 + np.floor(frame.v / 15) * 78.2) * 43.7
    plates = 1 + 0.06 * (np.mod(plates, 1.0) - 0.5)
    frame.paint(distance, m.APRON.tinted(rng), shade=joints * plates, keep_off=2.0)
    for _ in range(14):
        u, v = rng.uniform(-0.45, 0.45) * canvas.extent, rng.uniform(low, high)
        spot = frame.at(u, v, 0.0, 12.0)
        spot.paint(
            disc(spot.u / np.float32(2), spot.v, rng.uniform(1.0, 4.0)), m.DARK_ASPHALT, opacity=0.22, feather=3.0
        )


def _terminal(frame: Frame, stands: Floats, length: float) -> None:
    """A terminal along u about the origin with jet bridges to the ``stands`` on its lower side."""
    rng, extent = frame.canvas.rng, frame.canvas.extent
    half = max(0.30 * extent, len(stands) * length * 0.56)
    deep = extent * 0.085
    frame.canvas.name("terminal")
    bridge = np.full(len(stands), -deep * 0.5 - length * 0.14)
    buildings(
        frame,
        stands + length * 0.16,
        bridge,
        length=3.2,
        width=length * 0.42,
        tall=5.0,
        make=things.slab,
        colours=m.FLAT_ROOFS,
        names=("terminal",),
        margin=0.5,
    )
    roof = ((206, 208, 208), (186, 188, 190), (216, 214, 206))
    zero = np.zeros(1)
    buildings(
        frame,
        zero,
        zero,
        length=half * 2,
        width=deep,
        tall=13.0,
        make=things.factory,
        colours=roof,
        others=((120, 136, 150),),
        names=("terminal",),
    )
    buildings(
        frame,
        zero + rng.uniform(-0.1, 0.1) * extent,
        zero + deep * 0.55,
        length=half * rng.uniform(0.7, 1.1),
        width=deep,
        tall=18.0,
        make=things.flat_block,
        colours=((214, 214, 210), (190, 190, 188)),
        names=("terminal",),
    )


def airport(canvas: Canvas) -> Story:
    """Planes parked along a terminal, the apron before it, a taxiway and a runway beyond."""
    rng, frame, extent = canvas.rng, _airfield(canvas), canvas.extent
    length = rng.uniform(0.115, 0.15) * extent
    _apron(frame, -extent * 0.05, extent * 0.32)
    _taxiways(frame, -extent * 0.09, -extent * 0.30)
    surface = (m.ASPHALT if rng.random() < 0.6 else m.CONCRETE).tinted(rng)
    _runway(frame.at(0, -extent * 0.30), extent * 0.12, surface)
    terminal = frame.at(0, extent * 0.315)
    beyond = np.abs(terminal.v - np.float32(extent * 0.23)) - np.float32(extent * 0.2)
    terminal.paint(beyond, m.ASPHALT.tinted(rng), keep_off=1.0)
    most = int(extent * 0.86 // (length * 1.1))
    number = int(rng.integers(2, most + 1))
    pitch = extent * 0.86 / number if number > most - 2 else length * rng.uniform(1.15, 1.5)
    stands = (np.arange(number) - (number - 1) / 2) * pitch + rng.uniform(-0.03, 0.03) * extent
    _terminal(terminal, stands, length)
    nose = -extent * 0.0425 - length * 0.55
    for stand in stands:
        lead = segment(terminal.u, terminal.v, (stand, nose - length * 0.6), (stand, nose + length * 0.5))
        terminal.line(lead, 0.4, m.YELLOW, 0.8)
    sizes = np.full(number, length) * rng.uniform(0.9, 1.02, number)
    _planes(terminal, stands, nose + rng.uniform(-1.5, 1.5, number), turn=np.pi / 2, length=sizes, name="planes")
    if rng.random() < 0.35:
        spot, turn = np.full(1, rng.uniform(-0.25, 0.25) * extent), float(rng.choice([0.0, np.pi]))
        _planes(frame, spot, np.full(1, -extent * 0.09), turn=turn, length=np.full(1, length), name="planes")
    lot = terminal.at(0, extent * 0.17)
    structures.parking_bays(lot, extent * 0.42, 17.0, 0.7, lot=m.ASPHALT.tinted(rng), names=("cars", "lot"))
    carts = rng.uniform(-0.4, 0.4, 24) * extent
    rows = nose + rng.choice([-0.75, 0.32, 0.42], 24) * length
    free = canvas.is_free(*terminal.points(carts, rows), 0.0)
    cars(terminal, carts[~free], rows[~free], rng.choice([0.0, np.pi / 2], int((~free).sum())))
    scatter_trees(canvas, None, 9.0, radius=(2.5, 4.5), share=0.12, clumping=0.9)
    terminal_noun = Noun("terminal", "terminal", 1, ("white", "large"))
    links = (
        Link(terminal_noun, ("parked at", "parked next to", "near", "beside"), ("near", "beside")),
        Link(Noun("runway", "runway", 1, ("straight",)), ("near", "close to"), ("near",)),
    )
    planes = Noun("planes", "planes", canvas.counts["planes"])
    own = (
        f"{planes.say(rng)} are parked in an airport",
        f"{planes.say(rng)} are parked neatly beside the terminal building",
    )
    return Story(planes, links, own)


def runway(canvas: Canvas) -> Story:
    """A runway through grass with one or two planes on it."""
    rng, frame, extent = canvas.rng, _airfield(canvas), canvas.extent
    at = -extent * rng.uniform(0.02, 0.16)
    _taxiways(frame, extent * rng.uniform(0.20, 0.30), at)
    strip = frame.at(0, at)
    _runway(strip, min(42.0, extent * 0.15), (m.ASPHALT if rng.random() < 0.65 else m.CONCRETE).tinted(rng))
    count = int(rng.integers(1, 3))
    word = "planes" if count > 1 else "plane"
    spots = (np.arange(count) - (count - 1) / 2) * extent * 0.42 + rng.uniform(-0.05, 0.05, count) * extent
    sizes = rng.uniform(0.10, 0.14, count) * extent
    turn = float(rng.choice([0.0, np.pi]))
    _planes(strip, spots, rng.normal(0, 0.8, count), turn=turn, length=sizes, name=word)
    wood = np.abs(frame.v) > extent * 0.3
    trees = scatter_trees(canvas, wood, extent / 34, radius=(3, 6), share=0.6, clumping=0.8)
    links = [Link(Noun("runway", "runway", 1, ("straight", "wide", "long")), ("on",), ("under",))]
    if trees > 12:
        links.append(Link(TREES, ("near",), ("near",)))
    verb = "are" if count > 1 else "is"
    own = (f"{Noun(word, 'white ' + word, count).say(rng)} {verb} on the runway with green grass in two sides",)
    return Story(Noun(word, word, count, ("white",)), tuple(links), own)
