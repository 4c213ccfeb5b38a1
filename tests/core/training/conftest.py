from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from faami_core.config import TextEncoderConfig, TrainingConfig
from tests.tiny_model import TINY, some_images, tiny_model, write_tokenizer

SENTENCES = (
    "many storage tanks near a river .",
    "planes parked at the terminal .",
    "a pond with green trees .",
    "a bridge over water .",
)
TINTS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))


@pytest.fixture
def training_config(tmp_path: Path) -> TrainingConfig:
    """Sixteen tiny images of four tinted classes in the RSICD layout, and tiny starting weights in local folders."""
    images = tmp_path / "images"
    images.mkdir()
    entries = []
    for number, pixels in enumerate(some_images(16)):
        name = f"{('tanks', 'airport', 'pond', 'bridge')[number % 4]}_{number}.png"
        tinted = pixels // 2 + np.array(TINTS[number % 4], dtype=np.uint8) // 2
        Image.fromarray(tinted).save(images / name)
        own = SENTENCES[number % 4]
        sentences = [{"raw": own}, {"raw": f"here is {own}"}, {"raw": own}]
        entries.append({"filename": name, "split": "val" if number >= 12 else "train", "sentences": sentences})
    (tmp_path / "captions.json").write_text(json.dumps({"dataset": "made", "images": entries}))
    model = tiny_model()
    text = tmp_path / "text"
    text.mkdir()
    (text / "config.json").write_text(json.dumps(TINY.text.architecture))
    write_tokenizer(text / "tokenizer.json")
    save_file(
        {f"bert.{name}": value for name, value in model.text_encoder.bert.state_dict().items()},
        text / "model.safetensors",
    )
    save_file(dict(model.image_encoder.backbone.state_dict()), tmp_path / "backbone.safetensors")
    return TrainingConfig(
        captions=str(tmp_path / "captions.json"),
        images=str(images),
        output=str(tmp_path / "run"),
        image_weights=str(tmp_path / "backbone.safetensors"),
        text_weights=str(text),
        model=replace(TINY, text=TextEncoderConfig()),
        scenes=6,
        mosaics=4,
        views=2,
        epochs=3,
        batch_size=4,
        scene_batch=3,
        mosaic_batch=2,
        margin_weight=0.5,
        checkpoint_minutes=0.0,
    )
