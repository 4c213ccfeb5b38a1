"""The whole model: shapes, the score as the sum of its evidence, and what must not change it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from faami_core.config import ConsistencyConfig, ModelConfig
from faami_core.errors import ModelError
from faami_core.model.build import build_model
from faami_core.model.cross_attention import AdditiveCrossAttention, word_weights
from faami_core.model.faami import EncodedImages, EncodedTexts, Faami
from faami_core.model.loss import contrastive_loss
from faami_core.model.text_encoder import Tokenizer
from tests.tiny_model import TINY, formula_image, load_golden, some_images, tiny_model

PHRASES = ["several storage tanks beside a river .", "planes parked", "two boats near the bridge, in green water"]


def encode(model: Faami, tokenizer: Tokenizer, phrases: list[str]) -> EncodedTexts:
    batch = tokenizer(phrases)
    return model.encode_texts(batch.ids, batch.attended, batch.scored)


@pytest.fixture(scope="module")
def images(model: Faami) -> EncodedImages:
    with torch.no_grad():
        return model.encode_images(torch.from_numpy(some_images(4)))


@pytest.fixture(scope="module")
def texts(model: Faami, tokenizer: Tokenizer) -> EncodedTexts:
    with torch.no_grad():
        return encode(model, tokenizer, PHRASES)


def test_images_become_regions_of_all_scales_and_a_unit_vector(images: EncodedImages) -> None:
    assert images.regions.shape == (4, 4 * 4 + 2 * 2, 16)
    assert torch.allclose(images.global_features.norm(dim=-1), torch.ones(4), atol=1e-6)


def test_phrases_become_words_and_a_unit_vector(texts: EncodedTexts) -> None:
    assert texts.words.shape[0] == 3
    assert texts.words.shape[2] == 16
    assert torch.allclose(texts.global_features.norm(dim=-1), torch.ones(3), atol=1e-6)


def test_evidence_sums_to_the_fine_score(model: Faami, images: EncodedImages, texts: EncodedTexts) -> None:
    assert isinstance(model.alignment, AdditiveCrossAttention)
    regions = model.alignment.project_regions(images.regions)
    tokens = model.alignment.project_words(texts.words, texts.scored)
    evidence = model.alignment.evidence(regions, tokens)
    fine = model.similarities(images, texts).fine_scores
    assert fine is not None
    for phrase in range(3):
        total = evidence[tokens.phrase == phrase].sum(dim=(0, 2))
        assert torch.allclose(total, fine[:, phrase], atol=1e-5)
    assert float(evidence.detach().abs().max()) <= 1.0


def test_attention_sums_to_one_over_regions_and_word_weights_to_one_over_a_phrase(
    model: Faami, images: EncodedImages, texts: EncodedTexts
) -> None:
    assert isinstance(model.alignment, AdditiveCrossAttention)
    tokens = model.alignment.project_words(texts.words, texts.scored)
    attention = model.alignment.attention_weights(model.alignment.project_regions(images.regions), tokens)
    assert torch.allclose(attention.sum(dim=-1), torch.ones(attention.shape[:2]), atol=1e-5)
    sums = torch.zeros(3).index_add(0, tokens.phrase, tokens.weights)
    assert torch.allclose(sums, torch.ones(3), atol=1e-5)


@pytest.mark.parametrize("interaction", ["additive", "layer", "none"])
def test_padding_and_batch_order_change_nothing(interaction: str, tokenizer: Tokenizer) -> None:
    model = tiny_model(interaction)  # type: ignore[arg-type]
    pixels = torch.from_numpy(some_images(3))
    with torch.no_grad():
        together = model.similarities(model.encode_images(pixels), encode(model, tokenizer, PHRASES)).combined(0.4)
        reversed_order = model.similarities(
            model.encode_images(pixels.flip(0)), encode(model, tokenizer, PHRASES[::-1])
        ).combined(0.4)
        alone = torch.stack(
            [
                model.similarities(
                    model.encode_images(pixels[i : i + 1]), encode(model, tokenizer, [phrase])
                ).combined(0.4)
                for i in range(3)
                for phrase in PHRASES
            ]
        ).view(3, 3)
    assert torch.allclose(together, reversed_order.flip(0, 1), atol=1e-5)
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("interaction", ["additive", "layer", "none"])
def test_gradients_reach_every_parameter(interaction: str, tokenizer: Tokenizer) -> None:
    model = tiny_model(interaction)  # type: ignore[arg-type]
    model.train()
    similarities = model.similarities(
        model.encode_images(torch.from_numpy(some_images(3))), encode(model, tokenizer, PHRASES)
    )
    loss = contrastive_loss(5 * similarities.global_scores, torch.eye(3, dtype=torch.bool))
    if similarities.fine_scores is not None:
        loss = loss + contrastive_loss(5 * similarities.fine_scores, torch.eye(3, dtype=torch.bool))
    loss.backward()
    silent = [
        name for name, value in model.named_parameters() if value.grad is None or not value.grad.abs().sum() > 0
    ]
    # A key bias shifts all logits of a softmax alike; without an interaction nothing asks for single words.
    idle = ("key.bias",) if interaction != "none" else ("key.bias", "word_projection", "word_norm")
    assert [name for name in silent if not any(part in name for part in idle)] == []


def test_the_fine_score_needs_words_that_match_not_only_attention(model: Faami, images: EncodedImages) -> None:
    assert isinstance(model.alignment, AdditiveCrossAttention)
    regions = model.alignment.project_regions(images.regions)
    words = torch.randn(1, 3, 16, generator=torch.Generator().manual_seed(1))
    tokens = model.alignment.project_words(words, torch.ones(1, 3, dtype=torch.bool))
    opposite = replace(tokens, words=-tokens.words)
    assert torch.allclose(
        model.alignment.fine_scores(regions, tokens), -model.alignment.fine_scores(regions, opposite), atol=1e-6
    )


@pytest.mark.parametrize(
    ("grids", "regions"), [({"fine": 8, "coarse": 2}, 68), ({"coarse": 2}, 4), ({"a": 4, "b": 3, "c": 1}, 26)]
)
def test_grids_are_config(grids: dict[str, int], regions: int) -> None:
    model = build_model(replace(TINY, grids=grids)).eval()
    with torch.no_grad():
        assert model.encode_images(torch.from_numpy(some_images(1))).regions.shape == (1, regions, 16)


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenetv3_small_100", "swin_tiny_patch4_window7_224"])
def test_other_backbones_are_a_name(backbone: str) -> None:
    size = 224 if "swin" in backbone else 64
    image = replace(TINY.image, backbone=backbone, image_size=size)
    model = build_model(replace(TINY, image=image, grids={"fine": 4, "coarse": 2})).eval()
    with torch.no_grad():
        encoded = model.encode_images(torch.from_numpy(some_images(1, size)))
    assert encoded.regions.shape == (1, 20, 16)


def test_steps_of_the_consistency_enhancement_can_be_left_out() -> None:
    config = replace(TINY, consistency=ConsistencyConfig(channel_attention=False, layers=0, heads=2))
    names = [name for name, _ in build_model(config).named_parameters()]
    assert not any("gate" in name or "encoder.0" in name for name in names if name.startswith("enhancement"))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (replace(TINY, grids={"fine": 16}), "as fine as a grid of 16"),
        (replace(TINY, image=replace(TINY.image, backbone="no_such_net")), "no_such_net"),
        (replace(TINY, image=replace(TINY.image, strides=(3,))), "stride 3"),
        (replace(TINY, width=15), "evenly"),
        (replace(TINY, width=10**9), "width"),
        (replace(TINY, text=replace(TINY.text, architecture={"model_type": "no_such"})), "text encoder"),
    ],
)
def test_impossible_configs_are_refused_with_a_sentence(config: ModelConfig, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        build_model(config)


def test_scores_equal_the_golden_numbers(tokenizer: Tokenizer) -> None:
    golden = load_golden("tiny_model")
    model = tiny_model(formula=True)
    with torch.no_grad():
        similarities = model.similarities(
            model.encode_images(torch.from_numpy(formula_image()[None])), encode(model, tokenizer, PHRASES)
        )
    assert similarities.fine_scores is not None
    np.testing.assert_allclose(similarities.global_scores[0].numpy(), golden["global_scores"], atol=1e-5)
    np.testing.assert_allclose(similarities.fine_scores[0].numpy(), golden["fine_scores"], atol=1e-5)


def test_no_word_can_swallow_the_phrase() -> None:
    scored = torch.tensor([[True, True, True, True, False]])
    weights = word_weights(torch.tensor([[100.0, -100.0, -100.0, -100.0, 0.0]]), scored)
    assert float(weights.sum()) == pytest.approx(1.0)
    assert float(weights[0, 4]) == 0.0
    assert float(weights[0, 0] / weights[0, 1]) == pytest.approx(np.e**2, rel=1e-4)


def test_attention_grows_no_sharper_than_a_softmax_can_learn_from() -> None:
    alignment = AdditiveCrossAttention(4)
    assert alignment.sharpness.item() == pytest.approx(9)
    for wanted, kept in ((1.0, 1.0), (99.0, 99.0), (100.0, 100.0), (101.0, 100.0), (1e6, 100.0)):
        with torch.no_grad():
            alignment.log_sharpness.fill_(np.log(wanted))
        assert alignment.sharpness.item() == pytest.approx(kept, rel=1e-4)
