"""Layouts of open land and water: river, lake, pond, beach, forest, farmland, meadow, desert, mountain."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes import ground, things
from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import Canvas, Frame, box
from faami_core.data.scenes.captions import AROUND, SIDES, SURROUNDED, Link, Noun, Story
from faami_core.data.scenes.materials import HOUSE_ROOFS, RED_ROOFS, Material
from faami_core.data.scenes.noise import fractal_noise, smooth_noise
from faami_core.data.scenes.placing import buildings, scatter_trees, tree_row
from faami_core.types import FloatArray

TREES = Noun("trees", "green trees", 12, ("dense", "lush", "tall"))

WATERS: tuple[tuple[str, Material], ...] = (
    ("green", m.GREEN_WATER),
    ("dark green", m.DEEP_GREEN_WATER),
    ("brown", m.BROWN_WATER),
    ("blue", m.BLUE_WATER),
)


def _any_frame(canvas: Canvas) -> Frame:
    return canvas.frame(0, 0, canvas.rng.uniform(0, 2 * np.pi))


def _grassy(canvas: Canvas) -> None:
    """Grass with worn and bare spots."""
    ground.cover(canvas, (m.GRASS, m.MEADOW, m.DRY_GRASS)[canvas.rng.integers(3)].tinted(canvas.rng))
    ground.blotches(canvas, m.SOIL.tinted(canvas.rng), 0.12, opacity=0.5)
    ground.blotches(canvas, m.LUSH_GRASS.tinted(canvas.rng), 0.25, field="mottle", opacity=0.45)


def river(canvas: Canvas) -> Story:
    """A curved river through fields, woods or bare land."""
    rng, frame = canvas.rng, _any_frame(canvas)
    look, colour = WATERS[rng.integers(3)]
    setting = rng.choice(["farmlands", "trees", "bareland"])
    _grassy(canvas)
    width = canvas.extent * rng.uniform(0.12, 0.22)
    distance = ground.river_distance(frame, width, bend=rng.uniform(0.06, 0.18))
    links: list[Link] = []
    if setting == "farmlands":
        ground.fields(frame, canvas.extent * rng.uniform(0.07, 0.12), names=("farmlands",))
        links.append(Link(Noun("farmlands", "farmlands", 12, ("green", "pieces of")), ("between", "near"), SIDES))
    elif setting == "bareland":
        ground.cover(canvas, m.BARE.tinted(rng), names=("bareland",))
        ground.blotches(canvas, m.DRY_GRASS.tinted(rng), 0.4, field="mottle")
        links.append(Link(Noun("bareland", "bareland", 0, ("yellow", "brown")), ("near", "through"), SIDES))
    ground.water(
        frame, distance, colour.tinted(rng), "river", bank=(m.SAND if rng.random() < 0.4 else m.SOIL).tinted(rng)
    )
    near_bank = (distance > 2) & (distance < canvas.extent * rng.uniform(0.05, 0.2))
    where = (distance > 2) if setting == "trees" else near_bank
    share = 0.75 if setting == "trees" else rng.uniform(0.35, 0.65)
    scatter_trees(canvas, where, canvas.extent / 50, radius=(canvas.extent / 110, canvas.extent / 62), share=share)
    links.append(Link(TREES, ("near", "beside", "next to"), SIDES))
    subject = Noun("river", rng.choice(["river", "curved river", "winding river"]), 1, (look, "wide"))
    return Story(subject, tuple(links), (f"a {look} river goes through this area", "the river is curved and wide"))


def lake(canvas: Canvas) -> Story:
    """A large lake with woods on its shore and a road by the side."""
    rng, frame = canvas.rng, _any_frame(canvas)
    look, colour = WATERS[rng.choice([0, 1, 3])]
    _grassy(canvas)
    half = canvas.extent * rng.uniform(0.27, 0.34)
    shore = frame.at(canvas.extent * rng.uniform(-0.08, 0.08), -canvas.extent * 0.06)
    distance = ground.blob_distance(shore, half * rng.uniform(1.0, 1.35), half * 0.85, ragged=0.13)
    road = frame.at(0, canvas.extent * 0.36)
    ground.road(road, 8.0, across=road.v + np.float32(9) * np.sin(road.u / np.float32(canvas.extent / 7)))
    ground.water(shore, distance, colour.tinted(rng), "lake", bank=m.DRY_GRASS.tinted(rng))
    tree = canvas.extent / 75
    scatter_trees(canvas, distance > tree, tree * 1.6, radius=(tree * 0.6, tree * 1.15), share=rng.uniform(0.5, 0.8))
    subject = Noun("lake", "lake", 1, (look, "large", "big"))
    links = (Link(TREES, SURROUNDED, AROUND), Link(Noun("road", "road"), ("near", "beside", "next to")))
    return Story(subject, links, (f"a vast {look} lake is in this area", f"the water of the lake is {look}"))


def pond(canvas: Canvas) -> Story:
    """A pond, round or cut square, in a meadow with trees and some houses."""
    rng, frame = canvas.rng, _any_frame(canvas)
    look, colour = WATERS[rng.integers(3)]
    _grassy(canvas)
    size = canvas.extent * rng.uniform(0.17, 0.25)
    place = frame.at(-canvas.extent * 0.05, canvas.extent * rng.uniform(-0.04, 0.10))
    if rng.random() < 0.45:
        shape, distance = "rectangular", box(place.u, place.v, size * 1.2, size * 0.8, size * 0.12)
        place.paint(distance - np.float32(4.5), m.SOIL.tinted(rng), opacity=0.9, feather=2.0)
        place.paint(
            np.abs(distance - np.float32(8)) - np.float32(1.6), m.GRAVEL.tinted(rng), opacity=0.8, keep_off=1.0
        )
    else:
        shape, distance = "irregular", ground.blob_distance(place, size * 1.1, size * 0.85, ragged=0.16)
    ground.water(place, distance, colour.tinted(rng), "pond")
    links = [Link(TREES, SURROUNDED, AROUND)]
    if rng.random() < 0.6:
        count = int(rng.integers(3, 8))
        u = (np.arange(count) - (count - 1) / 2) * canvas.extent * 0.11
        row = frame.at(0, -canvas.extent * 0.36)
        drawn = buildings(
            row,
            u,
            rng.normal(0, 2, count),
            length=rng.uniform(13, 19, count),
            width=rng.uniform(9, 12, count),
            tall=4.0,
            make=things.hip_house,
            colours=HOUSE_ROOFS + RED_ROOFS,
            turn=rng.normal(0, 0.1, count),
        )
        ground.road(frame.at(0, -canvas.extent * 0.28), 6.0, names=(), marked=False)
        canvas.count("buildings", drawn)
        links.append(Link(Noun("buildings", "buildings", drawn), ("near", "close to")))
    scatter_trees(canvas, distance > 3, 8.0, radius=(2.4, 5.2), share=rng.uniform(0.3, 0.55), clumping=0.8)
    subject = Noun("pond", "pond", 1, (look, shape))
    return Story(
        subject, tuple(links), (f"the pond is {shape} and {look}", f"there is {look} water in the {shape} pond")
    )


def beach(canvas: Canvas) -> Story:
    """Sand between the sea with lines of surf and a fringe of green."""
    rng, frame = canvas.rng, _any_frame(canvas)
    extent, texture = canvas.extent, canvas.textures
    patchy, mottle = texture.patchy[: canvas.side, : canvas.side], texture.mottle[: canvas.side, : canvas.side]
    bend = frame.v + np.float32(extent * 0.06) * np.sin(
        frame.u * np.float32(2.2 * np.pi / extent) + rng.uniform(0, 6)
    )
    bend += np.float32(extent * 0.012) * patchy
    sand_width = extent * rng.uniform(0.13, 0.24)
    ground.cover(canvas, m.SEA.tinted(rng, 0.12), names=("ocean",))
    frame.paint(
        bend - np.float32(extent * 0.22), m.SHALLOWS.tinted(rng), names=("ocean",), opacity=0.4, feather=extent * 0.2
    )
    frame.paint(
        bend - np.float32(extent * 0.07),
        m.SHALLOWS.tinted(rng),
        names=("ocean",),
        opacity=0.65,
        feather=extent * 0.06,
    )
    ripple = fractal_noise(canvas.fine_rng, canvas.side, 24, 3, 0.7)
    for line in range(int(rng.integers(2, 5))):
        clump = np.abs(texture.clump[: canvas.side, : canvas.side])
        away = bend - np.float32(extent * (0.016 + 0.05 * line)) + np.float32(extent * 0.006) * (mottle + ripple)
        thickness = (
            extent * rng.uniform(0.006, 0.013) * (0.9 + 0.8 * np.clip(patchy * (1 if line % 2 else -1), -0.9, 1))
        )
        frame.paint(
            np.abs(away) + np.float32(extent * 0.006) * clump - thickness,
            m.FOAM,
            opacity=0.85,
            names=("waves",),
            feather=extent * 0.006,
        )
    sand = m.SAND.tinted(rng, 0.06)
    surf = bend + np.float32(extent * 0.004) * mottle
    frame.paint(surf, m.WET_SAND.tinted(rng), names=("beach",))
    frame.paint(surf + np.float32(extent * 0.03), sand, names=("beach",), feather=extent * 0.02)
    green = bend + np.float32(sand_width) + np.float32(extent * 0.014) * mottle
    frame.paint(green, m.SCRUB.tinted(rng), feather=extent * 0.015)
    canvas.name("trees")
    scatter_trees(canvas, green < -extent * 0.012, extent / 62, radius=(extent / 150, extent / 70), share=0.72)
    colour = "yellow" if sum(sand.colour) < 560 else "white"
    links = (
        Link(
            Noun("ocean", "ocean", 0 if rng.random() < 0.3 else 1, ("green", "blue")), ("beside", "near", "next to")
        ),
        Link(Noun("waves", "waves", 12, ("white",)), ("near", "beside"), ("near", "beside")),
        Link(TREES, ("near", "next to")),
    )
    return Story(Noun("beach", "beach", 1, (colour,)), links, (f"{colour} beach is between green trees and ocean",))


def forest(canvas: Canvas) -> Story:
    """Closed woods, now and then with a clearing or a track."""
    rng, frame = canvas.rng, _any_frame(canvas)
    ground.cover(canvas, m.FOREST_FLOOR.tinted(rng))
    conifers = rng.random() < 0.4
    radius = canvas.extent / rng.uniform(45, 75)
    links: list[Link] = []
    if rng.random() < 0.55:
        across = frame.v - np.float32(canvas.extent * 0.07) * np.sin(
            frame.u * np.float32(6 / canvas.extent) + rng.uniform(0, 6)
        )
        across -= np.float32(canvas.extent * rng.uniform(-0.2, 0.2))
        ground.road(frame, 6.0, across=across, material=m.GRAVEL.tinted(rng), verge=m.SCRUB.tinted(rng), marked=False)
        links.append(
            Link(Noun("road", "road", 1, ("narrow", "winding")), ("beside", "near", "around"), ("through", "in"))
        )
    canvas.name("forest", whole=True)
    scatter_trees(
        canvas,
        None,
        radius * 1.25,
        radius=(radius * 0.6, radius * 1.1),
        share=rng.uniform(0.93, 0.98),
        clumping=0.9,
        conifers=conifers,
        names=("trees", "forest"),
    )
    canvas.shown["forest"] |= canvas.free
    subject = Noun("forest", "forest", 1, ("dense", "green", "dark green"))
    links.append(Link(Noun("trees", "trees", 12, ("green", "dark green", "tall")), ("with", "full of"), ("in",)))
    own = (
        "many green trees are in a piece of forest",
        "this is a dense forest with lush trees",
        "the forest is vast and full of trees",
    )
    return Story(subject, tuple(links), own)


def farmland(canvas: Canvas) -> Story:
    """A patchwork of fields with tracks, hedges and perhaps a farm."""
    rng, frame = canvas.rng, _any_frame(canvas)
    ground.cover(canvas, m.SCRUB.tinted(rng))
    smallest = canvas.extent * rng.uniform(0.08, 0.17)
    canvas.name("farmland", whole=True)
    ground.fields(frame, smallest, names=("farmland",))
    road = frame.at(0, canvas.extent * rng.uniform(-0.3, 0.3), rng.choice([0.0, np.pi / 2]))
    ground.road(
        road, rng.uniform(4, 7), material=(m.GRAVEL if rng.random() < 0.5 else m.ASPHALT).tinted(rng), marked=False
    )
    links = [
        Link(
            Noun("road", "road", 1, ("straight", "narrow")), ("near", "beside", "in two sides of"), ("in", "through")
        )
    ]
    if rng.random() < 0.6:
        spots = np.arange(-canvas.extent * 0.6, canvas.extent * 0.6, 9.0)
        spots = spots[rng.random(spots.size) < 0.75]
        tree_row(road, spots, np.full(spots.size, 7.5), 4.0)
        scatter_trees(canvas, None, canvas.extent / 22, radius=(3, 6), share=0.06, clumping=0.95)
        links.append(Link(Noun("trees", "green trees", 12), ("near", "beside", "next to")))
    own = (
        "many pieces of farmland are together",
        "this farmland is divided into many rectangular pieces",
        "here is a large piece of farmland with different colours",
    )
    return Story(Noun("farmland", "farmland", 0, ("green", "rectangular")), tuple(links), own)


def meadow(canvas: Canvas) -> Story:
    """A piece of grass, mown or grazed, with a path or trees at its rim."""
    rng, frame = canvas.rng, _any_frame(canvas)
    grass = (m.MEADOW, m.LUSH_GRASS, m.GRASS)[rng.integers(3)].tinted(rng)
    whole = frame.canvas.frame(0, 0, frame.angle)
    canvas.name("meadow")
    mown = ground.stripes(whole, rng.uniform(4, 9), rng.uniform(0.0, 0.05), wobble=0.4)
    whole.paint(np.full_like(whole.u, -9.0), grass, names=("meadow",), shade=mown)
    ground.blotches(canvas, m.DRY_GRASS.tinted(rng), rng.uniform(0.05, 0.2), opacity=0.45)
    ground.blotches(canvas, m.MEADOW.darker(0.88), 0.3, field="mottle", opacity=0.35)
    edge = frame.at(0, canvas.extent * rng.uniform(0.26, 0.36))
    if rng.random() < 0.5:
        across = edge.v - np.float32(canvas.extent * 0.03) * np.sin(edge.u / np.float32(canvas.extent * 0.12))
        ground.road(edge, rng.uniform(3.5, 6), across=across, material=m.GRAVEL.tinted(rng), marked=False)
        links = [Link(Noun("road", "road", 1, ("narrow",)), ("near", "beside", "next to"))]
        scatter_trees(canvas, edge.v > 8, canvas.extent / 26, radius=(3, 6), share=0.3)
        scatter_trees(canvas, None, canvas.extent / 14, radius=(2.5, 4.5), share=0.03)
        links.append(Link(Noun("trees", "green trees", 7, ("lush",)), ("near", "beside"), ("near", "beside")))
    else:
        scatter_trees(canvas, edge.v > 0, canvas.extent / 34, radius=(3, 6), share=0.85, clumping=0.3)
        links = [Link(Noun("trees", "green trees", 12, ("dense",)), ("near", "beside", "next to"))]
    own = ("this is a piece of green meadow", "the meadow is flat and green", "a large green meadow is in this area")
    return Story(
        Noun("meadow", "piece of green meadow" if rng.random() < 0.5 else "green meadow", 1, ("large",)),
        tuple(links),
        own,
    )


def desert(canvas: Canvas) -> Story:
    """Dunes: long crests with slip faces, and ripples."""
    rng, frame = canvas.rng, _any_frame(canvas)
    extent, side = canvas.extent, canvas.side
    sand = Material((200, 172, 132), (216, 188, 148), 0.6, 0.02, 0.015, 0.02)
    sand = (
        sand,
        Material((222, 180, 126), (234, 196, 142), 0.6, 0.02, 0.015, 0.02),
        Material((188, 160, 134), (204, 178, 152), 0.6, 0.02, 0.015, 0.02),
    )[rng.integers(3)]
    ground.cover(canvas, sand.tinted(rng, 0.04), names=("desert",))
    oblique = frame.at(0, 0, rng.uniform(0.7, 1.2))
    warp = canvas.textures.patchy[:side, :side] * np.float32(extent * 0.035)
    warp += canvas.textures.mottle[:side, :side] * np.float32(extent * 0.010)
    bends = canvas.textures.patchy[:side, :side] * np.float32(extent * 0.02)
    height = np.zeros(canvas.height.shape)
    systems = (
        (frame.v, extent / rng.uniform(4, 7), 1.0),
        (oblique.v, extent / rng.uniform(7, 12), 0.45),
        (frame.v, extent / rng.uniform(16, 24), 0.3),
    )
    for axis, period, share in systems:
        phase = np.mod((axis + warp) / np.float32(period) + rng.uniform(0, 1), 1.0)
        # A long windward side and a steep lee side, as wind builds them.
        dune = np.where(
            phase < 0.74, 0.5 - 0.5 * np.cos(np.pi * phase / 0.74), 0.5 + 0.5 * np.cos(np.pi * (phase - 0.74) / 0.26)
        )
        uneven = 0.6 + 0.4 * np.clip(
            canvas.textures.patchy[side:, side:] + 0.5 * canvas.textures.mottle[side:, side:], -1, 1.4
        )
        height += np.float32(share * period * rng.uniform(0.11, 0.17)) * dune * uneven
        warp = warp * np.float32(0.6) + canvas.textures.mottle[side:, :side] * np.float32(period * 0.22)
    ripples = np.sin((frame.v + warp * 0.12 + bends) * np.float32(2 * np.pi / (extent / 80)))
    canvas.height = np.asarray(
        height
        + ripples * np.float32(extent * 0.0006) * np.clip(0.7 + 0.5 * canvas.textures.patchy[:side, side:], 0, 1.5),
        dtype=np.float32,
    )
    own = (
        "this is a vast yellow desert",
        "many ripples are on the surface of the desert",
        "it is a piece of yellow desert",
        "there are many dunes in the desert",
        "the desert is full of ripples like waves",
        "a large desert with rolling dunes",
        "the area of the desert is very wide and short of water",
    )
    return Story(Noun("desert", "desert"), (), own)


def _ridges(rng: np.random.Generator, side: int) -> FloatArray:
    """A range of mountains, 0 to 1: crests that branch, finer where the ground is high."""
    total = np.zeros((side, side), dtype=np.float32)
    weight: FloatArray | float = 1.0
    strength = 1.0
    for cells in (4, 9, 19, 40, 83):
        crest = 1 - np.abs(smooth_noise(rng, side, cells)) * np.float32(0.62)
        total += np.float32(strength) * crest * weight
        weight = np.clip(0.2 + 0.9 * crest, 0.25, 1.1)
        strength *= 0.56
    total -= total.min()
    return np.asarray(total / total.max(), dtype=np.float32)


# Slopes and heights of mountains: what covers them, and how much the heights stand out.
_MOUNTAINS: dict[str, tuple[Material, Material, float]] = {
    "green": (
        Material((58, 78, 52), (72, 88, 60), 0.5, 0.05, 0.04, 0.05),
        Material((92, 98, 70), (108, 110, 84), 0.5, 0.05, 0.04, 0.05),
        0.55,
    ),
    "khaki": (Material((112, 104, 84), (128, 118, 96), 0.5, 0.05, 0.04, 0.05), m.ROCK, 0.6),
    "dark green": (Material((60, 72, 58), (88, 88, 76), 0.6, 0.05, 0.05, 0.05), m.SNOW, 0.97),
}


def mountain(canvas: Canvas) -> Story:
    """Ridges and valleys, green, bare or with snow on the heights."""
    rng = canvas.rng
    side, extent = canvas.side, canvas.extent
    height = _ridges(canvas.fine_rng, side)
    look = ("green", "khaki", "dark green")[rng.integers(3)]
    snowy = look == "dark green"
    slopes, heights, opacity = _MOUNTAINS[look]
    ground.cover(canvas, slopes.tinted(rng), names=("mountains",))
    limit = np.quantile(height[::8, ::8], rng.uniform(0.45, 0.7))
    # Snow and rock reach lower where the ground is rough.
    rough = canvas.textures.mottle[:side, :side] + canvas.textures.clump[:side, :side]
    below = (limit - height) * np.float32(extent * 0.5) + rough * np.float32(extent * 0.012)
    names = ("mountains", "snow") if snowy else ("mountains",)
    fade = extent * (0.02 if snowy else 0.09)
    canvas.frame().paint(below, heights.tinted(rng, 0.04), names=names, feather=fade, opacity=opacity)
    canvas.height = height * np.float32(extent * rng.uniform(0.24, 0.32))
    subject = Noun("mountains", "mountains", 12, (look,))
    if snowy:
        links = (Link(Noun("snow", "snow", 0, ("white",)), ("covered with", "partly covered with"), ("on",)),)
        return Story(subject, links, ("some of the mountains are covered with white snow",))
    own = (
        f"this is a piece of {look} mountains",
        "the mountains are steep with deep valleys",
        "many mountains are next to each other",
        "the mountains have many ridges and valleys",
        "here is a range of mountains",
        "it is a large piece of rolling mountains",
    )
    return Story(subject, (), own)
