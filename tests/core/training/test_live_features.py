"""Random views made on the device, and encoders that run at every step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from faami_core.model.text_encoder import Tokenizer
from faami_core.model.window import Window
from faami_core.training import live_features
from faami_core.training.feature_cache import cache_states
from faami_core.training.live_features import LiveStates, LiveTaps, StoredImages, random_views
from faami_core.types import ByteArray
from tests.tiny_model import some_images, tiny_model, write_tokenizer

DEVICE = torch.device("cpu")


class FourImages:
    def __len__(self) -> int:
        return 4

    def image(self, number: int) -> ByteArray:
        return some_images(4)[number]


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No zoom, no change of brightness, contrast and colour."""
    monkeypatch.setattr(live_features, "_ZOOM", (1.0, 1.0))
    monkeypatch.setattr(live_features, "_TINT", 0.0)
    monkeypatch.setattr(live_features, "BRIGHTNESS", 0.0)
    monkeypatch.setattr(live_features, "CONTRAST", 0.0)


def dihedral_views(image: ByteArray) -> list[ByteArray]:
    turns = [np.rot90(image, count) for count in range(4)]
    return turns + [turn[:, ::-1] for turn in turns]


@pytest.mark.usefixtures("still")
def test_a_view_of_a_whole_image_is_one_of_its_turns_and_flips() -> None:
    torch.manual_seed(0)
    images = some_images(64, size=16)
    views = random_views(torch.from_numpy(images), 16, torch.ones(64, dtype=torch.bool)).numpy()
    found = [
        [index for index, turned in enumerate(dihedral_views(image)) if np.abs(view - turned).max() < 0.01]
        for image, view in zip(images, views, strict=True)
    ]
    assert all(found)
    assert len({matches[0] for matches in found}) == 8


@pytest.mark.usefixtures("still")
def test_an_image_whose_captions_name_a_direction_is_never_turned() -> None:
    images = some_images(16, size=16)
    views = random_views(torch.from_numpy(images), 16, torch.zeros(16, dtype=torch.bool)).numpy()
    np.testing.assert_allclose(views, images, atol=0.01)


@pytest.mark.usefixtures("still")
def test_a_small_view_shows_a_part_at_the_same_scale() -> None:
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[None, None, :, None], (8, 32, 32, 3))
    torch.manual_seed(0)
    views = random_views(torch.from_numpy(np.ascontiguousarray(ramp)), 16, torch.zeros(8, dtype=torch.bool)).numpy()
    steps = np.diff(views[:, :, :, 0], axis=2)
    np.testing.assert_allclose(steps, 1.0, atol=1e-3)
    assert len({round(float(view[0, 0, 0]), 3) for view in views}) > 4  # at different places


def test_the_light_of_a_view_has_a_colour_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_features, "BRIGHTNESS", 0.0)
    monkeypatch.setattr(live_features, "CONTRAST", 0.0)
    torch.manual_seed(0)
    grey = torch.full((32, 16, 16, 3), 100, dtype=torch.uint8)
    colours = random_views(grey, 16, torch.zeros(32, dtype=torch.bool))[:, 8, 8]
    assert 90 <= float(colours.min()) < 95
    assert 105 < float(colours.max()) <= 110
    assert float((colours.amax(dim=1) - colours.amin(dim=1)).median()) > 5


def test_views_repeat_with_the_seed_and_stay_in_range() -> None:
    images = torch.from_numpy(some_images(8, size=16))
    torch.manual_seed(3)
    first = random_views(images, 12, torch.ones(8, dtype=torch.bool))
    torch.manual_seed(3)
    again = random_views(images, 12, torch.ones(8, dtype=torch.bool))
    other = random_views(images, 12, torch.ones(8, dtype=torch.bool))
    assert first.shape == (8, 12, 12, 3)
    assert bool((first >= 0).all() and (first <= 255).all())
    torch.testing.assert_close(first, again)
    assert not torch.allclose(first, other)


def test_without_random_views_a_window_is_cut_out_as_it_is() -> None:
    encoder = tiny_model().image_encoder
    window = Window(1, 0, 1, 2)
    with torch.no_grad():
        taps = LiveTaps(FourImages(), encoder).batch(np.array([2, 0]), DEVICE, window)
        expected = encoder(torch.from_numpy(some_images(4)[[2, 0], 32:, :32].copy()))
    for tap, wanted in zip(taps, expected, strict=True):
        torch.testing.assert_close(tap, wanted)


def test_a_batch_in_blocks_gives_what_it_gives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, numbers = tiny_model().image_encoder, np.array([3, 1, 0])
    with torch.no_grad():
        whole = LiveTaps(FourImages(), encoder).batch(numbers, DEVICE)
        monkeypatch.setattr(live_features, "_BLOCK", 2)
        blocks = LiveTaps(FourImages(), encoder).batch(numbers, DEVICE)
    for one, other in zip(whole, blocks, strict=True):
        # A convolution sums in another order for another number of images; other images differ by far more.
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
        assert float((one[0] - one[1]).abs().max()) > 0.01


def test_stored_images_are_read_once() -> None:
    class Counting(FourImages):
        reads = 0

        def image(self, number: int) -> ByteArray:
            Counting.reads += 1
            return super().image(number)

    stored = StoredImages(Counting())
    for number in (3, 3, 1):
        np.testing.assert_array_equal(stored.image(number), some_images(4)[number])
    assert (len(stored), Counting.reads) == (4, 4)


def test_live_word_states_equal_cached_ones(tmp_path: Path) -> None:
    model = tiny_model()
    tokenizer = Tokenizer(write_tokenizer(tmp_path / "tokenizer.json"), 48)
    phrases = ["planes near the terminal .", "a river .", "several storage tanks beside a road ."]
    with torch.no_grad():
        cached = cache_states(tmp_path / "states.safetensors", phrases, model.text_encoder, tokenizer)
        live = LiveStates(phrases, model.text_encoder, tokenizer)
        for one, other in zip(cached.batch(phrases, DEVICE), live.batch(phrases, DEVICE), strict=True):
            attended = cached.batch(phrases, DEVICE)[1]
            torch.testing.assert_close(one[attended], other[attended], atol=2e-3, rtol=2e-3)
    assert live.words_of("a river .") == cached.words_of("a river .") == ("a", "river")


def test_a_long_caption_does_not_pad_short_ones_inside_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Tokenizer(write_tokenizer(tmp_path / "tokenizer.json"), 32)
    encoder = tiny_model().eval().text_encoder
    phrases = ["planes", "storage tanks near a river", "a river", "planes"] * 3
    states = LiveStates(phrases, encoder, tokenizer)
    encode, places = encoder.hidden_states, []

    def counted(ids: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        places.append(ids.numel())
        return encode(ids, attended)

    monkeypatch.setattr(encoder, "hidden_states", counted)
    _, attended, _ = states.batch(phrases, DEVICE)
    assert sum(places) < 0.8 * attended.numel()
