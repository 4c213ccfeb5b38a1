"""Filters as a person sets them: type, click, pick, take off, restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.settings import LastView
from faami_core.queries import Annotation, Filters, Mark
from faami_core.session import Session
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask
from tests.stub_encoder import StubEncoder

KEY = Qt.Key


@pytest.fixture
def session(tmp_path: Path) -> FakeSession:
    """24 images in three folders; image 3 is accepted, 5 rejected, 7 and 8 have a tag."""
    session = FakeSession(tmp_path / "data")
    session.folders = ("harbour/north", "harbour/south", "fields")
    session.notes = {
        3: Annotation(Mark.ACCEPTED),
        5: Annotation(Mark.REJECTED),
        7: Annotation(tags=("cloudy",)),
        8: Annotation(tags=("cloudy", "ship")),
    }
    return session


def numbers(window: MainWindow) -> set[int]:
    """Which images are shown."""
    return {item.image_id for item in window.model.items}


def type_into(qtbot: QtBot, window: MainWindow, field: str, text: str) -> None:
    """Goes to a field and types; what is found there follows after the pause."""
    edit = window.filter_panel.fields[field]
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, text) if text else qtbot.keyClick(edit, KEY.Key_Delete)


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(qtbot: QtBot, window: MainWindow, letters: str) -> None:
    """Finds an entry of the open list by its letters."""
    assert window.filter_list.isVisible()
    qtbot.keyClicks(window.filter_list.text, letters)
    qtbot.keyClick(window.filter_list.text, KEY.Key_Return)


# --- narrowing ------------------------------------------------------------------------------------------------


def test_typing_a_name_narrows_browsing_after_a_pause_and_says_so(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.pane.filters.isVisible()
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "name", "0000")
    assert numbers(window) == set(range(10))
    assert window.pane.headline.full_text == "10 of 24 images, by path"
    assert window.pane.filters.isVisible()
    assert window.pane.filters.texts == ("Name has “0000”",)
    assert window.filter_panel.header.text() == "Filters · 1"


def test_one_search_is_asked_for_all_keys_of_a_word(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river")
    asked = len(session.asked)
    with qtbot.waitSignal(window.search.shown):
        type_into(qtbot, window, "name", "*_0000?.jpg")
    assert len(session.asked) == asked + 1


def test_a_change_asks_the_query_on_screen_again_and_keeps_the_lit_word(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    window.view.select_word(1)
    window.pane.query.text.setText("half typed + ")
    with qtbot.waitSignal(window.search.shown):
        type_into(qtbot, window, "min_side", "212")
    assert numbers(window) == set(range(12, 24))
    assert [term.text for term in window.workspace.result.query.terms] == ["storage tanks"]
    assert window.view.word == 1
    assert window.pane.headline.full_text == "12 results  ·  re-ranked 12 of 12 filtered"
    assert window.status.fact("reranked") == "re-ranked 12 of 12 filtered"
    assert window.pane.query.text.text() == "half typed + ", "what is being typed is not touched"


def test_all_conditions_must_hold(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "modified_from", "2024-05-04")
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "modified_to", "2024-05-09")
    assert numbers(window) == set(range(3, 9))
    with qtbot.waitSignal(window.search.browsing):
        click(qtbot, window.filter_panel.marks[Mark.UNMARKED])
    assert numbers(window) == {4, 6, 7, 8}
    with qtbot.waitSignal(window.search.browsing):
        click(qtbot, window.filter_panel.marks[Mark.REJECTED])
    assert numbers(window) == {4, 5, 6, 7, 8}
    assert window.actions_by_name["filter_rejected"].isChecked()


def test_a_folder_is_picked_from_a_list_with_counts(qtbot: QtBot, window: MainWindow) -> None:
    click(qtbot, window.filter_panel.folder_button)
    assert [(entry.title, entry.hint) for entry in window.filter_list.shown] == [
        ("Any folder", "24"), ("fields", "8"), ("harbour", "16"), ("harbour/north", "8"), ("harbour/south", "8"),
    ]  # fmt: skip
    with qtbot.waitSignal(window.search.browsing):
        pick(qtbot, window, "south")
    assert numbers(window) == set(range(1, 24, 3))
    assert window.filter_panel.folder_button.text() == "harbour/south"
    window.actions_by_name["filter_folder"].trigger()
    with qtbot.waitSignal(window.search.browsing):
        pick(qtbot, window, "any")
    assert window.model.rowCount() == 24


def test_tags_add_up_and_come_off_by_the_same_list(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: bool(window.marks.tags))
    for letters, left in (("cloudy", {7, 8}), ("ship", {8}), ("cloudy", {8})):
        click(qtbot, window.filter_panel.tag_button)
        with qtbot.waitSignal(window.search.browsing):
            pick(qtbot, window, letters)
        assert numbers(window) == left
    assert window.pane.filters.texts == ("Tag: ship",)


def test_lists_with_nothing_to_choose_say_so(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    window = make_window(FakeSession(root / "data"))
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    for action, sentence in (("filter_folder", "There are no folders"), ("filter_tag", "No image has a tag yet")):
        window.actions_by_name[action].trigger()
        (entry,) = window.filter_list.shown
        assert entry.title.startswith(sentence)
        assert not entry.enabled
        window.filter_list.leave()


# --- what is wrong, what is empty -----------------------------------------------------------------------------


def test_a_wrong_day_is_told_below_its_field_and_nothing_is_lost(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "name", "0000")
    type_into(qtbot, window, "modified_to", "2024-13")
    panel = window.filter_panel
    qtbot.waitUntil(lambda: bool(panel.problem_of("modified_to")))
    assert panel.problem_of("modified_to").startswith("“2024-13” is not a day")
    assert panel.fields["modified_to"].accessibleDescription() == panel.problem_of("modified_to")
    assert panel.fields["modified_to"].text() == "2024-13"
    assert numbers(window) == set(range(10))
    assert window.pane.filters.texts == ("Name has “0000”",)
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "modified_to", "2024-05-03")
    assert panel.problem_of("modified_to") == ""
    assert numbers(window) == {0, 1, 2}


@pytest.mark.parametrize("query", ["", "river"])
def test_an_empty_result_says_that_the_filters_are_the_reason_and_clears_them(
    qtbot: QtBot, window: MainWindow, query: str
) -> None:
    if query:
        ask(qtbot, window, query)
    answered = window.search.shown if query else window.search.browsing
    with qtbot.waitSignal(answered):
        type_into(qtbot, window, "name", "nowhere")
    assert window.pane.page == "empty"
    assert window.pane.empty.title.text() == "No image passes the filters"
    assert window.pane.filters.isVisible()
    with qtbot.waitSignal(answered):
        click(qtbot, window.pane.empty.button)
    assert window.model.rowCount() == 24
    assert window.filter_panel.fields["name"].text() == ""
    assert not window.pane.filters.isVisible()


def test_a_query_that_fails_is_not_asked_again_by_a_filter(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.query_fails = True
    window.pane.query.text.setText("river")
    with qtbot.waitSignal(window.search.failed):
        qtbot.keyClick(window.pane.query.text, KEY.Key_Return)
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "name", "0000")
    assert numbers(window) == set(range(10))


# --- taking off -----------------------------------------------------------------------------------------------


def test_a_chip_takes_its_condition_off_and_leaves_what_else_is_typed(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "name", "0000")
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "min_side", "205")
    type_into(qtbot, window, "max_side", "wrong")
    strip = window.pane.filters
    strip.chip(0).setFocus()
    with qtbot.waitSignal(window.search.browsing):
        qtbot.keyClick(strip.chip(0), KEY.Key_Space)
    assert strip.texts == ("Shorter side ≥ 205 px",)
    assert QApplication.focusWidget() is strip.chip(0)
    assert window.filter_panel.fields["name"].text() == ""
    assert window.filter_panel.fields["max_side"].text() == "wrong"
    assert numbers(window) == set(range(5, 24))


def test_shift_esc_clears_the_filters_and_keeps_the_query(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.actions_by_name["clear_filters"].isEnabled()
    ask(qtbot, window, "river")
    with qtbot.waitSignal(window.search.shown):
        click(qtbot, window.filter_panel.marks[Mark.ACCEPTED])
    assert numbers(window) == {3}
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(window.grid, KEY.Key_Escape, Qt.KeyboardModifier.ShiftModifier)
    assert window.model.rowCount() == 24
    assert not window.filter_panel.marks[Mark.ACCEPTED].isChecked()
    assert window.pane.query.text.text() == "river"


def test_esc_empties_the_field_under_the_cursor_first_and_then_ends_the_query(
    qtbot: QtBot, window: MainWindow
) -> None:
    ask(qtbot, window, "river")
    with qtbot.waitSignal(window.search.shown):
        type_into(qtbot, window, "name", "0000")
    field = window.filter_panel.fields["name"]
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(field, KEY.Key_Escape)
    assert field.text() == ""
    assert window.model.rowCount() == 24
    with qtbot.waitSignal(window.search.browsing):
        qtbot.keyClick(field, KEY.Key_Escape)
    assert window.workspace.result is None


def test_esc_while_browsing_a_filtered_list_keeps_the_place(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "name", "0000")
    window.grid.setFocus()
    window.grid.choose(6)
    qtbot.keyClick(window.grid, KEY.Key_Escape)
    qtbot.wait(50)
    assert window.grid.currentIndex().row() == 6


# --- remembered -----------------------------------------------------------------------------------------------


def test_filters_come_back_with_the_session(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    first = make_window()
    with qtbot.waitSignal(first.collections.opened):
        first.collections.open(root)
    with qtbot.waitSignal(first.search.browsing):
        type_into(qtbot, first, "name", "0000")
    with qtbot.waitSignal(first.search.browsing):
        click(qtbot, first.filter_panel.marks[Mark.UNMARKED])
    shown = numbers(first)
    first.close()
    second = make_window()
    with qtbot.waitSignal(second.search.browsing):
        second.restore.begin()
    assert numbers(second) == shown == set(range(10)) - {3, 5}
    assert second.filter_panel.fields["name"].text() == "0000"
    assert second.filter_panel.marks[Mark.UNMARKED].isChecked()
    assert second.pane.filters.texts == ("Name has “0000”", "Unmarked")


def test_filters_that_cannot_be_read_any_more_hide_nothing(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    settings = make_window().settings
    settings.add_recent(root)
    settings.last_view = LastView(filters='{"colour": "red"}')
    window = make_window()
    with qtbot.waitSignal(window.search.browsing):
        window.restore.begin()
    assert window.model.rowCount() == 24


def test_another_collection_is_shown_whole(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.search.browsing):
        type_into(qtbot, window, "name", "0000")
    (tmp_path / "others").mkdir()
    with qtbot.waitSignal(window.search.browsing):
        window.collections.open(tmp_path / "others")
    assert window.model.rowCount() == 24
    assert window.filter_panel.fields["name"].text() == ""
    assert not window.pane.filters.isVisible()


def test_the_export_tells_which_filters_chose_its_images(
    qtbot: QtBot, make_window: MakeWindow, own_data_dir: Path, image_folder: Path, tmp_path: Path
) -> None:
    window = make_window(Session(encoder=StubEncoder(), data_dir=own_data_dir))
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(image_folder)
    ask(qtbot, window, "red")
    with qtbot.waitSignal(window.search.shown):
        type_into(qtbot, window, "name", "corner_*")
    assert window.pane.headline.full_text == "4 results  ·  re-ranked 4 of 4 filtered"
    with qtbot.waitSignal(window.export.written):
        window.export.export(tmp_path / "out.csv")
    metadata = json.loads((tmp_path / "out.csv-metadata.json").read_text(encoding="utf-8"))
    assert metadata["faami:filters"] == {"name": "corner_*"}
    imported = window.workspace.session.import_csv(tmp_path / "out.csv").result
    assert imported.filters == Filters(name="corner_*")


# --- the panel itself -----------------------------------------------------------------------------------------


def test_sections_fold_by_keyboard_and_stay_as_they_were_left(
    qtbot: QtBot, make_window: MakeWindow, root: Path
) -> None:
    first = make_window()
    with qtbot.waitSignal(first.collections.opened):
        first.collections.open(root)
    first.filter_panel.header.setFocus()
    qtbot.keyClick(first.filter_panel.header, KEY.Key_Space)
    assert not first.filter_panel.fields["name"].isVisible()
    first.close()
    second = make_window()
    with qtbot.waitSignal(second.collections.opened):
        second.collections.open(root)
    assert not second.filter_panel.is_open
    assert second.saved_panel.is_open
    second.actions_by_name["side_panel"].trigger()
    second.actions_by_name["focus_filters"].trigger()
    assert QApplication.focusWidget() is second.filter_panel.fields["name"], "the panel opens for it"


def test_there_is_nothing_to_filter_before_a_collection_is_open(make_window: MakeWindow) -> None:
    window = make_window()
    assert not window.filter_panel.isVisible()
    assert not window.actions_by_name["focus_filters"].isEnabled()


def test_in_the_lowest_window_the_panel_scrolls_and_cuts_nothing_at_its_side(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.resize(window.minimumSize())
    window.actions_by_name["side_panel"].trigger()  # it has made way
    type_into(qtbot, window, "modified_to", "2024-13")
    qtbot.waitUntil(lambda: bool(window.filter_panel.problem_of("modified_to")))
    scroll = window.side.area
    assert scroll.widget().minimumSizeHint().width() <= scroll.viewport().width()
    scroll.ensureWidgetVisible(window.saved_panel.empty)
    assert not window.saved_panel.empty.visibleRegion().isEmpty()
