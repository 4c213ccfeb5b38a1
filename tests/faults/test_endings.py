"""How the program ends: by signals, by bugs, without a place to write; each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.faults.test_disks import make_read_only, mount, unmount

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]

# The whole program on a session without a model; {extra} is a class or two, {options} the command line.
PROGRAM = """
import os, signal, sys, threading
import app.application
from app.__main__ import main
from app.main_window import MainWindow
from app.widgets.score_histogram import ScoreHistogram
from PySide6.QtCore import QTimer
from faami_core.config import user_data_dir
from tests.app.fakes import FakeSession

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # a test run in the background inherits some of them ignored

session = FakeSession(user_data_dir())

def bug(*_arguments, **_options):
    raise ZeroDivisionError("a bug of ours")

{extra}
app.application.Session = lambda *, model, device: session
main({options!r})
"""


def start(extra: str = "", *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM.format(extra=extra, options=list(options))],
        cwd=CHECKOUT, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(child: subprocess.Popen[str], seconds: float = 100) -> tuple[int, str, str]:
    """Exit code and both streams."""
    try:
        out, err = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
    return child.returncode, out, err


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    return folder


# --- signals --------------------------------------------------------------------------------------------------

TELL_WHEN_SHOWN = """
class TellingWindow(MainWindow):
    def _after_search(self, result):
        super()._after_search(result)
        print("shown", flush=True)

app.application.MainWindow = TellingWindow
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_window_as_if_by_hand(number: signal.Signals, own_data_dir: Path, scenes: Path) -> None:
    child = start(TELL_WHEN_SHOWN, str(scenes), "--query", "storage tanks")
    assert child.stdout is not None
    assert child.stdout.readline() == "shown\n"
    child.send_signal(number)
    code, _, err = end(child)
    assert (code, err) == (0, "")
    stored = Settings(own_data_dir)
    assert stored.last == scenes
    assert stored.last_view.line == "storage tanks"


def test_a_signal_that_the_parent_wants_ignored_stays_ignored(scenes: Path) -> None:
    """As ``nohup`` does."""
    child = start(f"signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{TELL_WHEN_SHOWN}", str(scenes), "--query", "sea")
    assert child.stdout is not None
    assert child.stdout.readline() == "shown\n"
    child.send_signal(signal.SIGHUP)
    time.sleep(0.6)
    assert child.poll() is None
    child.terminate()
    assert end(child)[0] == 0


INTERRUPTED = """
class InterruptedWindow(MainWindow):
    def {method}(self, *arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return super().{method}(*arguments)

app.application.MainWindow = InterruptedWindow
"""


@pytest.mark.parametrize("method", ["__init__", "_build_panes", "_restore_layout", "showEvent"])
def test_ctrl_c_while_the_window_is_built_ends_the_start(method: str, own_data_dir: Path) -> None:
    code, _, err = end(start(INTERRUPTED.format(method=method)))
    assert (code, err) == (0, "")
    assert (own_data_dir / "crash.log").read_text(encoding="utf-8") == ""


def test_ctrl_c_while_the_libraries_load_ends_the_start() -> None:
    early = "def interrupt(*_):\n    os.kill(os.getpid(), signal.SIGINT)\napp.application.prepare = interrupt"
    code, _, err = end(start(early))
    assert (code, err) == (0, "")


# --- bugs in a scripted run -----------------------------------------------------------------------------------

BUGS = {
    "a task": "session.search = bug",
    "a slot": "class Window(MainWindow):\n    _after_search = bug\napp.application.MainWindow = Window",
    "painting": "ScoreHistogram._paint_bars = bug",
    "another thread": (
        "class Window(MainWindow):\n"
        "    def _after_search(self, result):\n"
        "        threading.Thread(target=bug).start()\n"
        "app.application.MainWindow = Window"
    ),
    "the window being built": "MainWindow._build_panes = bug",
    "what says that all is done": "app.application.ScriptedRun._take_pictures = bug",
}


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_a_bug_in_a_scripted_run_ends_it_with_a_code_and_a_sentence(
    bug: str, own_data_dir: Path, scenes: Path
) -> None:
    code, _, err = end(start(bug, str(scenes), "--query", "storage tanks", "--quit"))
    assert code == 1
    last = err.splitlines()[-1]
    assert "ZeroDivisionError: a bug of ours. Details are in " in last
    log = (own_data_dir / "crash.log").read_text(encoding="utf-8")
    assert log.count("ZeroDivisionError: a bug of ours") == 1


def test_a_bug_while_the_window_closes_does_not_keep_it_open(own_data_dir: Path, scenes: Path) -> None:
    extra = f"{TELL_WHEN_SHOWN}\nfrom app.controllers.restore_controller import RestoreController\n"
    child = start(extra + "RestoreController.remember = bug", str(scenes), "--query", "sea")
    assert child.stdout is not None
    child.stdout.readline()
    child.terminate()
    code, _, _err = end(child)
    assert code == 0
    assert Settings(own_data_dir).layout("geometry") is not None, "the steps after it are taken"
    assert "a bug of ours" in (own_data_dir / "crash.log").read_text(encoding="utf-8")


# --- no place to write ----------------------------------------------------------------------------------------

TELL_NOTICE = """
class TellingWindow(MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print(self.pane.notice.message.text(), flush=True)
        QTimer.singleShot(300, self, self.close)

app.application.MainWindow = TellingWindow
"""


def a_folder(place: Path) -> None:
    place.mkdir()


def a_broken_link(place: Path) -> None:
    place.symlink_to("nowhere")


def a_pipe(place: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize("make", [a_folder, a_broken_link, a_pipe])
def test_a_crash_log_that_cannot_be_written_is_told_and_nothing_else(
    make: Callable[[Path], None], own_data_dir: Path
) -> None:
    own_data_dir.mkdir()
    make(own_data_dir / "crash.log")
    code, out, err = end(start(TELL_NOTICE))
    assert (code, err) == (0, "")
    assert out.startswith(f"The crash log {own_data_dir / 'crash.log'} cannot be written: ")


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder on a medium that cannot be written."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a tmpfs")
    disk = tmp_path / "disk"
    mount(disk, "size=8m")
    make_read_only(disk)
    monkeypatch.setenv("FAAMI_DATA_DIR", str(disk))
    yield disk
    unmount(disk)


def test_a_data_folder_that_cannot_be_written_is_told_and_searched(read_only: Path, scenes: Path) -> None:
    child = start(TELL_NOTICE, str(scenes), "--query", "sea")
    code, out, err = end(child)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"The data folder {read_only} cannot be written."


def test_a_scripted_run_works_on_a_data_folder_that_cannot_be_written(
    read_only: Path, scenes: Path, tmp_path: Path
) -> None:
    csv = tmp_path / "out.csv"
    code, _, err = end(start("", str(scenes), "--query", "sea", "--export", str(csv), "--quit"))
    assert (code, err) == (0, "")
    assert csv.exists()


@pytest.mark.parametrize("stream", ["crash.log", "window.ini"])
def test_what_the_window_writes_is_for_its_owner_alone(stream: str, own_data_dir: Path, scenes: Path) -> None:
    child = start(f"os.umask(0o022)\n{TELL_WHEN_SHOWN}", str(scenes), "--query", "sea")
    assert child.stdout is not None
    child.stdout.readline()
    child.terminate()
    assert end(child)[0] == 0
    assert (own_data_dir / stream).stat().st_mode & 0o077 == 0
    assert own_data_dir.stat().st_mode & 0o077 == 0
