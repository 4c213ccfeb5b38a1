"""Folding BatchNorm changes the speed of a network, not what it computes."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

from faami_core.model.folding import fold_batch_norms


def norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def randomise(network: nn.Module) -> None:
    """Untrained BatchNorms do nothing, which would hide a wrong fold."""
    torch.manual_seed(0)
    for norm in norms(network):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.1)
        nn.init.normal_(norm.running_mean, std=0.1)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18", "resnetv2_18"])
def test_a_folded_backbone_computes_the_same(name: str) -> None:
    network = timm.create_model(name, features_only=True, pretrained=False).eval()
    randomise(network)
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        before = network(images)
    count = len(norms(network))

    folded = fold_batch_norms(network)

    assert folded == count - len(norms(network)) > 0
    with torch.inference_mode():
        for expected, got in zip(before, network(images), strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_the_usual_backbone_keeps_no_batch_norm() -> None:
    network = timm.create_model("tf_efficientnet_lite0", features_only=True, pretrained=False).eval()

    fold_batch_norms(network)

    assert not norms(network)


class ReadTwice(nn.Module):
    """What the convolution gives goes into the sum as well."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raw = self.convolution(images)
        return raw + self.norm(raw)


class Untraceable(nn.Module):
    """Looks at its pixels to decide what to do."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(self.convolution(images if images.sum() > 0 else -images))


@pytest.mark.parametrize("network", [ReadTwice(), Untraceable()])
def test_a_network_that_cannot_be_folded_stays_as_it_is(network: nn.Module) -> None:
    assert fold_batch_norms(network.eval()) == 0
    assert len(norms(network)) == 1
