"""Many small solids at once (trees, cars, houses, tanks); seen from above, the highest surface wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faami_core.data.scenes.canvas import BoolArray, Canvas, Floats
from faami_core.types import FloatArray

_CHUNK = 1_500_000  # samples worked on at once; 12 arrays of this size are about 70 MB
_HEIGHT_STEPS = 256  # steps a metre in which heights are compared


@dataclass(frozen=True)
class Solids:
    """N solids of one make.

    Attributes:
        x, y: [N] metres from the scene's centre.
        angle: [N] radians, direction of the local u axis.
        half_u, half_v: [N] metres, half the length and half the width.
        tall: [N] metres.
        colour, other: [N, 3] the two colours of each, in [0, 255].
    """

    x: FloatArray
    y: FloatArray
    angle: FloatArray
    half_u: FloatArray
    half_v: FloatArray
    tall: FloatArray
    colour: FloatArray
    other: FloatArray

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def take(self, index: npt.NDArray[np.intp]) -> Solids:
        """Those of the given indices, in that order."""
        return Solids(*(part[index] for part in vars(self).values()))


@dataclass(frozen=True)
class Skin:
    """What a make looks like at samples of its box.

    Attributes:
        inside: Where the solid is.
        height: Metres above its foot.
        bright: Factor on the colour.
        share: Of the second colour, in [0, 1].
    """

    inside: BoolArray
    height: Floats
    bright: Floats
    share: Floats


class Local(NamedTuple):
    """Where a make is asked: places in its own axes, and its measures, which broadcast over them.

    Attributes:
        u, v: [n, k, k] metres from the middle, along and across.
        half_u, half_v, tall: [n, 1, 1] metres.
        noise: [n, k, k] features of a few pixels, mean 0 and deviation 1.
    """

    u: FloatArray
    v: FloatArray
    half_u: FloatArray
    half_v: FloatArray
    tall: FloatArray
    noise: FloatArray


Make = Callable[[Local], Skin]


def stamp(
    canvas: Canvas,
    solids: Solids,
    make: Make,
    *,
    names: Iterable[str] = (),
    keep_off: float | None = None,
    round_shape: bool = False,
) -> None:
    """Draws solids onto the canvas.

    Args:
        canvas: Where to.
        solids: What; those outside the picture are skipped.
        make: What they look like.
        names: Things they belong to.
        keep_off: Metres round each where nothing else may stand, or None to leave the ground free.
        round_shape: Whether they stay within 1.2 times ``half_u``, which needs smaller windows.
    """
    names = tuple(names)
    if not len(solids):
        return
    for name in names:
        canvas.name(name)
    reach = 1.2 * solids.half_u if round_shape else np.hypot(solids.half_u, solids.half_v)
    order = np.argsort(reach, kind="stable")
    start = 0
    while start < order.size:
        # Windows of one chunk are as large as its largest solid, so a chunk ends where sizes have grown by half.
        limit = 1.5 * float(reach[order[start]])
        stop = int(np.searchsorted(reach[order], limit, side="right"))
        window = 2 * int(np.ceil(min(limit, float(reach[order[stop - 1]])) * canvas.scale)) + 3
        stop = min(stop, start + max(1, _CHUNK // window**2))
        _stamp_chunk(canvas, solids.take(order[start:stop]), make, names, window)
        start = stop
    if keep_off is not None:
        for index in range(len(solids)):
            half = float(reach[index]) + keep_off
            frame = canvas.frame(float(solids.x[index]), float(solids.y[index]), float(solids.angle[index]), half)
            near_u = np.abs(frame.u) < solids.half_u[index] + np.float32(keep_off)
            near_v = np.abs(frame.v) < solids.half_v[index] + np.float32(keep_off)
            canvas.free[frame.rows, frame.columns] &= ~(near_u & near_v)


def _stamp_chunk(canvas: Canvas, solids: Solids, make: Make, names: tuple[str, ...], window: int) -> None:
    offsets = np.arange(window, dtype=np.intp) - window // 2
    middle_column = np.floor((solids.x + canvas.extent / 2) * canvas.scale).astype(np.intp)
    middle_row = np.floor((solids.y + canvas.extent / 2) * canvas.scale).astype(np.intp)
    rows, columns = middle_row[:, None] + offsets, middle_column[:, None] + offsets  # [n, k]
    metre = np.float32(1 / canvas.scale)
    dx = (columns + np.float32(0.5)) * metre - np.float32(canvas.extent / 2) - solids.x[:, None]
    dy = (rows + np.float32(0.5)) * metre - np.float32(canvas.extent / 2) - solids.y[:, None]
    dx, dy = dx.astype(np.float32)[:, None, :], dy.astype(np.float32)[:, :, None]
    cos, sin = np.cos(solids.angle)[:, None, None], np.sin(solids.angle)[:, None, None]
    noise = canvas.textures.clump[rows[:, :, None] % canvas.side, columns[:, None, :] % canvas.side]
    sizes = (solids.half_u[:, None, None], solids.half_v[:, None, None], solids.tall[:, None, None])
    skin = make(Local(cos * dx + sin * dy, cos * dy - sin * dx, *sizes, noise))
    in_rows = (rows >= 0) & (rows < canvas.side)
    in_columns = (columns >= 0) & (columns < canvas.side)
    drawn = np.flatnonzero(skin.inside & in_rows[:, :, None] & in_columns[:, None, :])
    if not drawn.size:
        return
    solid, inner = np.divmod(drawn, window * window)
    row, column = rows[solid, inner // window], columns[solid, inner % window]
    _keep_highest(canvas, solids, skin, _Drawn(drawn, solid, row * canvas.side + column), names)


class _Drawn(NamedTuple):
    """Samples inside a solid and inside the picture: index into the skin, which solid, index into the canvas."""

    sample: npt.NDArray[np.intp]
    solid: npt.NDArray[np.intp]
    place: npt.NDArray[np.intp]


def _keep_highest(canvas: Canvas, solids: Solids, skin: Skin, drawn: _Drawn, names: tuple[str, ...]) -> None:
    """Writes, at each place, the highest of the drawn samples if it is above what is there."""
    tall = np.broadcast_to(skin.height, skin.inside.shape).reshape(-1)[drawn.sample].astype(np.float32)
    key = (np.rint(tall * _HEIGHT_STEPS).astype(np.int64) << 32) + np.arange(tall.size)
    best = np.full(canvas.side**2, -1, dtype=np.int64)
    np.maximum.at(best, drawn.place, key)
    seen = np.flatnonzero(best >= 0)
    winner = (best[seen] & 0xFFFFFFFF).astype(np.intp)
    above = tall[winner] >= canvas.height.reshape(-1)[seen]
    seen, winner = seen[above], winner[above]
    bright = np.broadcast_to(skin.bright, skin.inside.shape).reshape(-1)[drawn.sample[winner]]
    share = np.broadcast_to(skin.share, skin.inside.shape).reshape(-1)[drawn.sample[winner]]
    first, other = solids.colour[drawn.solid[winner]], solids.other[drawn.solid[winner]]
    colours = (first + share[:, None] * (other - first)) * bright[:, None]
    canvas.height.reshape(-1)[seen] = tall[winner]
    canvas.albedo.reshape(3, -1)[:, seen] = colours.T
    covered = np.zeros(canvas.side**2, dtype=np.bool_)
    covered[seen] = True
    everything = slice(0, canvas.side)
    canvas.cover(everything, everything, covered.reshape(canvas.side, canvas.side), names)
