"""One number for one thing: what a word adds to the score reads the same on every surface of a live window."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.numbers import decimals_for, number_of, plain_number
from faami_core.cli import main
from faami_core.session import Session
from tests.app.conftest import MakeWindow
from tests.app.test_window_search import ask
from tests.stub_encoder import StubEncoder

NUMBER = r"[+−]\d+\.\d+"


@pytest.fixture
def window(make_window: MakeWindow, qtbot: QtBot, own_data_dir: Path, image_folder: Path) -> MainWindow:
    window = make_window(Session(encoder=StubEncoder(), data_dir=own_data_dir))
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(image_folder)
    return window


def told_in_tip(window: MainWindow, row: int, word: str) -> str:
    tip = window.model.index(row).data(Qt.ItemDataRole.ToolTipRole)
    (told,) = re.findall(rf"^{word}: \w+ \(({NUMBER})\)$", tip, re.MULTILINE)
    return str(told)


def show(qtbot: QtBot, window: MainWindow, row: int) -> None:
    if window.evidence.row != row:
        with qtbot.waitSignal(window.evidence.painted):
            window.grid.choose(row)
    qtbot.waitUntil(lambda: window.evidence.is_settled)


def test_bar_tip_file_and_command_line_tell_one_number_for_a_word_in_an_image(
    qtbot: QtBot, window: MainWindow, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "red blue - green"
    ask(qtbot, window, line)
    with qtbot.waitSignal(window.export.written):
        window.export.export(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    capsys.readouterr()
    command = ["search", "--collection", str(image_folder), "--json", line]
    assert main(command, session_factory=lambda **_: window.workspace.session) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    for row in (0, 3, 7):
        show(qtbot, window, row)
        for word, name in enumerate(("red", "blue", "green")):
            bar = window.inspector.words.row(word)
            assert told_in_tip(window, row, name) == bar.number
            assert bar.number in bar.toolTip()
            assert number_of(float(rows[row][f"evidence_{name}"])) == bar.number
            assert number_of(hits[row]["evidence"][word]) == bar.number
        parts = sum(float(rows[row][f"evidence_{name}"]) for name in ("red", "blue", "green"))
        whole = float(rows[row]["global_weight"]) * float(rows[row]["score_global"])
        assert number_of(parts) == window.inspector.words.row(None).number
        assert number_of(whole) == window.inspector.words.whole_image.number
        assert whole + parts == pytest.approx(float(rows[row]["score"]), abs=2e-6)
        assert f"score {float(rows[row]['score']):.3f}" in window.inspector.score.text()


@pytest.mark.parametrize("scale", ["both", "fine", "coarse"])
@pytest.mark.parametrize("word", [0, 1, None])
def test_legend_and_regions_tell_parts_of_the_number_of_the_bar(
    qtbot: QtBot, window: MainWindow, scale: str, word: int | None
) -> None:
    ask(qtbot, window, "red - green")
    show(qtbot, window, 0)
    view, inspector, result = window.view, window.inspector, window.workspace.result
    view.set_scale(scale)
    view.select_word(word)
    session = window.workspace.session
    whole = inspector.words.row(word).value
    density = session.heatmap(result, 0, word=word, scale=scale)
    told, total = [], 0.0
    for row, column in np.ndindex(density.shape):
        inspector.image.region_hovered.emit((row, column, float(density[row, column])))
        bar = inspector.words.row(word)
        assert inspector.image.readout.endswith(f" {bar.number}")
        assert f"adds {inspector.words.row(None).number} to the score" in inspector.words.heading.text()
        told.append(bar.value)
        total += bar.value
    if scale == "both":
        assert total == pytest.approx(whole, abs=1e-5)
    # The region that is drawn brightest reads as the number at the end of the legend.
    limit = window.evidence.limit()
    brightest = session.region_unit(result, scale=scale) * limit
    assert inspector.legend.limit == pytest.approx(brightest)
    assert plain_number(brightest, decimals_for(brightest)) in inspector.legend.accessibleName()
    assert max(map(abs, told)) / abs(brightest) == pytest.approx(float(np.abs(density).max()) / abs(limit), rel=1e-4)
    inspector.image.region_hovered.emit(None)
    assert inspector.words.row(word).value == whole


def test_raw_attention_is_told_in_shares_that_sum_to_one(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "red")
    show(qtbot, window, 0)
    window.view.set_kind("attention")
    window.view.select_word(0)
    session, result = window.workspace.session, window.workspace.result
    density = session.heatmap(result, 0, word=0, kind="attention")
    assert float(density.sum()) * session.region_unit(result, kind="attention") == pytest.approx(1, abs=1e-5)
    window.inspector.image.region_hovered.emit((0, 0, float(density[0, 0])))
    assert re.search(r"\d+\.\d\d% of the attention of red", window.inspector.image.readout)
    assert "add up to 1" in window.inspector.legend.toolTip()


@pytest.mark.parametrize(
    ("largest", "decimals"),
    [(0.9, 3), (0.05, 3), (0.0499, 4), (0.01, 4), (0.0083, 5), (-0.0004, 6), (0, 3), (1e-30, 9)],
)
def test_small_numbers_get_the_decimals_that_tell_them_apart(largest: float, decimals: int) -> None:
    assert decimals_for(largest) == decimals


def test_a_minus_is_a_minus_and_zero_has_none() -> None:
    assert [number_of(value) for value in (0.1074, -0.1074, -0.0001)] == ["+0.107", "\N{MINUS SIGN}0.107", "+0.000"]
    assert plain_number(-0.01, 2) == "\N{MINUS SIGN}0.01"
