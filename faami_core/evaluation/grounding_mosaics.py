"""Does a caption light up its own cell? Measured on mosaics of real images, whose right cell is known for free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faami_core.data.captions import CaptionedImage
from faami_core.data.dataset import Mosaics
from faami_core.errors import TrainingError
from faami_core.evaluation.grounding_maps import Grounder, Question, View
from faami_core.evaluation.grounding_metrics import Figure, inside_share, mean_figure, peak_inside
from faami_core.evidence.heatmap import grid_to_pixels
from faami_core.pace import Pace
from faami_core.types import CancelToken, ProgressCallback


@dataclass(frozen=True)
class MosaicReport:
    """Mosaics of one size.

    Attributes:
        side: Cells a side.
        mosaics: How many.
        pointing: By map, the share of captions whose brightest pixel lies in their own cell.
        inside: By map, the share of what a caption lights up that lies in its own cell.
    """

    side: int
    mosaics: int
    pointing: dict[View, Figure]
    inside: dict[View, Figure]


def measure_mosaics(
    grounder: Grounder,
    examples: Sequence[CaptionedImage],
    *,
    side: int,
    count: int,
    seed: int,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> MosaicReport:
    """Asks ``count`` mosaics of side × side images for a caption of every cell.

    Raises:
        TrainingError: if the images are of too few scene classes.
    """
    mosaics = draw_mosaics(examples, side=side, count=count, size=grounder.image_size, seed=seed)
    masks = mosaics.cell_masks()
    found: dict[View, list[tuple[float, float]]] = {view: [] for view in grounder.views}
    owner: list[int] = []
    pace = Pace(f"Pointing in {side}×{side} mosaics", count)
    for number in range(count):
        if cancel is not None:
            cancel.raise_if_cancelled()
        asked = cell_captions(mosaics, number)
        answers = grounder.look(mosaics.image(number)).answer([Question(caption) for caption in asked.values()])
        for cell, answer in zip(asked, answers, strict=True):
            owner.append(number)
            for view, grid in answer.maps.items():
                pixels = grid_to_pixels(grid, mosaics.size, mosaics.size)
                found[view].append((peak_inside(pixels, masks[cell]), inside_share(pixels, masks[cell])))
        if progress is not None:
            progress(pace.at(number + 1))
    tables = {view: np.array(pairs) for view, pairs in found.items()}
    groups = np.array(owner)
    return MosaicReport(
        side,
        count,
        {view: mean_figure(table[:, 0], groups) for view, table in tables.items()},
        {view: mean_figure(table[:, 1], groups) for view, table in tables.items()},
    )


def draw_mosaics(examples: Sequence[CaptionedImage], *, side: int, count: int, size: int, seed: int) -> Mosaics:
    """Draws mosaics of images whose scene class is known: two of unknown class may show the same thing.

    Where no class is known at all, every image counts as its own.

    Raises:
        TrainingError: if the images are of too few scene classes.
    """
    known = [example for example in examples if example.scene_class] or list(examples)
    try:
        return Mosaics.draw(known, count, size, seed, side)
    except ValueError as error:
        raise TrainingError(
            f"The split is too small for the grounding benchmark: {error}.", "Name a split with more scene classes."
        ) from error


def cell_captions(mosaics: Mosaics, number: int) -> dict[int, str]:
    """One caption for each cell of a mosaic, drawn from those that no other cell could claim as well.

    A cell whose every caption is also one of another cell is not asked for.
    """
    members = [mosaics.examples[int(index)] for index in mosaics.members[number]]
    generator = np.random.default_rng((mosaics.seed, mosaics.side, number))
    asked: dict[int, str] = {}
    for cell, member in enumerate(members):
        others = {_spoken(caption) for other in members if other is not member for caption in other.captions}
        own = [caption for caption in member.captions if _spoken(caption) not in others]
        if own:
            asked[cell] = own[int(generator.integers(len(own)))]
    return asked


def _spoken(caption: str) -> str:
    """A caption without what is not heard: case, punctuation, spacing."""
    return " ".join(re.findall(r"\w+", caption.lower()))
