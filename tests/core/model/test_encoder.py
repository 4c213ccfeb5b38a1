"""The model as indexing and search use it: stored features give the model's own scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from faami_core.errors import DeviceMemoryError, ModelError, QueryError
from faami_core.model.encoder import FaamiEncoder, as_sentence, choose_device
from faami_core.model.faami import Faami
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.text_encoder import TokenBatch, Tokenizer
from faami_core.model.weights import Checkpoint, load_checkpoint, save_checkpoint
from faami_core.types import ImageFeatures
from tests.tiny_model import some_images, tiny_model


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory, tokenizer_file: Path) -> FaamiEncoder:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_checkpoint(folder, tiny_model(), tokenizer_file, ["several", "storage", "tanks", "river", "ship", "yard"])
    return FaamiEncoder.load(folder, "cpu")


@pytest.fixture(scope="module")
def features(encoder: FaamiEncoder) -> ImageFeatures:
    return encoder.encode_images(some_images(40))


def align(encoder: FaamiEncoder, text: str, features: ImageFeatures) -> tuple[np.ndarray, np.ndarray]:
    query = encoder.encode_text(text)
    return encoder.align(query, features.regions, features.key_scale, features.value_scale)


def test_small_products_run_on_one_thread_and_the_setting_comes_back(
    encoder: FaamiEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    original = Tokenizer.__call__

    def watching(self: Tokenizer, phrases: list[str]) -> TokenBatch:
        seen.append(torch.get_num_threads())
        return original(self, phrases)

    monkeypatch.setattr(Tokenizer, "__call__", watching)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        encoder.encode_text("a river")
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


def test_stored_features_have_the_promised_shapes(encoder: FaamiEncoder, features: ImageFeatures) -> None:
    assert len(features) == 40
    assert features.global_features.shape == (40, 16)
    assert features.global_features.dtype == np.float16
    assert features.regions.shape == (40, 20, 16)
    assert features.regions.dtype == np.int8
    assert features.key_scale.shape == features.value_scale.shape == (40, 20)
    assert sum(grid.regions for grid in encoder.info.grids) == 20


@pytest.mark.parametrize(
    "full", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("MPS backend out of memory (MPS allocated)")]
)
def test_a_full_device_is_told_apart_from_other_faults(
    encoder: FaamiEncoder, monkeypatch: pytest.MonkeyPatch, full: RuntimeError
) -> None:
    faults = [full, RuntimeError("shapes do not match")]

    def fail(_images: torch.Tensor) -> None:
        raise faults.pop(0)

    monkeypatch.setattr(encoder._model, "encode_images", fail)
    with pytest.raises(DeviceMemoryError, match="3 images do not fit") as told:
        encoder.encode_images(some_images(3))
    assert told.value.next_step
    with pytest.raises(RuntimeError, match="shapes do not match"):
        encoder.encode_images(some_images(3))


def test_an_encoder_that_left_its_device_gives_the_same_features(
    encoder: FaamiEncoder, features: ImageFeatures
) -> None:
    encoder.move_to_cpu()

    assert encoder.info.device == "cpu"
    assert encoder.encode_images(some_images(40)).regions.tobytes() == features.regions.tobytes()


def test_scores_of_stored_features_are_the_models_scores(
    encoder: FaamiEncoder, features: ImageFeatures, tokenizer: Tokenizer
) -> None:
    model: Faami = encoder._model
    batch = tokenizer(["several storage tanks"])
    with torch.no_grad():
        images = model.encode_images(torch.from_numpy(some_images(40)))
        fine = model.similarities(images, model.encode_texts(batch.ids, batch.attended, batch.scored)).fine_scores
    evidence, _ = align(encoder, "several storage tanks", features)
    assert fine is not None
    # int8 rows cost about half a percent of a cosine.
    np.testing.assert_allclose(evidence.sum(axis=(1, 2)), fine[:, 0].numpy(), atol=5e-3)


def test_attention_sums_to_one_and_evidence_is_bounded(encoder: FaamiEncoder, features: ImageFeatures) -> None:
    evidence, attention = align(encoder, "ships near the river", features)
    assert evidence.shape == attention.shape == (40, 4, 20)
    np.testing.assert_allclose(attention[:, [0, 3]].sum(axis=-1), 1.0, atol=1e-5)
    assert np.abs(evidence).max() <= 1.0
    assert not evidence[:, [1, 2]].any()
    assert not attention[:, [1, 2]].any()


def test_an_image_is_aligned_alike_alone_and_in_a_block(encoder: FaamiEncoder, features: ImageFeatures) -> None:
    query = encoder.encode_text("a river")
    together, _ = encoder.align(query, features.regions, features.key_scale, features.value_scale)
    alone, _ = encoder.align(query, features.regions[37:38], features.key_scale[37:38], features.value_scale[37:38])
    np.testing.assert_allclose(together[37], alone[0], atol=1e-6)


def test_words_carry_their_weights_and_unknown_ones_are_flagged(encoder: FaamiEncoder) -> None:
    query = encoder.encode_text("several ship-yard zeppelin tanks")
    assert [(word.text, word.known) for word in query.words] == [
        ("several", True),
        ("ship-yard", True),
        ("zeppelin", False),
        ("tanks", True),
    ]
    assert sum(word.weight for word in query.words) == pytest.approx(1.0, abs=1e-5)
    assert query.weights.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", "  ", "?!"])
def test_a_query_without_a_word_is_refused(encoder: FaamiEncoder, text: str) -> None:
    with pytest.raises(QueryError, match="no word"):
        encoder.encode_text(text)


def test_a_query_is_read_like_the_captions_of_training_with_or_without_a_full_stop(encoder: FaamiEncoder) -> None:
    typed, written = encoder.encode_text("  storage tanks"), encoder.encode_text("storage tanks .")
    np.testing.assert_array_equal(typed.global_features, written.global_features)
    assert typed.words == written.words
    assert as_sentence("a river?") == "a river?"


def test_an_image_finds_itself_first(encoder: FaamiEncoder, features: ImageFeatures) -> None:
    query = encoder.encode_image_query(some_images(40)[7], "blob.png")
    assert [word.text for word in query.words] == ["blob.png"]
    assert int(np.argmax(features.global_features.astype(np.float32) @ query.global_features)) == 7
    evidence, attention = encoder.align(query, features.regions, features.key_scale, features.value_scale)
    assert evidence.shape == (40, 1, 20)
    np.testing.assert_allclose(attention.sum(axis=-1), 1.0, atol=1e-5)


def test_batch_size_does_not_change_features(encoder: FaamiEncoder, features: ImageFeatures) -> None:
    alone = encoder.encode_images(some_images(40)[11:12])
    difference = np.abs(alone.regions[0].astype(int) - features.regions[11].astype(int))
    assert difference.max() <= 1
    np.testing.assert_allclose(alone.global_features[0], features.global_features[11], atol=2e-3)


def test_a_model_without_evidence_cannot_search(tmp_path: Path, tokenizer_file: Path) -> None:
    save_checkpoint(tmp_path / "plain", tiny_model("none"), tokenizer_file, [])
    checkpoint: Checkpoint = load_checkpoint(tmp_path / "plain")
    with pytest.raises(ModelError, match="no additive evidence"):
        FaamiEncoder(checkpoint)


def test_a_device_that_is_not_there_is_refused() -> None:
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}
    with pytest.raises(ModelError, match="abacus"):
        choose_device("abacus")


def test_the_bare_backbone_is_run_over_every_image_with_its_batch_norms(
    encoder: FaamiEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    forward = ImageEncoder.forward

    def counted(self: ImageEncoder, images: torch.Tensor) -> list[torch.Tensor]:
        seen.append((len(images), any(isinstance(part, torch.nn.BatchNorm2d) for part in self.modules())))
        return forward(self, images)

    monkeypatch.setattr(ImageEncoder, "forward", counted)
    encoder.bare_backbone()(some_images(10))
    assert sum(count for count, _ in seen) == 10
    assert all(bare for _, bare in seen)

    seen.clear()
    encoder.run_backbone(some_images(10))
    assert sum(count for count, _ in seen) == 10
    assert not any(bare for _, bare in seen)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_features_and_scores_of_the_cpu(
    encoder: FaamiEncoder, features: ImageFeatures, tmp_path: Path, tokenizer_file: Path
) -> None:
    save_checkpoint(tmp_path, tiny_model(), tokenizer_file, ("planes", "storage", "tanks"))
    gpu = FaamiEncoder.load(tmp_path, "cuda")
    there = gpu.encode_images(some_images(40))
    np.testing.assert_allclose(
        there.global_features.astype(np.float32), features.global_features.astype(np.float32), atol=1e-3
    )
    assert np.abs(there.regions.astype(int) - features.regions).max() <= 1  # one step of rounding to int8
    for one, other in zip(
        align(gpu, "storage tanks", features), align(encoder, "storage tanks", features), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-3)
