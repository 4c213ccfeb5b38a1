"""Results leave the window by mouse: dragged into another program, or through the context menu."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.display.conftest import MakeDesktop, StartExplorer
from tests.display.desktop import PATIENCE_SECONDS, Desktop, wait_until
from tests.display.drop_target import TITLE
from tests.display.explorer import CHECKOUT, middle

pytestmark = pytest.mark.display

TARGET = (1640, 850)  # where the other program's window is


@pytest.fixture
def desktop(desktop_of_size: MakeDesktop) -> Desktop:
    return desktop_of_size(1920, 1080)


@pytest.fixture
def dropped(desktop: Desktop, tmp_path: Path) -> Iterator[Path]:
    """The file in which another program notes what is dropped on its window, at the lower right."""
    log = tmp_path / "dropped.txt"
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.display.drop_target", str(log)], cwd=CHECKOUT, env=desktop.environment
    )
    desktop.move_window(TITLE, TARGET)
    yield log
    program.kill()
    program.wait(PATIENCE_SECONDS)


def test_selected_images_are_dragged_into_another_program_as_files(
    desktop: Desktop,
    start: StartExplorer,
    dropped: Path,
    image_folder: Path,
) -> None:
    explorer = start(desktop, image_folder, "--size", "1400x900")
    ranked = explorer.search("red")
    desktop.move_window("images", (10, 10))
    explorer.until(lambda now: now["window"][0] < 20, "the window at the left, beside the other one")
    desktop.click(explorer.cell(ranked[0]))
    with desktop.held("ctrl"):
        desktop.click(explorer.cell(ranked[1]))
    explorer.until(lambda now: now["selected"] == ranked[:2], "two images selected")
    desktop.drag(explorer.cell(ranked[0]), (TARGET[0] + 100, TARGET[1] + 80))
    wait_until(dropped.exists, "the files in the other program")
    assert sorted(dropped.read_text(encoding="utf-8").split()) == sorted(
        str(image_folder / name) for name in ranked[:2]
    )
    explorer.close_by_hand()


def test_the_context_menu_of_a_cell_acts_on_what_is_selected(
    desktop: Desktop, start: StartExplorer, image_folder: Path
) -> None:
    explorer = start(desktop, image_folder, "--size", "1400x900")
    ranked = explorer.search("red")
    desktop.click(explorer.cell(ranked[1]))
    with desktop.held("shift"):
        desktop.click(explorer.cell(ranked[2]))
    desktop.click(explorer.cell(ranked[2]), button=3)
    menu = explorer.until(lambda now: now["menu"], "the context menu")["menu"]
    entry = next(text for text in menu if text.startswith("Accept"))
    desktop.click(middle(menu[entry]))
    explorer.until(lambda now: set(now["marks"].values()) == {"accepted"}, "the selection accepted")
    assert sorted(explorer.facts()["marks"]) == sorted(ranked[1:3])

    # A right click beside the selection is about the cell under the pointer alone.
    desktop.click(explorer.cell(ranked[4]), button=3)
    explorer.until(lambda now: now["menu"] and now["selected"] == [ranked[4]], "the menu of another cell")
    desktop.press("Escape")
    explorer.until(lambda now: not now["menu"], "the menu closed")
    explorer.close_by_hand()
