"""The window is closed by hand while the program is at work, on a machine that others keep busy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.display.conftest import MakeDesktop, StartExplorer
from tests.display.desktop import Desktop
from tests.display.explorer import Explorer
from tests.faults.closing_busy import busy_processes

pytestmark = pytest.mark.display

CLOSES = 3  # at other moments each; ``python -m tests.faults.closing_busy`` does fifty
MANY = 400


@pytest.fixture
def desktop(desktop_of_size: MakeDesktop) -> Desktop:
    return desktop_of_size(1366, 768)


@pytest.fixture(scope="module")
def busy_machine() -> Iterator[None]:
    """Two processes that calculate without rest."""
    with busy_processes():
        yield


@pytest.fixture(scope="module")
def many_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough images that indexing and exporting take a while."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        Image.new("RGB", (24, 24), (number % 256, number // 2, 90)).save(folder / f"{number:04d}.png")
    return folder


@pytest.mark.parametrize("way", ["ctrl+q", "alt+F4"])
def test_closing_while_a_folder_is_indexed(
    way: str, desktop: Desktop, start: StartExplorer, busy_machine: None, many_images: Path
) -> None:
    explorer = start(desktop, many_images, slow=0.2)
    explorer.until(lambda now: now["busy"], "indexing")
    desktop.press(way)
    explorer.check_end()


@pytest.mark.parametrize("tenths", range(0, 8, 2))
def test_closing_while_the_window_is_just_opening(
    tenths: int, desktop: Desktop, start: StartExplorer, busy_machine: None, many_images: Path
) -> None:
    explorer = start(desktop, many_images)
    explorer.facts()  # answers as soon as the window is shown
    time.sleep(tenths / 10)
    desktop.press("alt+F4")
    explorer.check_end()


def test_closing_while_results_are_exported(
    desktop: Desktop, start: StartExplorer, busy_machine: None, many_images: Path, tmp_path: Path
) -> None:
    explorer = start(desktop, many_images)
    explorer.search("red")
    desktop.press("ctrl+e")
    explorer.until(lambda now: now["windows"], "the export dialog")
    desktop.press("ctrl+a")
    desktop.type(str(tmp_path / "out.csv"))
    desktop.press("Return")
    explorer.until(lambda now: not now["windows"], "the dialog gone")
    desktop.press("ctrl+q")
    explorer.check_end()
    assert [path.name for path in tmp_path.glob(".*")] == [], "no half-written file is left"


@pytest.mark.slow
@pytest.mark.parametrize("close", range(CLOSES))
def test_closing_while_the_model_itself_is_at_work(
    close: int, desktop: Desktop, start: StartExplorer, busy_machine: None, many_images: Path
) -> None:
    """With torch and its threads in the process, at a moment between its start and the index."""
    explorer = start(desktop, many_images, model=True)
    explorer.until(lambda now: now["busy"], "loading or indexing")
    time.sleep(12 * (close + 0.5) / CLOSES)
    desktop.press("ctrl+q" if close % 2 else "alt+F4")
    explorer.check_end()


def test_a_signal_ends_the_program_as_a_click_does(
    desktop: Desktop, start: StartExplorer, busy_machine: None, many_images: Path
) -> None:
    explorer: Explorer = start(desktop, many_images, slow=0.2)
    explorer.until(lambda now: now["busy"], "indexing")
    explorer.terminate()
    explorer.check_end()
