"""The model over decoded files, in batches that fit into its memory; one bad image costs only itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faami_core.errors import DeviceMemoryError
from faami_core.indexing.records import DecodedFile, FailedFile, concatenate
from faami_core.types import ByteArray, FeatureEncoder, ImageFeatures


class BatchEncoder:
    """Encodes files; when the device runs out of memory it halves the batch for good, and at last leaves the device.

    Args:
        encoder: The model. It is moved to the CPU if not even one image fits into its device.
        batch_size: Images that go through the model at once.
        cpu_batch_size: The same after a move to the CPU.

    Attributes:
        batch_size: As it is now.
        notices: What the analyst should know of it, a sentence each.
    """

    def __init__(self, encoder: FeatureEncoder, batch_size: int, cpu_batch_size: int) -> None:
        self._encoder = encoder
        self.batch_size = batch_size
        self._cpu_batch_size = cpu_batch_size
        self.notices: list[str] = []

    def encode(self, files: Sequence[DecodedFile]) -> tuple[list[DecodedFile], ImageFeatures, list[FailedFile]]:
        """Encodes at least one decoded file.

        Returns:
            The files whose features are finite numbers, their features in the same order, and the others.
        """
        features = self._features(np.stack([file.pixels for file in files]))
        finite = np.logical_and.reduce(
            [
                np.isfinite(features.global_features).all(axis=1),
                np.isfinite(features.key_scale).all(axis=1),
                np.isfinite(features.value_scale).all(axis=1),
            ]
        )
        verdicts = list(zip(files, finite.tolist(), strict=True))
        reason = f"The model {self._encoder.info.name!r} finds no finite features in this image."
        failed = [
            FailedFile(file.file_id, reason, file.content, file.size, file.mtime_ns)
            for file, sound in verdicts
            if not sound
        ]
        kept = ImageFeatures(
            features.global_features[finite],
            features.regions[finite],
            features.key_scale[finite],
            features.value_scale[finite],
        )
        return [file for file, sound in verdicts if sound], kept, failed

    def _features(self, pixels: ByteArray) -> ImageFeatures:
        """[B, side, side, 3] → features of all B; an image is only ever encoded again if its batch did not fit."""
        parts: list[ImageFeatures] = []
        done = 0
        while done < len(pixels):
            batch = pixels[done : done + self.batch_size]
            try:
                parts.append(self._encoder.encode_images(batch))
                done += len(batch)
            except DeviceMemoryError:
                self._need_less_than(len(batch))
        return concatenate(parts)

    def _need_less_than(self, images: int) -> None:
        """Called when ``images`` at once did not fit into the memory of the device."""
        device = self._encoder.info.device
        if images > 1:
            self.batch_size = images // 2
            return
        self._encoder.move_to_cpu()
        self.batch_size = self._cpu_batch_size
        self.notices.append(
            f"The memory of the device {device!r} is full, so the model went on on the CPU, which is slower. "
            "Close other programs that use the device, then start again."
        )
