"""Retrieval on a captioned split: global, fine and combined scores side by side, overall and within a scene class."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faami_core.data.captions import CaptionSet, read_captions
from faami_core.data.dataset import PlainImages
from faami_core.errors import TrainingError
from faami_core.evaluation.calibration import calibrated, transductive
from faami_core.evaluation.retrieval_metrics import (
    RetrievalMetrics,
    retrieval_metrics,
    tie_broken_metrics,
    within_class_metrics,
)
from faami_core.evaluation.scoring import encode_image_set, encode_phrases, score_matrices, unique_captions
from faami_core.model.weights import Checkpoint
from faami_core.types import CancelToken, ProgressCallback

SCORES: tuple[str, ...] = ("global", "fine", "uncalibrated", "combined", "transductive")


@dataclass(frozen=True)
class RetrievalReport:
    """What ``faami evaluate`` prints.

    Attributes:
        images, captions: How many were scored.
        missing: Images listed in the captions file but not found.
        metrics: By score: "global", "fine" (unless there is no interaction), "combined". Of a calibrated model
            "combined" is calibrated, beside it stand "uncalibrated" and, as what reading all queries together would
            give, "transductive".
        within_class: Of the combined score, gallery cut to the query's scene class.
        tie_broken: Of the combined score, equal scores in random order instead of against us.
        global_share: β.
        fingerprint: Of the model.
        seconds: For encoding and scoring.
    """

    images: int
    captions: int
    missing: tuple[str, ...]
    metrics: dict[str, RetrievalMetrics]
    within_class: RetrievalMetrics
    tie_broken: RetrievalMetrics
    global_share: float
    fingerprint: str
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """The JSON form; i2t, t2i and mr at the top are of the combined score."""
        return {
            "images": self.images,
            "captions": self.captions,
            "missing": len(self.missing),
            **self.metrics["combined"].as_dict(),
            "scores": {name: metrics.as_dict() for name, metrics in self.metrics.items()},
            "within_class": self.within_class.as_dict(),
            "tie_broken": self.tie_broken.as_dict(),
            "global_share": self.global_share,
            "model": self.fingerprint,
            "seconds": round(self.seconds, 1),
        }


def split_images(captions: Path, folder: Path, split: str) -> CaptionSet:
    """The images of a split that are there and have captions.

    Raises:
        TrainingError: if the captions cannot be read or no image of the split is found.
    """
    found = read_captions(captions, folder, split)
    images = tuple(image for image in found.images if image.captions)
    if not images:
        raise TrainingError(
            f"No image of the split {split!r} in {captions} lies in {folder}.",
            f"{len(found.missing)} listed images are missing; check --images and --split.",
        )
    return CaptionSet(images, found.missing)


def evaluate_retrieval(
    checkpoint: Checkpoint,
    captions: Path,
    folder: Path,
    split: str,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> RetrievalReport:
    """Scores every image of a split against every caption of it.

    Raises:
        TrainingError: if the captions cannot be read or no image of the split is found.
    """
    started = time.monotonic()
    found = split_images(captions, folder, split)
    examples = found.images
    model = checkpoint.model
    images = encode_image_set(model, PlainImages(examples, model.config.image.image_size), progress, cancel)
    unique, columns, image_of_text = unique_captions([example.captions for example in examples])
    texts = list(encode_phrases(model, checkpoint.tokenizer, unique))
    matrices = score_matrices(model, images, texts, progress, cancel).take_texts(columns)
    share = model.config.global_share
    scores = {"global": matrices.global_scores, "combined": matrices.combined(share)}
    if matrices.fine_scores is not None:
        scores["fine"] = matrices.fine_scores
    if model.calibration is not None:
        plain = scores["uncalibrated"] = scores["combined"]
        scores["combined"] = calibrated(model.calibration, matrices, plain)
        scores["transductive"] = calibrated(transductive(model.calibration, matrices), matrices, plain)
    classes = np.array([example.scene_class for example in examples])
    return RetrievalReport(
        images=len(examples),
        captions=len(columns),
        missing=found.missing,
        metrics={name: retrieval_metrics(matrix, image_of_text) for name, matrix in scores.items()},
        within_class=within_class_metrics(scores["combined"], image_of_text, classes),
        tie_broken=tie_broken_metrics(scores["combined"], image_of_text),
        global_share=share,
        fingerprint=checkpoint.fingerprint,
        seconds=time.monotonic() - started,
    )


def retrieval_text(report: RetrievalReport) -> str:
    """A table for the terminal."""
    lines = [
        f"{report.images} images, {report.captions} captions, {len(report.missing)} listed images missing; "
        f"{report.seconds:.0f} s",
        f"{'score':<14}{'i2t R@1':>9}{'R@5':>8}{'R@10':>8}{'t2i R@1':>10}{'R@5':>8}{'R@10':>8}{'mR':>8}",
    ]
    rows = {name: report.metrics[name] for name in SCORES if name in report.metrics}
    rows |= {"within class": report.within_class, "ties at random": report.tie_broken}
    for name, metrics in rows.items():
        (a, b, c), (d, e, f) = metrics.image_to_text, metrics.text_to_image
        lines.append(f"{name:<14}{a:>9.2f}{b:>8.2f}{c:>8.2f}{d:>10.2f}{e:>8.2f}{f:>8.2f}{metrics.mean_recall:>8.2f}")
    shares = f"{report.global_share:g} · global + {1 - report.global_share:g} · fine"
    if "uncalibrated" in report.metrics:
        shares += ", calibrated with training samples; transductive reads all queries together"
    lines.append(f"combined = {shares}; ties count against us, but in the last line")
    return "\n".join(lines)
