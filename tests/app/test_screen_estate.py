"""What lies above the images takes little room, keeps its height, and never pushes the images around."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication, QProgressBar
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.word_badges import WordBadge
from app.theme import DARK, LIGHT, ThemeColours, contrast_ratio
from app.widgets.result_delegate import labels_in
from faami_core.types import Match, Progress

WORDS = ("storage tanks beside a river", "2:storage tanks + bridge - trees", "a")


def ask(qtbot: QtBot, window: MainWindow, line: str) -> None:
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.submitted.emit(line)


def top_of_the_images(window: MainWindow) -> int:
    QApplication.processEvents()
    return window.grid.mapTo(window, QPoint(0, 0)).y()


def full_rows(window: MainWindow) -> int:
    QApplication.processEvents()
    return window.grid.viewport().height() // window.grid.gridSize().height()


@pytest.mark.parametrize("line", WORDS)
def test_two_full_rows_of_results_are_seen_on_a_small_screen(qtbot: QtBot, window: MainWindow, line: str) -> None:
    ask(qtbot, window, line)
    assert window.size().toTuple() == (1280, 720)
    assert window.side.isVisible()
    assert window.inspector.isVisible()
    assert window.pane.query.words.isVisible()
    assert full_rows(window) >= 2
    assert top_of_the_images(window) < 0.32 * window.height(), "also with the histogram"
    window.actions_by_name["histogram"].trigger()
    assert top_of_the_images(window) < 0.24 * window.height()


def test_chips_of_terms_and_words_are_one_line(qtbot: QtBot, window: MainWindow) -> None:
    bar = window.pane.query
    ask(qtbot, window, "storage tanks")
    top = top_of_the_images(window)
    ask(qtbot, window, "2:storage tanks + bridge - trees")
    assert top_of_the_images(window) == top, "another query moves nothing"
    chips = [bar.terms.chip(0), bar.terms.chip(2), bar.words.chip(0), bar.words.chip(3)]
    middles = {chip.mapTo(window, chip.rect().center()).y() for chip in chips}
    assert len(middles) == 1


def test_a_long_query_scrolls_sideways_to_what_is_lit(qtbot: QtBot, window: MainWindow) -> None:
    bar = window.pane.query
    ask(qtbot, window, "storage tanks and warehouses beside a broad river with bridges, boats, trees and meadows")
    line, last = bar.chips, len(bar.words.words) - 1
    top = top_of_the_images(window)

    def is_seen(word: int) -> bool:
        chip = bar.words.chip(word)
        place = QRect(chip.mapTo(line._area.viewport(), QPoint(0, 0)), chip.size())
        return bool(line._area.viewport().rect().contains(place))

    assert line.after_button.isVisible()
    assert not line.before_button.isEnabled()
    assert is_seen(0)
    assert not is_seen(last)
    window.view.select_word(last)
    assert is_seen(last)
    assert line.before_button.isEnabled()
    while line.before_button.isEnabled():
        line.before_button.click()
    assert is_seen(0)
    bar.words.chip(0).setFocus()
    qtbot.keyClick(bar.words.chip(0), Qt.Key.Key_Left)
    assert is_seen(last), "the arrow keys go round"
    assert top_of_the_images(window) == top
    ask(qtbot, window, "tanks")
    assert not line.after_button.isVisible()


def test_notices_and_progress_leave_the_images_where_they_are(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    pane, top = window.pane, top_of_the_images(window)
    rows = full_rows(window)
    pane.notice.show_notice(
        "warning", "Something happened. " * 12, "Do this. " * 20, label_of_action="Do it", topic="a"
    )
    assert top_of_the_images(window) == top
    assert full_rows(window) == rows
    notice = QRect(pane.notice.mapTo(pane, QPoint(0, 0)), pane.notice.size())
    assert pane.rect().contains(notice)
    for text in (pane.notice.message, pane.notice.next_step):
        assert text.height() >= text.heightForWidth(text.width()), "no line of it is cut"
    assert pane.childAt(notice.center()) in (pane.notice, *pane.notice.findChildren(type(pane.notice.message)))
    pane.activity.begin("Indexing")
    pane.activity.show_progress("Indexing", Progress("Indexing", 3, 10, None, None))
    pane.activity.show()
    assert top_of_the_images(window) == top
    assert full_rows(window) >= 2
    pane.activity.end()


@pytest.mark.parametrize("width", [1120, 1280, 1600])
def test_a_notice_follows_the_window(qtbot: QtBot, window: MainWindow, width: int) -> None:
    notice = window.pane.notice
    notice.show_notice("info", "The index is current, and all of it can be searched. " * 3, topic="a")
    window.resize(width, 700)
    QApplication.processEvents()
    assert notice.parentWidget().rect().contains(notice.geometry())
    assert abs(notice.geometry().center().x() - notice.parentWidget().rect().center().x()) <= 1


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_the_track_of_a_progress_bar_is_seen(colours: ThemeColours, qtbot: QtBot, window: MainWindow) -> None:
    assert contrast_ratio(colours.outline, colours.raised) >= 2.5
    bar = window.pane.activity.bar
    window.set_theme("dark" if colours is DARK else "light")
    bar.setRange(0, 1000)
    bar.setValue(300)
    window.pane.activity.show()
    QApplication.processEvents()
    assert isinstance(bar, QProgressBar)
    picture = bar.grab().toImage()
    assert picture.pixelColor(bar.width() * 3 // 4, 0).name() == colours.outline, "where nothing is done yet"
    assert picture.pixelColor(bar.width() // 5, bar.height() // 2).name() == colours.accent
    window.set_theme("dark")


# --- names of words in a cell ---------------------------------------------------------------------------------


def badges(*words: str, lit: int | None = None) -> tuple[WordBadge, ...]:
    return tuple(WordBadge(place, word, Match.MATCHED, 0.1, place == lit) for place, word in enumerate(words))


LONG = ("storage", "tanks", "warehouses", "river", "bridges", "boats", "meadows", "trees")


@pytest.mark.parametrize("width", [90, 130, 166, 240, 378])
def test_words_without_room_for_a_name_are_counted(qapp: QApplication, width: int) -> None:
    font, given = QFont(qapp.font()), badges(*LONG)
    labels = labels_in(given, width, font)
    assert labels
    assert all(label == word for label, word in zip(labels[1:], LONG[1:], strict=False)), "a name is whole"
    taken = sum(12 + QFontMetrics(font).horizontalAdvance(label) for label in labels) + 8 * (len(labels) - 1)
    if len(labels) < len(LONG):
        taken += 8 + QFontMetrics(font).horizontalAdvance(f"+{len(LONG) - len(labels)}")
    assert taken <= width


def test_all_words_that_fit_are_named(qapp: QApplication) -> None:
    font = QFont(qapp.font())
    assert labels_in(badges("river", "tanks"), 400, font) == ("river", "tanks")
    assert labels_in((), 400, font) == ()
    assert labels_in(badges(*LONG, lit=0), 400, font)[0] == "storage +0.100"
    lit = labels_in(badges(*LONG, lit=0), 110, font)[0]
    assert lit.endswith("… +0.100"), "the number of what is lit is whole where its name is not"
    only = labels_in(badges("a-word-that-is-longer-than-any-cell-of-the-grid", "tanks"), 130, font)
    assert len(only) == 1
    assert only[0].endswith("…")
