"""Batches that fit: the exact sequence when a device is full, and images without finite features."""

from __future__ import annotations

import numpy as np
import pytest

from faami_core.errors import DeviceMemoryError
from faami_core.indexing import indexer
from faami_core.indexing.batch_encoder import BatchEncoder
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.indexer import index_collection
from faami_core.indexing.records import DecodedFile
from faami_core.types import ByteArray, ImageFeatures
from tests.stub_encoder import SIDE, StubEncoder


def some_files(count: int) -> list[DecodedFile]:
    generator = np.random.default_rng(count)
    return [
        DecodedFile(number, b"c", 1, 2, SIDE, SIDE, generator.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8))
        for number in range(count)
    ]


class SmallDevice(StubEncoder):
    """A GPU into whose memory ``fits`` images go at once; writes down every attempt."""

    def __init__(self, fits: int) -> None:
        super().__init__(device="cuda")
        self.fits = fits
        self.attempts: list[tuple[str, int]] = []

    def encode_images(self, images: ByteArray) -> ImageFeatures:
        self.attempts.append((self.info.device, len(images)))
        if self.info.device == "cuda" and len(images) > self.fits:
            raise DeviceMemoryError(f"{len(images)} images do not fit.")
        return super().encode_images(images)


def test_a_full_device_is_asked_for_32_16_8_4_2_1_and_then_the_cpu_goes_on():
    encoder = SmallDevice(fits=0)
    batches = BatchEncoder(encoder, 32, 8)

    kept, features, failed = batches.encode(some_files(32))

    assert encoder.attempts == [("cuda", size) for size in (32, 16, 8, 4, 2, 1)] + [("cpu", 8)] * 4
    assert (
        features.regions.tobytes() == BatchEncoder(StubEncoder(), 32, 8).encode(some_files(32))[1].regions.tobytes()
    )
    assert [file.file_id for file in kept] == list(range(32))
    assert failed == []
    assert len(batches.notices) == 1
    assert "'cuda'" in batches.notices[0]
    assert "CPU" in batches.notices[0]


def test_a_smaller_batch_that_fits_is_kept_for_the_rest_of_the_run():
    encoder = SmallDevice(fits=8)
    batches = BatchEncoder(encoder, 32, 8)

    batches.encode(some_files(32))
    batches.encode(some_files(20))

    assert [size for _, size in encoder.attempts] == [32, 16, 8, 8, 8, 8, 8, 8, 4]
    assert encoder.images_encoded == 52
    assert batches.notices == []


@pytest.mark.parametrize("error", [RuntimeError("cuDNN error"), MemoryError(), ValueError("shape")])
def test_other_errors_pass_at_once(error):
    class Broken(StubEncoder):
        def encode_images(self, images: ByteArray) -> ImageFeatures:
            self.images_encoded += 1
            raise error

    broken = Broken(device="cuda")

    with pytest.raises(type(error)):
        BatchEncoder(broken, 32, 8).encode(some_files(4))
    assert (broken.images_encoded, broken.info.device) == (1, "cuda")


@pytest.mark.parametrize("field", ["global_features", "key_scale", "value_scale"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_images_without_finite_features_fail_alone(field, value):
    class Nan(StubEncoder):
        def encode_images(self, images: ByteArray) -> ImageFeatures:
            features = super().encode_images(images)
            getattr(features, field)[[1, 3], -1] = value
            return features

    files = some_files(5)
    sound = BatchEncoder(StubEncoder(), 8, 8).encode(files)[1]

    kept, features, failed = BatchEncoder(Nan(), 8, 8).encode(files)

    assert [file.file_id for file in kept] == [0, 2, 4]
    assert [file.file_id for file in failed] == [1, 3]
    assert features.global_features.tobytes() == sound.global_features[[0, 2, 4]].tobytes()
    assert features.regions.tobytes() == sound.regions[[0, 2, 4]].tobytes()


def test_an_index_run_tells_that_it_went_on_on_the_cpu(image_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(indexer, "BATCH_SIZE", 4)
    encoder = SmallDevice(fits=0)

    with Catalog(tmp_path / "index", create=True) as catalog:
        report = index_collection(catalog, image_folder, encoder)
        again = index_collection(catalog, image_folder, encoder)

    assert encoder.images_encoded == 12
    assert len(report.notices) == 1
    assert again.notices == ()
