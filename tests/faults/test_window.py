"""The window when things go wrong, in processes of its own: closed at any moment, frozen, crashed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.qt_overrides import find_overrides
from tests.faults.closing_busy import busy_processes, close_once, paint_folder
from tests.faults.raising_overrides import ENDLESS

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.faults


def run(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", *map(str, arguments)],
        cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(50))
def test_the_program_closes_at_any_moment(seed: int, tmp_path: Path) -> None:
    """E3: exit code 0 within 5 s, no word on stderr, no thread left."""
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    start = random.Random(seed).choice(([], ["--demo"], [scenes], [scenes, "--query", "sea"]))
    done = run("-m", "tests.faults.closing_explorer", seed, *start)
    ended = time.monotonic()
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert lines[-1] == "threads []"
    closing = next(float(line.split()[1]) for line in lines if line.startswith("closing"))
    assert ended - closing < 5


@pytest.mark.parametrize("seed", range(3))
def test_the_real_program_closes_while_it_works_on_a_busy_machine(seed: int, tmp_path: Path) -> None:
    """E3: while the model loads, indexes, searches or exports. ``python -m tests.faults.closing_busy`` does fifty."""
    paint_folder(tmp_path / "images")
    with busy_processes():
        code, seconds, err = close_once(seed, tmp_path)
    assert (code, err) == (0, "")
    assert seconds < 15, "generous, because the machine is busy on purpose"


FREEZE = """
import time
import app.application
from app.__main__ import main
from PySide6.QtCore import QTimer
from tests.app.fakes import FakeSession
from app.main_window import MainWindow
from faami_core.config import user_data_dir

class FreezingWindow(MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        QTimer.singleShot(500, self, self.freeze)

    def freeze(self):
        time.sleep(3.6)
        QTimer.singleShot(600, self, self.close)

app.application.Session = lambda *, model, device: FakeSession(user_data_dir())
app.application.MainWindow = FreezingWindow
raise SystemExit(main([]))
"""


def test_a_window_frozen_for_three_seconds_writes_all_stacks(own_data_dir: Path) -> None:
    """E5: the log says where the window stood, and afterwards for how long."""
    done = run("-c", FREEZE)
    assert done.returncode == 0, done.stderr
    log = (own_data_dir / "crash.log").read_text(encoding="utf-8")
    assert "Timeout (0:00:03)!" in log
    assert "in freeze" in log
    assert "The window stood still for 3." in log


CRASH = """
import app.application, ctypes
from app.__main__ import main
from app.main_window import MainWindow
from PySide6.QtCore import QTimer
from tests.app.fakes import FakeSession
from faami_core.config import user_data_dir

class CrashingWindow(MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        QTimer.singleShot(200, self, lambda: ctypes.string_at(0))

app.application.Session = lambda *, model, device: FakeSession(user_data_dir())
app.application.MainWindow = CrashingWindow
raise SystemExit(main([]))
"""

NEXT_START = """
import app.application
from app.__main__ import main
from app.main_window import MainWindow
from PySide6.QtCore import QTimer
from tests.app.fakes import FakeSession
from faami_core.config import user_data_dir

class TellingWindow(MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print(self.pane.notice.message.text() if self.pane.notice.isVisible() else "nothing")
        QTimer.singleShot(200, self, self.close)

app.application.Session = lambda *, model, device: FakeSession(user_data_dir())
app.application.MainWindow = TellingWindow
raise SystemExit(main([]))
"""


def test_a_crash_of_the_interpreter_is_offered_at_the_next_start_and_not_again(own_data_dir: Path) -> None:
    crashed = run("-c", CRASH)
    assert crashed.returncode not in (0, 1)
    assert "Segmentation fault" in (own_data_dir / "crash.log").read_text(encoding="utf-8")
    told = [run("-c", NEXT_START).stdout.strip() for _ in range(2)]
    assert told == ["Something went wrong the last time this program ran.", "nothing"]


def test_each_method_that_qt_calls_may_raise_in_a_live_window(own_data_dir: Path) -> None:
    """E6: one notice each, the program goes on, and closes though closing fails."""
    done = run("-m", "tests.faults.raising_overrides", timeout=200)
    assert done.returncode == 0, done.stderr
    expected = {f"1 {override}" for override in find_overrides() if override.name not in {"closeEvent", *ENDLESS}}
    assert set(done.stdout.splitlines()) == expected
    assert "Error calling Python override" not in done.stderr
