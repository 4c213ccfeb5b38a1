"""Surfaces and their colours, measured on real aerial photographs (means of clusters per scene class)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from faami_core.types import FloatArray

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """A surface: two colours and how they vary.

    Attributes:
        colour: Colour in full sun, [0, 255] a channel.
        other: Second colour it drifts towards.
        drift: How much the large-scale mixture moves between the two, 0 to 1.
        mottle, clump, grain: Deviations of brightness at three scales, as shares.
    """

    colour: Colour
    other: Colour
    drift: float = 0.5
    mottle: float = 0.05
    clump: float = 0.03
    grain: float = 0.03

    def colours(self, patchy: FloatArray, mottle: FloatArray, clump: FloatArray, grain: FloatArray) -> FloatArray:
        """Lays the surface over four noise fields [...] of mean 0 and deviation 1. Returns [3, ...] float32."""
        bright = 1 + np.float32(self.mottle) * mottle
        bright += np.float32(self.clump) * clump
        bright += np.float32(self.grain) * grain
        colours = np.empty((3, *bright.shape), dtype=np.float32)
        if self.colour == self.other:
            for channel, first in enumerate(self.colour):
                np.multiply(bright, np.float32(first), out=colours[channel])
            return colours
        share = np.float32(0.6 * self.drift) * patchy
        share += np.float32(0.4 * self.drift) * mottle + np.float32(0.5)
        np.clip(share, 0, 1, out=share)
        for channel, (first, other) in enumerate(zip(self.colour, self.other, strict=True)):
            np.multiply(share, np.float32(other - first), out=colours[channel])
            colours[channel] += np.float32(first)
        colours *= bright
        return colours

    def tinted(self, rng: np.random.Generator, amount: float = 0.08) -> Material:
        """The same surface elsewhere: brighter or darker, and a little warmer or colder."""
        # Warmer or colder, never greener or pinker: that is how soils, light and films differ.
        gain = 1 + rng.normal(0, amount) + rng.normal(0, amount / 3) * np.asarray((1.0, 0.15, -1.0))
        gain = np.clip(gain, 0.6, 1.5)
        return replace(self, colour=_scaled(self.colour, gain), other=_scaled(self.other, gain))

    def darker(self, factor: float) -> Material:
        """The same surface times ``factor``."""
        gain = np.full(3, factor)
        return replace(self, colour=_scaled(self.colour, gain), other=_scaled(self.other, gain))


def plain(colour: Colour, grain: float = 0.02) -> Material:
    """A surface of one colour: paint, plastic, sheet metal."""
    return Material(colour, colour, 0.0, 0.01, 0.01, grain)


def _scaled(colour: Colour, gain: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Colour:
    red, green, blue = (float(np.clip(c * g, 0, 255)) for c, g in zip(colour, gain, strict=True))
    return red, green, blue


GRASS = Material((84, 97, 62), (108, 112, 80), 0.5, 0.05, 0.05, 0.05)
LUSH_GRASS = Material((62, 92, 52), (82, 106, 62), 0.4, 0.04, 0.04, 0.04)
DRY_GRASS = Material((122, 118, 92), (142, 132, 106), 0.6, 0.07, 0.05, 0.05)
PITCH = Material((66, 104, 60), (80, 112, 68), 0.4, 0.02, 0.02, 0.03)
TURF = Material((46, 92, 62), (52, 98, 68), 0.3, 0.015, 0.01, 0.02)
MEADOW = Material((64, 82, 54), (88, 100, 68), 0.45, 0.04, 0.05, 0.05)
FOREST_FLOOR = Material((40, 50, 34), (58, 62, 44), 0.5, 0.10, 0.10, 0.08)
SCRUB = Material((96, 98, 74), (124, 116, 92), 0.7, 0.10, 0.09, 0.07)
SOIL = Material((138, 118, 98), (160, 140, 120), 0.6, 0.06, 0.04, 0.04)
BARE = Material((152, 136, 120), (178, 160, 142), 0.6, 0.07, 0.04, 0.04)
GRAVEL = Material((140, 134, 122), (158, 150, 138), 0.5, 0.05, 0.04, 0.07)
SAND = Material((206, 188, 154), (222, 204, 172), 0.5, 0.03, 0.02, 0.03)
WET_SAND = Material((150, 134, 108), (164, 148, 122), 0.5, 0.03, 0.02, 0.03)
CLAY = Material((172, 136, 110), (184, 150, 126), 0.5, 0.04, 0.02, 0.04)
ASPHALT = Material((104, 104, 102), (120, 119, 115), 0.5, 0.04, 0.02, 0.04)
DARK_ASPHALT = Material((76, 77, 78), (90, 90, 89), 0.5, 0.04, 0.02, 0.04)
CONCRETE = Material((164, 161, 152), (180, 177, 168), 0.5, 0.04, 0.02, 0.03)
APRON = Material((146, 145, 140), (164, 162, 155), 0.6, 0.04, 0.02, 0.03)
TRACK_RED = Material((150, 92, 80), (160, 104, 90), 0.4, 0.02, 0.01, 0.03)
COURT_BLUE = Material((76, 104, 140), (82, 110, 146), 0.3, 0.015, 0.01, 0.02)
COURT_GREEN = Material((74, 112, 86), (80, 118, 92), 0.3, 0.015, 0.01, 0.02)
WHITE = plain((238, 238, 234))
YELLOW = plain((214, 186, 92))
RUST = plain((126, 92, 74), 0.06)
STEEL = plain((150, 150, 150), 0.04)

DEEP_GREEN_WATER = Material((48, 66, 56), (56, 74, 62), 0.3, 0.008, 0.012, 0.035)
GREEN_WATER = Material((74, 92, 78), (84, 102, 84), 0.3, 0.008, 0.012, 0.025)
DARK_WATER = Material((34, 44, 46), (42, 52, 52), 0.3, 0.012, 0.02, 0.04)
BROWN_WATER = Material((126, 116, 92), (140, 128, 104), 0.35, 0.008, 0.01, 0.02)
BLUE_WATER = Material((56, 80, 92), (66, 92, 102), 0.3, 0.008, 0.012, 0.025)
SEA = Material((46, 84, 94), (58, 98, 104), 0.4, 0.012, 0.03, 0.035)
SHALLOWS = Material((104, 158, 150), (126, 176, 164), 0.6, 0.04, 0.03, 0.02)
POOL = Material((92, 176, 200), (112, 192, 212), 0.5, 0.02, 0.03, 0.02)
FOAM = Material((226, 232, 228), (242, 244, 240), 0.5, 0.05, 0.06, 0.06)

ROCK = Material((128, 118, 100), (150, 140, 122), 0.6, 0.06, 0.05, 0.05)
SNOW = Material((232, 236, 238), (244, 246, 246), 0.5, 0.02, 0.02, 0.02)

# Roof colours by what stands below them.
HOUSE_ROOFS: tuple[Colour, ...] = (
    (118, 112, 106), (104, 94, 86), (134, 122, 110), (146, 118, 98), (92, 90, 90), (158, 148, 136), (84, 76, 72),
)  # fmt: skip
RED_ROOFS: tuple[Colour, ...] = ((150, 100, 84), (158, 114, 96), (136, 92, 80), (156, 120, 102), (146, 106, 92))
FLAT_ROOFS: tuple[Colour, ...] = ((176, 174, 168), (150, 147, 142), (196, 194, 188), (128, 126, 122), (166, 158, 146))
FACTORY_ROOFS: tuple[Colour, ...] = (
    (206, 208, 208), (122, 150, 188), (176, 176, 174), (146, 142, 138), (190, 186, 178), (222, 222, 220),
    (128, 126, 124), (154, 112, 98), (164, 158, 148), (104, 104, 104),
)  # fmt: skip
CAR_PAINTS: tuple[Colour, ...] = (
    (232, 232, 230), (196, 198, 200), (60, 62, 66), (38, 40, 44), (132, 134, 138), (150, 44, 42), (50, 74, 122),
    (240, 240, 238), (88, 90, 92), (168, 160, 144),
)  # fmt: skip
TREE_GREENS: tuple[Colour, ...] = (
    (62, 84, 48), (72, 94, 56), (54, 76, 44), (82, 100, 60), (66, 80, 50), (92, 106, 66),
)  # fmt: skip
CONIFER_GREENS: tuple[Colour, ...] = ((44, 66, 46), (50, 72, 50), (38, 58, 42), (56, 76, 52))
