"""Filters by marks and tags are live: what no longer passes leaves the screen, and undo finds it again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from faami_core.queries import Annotation, Filters, Mark
from tests.app.events import CONTROL, activate, hold
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask

UNMARKED = Filters(marks=(Mark.UNMARKED,))


def paths(window: MainWindow) -> list[Path]:
    return [window.model.path(row) for row in range(window.model.rowCount())]


@pytest.fixture
def unmarked(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """A query under the filter *Unmarked*, the keyboard on the first result."""
    activate(qtbot, window)
    ask(qtbot, window, "tanks river")
    with qtbot.waitSignal(window.search.shown):
        window.filters.toggle_mark(Mark.UNMARKED)
    window.grid.setFocus()
    return window


def test_what_is_accepted_and_rejected_leaves_the_unmarked_and_the_next_image_is_current(
    qtbot: QtBot, unmarked: MainWindow
) -> None:
    first, second, *rest = paths(unmarked)
    hold(unmarked, "a")
    qtbot.waitUntil(lambda: set(paths(unmarked)) == {second, *rest})
    assert unmarked.model.path(unmarked.grid.currentIndex().row()) == second
    assert first not in paths(unmarked)
    hold(unmarked, "r")
    qtbot.waitUntil(lambda: set(paths(unmarked)) == set(rest))
    assert unmarked.grid.selected_rows() == [unmarked.grid.currentIndex().row()]
    assert unmarked.pane.headline.full_text.startswith("22 ")


def test_keys_that_come_faster_than_the_answers_mark_one_image_each(
    qtbot: QtBot, unmarked: MainWindow, session: FakeSession
) -> None:
    session.delay = 0.1
    before = paths(unmarked)
    hold(unmarked, "aaraa")
    qtbot.waitUntil(lambda: set(paths(unmarked)) == set(before[5:]), timeout=30_000)  # five answers, one by one
    marked = {unmarked.workspace.root / f"airport_{image:05}.jpg" for image in session.notes}
    assert marked == set(before[:5])


def test_undo_finds_the_image_that_the_filter_had_hidden(qtbot: QtBot, unmarked: MainWindow) -> None:
    before = paths(unmarked)
    hold(unmarked, "ar")
    qtbot.waitUntil(lambda: unmarked.model.rowCount() == 22)
    gone = [path for path in before if path not in paths(unmarked)]
    assert gone[0] == before[0]
    for back, count in ((gone[1], 23), (gone[0], 24)):
        hold(unmarked, "z", CONTROL)
        qtbot.waitUntil(lambda count=count: unmarked.model.rowCount() == count)
        assert unmarked.model.path(unmarked.grid.currentIndex().row()) == back
        assert unmarked.grid.selected_rows() == [unmarked.grid.currentIndex().row()]
    assert set(paths(unmarked)) == set(before)


def test_several_images_come_back_selected(qtbot: QtBot, unmarked: MainWindow) -> None:
    before = paths(unmarked)
    unmarked.grid.choose_all([2, 3, 7])
    hold(unmarked, "r")
    qtbot.waitUntil(lambda: unmarked.model.rowCount() == 21)
    hold(unmarked, "z", CONTROL)
    qtbot.waitUntil(lambda: unmarked.model.rowCount() == 24)
    chosen = {unmarked.model.path(row) for row in unmarked.grid.selected_rows()}
    assert chosen == {before[2], before[3], before[7]}


def test_a_filter_by_a_tag_is_live_while_browsing(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    window.grid.choose_all([4, 5])
    window.triage.toggle_tag("harbour")
    with qtbot.waitSignal(window.search.browsing):
        window.filters.pick("tag:harbour")
    assert window.model.rowCount() == 2
    window.grid.choose(0)
    with qtbot.waitSignal(window.search.browsing):
        window.triage.toggle_tag("harbour")
    assert window.model.rowCount() == 1
    with qtbot.waitSignal(window.search.browsing):
        window.triage.stack.undo()
    assert window.model.rowCount() == 2


def test_marks_of_another_window_count_for_the_filter(
    qtbot: QtBot, unmarked: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = unmarked.model.items[0].image_id
    session.notes[image] = Annotation(Mark.ACCEPTED)
    monkeypatch.setattr(session, "annotations_version", lambda root: 99)
    unmarked.triage.look()
    qtbot.waitUntil(lambda: unmarked.model.rowCount() == 23)


def test_without_such_a_filter_marks_ask_nothing(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks")
    asked = len(session.asked)
    window.triage.accept()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert len(session.asked) == asked
    assert window.model.rowCount() == 24


def test_an_export_before_the_answer_holds_what_its_metadata_says(
    qtbot: QtBot, unmarked: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    session.delay = 0.5  # the answer without the marked ones is late
    before = paths(unmarked)
    hold(unmarked, "ar")
    assert unmarked.model.rowCount() == 24
    out = tmp_path / "out.csv"
    with qtbot.waitSignal(unmarked.export.written):
        unmarked.export.export(out)
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [Path(row["path"]) for row in rows] == before[2:]
    assert {row["mark"] for row in rows} <= {"", "unmarked"}
    assert "unmarked" in json.dumps(json.loads((tmp_path / "out.csv-metadata.json").read_text(encoding="utf-8")))
    assert unmarked.export._portions(unmarked.export._shown())[0].rows == list(range(2, 24))


def test_undo_on_an_image_that_another_query_does_not_show_says_so(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, "tanks")
    window.triage.accept()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    accepted = next(iter(session.notes))
    name = f"airport_{accepted:05}.jpg"
    with qtbot.waitSignal(window.search.shown):
        window.filters.replace(Filters(name=f"*[!{name[-5]}].jpg"))
    window.triage.stack.undo()
    assert window.pane.notice.message.text() == "1 changed image is not on screen."
    assert "filters" in window.pane.notice.next_step.text()
