"""What a newcomer stumbles over on the first walk through the window; each test names one thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.action_table import ACTIONS
from app.dialogs.shortcuts_dialog import sections_of_keys
from app.main_window import MainWindow
from app.widgets.collection_rail import CollectionRail
from faami_core.types import CollectionInfo
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_arrange import choose
from tests.app.test_window_search import ask


def test_the_count_of_results_is_never_cut_however_much_is_marked_and_chosen(
    qtbot: QtBot, window: MainWindow
) -> None:
    ask(qtbot, window, "denseresidential river")
    choose(qtbot, window.pane.arrange.filter, "Without “denseresidential”")
    window.grid.selectAll()
    window.triage.accept()
    for width in (1120, 1280, 1440):
        window.resize(width, 720)
        QApplication.processEvents()
        count, *_ = window.pane.headline.full_text.split("  ·  ")
        assert window.pane.headline.text().startswith(count)
    assert window.pane.headline.text() == window.pane.headline.full_text, "a wide window has room for all of it"
    assert "accepted" in window.status.fact("marks")


def test_a_folder_that_cannot_be_opened_leaves_the_results_as_they_are(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    ask(qtbot, window, "river")
    choose(qtbot, window.pane.arrange.order, "By “river”")
    window.grid.choose(3)
    before, asked = window.workspace.result, len(session.asked)
    with qtbot.waitSignal(window.collections.failed):
        window.collections.open(tmp_path / "unplugged")
    assert "does not exist" in window.pane.notice.message.text()
    assert window.workspace.result is before
    assert len(session.asked) == asked, "nothing is asked again"
    assert window.grid.currentIndex().row() == 3
    assert window.pane.arrange.order.currentText() == "By “river”"


def test_a_tick_reads_the_marks_of_its_own_collection_alone(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    window.settings.add_recent(other)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    read: list[Path] = []
    monkeypatch.setattr(session, "annotations", lambda root: read.append(root) or {})
    with qtbot.waitSignal(window.further.changed):
        window.further.tick(other, True)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert read == [other]
    with qtbot.waitSignal(window.further.changed):
        window.further.tick(other, False)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert read == [other]


def test_the_sheet_of_keys_tells_how_to_step_through_the_words() -> None:
    sections = dict(sections_of_keys(ACTIONS))
    assert [keys for keys, _ in sections["Words"]] == ["0 … 9", "[ or Alt+Left", "] or Alt+Right"]
    assert not any("/" in title for title in sections)


def test_the_facts_of_a_collection_are_silent_about_what_is_in_order(qtbot: QtBot) -> None:
    rail = CollectionRail()
    qtbot.addWidget(rail)
    info = CollectionInfo(Path("/chips"), 9, 9, 0, (), "2026-03-02T09:30:00+00:00")
    rail.show_collection(info)
    assert rail.facts == {"Images": "9", "Indexed": "02 Mar 2026"}
    rail.show_collection(replace(info, seen=12, offline=3))
    assert rail.facts == {"Images": "9", "Offline": "3", "Indexed": "02 Mar 2026"}


def test_the_edge_of_a_query_field_tells_whether_it_has_the_keyboard(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    window.inspector.turn_to("pair")
    first, second = window.pane.query.text, window.inspector.pair.text
    for text, other in ((second, first), (first, second)):
        text.setFocus()
        assert [field.parent().property("state") for field in (text, other)] == ["focus", ""]


def test_the_side_panel_keeps_its_width_when_indexing_ends(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    session.indexed, session.index_seconds = False, 0.3
    window = make_window()
    with qtbot.waitSignal(window.indexing.started):
        window.collections.open(root)
    qtbot.waitUntil(window.side.isVisible)
    QApplication.processEvents()
    width = window.side.width()
    with qtbot.waitSignal(window.collections.opened):
        pass
    QApplication.processEvents()
    assert window.side.width() == width


def test_the_scale_of_colours_is_the_same_whichever_results_are_shown(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    limit = window.inspector.legend.limit
    choose(qtbot, window.pane.arrange.filter, "Without “tanks”")
    assert window.model.rowCount() < 24
    assert window.inspector.legend.limit == limit
    choose(qtbot, window.pane.arrange.filter, "All results")
    choose(qtbot, window.pane.arrange.order, "By “river”")
    assert window.inspector.legend.limit == limit
