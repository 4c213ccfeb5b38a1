"""One sun, one camera: from surface colour and height to the pixels of a photograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faami_core.types import ByteArray, FloatArray

# Light that reaches a shadow, as a share of full sunlight: the sky is blue, so shadows are.
_SKY_LIGHT = (0.42, 0.46, 0.53)


@dataclass(frozen=True)
class Sun:
    """Where the light comes from.

    Attributes:
        azimuth: Radians in the image, from +x (right) towards +y (down), pointing to the sun.
        elevation: Radians above the horizon.
    """

    azimuth: float
    elevation: float

    @staticmethod
    def draw(rng: np.random.Generator) -> Sun:
        """A late-morning sun; mostly from the lower half of the image, as in north-up pictures of the north."""
        azimuth = np.pi / 2 + rng.normal(0.0, 0.7) + (np.pi if rng.random() < 0.2 else 0.0)
        return Sun(float(azimuth), float(np.radians(rng.uniform(36, 60))))

    @property
    def towards(self) -> tuple[float, float]:
        """Unit vector (x, y) in the image that points to the sun; shadows fall the other way."""
        return float(np.cos(self.azimuth)), float(np.sin(self.azimuth))


def sunlit(height: FloatArray, sun: Sun, pixels_per_metre: float) -> FloatArray:
    """Share of direct sunlight that reaches each pixel past everything that stands in its way.

    The highest line of sight towards the sun is built by doubling: what shadows a pixel within 2n steps shadows it
    within n steps, or shadows the pixel n steps on. Cost grows with the logarithm of the shadow's length.

    Args:
        height: [H, W] metres.
        sun: The light.
        pixels_per_metre: Scale of the grid.

    Returns:
        [H, W] float32 in [0, 1]; 0 in full shadow.
    """
    drop = np.float32(np.tan(sun.elevation) / pixels_per_metre)
    reach = float(height.max() - height.min()) / float(drop)
    horizon = height.copy()
    step = 1
    while step < 2 * reach and step < max(height.shape):
        dx, dy = (round(step * part) for part in sun.towards)
        shifted = _look_towards(horizon, dx, dy) - drop * np.float32(step)
        np.maximum(horizon, shifted, out=horizon)
        step *= 2
    blocked = np.clip((horizon - height) / (1.5 * drop), 0, 1)
    return np.asarray(1 - _blur3(blocked), dtype=np.float32)


def slope_light(height: FloatArray, sun: Sun, pixels_per_metre: float) -> FloatArray:
    """Lambert's law relative to flat ground: above 1 on slopes that face the sun. Returns [H, W] float32.

    The slope takes the flatter of the two one-sided differences, so that the foot of a wall is not a slope.
    """
    east = _limited_slope(height, 1) * np.float32(pixels_per_metre)
    south = _limited_slope(height, 0) * np.float32(pixels_per_metre)
    x, y = sun.towards
    across = np.float32(np.cos(sun.elevation))
    facing = np.float32(np.sin(sun.elevation)) - across * (east * np.float32(x) + south * np.float32(y))
    facing /= np.sqrt(1 + east**2 + south**2) * np.float32(np.sin(sun.elevation))
    return np.asarray(np.clip(facing, 0.1, 1.7), dtype=np.float32)


def expose(
    albedo: FloatArray, height: FloatArray, sun: Sun, pixels_per_metre: float, *, relief: float = 0.75
) -> FloatArray:
    """Lights a scene. Returns [3, H, W] float32, the colours of ``albedo`` where flat ground lies in the sun.

    ``relief`` is how much of the slope shading is kept; the rest is light from all round.
    """
    direct = sunlit(height, sun, pixels_per_metre)
    slope = slope_light(height, sun, pixels_per_metre)
    direct *= (1 - relief) + relief * slope
    light = np.empty_like(albedo)
    for channel, sky in enumerate(_SKY_LIGHT):
        np.multiply(direct, np.float32(1 - sky), out=light[channel])
        light[channel] += np.float32(sky)
    light *= albedo
    return light


@dataclass(frozen=True)
class Camera:
    """What stands between the scene and the file.

    Attributes:
        target: Mean colour the exposure aims at, three numbers in [0, 255].
        strength: How far the exposure goes towards the target, in [0, 1].
        haze: Share of airlight, in [0, 1].
        softness: Weight of the neighbours in the lens blur, in [0, 1/3].
        noise: Deviation of the sensor noise, in grey levels.
    """

    target: tuple[float, float, float]
    strength: float
    haze: float
    softness: float
    noise: float

    @staticmethod
    def draw(
        rng: np.random.Generator, mean: tuple[float, float, float], spread: tuple[float, float, float]
    ) -> Camera:
        """A camera for a picture of a class with that mean colour and that spread from picture to picture."""
        brightness, casts = rng.normal(0, 0.75), rng.normal(0, 0.22, 3)
        target = [m + s * (brightness + cast) for m, s, cast in zip(mean, spread, casts, strict=True)]
        return Camera(
            target=(max(target[0], 18.0), max(target[1], 18.0), max(target[2], 18.0)),
            strength=float(rng.uniform(0.45, 0.7)),
            haze=float(rng.uniform(0.0, 0.09)),
            softness=float(rng.uniform(0.06, 0.2)),
            noise=float(rng.uniform(1.2, 3.2)),
        )

    def develop(self, light: FloatArray, rng: np.random.Generator, supersample: int) -> ByteArray:
        """Turns [3, H·n, W·n] colours in [0, 255] into an [H, W, 3] photograph; n is ``supersample``."""
        side = light.shape[1] // supersample
        image = np.zeros((3, side, side), dtype=np.float32)
        for row in range(supersample):
            for column in range(supersample):
                image += light[:, row::supersample, column::supersample]
        image *= np.float32(1 / supersample**2)
        image *= self._gain(image)[:, None, None]
        airlight = np.asarray((178, 186, 198), dtype=np.float32)
        image *= np.float32(1 - self.haze)
        image += airlight[:, None, None] * np.float32(self.haze)
        for channel in range(3):
            image[channel] = _blur3(image[channel], self.softness)
        image = _shoulder(image)
        grey = rng.standard_normal((side, side), dtype=np.float32)
        colour = rng.standard_normal((3, side, side), dtype=np.float32)
        image += np.float32(self.noise) * (np.float32(0.85) * grey + np.float32(0.45) * colour)
        developed: ByteArray = np.ascontiguousarray(
            np.clip(np.rint(image), 0, 255).astype(np.uint8).transpose(1, 2, 0)
        )
        return developed

    def _gain(self, image: FloatArray) -> FloatArray:
        """Factor a channel: exposure, and some warmth; balancing green too would turn streets among lawns pink."""
        ratio = np.asarray(self.target) / np.maximum(image.mean(axis=(1, 2)), 1.0)
        exposure = float(np.exp(np.log(ratio).mean())) ** self.strength
        warmth = float(ratio[0] / ratio[2]) ** (0.25 * self.strength)
        return np.asarray(np.clip((exposure * warmth, exposure, exposure / warmth), 0.45, 1.9), dtype=np.float32)


def _shoulder(image: FloatArray) -> FloatArray:
    """Keeps [0, 204] as it is and rolls brighter values off, as film and sensors' tone curves do."""
    over = np.maximum(image - np.float32(204), 0)
    return np.asarray(image - over + over / (1 + over * np.float32(2.2 / 255)), dtype=np.float32)


def _look_towards(field: FloatArray, dx: int, dy: int) -> FloatArray:
    """field[y + dy, x + dx], with the rim held beyond the border."""
    rows = np.clip(np.arange(field.shape[0]) + dy, 0, field.shape[0] - 1)
    columns = np.clip(np.arange(field.shape[1]) + dx, 0, field.shape[1] - 1)
    return np.asarray(field[rows][:, columns], dtype=np.float32)


def _limited_slope(height: FloatArray, axis: int) -> FloatArray:
    """The smaller in size of the forward and backward difference, or 0 where their signs differ."""
    step = np.diff(height, axis=axis)
    pad_front = [(1, 0) if i == axis else (0, 0) for i in range(2)]
    pad_back = [(0, 1) if i == axis else (0, 0) for i in range(2)]
    backward, forward = np.pad(step, pad_front, mode="edge"), np.pad(step, pad_back, mode="edge")
    smaller = np.where(np.abs(backward) < np.abs(forward), backward, forward)
    return np.asarray(np.where(backward * forward > 0, smaller, 0), dtype=np.float32)


def _blur3(field: FloatArray, neighbour: float = 0.25) -> FloatArray:
    """Three-tap blur along rows and columns; ``neighbour`` is the weight of each of the two neighbours."""
    for axis in (0, 1):
        centre = np.float32(1 - 2 * neighbour) * field
        low = np.take(field, np.maximum(np.arange(field.shape[axis]) - 1, 0), axis=axis)
        high = np.take(field, np.minimum(np.arange(field.shape[axis]) + 1, field.shape[axis] - 1), axis=axis)
        field = centre + np.float32(neighbour) * (low + high)
    return field
