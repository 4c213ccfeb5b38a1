"""Several collections in one query, on the real engine with a stub model: what is ticked is searched, too.

The images of both collections have the same ids, because each catalog counts for itself.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.result_list_model import Role
from app.settings import LastView, Settings
from app.widgets.collection_list import CollectionList
from faami_core.queries import Annotation, Mark
from faami_core.search.csv_reading import read_csv
from faami_core.session import Session
from faami_core.types import Hit
from tests.app.conftest import MakeWindow
from tests.app.test_window_search import ask
from tests.stub_encoder import COLOURS, StubEncoder

NORTH = ("black", "green", "red")  # the ids are in this order
SOUTH = ("blue", "red", "white", "yellow")


@pytest.fixture
def roots(tmp_path: Path, own_data_dir: Path) -> tuple[Path, Path]:
    """Two indexed collections, both with a red image."""
    session = Session(encoder=StubEncoder(), data_dir=own_data_dir)
    made = tmp_path / "north", tmp_path / "south"
    for root, colours in zip(made, (NORTH, SOUTH), strict=True):
        root.mkdir()
        for name in colours:
            Image.new("RGB", (48, 32), COLOURS[name]).save(root / f"{name}.png")
        session.index(root)
    return made


@pytest.fixture
def open_window(
    qtbot: QtBot, make_window: MakeWindow, roots: tuple[Path, Path], own_data_dir: Path
) -> Callable[..., MainWindow]:
    """Makes a window with both collections on its list, the first of them open."""

    def make(*, fingerprint: str = "5" * 64) -> MainWindow:
        encoder = StubEncoder(fingerprint=fingerprint)
        window = make_window(Session(encoder=encoder, data_dir=own_data_dir))
        for root in reversed(roots):
            window.settings.add_recent(root)
        with qtbot.waitSignal(window.collections.opened, timeout=20_000):
            window.collections.open(roots[0])
        return window

    return make


@pytest.fixture
def window(open_window: Callable[..., MainWindow]) -> MainWindow:
    return open_window()


@pytest.fixture
def both(qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]) -> MainWindow:
    """North is open, south is ticked."""
    tick(qtbot, window, roots[1])
    return window


def row_of(window: MainWindow, root: Path) -> int:
    rail = window.rail.collections
    return next(row for row in range(rail.count()) if rail.item(row).text() == root.name)


def box_of(window: MainWindow, root: Path) -> QPoint:
    """The middle of the box of a collection."""
    rail = window.rail.collections
    index = rail.model().index(row_of(window, root), 0)
    option = QStyleOptionViewItem()
    rail.initViewItemOption(option)
    option.rect = rail.visualRect(index)
    return rail.itemDelegate().box(option, index).toRect().center()


def tick(qtbot: QtBot, window: MainWindow, root: Path) -> None:
    """Clicks on the box of a collection and waits until that has taken effect."""
    with qtbot.waitSignal(window.further.changed):
        qtbot.mouseClick(window.rail.collections.viewport(), Qt.MouseButton.LeftButton, pos=box_of(window, root))
    settle(qtbot, window)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.runner.running == 0)


def is_ticked(window: MainWindow, root: Path) -> bool:
    return window.rail.collections.item(row_of(window, root)).checkState() is Qt.CheckState.Checked


def paths(window: MainWindow) -> set[Path]:
    return {item.path for item in window.model.items}


def images_of(root: Path) -> set[Path]:
    return set(root.glob("*.png"))


def row_of_image(window: MainWindow, path: Path) -> int:
    return next(row for row, item in enumerate(window.model.items) if item.path == path)


def test_the_list_has_room_for_rows_whose_style_came_after_them(qtbot: QtBot, tmp_path: Path) -> None:
    listed, panel = CollectionList(), QWidget()
    qtbot.addWidget(panel)
    listed.setParent(panel)
    listed.show_recent([tmp_path / "a", tmp_path / "b"], tmp_path / "a")
    panel.setStyleSheet("QListWidget::item { padding: 14px; }")
    panel.show()
    assert listed.viewport().height() >= listed.sizeHintForRow(0) + listed.sizeHintForRow(1)
    panel.setStyleSheet("QListWidget::item { padding: 28px; }")
    assert listed.viewport().height() >= listed.sizeHintForRow(0) + listed.sizeHintForRow(1)


def test_a_tick_searches_a_collection_too_and_another_one_no_longer(
    qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]
) -> None:
    north, south = roots
    ask(qtbot, window, "red")
    assert paths(window) == images_of(north)
    assert window.status.fact("gallery") == "3 images"

    tick(qtbot, window, south)
    assert window.workspace.root == north, "a tick opens nothing"
    assert paths(window) == images_of(north) | images_of(south)
    assert {window.model.path(row) for row in (0, 1)} == {north / "red.png", south / "red.png"}
    assert window.status.fact("gallery") == "7 images in 2 collections"
    assert window.status.fact("reranked") == "re-ranked 7 of 7"
    assert is_ticked(window, south)

    tick(qtbot, window, south)
    assert paths(window) == images_of(north)
    assert window.status.fact("gallery") == "3 images"


def test_space_ticks_the_row_under_the_keyboard(qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]) -> None:
    rail = window.rail.collections
    rail.setFocus()
    rail.setCurrentRow(row_of(window, roots[1]))
    with qtbot.waitSignal(window.further.changed):
        qtbot.keyClick(rail, Qt.Key.Key_Space)
    assert window.workspace.roots == roots
    with qtbot.waitSignal(window.collections.opened):
        qtbot.keyClick(rail, Qt.Key.Key_Return)
    assert window.workspace.roots == (roots[1],), "Enter opens it, and a collection is not searched twice"


def test_the_list_of_other_collections_ticks_by_a_few_letters(
    qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]
) -> None:
    for expected, before in ((roots, "none"), (roots[:1], "all")):
        window.actions_by_name["search_further"].trigger()
        assert [(entry.title, entry.tick) for entry in window.further_list.shown] == [("south", before)]
        qtbot.keyClicks(window.further_list.text, "so")
        with qtbot.waitSignal(window.further.changed):
            qtbot.keyClick(window.further_list.text, Qt.Key.Key_Return)
        assert window.workspace.roots == expected
        assert is_ticked(window, roots[1]) == (before == "none")


def test_a_tick_of_a_collection_waits_for_the_index_run_and_the_window_closes_meanwhile(
    qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]
) -> None:
    session = window.workspace.session
    session._lane.acquire()  # as an index run does for minutes
    try:
        window.further.tick(roots[1], True)
        qtbot.wait(50)
        assert window.workspace.roots == roots[:1]
    finally:
        session._lane.release()
    started = time.monotonic()
    assert window.close()
    assert time.monotonic() - started < 2


def test_ticks_stay_when_another_collection_is_opened(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]
) -> None:
    north, south = roots
    with qtbot.waitSignal(both.collections.opened):
        both.collections.open(south)
    assert both.workspace.roots == (south,)
    assert not is_ticked(both, north)
    with qtbot.waitSignal(both.collections.opened):
        both.collections.open(north)
    assert both.workspace.roots == roots
    assert is_ticked(both, south)


def test_a_collection_alone_on_the_list_has_no_box(qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]) -> None:
    ask(qtbot, both, "red")
    both.rail.collections.setCurrentRow(row_of(both, roots[1]))
    with qtbot.waitSignal(both.search.shown):
        qtbot.keyClick(both.rail.collections, Qt.Key.Key_Delete)
    assert paths(both) == images_of(roots[0])
    assert both.rail.collections.item(0).data(Qt.ItemDataRole.CheckStateRole) is None


def test_every_hit_says_which_collection_it_is_from(qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]) -> None:
    ask(qtbot, both, "red")
    for root in roots:
        row = row_of_image(both, root / "red.png")
        both.grid.choose(row)
        qtbot.waitUntil(lambda: both.evidence.is_settled)
        index = both.model.index(row)
        assert f"In the collection {root}\n" in index.data(Qt.ItemDataRole.ToolTipRole)
        assert f"in {root.name}" in index.data(Qt.ItemDataRole.AccessibleTextRole)
        assert both.inspector.path.full_text.endswith(f"in {root.name}")
        assert both.inspector.title.full_text == "red.png"


def test_marks_tags_and_undo_reach_the_collection_of_the_hit(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]
) -> None:
    session = both.workspace.session
    ask(qtbot, both, "red")
    rows = [row_of_image(both, path) for path in (roots[0] / "black.png", roots[1] / "blue.png")]
    items = [both.model.items[row] for row in rows]
    assert items[0].image_id == items[1].image_id, "else this test shows nothing"
    both.grid.choose(rows[0])
    both.triage.accept()
    both.grid.choose(rows[1])
    both.triage.reject()
    both.grid.selectAll()
    both.triage.toggle_tag("seen")
    settle(qtbot, both)

    number = items[0].image_id
    assert session.annotations(roots[0])[number] == Annotation(Mark.ACCEPTED, ("seen",))
    assert session.annotations(roots[1])[number] == Annotation(Mark.REJECTED, ("seen",))
    assert [len(session.annotations(root)) for root in roots] == [3, 4]
    assert both.status.fact("marks").endswith("1 accepted  ·  1 rejected")
    assert both.triage.tag_entries()[0].hint == "7"

    both.triage.stack.undo()
    both.triage.stack.undo()
    settle(qtbot, both)
    assert session.annotations(roots[0]) == {number: Annotation(Mark.ACCEPTED)}
    assert session.annotations(roots[1]) == {}
    assert both.grid.currentIndex().row() == rows[1]


def test_marks_come_and_go_with_the_tick_and_undo_stays_with_what_is_seen(
    qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]
) -> None:
    south = roots[1]
    hit = window.workspace.session.browse(south)[0]
    window.workspace.session.annotate(south, {hit.image_id: Annotation(Mark.ACCEPTED)})
    window.grid.choose(0)
    window.triage.reject()
    ask(qtbot, window, "red")
    tick(qtbot, window, south)
    assert window.model.index(row_of_image(window, hit.path)).data(Role.NOTE).mark is Mark.ACCEPTED
    assert window.triage.stack.canUndo(), "all that was marked is still on screen"
    window.grid.choose(row_of_image(window, hit.path))
    window.triage.unmark()
    tick(qtbot, window, south)
    assert not window.triage.stack.canUndo()
    assert window.status.fact("marks") == "1 rejected"


def test_mix_comparison_and_trust_check_tell_equal_ids_apart(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]
) -> None:
    ask(qtbot, both, "red blue")
    first, second = (row_of_image(both, path) for path in (roots[0] / "black.png", roots[1] / "blue.png"))
    both.grid.choose(second)
    both.inspector.turn_to("compare")
    both.inspector.compare.pinned.emit(True)
    both.grid.choose(first)
    qtbot.waitUntil(lambda: both.evidence.is_settled and both.views.compare.is_settled)
    assert both.inspector.compare.other.full_text == "B is blue.png"

    before = {hit.path: hit.rank for hit in both.model.items if isinstance(hit, Hit)}
    both.inspector.mixer.slider(0).setValue(0)
    qtbot.waitUntil(lambda: both.workspace.result.words[0].weight == 0)
    assert both.evidence.item.path == roots[0] / "black.png", "the image in the inspector stays"
    for row, hit in enumerate(both.model.items):
        assert both.model.index(row).data(Role.MOVED) == before[hit.path] - hit.rank

    both.grid.choose(row_of_image(both, roots[1] / "blue.png"))
    both.inspector.turn_to("trust")
    both.inspector.trust.asked.emit()
    settle(qtbot, both)
    assert both.inspector.trust.isVisible()


def test_filters_hold_for_all_of_them(qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]) -> None:
    ask(qtbot, both, "red")
    wanted = {roots[0] / "black.png", roots[1] / "blue.png"}
    for path in wanted:
        both.grid.choose(row_of_image(both, path))
        both.triage.accept()
    settle(qtbot, both)
    with qtbot.waitSignal(both.search.shown):
        both.filters.toggle_mark(Mark.ACCEPTED)
    assert paths(both) == wanted
    with qtbot.waitSignal(both.search.shown):
        both.filters.toggle_mark(Mark.ACCEPTED)
        both.filters.toggle_mark(Mark.REJECTED)
    assert both.pane.empty.sentence.text() == "None of the 7 images meets all the conditions above."


def test_the_export_is_what_is_on_screen_with_the_collection_of_each_hit(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path], tmp_path: Path
) -> None:
    ask(qtbot, both, "red")
    with qtbot.waitSignal(both.export.written):
        both.export.export(tmp_path / "hits.csv")
    rows = read_csv(tmp_path / "hits.csv")
    assert [row.path for row in rows] == [item.path for item in both.model.items]
    assert [row.collection for row in rows] == [row.path.parent for row in rows]


def test_query_ticks_and_image_come_back_at_the_next_start(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path], make_window: MakeWindow, own_data_dir: Path
) -> None:
    ask(qtbot, both, "red")
    both.grid.choose(row_of_image(both, roots[1] / "yellow.png"))
    both.close()
    again = make_window(Session(encoder=StubEncoder(), data_dir=own_data_dir))
    with qtbot.waitSignal(again.search.shown):
        again.restore.begin()
    assert again.workspace.roots == roots
    assert again.model.path(again.evidence.row) == roots[1] / "yellow.png"
    assert is_ticked(again, roots[1])


def test_a_tick_that_is_no_longer_on_the_list_does_not_come_back(tmp_path: Path, open_window) -> None:
    window = open_window()
    window.settings.last_view = LastView(ticked=(tmp_path / "gone",))
    assert Settings(window.settings.file.parent).last_view.ticked == (tmp_path / "gone",)
    window.restore.begin()
    assert window.workspace.ticked == ()


def test_a_picture_named_by_its_file_is_found_in_any_of_them(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path]
) -> None:
    ask(qtbot, both, "./yellow.png")
    assert both.model.path(0) == roots[1] / "yellow.png"


# --- collections that do not answer ---------------------------------------------------------------------------


def test_one_that_was_indexed_with_another_model_is_refused_and_the_others_answer(
    qtbot: QtBot, open_window: Callable[..., MainWindow], roots: tuple[Path, Path]
) -> None:
    window = open_window(fingerprint="6" * 64)  # north is indexed anew, south is not
    ask(qtbot, window, "red")
    tick(qtbot, window, roots[1])
    notice = window.pane.notice
    assert notice.message.text() == "“south” cannot be searched: it has not been indexed with this model."
    assert notice.next_step.text() == "The other collections still are. Open it to index it."
    assert not is_ticked(window, roots[1])
    assert paths(window) == images_of(roots[0])


def test_one_whose_index_goes_while_it_is_searched_is_left_out_and_the_query_asked_again(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path], own_data_dir: Path
) -> None:
    for folder in (own_data_dir / "collections").glob("south-*"):
        shutil.rmtree(folder)
    ask(qtbot, both, "red")
    assert paths(both) == images_of(roots[0])
    assert "“south” cannot be searched" in both.pane.notice.message.text()
    assert not is_ticked(both, roots[1])


def test_a_drive_that_is_away_is_searched_as_it_was_and_that_is_told(
    qtbot: QtBot, window: MainWindow, roots: tuple[Path, Path]
) -> None:
    roots[1].rename(roots[1].with_name("unplugged"))
    ask(qtbot, window, "red")
    tick(qtbot, window, roots[1])
    assert window.pane.notice.message.text() == (
        "The folder of “south” cannot be reached; its images are found as they were indexed."
    )
    assert window.model.rowCount() == 7


def test_one_that_cannot_be_opened_at_start_costs_only_itself(
    qtbot: QtBot, both: MainWindow, roots: tuple[Path, Path], make_window: MakeWindow, own_data_dir: Path
) -> None:
    ask(qtbot, both, "red")
    both.close()
    for folder in (own_data_dir / "collections").glob("south-*"):
        (folder / "catalog.sqlite").write_bytes(b"not a database" * 100)
    again = make_window(Session(encoder=StubEncoder(), data_dir=own_data_dir))
    with qtbot.waitSignal(again.search.shown):
        again.restore.begin()
    assert paths(again) == images_of(roots[0])
    assert "“south” cannot be searched" in again.pane.notice.message.text()
