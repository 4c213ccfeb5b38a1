"""Hits that show the same picture are found, each hit once, best first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faami_core.errors import CancelledError
from faami_core.search.duplicates import NEAR_COSINE, exact_groups, near_groups
from faami_core.types import CancelToken


def at_angles(*degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


@given(st.lists(st.integers(0, 4), max_size=30))
@settings(max_examples=100, deadline=None)
def test_hits_are_grouped_by_content_in_order_of_rank(contents):
    groups = exact_groups(contents)

    assert sorted(rank for group in groups for rank in group) == list(range(len(contents)))
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    assert all(len({contents[rank] for rank in group}) == 1 for group in groups)
    assert len(groups) == len(set(contents))


def test_near_images_join_the_best_one_and_chains_do_not():
    step = np.degrees(np.arccos(NEAR_COSINE)) * 0.9

    assert near_groups(at_angles(0, 90, step, 2 * step, 90.5, -step)) == ((0, 2, 5), (1, 4), (3,))


def test_broken_features_are_groups_of_their_own():
    features = at_angles(0, 0, 0)
    features[1] = np.nan

    assert near_groups(features) == ((0, 2), (1,))


def test_no_hits_make_no_groups_and_grouping_can_be_cancelled():
    cancel = CancelToken()
    cancel.cancel()

    assert near_groups(at_angles()) == exact_groups([]) == ()
    with pytest.raises(CancelledError):
        near_groups(at_angles(0), cancel)


def test_images_exactly_at_the_border_are_near():
    other = np.array([NEAR_COSINE, np.sqrt(1 - NEAR_COSINE**2)], dtype=np.float32)

    assert near_groups(np.stack([np.array([1, 0], dtype=np.float32), other])) == ((0, 1),)
