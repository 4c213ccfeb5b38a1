"""The global feature from several heads, and from the one linear projection of a model without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from faami_core.errors import ModelError
from faami_core.model.build import build_model
from faami_core.model.global_heads import GlobalHeads
from tests.tiny_model import TINY, some_images


def test_the_cosine_of_whole_features_is_the_mean_over_the_heads() -> None:
    torch.manual_seed(0)
    images, texts = GlobalHeads(6, 12, heads=3).eval(), GlobalHeads(5, 12, heads=3).eval()
    one, other = images(torch.randn(4, 6)), texts(torch.randn(4, 5))
    assert one.shape == (4, 12)
    heads = zip(one.chunk(3, dim=1), other.chunk(3, dim=1), strict=True)
    mean = torch.stack([functional.cosine_similarity(first, second) for first, second in heads]).mean(dim=0)
    torch.testing.assert_close(functional.cosine_similarity(one, other), mean)


def test_heads_start_apart_and_drop_out_in_training_only() -> None:
    torch.manual_seed(0)
    heads, whole = GlobalHeads(6, 8, heads=2), torch.randn(3, 6)
    first, second = heads.eval()(whole).chunk(2, dim=1)
    assert not torch.allclose(first, second)
    torch.testing.assert_close(heads(whole), heads(whole))
    heads.train()
    assert not torch.allclose(heads(whole), heads(whole))


def test_heads_see_the_layers_of_the_backbone_too() -> None:
    """With its regions replaced by noughts, an image still has a feature that differs from another one's."""
    torch.manual_seed(0)
    images = torch.from_numpy(some_images(2))
    for heads, alike in ((4, False), (0, True)):
        model = build_model(replace(TINY, global_heads=heads)).eval()
        model.enhancement.norm.weight.data.zero_()
        with torch.no_grad():
            one, other = model.encode_images(images).global_features
        assert torch.allclose(one, other) is alike


def test_global_features_have_length_1_and_the_width_of_the_model() -> None:
    model = build_model(replace(TINY, global_heads=4)).eval()
    with torch.no_grad():
        images = model.encode_images(torch.from_numpy(some_images(2))).global_features
        ids = torch.tensor([[2, 10, 11, 3]])
        texts = model.encode_texts(ids, torch.ones_like(ids, dtype=torch.bool), ids > 3).global_features
    for features in (images, texts):
        assert features.shape[1] == TINY.width
        torch.testing.assert_close(features.norm(dim=1), torch.ones(len(features)))


def test_a_model_without_heads_keeps_the_names_of_its_weights() -> None:
    names = set(build_model(TINY).state_dict())
    assert {"global_projection.weight", "text_encoder.global_projection.weight"} <= names
    assert not any("heads" in name for name in names)


@pytest.mark.parametrize(("heads", "says"), [(3, "evenly over its global heads"), (17, "global_heads = 17")])
def test_an_impossible_number_of_heads_is_refused(heads: int, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        build_model(replace(TINY, global_heads=heads))
