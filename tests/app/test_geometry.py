"""The window on the screens that analysts have: it fits, nothing is cut, and the results come first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from tests.app.conftest import MakeWindow

CHECKOUT = Path(__file__).parents[2]

Measures = dict[str, Any]


def measure(folder: Path, width: int, height: int, scale: float, how: str = "") -> Measures:
    """The window in a process of its own, on a screen of so many device pixels."""
    screen = {"name": "made", "x": 0, "y": 0, "width": width, "height": height}
    screen |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    (folder / "screens.json").write_text(json.dumps({"screens": [screen]}))
    platform = f"offscreen:configfile={folder / 'screens.json'}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.geometry_probe", folder, how],
        cwd=CHECKOUT,
        env=os.environ | {"QT_QPA_PLATFORM": platform, "QT_SCALE_FACTOR": str(scale)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measures: Measures = json.loads(done.stdout)
    return measures


@pytest.mark.parametrize(
    ("width", "height", "scale", "how"),
    [
        (1280, 720, 1.0, ""),
        (1280, 720, 1.0, "maximised"),
        (1366, 768, 1.0, ""),
        (1366, 768, 1.25, ""),
        (1366, 768, 1.25, "maximised"),
        (1093, 614, 1.0, ""),
        (2560, 1440, 1.5, ""),
    ],
)
def test_the_window_fits_the_screen_and_shows_two_rows(
    tmp_path: Path, width: int, height: int, scale: float, how: str
) -> None:
    found = measure(tmp_path, width, height, scale, how)
    assert found["fits"]
    assert all(least <= free for least, free in zip(found["smallest"], found["screen"], strict=True))
    assert found["rows"] >= 2
    assert found["inspector"]
    assert found["side"] == (width / scale >= 1180), "the side panel makes way on a narrow screen"
    assert found["cut"] == {}
    assert found["hidden_choices"] == 0


@pytest.mark.parametrize(("width", "height", "scale"), [(1280, 720, 1.5), (1024, 768, 1.0), (800, 600, 1.0)])
def test_the_window_fits_even_smaller_screens(tmp_path: Path, width: int, height: int, scale: float) -> None:
    found = measure(tmp_path, width, height, scale)
    assert found["fits"]
    assert all(least <= free for least, free in zip(found["smallest"], found["screen"], strict=True))
    assert found["cut"] == {}


# --- panes that fold ------------------------------------------------------------------------------------------


def shown(window: MainWindow) -> tuple[bool, bool]:
    QApplication.processEvents()
    panes = (window.side.isVisible(), window.inspector.isVisible())
    assert panes == tuple(window.actions_by_name[name].isChecked() for name in ("side_panel", "inspector"))
    return panes


def test_panes_fold_away_with_the_room_and_come_back_with_it(window: MainWindow) -> None:
    assert shown(window) == (True, True)
    window.resize(1100, 700)
    assert shown(window) == (False, True)
    window.resize(860, 700)
    assert shown(window) == (False, False)
    window.resize(1000, 700)
    assert shown(window) == (False, True)
    window.resize(1400, 700)
    assert shown(window) == (True, True)
    assert window.settings.side_panel, "what folds by itself is no choice of the analyst"
    assert window.settings.inspector


def test_a_pane_asked_for_in_a_narrow_window_takes_the_place_of_the_other(window: MainWindow) -> None:
    window.resize(1000, 700)
    assert shown(window) == (False, True)
    window.actions_by_name["side_panel"].trigger()
    assert shown(window) == (True, False)
    window.resize(1010, 700)
    assert shown(window) == (True, False), "the next pixel does not undo it"
    window.actions_by_name["inspector"].trigger()
    assert shown(window) == (False, True)
    window.resize(1400, 700)
    assert shown(window) == (True, True)


def test_a_pane_closed_by_hand_stays_closed(window: MainWindow, make_window: MakeWindow, qtbot: QtBot) -> None:
    window.actions_by_name["inspector"].trigger()
    assert shown(window) == (True, False)
    window.resize(860, 700)
    window.resize(1400, 700)
    assert shown(window) == (True, False)
    window.close()
    second = make_window()
    with qtbot.waitSignal(second.collections.opened):
        second.collections.open(second.settings.last)
    assert shown(second) == (True, False)
    with qtbot.waitSignal(second.search.shown):
        second.pane.query.submitted.emit("river")
    second.actions_by_name["why_above"].trigger()
    assert shown(second) == (True, True), "a panel of it that is asked for shows it"
    assert second.inspector.tab == "compare"


def test_the_histogram_folds_in_a_low_window_and_can_be_asked_for(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.submitted.emit("river")
    histogram = window.pane.histogram
    assert histogram.isVisible()
    window.resize(1280, 600)
    assert not histogram.isVisible()
    window.pane.histogram_button.click()
    assert histogram.isVisible()
    window.resize(1280, 590)
    assert histogram.isVisible()
    window.pane.histogram_button.click()
    window.resize(1280, 800)
    assert not histogram.isVisible(), "it was closed by hand"
    assert not window.settings.histogram


def test_a_window_left_on_a_large_screen_opens_on_a_small_one(make_window: MakeWindow) -> None:
    window = make_window()
    window.resize(3000, 2000)
    window.move(2500, 1500)
    window.close()
    second = make_window()
    second.resize(second.minimumSize())
    free = second.screen().availableGeometry()
    assert free.contains(second.geometry())
    assert second.minimumSize() == QSize(720, 520)
