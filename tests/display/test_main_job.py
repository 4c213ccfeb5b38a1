"""The main job on a real display: real keys, real clicks, held modifiers, several sizes and scales of the screen."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.display.conftest import MakeDesktop, StartExplorer
from tests.display.desktop import wait_until

pytestmark = pytest.mark.display

SCREENS = [
    pytest.param(1280, 720, 1.0, id="1280x720"),
    pytest.param(1366, 768, 1.0, id="1366x768"),
    pytest.param(1366, 768, 1.25, id="1366x768 at 1.25"),
    pytest.param(1920, 1080, 1.5, id="1920x1080 at 1.5"),
]


@pytest.mark.parametrize(("width", "height", "scale"), SCREENS)
def test_search_decide_undo_and_export_by_keyboard_and_mouse(
    width: int,
    height: int,
    scale: float,
    desktop_of_size: MakeDesktop,
    start: StartExplorer,
    image_folder: Path,
    tmp_path: Path,
) -> None:
    desktop = desktop_of_size(width, height)
    explorer = start(desktop, image_folder, scale=scale)
    ranked = explorer.search("red")
    assert ranked[0] == "red.png"

    facts = explorer.facts()
    left, top, wide, high = facts["window"]
    assert left >= 0
    assert top >= 0
    assert left + wide <= width
    assert top + high <= height
    assert facts["cut"] == [], "no control reaches out of the window"
    assert desktop.pixels_of((255, 0, 0)) > 300, "the X server shows the red image"

    # Decide by letters; two steps back, while Ctrl is held down; and again.
    desktop.click(explorer.cell(ranked[0]))
    desktop.press("a", "a", "r")
    explorer.until(lambda now: len(now["marks"]) == 3, "three marks")
    with desktop.held("ctrl"):
        desktop.press("z", "z")
    explorer.until(lambda now: now["marks"] == {ranked[0]: "accepted"}, "two marks taken back")
    desktop.press("a")
    facts = explorer.until(lambda now: len(now["marks"]) == 2, "one more mark")
    assert facts["marks"] == {ranked[0]: "accepted", ranked[1]: "accepted"}, "one image was marked, not a selection"

    # Select with Ctrl+click and Shift+arrow, and mark the selection.
    desktop.click(explorer.cell(ranked[0]))
    with desktop.held("ctrl"):
        desktop.click(explorer.cell(ranked[2]))
    explorer.until(lambda now: now["selected"] == [ranked[0], ranked[2]], "two images selected")
    desktop.click(explorer.cell(ranked[1]))
    with desktop.held("shift"):
        desktop.press("Right")
    explorer.until(lambda now: now["selected"] == ranked[1:3], "a range selected")
    desktop.press("r")
    explorer.until(lambda now: now["marks"].get(ranked[2]) == "rejected", "the range rejected")

    # Export; the path is typed.
    out = tmp_path / "out.csv"
    desktop.press("ctrl+e")
    explorer.until(lambda now: now["windows"], "the export dialog")
    desktop.press("ctrl+a")
    desktop.type(str(out))
    desktop.press("Return")
    wait_until(out.exists, "the exported file")
    with out.open(encoding="utf-8", newline="") as stream:
        assert [Path(row["path"]).name for row in csv.DictReader(stream)] == ranked

    explorer.close_by_hand()
    again = start(desktop, scale=scale)
    facts = again.until(lambda now: now["ranked"] and not now["busy"], "the last session restored")
    assert (facts["query"], facts["ranked"]) == ("red", ranked)
    assert facts["marks"] == {ranked[0]: "accepted", ranked[1]: "rejected", ranked[2]: "rejected"}
    again.close_by_hand()


def test_a_window_that_is_to_be_pictured_fits_the_screen_too(
    desktop_of_size: MakeDesktop, start: StartExplorer, image_folder: Path, tmp_path: Path
) -> None:
    """As `make demo` starts it."""
    picture = tmp_path / "picture.png"
    explorer = start(desktop_of_size(1280, 720), image_folder, "--query", "red", "--screenshot", picture)
    wait_until(picture.exists, "the picture of the window")
    left, top, wide, high = explorer.facts()["window"]
    assert min(left, top) >= 0
    assert left + wide <= 1280
    assert top + high <= 720
    explorer.close_by_hand()
