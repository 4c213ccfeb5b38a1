"""How fast the indexer is beside the model it feeds, measured in one run on the same images."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faami_core.config import default_model_dir, user_data_dir
from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.decode_pool import DecodePool, decoded_batches
from faami_core.indexing.indexer import CPU_BATCH_SIZE, index_collection, scan
from faami_core.indexing.records import DecodedFile
from faami_core.types import ByteArray, CancelToken, FeatureEncoder, ProgressCallback

_SAMPLE = 64  # images decoded beforehand, over which the bare model runs


@dataclass(frozen=True)
class IndexSpeed:
    """Images a second.

    Attributes:
        images: How many were indexed.
        bare: The image backbone alone as timm builds it, on pixels in memory.
        backbone: The same as this model runs it, its BatchNorms folded.
        model: The whole image side of the model, on pixels in memory.
        indexer: The whole indexer, from reading the folder to the committed index.
    """

    images: int
    bare: float
    backbone: float
    model: float
    indexer: float

    def __str__(self) -> str:
        beside = {
            "bare backbone, as timm builds it": self.bare,
            "backbone, as this model runs it": self.backbone,
            "whole model": self.model,
        }
        lines = [f"{self.images} images, images a second"]
        lines += [
            f"  {name:<33}{speed:7.1f}   the indexer has {self.indexer / speed:.0%} of it"
            for name, speed in beside.items()
        ]
        return "\n".join([*lines, f"  {'whole indexer':<33}{self.indexer:7.1f}"])


def index_speed(
    root: Path,
    model: Path | None,
    device: str,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> IndexSpeed:
    """Measures with a checkpoint; an index that the folder may have stays as it is.

    Args:
        root: Folder of images.
        model: Checkpoint folder; None is the shipped one.
        device: "auto", "cpu", "cuda" or "mps".
        progress: Told the stages of indexing.
        cancel: Stops the run.

    Raises:
        ModelError: if the model cannot be loaded.
        CollectionError, CancelledError: see ``measure_index_speed``.
    """
    from faami_core.model.encoder import FaamiEncoder  # brings in torch

    encoder = FaamiEncoder.load(model or default_model_dir(), device)
    return measure_index_speed(
        encoder,
        encoder.bare_backbone(),
        encoder.run_backbone,
        root.resolve(),
        user_data_dir() / "bench",
        progress=progress,
        cancel=cancel,
    )


def measure_index_speed(
    encoder: FeatureEncoder,
    bare: Callable[[ByteArray], object],
    backbone: Callable[[ByteArray], object],
    root: Path,
    scratch: Path,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> IndexSpeed:
    """Indexes a folder into a scratch index; the bare model is timed before and after, since machines change speed.

    Args:
        encoder: The model.
        bare: Its image backbone as it comes: [B, side, side, 3] uint8 → anything.
        backbone: The same as the model runs it.
        root: Folder of images.
        scratch: Folder in which the scratch index is made, and removed.
        progress: Told the stages of indexing.
        cancel: Stops the run.

    Raises:
        CollectionError: if the folder has no readable image.
        CancelledError: if cancelled.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder, Catalog(Path(folder), create=True) as catalog:
        catalog.add_root(root)
        scan(catalog, cancel=cancel)
        pending = catalog.pending(catalog.add_model(encoder.info))[:_SAMPLE]
        with DecodePool(encoder.info.image_size) as pool:
            decoded = [file for batch in decoded_batches(pool, pending, _SAMPLE, cancel) for file in batch]
        sample = [file.pixels for file in decoded if isinstance(file, DecodedFile)]
        if not sample:
            raise CollectionError(f"{str(root)!r} has no readable image.", "Choose a folder with images.")
        pixels = np.stack(sample)
        alone = (bare, backbone, encoder.encode_images)
        for warm_up in alone:
            _images_a_second(warm_up, pixels[:CPU_BATCH_SIZE])
        before = [_images_a_second(run, pixels) for run in alone]
        report = index_collection(catalog, root, encoder, progress=progress, cancel=cancel)
        if report.cancelled:
            raise CancelledError
        after = [_images_a_second(run, pixels) for run in alone]
    as_built, as_run, whole = ((first + second) / 2 for first, second in zip(before, after, strict=True))
    return IndexSpeed(
        report.seen, as_built, as_run, whole, indexer=(report.seen - len(report.unreadable)) / report.seconds
    )


def _images_a_second(run: Callable[[ByteArray], object], pixels: ByteArray) -> float:
    """In batches of the size that the indexer uses on a CPU."""
    started = time.perf_counter()
    for first in range(0, len(pixels), CPU_BATCH_SIZE):
        run(pixels[first : first + CPU_BATCH_SIZE])
    return len(pixels) / (time.perf_counter() - started)
