"""Duplicates lie behind the best of them, in results and while browsing, and what is on screen is what is written."""

from __future__ import annotations

import csv
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.folding import folded
from app.models.result_list_model import Role
from faami_core.types import GalleryImage
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_triage import press
from tests.app.test_window_feedback import ids
from tests.app.test_window_search import ask

SHIFT = Qt.KeyboardModifier.ShiftModifier


def group(qtbot: QtBot, window: MainWindow, keys: str = "d") -> None:
    press(qtbot, window, keys)
    qtbot.waitUntil(lambda: window.views.duplicates.is_settled)


def badges(window: MainWindow) -> dict[int, str]:
    stacks = {row: window.model.index(row).data(Role.STACK) for row in range(window.model.rowCount())}
    return {row: stack.badge for row, stack in stacks.items() if stack is not None}


def test_copies_fold_behind_the_best_ranked_one(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    before = ids(window)
    session.copied = ((before[2], before[5], before[20]), (before[7], before[9]))
    group(qtbot, window)
    assert ids(window) == [image for image in before if image not in (before[5], before[20], before[9])]
    assert badges(window) == {2: "+2", 6: "+1"}
    assert "21 results  ·  3 folded" in window.pane.headline.full_text
    assert [hit.rank for hit in window.workspace.result.hits] == list(range(21))
    assert "2 copies folded behind it" in window.model.index(2).data(Qt.ItemDataRole.AccessibleTextRole)
    ask(qtbot, window, "airport")
    assert window.model.rowCount() == 21, "the next answer is folded at once"
    group(qtbot, window)
    assert window.model.rowCount() == 24


def test_enter_a_key_and_the_badge_unfold_and_fold(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    before = ids(window)
    session.copied = ((before[2], before[5], before[20]),)
    group(qtbot, window)
    window.grid.choose(2)
    qtbot.keyClick(window.grid, Qt.Key.Key_Return)
    assert ids(window)[2:5] == [before[2], before[5], before[20]]
    assert badges(window) == {2: "−2", 3: "copy", 4: "copy"}
    assert "folded" not in window.pane.headline.full_text
    assert window.grid.currentIndex().row() == 2
    window.grid.choose(4)
    press(qtbot, window, "x")
    assert badges(window) == {2: "+2"}
    assert window.grid.currentIndex().row() == 2, "a copy that is folded leaves the best one selected"
    spot = window.grid.itemDelegate().stack_spot(
        window.grid.visualRect(window.model.index(2)), window.model.index(2).data(Role.STACK)
    )
    qtbot.mouseClick(window.grid.viewport(), Qt.MouseButton.LeftButton, pos=spot.center())
    assert badges(window) == {2: "−2", 3: "copy", 4: "copy"}


def test_unfolding_leaves_the_view_where_it_is(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    before = ids(window)
    session.copied = ((before[18], before[23]),)
    group(qtbot, window)
    window.grid.choose(18)
    place = window.grid.verticalScrollBar().value()
    assert place > 0
    press(qtbot, window, "x")
    assert badges(window) == {18: "−1", 19: "copy"}
    assert window.grid.verticalScrollBar().value() == place


def test_the_export_and_the_histogram_are_those_of_the_screen(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    ask(qtbot, window, "tanks river")
    before = [item.path for item in window.model.items]
    images = ids(window)
    session.copied = ((images[0], images[23]), (images[1], images[22]))
    group(qtbot, window)
    window.grid.choose(0)
    press(qtbot, window, "x")
    out = tmp_path / "seen.csv"
    with qtbot.waitSignal(window.export.written):
        window.export.export(out)
    with out.open(newline="", encoding="utf-8") as stream:
        written = [Path(row["path"]) for row in csv.DictReader(stream)]
    assert written == [before[0], before[23], *before[1:22]]
    window.pane.histogram.keep(2)
    assert [item.path for item in window.model.items] == [before[0], before[23]], "a copy counts with its best one"
    assert "2 of 23 results  ·  1 folded" in window.pane.headline.full_text


def test_look_alikes_are_found_in_the_background(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    before = ids(window)
    window.grid.setFocus()
    qtbot.keyClick(window.grid, Qt.Key.Key_D, SHIFT)
    qtbot.waitUntil(lambda: window.views.duplicates.is_settled)
    assert ids(window) == before[::2]
    assert "12 folded" in window.pane.headline.full_text
    assert not window.actions_by_name["group_copies"].isChecked()
    assert window.actions_by_name["group_alike"].isChecked()


def test_browsing_is_grouped_and_the_switch_is_remembered(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    first = make_window()
    with qtbot.waitSignal(first.collections.opened):
        first.collections.open(root)
    session.copied = ((3, 4, 5),)
    first.grid.choose(10)
    group(qtbot, first)
    assert ids(first) == [image for image in range(24) if image not in (4, 5)]
    assert first.model.items[first.grid.currentIndex().row()].image_id == 10, "the same image stays selected"
    assert "24 images, by path  ·  2 folded" in first.pane.headline.full_text
    first.close()
    second = make_window()
    assert second.actions_by_name["group_copies"].isChecked()
    with qtbot.waitSignal(second.collections.opened):
        second.collections.open(root)
    qtbot.waitUntil(lambda: second.model.rowCount() == 22)


def test_moved_ranks_count_what_is_on_screen(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    images = ids(window)
    session.copied = ((images[1], images[2], images[3]),)
    group(qtbot, window)
    window.inspector.mixer.slider(0).setValue(0)
    window.inspector.mixer.slider(0).setValue(100)
    window.grid.choose(9)
    press(qtbot, window, "+")
    with qtbot.waitSignal(window.search.shown):
        window.feedback.rerank()
    assert window.model.rowCount() == 22
    assert window.model.index(0).data(Role.MOVED) == 9


def test_only_duplicates_on_screen_make_a_stack() -> None:
    images = [GalleryImage(number, Path(f"{number}.jpg"), 9, 9) for number in range(5)]
    groups = {(0, 1): 0, (0, 3): 0, (0, 4): 7, (0, 9): 7}
    order, stacks = folded(images, groups)
    assert order == [0, 1, 2, 4]
    assert list(stacks) == [1]
    order, stacks = folded(images, groups, {0})
    assert order == [0, 1, 3, 2, 4]
    assert {row: stack.head for row, stack in stacks.items()} == {1: 1, 2: 1}


def test_a_copy_tells_the_row_of_its_best_one_as_it_is_counted_on_screen() -> None:
    images = [GalleryImage(number, Path(f"{number}.jpg"), 9, 9) for number in range(4)]
    _, stacks = folded(images, {(0, 1): 0, (0, 3): 0}, {0})
    assert {row: stack.spoken for row, stack in stacks.items()} == {1: "1 copy shown behind it", 2: "copy of row 2"}
