"""Everything ``faami evaluate`` measures of one model, in one call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faami_core.errors import TrainingError
from faami_core.evaluation.contact_sheet import write_contact_sheet
from faami_core.evaluation.evaluate import evaluate_retrieval, retrieval_text, split_images
from faami_core.evaluation.grounding import grounding_text, measure_grounding
from faami_core.model.encoder import choose_device
from faami_core.model.weights import load_checkpoint
from faami_core.types import CancelToken, ProgressCallback


@dataclass(frozen=True)
class Wanted:
    """What is to be measured.

    Attributes:
        model: Checkpoint folder.
        device: "auto", "cpu", "cuda" or "mps".
        captions, images, split: A captioned split; without it only made scenes can be measured.
        retrieval: Recall over the whole split.
        grounding: Where evidence points, on mosaics of the split and on made scenes.
        mosaics, scenes: How many of each size, and how many made scenes.
        sheet: Image file for a contact sheet of the split, or None.
    """

    model: Path
    device: str
    captions: Path | None
    images: Path | None
    split: str
    retrieval: bool
    grounding: bool
    mosaics: int
    scenes: int
    sheet: Path | None


@dataclass(frozen=True)
class Measured:
    """One part of the result: text for the terminal, and numbers for the JSON file."""

    text: str
    numbers: dict[str, object]


def evaluate(
    wanted: Wanted, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
) -> Iterator[Measured]:
    """Yields each part as soon as it is measured, the quick ones first.

    Raises:
        TrainingError: if nothing is wanted, captions cannot be read, or no image of the split is found.
        ModelError: if the model cannot be loaded or has no evidence to measure.
        CancelledError: if cancelled.
    """
    captions, folder = wanted.captions, wanted.images
    captioned = captions is not None and folder is not None
    if not wanted.grounding and not (captioned and (wanted.retrieval or wanted.sheet is not None)):
        raise TrainingError("There is nothing to evaluate.", "Name --captions and --images, or ask for --grounding.")
    if wanted.sheet is not None and not captioned:
        raise TrainingError("A contact sheet shows images of a split.", "Name --captions and --images.")
    examples = split_images(captions, folder, wanted.split).images if captions and folder else ()
    checkpoint = load_checkpoint(wanted.model)
    checkpoint.model.to(choose_device(wanted.device))
    if wanted.sheet is not None:
        write_contact_sheet(
            checkpoint, examples, wanted.sheet, device=wanted.device, progress=progress, cancel=cancel
        )
        yield Measured(f"contact sheet written to {wanted.sheet}", {})
    if wanted.retrieval and captions and folder:
        retrieval = evaluate_retrieval(checkpoint, captions, folder, wanted.split, progress=progress, cancel=cancel)
        yield Measured(retrieval_text(retrieval), retrieval.as_dict())
    if wanted.grounding:
        grounding = measure_grounding(
            checkpoint,
            examples,
            mosaics=wanted.mosaics,
            scenes=wanted.scenes,
            device=wanted.device,
            progress=progress,
            cancel=cancel,
        )
        yield Measured(grounding_text(grounding), {"grounding": grounding.as_dict()})
