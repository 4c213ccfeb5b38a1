"""Composing a query as a person does: typing a line, and clicking, dragging and pressing keys on its chips."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.term_chip import TermChip
from faami_core.queries import ImageTerm, PixelBox, Query, TextTerm
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask, drop_on, press_enter

LINE = "2:storage tanks + ./a.jpg - trees"
LEFT = Qt.MouseButton.LeftButton


def chip(window: MainWindow, place: int) -> TermChip:
    return window.pane.query.terms.chip(place)


def press(qtbot: QtBot, window: MainWindow, place: int, key: Qt.Key, keys: Qt.KeyboardModifier | None = None) -> None:
    """A key on a chip, and the answer to the query it makes."""
    chip(window, place).setFocus()
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(chip(window, place), key, keys or Qt.KeyboardModifier.NoModifier)


def agree(window: MainWindow, session: FakeSession, line: str) -> None:
    """Line, chips and what was asked say the same."""
    assert window.pane.query.line == line
    assert Query(window.pane.query.terms.terms) == session.parse_query(line)
    assert session.asked[-1] == session.parse_query(line)


def test_a_typed_line_shows_a_chip_for_every_term(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, LINE)
    agree(window, session, LINE)
    assert [chip(window, place).text() for place in range(3)] == ["storage tanks", "a.jpg", "trees"]
    assert chip(window, 0).accessibleName() == "storage tanks, counts for, weight 2"
    assert chip(window, 2).accessibleName() == "trees, counts against"
    assert chip(window, 0).weight_text == "× 2"


def test_plain_text_has_no_chips_of_terms(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "high-rise 2 planes")
    assert not window.pane.query.terms.isVisible()
    assert session.asked[-1] == Query.from_text("high-rise 2 planes")
    ask(qtbot, window, LINE)
    ask(qtbot, window, "river")
    assert not window.pane.query.terms.isVisible()


@pytest.mark.parametrize(
    ("place", "key", "keys", "line"),
    [
        (0, Qt.Key.Key_Up, None, "3:storage tanks + ./a.jpg - trees"),
        (0, Qt.Key.Key_Down, None, "1.5:storage tanks + ./a.jpg - trees"),
        (2, Qt.Key.Key_M, None, "2:storage tanks + ./a.jpg - 0:trees"),
        (2, Qt.Key.Key_N, None, "2:storage tanks + ./a.jpg + trees"),
        (1, Qt.Key.Key_N, None, "2:storage tanks - ./a.jpg - trees"),
        (1, Qt.Key.Key_Delete, None, "2:storage tanks - trees"),
        (2, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier, "2:storage tanks - trees + ./a.jpg"),
        (0, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier, "./a.jpg + 2:storage tanks - trees"),
    ],
)
def test_a_key_on_a_chip_rewrites_the_line_and_searches(
    qtbot: QtBot, window: MainWindow, session: FakeSession, place: int, key: Qt.Key,
    keys: Qt.KeyboardModifier | None, line: str,
) -> None:  # fmt: skip
    ask(qtbot, window, LINE)
    press(qtbot, window, place, key, keys)
    agree(window, session, line)
    assert isinstance(QApplication.focusWidget(), TermChip), "the keyboard stays on the chips"


def test_a_muted_term_gets_back_the_weight_it_had(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river - 3:trees")
    press(qtbot, window, 1, Qt.Key.Key_M)
    assert chip(window, 1).weight_text == "muted"
    press(qtbot, window, 1, Qt.Key.Key_M)
    agree(window, session, "river - 3:trees")


def test_the_last_chip_stays_while_the_keyboard_is_on_it(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "2:river - trees")
    press(qtbot, window, 1, Qt.Key.Key_Delete)
    press(qtbot, window, 0, Qt.Key.Key_Down)
    press(qtbot, window, 0, Qt.Key.Key_Down)
    assert window.pane.query.line == "river"
    press(qtbot, window, 0, Qt.Key.Key_Up)
    assert window.pane.query.line == "1.5:river"


def test_taking_out_every_chip_returns_to_browsing(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "2:river")
    chip(window, 0).setFocus()
    with qtbot.waitSignal(window.search.browsing):
        qtbot.keyClick(chip(window, 0), Qt.Key.Key_Delete)
    assert window.pane.query.line == ""
    assert window.pane.query.text.hasFocus()


def test_arrows_walk_along_the_chips(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, LINE)
    chip(window, 0).setFocus()
    qtbot.keyClick(chip(window, 0), Qt.Key.Key_Right)
    assert chip(window, 1).hasFocus()
    qtbot.keyClick(chip(window, 1), Qt.Key.Key_Left)
    assert chip(window, 0).hasFocus()


def test_the_mouse_turns_a_sign_weighs_by_the_wheel_and_takes_out(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, LINE)
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseClick(chip(window, 2), LEFT, pos=chip(window, 2).sign_spot)
    agree(window, session, "2:storage tanks + ./a.jpg + trees")
    with qtbot.waitSignal(window.search.shown):
        spin(chip(window, 2), 120)
    agree(window, session, "2:storage tanks + ./a.jpg + 1.5:trees")
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseClick(chip(window, 0), LEFT, pos=chip(window, 0).cross_spot)
    agree(window, session, "./a.jpg + 1.5:trees")


def spin(widget: TermChip, by: int) -> None:
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, QPointF(widget.mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, by), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_a_chip_is_dragged_to_another_place(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, LINE)
    moving, start = chip(window, 2), chip(window, 2).rect().center()
    qtbot.mousePress(moving, LEFT, pos=start)
    for step in (10, 40):
        qtbot.mouseMove(moving, start - QPoint(step, 0))
    target = moving.mapFromParent(chip(window, 0).geometry().topLeft() + QPoint(0, 8))
    qtbot.mouseMove(moving, target)
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseRelease(moving, LEFT, pos=target)
    agree(window, session, "- trees + 2:storage tanks + ./a.jpg")


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_click_on_a_chip_opens_a_menu_that_names_its_keys(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, LINE)
    qtbot.mouseClick(chip(window, 0), LEFT)
    menu = window.pane.query.terms.menu
    assert menu is not None
    assert "Mute\tM" in [action.text() for action in menu.actions()]
    with qtbot.waitSignal(window.search.shown):
        next(action for action in menu.actions() if action.text().startswith("Count against")).trigger()
    menu.close()
    agree(window, session, "- 2:storage tanks + ./a.jpg - trees")


def test_an_unknown_word_is_flagged_on_the_chip_of_its_term(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river - old xyzzy")
    assert chip(window, 0).unknown == ()
    assert chip(window, 1).unknown == ("xyzzy",)
    assert "unknown word “xyzzy”" in chip(window, 1).accessibleName()


@pytest.mark.parametrize(("line", "position"), [("river +", 7), ('sea + "river', 6), ("2: + sea", 3)])
def test_a_line_that_cannot_be_read_says_why_and_the_cursor_stands_there(
    qtbot: QtBot, window: MainWindow, session: FakeSession, line: str, position: int
) -> None:
    ask(qtbot, window, "river")
    asked = len(session.asked)
    window.pane.query.text.selectAll()
    qtbot.keyClicks(window.pane.query.text, line)
    with qtbot.waitSignal(window.search.failed):
        qtbot.keyClick(window.pane.query.text, Qt.Key.Key_Return)
    assert window.pane.notice.isVisible()
    assert window.pane.query.text.cursorPosition() == position
    assert len(session.asked) == asked
    assert window.workspace.result is not None, "the results before stay"


def test_chips_follow_the_line_while_it_is_typed(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river - trees")
    text = window.pane.query.text
    qtbot.keyClicks(text, " +")
    assert not window.pane.query.terms.isEnabled(), "half a line has no chips to act on"
    qtbot.keyClicks(text, " 2:roof")
    assert window.pane.query.terms.isEnabled()
    assert [term.weight for term in window.pane.query.terms.terms] == [1, -1, 2]


# --- images and regions ---------------------------------------------------------------------------------------


def test_dropped_images_are_added_and_have_their_picture(
    qtbot: QtBot, window: MainWindow, session: FakeSession, root: Path
) -> None:
    ask(qtbot, window, "river")
    for number in (1, 2):
        with qtbot.waitSignal(window.search.shown):
            assert drop_on(window.pane.query, root / f"airport_{number:05}.jpg")
    assert session.asked[-1].terms == (
        TextTerm("river"), ImageTerm(root / "airport_00001.jpg"), ImageTerm(root / "airport_00002.jpg"),
    )  # fmt: skip
    qtbot.waitUntil(lambda: chip(window, 2)._picture is not None)


def test_an_image_is_not_added_to_half_a_line_which_stays(
    qtbot: QtBot, window: MainWindow, session: FakeSession, root: Path
) -> None:
    qtbot.keyClicks(window.pane.query.text, "river -")
    assert drop_on(window.pane.query, root / "airport_00001.jpg")
    assert window.pane.notice.isVisible()
    assert window.pane.query.text.text() == "river -"
    assert session.asked == []


@pytest.mark.parametrize("by_button", [True, False])
def test_a_region_drawn_in_the_inspector_becomes_a_chip(
    qtbot: QtBot, window: MainWindow, session: FakeSession, by_button: bool
) -> None:
    ask(qtbot, window, "river")
    shift = Qt.KeyboardModifier.ShiftModifier
    if by_button:
        qtbot.mouseClick(window.inspector.region, LEFT)
        assert window.inspector.region.isChecked()
    drawn_on = window.evidence.item.path
    drag(qtbot, window, (56, 56), (168, 140), Qt.KeyboardModifier.NoModifier if by_button else shift)
    (text, region) = session.asked[-1].terms
    assert text == TextTerm("river")
    assert isinstance(region, ImageTerm)
    assert region.path == drawn_on
    assert region.box is not None
    for value, wanted in zip(vars(region.box).values(), (56, 56, 112, 84), strict=True):
        assert abs(value - wanted) <= 2
    assert chip(window, 1).text().startswith("Region of airport_")
    assert not window.inspector.region.isChecked()
    qtbot.waitUntil(lambda: chip(window, 1)._picture is not None)


def drag(
    qtbot: QtBot, window: MainWindow, start: tuple[int, int], end: tuple[int, int], keys: Qt.KeyboardModifier
) -> None:
    """A drag over the image from one of its pixels to another, and the answer to it."""
    image = window.inspector.image
    port = image._view.viewport()

    def spot(x: float, y: float) -> QPoint:
        return image._view.mapFromScene(image._box.mapViewToScene(QPointF(x, y)))

    with qtbot.waitSignal(window.search.shown):
        qtbot.mousePress(port, LEFT, keys, spot(*start))
        for part in (0.3, 0.6, 1.0):
            place = [a + part * (b - a) for a, b in zip(start, end, strict=True)]
            move(port, spot(*place), keys)
        qtbot.mouseRelease(port, LEFT, keys, spot(*end))


def move(port: QWidget, spot: QPoint, keys: Qt.KeyboardModifier) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(spot), QPointF(port.mapToGlobal(spot)), Qt.MouseButton.NoButton, LEFT, keys
    )
    QApplication.sendEvent(port, event)


def test_a_region_hardly_larger_than_a_click_is_none(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river")
    asked = len(session.asked)
    window.inspector.image._tell_region(QRectF(50, 50, 6, 80))
    window.inspector.image._tell_region(QRectF(-90, 50, 80, 80))
    assert len(session.asked) == asked


# --- suggestions, history, saved queries ----------------------------------------------------------------------


def type_anew(qtbot: QtBot, window: MainWindow, text: str) -> None:
    qtbot.waitUntil(lambda: window.runner.running == 0)
    window.pane.query.text.selectAll()
    qtbot.keyClicks(window.pane.query.text, text)


def test_a_word_the_model_knows_is_completed(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    type_anew(qtbot, window, "sto")
    text, offered = window.pane.query.text, window.pane.query.suggestions
    assert offered.shown == ("storage",)
    qtbot.keyClick(text, Qt.Key.Key_Down)
    qtbot.keyClick(text, Qt.Key.Key_Return)
    assert window.pane.query.line == "storage"
    assert session.asked == [], "taking a word goes on typing"
    qtbot.keyClicks(text, " ta")
    assert offered.shown == ("tank", "tanks")
    qtbot.keyClick(text, Qt.Key.Key_Escape)
    assert offered.shown == ()
    assert window.pane.query.line == "storage ta", "Esc closes the list and nothing else"
    press_enter(qtbot, window)
    assert session.asked[-1] == Query.from_text("storage ta"), "what is typed is asked, not what is suggested"


def test_a_query_asked_before_is_asked_again_by_a_few_letters(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    ask(qtbot, window, LINE)
    type_anew(qtbot, window, "2:s")
    assert window.pane.query.suggestions.shown[0] == LINE
    with qtbot.waitSignal(window.search.shown):
        item = window.pane.query.suggestions.list.item(0)
        spot = window.pane.query.suggestions.list.visualItemRect(item).center()
        qtbot.mouseClick(window.pane.query.suggestions.list.viewport(), LEFT, pos=spot)
    agree(window, session, LINE)


def test_saved_queries_and_history_outlive_the_window(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    first = make_window()
    with qtbot.waitSignal(first.collections.opened):
        first.collections.open(root)
    for line in ("river, wide", LINE):
        ask(qtbot, first, line)
    qtbot.mouseClick(first.pane.query.save_button, LEFT)
    assert first.pane.query.save_button.isChecked()
    first.close()

    second = make_window()
    with qtbot.waitSignal(second.search.shown):
        second.restore.begin()
    assert second.pane.query.line == LINE
    assert second.pane.query.save_button.isChecked()
    second.actions_by_name["query_history"].trigger()
    assert [(entry.title, entry.hint) for entry in second.query_list.shown] == [(LINE, "saved"), ("river, wide", "")]
    qtbot.keyClicks(second.query_list.text, "wide")
    with qtbot.waitSignal(second.search.shown):
        qtbot.keyClick(second.query_list.text, Qt.Key.Key_Return)
    assert session.asked[-1] == Query.from_text("river, wide")
    assert not second.pane.query.save_button.isChecked()


def test_a_saved_query_is_taken_off_again(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    window.actions_by_name["save_query"].trigger()
    window.actions_by_name["save_query"].trigger()
    assert window.settings.saved_queries == ()
    assert not window.pane.query.save_button.isChecked()


def test_a_broken_note_of_saved_queries_is_ignored(window: MainWindow) -> None:
    for text in ("{", "3", '[1, "river"]'):
        window.settings._store.setValue("saved_queries", text)
        assert window.settings.saved_queries in ((), ("river",))


def test_the_box_of_a_drawn_region_is_written_into_the_line(window: MainWindow, qtbot: QtBot, root: Path) -> None:
    path = root / "airport_00001.jpg"
    with qtbot.waitSignal(window.search.shown):
        window.queries.add_region(path, PixelBox(1, 2, 30, 40))
    assert window.pane.query.line == f"{path}[1,2,30,40]"


# --- for everyone ---------------------------------------------------------------------------------------------


def test_chips_tell_their_names_keys_and_focus(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "2:river + ./a.jpg - xyzzy")
    window.pane.query.text.setFocus()
    for place in range(3):
        here, without = chip(window, place), chip(window, place).grab().toImage()
        here.setFocus()
        assert here.grab().toImage() != without, "the focus is seen"
        assert here.text() in here.accessibleName()
        assert "M: mute" in here.accessibleDescription()


def test_tab_walks_from_the_search_button_over_the_chips_to_the_words(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "2:river - trees")
    window.pane.query.search_button.setFocus()
    walked = []
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        walked.append(QApplication.focusWidget())
    assert walked == [chip(window, 0), chip(window, 1), window.pane.query.words.chip(0)]
