"""The bench of the indexer: it counts what was indexed and leaves nothing behind."""

from __future__ import annotations

import pytest

from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing.benchmark import measure_index_speed
from faami_core.types import CancelToken
from tests.stub_encoder import StubEncoder


def test_speeds_are_told_and_nothing_is_left_behind(image_folder, tmp_path):
    (image_folder / "bad.png").write_bytes(b"no")
    encoder = StubEncoder(seconds_per_batch=0.01)

    speed = measure_index_speed(encoder, lambda pixels: None, image_folder, tmp_path / "scratch")

    assert speed.images == 13
    assert speed.backbone > speed.model > speed.indexer > 0
    assert "% of the backbone" in str(speed)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_folder_without_images_has_no_speed(tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(CollectionError, match="no readable image"):
        measure_index_speed(StubEncoder(), lambda pixels: None, tmp_path / "empty", tmp_path / "scratch")


def test_a_cancelled_bench_tells_no_number(image_folder, tmp_path):
    cancel = CancelToken()

    class Cancelling(StubEncoder):
        def encode_images(self, images):
            cancel.cancel()
            return super().encode_images(images)

    with pytest.raises(CancelledError):
        measure_index_speed(Cancelling(), lambda pixels: None, image_folder, tmp_path / "scratch", cancel=cancel)
    assert list((tmp_path / "scratch").iterdir()) == []
