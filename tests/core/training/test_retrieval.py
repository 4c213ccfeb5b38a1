"""Which captions fit which images, in the batch and in the queue of past ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from faami_core.config import TrainingConfig
from faami_core.data.captions import CaptionedImage
from faami_core.model.faami import EncodedImages, EncodedTexts, Faami
from faami_core.model.loss import one_way_contrastive_loss
from faami_core.training.preparation import TrainingData, prepare, starting_model
from faami_core.training.retrieval import RetrievalObjective, number_captions, number_classes
from faami_core.training.trained import Trained

DEVICE = torch.device("cpu")


def captioned(name: str, *captions: str) -> CaptionedImage:
    return CaptionedImage(Path(name), "train", captions)


def test_the_same_sentence_has_the_same_number_in_every_image() -> None:
    number, own = number_captions([captioned("a.jpg", "x", "y"), captioned("b.jpg", "y"), captioned("c.jpg", "z")])
    assert own[0, 1] == own[1, 0] == number["y"]
    assert own[1, 1] < -1
    assert len({*own[0], *own[2]} - {-2}) == 3


def test_images_without_a_class_in_their_name_have_no_class() -> None:
    examples = [captioned("pond_1.jpg"), captioned("00012.jpg"), captioned("airport_3.jpg"), captioned("pond_9.jpg")]
    assert number_classes(examples).tolist() == [1, -1, 0, 1]


@pytest.fixture
def prepared(training_config: TrainingConfig) -> tuple[TrainingConfig, Faami, TrainingData]:
    config = replace(training_config, queue=6, scenes=0, class_weight=0.3)
    model, tokenizer, _ = starting_model(config)
    return config, model, prepare(config, model, tokenizer)


def test_an_image_may_meet_several_of_its_captions_at_once(
    prepared: tuple[TrainingConfig, Faami, TrainingData],
) -> None:
    config, model, data = prepared
    config = replace(config, captions_per_image=2, queue=0)
    objective = RetrievalObjective(config, data, Trained(model, config, classes=4), DEVICE)
    batch = objective.draw(np.array([3, 0, 2]), np.random.default_rng(0))
    assert len(batch.captions) == 6
    for row, example in enumerate((3, 0, 2)):
        own = data.train[example].captions
        assert batch.captions[row] in own
        assert batch.captions[3 + row] in own
        assert batch.positives[row].tolist() == [caption in own for caption in batch.captions]
    images, _ = encoded(3, 16, seed=1)
    _, texts = encoded(6, 16, seed=2)
    right = replace(texts, global_features=images.global_features.repeat(2, 1))
    good, bad = (objective.losses(model, batch, images, some)["global"].item() for some in (right, texts))
    assert good < bad


def encoded(count: int, width: int, seed: int) -> tuple[EncodedImages, EncodedTexts]:
    generator = torch.Generator().manual_seed(seed)
    whole = functional.normalize(torch.randn(2 * count, width, generator=generator), dim=-1)
    regions = torch.randn(count, 20, width, generator=generator)
    words = torch.randn(count, 5, width, generator=generator)
    scored = torch.ones(count, 5, dtype=torch.bool)
    return EncodedImages(regions, whole[:count]), EncodedTexts(words, scored, whole[count:])


def test_past_samples_join_the_comparison_and_identical_sentences_stay_positives(
    prepared: tuple[TrainingConfig, Faami, TrainingData],
) -> None:
    config, model, data = prepared
    trained = Trained(model, config, classes=4)
    objective = RetrievalObjective(config, data, trained, DEVICE)
    first = objective.draw(np.array([0, 1, 2, 3]), np.random.default_rng(0))
    second = objective.draw(np.array([4, 5, 6, 7]), np.random.default_rng(1))
    images, texts = encoded(4, 16, seed=1)
    past_images, past_texts = encoded(4, 16, seed=2)
    objective.losses(model, first, past_images, past_texts)
    assert trained.queue_examples.tolist() == [0, 1, 2, 3, -1, -1]
    found = objective.losses(model, second, images, texts)["global"]

    def fits(examples: np.ndarray, captions: list[str]) -> torch.Tensor:
        return torch.tensor([[caption in data.train[int(e)].captions for caption in captions] for e in examples])

    sharpness = float(torch.exp(-trained.log_temperatures[0].detach()))
    all_texts = torch.cat([texts.global_features, past_texts.global_features])
    all_images = torch.cat([images.global_features, past_images.global_features])
    rows = one_way_contrastive_loss(
        sharpness * images.global_features @ all_texts.T, fits(second.examples, second.captions + first.captions)
    )
    everything = np.concatenate([second.examples, first.examples])
    columns = one_way_contrastive_loss(
        sharpness * texts.global_features @ all_images.T, fits(everything, second.captions).T
    )
    torch.testing.assert_close(found, 0.5 * (rows + columns))
    assert trained.queue_examples.tolist() == [4, 5, 6, 7, 0, 1]


def test_the_class_loss_falls_when_the_class_is_known(
    prepared: tuple[TrainingConfig, Faami, TrainingData],
) -> None:
    config, model, data = prepared
    trained = Trained(model, config, classes=4)
    objective = RetrievalObjective(config, data, trained, DEVICE)
    batch = objective.draw(np.array([0, 1, 2, 3]), np.random.default_rng(0))
    images, texts = encoded(4, 16, seed=1)
    optimizer = torch.optim.Adam(trained.class_scores.parameters(), lr=0.1)
    curve = []
    for _ in range(30):
        loss = objective.losses(model, batch, images, texts)["class"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(float(loss.detach()))
    assert curve[-1] < 0.2 * curve[0]
