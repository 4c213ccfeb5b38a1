"""What the analyst waits for comes first: the results are on the screen before the other panes follow."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QObject
from pytestqt.qtbot import QtBot

from app.bench.window import PaintWatch
from app.main_window import MainWindow
from app.widgets.controls import PartsLabel
from tests.app.test_window_search import ask


class Paints(QObject):
    """Calls back at every painting of a widget."""

    def __init__(self, widget: QObject, painted: Callable[[], None]) -> None:
        super().__init__(widget)
        self._painted = painted
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._painted()
        return False


def test_the_results_are_painted_before_the_inspector_is_filled(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    before, order = window.workspace.result, []
    Paints(window.grid.viewport(), lambda: window.workspace.result is not before and order.append("grid"))
    Paints(window.inspector.title, lambda: order.append("inspector"))
    window.search.shown.connect(lambda _result: order.append("told"))
    ask(qtbot, window, "storage tanks")
    qtbot.waitUntil(lambda: "inspector" in order[order.index("told") :])
    assert order[order.index("told") - 1] == "grid"


def test_from_one_query_to_the_next_the_inspector_is_never_seen_empty(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    empty: list[bool] = []
    Paints(window.inspector.empty, lambda: empty.append(True))
    ask(qtbot, window, "storage tanks")
    assert empty == []


def test_the_panes_paint_themselves_again_also_after_painting_failed(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    viewport = window.grid.viewport()
    monkeypatch.setattr(viewport, "repaint", fail)
    with pytest.raises(ZeroDivisionError):
        window.pane.paint_now()
    assert window.inspector.updatesEnabled()


def test_the_watch_of_the_bench_notes_when_the_new_results_are_on_the_screen(
    qtbot: QtBot, window: MainWindow
) -> None:
    watch = PaintWatch(window)
    begun = time.perf_counter()
    window.pane.query.show_query("river")
    window.pane.query.search_button.click()
    painted = watch.until_painted(lambda: window.workspace.result is not None, ask=False)
    assert begun < painted <= time.perf_counter()
    assert window.model.rowCount() == 24
    assert watch.until_painted(lambda: True) > painted


def test_a_line_without_room_leaves_out_its_last_parts_as_a_whole(qtbot: QtBot) -> None:
    line = PartsLabel()
    qtbot.addWidget(line)
    line.show()
    line.show_text("500 results  ·  words mixed  ·  re-ranked 500 of 9,828")
    seen = []
    for width in (800, 230, 120, 40):
        line.resize(width, 20)
        seen.append(line.text())
    assert seen[0] == line.full_text
    assert "500 results" in seen
    assert all("…" not in text for text in seen[:3])
    assert line.toolTip() == line.full_text
