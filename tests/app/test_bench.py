"""The bench of the window: figures beside bars, an exit code that tells, and a run over a real collection."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from app.bench import __main__ as bench
from app.bench.figures import Figure, percentile, table


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([3, 1, 2], 95) == 3
    assert percentile(range(1, 101), 99) == 99


def test_the_table_shows_bar_and_figure_and_names_what_missed() -> None:
    held, missed = Figure("close", 0.5, 2.0, "s"), Figure("worst beat", 612.345, 500.0, "ms")
    lines = table([held, missed], [1.5, 2.25]).splitlines()
    assert lines[1].split() == ["close", "<", "2", "s", "0.5", "s"]
    assert lines[2].split() == ["worst", "beat", "<", "500", "ms", "612.35", "ms", "MISSED"]
    assert lines[3] == "busy processes on this machine: 1.5 before, 2.2 after"


@pytest.mark.parametrize(("value", "code"), [(1.9, 0), (2.0, 1)])
def test_a_missed_bar_is_told_by_the_exit_code(
    value: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def use_window(_options: argparse.Namespace) -> list[Figure]:
        return [Figure("close", value, 2.0, "s")]

    monkeypatch.setattr("app.bench.window.use_window", use_window)
    monkeypatch.setattr(bench, "_median_seconds", lambda _command: 0.1)
    assert bench.main([str(tmp_path), str(tmp_path), "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert [figure["holds"] for figure in told["figures"]] == [True, True, code == 0]
