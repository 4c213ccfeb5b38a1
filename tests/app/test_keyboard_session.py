"""One analyst, no mouse: from the demo to the export, and the next morning."""

from __future__ import annotations

import csv
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from faami_core.queries import Mark
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None, "the keyboard got lost"
    return widget


def test_a_session_by_keyboard_alone_and_all_as_left_after_a_restart(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    control = Qt.KeyboardModifier.ControlModifier
    window = make_window()

    # Open the demo from the command palette.
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(focused(), Qt.Key.Key_P, control | Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(focused(), "demo")
    with qtbot.waitSignal(window.triage.loaded):
        qtbot.keyClick(focused(), Qt.Key.Key_Return)

    # Ask; the cursor is in the query bar already.
    qtbot.keyClicks(focused(), "storage tanks river")
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(focused(), Qt.Key.Key_Return)
    ranked = [window.model.key(row) for row in range(window.model.rowCount())]

    # Step through the words; the keyboard has followed the answer to the grid.
    assert focused() is window.grid
    for number in (1, 2, 3):
        qtbot.keyClicks(focused(), str(number))
        assert window.view.word == number - 1

    # Mark five, tag the next one, take one mark back.
    qtbot.keyClicks(focused(), "aaraa")
    qtbot.keyClicks(focused(), "t")
    qtbot.keyClicks(focused(), "check on site")
    qtbot.keyClick(focused(), Qt.Key.Key_Return)
    qtbot.keyClick(focused(), Qt.Key.Key_Z, control)
    qtbot.keyClick(focused(), Qt.Key.Key_Z, control)
    qtbot.keyClick(focused(), Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(focused(), Qt.Key.Key_Z, control)

    # Export what is on screen; the cursor is in the name of the file already.
    qtbot.keyClick(focused(), Qt.Key.Key_E, control)
    with qtbot.waitActive(window.export.dialog):
        window.export.dialog.activateWindow()
    qtbot.waitUntil(window.export.dialog.path.hasFocus)
    qtbot.keyClick(focused(), Qt.Key.Key_A, control)
    qtbot.keyClicks(focused(), str(out))
    with qtbot.waitSignal(window.export.written):
        qtbot.keyClick(focused(), Qt.Key.Key_Return)
    with qtbot.waitActive(window):
        window.activateWindow()
    with out.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 24
    chosen = window.model.path(window.grid.currentIndex().row())
    qtbot.keyClick(focused(), Qt.Key.Key_Q, control)

    again = make_window()
    with qtbot.waitSignals([again.search.shown, again.triage.loaded]):
        again.restore.begin()
    assert again.workspace.root == session.data_dir / "demo"
    assert again.pane.query.text.text() == "storage tanks river"
    assert again.view.word == 2
    assert again.model.path(again.grid.currentIndex().row()) == chosen
    marks = [again.marks.of(image).mark for image in ranked[:6]]
    accepted, rejected, unmarked = Mark.ACCEPTED, Mark.REJECTED, Mark.UNMARKED
    assert marks == [accepted, accepted, rejected, accepted, unmarked, unmarked]
    assert again.marks.tags == {}
