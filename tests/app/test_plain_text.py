"""Names of files, folders, tags and queries are shown as they are, wherever they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QAction, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLabel, QListWidget, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.table_model import TableModel
from app.plain_text import plain_caption, plain_tip, plain_title
from app.widgets.notice_bar import Topic
from faami_core.types import UnreadableImage
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask

FOLDER = "R&D <b>x[*]"
SUBFOLDER = "<img src='zero'>"
WORDS = "<h1>big &river <b>x</b>"


@pytest.fixture
def hostile(qtbot: QtBot, make_window: MakeWindow, session: FakeSession, tmp_path: Path) -> MainWindow:
    """A window in which everything that can have a name has one that Qt would take for more than text."""
    session.folders = (SUBFOLDER,)
    session.unreadable = (UnreadableImage(tmp_path / FOLDER / "<u>broken.jpg", "<i>no</i> image & more"),)
    root = tmp_path / FOLDER
    root.mkdir()
    (tmp_path / "<s>other & more").mkdir()
    window = make_window()
    window.settings.add_recent(tmp_path / "<s>other & more")
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    ask(qtbot, window, WORDS)
    window.triage.toggle_tag("<b>tag</b> & co")
    window.queries.toggle_saved()
    window.actions_by_name["palette"].trigger()
    window.pane.notice.show_notice(
        "error", "The file <h1>big could not be read.", "Ask R&D <b>now</b>.", topic=Topic.EXPORT
    )
    qtbot.wait(50)
    return window


def widgets() -> list[QWidget]:
    return QApplication.allWidgets()


def is_shown_as_it_is(tip: str) -> bool:
    return not Qt.mightBeRichText(tip) or tip.startswith('<p style="white-space:pre-wrap">')


def test_every_label_shows_plain_text(hostile: MainWindow) -> None:
    labels = [widget for widget in widgets() if isinstance(widget, QLabel) and widget.pixmap().isNull()]
    assert len(labels) > 20
    assert [label.text() for label in labels if label.textFormat() is not Qt.TextFormat.PlainText] == []


def test_every_tool_tip_shows_names_as_they_are(hostile: MainWindow) -> None:
    tips = [widget.toolTip() for widget in widgets()]
    tips += [action.toolTip() for action in hostile.findChildren(QAction)]
    for view in widgets():
        if isinstance(view, QAbstractItemView) and view.model() is not None:
            model = view.model()
            tips += [
                str(model.data(model.index(row, 0), Qt.ItemDataRole.ToolTipRole) or "")
                for row in range(model.rowCount())
            ]
    assert any("&lt;img src=" in tip for tip in tips), "hostile names have come this far"
    assert [tip for tip in tips if not is_shown_as_it_is(tip)] == []


def test_no_name_makes_a_key(hostile: MainWindow) -> None:
    """Keys of letters are those of the menus alone."""
    keys = {
        button.text(): button.shortcut().toString()
        for button in widgets()
        if isinstance(button, QAbstractButton) and not button.shortcut().isEmpty()
    }
    assert keys == {}


def test_actions_named_after_words_show_them(hostile: MainWindow) -> None:
    word = next(
        action
        for name, action in hostile.actions_by_name.items()
        if "&&" in action.text() and name.startswith("word")
    )
    assert "&&river" in word.text()


def test_the_title_shows_the_name_of_the_folder(hostile: MainWindow) -> None:
    assert hostile.windowTitle().startswith("R&D <b>x[*][*] – ")


def test_lists_show_names_as_they_are(hostile: MainWindow) -> None:
    texts = [
        view.item(row).text() for view in widgets() if isinstance(view, QListWidget) for row in range(view.count())
    ]
    assert WORDS in texts
    assert any(FOLDER in text for text in texts)


def test_a_table_shows_cells_as_they_are() -> None:
    table = TableModel()
    table.show_rows(["path"], [["<h1>big.jpg"]])
    cell = table.index(0, 0)
    assert table.data(cell) == "<h1>big.jpg"
    assert table.data(cell, Qt.ItemDataRole.ToolTipRole) == plain_tip("<h1>big.jpg")


def test_text_that_is_no_html_stays_as_it_is() -> None:
    assert plain_tip("a < b & c") == "a < b & c"
    assert plain_tip("<b>x</b> & y") == '<p style="white-space:pre-wrap">&lt;b&gt;x&lt;/b&gt; &amp; y</p>'
    assert plain_caption("R&D") == "R&&D"
    assert plain_title("a[*]") == "a[*][*]"
