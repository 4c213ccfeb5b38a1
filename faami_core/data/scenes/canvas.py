"""The ground plan of one scene: surface colour, height and who is where, in metres on a supersampled grid.

Everything is drawn in a frame: metres along a rotated pair of axes about some point. Distances are signed
(negative inside), so edges are antialiased at any scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from faami_core.data.scenes.materials import Material
from faami_core.data.scenes.noise import fractal_noise, smooth_noise
from faami_core.types import FloatArray

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]  # of any precision, for places and sizes

SUPERSAMPLE = 2  # two by two samples a pixel; edges are antialiased analytically on top


@dataclass(frozen=True)
class Textures:
    """Noise fields of one scene, mean 0 and deviation 1, stored twice over in both directions (they tile).

    Attributes:
        patchy: Features of about a fifth of the scene.
        mottle: Features of about a twentieth, with finer octaves.
        clump: Features of a few pixels.
        grain: From pixel to pixel.
    """

    patchy: FloatArray
    mottle: FloatArray
    clump: FloatArray
    grain: FloatArray

    @staticmethod
    def draw(rng: np.random.Generator, side: int) -> Textures:
        """Draws the fields of a scene of ``side`` samples."""
        grain = rng.standard_normal((side, side), dtype=np.float32)
        grain = (grain + np.roll(grain, 1, axis=0)) * np.float32(0.7)
        fields = (
            fractal_noise(rng, side, 4, 2),
            fractal_noise(rng, side, 14, 3, 0.65),
            smooth_noise(rng, side, max(side // 5, 4)),
            grain,
        )
        doubled = []
        for part in fields:
            twice = np.empty((2 * side, 2 * side), dtype=np.float32)
            twice[:side, :side] = twice[side:, :side] = part
            twice[:, side:] = twice[:, :side]
            doubled.append(twice)
        return Textures(*doubled)


class Canvas:
    """A scene while it is being drawn.

    Args:
        rng: Source of all chance of this scene's layout.
        size: Pixels of the finished picture, a side.
        extent: Metres of the scene, a side.

    Attributes:
        side: Samples a side.
        scale: Samples a metre.
        albedo: [3, side, side] float32 colours in [0, 255] as flat ground in the sun shows them.
        height: [side, side] float32 metres above the ground.
        free: [side, side] bool, where nothing stands that trees, cars or houses must keep off.
        shown: Name of a thing → [side, side] bool, where it can be seen.
        counts: Name of a countable thing → how many were drawn.
        fine_rng: Source of chance for what depends on the number of samples, so that the layout does not.
    """

    def __init__(self, rng: np.random.Generator, size: int, extent: float) -> None:
        self.rng = rng
        self.size = size
        self.extent = extent
        self.side = size * SUPERSAMPLE
        self.scale = self.side / extent
        self.albedo: FloatArray = np.zeros((3, self.side, self.side), dtype=np.float32)
        self.height: FloatArray = np.zeros((self.side, self.side), dtype=np.float32)
        self.free: BoolArray = np.ones((self.side, self.side), dtype=np.bool_)
        self.shown: dict[str, BoolArray] = {}
        self.counts: dict[str, int] = {}
        self._wholes: set[str] = set()
        self.fine_rng = np.random.default_rng(int(rng.integers(2**62)))
        self.textures = Textures.draw(self.fine_rng, self.side)
        centre = (np.arange(self.side, dtype=np.float32) + np.float32(0.5)) / np.float32(self.scale)
        self._metres: FloatArray = centre - np.float32(extent / 2)

    @property
    def pixel(self) -> float:
        """Metres a pixel of the finished picture."""
        return self.extent / self.size

    def name(self, name: str, *, whole: bool = False) -> BoolArray:
        """The map of a named thing; what is drawn on a ``whole`` later (cars on a lot) stays part of it."""
        if whole:
            self._wholes.add(name)
        return self.shown.setdefault(name, np.zeros((self.side, self.side), dtype=np.bool_))

    def count(self, name: str, number: int) -> None:
        """Notes that ``number`` more of a thing were drawn."""
        self.counts[name] = self.counts.get(name, 0) + number

    def cover(self, rows: slice, columns: slice, covered: BoolArray, names: Iterable[str]) -> None:
        """Gives the samples of a window to the named things and takes them from all others but wholes."""
        mine = set(names)
        for name in mine:
            self.name(name)
        for name, shown in self.shown.items():
            if name in mine:
                shown[rows, columns] |= covered
            elif name not in self._wholes:
                shown[rows, columns] &= ~covered

    def frame(self, x: float = 0.0, y: float = 0.0, angle: float = 0.0, reach: float | None = None) -> Frame:
        """Axes about (x, y) in metres from the scene's centre, turned by ``angle``; the window spans ± ``reach``."""
        if reach is None:
            window = slice(0, self.side), slice(0, self.side)
        else:
            window = self._window(y, reach), self._window(x, reach)
        dx = self._metres[window[1]][None, :] - np.float32(x)
        dy = self._metres[window[0]][:, None] - np.float32(y)
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return Frame(self, window[0], window[1], cos * dx + sin * dy, cos * dy - sin * dx, x, y, angle)

    def _window(self, centre: float, reach: float) -> slice:
        middle = (centre + self.extent / 2) * self.scale
        first = int(np.clip(np.floor(middle - reach * self.scale), 0, self.side))
        last = int(np.clip(np.ceil(middle + reach * self.scale) + 1, first, self.side))
        return slice(first, last)

    def samples(self, x: Floats, y: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], BoolArray]:
        """Rows and columns of points in metres, clipped to the grid, and which of them lie inside."""
        columns = np.floor((x + self.extent / 2) * self.scale).astype(np.intp)
        rows = np.floor((y + self.extent / 2) * self.scale).astype(np.intp)
        inside = (columns >= 0) & (columns < self.side) & (rows >= 0) & (rows < self.side)
        return np.clip(rows, 0, self.side - 1), np.clip(columns, 0, self.side - 1), inside

    def is_free(self, x: Floats, y: Floats, radius: Floats | float, free_map: BoolArray | None = None) -> BoolArray:
        """Which discs (metres) stand on free ground, looking at the centre and eight points of the rim.

        ``free_map`` [side, side] takes the place of the canvas's own.
        """
        ground = self.free if free_map is None else free_map
        free = np.ones(np.shape(x), dtype=np.bool_)
        for turn in range(9):
            reach = 0.0 if turn == 8 else 1.0
            rows, columns, _ = self.samples(
                x + reach * radius * np.cos(turn * np.pi / 4), y + reach * radius * np.sin(turn * np.pi / 4)
            )
            free &= ground[rows, columns]
        return free

    def lay(
        self, material: Material, rows: slice, columns: slice, coverage: FloatArray, shade: FloatArray | None = None
    ) -> None:
        """Mixes a material into the colours of a window, [h, w] of it by ``coverage``, brightness times ``shade``."""
        textures = self.textures
        fields = (textures.patchy, textures.mottle, textures.clump, textures.grain)
        # The fields are stored twice over, so a window at any offset below ``side`` lies within them.
        down, right = (int(self.fine_rng.integers(0, self.side)) for _ in range(2))
        if np.count_nonzero(coverage) > 0.4 * coverage.size:
            window = _shift(rows, down), _shift(columns, right)
            colours = material.colours(*(part[window] for part in fields))
            if shade is not None:
                colours *= shade
            target = self.albedo[:, rows, columns]
            target += coverage * (colours - target)
            return
        # Lines and rims touch few samples of their window; only these are worked on.
        row, column = np.nonzero(coverage)
        place = (row + (rows.start + down)) * (2 * self.side) + (column + (columns.start + right))
        colours = material.colours(*(part.reshape(-1)[place] for part in fields))
        if shade is not None:
            colours *= shade[row, column]
        flat = self.albedo.reshape(3, -1)
        place = (row + rows.start) * self.side + (column + columns.start)
        before = flat[:, place]
        flat[:, place] = before + coverage[row, column] * (colours - before)


@dataclass(frozen=True)
class Frame:
    """A window of the canvas with its own axes.

    Attributes:
        canvas: Where it draws.
        rows, columns: The window.
        u, v: [h, w] metres along the axes.
        x, y: The origin in metres from the scene's centre.
        angle: Turn of the axes in radians.
    """

    canvas: Canvas
    rows: slice
    columns: slice
    u: FloatArray = field(repr=False)
    v: FloatArray = field(repr=False)
    x: float
    y: float
    angle: float

    def point(self, u: float, v: float) -> tuple[float, float]:
        """Metres from the scene's centre of a point given along the axes."""
        cos, sin = float(np.cos(self.angle)), float(np.sin(self.angle))
        return self.x + cos * u - sin * v, self.y + sin * u + cos * v

    def points(self, u: Floats, v: Floats) -> tuple[FloatArray, FloatArray]:
        """Like ``point`` for arrays."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        x, y = self.x + cos * u - sin * v, self.y + sin * u + cos * v
        return x.astype(np.float32), y.astype(np.float32)

    def at(self, u: float, v: float, turn: float = 0.0, reach: float | None = None) -> Frame:
        """A new frame about a point of this one, turned further."""
        x, y = self.point(u, v)
        return self.canvas.frame(x, y, self.angle + turn, reach)

    def paint(
        self,
        distance: FloatArray,
        material: Material,
        *,
        names: Iterable[str] = (),
        height: FloatArray | float | None = None,
        shade: FloatArray | None = None,
        keep_off: float | None = None,
        opacity: float = 1.0,
        feather: float = 0.0,
    ) -> None:
        """Lays a material where ``distance`` is negative.

        Args:
            distance: [h, w] signed metres.
            material: What is laid.
            names: Things it belongs to; it hides all others.
            height: Metres above ground of what is laid, or None to keep the ground.
            shade: [h, w] factor on the colours, e.g. mowing stripes.
            keep_off: Metres beyond the edge where nothing else may stand; None leaves the ground free.
            opacity: Share that is laid where it is laid.
            feather: Metres over which the edge fades; 0 is as sharp as the grid allows.
        """
        canvas = self.canvas
        width = max(feather * canvas.scale, 1.0)
        # Coverage reaches zero half a fade beyond the edge.
        inner = _bounds(distance < 0.5 * width / canvas.scale)
        if inner is not None:
            outer = _shift(inner[0], self.rows.start), _shift(inner[1], self.columns.start)
            part = distance[inner]
            coverage = np.clip(0.5 - part * np.float32(canvas.scale / width), 0, 1) * np.float32(opacity)
            canvas.lay(material, *outer, coverage, None if shade is None else shade[inner])
            solid = part < 0
            if height is not None:
                tall = np.broadcast_to(np.asarray(height, dtype=np.float32), distance.shape)[inner]
                canvas.height[outer] = np.where(solid, tall, canvas.height[outer])
            if opacity >= 0.5:
                canvas.cover(*outer, solid, names)
        if keep_off is not None:
            canvas.free[self.rows, self.columns] &= distance > keep_off

    def line(self, distance: FloatArray, width: float, material: Material, opacity: float = 0.85) -> None:
        """Draws a thin mark along ``distance`` = 0; lines below a sample fade instead of growing."""
        sample = 1 / self.canvas.scale
        drawn = max(width, sample)
        self.mark(np.abs(distance) - np.float32(drawn / 2), material, opacity * min(1.0, width / drawn))

    def mark(self, distance: FloatArray, material: Material, opacity: float = 0.85) -> None:
        """Lays colour without hiding what it lies on: the mark belongs to the thing below."""
        canvas = self.canvas
        coverage = np.clip(0.5 - distance * np.float32(canvas.scale), 0, 1) * np.float32(opacity)
        inner = _bounds(coverage > 0)
        if inner is None:
            return
        outer = _shift(inner[0], self.rows.start), _shift(inner[1], self.columns.start)
        canvas.lay(material, *outer, coverage[inner])


def _bounds(touched: BoolArray) -> tuple[slice, slice] | None:
    """The smallest window that holds every true sample, or None if there is none."""
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _shift(window: slice, by: int) -> slice:
    return slice(window.start + by, window.stop + by)


# --- signed distances in metres ------------------------------------------------------------------------------


def box(u: FloatArray, v: FloatArray, half_u: float, half_v: float, radius: float = 0.0) -> FloatArray:
    """A rectangle about the origin with rounded corners."""
    over_u, over_v = np.abs(u) - np.float32(half_u - radius), np.abs(v) - np.float32(half_v - radius)
    outside = np.hypot(np.maximum(over_u, 0), np.maximum(over_v, 0))
    return np.asarray(outside + np.minimum(np.maximum(over_u, over_v), 0) - np.float32(radius), dtype=np.float32)


def disc(u: FloatArray, v: FloatArray, radius: float) -> FloatArray:
    """A disc about the origin."""
    return np.asarray(np.hypot(u, v) - np.float32(radius), dtype=np.float32)


def ellipse(u: FloatArray, v: FloatArray, half_u: float, half_v: float, power: float = 2.0) -> FloatArray:
    """A super-ellipse about the origin; first-order distance, exact on the edge."""
    p = (np.abs(u) / np.float32(half_u)) ** np.float32(power) + (np.abs(v) / np.float32(half_v)) ** np.float32(power)
    level = np.maximum(p, 1e-6) ** np.float32(1 / power)
    return np.asarray((level - 1) * np.float32(min(half_u, half_v)), dtype=np.float32)


def stadium_shape(u: FloatArray, v: FloatArray, half_straight: float, radius: float) -> FloatArray:
    """Two half circles joined by straights along u, as a running track is."""
    along = np.maximum(np.abs(u) - np.float32(half_straight), 0)
    return np.asarray(np.hypot(along, v) - np.float32(radius), dtype=np.float32)


def segment(u: FloatArray, v: FloatArray, start: tuple[float, float], end: tuple[float, float]) -> FloatArray:
    """Distance to a segment (never negative; subtract half a width)."""
    du, dv = end[0] - start[0], end[1] - start[1]
    along = ((u - np.float32(start[0])) * du + (v - np.float32(start[1])) * dv) / max(du * du + dv * dv, 1e-9)
    along = np.clip(along, 0, 1)
    distance = np.hypot(u - np.float32(start[0]) - along * du, v - np.float32(start[1]) - along * dv)
    return np.asarray(distance, dtype=np.float32)
