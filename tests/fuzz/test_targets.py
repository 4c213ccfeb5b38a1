"""Every fuzz target over its seeds and some damage to them, on every run; what the fuzzer found keeps a test here."""

from __future__ import annotations

from pathlib import Path

import pytest

from faami_core.search.csv_reading import read_csv
from tests.faults.mutants import mutant
from tests.fuzz.run import NAMES
from tests.fuzz.targets import CSV, TARGETS, seeds


def test_every_target_is_run() -> None:
    assert set(NAMES) == set(TARGETS)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_and_damaged_seeds_bring_out_nothing_but_known_faults(name: str) -> None:
    assert any(TARGETS[name](seed) for seed in seeds(name)), "sound inputs are accepted"
    for seed in seeds(name):
        for number in range(24):
            TARGETS[name](mutant(seed, number))  # only a known fault may come out
    assert not TARGETS[name](b"")


def test_the_seed_of_a_result_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(CSV, newline="")
    (hit,) = read_csv(tmp_path / "r.csv")
    assert (hit.path, hit.annotation.tags, hit.evidence) == (Path("/a.png"), ("a", "b"), {"river": 0.5})


def test_found_a_result_file_with_a_cut_row() -> None:
    assert not TARGETS["csv"](CSV.encode()[:-30])
