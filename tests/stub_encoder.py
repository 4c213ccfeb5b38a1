"""A deterministic encoder without torch that knows colours: fast enough that whole searches run in a unit test.

It follows the score formula exactly. Every region is described by how near its mean colour is to eight named
colours, so "red" finds red places and its evidence lies on them. Words that name no colour are random but fixed
directions, flagged as unknown.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from faami_core.data.picture_part import PicturePart, part_of
from faami_core.errors import QueryError
from faami_core.queries import PixelBox
from faami_core.types import ByteArray, FloatArray, GridSpec, ImageFeatures, ModelInfo, QueryFeatures, QueryWord

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
WIDTH = 16
SIDE = 32
GRIDS = (GridSpec("fine", 4, 4), GridSpec("coarse", 2, 2))
SHARPNESS = 6.0  # λ of the cross-attention


class StubEncoder:
    """Implements ``types.FeatureEncoder`` in NumPy.

    Args:
        fingerprint: Lets a test play two models.
        seconds_per_batch: Slows encoding down, so that a test can cancel in the middle.
        grids: Scales of the region features.
        global_share: β.
        device: Where it says it runs.
    """

    def __init__(
        self,
        *,
        fingerprint: str = "5" * 64,
        seconds_per_batch: float = 0.0,
        grids: tuple[GridSpec, ...] = GRIDS,
        global_share: float = 0.4,
        device: str = "cpu",
    ) -> None:
        self.images_encoded = 0
        self.seconds_per_batch = seconds_per_batch
        self._share = global_share
        self._info = ModelInfo(
            name="stub",
            fingerprint=fingerprint,
            device=device,
            image_size=SIDE,
            grids=grids,
            width=WIDTH,
            parameters=0,
            folder=Path("stub"),
        )

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def global_share(self) -> float:
        return self._share

    def encode_images(self, images: ByteArray) -> ImageFeatures:
        assert images.dtype == np.uint8
        assert images.shape[1:] == (SIDE, SIDE, 3), images.shape
        time.sleep(self.seconds_per_batch)
        self.images_encoded += len(images)
        features = [self._describe(image) for image in images]
        regions = np.stack([regions for regions, _ in features])
        lengths = np.linalg.norm(regions.astype(np.float32), axis=2)
        scale = (1 / np.maximum(lengths, 1)).astype(np.float32)
        global_features = np.stack([unit for _, unit in features]).astype(np.float16)
        return ImageFeatures(global_features, regions, scale, scale.copy())

    def move_to_cpu(self) -> None:
        self._info = replace(self._info, device="cpu")

    def encode_text(self, text: str) -> QueryFeatures:
        words = re.findall(r"\w+", text.lower())
        if not words:
            raise QueryError("The query has no word in it.", "Type what the image should show.")
        vectors = np.stack([word_vector(word) for word in words])
        weights = np.full(len(words), 1 / len(words), dtype=np.float32)
        return QueryFeatures(
            global_features=_unit(vectors.sum(axis=0)),
            keys=vectors,
            values=vectors,
            weights=weights,
            words=tuple(
                QueryWord(word, float(weight), word in COLOURS) for word, weight in zip(words, weights, strict=True)
            ),
            word_of_token=np.arange(len(words)),
        )

    def encode_image_query(self, image: ByteArray, name: str) -> QueryFeatures:
        regions, unit = self._describe(image)
        vectors = np.stack([_unit(row) for row in regions.astype(np.float32)])
        tokens = len(vectors)
        return QueryFeatures(
            global_features=unit,
            keys=vectors,
            values=vectors,
            weights=np.full(tokens, 1 / tokens, dtype=np.float32),
            words=(QueryWord(name, 1.0),),
            word_of_token=np.zeros(tokens, dtype=np.int64),
            grids=self._info.grids,
        )

    def align(
        self, query: QueryFeatures, regions: np.ndarray, key_scale: FloatArray, value_scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        rows = regions.astype(np.float32)
        key_cosine = np.einsum("krd,td->ktr", rows, query.keys) * key_scale[:, None]
        value_cosine = np.einsum("krd,td->ktr", rows, query.values) * value_scale[:, None]
        attention = np.exp(SHARPNESS * key_cosine)
        attention /= attention.sum(axis=2, keepdims=True)
        member = np.zeros((len(query.words), len(query.weights)), dtype=np.float32)
        member[query.word_of_token, np.arange(len(query.weights))] = query.weights
        evidence = np.einsum("lt,ktr->klr", member, attention * value_cosine)
        mean_attention = np.einsum("lt,ktr->klr", member / member.sum(axis=1, keepdims=True), attention)
        return evidence.astype(np.float32), mean_attention.astype(np.float32)

    def _describe(self, image: ByteArray) -> tuple[np.ndarray, FloatArray]:
        """Regions [R, D] int8 and the global feature [D] float32 of one image."""
        cells = []
        for grid in self._info.grids:
            high, wide = SIDE // grid.rows, SIDE // grid.columns
            blocks = image[: high * grid.rows, : wide * grid.columns].astype(np.float32)
            means = blocks.reshape(grid.rows, high, grid.columns, wide, 3).mean(axis=(1, 3))
            cells.append(means.reshape(-1, 3))
        prototypes = np.asarray(list(COLOURS.values()), dtype=np.float32)
        distance = np.abs(np.concatenate(cells)[:, None] - prototypes).sum(axis=2) / 765
        likeness = np.zeros((len(distance), WIDTH), dtype=np.float32)
        likeness[:, : len(COLOURS)] = (1 - distance) ** 4
        regions = np.round(127 * likeness).astype(np.int8)
        return regions, _unit(likeness.mean(axis=0))


def parts_of(read_image: Callable[[Path], ByteArray]) -> Callable[[Path, PixelBox | None, int], PicturePart]:
    """Reads parts of images as a query takes them."""
    return lambda path, box, square: part_of(read_image(path), box, square=square)


def word_vector(word: str) -> FloatArray:
    """[D] unit vector: the axis of a colour, or a fixed random direction for any other word."""
    vector = np.zeros(WIDTH, dtype=np.float32)
    if word in COLOURS:
        vector[list(COLOURS).index(word)] = 1
        return vector
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    return _unit(np.random.default_rng(seed).normal(size=WIDTH))


def _unit(vector: np.ndarray) -> FloatArray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)
