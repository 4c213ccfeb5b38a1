"""What a run trains, and how fast."""

from __future__ import annotations

from dataclasses import replace

import torch

from faami_core.config import TrainingConfig
from faami_core.training.trained import Trained
from tests.tiny_model import tiny_model


def test_frozen_encoders_are_left_out() -> None:
    trained = Trained(tiny_model(), TrainingConfig(), classes=0)
    assert not any("encoder." in name and "enhancement" not in name for name, _ in trained.named_parameters())


def test_frozen_parts_of_a_trained_encoder_get_no_gradient() -> None:
    model = tiny_model()
    config = TrainingConfig(image_learning_rate=1e-4, image_frozen=("conv_stem", "blocks.0", "blocks.1"))
    names = {name for name, _ in Trained(model, config, classes=0).trained_parameters()}
    assert "image_encoder.blocks.2.0.conv_pw.weight" in names
    assert not any(name.startswith(("image_encoder.conv_stem", "image_encoder.blocks.1")) for name in names)
    taps = model.image_encoder(torch.zeros((1, 64, 64, 3), dtype=torch.uint8))
    sum(tap.sum() for tap in taps).backward()
    assert model.image_encoder.backbone.conv_stem.weight.grad is None
    assert model.image_encoder.backbone.blocks[2][0].conv_pw.weight.grad is not None


def test_every_part_has_its_rate_and_vectors_do_not_decay() -> None:
    config = TrainingConfig(
        learning_rate=1e-3, image_learning_rate=1e-4, text_learning_rate=1e-5, text_layer_decay=0.5, weight_decay=0.1
    )
    model = tiny_model()
    trained = Trained(model, config, classes=0)
    rate = {}
    for group in trained.parameter_groups():
        for value in group["params"]:
            rate[id(value)] = group["rate"]
            assert group["weight_decay"] == (0.1 if value.ndim >= 2 else 0.0)
    parameters = dict(trained.trained_parameters())
    assert len(rate) == len(parameters)
    assert rate[id(parameters["word_projection.weight"])] == 1e-3
    assert rate[id(parameters["image_encoder.blocks.3.0.conv_pw.weight"])] == 1e-4
    assert rate[id(parameters["text_encoder.encoder.layer.0.output.dense.weight"])] == 1e-5
    assert not any(name.startswith("text_encoder.embeddings") for name in parameters)


def test_earlier_text_layers_learn_slower() -> None:
    config = TrainingConfig(text_learning_rate=1e-5, text_layer_decay=0.5, text_frozen=())
    trained = Trained(tiny_model(), config, classes=0)
    embeddings = dict(trained.trained_parameters())["text_encoder.embeddings.word_embeddings.weight"]
    group = next(g for g in trained.parameter_groups() if any(value is embeddings for value in g["params"]))
    assert group["rate"] == 0.5e-5


def test_the_queue_forgets_the_oldest() -> None:
    trained = Trained(tiny_model(), replace(TrainingConfig(), queue=3), classes=0)
    for number in range(3):
        features = torch.full((2, 16), float(number))
        trained.enqueue(features, features, torch.tensor([number, number]), torch.tensor([number, number]))
    assert trained.queue_examples.tolist() == [2, 2, 1]
    assert trained.queue_images[:, 0].tolist() == [2.0, 2.0, 1.0]
