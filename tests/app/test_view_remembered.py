"""How evidence is looked at comes back with the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.view_state import MapLook
from app.settings import Settings
from tests.app.conftest import MakeWindow


def open_again(qtbot: QtBot, make_window: MakeWindow, root: Path) -> MainWindow:
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.submitted.emit("storage tanks")
    return window


def test_the_look_of_maps_and_the_panel_come_back_after_a_restart(
    qtbot: QtBot, make_window: MakeWindow, root: Path
) -> None:
    first = open_again(qtbot, make_window, root)
    inspector = first.inspector
    inspector.opacity.setValue(35)
    inspector.colours.click()
    inspector.scale.button("coarse").click()
    inspector.kind.button("attention").click()
    inspector.overlay.click()
    inspector.tabs.button("mix").click()
    look = first.view.look
    assert look == MapLook("coarse", "attention", False, 0.35, "viridis")
    first.close()
    second = open_again(qtbot, make_window, root)
    inspector = second.inspector
    assert second.view.look == look
    assert inspector.opacity.value() == 35
    assert inspector.scale.button("coarse").isChecked()
    assert inspector.kind.button("attention").isChecked()
    assert not inspector.overlay.isChecked()
    assert not second.actions_by_name["overlay"].isChecked()
    assert "viridis" in inspector.colours.toolTip()
    assert inspector.tab == "mix"
    assert inspector.tabs.button("mix").isChecked()
    assert inspector.image.overlay_pixels is None


@pytest.mark.parametrize("key", ["O", "S", "H"])
def test_what_a_key_has_changed_comes_back_too(qtbot: QtBot, make_window: MakeWindow, root: Path, key: str) -> None:
    def state(window: MainWindow) -> tuple[object, bool]:
        return window.view.look, window.pane.histogram.isVisible()

    first = open_again(qtbot, make_window, root)
    before = state(first)
    first.grid.setFocus()
    qtbot.keyClick(first.grid, key.lower())
    changed = state(first)
    assert changed != before
    first.close()
    assert state(open_again(qtbot, make_window, root)) == changed


@pytest.mark.parametrize(
    "stored", ["", "{", "[]", '{"opacity": 7.0}', '{"opacity": 0}', '{"scale": "huge"}', '{"colours": "jet"}']
)
def test_a_look_that_is_none_is_the_first_one(tmp_path: Path, stored: str) -> None:
    settings = Settings(tmp_path)
    settings._store.setValue("map_look", stored)
    settings._store.setValue("panel", stored)
    assert settings.map_look == MapLook()
    assert settings.panel == "evidence"
