"""What lies flat: meadows, fields, water, roads, rails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from faami_core.data.scenes import materials as m
from faami_core.data.scenes.canvas import BoolArray, Canvas, Frame, box
from faami_core.data.scenes.materials import Material
from faami_core.types import FloatArray


def cover(canvas: Canvas, material: Material, names: Sequence[str] = ()) -> None:
    """Lays a material over the whole scene."""
    frame = canvas.frame()
    frame.paint(np.full_like(canvas.height, -canvas.extent), material, names=names)


def blotches(
    canvas: Canvas,
    material: Material,
    share: float,
    *,
    field: str = "patchy",
    softness: float = 0.6,
    opacity: float = 0.8,
) -> None:
    """Lays a material in irregular spots that fill about ``share`` of the scene, e.g. bare soil in grass."""
    side = canvas.side
    down, right = (int(canvas.fine_rng.integers(0, side)) for _ in range(2))
    noise = getattr(canvas.textures, field)[down : down + side, right : right + side]
    noise = noise + 0.25 * canvas.textures.clump[:side, :side]
    limit = np.quantile(noise[::8, ::8], 1 - share)
    coverage = np.clip((noise - limit) / softness + 0.5, 0, 1) * np.float32(opacity)
    everything = slice(0, side)
    canvas.lay(material, everything, everything, coverage.astype(np.float32))


def stripes(frame: Frame, period: float, strength: float, *, angle: float = 0.0, wobble: float = 0.0) -> FloatArray:
    """Brightness factor of parallel stripes (mowing, drilling rows) ``period`` metres apart; faded where too fine."""
    if period < 1.6 * frame.canvas.pixel:
        strength *= max(0.0, period / (1.6 * frame.canvas.pixel)) ** 3
    across = np.float32(np.cos(angle)) * frame.v - np.float32(np.sin(angle)) * frame.u
    if wobble:
        across = across + np.float32(wobble) * frame.canvas.textures.mottle[frame.rows, frame.columns]
    wave = np.sin(across * np.float32(2 * np.pi / period))
    return np.asarray(1 + np.float32(strength) * np.clip(1.6 * wave, -1, 1), dtype=np.float32)


def river_distance(
    frame: Frame, width: float, *, bend: float = 0.12, offset: float = 0.0, ragged: float = 0.02
) -> FloatArray:
    """Signed metres to the banks of a river that runs along u and bends by ``bend`` of the scene's extent."""
    rng, extent = frame.canvas.rng, frame.canvas.extent
    phases, lengths = (
        rng.uniform(0, 2 * np.pi, 2),
        extent * np.asarray((rng.uniform(0.9, 1.5), rng.uniform(0.45, 0.7))),
    )
    sizes = extent * bend * np.asarray((1.0, 0.22))
    middle, slope = np.zeros_like(frame.u), np.zeros_like(frame.u)
    for phase, length, size in zip(phases, lengths, sizes, strict=True):
        wave = np.float32(2 * np.pi / length)
        middle += np.float32(size) * (np.sin(frame.u * wave + np.float32(phase)) - np.float32(np.sin(phase)))
        slope += np.float32(size) * wave * np.cos(frame.u * wave + np.float32(phase))
    away = np.abs(frame.v - middle - np.float32(offset)) / np.sqrt(1 + slope**2)
    canvas = frame.canvas
    bank = canvas.textures.mottle[frame.rows, frame.columns] * np.float32(ragged * width)
    bank += canvas.textures.patchy[frame.rows, frame.columns] * np.float32(2 * ragged * width)
    return np.asarray(away - np.float32(width / 2) + bank, dtype=np.float32)


def blob_distance(
    frame: Frame, half_u: float, half_v: float, *, ragged: float = 0.15, power: float = 2.4
) -> FloatArray:
    """Signed metres to the shore of an irregular lake about the frame's origin."""
    canvas, rng = frame.canvas, frame.canvas.rng
    bearing = np.arctan2(frame.v / np.float32(half_v), frame.u / np.float32(half_u))
    wobble = np.ones_like(bearing)
    for harmonic in (2, 3, 4, 5, 7):
        size, phase = rng.normal(0, ragged / harmonic**0.5), rng.uniform(0, 2 * np.pi)
        wobble += np.float32(size) * np.sin(np.float32(harmonic) * bearing + np.float32(phase))
    away = (np.abs(frame.u / half_u) ** power + np.abs(frame.v / half_v) ** power) ** (1 / power)
    wobble += np.float32(0.12 * ragged) * canvas.textures.mottle[frame.rows, frame.columns]
    return np.asarray((away - np.maximum(wobble, 0.3)) * np.float32(min(half_u, half_v)), dtype=np.float32)


def water(frame: Frame, distance: FloatArray, material: Material, name: str, *, bank: Material | None = None) -> None:
    """Lays water with a bank, a darker rim of reeds and shade, and depth towards the middle."""
    metre = frame.canvas.pixel
    shore = bank if bank is not None else m.SOIL
    ragged = distance + frame.canvas.textures.mottle[frame.rows, frame.columns] * np.float32(1.2 * metre)
    frame.paint(ragged - np.float32(3.0 * metre), shore, opacity=0.55, feather=3 * metre)
    frame.paint(ragged - np.float32(1.0 * metre), m.FOREST_FLOOR, opacity=0.45, feather=1.5 * metre)
    depth = np.clip(-distance / np.float32(12 * metre), 0, 1)
    frame.paint(distance, material, names=(name,), shade=1.07 - 0.10 * depth, height=0.0, keep_off=1.0)


def road(
    frame: Frame,
    width: float,
    *,
    material: Material | None = None,
    across: FloatArray | None = None,
    names: Sequence[str] = ("road",),
    height: float | None = None,
    lanes: int = 2,
    length: float | None = None,
    verge: Material | None = None,
    marked: bool = True,
) -> None:
    """Lays a road along u.

    Args:
        frame: Its axes.
        width: Metres.
        material: Asphalt unless given.
        across: [h, w] signed metres from its middle, for bends; v unless given.
        names: Things it belongs to.
        height: Metres above ground of an elevated deck.
        lanes: How many; marks lie between them.
        length: Metres along u, endless unless given.
        verge: What lies 1.5 m to both sides.
        marked: Whether lines are painted.
    """
    v = frame.v if across is None else across
    distance = np.abs(v) - np.float32(width / 2)
    if length is not None:
        distance = np.maximum(distance, np.abs(frame.u) - np.float32(length / 2))
    if verge is not None:
        frame.paint(distance - np.float32(1.5), verge, opacity=0.7, feather=1.0)
    surface = material if material is not None else m.ASPHALT
    worn = 1 + 0.05 * np.cos(v * np.float32(2 * np.pi * lanes / width))
    frame.paint(distance, surface, names=names, height=height, shade=worn, keep_off=1.0)
    if not marked or width < 5:
        return
    inner = np.maximum(distance, 0) * 1000
    for side in (-1, 1):
        frame.line(np.abs(v - np.float32(side * (width / 2 - 0.5))) + inner, 0.25, m.WHITE, 0.6)
    for lane in range(1, lanes):
        offset = np.float32(width * (lane / lanes - 0.5))
        middle = lanes % 2 == 0 and lane == lanes // 2
        gaps = inner if middle else inner + 1000 * (np.mod(frame.u, 9.0) > 4.0)
        frame.line(np.abs(v - offset) + gaps, 0.25, m.YELLOW if middle and lanes > 2 else m.WHITE, 0.6)


def rails(
    frame: Frame, offsets: Sequence[float], *, names: Sequence[str] = ("railway",), across: FloatArray | None = None
) -> None:
    """Lays railway tracks along u: a bed of ballast, sleepers, two rails each."""
    v = frame.v if across is None else across
    low, high = min(offsets) - 3.2, max(offsets) + 3.2
    bed = np.abs(v - np.float32((low + high) / 2)) - np.float32((high - low) / 2)
    ballast = replace(m.GRAVEL.tinted(frame.canvas.rng), mottle=0.09).darker(1.02)
    frame.paint(bed, ballast, names=names, keep_off=1.5)
    for offset in offsets:
        away = np.abs(v - np.float32(offset))
        sleepers = away - np.float32(1.3) + 1000 * (np.mod(frame.u, 0.7) > 0.3)
        frame.mark(away - np.float32(1.45), m.RUST.darker(0.72), 0.7)
        if frame.canvas.pixel < 0.5:
            frame.mark(sleepers, m.CONCRETE, 0.5)
        frame.line(np.abs(away - np.float32(0.72)), 0.3, m.STEEL.darker(1.25), 1.0)


CROPS: tuple[Material, ...] = (
    Material((62, 84, 56), (80, 98, 66), 0.5, 0.05, 0.03, 0.03),
    Material((84, 100, 74), (104, 112, 86), 0.5, 0.05, 0.03, 0.03),
    Material((123, 126, 104), (142, 140, 118), 0.5, 0.05, 0.03, 0.03),
    Material((152, 146, 124), (172, 164, 140), 0.5, 0.05, 0.02, 0.03),
    Material((126, 106, 86), (146, 124, 102), 0.5, 0.06, 0.03, 0.03),
    Material((98, 92, 74), (116, 106, 88), 0.5, 0.06, 0.03, 0.03),
    Material((48, 68, 44), (60, 78, 52), 0.5, 0.05, 0.04, 0.04),
    Material((104, 118, 72), (120, 130, 86), 0.5, 0.05, 0.03, 0.03),
)


def plots(
    rng: np.random.Generator, half_u: float, half_v: float, smallest: float
) -> list[tuple[float, float, float, float]]:
    """Cuts a rectangle into plots (u, v, half_u, half_v) no side of which is much shorter than ``smallest``."""
    done, todo = [], [(0.0, 0.0, half_u, half_v)]
    while todo:
        u, v, du, dv = todo.pop()
        longer = max(du, dv)
        if longer < 1.2 * smallest or (longer < 2.2 * smallest and rng.random() < 0.25):
            done.append((u, v, du, dv))
            continue
        cut = rng.uniform(0.36, 0.64)
        if du >= dv:
            todo += [(u - du * (1 - cut), v, du * cut, dv), (u + du * cut, v, du * (1 - cut), dv)]
        else:
            todo += [(u, v - dv * (1 - cut), du, dv * cut), (u, v + dv * cut, du, dv * (1 - cut))]
    return done


def fields(
    frame: Frame,
    smallest: float,
    *,
    names: Sequence[str] = ("farmland",),
    crops: Sequence[Material] = CROPS,
    within: FloatArray | None = None,
) -> int:
    """Lays a patchwork of fields with drilling rows and tracks between them. Returns how many plots there are.

    ``within`` [h, w] signed metres limits where they lie.
    """
    canvas, rng = frame.canvas, frame.canvas.rng
    half = canvas.extent * 0.75
    cut = plots(rng, half, half, smallest)
    palette = [crops[i] for i in rng.permutation(len(crops))[: max(3, len(crops) // 2)]]
    for u, v, du, dv in cut:
        plot = frame.at(u, v, rng.normal(0, 0.012), 1.05 * float(np.hypot(du, dv)))
        if not plot.u.size:
            continue
        gap = rng.uniform(0.6, 2.2)
        distance = box(plot.u, plot.v, du - gap, dv - gap)
        if within is not None:
            distance = np.maximum(distance, within[plot.rows, plot.columns])
        crop = palette[rng.integers(len(palette))].tinted(rng, 0.07)
        along = 0.0 if (du > dv) != (rng.random() < 0.2) else np.pi / 2
        rows = stripes(plot, rng.uniform(2.5, 7.0), rng.uniform(0.02, 0.09), angle=along, wobble=0.15)
        rows *= stripes(plot, rng.uniform(14, 24), rng.uniform(0.0, 0.04), angle=along, wobble=0.3)
        plot.paint(distance, crop, names=names, shade=rows)
    return len(cut)


def shown(canvas: Canvas, distance: FloatArray) -> BoolArray:
    """Where a distance over the whole canvas is negative."""
    return np.asarray(distance < 0)
