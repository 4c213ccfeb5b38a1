"""Losses against their definitions."""

from __future__ import annotations

import math

import torch

from faami_core.model.loss import cell_loss, contrastive_loss, mask_loss, ranking_loss


def test_contrastive_loss_of_equal_logits_is_the_log_of_the_count() -> None:
    assert math.isclose(
        float(contrastive_loss(torch.zeros(8, 8), torch.eye(8, dtype=torch.bool))), math.log(8), rel_tol=1e-6
    )


def test_identical_captions_are_positives_not_negatives() -> None:
    logits = torch.tensor([[5.0, 5.0, 0.0], [5.0, 5.0, 0.0], [0.0, 0.0, 5.0]])
    same = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.bool)
    assert float(contrastive_loss(logits, same)) < 0.02
    assert float(contrastive_loss(logits, torch.eye(3, dtype=torch.bool))) > 0.4


def test_rows_without_a_positive_are_left_out() -> None:
    logits = torch.zeros(2, 2)
    loss = contrastive_loss(logits, torch.tensor([[True, False], [False, False]]))
    assert math.isclose(float(loss), math.log(2), rel_tol=1e-6)


def test_ranking_loss_is_the_hinge_of_the_margin() -> None:
    similarities = torch.tensor([[0.5, 0.4], [0.1, 0.6]])
    eye = torch.eye(2, dtype=torch.bool)
    # Rows: 0.2+0.4-0.5 = 0.1 and 0; columns: 0 and 0.2+0.4-0.6 = 0.
    assert math.isclose(float(ranking_loss(similarities, eye, 0.2)), 0.025, abs_tol=1e-6)
    assert float(ranking_loss(similarities, eye, 0.05)) == 0.0


def test_the_hardest_negative_is_the_largest_term() -> None:
    similarities = torch.tensor([[0.5, 0.45, 0.5], [0.0, 0.9, 0.0], [0.0, 0.0, 0.9]])
    eye = torch.eye(3, dtype=torch.bool)
    total, hardest = ranking_loss(similarities, eye, 0.1), ranking_loss(similarities, eye, 0.1, hardest=True)
    assert 0 < float(hardest) < float(total)


def test_cell_loss_falls_when_evidence_moves_into_its_cell() -> None:
    right = torch.tensor([[0.4, 0.0, 0.0, 0.0]])
    wrong = torch.tensor([[0.0, 0.4, 0.0, 0.0]])
    assert float(cell_loss(right, torch.tensor([0]), 10)) < float(cell_loss(wrong, torch.tensor([0]), 10))


def test_mask_loss_wants_attention_inside_and_no_match_outside() -> None:
    coverage = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    inside, outside = torch.tensor([[0.9, 0.05, 0.03, 0.02]]), torch.tensor([[0.05, 0.9, 0.03, 0.02]])
    match = torch.tensor([[0.8, -0.8, -0.8, -0.8]])
    good, lost, wrong = (
        float(mask_loss(attention, cosines, coverage, 8.0))
        for attention, cosines in ((inside, match), (outside, match), (inside, -match))
    )
    assert good < lost
    assert good < wrong


def test_mask_loss_wants_the_evidence_inside_where_attention_is_torn() -> None:
    coverage, torn = torch.tensor([[1.0, 0.0, 0.0, 0.0]]), torch.tensor([[0.4, 0.4, 0.1, 0.1]])
    matches = torch.tensor([[0.3, 0.2, -0.5, -0.5]], requires_grad=True)
    (gradient,) = torch.autograd.grad(mask_loss(torn, matches, coverage, 0.0), matches)  # matching itself is off
    assert gradient[0, 0] < 0 < gradient[0, 1]  # more light inside, less outside
    assert gradient[0, 2:].abs().max() == 0  # dark regions have no light to move


def test_mask_loss_of_an_absent_thing_only_wants_no_match() -> None:
    attention, nothing = torch.full((1, 4), 0.25), torch.zeros(1, 4)
    high, low = (float(mask_loss(attention, torch.full((1, 4), cosine), nothing, 8.0)) for cosine in (0.9, -0.9))
    assert low < 0.01 < high


def test_a_thing_smaller_than_a_region_still_matches_there() -> None:
    attention, road = torch.full((1, 4), 0.25), torch.tensor([[0.2, 0.0, 0.0, 0.0]])
    yes, no = (
        float(mask_loss(attention, torch.tensor([[cosine, -0.9, -0.9, -0.9]]), road, 8.0)) for cosine in (0.5, -0.5)
    )
    assert yes < no
