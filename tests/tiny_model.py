"""A real but tiny FAAMI model; its weights can follow a formula, so that golden numbers need no random generator."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import models, normalizers, pre_tokenizers, processors

from faami_core.config import ConsistencyConfig, ImageEncoderConfig, Interaction, ModelConfig, TextEncoderConfig
from faami_core.model.build import build_model
from faami_core.model.faami import Faami
from faami_core.types import ByteArray

WORDS = (
    "a are at beach beside boats bridge buildings green in lake many near of on parked planes pond red river road "
)
WORDS += "several some storage tank tanks terminal the there trees two water with"

TINY = ModelConfig(
    image=ImageEncoderConfig(image_size=64),
    consistency=ConsistencyConfig(covariance_width=4, layers=1, heads=2, feedforward=32),
    text=TextEncoderConfig(
        architecture={
            "model_type": "bert",
            "vocab_size": 64,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": 64,
        }
    ),
    width=16,
    grids={"fine": 4, "coarse": 2},
)


def write_tokenizer(file: Path) -> Path:
    """A WordPiece tokenizer over a few words; "##s" lets it split words it has not seen whole."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", ",", "-", "##s", "##yard", "ship", *WORDS.split()]
    tokenizer = FastTokenizer(
        models.WordPiece({word: number for number, word in enumerate(vocabulary)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    file.write_text(tokenizer.to_str(), encoding="utf-8")
    return file


def tiny_model(interaction: Interaction = "additive", *, formula: bool = False) -> Faami:
    """In eval mode; weights are seeded, or follow a formula."""
    torch.manual_seed(0)
    model = build_model(replace(TINY, interaction=interaction)).eval()
    if formula:
        with torch.no_grad():
            for number, parameter in enumerate(model.parameters()):
                index = torch.arange(parameter.numel(), dtype=torch.float64)
                values = torch.sin(index * 0.7 + number).mul(
                    0.9 / max(1.0, parameter[0].numel() ** 0.5 if parameter.ndim > 1 else 1.0)
                )
                parameter.copy_(values.view_as(parameter).float() + (1.0 if parameter.ndim == 1 else 0.0))
    return model


def some_images(count: int, size: int = 64, seed: int = 0) -> ByteArray:
    """Smooth coloured blobs on a gradient: more like an image than noise is."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    images = []
    for _ in range(count):
        centre, colour = generator.random(2), generator.random(3)
        blob = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) * 20)[..., None]
        images.append(255 * (0.5 * blob * colour + 0.4 * np.stack([x, y, x * y], axis=-1)))
    return np.clip(np.stack(images), 0, 255).astype(np.uint8)


def formula_image(size: int = 64) -> ByteArray:
    """An image that is the same on every machine."""
    y, x, channel = np.mgrid[0:size, 0:size, 0:3]
    return ((x * 3 + y * 5 + channel * 40 + (x * y) // 7) % 256).astype(np.uint8)


def load_golden(name: str) -> dict[str, object]:
    file = Path(__file__).parent / "golden" / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))
