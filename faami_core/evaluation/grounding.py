"""Does evidence point at the named thing? One benchmark over mosaics of real images and over made scenes.

Evidence is compared with raw attention, with Grad-CAM of the global score (what a model without region–word alignment
could show), and with chance.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faami_core.data.captions import CaptionedImage
from faami_core.evaluation.grounding_maps import EVIDENCE, Grounder, View
from faami_core.evaluation.grounding_metrics import Figure
from faami_core.evaluation.grounding_mosaics import MosaicReport, measure_mosaics
from faami_core.evaluation.grounding_scenes import SceneReport, measure_scenes
from faami_core.model.weights import Checkpoint
from faami_core.types import CancelToken, ProgressCallback

HELD_OUT_SEED = 987_001  # no training config draws its scenes from this seed
MOSAIC_SIDES = (2, 3)


@dataclass(frozen=True)
class GroundingReport:
    """What ``faami evaluate --grounding`` prints.

    Attributes:
        mosaics: One report a size; none without captioned images.
        scenes: Words of made scenes.
        fingerprint: Of the model.
        seed: From which mosaics and scenes are drawn.
        seconds: For everything.
    """

    mosaics: tuple[MosaicReport, ...]
    scenes: SceneReport
    fingerprint: str
    seed: int
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """The JSON form: every figure is a share in [0, 1] with its 95 % interval and its number of cases."""
        scenes = self.scenes
        located = {
            "pointing": scenes.pointing,
            "inside": scenes.inside,
            "average_precision": scenes.average_precision,
            "absence_auc": scenes.absence,
        }
        return {
            "mosaics": {
                f"{report.side}x{report.side}": {
                    "mosaics": report.mosaics,
                    **_by_map({"pointing": report.pointing, "inside": report.inside}),
                }
                for report in self.mosaics
            },
            "scenes": {
                "scenes": scenes.scenes,
                **_by_map(located),
                "strength_auc": scenes.strength.as_dict(),
                "matched_present": scenes.matched_present.as_dict(),
                "matched_absent": scenes.matched_absent.as_dict(),
            },
            "model": self.fingerprint,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
        }


def measure_grounding(
    checkpoint: Checkpoint,
    examples: Sequence[CaptionedImage],
    *,
    mosaics: int,
    scenes: int,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> GroundingReport:
    """Measures one model.

    Args:
        checkpoint: The model.
        examples: Captioned images for mosaics; none leaves them out.
        mosaics: How many of each size.
        scenes: How many made scenes; the kinds come in turn.
        device: "auto", "cpu", "cuda" or "mps".
        progress: Told after each image.
        cancel: Looked at before each image.

    Raises:
        ModelError: if the model has no additive evidence.
        TrainingError: if the images are of too few scene classes for mosaics.
        CancelledError: if cancelled.
    """
    started = time.monotonic()
    grounder = Grounder(checkpoint, device)
    of_mosaics = tuple(
        measure_mosaics(
            grounder, examples, side=side, count=mosaics, seed=HELD_OUT_SEED, progress=progress, cancel=cancel
        )
        for side in (MOSAIC_SIDES if examples else ())
    )
    of_scenes = measure_scenes(grounder, count=scenes, seed=HELD_OUT_SEED, progress=progress, cancel=cancel)
    return GroundingReport(of_mosaics, of_scenes, checkpoint.fingerprint, HELD_OUT_SEED, time.monotonic() - started)


def grounding_text(report: GroundingReport) -> str:
    """Tables for the terminal: per cent with their 95 % intervals; areas under the ROC curve as they are."""
    lines = [f"grounding of model {report.fingerprint[:12]}, {report.seconds:.0f} s; brackets are 95 % intervals"]
    for mosaics in report.mosaics:
        side, captions = mosaics.side, mosaics.pointing[EVIDENCE].cases
        lines += ["", f"{mosaics.mosaics} mosaics of {side}×{side} images, {captions} captions"]
        lines += _table({"peak in own cell": mosaics.pointing, "light in own cell": mosaics.inside})
    scenes = report.scenes
    words, absent = scenes.pointing[EVIDENCE].cases, scenes.matched_absent.cases
    lines += ["", f"{scenes.scenes} made scenes, {words} words for things that are there, {absent} for absent things"]
    located = {"peak in mask": scenes.pointing, "light in mask": scenes.inside, "precision": scenes.average_precision}
    lines += _table(located, {"there or absent": scenes.absence})
    present_share, absent_share = (_percent(share) for share in (scenes.matched_present, scenes.matched_absent))
    lines.append(f"strength of a word, there or absent: {_area(scenes.strength)}")
    lines.append(f"called matched: {present_share} of what is there, {absent_share} of what is absent")
    return "\n".join(lines)


def _table(
    percents: Mapping[str, Mapping[View, Figure]], areas: Mapping[str, Mapping[View, Figure]] | None = None
) -> list[str]:
    columns = {name: (figures, _percent) for name, figures in percents.items()}
    columns |= {name: (figures, _area) for name, figures in (areas or {}).items()}
    views = next(iter(percents.values()))
    lines = [f"{'map':<11}{'scale':<8}" + "".join(f"{name:>20}" for name in columns)]
    for view in views:
        cells = "".join(f"{shown(figures[view]):>20}" for figures, shown in columns.values())
        lines.append(f"{view[0]:<11}{view[1]:<8}{cells}")
    return lines


def _percent(figure: Figure) -> str:
    return f"{100 * figure.value:.1f} [{100 * figure.low:.0f}–{100 * figure.high:.0f}]" if figure.cases else "–"


def _area(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.2f}–{figure.high:.2f}]" if figure.cases else "–"


def _by_map(measures: Mapping[str, Mapping[View, Figure]]) -> dict[str, object]:
    """Measure → map → scale → figure."""
    nested: dict[str, object] = {}
    for name, figures in measures.items():
        kinds: dict[str, dict[str, object]] = {}
        for (kind, scale), figure in figures.items():
            kinds.setdefault(kind, {})[scale] = figure.as_dict()
        nested[name] = kinds
    return nested
