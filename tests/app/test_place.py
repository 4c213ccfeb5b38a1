"""The same question again (an update, a filter, thumbs, another order): the analyst goes on where she was."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.thumbs import Thumb
from faami_core.queries import Filters
from tests.app.events import activate, press
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask


@pytest.fixture
def session(tmp_path: Path) -> FakeSession:
    return FakeSession(tmp_path / "data", count=200)


def shown_at(window: MainWindow, path: Path) -> int:
    """Distance of an image's cell from the top of the view."""
    row = window.model.rows_of({path})[path]
    return window.grid.visualRect(window.model.index(row)).top()


def go_deep(qtbot: QtBot, window: MainWindow) -> tuple[Path, set[Path]]:
    """Asks, and goes far down to six selected images, the last of them current."""
    activate(qtbot, window)
    ask(qtbot, window, "tanks river")
    return select_six(qtbot, window)


def select_six(qtbot: QtBot, window: MainWindow) -> tuple[Path, set[Path]]:
    grid = window.grid
    grid.setFocus()
    grid.choose(48)
    for _ in range(5):
        qtbot.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert grid.selected_rows() == list(range(48, 54))
    assert grid.verticalScrollBar().value() > 0
    current = window.model.path(grid.currentIndex().row())
    return current, {window.model.path(row) for row in grid.selected_rows()}


def selected(window: MainWindow) -> set[Path]:
    return {window.model.path(row) for row in window.grid.selected_rows()}


def current_path(window: MainWindow) -> Path:
    return window.model.path(window.grid.currentIndex().row())


def test_an_update_keeps_current_image_selection_and_view(qtbot: QtBot, window: MainWindow) -> None:
    current, chosen = go_deep(qtbot, window)
    at = shown_at(window, current)
    with qtbot.waitSignal(window.search.shown):
        press(window, Qt.Key.Key_F5)
    assert (current_path(window), selected(window)) == (current, chosen)
    assert shown_at(window, current) == at
    assert window.evidence.item.path == current
    assert window.grid.hasFocus(), "an update does not take the keyboard away"


def test_an_update_finds_the_place_again_where_images_before_it_have_gone(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.grid.choose(90)
    current, at = current_path(window), shown_at(window, current_path(window))
    monkeypatch.setattr(session, "_paths", lambda root: FakeSession._paths(session, root)[40:])
    with qtbot.waitSignal(window.search.browsing):
        window.collections.update()
    assert window.grid.currentIndex().row() == 50
    assert current_path(window) == current
    assert shown_at(window, current) == at


def test_a_filter_keeps_what_passes_it(qtbot: QtBot, window: MainWindow) -> None:
    current, chosen = go_deep(qtbot, window)
    at = shown_at(window, current)
    gone = next(path for path in chosen if path.stem[-1] != current.stem[-1])
    with qtbot.waitSignal(window.search.shown):
        window.filters._set(Filters(name=f"*[!{gone.stem[-1]}].jpg"))
    assert window.model.rowCount() == 180
    assert selected(window) == {path for path in chosen if path.stem[-1] != gone.stem[-1]} != chosen
    assert current_path(window) == current
    assert shown_at(window, current) == at


def test_where_the_current_image_is_filtered_away_the_next_one_in_sight_is_current(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.grid.choose(60)
    following = window.model.path(61)
    with qtbot.waitSignal(window.search.browsing):
        window.filters._set(Filters(name="*[!0].jpg"))
    assert current_path(window) == following
    assert selected(window) == {following}
    assert window.evidence.item.path == following


def test_thumbs_keep_the_current_image_and_where_it_is_in_the_view(qtbot: QtBot, window: MainWindow) -> None:
    activate(qtbot, window)
    ask(qtbot, window, "tanks river")
    window.feedback.give_to_row(0, Thumb.DOWN)
    current, chosen = select_six(qtbot, window)
    at = shown_at(window, current)
    for turn in (window.feedback.rerank, window.feedback.toggle_before):
        with qtbot.waitSignal(window.search.shown):
            turn()
        assert (current_path(window), selected(window)) == (current, chosen)
        assert shown_at(window, current) == at


def test_another_order_and_another_mix_keep_current_image_selection_and_view(
    qtbot: QtBot, window: MainWindow
) -> None:
    current, chosen = go_deep(qtbot, window)
    at = shown_at(window, current)
    order = window.pane.arrange.order
    order.setCurrentIndex(1)
    order.activated.emit(1)
    assert (current_path(window), selected(window)) == (current, chosen)
    assert shown_at(window, current) == at
    window.inspector.mixer.slider(0).setValue(30)
    assert (current_path(window), selected(window)) == (current, chosen)
    assert shown_at(window, current) == at


def test_browsing_under_another_filter_keeps_the_view(qtbot: QtBot, window: MainWindow) -> None:
    grid = window.grid
    grid.verticalScrollBar().setValue(900)
    assert not grid.currentIndex().isValid()
    first = next(iter(grid.place.in_sight))
    at = shown_at(window, first)
    with qtbot.waitSignal(window.search.browsing):
        window.filters._set(Filters(max_side=390))
    assert window.model.rowCount() < 200
    assert shown_at(window, first) == at
    assert not grid.currentIndex().isValid()


def test_a_new_query_starts_at_the_best_hit(qtbot: QtBot, window: MainWindow) -> None:
    go_deep(qtbot, window)
    ask(qtbot, window, "harbour")
    assert window.grid.currentIndex().row() == 0
    assert window.grid.selected_rows() == [0]
    assert window.grid.verticalScrollBar().value() == 0


def test_an_update_asks_what_is_on_screen_not_what_is_half_typed(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    go_deep(qtbot, window)
    window.pane.query.text.setText("tanks river and mo")
    with qtbot.waitSignal(window.search.shown):
        window.collections.update()
    assert session.format_query(session.asked[-1]) == "tanks river"
    assert window.pane.query.line == "tanks river and mo"
