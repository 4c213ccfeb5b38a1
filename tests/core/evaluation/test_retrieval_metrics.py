"""Recall at k equals brute force, with ties against us."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faami_core.evaluation.retrieval_metrics import (
    image_to_text_ranks,
    recall_at_k,
    retrieval_metrics,
    text_to_image_ranks,
    tie_broken_metrics,
    within_class_metrics,
)


def brute_force_ranks(similarity: np.ndarray, image_of_text: np.ndarray) -> tuple[list[int], list[int]]:
    to_text = []
    for image in range(similarity.shape[0]):
        own = [similarity[image, text] for text in range(similarity.shape[1]) if image_of_text[text] == image]
        others = [similarity[image, text] for text in range(similarity.shape[1]) if image_of_text[text] != image]
        to_text.append(min(sum(other >= score for other in others) for score in own))
    to_image = []
    for text in range(similarity.shape[1]):
        source = image_of_text[text]
        right = similarity[source, text]
        others = [similarity[image, text] for image in range(similarity.shape[0]) if image != source]
        to_image.append(sum(other >= right for other in others))
    return to_text, to_image


@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 10_000))
@settings(max_examples=300, deadline=None)
def test_ranks_equal_brute_force_on_matrices_full_of_ties(images: int, captions: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    image_of_text = np.repeat(np.arange(images), captions)
    similarity = generator.integers(0, 4, size=(images, images * captions)).astype(np.float32)
    to_text, to_image = brute_force_ranks(similarity, image_of_text)
    assert image_to_text_ranks(similarity, image_of_text).tolist() == to_text
    assert text_to_image_ranks(similarity, image_of_text).tolist() == to_image


@given(st.integers(1, 14), st.integers(1, 3), st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_ties_at_random_equal_the_mean_over_many_random_orders(images: int, captions: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    owners = np.repeat(np.arange(images), captions)
    similarity = generator.integers(0, 3, size=(images, images * captions)).astype(np.float32)
    orders = [
        retrieval_metrics(similarity + generator.random(similarity.shape).astype(np.float32) / 2, owners)
        for _ in range(600)
    ]
    expected = tie_broken_metrics(similarity, owners)
    for way in ("image_to_text", "text_to_image"):
        mean = np.mean([getattr(order, way) for order in orders], axis=0)
        np.testing.assert_allclose(getattr(expected, way), mean, atol=7.0)


def test_without_ties_their_order_means_nothing() -> None:
    similarity, owners = np.random.default_rng(4).random((30, 150)), np.repeat(np.arange(30), 5)
    assert tie_broken_metrics(similarity, owners).as_dict() == retrieval_metrics(similarity, owners).as_dict()


def test_of_two_equal_captions_each_comes_first_half_of_the_time() -> None:
    metrics = tie_broken_metrics(np.ones((2, 2)), np.arange(2))
    assert metrics.image_to_text == (50.0, 100.0, 100.0)
    assert metrics.text_to_image == (50.0, 100.0, 100.0)


def test_a_constant_matrix_finds_nothing_at_rank_one() -> None:
    metrics = retrieval_metrics(np.ones((20, 100)), np.repeat(np.arange(20), 5))
    assert metrics.mean_recall == 0.0


def test_a_perfect_matrix_finds_everything() -> None:
    owners = np.repeat(np.arange(7), 5)
    metrics = retrieval_metrics(np.eye(7)[:, owners], owners)
    assert metrics.mean_recall == 100.0
    assert metrics.as_dict() == {
        "i2t": {"r1": 100.0, "r5": 100.0, "r10": 100.0},
        "t2i": {"r1": 100.0, "r5": 100.0, "r10": 100.0},
        "mr": 100.0,
    }


def test_mean_recall_is_the_mean_of_six() -> None:
    generator = np.random.default_rng(3)
    metrics = retrieval_metrics(generator.random((40, 80)), np.repeat(np.arange(40), 2))
    assert metrics.mean_recall == pytest.approx(np.mean([*metrics.image_to_text, *metrics.text_to_image]))


def test_recall_at_k_counts_ranks_below_k() -> None:
    assert recall_at_k(np.array([0, 4, 5, 10]), 5) == 50.0
    assert recall_at_k(np.array([], dtype=np.int64), 5) == 0.0


def test_within_a_class_only_the_class_competes() -> None:
    # Image 0 and 1 are one class; image 2 outscores both on every caption but is of another class.
    similarity = np.array([[0.5, 0.1, 0.0], [0.1, 0.5, 0.0], [0.9, 0.9, 0.9]])
    owners = np.arange(3)
    assert retrieval_metrics(similarity, owners).text_to_image[0] == pytest.approx(100 / 3)
    assert within_class_metrics(similarity, owners, np.array(["a", "a", "b"])).mean_recall == 100.0


def test_within_one_single_class_nothing_changes() -> None:
    generator = np.random.default_rng(5)
    similarity, owners = generator.random((30, 60)), np.repeat(np.arange(30), 2)
    assert within_class_metrics(similarity, owners, np.array(["x"] * 30)) == retrieval_metrics(similarity, owners)
