"""Sorting and filtering by a word, and the word mixer, on the real window."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.result_list_model import Role
from faami_core.types import Match
from tests.app.test_window_evidence import open_tab
from tests.app.test_window_search import ask


def choose(qtbot: QtBot, box: QComboBox, text: str) -> None:
    """Walks a list with the keyboard down to an entry."""
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(text)):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == text


def paths(window: MainWindow) -> list[Path]:
    return [item.path for item in window.model.items]


def evidence_of(window: MainWindow, word: int) -> list[float]:
    return [hit.word_evidence[word] for hit in window.workspace.result.hits]


def test_results_are_sorted_by_one_word_and_back_by_score(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks beside river")
    by_score = paths(window)
    choose(qtbot, window.pane.arrange.order, "By “river”")
    strongest_first = evidence_of(window, 2)
    assert strongest_first == sorted(strongest_first, reverse=True)
    assert sorted(paths(window)) == sorted(by_score)
    assert paths(window) != by_score
    choose(qtbot, window.pane.arrange.order, "By score")
    assert paths(window) == by_score


def test_words_without_a_place_are_not_offered_for_sorting(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks beside river")
    box = window.pane.arrange.order
    assert [box.itemText(entry) for entry in range(box.count())] == ["By score", "By “tanks”", "By “river”"]


@pytest.mark.parametrize(("choice", "match"), [("With “river”", Match.MATCHED), ("Without “river”", Match.MISSING)])
def test_only_results_with_or_without_a_word_are_shown(
    qtbot: QtBot, window: MainWindow, choice: str, match: Match
) -> None:
    ask(qtbot, window, "tanks river")
    river = window.workspace.result.words[1]
    expected = [hit.path for hit in window.workspace.result.hits if river.match(hit.word_evidence[1]) is match]
    choose(qtbot, window.pane.arrange.filter, choice)
    assert paths(window) == expected
    assert f"{len(expected)} of 24 results" in window.pane.headline.full_text
    choose(qtbot, window.pane.arrange.filter, "All results")
    assert window.model.rowCount() == 24


def test_a_word_that_leaves_nothing_says_so_and_offers_all_results(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks xyzzy")
    choose(qtbot, window.pane.arrange.filter, "With “xyzzy”")
    assert window.model.rowCount() == 0
    assert window.pane.none_left.sentence.text() == "None of the 24 results is with “xyzzy”."
    assert window.inspector.is_empty
    assert window.pane.arrange.filter.hasFocus(), "another word can be chosen at once"
    qtbot.mouseClick(window.pane.none_left.button, Qt.MouseButton.LeftButton)
    assert window.pane.arrange.filter.currentText() == "All results"
    assert window.model.rowCount() == 24
    assert not window.pane.none_left.isVisible()
    assert window.grid.hasFocus()
    assert not window.inspector.is_empty


def test_the_selected_image_stays_selected_when_its_place_changes(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    with qtbot.waitSignal(window.evidence.painted):
        window.grid.choose(5)
    path = window.model.path(5)
    choose(qtbot, window.pane.arrange.order, "By “river”")
    row = window.grid.currentIndex().row()
    assert window.model.path(row) == path
    assert window.evidence.row == row
    assert window.inspector.title.full_text == path.name
    assert f"Rank {row + 1}" in window.inspector.score.text()


def test_the_export_is_what_is_on_screen(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    ask(qtbot, window, "tanks river")
    choose(qtbot, window.pane.arrange.order, "By “river”")
    choose(qtbot, window.pane.arrange.filter, "With “tanks”")
    out = tmp_path / "seen.csv"
    with qtbot.waitSignal(window.export.written):
        window.export.export(out)
    with out.open(newline="", encoding="utf-8") as stream:
        written = [Path(row["path"]) for row in csv.DictReader(stream)]
    assert written == paths(window)


def test_sliding_a_word_re_ranks_at_once_and_marks_what_moved(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    before = paths(window)
    open_tab(qtbot, window, "mix")
    slider = window.inspector.mixer.slider(0)
    slider.setFocus()
    for _ in range(10):
        qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert slider.value() == 0
    after = paths(window)
    assert after != before
    scores = [hit.score for hit in window.workspace.result.hits]
    assert scores == sorted(scores, reverse=True)
    for row, path in enumerate(after):
        assert window.model.index(row).data(Role.MOVED) == before.index(path) - row
    assert "words mixed" in window.pane.headline.full_text
    assert QApplication.focusWidget() is slider, "the slider keeps the keyboard while results move"


def test_reset_brings_the_answer_back(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    before = window.workspace.result
    open_tab(qtbot, window, "mix")
    mixer = window.inspector.mixer
    assert not mixer.reset.isEnabled()
    mixer.slider(0).setValue(300)
    assert window.workspace.result.hits != before.hits
    qtbot.mouseClick(mixer.reset, Qt.MouseButton.LeftButton)
    assert window.workspace.result.hits == before.hits
    assert not any(window.model.index(row).data(Role.MOVED) for row in range(24))
    assert not mixer.reset.isEnabled()


def test_the_bars_of_a_mixed_result_still_add_up(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.inspector.mixer.slider(1).setValue(250)
    bars = window.inspector.words
    score = window.model.index(window.evidence.row).data(Role.SCORE)
    total = bars.whole_image.value + bars.row(0).value + bars.row(1).value
    assert total == pytest.approx(score, abs=1e-5)


def test_a_new_query_starts_unmixed_and_unsorted(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.inspector.mixer.slider(0).setValue(10)
    choose(qtbot, window.pane.arrange.order, "By “river”")
    ask(qtbot, window, "river boats")
    assert window.inspector.mixer.factors is None
    assert window.pane.arrange.by_word is None
    scores = [hit.score for hit in window.workspace.result.hits]
    assert scores == sorted(scores, reverse=True)


def test_order_and_filter_by_a_word_stay_when_other_images_are_asked(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    choose(qtbot, window.pane.arrange.order, "By “river”")
    choose(qtbot, window.pane.arrange.filter, "With “tanks”")
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClicks(window.filter_panel.fields["name"], "airport_0000")
    assert window.pane.arrange.order.currentText() == "By “river”"
    assert window.pane.arrange.filter.currentText() == "With “tanks”"
    strongest_first = evidence_of(window, 1)
    assert 0 < len(strongest_first) < 10, "only some of the ten images that pass the filter have tanks"
    assert strongest_first == sorted(strongest_first, reverse=True)
    assert window.evidence.row == window.grid.currentIndex().row() >= 0
    ask(qtbot, window, "river")
    assert window.pane.arrange.order.currentText() == "By score", "another question begins anew"
    assert window.pane.arrange.filter.currentText() == "All results"


def test_the_mix_of_the_words_stays_when_other_images_are_asked(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    open_tab(qtbot, window, "mix")
    window.inspector.mixer.slider(0).setValue(0)
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClicks(window.filter_panel.fields["name"], "airport_0000")
    assert window.inspector.mixer.factors == (0, 1)
    assert "words mixed" in window.pane.headline.full_text
    assert all(hit.word_evidence[0] == 0 for hit in window.workspace.result.hits)
