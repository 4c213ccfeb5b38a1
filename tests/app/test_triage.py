"""Accept, reject, tag and undo, by keyboard, as an analyst does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.mark_store import MarkStore
from app.models.result_list_model import Role
from app.workers.task import Lane
from faami_core.queries import Annotation, AnnotationChange, Mark
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.late_answers import HeldCall, delivered
from tests.app.test_window_search import ask

U = Mark.UNMARKED
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def settled(qtbot: QtBot, window: MainWindow) -> None:
    """Waits until all writing is done."""
    qtbot.waitUntil(lambda: window.runner.running == 0)


def marks(window: MainWindow) -> list[Mark]:
    return [window.model.index(row).data(Role.NOTE).mark for row in range(window.model.rowCount())]


def press(qtbot: QtBot, window: MainWindow, keys: str) -> None:
    window.grid.setFocus()
    for key in keys:
        qtbot.keyClicks(window.grid, key)


def test_one_key_an_image_accepts_or_rejects_and_goes_on(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, "river")
    press(qtbot, window, "aar")
    assert marks(window)[:4] == [Mark.ACCEPTED, Mark.ACCEPTED, Mark.REJECTED, U]
    assert window.grid.currentIndex().row() == 3
    assert window.status.fact("marks") == "2 accepted  ·  1 rejected"
    settled(qtbot, window)
    ids = [item.image_id for item in window.model.items[:3]]
    assert {image: session.notes[image].mark for image in ids} == dict(zip(ids, marks(window)[:3], strict=True))


def test_undo_goes_back_step_by_step_and_says_what_it_takes_back(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, "river")
    name = window.model.path(1).name
    press(qtbot, window, "ar")
    undo, redo = window.actions_by_name["undo"], window.actions_by_name["redo"]
    assert undo.text() == f"&Undo Reject {name}"
    assert not redo.isEnabled()
    qtbot.keyClick(window.grid, Qt.Key.Key_Z, CONTROL)
    assert marks(window)[:2] == [Mark.ACCEPTED, U]
    assert window.grid.currentIndex().row() == 1, "undo shows what it changed"
    assert redo.text() == f"&Redo Reject {name}"
    qtbot.keyClick(window.grid, Qt.Key.Key_Z, CONTROL)
    assert marks(window)[:2] == [U, U]
    assert not undo.isEnabled()
    assert undo.text() == "&Undo"
    qtbot.keyClick(window.grid, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert marks(window)[:2] == [Mark.ACCEPTED, U]
    settled(qtbot, window)
    assert {note.mark for note in session.notes.values()} == {Mark.ACCEPTED, U}


def test_a_range_is_marked_in_one_step_and_stays_selected(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.setFocus()
    window.grid.choose(2)
    for _ in range(3):
        qtbot.keyClick(window.grid, Qt.Key.Key_Right, SHIFT)
    assert window.grid.selected_rows() == [2, 3, 4, 5]
    assert "4 selected" in window.status.fact("marks")
    press(qtbot, window, "r")
    assert marks(window)[1:7] == [U, *[Mark.REJECTED] * 4, U]
    assert window.grid.selected_rows() == [2, 3, 4, 5]
    assert window.actions_by_name["undo"].text() == "&Undo Reject 4 images"
    window.actions_by_name["undo"].trigger()
    assert set(marks(window)) == {U}


def test_clicks_with_control_and_shift_select_as_everywhere(qtbot: QtBot, window: MainWindow) -> None:
    def click(row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        spot: QPoint = window.grid.visualRect(window.model.index(row)).center()
        qtbot.mouseClick(window.grid.viewport(), Qt.MouseButton.LeftButton, modifier, spot)

    click(0)
    click(2, CONTROL)
    assert window.grid.selected_rows() == [0, 2]
    click(2)
    click(4, SHIFT)
    assert window.grid.selected_rows() == [2, 3, 4]
    qtbot.keyClick(window.grid, Qt.Key.Key_A, CONTROL)
    assert window.grid.selected_rows() == list(range(24))


def test_clearing_a_mark_leaves_the_tags(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.choose(0)
    window.triage.toggle_tag("harbour")
    press(qtbot, window, "a")
    window.grid.choose(0)
    press(qtbot, window, "u")
    assert window.model.index(0).data(Role.NOTE) == Annotation(Mark.UNMARKED, ("harbour",))


def test_marking_again_what_is_marked_is_no_step(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.choose(0)
    press(qtbot, window, "a")
    window.grid.choose(0)
    press(qtbot, window, "a")
    assert window.triage.stack.count() == 1


def test_a_tag_is_typed_once_and_then_found_by_a_few_letters(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.choose(3)
    tags = window.tag_list
    press(qtbot, window, "t")
    assert tags.isVisible()
    assert tags.text.hasFocus()
    qtbot.keyClicks(tags.text, "Flood area")
    qtbot.keyClick(tags.text, Qt.Key.Key_Return)
    assert not tags.isVisible()
    assert QApplication.focusWidget() is window.grid, "the keyboard goes back to the grid"
    assert window.model.index(3).data(Role.NOTE).tags == ("Flood area",)
    window.grid.choose(4)
    press(qtbot, window, "t")
    qtbot.keyClicks(tags.text, "fa")
    assert [(entry.title, entry.tick) for entry in tags.shown] == [("Flood area", "none"), ("New tag “fa”", "none")]
    qtbot.keyClick(tags.text, Qt.Key.Key_Return)
    assert window.model.index(4).data(Role.NOTE).tags == ("Flood area",)
    assert window.triage.tag_entries()[0].hint == "2"


def test_a_tag_that_all_of_the_selection_has_is_taken_off(window: MainWindow) -> None:
    window.grid.choose(0)
    window.triage.toggle_tag("harbour")
    window.grid.selectAll()
    assert window.triage.tag_entries()[0].tick == "some"
    window.triage.toggle_tag("harbour")
    assert window.triage.tag_entries()[0].tick == "all"
    assert window.actions_by_name["undo"].text() == "&Undo Tag “harbour” 24 images"
    window.triage.toggle_tag("harbour")
    assert window.marks.tags == {}
    window.actions_by_name["undo"].trigger()
    assert window.marks.tags == {"harbour": 24}


def test_marks_survive_a_restart(qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: object) -> None:
    first = make_window()
    with qtbot.waitSignal(first.triage.loaded):
        first.collections.open(root)
    first.grid.choose(0)
    first.triage.accept()
    first.triage.toggle_tag("harbour")
    first.close()  # at once: what is on its way to the disk is still written
    second = make_window()
    with qtbot.waitSignal(second.triage.loaded):
        second.collections.open(root)
    assert marks(second)[0] is Mark.ACCEPTED
    assert second.marks.tags == {"harbour": 1}
    assert not second.actions_by_name["undo"].isEnabled(), "what was done before the restart is done"


def test_what_another_window_tags_is_shown_and_kept(
    qtbot: QtBot, window: MainWindow, make_window: MakeWindow, session: FakeSession, root: object
) -> None:
    """Two windows on one collection: each puts a tag of its own on the same image."""
    other = make_window()
    with qtbot.waitSignal(other.triage.loaded):
        other.collections.open(root)
    for one, tag in ((window, "b"), (other, "c")):
        one.grid.choose(0)
        one.triage.toggle_tag(tag)
        settled(qtbot, one)
    for one in (window, other):
        one.triage.look()
        qtbot.waitUntil(lambda one=one: one.model.index(0).data(Role.NOTE).tags == ("b", "c"))
    assert session.notes[0].tags == ("b", "c")


def test_undo_takes_back_only_what_this_window_did(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    window.grid.choose(0)
    window.triage.toggle_tag("mine")
    settled(qtbot, window)
    session.annotate(window.workspace.root, {0: AnnotationChange(Mark.ACCEPTED, ("theirs",))})
    window.actions_by_name["undo"].trigger()
    settled(qtbot, window)
    assert session.notes[0] == Annotation(Mark.ACCEPTED, ("theirs",))
    window.triage.look()
    qtbot.waitUntil(lambda: window.model.index(0).data(Role.NOTE) == session.notes[0])


def test_other_windows_are_looked_for_by_the_clock_and_no_longer_once_the_window_is_closed(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.triage._clock.setInterval(10)
    session.annotate(window.workspace.root, {3: AnnotationChange(Mark.REJECTED)})
    qtbot.waitUntil(lambda: marks(window)[3] is Mark.REJECTED)
    window.close()
    assert not window.triage._clock.isActive()


def test_marks_that_cannot_be_stored_are_told_and_not_shown(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.disk_is_full = True
    window.grid.choose(0)
    with qtbot.waitSignal(window.triage.loaded):
        press(qtbot, window, "a")
    assert "disk is full" in window.pane.notice.message.text()
    assert set(marks(window)) == {U}
    assert not window.triage.stack.canUndo()


def test_marks_that_were_read_before_a_mark_was_set_do_not_take_it_off(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(qtbot, window)
    answers = delivered(monkeypatch, window, Lane.DISK)
    late = HeldCall(monkeypatch, session, "annotations")
    window.triage.take_collections()
    late.wait_for_answer(qtbot)
    window.grid.choose(0)
    press(qtbot, window, "a")
    seen: list[Mark] = []
    window.marks.changed.connect(lambda: seen.append(marks(window)[0]))
    with qtbot.waitSignal(window.triage.loaded):
        late.let_go()
    settled(qtbot, window)
    assert answers[0] == (0, {}), "they did come"
    assert set(seen) <= {Mark.ACCEPTED}
    assert marks(window)[0] is session.notes[0].mark is Mark.ACCEPTED


def test_marks_are_painted_and_told(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.thumbnails.is_idle)
    window.grid.clearSelection()
    spot = window.grid.visualRect(window.model.index(1))

    def colours() -> object:
        return window.grid.viewport().grab(spot).toImage()

    plain = colours()
    seen = [plain]
    for change in (
        Annotation(Mark.ACCEPTED),
        Annotation(Mark.REJECTED),
        Annotation(Mark.UNMARKED, ("harbour",)),
    ):
        window.marks.put({window.model.key(1): change})
        assert all(colours() != other for other in seen)
        seen.append(colours())
    window.marks.put({window.model.key(1): Annotation(Mark.ACCEPTED, ("a", "b"))})
    spoken = window.model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.endswith("accepted, tagged a and b")
    assert window.model.index(1).data(Qt.ItemDataRole.ToolTipRole).endswith("Accepted, tagged a and b")


def test_typing_a_query_marks_nothing(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "art area tar")
    assert set(marks(window)) == {U}
    assert not window.tag_list.isVisible()


def test_another_collection_has_other_marks_and_no_undo(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: object
) -> None:
    window.grid.choose(0)
    window.triage.accept()
    settled(qtbot, window)
    session.notes = {}
    other = tmp_path / "other"
    other.mkdir()
    with qtbot.waitSignal(window.triage.loaded):
        window.collections.open(other)
    assert set(marks(window)) == {U}
    assert not window.triage.stack.canUndo()


def test_an_update_keeps_the_undo_steps(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.choose(0)
    window.triage.accept()
    with qtbot.waitSignal(window.triage.loaded):
        window.collections.update()
    assert window.triage.stack.canUndo()
    assert marks(window)[0] is Mark.ACCEPTED


def test_an_image_without_mark_and_tag_is_not_kept() -> None:
    store = MarkStore()
    north = Path("/north")
    store.show(north, {1: Annotation(Mark.ACCEPTED), 2: Annotation()})
    assert store.count(Mark.UNMARKED) == 0
    store.put({(north, 1): Annotation()})
    assert store.count(Mark.ACCEPTED) == store.count(Mark.UNMARKED) == 0
    assert store.of((north, 1)) == Annotation()


def test_equal_ids_of_two_collections_are_two_images() -> None:
    store, north, south = MarkStore(), Path("/north"), Path("/south")
    store.show(north, {1: Annotation(Mark.ACCEPTED)})
    store.show(south, {1: Annotation(Mark.REJECTED, ("full",))})
    assert (store.of((north, 1)).mark, store.of((south, 1)).mark) == (Mark.ACCEPTED, Mark.REJECTED)
    store.show(north, {2: Annotation(tags=("full",))})
    assert store.of((north, 1)) == Annotation()
    assert store.tags == {"full": 2}
    store.keep([north])
    assert store.tags == {"full": 1}


# --- the score histogram --------------------------------------------------------------------------------------


def test_the_line_of_the_histogram_cuts_off_the_lower_scores(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    histogram, scores = window.pane.histogram, [hit.score for hit in window.model.items]
    assert histogram.isVisible()
    assert histogram.summary == "All 24 results"
    area = histogram._area()
    middle = QPoint(round(area.center().x()), round(area.center().y()))
    qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=QPoint(round(area.left()), middle.y()))
    qtbot.mouseMove(histogram, middle)
    qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=middle)
    halfway = scores[-1] + (middle.x() - area.left()) / area.width() * (scores[0] - scores[-1])
    expected = sum(score >= halfway for score in scores)
    assert 0 < expected < 24
    assert window.model.rowCount() == expected
    assert window.pane.headline.full_text.startswith(f"{expected} of 24 results")
    assert histogram.summary == f"{expected} of 24 at {scores[expected - 1]:.3f} or more"


def test_the_line_moves_by_keys_hit_by_hit(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    histogram = window.pane.histogram
    histogram.setFocus()
    for _ in range(3):
        qtbot.keyClick(histogram, Qt.Key.Key_Right)
    assert window.model.rowCount() == 21
    qtbot.keyClick(histogram, Qt.Key.Key_Left)
    assert window.model.rowCount() == 22
    qtbot.keyClick(histogram, Qt.Key.Key_Home)
    assert window.model.rowCount() == 24


def test_the_selection_and_the_inspector_follow_when_their_image_is_cut_off(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    window.grid.choose(20)
    window.pane.histogram.keep(5)
    assert window.grid.currentIndex().row() == window.evidence.row < 5
    ask(qtbot, window, "tanks")
    assert window.model.rowCount() == 24, "a new result is shown whole"


def test_equal_scores_are_kept_or_cut_together(qtbot: QtBot, window: MainWindow) -> None:
    histogram = window.pane.histogram
    histogram.show_scores((0.9, 0.5, 0.5, 0.5, 0.1))
    histogram.keep(2)
    assert histogram.kept == 4
    histogram.show_scores((0.4, 0.4))
    histogram.keep(1)
    assert histogram.kept == 2


def test_the_histogram_can_be_hidden_and_stays_hidden(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.pane.histogram.isVisible(), "there are no scores while browsing"
    ask(qtbot, window, "river")
    press(qtbot, window, "h")
    assert not window.pane.histogram.isVisible()
    ask(qtbot, window, "tanks")
    assert not window.pane.histogram.isVisible()
    assert not window.settings.histogram


def test_a_tag_is_shown_as_it_is_stored_however_it_is_typed(window: MainWindow, session: FakeSession) -> None:
    window.grid.choose(0)
    for typed in ("pre\u0301  vert", "pr\u00e9 vert", "\ufeffpr\u00e9\u200b vert"):
        window.triage.toggle_tag(typed)
    assert window.marks.tags == {"pr\u00e9 vert": 1}, "put on, taken off, put on"
    window.triage.toggle_tag("b ;a;; ")
    assert set(window.marks.tags) == {"a", "b", "pr\u00e9 vert"}
    assert window.triage.stack.undoText().startswith("Tag “a” and “b” ")
    window.triage.toggle_tag("a; b")
    assert set(window.marks.tags) == {"pr\u00e9 vert"}


def test_a_tag_typed_in_another_spelling_is_no_new_one(qtbot: QtBot, window: MainWindow) -> None:
    window.grid.choose(0)
    window.triage.toggle_tag("pr\u00e9")
    window.tag_list.open_with(window.triage.tag_entries())
    window.tag_list.text.setText("pre\u0301")
    window.tag_list._filter()
    assert [entry.title for entry in window.tag_list.shown] == ["pr\u00e9"]
