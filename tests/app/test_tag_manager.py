"""Tags are renamed, merged and deleted on all images at once, by keyboard, and each step can be undone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from faami_core.queries import Annotation, Mark
from tests.app.events import CONTROL, SHIFT, activate, hold, press
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask


@pytest.fixture
def tagged(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """Three images with the tag "harbor", one of them rejected, and two with "Harbour", one image with both."""
    activate(qtbot, window)
    for rows, tag in (([0, 1, 2], "harbor"), ([2, 3], "Harbour")):
        window.grid.choose_all(rows)
        window.triage.toggle_tag(tag)
    window.grid.choose(1)
    window.triage.reject()
    window.grid.setFocus()
    return window


def stored(qtbot: QtBot, window: MainWindow, session: FakeSession) -> dict[int, tuple[str, ...]]:
    qtbot.waitUntil(lambda: window.runner.running == 0)
    return {image: note.tags for image, note in session.notes.items() if note.tags}


def choose(window: MainWindow, tag: str, then: str) -> None:
    """Opens the list of tags by its key, chooses one by name, and types what is to become of it."""
    hold(window, "t", SHIFT)
    hold(window, tag)
    press(window, Qt.Key.Key_Return)
    for letter in then:
        hold(window, letter, *((SHIFT,) if letter.isupper() else ()))
    press(window, Qt.Key.Key_Return)


def test_a_misspelt_tag_is_renamed_everywhere_and_its_case_is_kept(
    qtbot: QtBot, tagged: MainWindow, session: FakeSession
) -> None:
    with qtbot.waitSignal(tagged.search.shown):
        tagged.search.ask("tanks")  # whichever images are on screen
    tagged.tags.take("harbor")
    tagged.tags.rename("Port")
    assert tagged.marks.tags == {"Port": 3, "Harbour": 2}
    assert stored(qtbot, tagged, session) == {0: ("Port",), 1: ("Port",), 2: ("Harbour", "Port"), 3: ("Harbour",)}
    assert session.notes[1].mark is Mark.REJECTED, "marks stay"
    assert tagged.pane.notice.message.text() == "“harbor” is now “Port” on 3 images."


def test_a_tag_is_renamed_by_keyboard_alone(qtbot: QtBot, tagged: MainWindow) -> None:
    choose(tagged, "harbor", "dock")
    assert tagged.marks.tags == {"dock": 3, "Harbour": 2}
    assert tagged.grid.hasFocus()
    hold(tagged, "z", CONTROL)
    assert tagged.marks.tags == {"harbor": 3, "Harbour": 2}


def test_upper_and_lower_case_of_a_tag_can_be_changed(qtbot: QtBot, tagged: MainWindow) -> None:
    tagged.tags.take("harbor")
    tagged.tags.rename("Harbor")
    assert tagged.marks.tags == {"Harbor": 3, "Harbour": 2}


def test_a_tag_is_merged_into_another_and_taken_apart_again_by_undo(
    qtbot: QtBot, tagged: MainWindow, session: FakeSession
) -> None:
    before = stored(qtbot, tagged, session)
    entries = tagged.tags.take("harbor")
    assert [entry.title for entry in entries] == ["Merge into “Harbour”", "Delete “harbor”"]
    tagged.tags.do(entries[0].key)
    assert tagged.marks.tags == {"Harbour": 4}
    assert tagged.pane.notice.message.text() == "“harbor” was merged into “Harbour” on 3 images."
    assert tagged.actions_by_name["undo"].text() == "&Undo Merge tag “harbor” into “Harbour”"
    qtbot.mouseClick(tagged.pane.notice.button, Qt.MouseButton.LeftButton)
    assert stored(qtbot, tagged, session) == before
    assert tagged.marks.tags == {"harbor": 3, "Harbour": 2}
    assert not tagged.pane.notice.isVisible()


def test_a_name_that_is_a_tag_already_merges(tagged: MainWindow) -> None:
    tagged.tags.take("Harbour")
    tagged.tags.rename(" harbor ")
    assert tagged.marks.tags == {"harbor": 4}


def test_a_tag_is_deleted_and_comes_back(qtbot: QtBot, tagged: MainWindow, session: FakeSession) -> None:
    before = stored(qtbot, tagged, session)
    tagged.tags.do(tagged.tags.take("harbor")[-1].key)
    assert tagged.marks.tags == {"Harbour": 2}
    assert stored(qtbot, tagged, session) == {2: ("Harbour",), 3: ("Harbour",)}
    assert session.notes[1] == Annotation(Mark.REJECTED)
    tagged.triage.stack.undo()
    assert stored(qtbot, tagged, session) == before


@pytest.mark.parametrize("name", ["", "  ", "harbor", " harbor"])
def test_no_name_and_the_same_name_are_no_step(tagged: MainWindow, name: str) -> None:
    steps = tagged.triage.stack.count()
    tagged.tags.take("harbor")
    tagged.tags.rename(name)
    assert tagged.triage.stack.count() == steps


def test_a_filter_by_the_tag_goes_with_it_and_comes_back(qtbot: QtBot, tagged: MainWindow) -> None:
    ask(qtbot, tagged, "tanks")
    with qtbot.waitSignal(tagged.search.shown):
        tagged.filters.replace(replace(tagged.workspace.filters, tags=("harbor",)))
    tagged.tags.take("harbor")
    tagged.tags.rename("Port")
    qtbot.waitUntil(lambda: tagged.runner.running == 0)
    assert tagged.workspace.filters.tags == ("Port",)
    assert tagged.model.rowCount() == 3
    tagged.triage.stack.undo()
    qtbot.waitUntil(lambda: tagged.runner.running == 0)
    assert tagged.workspace.filters.tags == ("harbor",)
    assert tagged.model.rowCount() == 3
