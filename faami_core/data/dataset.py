"""What training reads: views of captioned images, mosaics with a known cell per caption, made scenes with masks.

Every image of a set is a pure function of the set's seed and the image's number, so that a cache can be resumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from faami_core.data.captions import CaptionedImage
from faami_core.data.image_io import model_input, read_image
from faami_core.data.scenes import Scene, render_collection
from faami_core.data.transforms import augment, dihedral, names_direction
from faami_core.pace import Pace
from faami_core.types import ByteArray, CancelToken, FloatArray, GridSpec, ProgressCallback

_ALIKE = (
    frozenset({"water", "river", "lake", "pond", "ocean", "sea", "waves", "pool"}),
    frozenset({"boat", "boats", "ship", "ships"}),
    frozenset({"building", "buildings", "terminal", "house", "houses", "roofs", "factory"}),
    frozenset({"road", "roads", "viaduct", "bridge", "runway", "intersection", "street"}),
    frozenset({"tree", "trees", "forest"}),
    frozenset({"field", "fields", "playground", "meadow", "grass", "farmland", "farmlands", "lawn"}),
    frozenset({"mountain", "mountains", "snow"}),
    frozenset({"desert", "sand", "bareland", "beach", "ground"}),
    frozenset({"plane", "planes"}),
    frozenset({"railway", "train", "trains", "tracks"}),
)


class ImageSet(Protocol):
    """A numbered set of [size, size, 3] images."""

    def __len__(self) -> int: ...

    def image(self, number: int) -> ByteArray: ...


@dataclass(frozen=True)
class PlainImages:
    """Captioned images as they are; image n is example n."""

    examples: Sequence[CaptionedImage]
    size: int

    def __len__(self) -> int:
        return len(self.examples)

    def image(self, number: int) -> ByteArray:
        return model_input(read_image(self.examples[number].path), self.size)


@dataclass(frozen=True)
class AugmentedImages:
    """``views`` random views per captioned image; number = view · len(examples) + example. View 0 is plain."""

    examples: Sequence[CaptionedImage]
    views: int
    size: int
    seed: int

    def __len__(self) -> int:
        return len(self.examples) * self.views

    def image(self, number: int) -> ByteArray:
        view, index = divmod(number, len(self.examples))
        example = self.examples[index]
        pixels = read_image(example.path)
        if view == 0:
            return model_input(pixels, self.size)
        generator = np.random.default_rng((self.seed, number))
        return augment(pixels, self.size, generator, turn=not names_direction(example.captions))


@dataclass(frozen=True)
class Mosaics:
    """side × side mosaics of images of different scene classes.

    Attributes:
        members: [count, side²] example numbers, cells in reading order.
    """

    examples: Sequence[CaptionedImage]
    members: npt.NDArray[np.int64]
    side: int
    size: int
    seed: int

    @classmethod
    def draw(cls, examples: Sequence[CaptionedImage], count: int, size: int, seed: int, side: int = 2) -> Mosaics:
        """Draws members so that no mosaic shows a class twice (images without a class count as their own)."""
        generator = np.random.default_rng((seed, side))
        classes = [example.scene_class or example.path.name for example in examples]
        cells = side * side
        if len(set(classes)) < cells:
            raise ValueError(
                f"mosaics of {cells} cells need images of {cells} classes, there are {len(set(classes))}"
            )
        members = np.empty((count, cells), dtype=np.int64)
        for row in members:
            chosen: list[int] = []
            while len(chosen) < cells:
                index = int(generator.integers(len(examples)))
                if classes[index] not in {classes[other] for other in chosen}:
                    chosen.append(index)
            row[:] = chosen
        return cls(examples, members, side, size, seed)

    def __len__(self) -> int:
        return len(self.members)

    def image(self, number: int) -> ByteArray:
        generator = np.random.default_rng((self.seed, self.side, number))
        edges = np.linspace(0, self.size, self.side + 1).round().astype(int)
        canvas = np.empty((self.size, self.size, 3), dtype=np.uint8)
        for cell, index in enumerate(self.members[number]):
            example = self.examples[int(index)]
            row, column = divmod(cell, self.side)
            height, width = edges[row + 1] - edges[row], edges[column + 1] - edges[column]
            part = model_input(read_image(example.path), int(max(height, width)))[:height, :width]
            turn = 0 if height != width or names_direction(example.captions) else int(generator.integers(8))
            canvas[edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = dihedral(part, turn)
        return canvas

    def cell_masks(self) -> npt.NDArray[np.bool_]:
        """[cells, size, size], the pixels of each cell."""
        edges = np.linspace(0, self.size, self.side + 1).round().astype(int)
        masks = np.zeros((self.side**2, self.size, self.size), dtype=np.bool_)
        for cell, mask in enumerate(masks):
            row, column = divmod(cell, self.side)
            mask[edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = True
        return masks

    def cell_coverage(self, grids: tuple[GridSpec, ...]) -> FloatArray:
        """[cells, R] share of each region that lies in each cell."""
        return np.stack([region_coverage(mask, grids) for mask in self.cell_masks()])


@dataclass(frozen=True)
class Thing:
    """A named thing of a made scene: its word, and the share of each region it covers, [R]."""

    scene: int
    word: str
    coverage: FloatArray


@dataclass(frozen=True)
class SceneImages:
    """Made scenes kept in memory with what training needs of them."""

    pixels: list[ByteArray]
    captions: list[tuple[str, ...]]
    things: list[Thing]

    @classmethod
    def render(
        cls,
        count: int,
        size: int,
        seed: int,
        grids: tuple[GridSpec, ...],
        progress: ProgressCallback | None = None,
        cancel: CancelToken | None = None,
    ) -> SceneImages:
        pixels, captions, things = [], [], []
        pace = Pace("Making scenes", count)
        for number, scene in enumerate(render_collection(count, seed, size=size)):
            if cancel is not None:
                cancel.raise_if_cancelled()
            pixels.append(scene.pixels)
            captions.append(scene.captions)
            things.extend(scene_things(number, scene, grids))
            if progress is not None:
                progress(pace.at(number + 1))
        return cls(pixels, captions, things)

    def __len__(self) -> int:
        return len(self.pixels)

    def image(self, number: int) -> ByteArray:
        return self.pixels[number]

    def things_of(self, scene: int) -> list[Thing]:
        return [thing for thing in self.things if thing.scene == scene]

    def absent_thing(self, scene: int, generator: np.random.Generator) -> Thing | None:
        """A thing of another scene that this scene does not show; None if a few draws find none.

        What looks alike under another name (a lake where the scene has a river) does not count as absent.
        """
        named = {word for caption in self.captions[scene] for word in caption.split()}
        named |= {word for alike in _ALIKE if alike & named for word in alike}
        for _ in range(8):
            thing = self.things[int(generator.integers(len(self.things)))]
            if thing.word not in named:
                return thing
        return None


def scene_things(number: int, scene: Scene, grids: tuple[GridSpec, ...]) -> list[Thing]:
    """The named things of a scene with their coverage of regions."""
    return [Thing(number, word, region_coverage(mask, grids)) for word, mask in scene.masks.items()]


def region_coverage(mask: npt.NDArray[np.bool_], grids: tuple[GridSpec, ...]) -> FloatArray:
    """[H, W] mask → [R] share of each region that the mask covers, exact also where cells cut through pixels."""
    parts = []
    for grid in grids:
        rows = _area_matrix(mask.shape[0], grid.rows)
        columns = _area_matrix(mask.shape[1], grid.columns)
        parts.append((rows @ mask.astype(np.float32) @ columns.T).reshape(-1))
    return np.concatenate(parts).astype(np.float32)


def _area_matrix(pixels: int, cells: int) -> FloatArray:
    """[cells, pixels] share of a cell that each pixel fills; rows sum to 1."""
    edges = np.arange(cells + 1) * pixels / cells
    start = np.arange(pixels)
    overlap = np.minimum(edges[1:, None], start + 1) - np.maximum(edges[:-1, None], start)
    return np.asarray(np.clip(overlap, 0, None) * cells / pixels, dtype=np.float32)
