"""Windows: training sees a part of the image as the part it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from faami_core.model.window import Window
from faami_core.types import GridSpec
from tests.tiny_model import TINY, some_images, tiny_model

GRIDS = (GridSpec("fine", 4, 4), GridSpec("coarse", 2, 2))


def test_a_window_names_its_pixels_and_regions() -> None:
    window = Window(top=0, left=1, side=1, of=2)
    assert window.pixels(64) == (slice(0, 32), slice(32, 64))
    fine, coarse = window.regions(GRIDS)
    assert fine.tolist() == [2, 3, 6, 7]
    assert coarse.tolist() == [17]


def test_a_window_of_everything_changes_nothing() -> None:
    model, images = tiny_model(), torch.from_numpy(some_images(2))
    with torch.no_grad():
        whole = model.encode_images(images)
        windowed = model.encode_taps(model.image_encoder(images), Window(0, 0, 2, 2))
    torch.testing.assert_close(windowed.regions, whole.regions)
    torch.testing.assert_close(windowed.global_features, whole.global_features)


@pytest.mark.parametrize("top", [0, 1])
def test_regions_of_a_window_keep_their_position_embeddings(top: int) -> None:
    model = tiny_model()
    window = Window(top, 1, 1, 2)
    taps = model.image_encoder(torch.zeros((1, 32, 32, 3), dtype=torch.uint8))
    ramp = torch.linspace(-1, 1, TINY.width)  # an even shift would be taken out by the layer norm
    with torch.no_grad():
        before = model.encode_taps(taps, window).regions
        model.enhancement.position_embedding[torch.cat(window.regions(TINY.grid_specs))] += ramp
        inside = model.encode_taps(taps, window).regions
        outside = model.encode_taps(taps, Window(1 - top, 1, 1, 2)).regions
        model.enhancement.position_embedding[torch.cat(window.regions(TINY.grid_specs))] -= ramp
        unmoved = model.encode_taps(taps, Window(1 - top, 1, 1, 2)).regions
    assert before.shape == (1, 4 + 1, TINY.width)
    assert not torch.allclose(before, inside)
    torch.testing.assert_close(outside, unmoved)


def test_taps_of_a_window_are_smaller_in_proportion() -> None:
    encoder = tiny_model().image_encoder
    whole = encoder(torch.from_numpy(np.zeros((1, 64, 64, 3), dtype=np.uint8)))
    part = encoder(torch.from_numpy(np.zeros((1, 32, 32, 3), dtype=np.uint8)))
    assert [tap.shape[-1] * 2 for tap in part] == [tap.shape[-1] for tap in whole]
