"""Augmentation keeps captions true and is a pure function of its generator."""

from __future__ import annotations

import numpy as np
import pytest

from faami_core.data.transforms import augment, dihedral, names_direction
from tests.tiny_model import some_images


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a river on the left .", True),
        ("the northern part is green .", True),
        ("a road runs vertically .", True),
        ("many leftover boats .", False),
        ("several storage tanks beside a river .", False),
    ],
)
def test_captions_with_directions_are_found(caption: str, expected: bool) -> None:
    assert names_direction([caption]) is expected


def test_the_eight_operations_are_eight_different_images() -> None:
    pixels = some_images(1)[0]
    views = [dihedral(pixels, operation) for operation in range(8)]
    assert np.array_equal(views[0], pixels)
    assert len({view.tobytes() for view in views}) == 8
    assert all(np.array_equal(np.sort(view, axis=None), np.sort(pixels, axis=None)) for view in views)


def test_the_same_seed_gives_the_same_view() -> None:
    pixels = some_images(1)[0]
    first, second, other = (augment(pixels, 48, np.random.default_rng(seed), turn=True) for seed in (3, 3, 4))
    assert first.shape == (48, 48, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_without_turning_up_stays_up() -> None:
    pixels = np.zeros((64, 64, 3), dtype=np.uint8)
    pixels[:32] = 200
    for seed in range(12):
        view = augment(pixels, 32, np.random.default_rng(seed), turn=False).astype(int)
        assert view[:8].mean() > view[-8:].mean() + 60
