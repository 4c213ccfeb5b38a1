"""Thumbs up and down, by key and by click: results re-ranked, before and after, step by step back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.moves import moves_between
from app.models.result_list_model import Role
from app.models.thumbs import Thumb, feedback_of, told, turned
from app.settings import Settings
from faami_core.queries import Feedback, Mark
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_triage import press
from tests.app.test_window_search import ask

UP, DOWN, CONTROL = Thumb.UP, Thumb.DOWN, Qt.KeyboardModifier.ControlModifier


def thumbs(window: MainWindow) -> list[str | None]:
    return [window.model.index(row).data(Role.THUMB) for row in range(window.model.rowCount())]


def ids(window: MainWindow) -> list[int]:
    return [item.image_id for item in window.model.items]


def rerank(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(window.grid, Qt.Key.Key_Return, CONTROL)


def click_thumb(qtbot: QtBot, window: MainWindow, row: int, thumb: Thumb) -> None:
    cell = window.grid.visualRect(window.model.index(row))
    spot = window.grid.itemDelegate().thumb_spots(cell)[thumb].center()
    qtbot.mouseMove(window.grid.viewport(), spot)
    qtbot.mouseClick(window.grid.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def sentence(window: MainWindow) -> str:
    return window.pane.feedback.sentence.full_text


def test_thumbs_wait_until_they_are_asked_to_re_rank(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "tanks river")
    before = ids(window)
    strip = window.pane.feedback
    assert not strip.isVisible()
    window.grid.choose(20)
    press(qtbot, window, "++-")
    assert thumbs(window)[20:] == [UP, UP, DOWN, None]
    assert window.grid.currentIndex().row() == 23, "the next image is under the hand"
    assert ids(window) == before, "no cell has moved"
    assert (strip.isVisible(), sentence(window)) == (True, "2 wanted, 1 unwanted")
    assert not strip.sides.isVisible()

    rerank(qtbot, window)
    after = ids(window)
    assert set(after[:2]) == set(before[20:22])
    assert after[-1] == before[22]
    assert sentence(window) == "Re-ranked by 2 wanted, 1 unwanted"
    assert strip.sides.isVisible()
    assert not strip.rerank_button.isVisible()
    assert thumbs(window)[:2] == [UP, UP], "thumbs stay on their images"
    assert window.model.index(0).data(Role.MOVED) == before.index(after[0])
    assert "thumbs" in window.inspector.words.heading.text(), "the bars are those of the moved query"


def test_before_and_after_are_one_key_apart(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    before = ids(window)
    window.view.select_word(1)
    window.grid.choose(9)
    press(qtbot, window, "+")
    rerank(qtbot, window)
    after = ids(window)
    assert window.view.word == 1, "the lit word stays lit"
    press(qtbot, window, "b")
    assert ids(window) == before
    assert window.actions_by_name["before"].isChecked()
    assert sentence(window).startswith("As asked")
    assert not any(window.model.index(row).data(Role.MOVED) for row in range(24))
    qtbot.mouseClick(window.pane.feedback.sides.button("after"), Qt.MouseButton.LeftButton)
    assert ids(window) == after
    assert window.model.index(0).data(Role.MOVED) == 9


def test_numbers_of_the_trust_check_go_when_the_query_is_moved(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.grid.choose(0)
    press(qtbot, window, "+")
    window.grid.choose(0)
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    trust = window.inspector.trust
    for move in (window.feedback.rerank, window.feedback.toggle_before):
        trust.asked.emit()
        qtbot.waitUntil(lambda: bool(trust.rows))
        with qtbot.waitSignal(window.search.shown):
            move()
        qtbot.waitUntil(lambda: window.evidence.is_settled)
        assert window.model.items[0].rank == 0, "the same image is on screen"
        assert trust.rows == []


def test_every_step_can_be_undone_and_says_its_name(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    before, name = ids(window), window.model.path(9).name
    undo, redo = window.actions_by_name["undo"], window.actions_by_name["redo"]
    window.grid.choose(9)
    press(qtbot, window, "+")
    assert undo.text() == f"&Undo Thumb up {name}"
    rerank(qtbot, window)
    after = ids(window)
    assert undo.text() == "&Undo Re-rank by 1 wanted"
    qtbot.keyClick(window.grid, Qt.Key.Key_Z, CONTROL)
    assert ids(window) == before
    assert sentence(window) == "1 wanted"
    qtbot.keyClick(window.grid, Qt.Key.Key_Z, CONTROL)
    assert not window.pane.feedback.isVisible()
    assert window.grid.currentIndex().row() == 9
    redo.trigger()
    with qtbot.waitSignal(window.search.shown):
        redo.trigger()
    assert ids(window) == after
    qtbot.mouseClick(window.pane.feedback.reset_button, Qt.MouseButton.LeftButton)
    assert ids(window) == before
    assert undo.text() == "&Undo Reset thumbs"
    assert not window.pane.feedback.isVisible()


def test_a_new_query_starts_without_thumbs_and_undo_leads_back(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.grid.choose(9)
    press(qtbot, window, "+")
    rerank(qtbot, window)
    after = ids(window)
    ask(qtbot, window, "airport")
    assert not window.pane.feedback.isVisible()
    assert set(thumbs(window)) == {None}
    window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: window.pane.query.line == "tanks river" and window.runner.running == 0)
    assert sentence(window) == "1 wanted"
    with qtbot.waitSignal(window.search.shown):
        window.actions_by_name["redo"].trigger()
    assert ids(window) == after


def test_the_same_query_asked_again_is_re_ranked_again(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.grid.choose(9)
    press(qtbot, window, "+")
    rerank(qtbot, window)
    after = ids(window)
    ask(qtbot, window, "tanks river")
    qtbot.waitUntil(lambda: ids(window) == after)
    assert sentence(window) == "Re-ranked by 1 wanted"


def test_the_same_key_takes_a_thumb_off_and_marks_are_another_thing(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    press(qtbot, window, "a")
    window.grid.choose(0)
    press(qtbot, window, "-")
    window.grid.choose(0)
    press(qtbot, window, "-")
    assert set(thumbs(window)) == {None}
    assert window.model.index(0).data(Role.NOTE).mark is Mark.ACCEPTED
    assert window.actions_by_name["undo"].text().startswith("&Undo Take thumb off")


def test_a_click_on_the_thumb_of_a_cell_gives_it(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.grid.grab()
    click_thumb(qtbot, window, 2, DOWN)
    assert thumbs(window)[:4] == [None, None, DOWN, None]
    spoken = window.model.index(2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.endswith(", unwanted")


def test_there_is_no_thumb_without_a_query(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.actions_by_name["thumb_up"].isEnabled()
    window.grid.choose(0)
    press(qtbot, window, "+")
    assert not window.pane.feedback.isVisible()
    click_thumb(qtbot, window, 0, UP)
    assert not window.pane.feedback.isVisible()


def test_thumbs_survive_a_restart(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path, tmp_path: Path
) -> None:
    first = make_window()
    with qtbot.waitSignal(first.collections.opened):
        first.collections.open(root)
    ask(qtbot, first, "tanks river")
    first.grid.choose(9)
    press(qtbot, first, "+-")
    rerank(qtbot, first)
    first.grid.choose(3)
    press(qtbot, first, "+")
    first.grid.choose(5)
    after, given, chosen = ids(first), thumbs(first), first.model.path(5)
    first.close()
    second = make_window()
    second.restore.begin()
    qtbot.waitUntil(lambda: ids(second) == after)
    assert thumbs(second) == given
    assert second.model.path(second.evidence.row) == chosen
    assert sentence(second) == "Ranked by 1 wanted, 1 unwanted  ·  now 2 wanted, 1 unwanted"


def test_the_result_on_screen_tells_what_moved_it(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    window.grid.choose(9)
    image = window.model.items[9].image_id
    press(qtbot, window, "+")
    rerank(qtbot, window)
    assert window.workspace.result.feedback == Feedback((image,), ())
    press(qtbot, window, "b")
    assert window.workspace.result.feedback == Feedback()


# --- plain values -----------------------------------------------------------------------------------------------


def test_thumbs_become_feedback_in_one_order() -> None:
    given = turned(turned({}, [(0, 7), (0, 3)], UP), [(0, 5)], DOWN)
    assert feedback_of(given) == Feedback((3, 7), (5,))
    assert told(feedback_of(given)) == "2 wanted, 1 unwanted"
    assert turned(given, [(0, 5)], UP) == dict.fromkeys([(0, 7), (0, 3), (0, 5)], UP)
    assert turned(given, [(0, 7), (0, 3)], UP) == {(0, 5): DOWN}


def test_a_hit_that_came_in_anew_has_no_number_of_ranks(session: FakeSession) -> None:
    hits = session.search(Path("any"), session.parse_query("river")).hits
    moves = moves_between(hits[:4], (hits[2], hits[9], hits[0]))
    assert list(moves.values()) == [2, None, -2]


@pytest.mark.parametrize("stored", ['{"thumbs": 3}', '{"thumbs": [[1, "x", "wanted"]]}', '{"thumbs": [[0, 1, "?"]]}'])
def test_damaged_settings_bring_no_thumbs(tmp_path: Path, stored: str) -> None:
    settings = Settings(tmp_path)
    settings._store.setValue("last_view", stored)
    assert settings.last_view.thumbs == {}
