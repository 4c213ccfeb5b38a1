"""The model as indexing and search use it: pixels and phrases in, stored features and evidence out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from faami_core.errors import DeviceMemoryError, ModelError, QueryError
from faami_core.model.cross_attention import AdditiveCrossAttention
from faami_core.model.faami import EncodedImages
from faami_core.model.folding import fold_batch_norms
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.weights import Checkpoint, load_checkpoint
from faami_core.types import (
    ByteArray,
    FloatArray,
    ImageFeatures,
    ModelInfo,
    QueryFeatures,
    QueryWord,
)

_FEW_TOKENS = 24  # of a phrase; the regions of an image query are more, and threads pay
_ALIGN_BLOCK = 16  # images widened from int8 to fp32 at a time: the block stays in the processor's cache
# Images in the model at a time on a CPU: its large maps stay in the cache, and 8 at once take a third longer each.
_CPU_SLICE = 4


@contextmanager
def _one_thread() -> Iterator[None]:
    """For small products: handing them out to threads costs several times what it saves (README, Decisions)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class FaamiEncoder:
    """A checkpoint on a device. Implements ``types.FeatureEncoder``.

    Args:
        checkpoint: Its interaction must be additive, since evidence is what search shows. Its backbone is folded, so
            it can no longer be saved.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        ModelError: if the model has no evidence or the device is not there.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto") -> None:
        if not isinstance(checkpoint.model.alignment, AdditiveCrossAttention):
            raise ModelError(
                f"The model {checkpoint.folder.name!r} has no additive evidence to search with.",
                'Use a checkpoint with interaction = "additive".',
            )
        self._device = choose_device(device)
        parameters = sum(parameter.numel() for parameter in checkpoint.model.parameters())
        fold_batch_norms(checkpoint.model.image_encoder.backbone)
        checkpoint.model.image_encoder.backbone.to(memory_format=torch.channels_last)  # as its pixels lie
        self._model = checkpoint.model.to(self._device)
        self._alignment = checkpoint.model.alignment
        self._tokenizer = checkpoint.tokenizer
        self._known_words = checkpoint.known_words
        config = checkpoint.model.config
        self._config = config
        self._info = ModelInfo(
            name=checkpoint.folder.name,
            fingerprint=checkpoint.fingerprint,
            device=self._device.type,
            image_size=config.image.image_size,
            grids=config.grid_specs,
            width=config.width,
            parameters=parameters,
            folder=checkpoint.folder,
        )

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> FaamiEncoder:
        """Loads a checkpoint folder.

        Raises:
            ModelError: see ``weights.load_checkpoint``.
        """
        return cls(load_checkpoint(folder), device)

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def global_share(self) -> float:
        """β of the score formula."""
        return self._config.global_share

    def encode_images(self, images: ByteArray) -> ImageFeatures:
        """[B, image_size, image_size, 3] uint8 → features as stored; region rows are rounded to int8.

        Raises:
            DeviceMemoryError: if they do not fit into the memory of the device.
        """
        try:
            return self._encode_images(images)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
            raise DeviceMemoryError(
                f"{len(images)} images do not fit into the memory of the device {self._device.type!r}.",
                "Close other programs that use the device, or choose the CPU.",
            ) from error

    @torch.inference_mode()
    def run_backbone(self, images: ByteArray) -> None:
        """Runs the image backbone alone over [B, image_size, image_size, 3] uint8, as ``encode_images`` runs it."""
        self._run(self._model.image_encoder, images)

    def bare_backbone(self) -> Callable[[ByteArray], None]:
        """The same network just as timm builds it, with random weights: what the speed of this one is measured by.

        Returns:
            Runs it over [B, image_size, image_size, 3] uint8 on the device of this model.
        """
        bare = ImageEncoder(self._config.image, max(self._config.grids.values())).eval().to(self._device)

        @torch.inference_mode()
        def run(images: ByteArray) -> None:
            self._run(bare, images)

        return run

    def _run(self, backbone: ImageEncoder, images: ByteArray) -> None:
        for part in self._slices(images):
            backbone(part)[-1].cpu()  # waits for the device

    def move_to_cpu(self) -> None:
        """Leaves a device whose memory is full."""
        self._device = torch.device("cpu")
        self._model.to(self._device)
        self._info = replace(self._info, device=self._device.type)

    @torch.inference_mode()
    def _encode_images(self, images: ByteArray) -> ImageFeatures:
        encoded = self._encoded(images)
        step = encoded.regions.abs().amax(dim=-1, keepdim=True).clamp_min(1e-12) / 127
        rows = (encoded.regions / step).round()  # [B, R, D]
        return ImageFeatures(
            global_features=encoded.global_features.to(torch.float16).cpu().numpy(),
            regions=rows.to(torch.int8).cpu().numpy(),
            # Taken of the rounded rows, so that the cosines of stored features are exact.
            key_scale=_inverse_length(self._alignment.key(rows)),
            value_scale=_inverse_length(self._alignment.value(rows)),
        )

    @_one_thread()
    @torch.inference_mode()
    def encode_text(self, text: str) -> QueryFeatures:
        """Encodes one phrase.

        Raises:
            QueryError: if it has no word.
        """
        batch = self._tokenizer([as_sentence(text)])
        words = batch.words[0]
        if not words:
            raise QueryError(
                "The query has no word.", "Type what you are looking for, e.g. storage tanks near a river."
            )
        batch = batch.to(self._device)
        encoded = self._model.encode_texts(batch.ids, batch.attended, batch.scored)
        tokens = self._alignment.project_words(encoded.words, encoded.scored)
        word_of_token = batch.word_of_token[0][batch.scored[0].cpu()].numpy()
        weights = tokens.weights.cpu().numpy()
        shares = np.bincount(word_of_token, weights, minlength=len(words))
        return QueryFeatures(
            global_features=encoded.global_features[0].cpu().numpy(),
            keys=self._fold(tokens.queries, self._alignment.key.weight),
            values=self._fold(tokens.words, self._alignment.value.weight),
            weights=weights,
            words=tuple(
                QueryWord(word, float(share), self._knows(word)) for word, share in zip(words, shares, strict=True)
            ),
            word_of_token=word_of_token.astype(np.int64),
            unread=batch.unread[0],
        )

    @torch.inference_mode()
    def encode_image_query(self, image: ByteArray, name: str) -> QueryFeatures:
        """Encodes an image as a query: the regions of its coarsest scale act as the tokens of one word."""
        encoded = self._encoded(image[None])
        grids = self._config.grid_specs
        coarsest = min(range(len(grids)), key=lambda index: grids[index].regions)
        first = sum(grid.regions for grid in grids[:coarsest])
        count = grids[coarsest].regions
        projected = self._alignment.project_regions(encoded.regions[:, first : first + count])
        return QueryFeatures(
            global_features=encoded.global_features[0].cpu().numpy(),
            keys=self._fold(projected.keys[0], self._alignment.key.weight),
            values=self._fold(projected.values[0], self._alignment.value.weight),
            weights=np.full(count, 1 / count, dtype=np.float32),
            words=(QueryWord(name, 1.0),),
            word_of_token=np.zeros(count, dtype=np.int64),
            grids=(grids[coarsest],),
        )

    @torch.inference_mode()
    def align(
        self, query: QueryFeatures, regions: npt.NDArray[np.int8], key_scale: FloatArray, value_scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Relates a query to K images; see ``types.FeatureEncoder.align``."""
        with _one_thread() if len(query.weights) <= _FEW_TOKENS else nullcontext():
            return self._align(query, regions, key_scale, value_scale)

    def _align(
        self, query: QueryFeatures, regions: npt.NDArray[np.int8], key_scale: FloatArray, value_scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        count, width = len(regions), regions.shape[2]
        tokens, words = len(query.weights), len(query.words)
        both = torch.from_numpy(np.concatenate([query.keys, query.values])).to(self._device)  # [2T, D]
        to_word = functional.one_hot(torch.from_numpy(query.word_of_token), words).T.to(self._device, torch.float32)
        share = to_word * torch.from_numpy(query.weights).to(self._device)  # [L, T]
        mean = share / share.sum(dim=1, keepdim=True).clamp_min(1e-12)  # averages the tokens of a word
        evidence = np.empty((count, words, regions.shape[1]), dtype=np.float32)
        attention = np.empty_like(evidence)
        sharpness = self._alignment.sharpness
        for start in range(0, count, _ALIGN_BLOCK):
            block = slice(start, min(start + _ALIGN_BLOCK, count))
            rows = torch.from_numpy(regions[block]).to(self._device, torch.float32)  # [K, R, D]
            # tokens first: regions stay the innermost axis, along which softmax and sums then run
            cosines = (both @ rows.reshape(-1, width).T).view(2 * tokens, *rows.shape[:2])  # [2T, K, R]
            key_cosines = cosines[:tokens] * torch.from_numpy(key_scale[block]).to(self._device)
            value_cosines = cosines[tokens:] * torch.from_numpy(value_scale[block]).to(self._device)
            attended = functional.softmax(sharpness * key_cosines, dim=-1)  # [T, K, R], over regions
            evidence[block] = torch.einsum("lt,tkr->klr", share, attended * value_cosines).cpu().numpy()
            attention[block] = torch.einsum("lt,tkr->klr", mean, attended).cpu().numpy()
        return evidence, attention

    def _slices(self, images: ByteArray) -> Sequence[Tensor]:
        """[B, image_size, image_size, 3] on the device, as many at a time as go through the model together."""
        size = _CPU_SLICE if self._device.type == "cpu" else len(images)
        return torch.split(torch.from_numpy(images).to(self._device), size)

    def _encoded(self, images: ByteArray) -> EncodedImages:
        parts = [self._model.encode_images(part) for part in self._slices(images)]
        return EncodedImages(
            torch.cat([part.regions for part in parts]), torch.cat([part.global_features for part in parts])
        )

    def _fold(self, tokens: Tensor, projection: Tensor) -> FloatArray:
        """q · (W x) = (Wᵀ q) · x: the projection moves to the query, so one row serves keys and values."""
        folded: FloatArray = (tokens @ projection).cpu().numpy()
        return folded

    def _knows(self, word: str) -> bool:
        """Whether training has seen every part of a word, as it was typed or as the tokenizer spells it."""
        return any(
            self._known_words.issuperset(re.findall(r"\w+", form))
            for form in (word.lower(), self._tokenizer.spelled(word))
        )


def as_sentence(text: str) -> str:
    """The phrase as training captions are written: with a full stop, which the text encoder reads as well."""
    stripped = text.strip()
    return stripped if stripped.endswith((".", "!", "?")) else f"{stripped} ."


def choose_device(name: str) -> torch.device:
    """ "auto" takes CUDA, then Apple's GPU, then the CPU.

    Raises:
        ModelError: if a named device is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, there in available.items() if there))
    if not available.get(name, False):
        raise ModelError(f"The device {name!r} is not available here.", "Choose auto, or cpu.")
    return torch.device(name)


def _is_out_of_memory(error: RuntimeError) -> bool:
    """CUDA has an exception of its own for it, Apple's GPU only says so."""
    return isinstance(error, torch.OutOfMemoryError) or "backend out of memory" in str(error)


def _inverse_length(vectors: Tensor) -> FloatArray:
    lengths: FloatArray = (1 / vectors.norm(dim=-1).clamp_min(1e-12)).cpu().numpy()
    return lengths
