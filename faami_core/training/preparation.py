"""From a training config to what the trainer reads: examples, cached taps, cached word states."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from faami_core.config import ModelConfig, TrainingConfig
from faami_core.data.captions import CaptionedImage, read_captions
from faami_core.data.dataset import AugmentedImages, ImageSet, Mosaics, PlainImages, SceneImages
from faami_core.errors import TrainingError
from faami_core.model.build import build_model
from faami_core.model.faami import Faami
from faami_core.model.text_encoder import Tokenizer
from faami_core.model.weights import load_checkpoint
from faami_core.training.feature_cache import StateCache, TapCache, cache_states, cache_taps
from faami_core.training.starting_weights import (
    load_image_weights,
    load_text_weights,
    text_architecture,
    text_model_folder,
)
from faami_core.types import ProgressCallback


@dataclass(frozen=True)
class TrainingData:
    """Everything a frozen-encoder run reads.

    Attributes:
        train, val: Captioned images.
        train_taps: [views · len(train)] view by view; ``val_taps``: [len(val)].
        mosaics, mosaic_taps; scenes, scene_taps: for the evidence losses; empty sets are allowed.
        states: Word states of every caption of all sets.
    """

    train: Sequence[CaptionedImage]
    val: Sequence[CaptionedImage]
    train_taps: TapCache
    val_taps: TapCache
    mosaics: Mosaics
    mosaic_taps: TapCache
    scenes: SceneImages
    scene_taps: TapCache
    states: StateCache


def starting_model(config: TrainingConfig) -> tuple[Faami, Tokenizer, Path]:
    """A model with starting weights, its tokenizer, and the tokenizer's file.

    Raises:
        TrainingError: if starting weights are missing or do not fit.
    """
    model_config = with_text_architecture(config)
    torch.manual_seed(config.seed)  # the heads start at random
    model = build_model(model_config)
    load_image_weights(model.image_encoder.backbone, config.image_weights)
    load_text_weights(model.text_encoder.bert, config.text_weights)
    if config.heads:
        _load_heads(model, Path(config.heads))
    file = text_model_folder(config.text_weights) / "tokenizer.json"
    return model, Tokenizer(file, model_config.text.max_tokens), file


def _load_heads(model: Faami, folder: Path) -> None:
    """Everything but the encoders, from a checkpoint of the same shape."""
    encoders = ("image_encoder.", "text_encoder.bert.")
    state = {
        name: tensor
        for name, tensor in load_checkpoint(folder).model.state_dict().items()
        if not name.startswith(encoders)
    }
    try:
        model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise TrainingError(
            f"The heads in {folder} were made with another model config.", "Use its config."
        ) from error


def with_text_architecture(config: TrainingConfig) -> ModelConfig:
    """The model config, its text architecture taken from the starting weights."""
    text = replace(config.model.text, architecture=text_architecture(config.text_weights))
    return replace(config.model, text=text)


def prepare(
    config: TrainingConfig, model: Faami, tokenizer: Tokenizer, progress: ProgressCallback | None = None
) -> TrainingData:
    """Reads captions, makes scenes, and fills the caches below ``config.output``.

    Raises:
        TrainingError: if no training image is found.
    """
    train, val = _read_examples(config)
    size, grids = config.model.image.image_size, model.config.grid_specs
    mosaics = Mosaics.draw(train, config.mosaics, size, config.seed)
    model.eval()

    def cache(name: str, images: ImageSet) -> TapCache:
        folder = Path(config.output) / "cache" / name
        return cache_taps(folder, _cache_key(config, name, images), images, model.image_encoder, progress)

    train_taps = cache("train", AugmentedImages(train, config.views, size, config.seed))
    val_taps = cache("val", PlainImages(val, size))
    mosaic_taps = cache("mosaics", mosaics)
    scenes = SceneImages.render(config.scenes, size, config.seed, grids, progress)
    scene_taps = cache("scenes", scenes)
    captions = [caption for example in (*train, *val) for caption in example.captions]
    captions += [caption for scene in scenes.captions for caption in scene]
    states = cache_states(captions, model.text_encoder, tokenizer, progress)
    return TrainingData(train, val, train_taps, val_taps, mosaics, mosaic_taps, scenes, scene_taps, states)


def _read_examples(config: TrainingConfig) -> tuple[tuple[CaptionedImage, ...], tuple[CaptionedImage, ...]]:
    captions, folder = Path(config.captions), Path(config.images)
    train = read_captions(captions, folder, "train").images
    if not train:
        raise TrainingError(f"No training image of {captions} lies in {folder}.", "Check the folders in the config.")
    return train, read_captions(captions, folder, "val").images


def _cache_key(config: TrainingConfig, name: str, images: ImageSet) -> str:
    """Changes whenever the cached taps would."""
    parts: dict[str, object] = {
        "encoder": asdict(config.model.image),
        "finest": max(config.model.grids.values()),
        "weights": config.image_weights,
        "count": len(images),
        "seed": config.seed,
        "views": config.views if name == "train" else 1,
    }
    if isinstance(images, SceneImages):
        # The renderer is code and may change; its pixels are the only honest name of a scene.
        parts["pixels"] = hashlib.sha256(np.stack(images.pixels).tobytes() if images.pixels else b"").hexdigest()
    else:
        examples: Sequence[CaptionedImage] = images.examples  # type: ignore[attr-defined]
        parts["names"] = [example.path.name for example in examples]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
