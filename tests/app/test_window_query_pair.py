"""Two queries on one image: the second one typed, both maps side by side on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from faami_core.queries import TextTerm
from tests.app.fakes import FakeSession
from tests.app.test_triage import press
from tests.app.test_window_evidence import open_tab
from tests.app.test_window_search import ask


def ask_second(qtbot: QtBot, window: MainWindow, line: str) -> None:
    """Turns to the two queries by key and types the second one."""
    press(qtbot, window, "q")
    text = window.inspector.pair.text
    assert text.hasFocus()
    text.selectAll()
    qtbot.keyClicks(text, line)
    qtbot.keyClick(text, Qt.Key.Key_Return)
    settle(qtbot, window)


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.views.pair.is_settled and window.evidence.is_settled)


def second_hit(window: MainWindow, line: str) -> object:
    session, result = window.workspace.session, window.workspace.result
    return session.ask_image(result, window.evidence.row, session.parse_query(line)).hits[0]


def test_both_queries_show_their_score_and_bars_for_the_same_image(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    ask_second(qtbot, window, "storage airport")
    panel, inspector = window.inspector.pair, window.inspector
    first, second = window.workspace.result.hits[0], second_hit(window, "storage airport")
    assert inspector.other.isVisible()
    assert f"{first.score:.3f}" in inspector.image_name.full_text
    assert f"{second.score:.3f}" in inspector.other_name.full_text
    for bars, hit in ((panel.first_bars, first), (panel.second_bars, second)):
        assert bars.whole_image.value + bars.row(None).value == pytest.approx(hit.score, abs=1e-5)
    assert panel.second_bars.words == ("Query", "storage", "airport")
    assert panel.first_bars.whole_image._span == panel.second_bars.row(0)._span, "bars of both can be compared"
    assert window.workspace.result.query.terms == (TextTerm("tanks river"),), "the results are those of the first"


def test_both_maps_are_drawn_on_one_scale(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    own = window.inspector.image.overlay_pixels.copy()
    ask_second(qtbot, window, "tanks river")
    inspector = window.inspector
    assert np.array_equal(inspector.image.overlay_pixels, inspector.other.overlay_pixels), "the same query twice"
    ask_second(qtbot, window, "storage")
    inspector.pair.second_bars.row(0).click()
    inspector.pair.first_bars.row(1).click()
    assert window.view.word == 1
    assert inspector.pair.second_bars.row(0).isChecked()
    limit = window.evidence.limit()
    unit = window.workspace.session.region_unit(window.workspace.result)
    assert inspector.pair.legend.limit >= abs(limit) * unit
    assert "both queries" in inspector.pair.legend.accessibleName()
    window.view.select_word(None)
    open_tab(qtbot, window, "evidence")
    assert not inspector.other.isVisible()
    assert np.array_equal(inspector.image.overlay_pixels, own), "alone it has its own scale again"


def test_the_second_query_goes_with_the_analyst_from_image_to_image(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    ask_second(qtbot, window, "storage")
    window.grid.choose(7)
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    settle(qtbot, window)
    assert f"{second_hit(window, 'storage').score:.3f}" in window.inspector.other_name.full_text
    open_tab(qtbot, window, "compare")
    qtbot.waitUntil(lambda: window.views.compare.is_settled)
    assert "rank 9" in window.inspector.other_name.full_text
    open_tab(qtbot, window, "pair")
    settle(qtbot, window)
    assert "storage" in window.inspector.other_name.full_text


def test_a_second_query_is_completed_and_taken_from_those_asked_before(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "airport")
    ask(qtbot, window, "tanks river")
    press(qtbot, window, "q")
    panel = window.inspector.pair
    qtbot.waitUntil(lambda: window.runner.running == 0)
    qtbot.keyClicks(panel.text, "stor")
    assert panel.suggestions.shown == ("storage",)
    qtbot.keyClick(panel.text, Qt.Key.Key_Down)
    qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    assert panel.line == "storage"
    panel.history_asked.emit()
    assert panel.suggestions.shown == ("tanks river", "airport")
    qtbot.keyClick(panel.text, Qt.Key.Key_Up)
    qtbot.keyClick(panel.text, Qt.Key.Key_Return)
    settle(qtbot, window)
    assert "airport" in window.inspector.other_name.full_text


def test_a_second_query_that_cannot_be_asked_says_why(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    for line, reason in (("storage - ", "nothing"), ("storage", "no word")):
        session.query_fails = reason == "no word"
        ask_second(qtbot, window, line)
        assert window.inspector.pair.sentence.isVisible()
        assert len(window.inspector.pair.sentence.text()) > 20
        assert not window.inspector.other.isVisible()
    session.query_fails = False
    ask_second(qtbot, window, "storage")
    assert window.inspector.other.isVisible()
