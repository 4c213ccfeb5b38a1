"""From a kind and a seed to a scene: picture, captions, masks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from faami_core.data.scenes import (
    layouts_air,
    layouts_homes,
    layouts_land,
    layouts_port,
    layouts_roads,
    layouts_sport,
    layouts_town,
)
from faami_core.data.scenes.canvas import SUPERSAMPLE, BoolArray, Canvas
from faami_core.data.scenes.captions import Story, write_captions
from faami_core.data.scenes.light import Camera, Sun, expose
from faami_core.types import ByteArray

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Kind:
    """One kind of scene.

    Attributes:
        layout: Draws it and tells what it drew.
        extent: Least and most metres of the scene, a side.
        mean: Mean colour of real pictures of this class, [0, 255].
        spread: Deviation of that mean from picture to picture.
    """

    layout: Callable[[Canvas], Story]
    extent: tuple[float, float]
    mean: Colour
    spread: Colour


# Means and spreads are measured on 120 real aerial photographs a class.
_KINDS: dict[str, Kind] = {
    "airport": Kind(layouts_air.airport, (250, 360), (124, 124, 116), (24, 25, 26)),
    "runway": Kind(layouts_air.runway, (230, 350), (124, 124, 116), (24, 25, 26)),
    "storage_tanks": Kind(layouts_town.storage_tanks, (190, 330), (116, 114, 103), (19, 18, 18)),
    "port": Kind(layouts_port.port, (130, 410), (87, 102, 104), (19, 21, 24)),
    "tennis_courts": Kind(layouts_sport.tennis_courts, (100, 128), (97, 101, 88), (20, 19, 18)),
    "baseball_field": Kind(layouts_sport.baseball_field, (170, 230), (105, 103, 79), (22, 17, 19)),
    "playground": Kind(layouts_sport.playground, (215, 260), (95, 100, 87), (24, 21, 21)),
    "stadium": Kind(layouts_sport.stadium, (360, 430), (120, 124, 115), (25, 26, 27)),
    "dense_residential": Kind(layouts_homes.dense_residential, (190, 290), (86, 89, 80), (15, 15, 16)),
    "medium_residential": Kind(layouts_homes.medium_residential, (170, 250), (87, 93, 81), (20, 20, 20)),
    "sparse_residential": Kind(layouts_homes.sparse_residential, (110, 170), (64, 72, 57), (14, 12, 11)),
    "industrial": Kind(layouts_town.industrial, (280, 460), (131, 131, 131), (19, 18, 21)),
    "parking": Kind(layouts_roads.parking, (75, 130), (105, 104, 100), (27, 27, 27)),
    "intersection": Kind(layouts_roads.intersection, (130, 200), (99, 101, 104), (14, 13, 14)),
    "viaduct": Kind(layouts_roads.viaduct, (230, 340), (103, 105, 98), (23, 21, 22)),
    "bridge": Kind(layouts_roads.bridge, (170, 330), (85, 91, 86), (20, 19, 20)),
    "river": Kind(layouts_land.river, (350, 800), (84, 93, 76), (19, 16, 18)),
    "lake": Kind(layouts_land.lake, (350, 700), (79, 90, 75), (23, 23, 25)),
    "pond": Kind(layouts_land.pond, (150, 260), (79, 90, 75), (23, 23, 25)),
    "beach": Kind(layouts_land.beach, (220, 420), (128, 139, 129), (33, 31, 32)),
    "forest": Kind(layouts_land.forest, (150, 350), (44, 63, 49), (15, 14, 14)),
    "farmland": Kind(layouts_land.farmland, (350, 800), (105, 112, 96), (30, 26, 28)),
    "meadow": Kind(layouts_land.meadow, (130, 230), (76, 89, 64), (22, 21, 17)),
    "desert": Kind(layouts_land.desert, (300, 900), (204, 175, 136), (22, 17, 20)),
    "mountain": Kind(layouts_land.mountain, (2000, 5000), (94, 101, 82), (32, 25, 28)),
    "railway": Kind(layouts_roads.railway, (150, 260), (116, 117, 116), (19, 20, 23)),
    "swimming_pool": Kind(layouts_sport.swimming_pool, (80, 130), (109, 111, 100), (26, 24, 26)),
    "solar_farm": Kind(layouts_town.solar_farm, (170, 290), (110, 112, 104), (22, 20, 20)),
}

KINDS: tuple[str, ...] = tuple(_KINDS)


@dataclass(frozen=True)
class Scene:
    """A made aerial scene.

    Attributes:
        name: Kind and seed, fit for a file name.
        kind: One of ``KINDS``.
        pixels: [S, S, 3] uint8 RGB.
        captions: Five different sentences, lower case, in RSICD's wording.
        masks: Named thing, as the captions call it → [S, S] bool, where it can be seen.
        counts: Countable thing → how many were drawn.
    """

    name: str
    kind: str
    pixels: ByteArray
    captions: tuple[str, ...]
    masks: Mapping[str, BoolArray]
    counts: Mapping[str, int] = field(default_factory=dict)


def _generator(kind: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(kind.encode()), seed])


def sun_of(kind: str, seed: int) -> Sun:
    """The sun of a scene: the first thing its chance decides."""
    return Sun.draw(_generator(kind, seed))


def render_scene(kind: str, seed: int, *, size: int = 256) -> Scene:
    """Draws a scene; the same arguments give the same bytes.

    Args:
        kind: One of ``KINDS``.
        seed: Which scene of the kind, from 0.
        size: Pixels a side, at least 32; the same layout in more or fewer pixels.

    Raises:
        ValueError: if the kind is unknown, the seed negative or the size below 32.
    """
    if kind not in _KINDS:
        raise ValueError(f"no kind of scene is called {kind!r}; there are {', '.join(KINDS)}")
    if seed < 0 or size < 32:
        raise ValueError(f"seed {seed} must not be negative and size {size} not below 32")
    spec, rng = _KINDS[kind], _generator(kind, seed)
    sun = Sun.draw(rng)
    camera = Camera.draw(rng, spec.mean, spec.spread)
    canvas = Canvas(rng, size, float(rng.uniform(*spec.extent)))
    story = spec.layout(canvas)
    light = expose(canvas.albedo, canvas.height, sun, canvas.scale)
    pixels = camera.develop(light, rng, SUPERSAMPLE)
    masks = {noun.word: _shrink(canvas.shown[noun.word], size) for noun in story.nouns}
    captions = write_captions(story, rng)
    return Scene(f"{kind}_{seed:04d}", kind, pixels, captions, masks, dict(canvas.counts))


def render_collection(count: int, seed: int = 0, *, size: int = 256) -> Iterator[Scene]:
    """Yields ``count`` scenes, the kinds in turn; scene i is the same however many are asked for."""
    for index in range(count):
        yield render_scene(*scene_key(index, seed), size=size)


def scene_key(index: int, seed: int) -> tuple[str, int]:
    """Kind and seed of the i-th scene of a collection."""
    return KINDS[index % len(KINDS)], seed * 100_000 + index // len(KINDS)


def _shrink(shown: BoolArray, size: int) -> BoolArray:
    """Samples to pixels: a pixel belongs to a thing that fills half of it."""
    share = shown.reshape(size, SUPERSAMPLE, size, SUPERSAMPLE).sum(axis=(1, 3))
    return np.asarray(share * 2 >= SUPERSAMPLE**2, dtype=np.bool_)
