"""Searching as a person does: type, press Enter, look, click a word, clear."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.result_list_model import Role
from faami_core.queries import ImageTerm, TextTerm
from tests.app.fakes import FakeSession


def ask(qtbot: QtBot, window: MainWindow, text: str) -> None:
    """Types a query and waits until the first hit is painted in the inspector."""
    window.pane.query.text.selectAll()
    qtbot.keyClicks(window.pane.query.text, text)
    press_enter(qtbot, window)


def press_enter(qtbot: QtBot, window: MainWindow) -> None:
    """Asks what stands in the query bar and waits for the answer and its first image."""
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(window.pane.query.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.evidence.is_settled)


def drop_on(widget: object, path: Path) -> bool:
    """Drags a file onto a widget and lets go. Returns whether it was welcome."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, buttons, keys))
    return enter.isAccepted()


def test_an_open_collection_is_browsed_in_path_order(window: MainWindow, session: FakeSession) -> None:
    assert window.pane.page == "grid"
    assert [item.path.name for item in window.model.items] == [f"airport_{number:05}.jpg" for number in range(24)]
    assert window.model.data(window.model.index(0), Role.RANK) is None


def test_typing_a_query_shows_ranked_hits_words_and_facts(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks beside a river")

    ranks = [window.model.data(window.model.index(row), Role.RANK) for row in range(window.model.rowCount())]
    assert ranks == list(range(1, 25))
    scores = [window.model.data(window.model.index(row), Role.SCORE) for row in range(window.model.rowCount())]
    assert scores == sorted(scores, reverse=True)
    assert window.pane.query.words.words == ("storage", "tanks", "beside", "a", "river")
    assert window.inspector.words.words == ("Whole query", "storage", "tanks", "a", "river")
    assert window.status.fact("reranked") == "re-ranked 24 of 24"
    assert "re-ranked 24 of 24" in window.pane.headline.full_text
    assert window.status.fact("time") == "42 ms"


def test_the_first_hit_lies_in_the_inspector_with_its_heatmap(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    assert window.evidence.row == 0
    assert window.inspector.title.full_text == window.model.path(0).name
    pixels = window.inspector.image.overlay_pixels
    assert pixels is not None
    assert pixels[..., 3].max() > 0


def test_heavier_words_have_longer_bars_in_the_query_bar(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "a river")
    assert window.pane.query.words.chip(0).bar < window.pane.query.words.chip(1).bar


def test_tab_walks_from_the_query_over_its_words_to_the_grid_and_the_inspector(
    qtbot: QtBot, window: MainWindow
) -> None:
    ask(qtbot, window, "storage tanks")
    window.pane.query.text.setFocus()
    names: list[str] = []
    while len(names) < 60 and (not names or QApplication.focusWidget() is not window.pane.query.text):
        names.append(QApplication.focusWidget().accessibleName())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert len(names) == len(set(names)) < 60
    walk = [
        "Query text",
        "Smaller cells",
        "Larger cells",
        "Results",
        "Image with evidence, plot area",
        "Recent collections",
    ]
    assert [name for name in names if name in walk] == walk
    chips = [name for name in names if name.startswith(("Whole query", "storage", "tanks"))]
    assert names.index("Image after (N)") < names.index(chips[-1]) < names.index("Scale: Both")


def test_an_unknown_word_is_flagged_not_ignored(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river xyzzy")
    chip = window.pane.query.words.chip(1)
    assert not chip.is_known
    assert "unknown" in chip.accessibleName()


def test_a_word_without_a_place_in_an_image_is_shown_but_cannot_be_lit(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks beside river")
    chip = window.pane.query.words.chip(1)
    assert chip.text() == "beside"
    assert not chip.isEnabled()
    assert "not looked for" in chip.toolTip()
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert window.view.word is None
    assert not window.actions_by_name["word_2"].isEnabled()
    assert window.actions_by_name["word_3"].isEnabled()


def test_only_the_newest_of_many_queries_shows(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    session.delay = 0.02
    shown = []
    window.search.shown.connect(lambda result: shown.append(result.query.terms[0].text))
    for number in range(60):
        window.pane.query.submitted.emit(f"river {number}")
    qtbot.waitUntil(lambda: bool(shown), timeout=3000)
    qtbot.waitUntil(lambda: window.runner.running == 0, timeout=3000)
    assert shown == ["river 59"]
    assert len(session.asked) < 10, "older queries that had not begun should never reach the session"
    assert session.threads == {"model-0"}


def test_clicking_a_word_changes_the_heatmap(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks river")
    whole = window.inspector.image.overlay_pixels
    seconds = []
    for word in (0, 1, 2):  # one of them is not disturbed by what else this machine does
        started = time.perf_counter()
        qtbot.mouseClick(window.inspector.words.row(word), Qt.MouseButton.LeftButton)
        seconds.append(time.perf_counter() - started)
    lit = window.inspector.image.overlay_pixels
    assert window.view.word == 2
    assert whole is not None
    assert lit is not None
    assert not np.array_equal(whole, lit)
    assert window.pane.query.words.chip(2).isChecked()
    assert min(seconds) < 0.1


def test_clicking_the_lit_word_in_the_query_bar_returns_to_the_whole_query(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    chip = window.pane.query.words.chip(1)
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert window.view.word == 1
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert window.view.word is None
    assert not chip.isChecked()


def test_the_scale_switch_and_raw_attention_change_map_and_legend(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    seen = {}
    for scale in ("both", "fine", "coarse"):
        qtbot.mouseClick(window.inspector.scale.button(scale), Qt.MouseButton.LeftButton)
        seen[scale] = (window.inspector.image.overlay_pixels, window.inspector.legend.limit)
    assert seen["both"][1] > seen["fine"][1]
    assert not np.array_equal(seen["fine"][0], seen["coarse"][0])
    qtbot.mouseClick(window.inspector.kind.button("attention"), Qt.MouseButton.LeftButton)
    assert window.inspector.kind_note.isVisible()
    assert "sums to 1 in every image" in window.inspector.kind_note.text()
    assert window.inspector.legend.limit != seen["coarse"][1]


def test_the_legend_keeps_its_scale_from_hit_to_hit(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "tanks river")
    limit = window.inspector.legend.limit
    with qtbot.waitSignal(window.evidence.painted):
        window.grid.step(5)
    assert window.inspector.legend.limit == limit


def test_an_image_with_less_evidence_is_tinted_less(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river")
    best = window.inspector.image.overlay_pixels
    with qtbot.waitSignal(window.evidence.painted):
        window.grid.choose(window.model.rowCount() - 1)
    worst = window.inspector.image.overlay_pixels
    assert best is not None
    assert worst is not None
    assert worst[..., 3].mean() < best[..., 3].mean()


def test_hiding_the_heatmap_leaves_the_image(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    qtbot.mouseClick(window.inspector.overlay, Qt.MouseButton.LeftButton)
    assert window.inspector.image.overlay_pixels is None
    assert not window.inspector.opacity.isEnabled()


def test_pointing_at_a_region_reads_its_value_out(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river")
    grid = session.heatmap(window.workspace.result, 0)
    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    point = QPointF((column + 0.5) * 224 / grid.shape[1], (row + 0.5) * 224 / grid.shape[0])
    image = window.inspector.image
    image._hover(image._box.mapViewToScene(point))
    share = float(grid.max()) * session.region_unit(window.workspace.result)
    assert image.readout == f"Region {row + 1}, {column + 1}:  whole query {share:+.4f}"


def test_dropping_an_image_searches_with_it(
    qtbot: QtBot, window: MainWindow, session: FakeSession, root: Path
) -> None:
    path = root / "airport_00003.jpg"
    with qtbot.waitSignal(window.search.shown):
        assert drop_on(window.pane.query, path)
    assert session.asked[-1].terms == (ImageTerm(path),)
    assert window.pane.query.line == str(path)
    assert window.pane.query.terms.terms == (ImageTerm(path),)
    assert window.pane.query.terms.isVisible()


def test_a_dropped_text_file_is_refused(window: MainWindow, session: FakeSession, root: Path) -> None:
    assert not drop_on(window.pane.query, root / "notes.txt")
    assert session.asked == []


def test_dropping_a_folder_opens_it(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with qtbot.waitSignal(window.collections.opened):
        assert drop_on(window, other)
    assert window.workspace.root == other


def test_a_pasted_picture_becomes_a_file_and_a_query(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    image = QImage(32, 32, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    QGuiApplication.clipboard().setImage(image)
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(window.pane.query.text, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    QGuiApplication.clipboard().clear()
    (term,) = session.asked[-1].terms
    assert isinstance(term, ImageTerm)
    assert QImage(str(term.path)).size() == image.size()


def test_words_and_an_image_are_asked_together(
    qtbot: QtBot, window: MainWindow, session: FakeSession, root: Path
) -> None:
    qtbot.keyClicks(window.pane.query.text, "river")
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.ask_image(root / "airport_00001.jpg")
    assert session.asked[-1].terms == (TextTerm("river"), ImageTerm(root / "airport_00001.jpg"))
    with qtbot.waitSignal(window.search.shown):
        chip = window.pane.query.terms.chip(1)
        qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=chip.cross_spot)
    assert session.asked[-1].terms == (TextTerm("river"),)


def test_more_like_this_asks_with_the_selected_image(qtbot: QtBot, window: MainWindow, session: FakeSession) -> None:
    ask(qtbot, window, "river")
    with qtbot.waitSignal(window.evidence.painted):
        window.grid.choose(4)
    path = window.model.path(4)
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseClick(window.inspector.more, Qt.MouseButton.LeftButton)
    assert session.asked[-1].terms == (ImageTerm(path),)


def test_picking_an_image_uses_the_file_dialog(
    qtbot: QtBot, window: MainWindow, session: FakeSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dialogs.files.choose_image", lambda _parent, _start: root / "airport_00002.jpg")
    with qtbot.waitSignal(window.search.shown):
        qtbot.mouseClick(window.pane.query.pick_button, Qt.MouseButton.LeftButton)
    assert session.asked[-1].terms == (ImageTerm(root / "airport_00002.jpg"),)


def test_clearing_returns_to_browsing(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    qtbot.mouseClick(window.pane.query.clear_button, Qt.MouseButton.LeftButton)
    assert window.workspace.result is None
    assert window.model.items[0].path.name == "airport_00000.jpg"
    assert not window.pane.query.words.isVisible()
    assert window.inspector.is_empty
    assert not window.actions_by_name["export_csv"].isEnabled()


def test_a_query_that_cannot_be_asked_says_why(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "river")
    before = window.model.items
    with qtbot.waitSignal(window.search.failed):
        window.search.ask("")
    assert window.pane.notice.isVisible()
    assert window.pane.notice.message.text() == "The query has no word."
    assert window.pane.notice.next_step.text() == "Type what you look for."
    assert window.model.items is before, "an error must not take the results away"


def test_a_collection_without_images_offers_another_folder(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    session.count = 0
    empty = tmp_path / "empty"
    empty.mkdir()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(empty)
    assert window.pane.page == "empty"
    assert window.pane.empty.title.text() == "No images in this collection"
    assert window.pane.empty.button.text() == "Open another folder"


def test_an_image_that_went_bad_is_told_in_the_inspector(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(qtbot, window, "river")
    monkeypatch.setattr("tests.app.fakes.BROKEN", window.model.path(3).name)
    with qtbot.waitSignal(window.evidence.painted):
        window.grid.choose(3)
    assert window.inspector.is_empty
    assert "not a readable image" in window.inspector.empty.sentence.text()
