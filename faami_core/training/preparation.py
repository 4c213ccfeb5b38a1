"""From a training config to what the trainer reads: examples, feature maps and word states, cached or live."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from faami_core.config import CalibrationConfig, ModelConfig, TrainingConfig
from faami_core.data import scenes as scene_package
from faami_core.data.captions import CaptionedImage, read_captions
from faami_core.data.dataset import AugmentedImages, ImageSet, Mosaics, PlainImages, SceneImages, Thing
from faami_core.data.transforms import names_direction
from faami_core.errors import TrainingError
from faami_core.model.build import build_model
from faami_core.model.faami import Faami
from faami_core.model.fingerprint import TOKENIZER, checkpoint_fingerprint
from faami_core.model.text_encoder import TextEncoder, Tokenizer
from faami_core.model.weights import load_checkpoint
from faami_core.training.checkpoint import Arrays, load_arrays, save_arrays
from faami_core.training.feature_cache import StateCache, States, Taps, cache_states, cache_taps
from faami_core.training.live_features import LiveStates, LiveTaps, StoredImages
from faami_core.training.starting_weights import (
    load_image_weights,
    load_text_weights,
    text_architecture,
    text_model_folder,
)
from faami_core.types import GridSpec, ProgressCallback


@dataclass(frozen=True)
class TrainingData:
    """Everything a run reads.

    Attributes:
        train, val: Captioned images.
        views: Views per train image; live features have one that differs at every step.
        train_taps: [views · len(train)] view by view; ``val_taps``: [len(val)].
        mosaics: For the evidence loss, with their taps; one entry per number of cells; may be empty.
        scenes, scene_taps: For the evidence loss; may be empty.
        states: Word states of every caption of all sets.
    """

    train: Sequence[CaptionedImage]
    val: Sequence[CaptionedImage]
    views: int
    train_taps: Taps
    val_taps: Taps
    mosaics: Sequence[tuple[Mosaics, Taps]]
    scenes: SceneImages
    scene_taps: Taps
    states: States


def starting_model(config: TrainingConfig) -> tuple[Faami, Tokenizer, Path]:
    """A model with starting weights, its tokenizer, and the tokenizer's file.

    Raises:
        TrainingError: if starting weights are missing or do not fit.
    """
    torch.manual_seed(config.seed)  # the heads start at random
    if config.start:
        return _go_on_from(Path(config.start), config.model)
    model_config = with_text_architecture(config)
    model = build_model(model_config)
    load_image_weights(model.image_encoder.backbone, config.image_weights)
    load_text_weights(model.text_encoder.bert, config.text_weights)
    file = text_model_folder(config.text_weights) / "tokenizer.json"
    return model, Tokenizer(file, model_config.text.max_tokens), file


def _go_on_from(folder: Path, wanted: ModelConfig) -> tuple[Faami, Tokenizer, Path]:
    checkpoint = load_checkpoint(folder)
    found = checkpoint.model.config
    fitted = {"text": found.text, "global_share": found.global_share, "calibration": found.calibration}
    if replace(wanted, **fitted) != found:  # type: ignore[arg-type]
        raise TrainingError(f"The checkpoint {folder} was made with another model config.", "Use its config.")
    model = checkpoint.model.requires_grad_(True)
    model.calibration, model.config = None, replace(found, calibration=CalibrationConfig())  # of the old weights
    return model, checkpoint.tokenizer, folder / TOKENIZER


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
    size = config.model.image.image_size
    live = config.image_learning_rate > 0
    model.eval()

    def taps(name: str, images: ImageSet) -> Taps:
        if live:
            return LiveTaps(images, model.image_encoder)
        key = _cache_key(config, name, images)
        return cache_taps(_cache_folder(config) / f"{name}-{key[:12]}", key, images, model.image_encoder, progress)

    if live:
        turned = np.array([not names_direction(example.captions) for example in train])
        train_taps: Taps = LiveTaps(StoredImages(PlainImages(train, size), progress), model.image_encoder, turned)
    else:
        train_taps = taps("train", AugmentedImages(train, config.views, size, config.seed))
    mosaics = [Mosaics.draw(train, config.mosaics, size, config.seed, side) for side in config.mosaic_sides]
    scenes = _scenes(config, model.config.grid_specs, progress)
    captions = [caption for example in (*train, *val) for caption in example.captions]
    captions += [caption for scene in scenes.captions for caption in scene]
    return TrainingData(
        train,
        val,
        views=1 if live else config.views,
        train_taps=train_taps,
        val_taps=taps("val", PlainImages(val, size)),
        mosaics=[(entry, taps(f"mosaics-{entry.side}", entry)) for entry in mosaics],
        scenes=scenes,
        scene_taps=taps("scenes", scenes),
        states=LiveStates(captions, model.text_encoder, tokenizer)
        if config.text_learning_rate > 0
        else _cached_states(config, captions, model.text_encoder, tokenizer, progress),
    )


def _cache_folder(config: TrainingConfig) -> Path:
    folder = Path(config.cache or Path(config.output) / "cache")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _cached_states(
    config: TrainingConfig,
    captions: list[str],
    encoder: TextEncoder,
    tokenizer: Tokenizer,
    progress: ProgressCallback | None,
) -> StateCache:
    weights = checkpoint_fingerprint(Path(config.start)) if config.start else config.text_weights
    key = hashlib.sha256(json.dumps([sorted(set(captions)), weights]).encode()).hexdigest()
    return cache_states(
        _cache_folder(config) / f"states-{key[:12]}.safetensors", captions, encoder, tokenizer, progress
    )


def _scenes(config: TrainingConfig, grids: tuple[GridSpec, ...], progress: ProgressCallback | None) -> SceneImages:
    """Rendering takes minutes, so scenes are kept until the renderer's own code or the settings change."""
    parts = [source.read_bytes() for source in sorted(Path(scene_package.__file__).parent.glob("*.py"))]
    parts.append(repr((config.scenes, config.model.image.image_size, config.seed, grids)).encode())
    file = _cache_folder(config) / f"scenes-{hashlib.sha256(b''.join(parts)).hexdigest()[:12]}.safetensors"
    if not file.is_file():
        size = config.model.image.image_size
        _save_scenes(SceneImages.render(config.scenes, size, config.seed, grids, progress), file)
    return _load_scenes(file)


def _save_scenes(scenes: SceneImages, file: Path) -> None:
    arrays: Arrays = {
        "pixels": np.array(scenes.pixels, dtype=np.uint8),
        "scenes": np.array([thing.scene for thing in scenes.things], dtype=np.int64),
        "coverage": np.array([thing.coverage for thing in scenes.things], dtype=np.float32),
    }
    save_arrays(file, arrays, [scenes.captions, [thing.word for thing in scenes.things]])


def _load_scenes(file: Path) -> SceneImages:
    arrays, (captions, words) = load_arrays(file)
    things = [
        Thing(int(scene), word, coverage)
        for scene, word, coverage in zip(arrays["scenes"], words, arrays["coverage"], strict=True)
    ]
    return SceneImages(list(arrays["pixels"]), [tuple(own) for own in captions], things)


def _read_examples(config: TrainingConfig) -> tuple[tuple[CaptionedImage, ...], tuple[CaptionedImage, ...]]:
    captions, folder = Path(config.captions), Path(config.images)
    train = read_captions(captions, folder, "train").images
    if config.limit and config.limit < len(train):
        chosen = np.random.default_rng(0).permutation(len(train))[: config.limit]  # the same for every seed
        train = tuple(train[int(index)] for index in np.sort(chosen))
    if not train:
        raise TrainingError(f"No training image of {captions} lies in {folder}.", "Check the folders in the config.")
    return train, read_captions(captions, folder, "val").images


def _cache_key(config: TrainingConfig, name: str, images: ImageSet) -> str:
    """Changes whenever the cached taps would."""
    parts: dict[str, object] = {
        "encoder": asdict(config.model.image),
        "finest": max(config.model.grids.values()),
        "weights": checkpoint_fingerprint(Path(config.start)) if config.start else config.image_weights,
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
