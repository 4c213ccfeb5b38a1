"""Rate and time left of a long task."""

from __future__ import annotations

import pytest

from faami_core import pace as module
from faami_core.pace import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_before_anything_is_done_there_is_no_rate(clock: list[float]) -> None:
    step = Pace("Working", 10).at(0)
    assert (step.stage, step.done, step.total, step.rate, step.seconds_left) == ("Working", 0, 10, None, None)


def test_rate_and_time_left_follow_the_count(clock: list[float]) -> None:
    pace = Pace("Working", 100)
    clock[0] += 2
    step = pace.at(20)
    assert (step.rate, step.seconds_left) == (10.0, 8.0)


def test_what_an_earlier_run_did_does_not_count_for_the_rate(clock: list[float]) -> None:
    pace = Pace("Working", 100, done=90)
    clock[0] += 5
    assert pace.at(95).rate == 1.0


def test_the_rate_follows_a_machine_that_slows_down(clock: list[float]) -> None:
    pace = Pace("Working", 10_000)
    for second in range(1, 21):
        clock[0] = 100.0 + second
        pace.at(second * 100)
    for second in range(21, 41):
        clock[0] = 100.0 + second
        step = pace.at(2000 + second - 20)
    assert step.rate == pytest.approx(1.0, rel=0.2)
