"""Image sets: numbered, repeatable, and with honest truth for evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.data.captions import CaptionedImage
from faami_core.data.dataset import AugmentedImages, Mosaics, PlainImages, SceneImages, Thing, region_coverage
from faami_core.errors import CancelledError
from faami_core.types import CancelToken, GridSpec
from tests.tiny_model import some_images

GRIDS = (GridSpec("fine", 14, 14), GridSpec("coarse", 7, 7))
COLOURS = {"airport": (255, 0, 0), "pond": (0, 255, 0), "bridge": (0, 0, 255), "port": (255, 255, 0)}


@pytest.fixture
def examples(tmp_path: Path) -> list[CaptionedImage]:
    """Two plain images of each of four classes."""
    found = []
    for number in range(8):
        name = list(COLOURS)[number % 4]
        path = tmp_path / f"{name}_{number}.png"
        Image.new("RGB", (40, 40), COLOURS[name]).save(path)
        found.append(CaptionedImage(path, "train", (f"a {name} .",)))
    return found


def test_plain_images_are_squashed_to_the_model_input(examples: list[CaptionedImage]) -> None:
    images = PlainImages(examples, 32)
    assert len(images) == 8
    assert images.image(1).shape == (32, 32, 3)
    assert (images.image(1) == COLOURS["pond"]).all()


def test_views_are_numbered_view_by_view_and_the_first_is_plain(
    examples: list[CaptionedImage], tmp_path: Path
) -> None:
    path = tmp_path / "blob_1.png"
    Image.fromarray(some_images(1)[0]).save(path)
    images = AugmentedImages([CaptionedImage(path, "train", ("a pond .",)), *examples], 3, 64, seed=1)
    assert len(images) == 27
    assert np.array_equal(images.image(0), some_images(1)[0])
    assert np.array_equal(images.image(9), images.image(9))
    assert not np.array_equal(images.image(9), images.image(18))


def test_a_mosaic_shows_each_member_in_its_cell(examples: list[CaptionedImage]) -> None:
    mosaics = Mosaics.draw(examples, 5, 64, seed=3)
    assert len(mosaics) == 5
    for number in range(5):
        members = [examples[int(index)] for index in mosaics.members[number]]
        assert len({member.scene_class for member in members}) == 4
        image = mosaics.image(number)
        for cell, member in enumerate(members):
            row, column = divmod(cell, 2)
            part = image[row * 32 : row * 32 + 32, column * 32 : column * 32 + 32]
            assert (part == COLOURS[member.scene_class]).all()


def test_the_cells_of_a_mosaic_share_out_every_region(examples: list[CaptionedImage]) -> None:
    coverage = Mosaics.draw(examples, 1, 224, seed=3).cell_coverage(GRIDS)
    assert coverage.shape == (4, 245)
    np.testing.assert_allclose(coverage.sum(axis=0), 1.0, atol=1e-5)
    middle_column_of_coarse = coverage[0, 196:].reshape(7, 7)[0, 3]
    assert middle_column_of_coarse == pytest.approx(0.5)


def test_the_cells_of_a_mosaic_share_out_every_pixel(examples: list[CaptionedImage]) -> None:
    for size in (64, 65):
        masks = Mosaics.draw(examples, 1, size, seed=3).cell_masks()
        assert (masks.sum(axis=0) == 1).all()


def test_mosaics_need_enough_classes(examples: list[CaptionedImage]) -> None:
    with pytest.raises(ValueError, match="classes"):
        Mosaics.draw(examples[:2], 1, 64, seed=0)


def test_coverage_is_the_share_of_each_region() -> None:
    mask = np.zeros((10, 10), dtype=bool)
    mask[:5] = True
    grid = region_coverage(mask, (GridSpec("odd", 3, 1),))
    np.testing.assert_allclose(grid, [1.0, 0.5, 0.0], atol=1e-6)
    everything = region_coverage(np.ones((61, 97), dtype=bool), GRIDS)
    np.testing.assert_allclose(everything, 1.0, atol=1e-5)


def test_scenes_carry_their_things_and_what_they_lack() -> None:
    scenes = SceneImages.render(6, 64, 0, GRIDS)
    assert len(scenes) == len(scenes.captions) == 6
    assert scenes.image(2).shape == (64, 64, 3)
    generator = np.random.default_rng(0)
    for scene in range(6):
        things = scenes.things_of(scene)
        assert things
        assert all(0 < thing.coverage.max() <= 1 + 1e-5 for thing in things)
        absent = scenes.absent_thing(scene, generator)
        named = " ".join(scenes.captions[scene]).split()
        assert absent is None or absent.word not in named


def test_a_scene_that_shows_all_there_is_lacks_nothing_and_one_that_lacks_something_is_given_that() -> None:
    thing = Thing(0, "river", np.ones(1, dtype=np.float32))
    other = Thing(1, "pier", np.ones(1, dtype=np.float32))
    pixels = [np.zeros((8, 8, 3), dtype=np.uint8)] * 2
    generator = np.random.default_rng(0)
    same = SceneImages(pixels, [("a river .",), ("the river .",)], [thing, replace(thing, scene=1)])
    assert [same.absent_thing(scene, generator) for scene in range(2)] == [None, None]
    mixed = SceneImages(pixels, [("a river near a pier .",), ("a pier .",)], [thing, other])
    assert [mixed.absent_thing(scene, generator) for scene in range(2)] == [None, thing]


def test_making_scenes_can_be_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        SceneImages.render(6, 64, 0, GRIDS, cancel=token)
