"""Encoders of the size of the literature: with random weights, for shapes, memory and one training step."""

from __future__ import annotations

import json
import resource
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from faami_core.config import TrainingConfig, resources_dir
from faami_core.model.build import build_model
from faami_core.training.run import read_training_config, train
from tests.tiny_model import write_tokenizer

BERT_BASE = {
    "model_type": "bert",
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
}
MOST_MEMORY_KB = 12_000_000  # of the test process, weights, moments and one batch of twelve together


@pytest.mark.slow
@pytest.mark.parametrize(("name", "millions"), [("rsicd-resnet50-bert", 135), ("rsicd-swin-bert", 140)])
def test_a_config_of_the_literature_trains_one_step_from_random_weights(
    name: str, millions: int, training_config: TrainingConfig, tmp_path: Path
) -> None:
    shipped = read_training_config(resources_dir() / "configs" / f"{name}.toml")
    text = tmp_path / "bert"
    text.mkdir()
    (text / "config.json").write_text(json.dumps(BERT_BASE))
    write_tokenizer(text / "tokenizer.json")
    config = replace(shipped.model, text=replace(shipped.model.text, architecture=BERT_BASE))
    model = build_model(config)
    assert sum(value.numel() for value in model.parameters()) / 1e6 == pytest.approx(millions, abs=6)
    with torch.inference_mode():
        encoded = model.eval().encode_images(torch.zeros((2, 224, 224, 3), dtype=torch.uint8))
    assert encoded.regions.shape == (2, 14 * 14 + 7 * 7, 512)
    state = model.text_encoder.bert.state_dict()
    save_file({f"bert.{key}": value.clone() for key, value in state.items()}, text / "model.safetensors")
    save_file(
        {key: value.clone() for key, value in model.image_encoder.backbone.state_dict().items()},
        tmp_path / "image.safetensors",
    )
    run = replace(
        shipped,
        captions=training_config.captions,
        images=training_config.images,
        output=str(tmp_path / "run"),
        image_weights=str(tmp_path / "image.safetensors"),
        text_weights=str(text),
        scenes=0,
        mosaics=1,
        mosaic_sides=(2,),
        mosaic_batch=1,
        batch_size=12,
        epochs=1,
    )
    train(run, device="cpu")
    (line,) = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert {"global", "fine", "cell", "class"} <= json.loads(line).keys()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST_MEMORY_KB
