"""The bench of the indexer: it counts what was indexed and leaves nothing behind."""

from __future__ import annotations

import pytest

from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing.benchmark import measure_index_speed
from faami_core.types import CancelToken
from tests.stub_encoder import StubEncoder


def nothing(pixels):
    """A backbone that costs nothing."""


def test_speeds_are_told_and_nothing_is_left_behind(image_folder, tmp_path):
    (image_folder / "bad.png").write_bytes(b"no")
    encoder = StubEncoder(seconds_per_batch=0.01)

    speed = measure_index_speed(encoder, nothing, nothing, image_folder, tmp_path / "scratch")

    assert speed.images == 13
    assert min(speed.bare, speed.backbone) > speed.model > speed.indexer > 0
    assert f"the indexer has {speed.indexer / speed.model:.0%} of it" in str(speed)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_folder_without_images_has_no_speed(tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(CollectionError, match="no readable image"):
        measure_index_speed(StubEncoder(), nothing, nothing, tmp_path / "empty", tmp_path / "scratch")


def test_a_cancelled_bench_tells_no_number(image_folder, tmp_path):
    cancel = CancelToken()

    class Cancelling(StubEncoder):
        def encode_images(self, images):
            cancel.cancel()
            return super().encode_images(images)

    with pytest.raises(CancelledError):
        measure_index_speed(Cancelling(), nothing, nothing, image_folder, tmp_path / "scratch", cancel=cancel)
    assert list((tmp_path / "scratch").iterdir()) == []
