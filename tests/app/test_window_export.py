"""The export dialog as a person uses it: open, read, choose, browse, be warned, write or leave."""

from __future__ import annotations

import csv
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.dialogs.export_dialog import ExportDialog
from app.main_window import MainWindow
from app.models.destination import file_of
from app.models.table_model import TableModel
from faami_core.errors import ExportError
from faami_core.queries import Annotation, Mark
from faami_core.search.csv_reading import read_csv
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_access import ROLES, accessible_tree
from tests.app.test_window_search import ask

KEY = Qt.Key
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def reports(window: MainWindow, tmp_path: Path) -> Path:
    """Where the last export went."""
    folder = tmp_path / "reports"
    folder.mkdir()
    window.settings.set_export_folder(folder)
    return folder


def open_dialog(qtbot: QtBot, window: MainWindow) -> ExportDialog:
    """Presses Ctrl+E, and waits for the preview and for what is known of the suggested file."""
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(window, KEY.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = window.export.dialog
    assert dialog is not None
    with qtbot.waitActive(dialog):
        dialog.activateWindow()
    qtbot.waitUntil(dialog.path.hasFocus)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    return dialog


def choose(qtbot: QtBot, window: MainWindow, portion: str) -> None:
    qtbot.mouseClick(window.export.dialog.choice.button(portion), LEFT)
    qtbot.waitUntil(lambda: window.runner.running == 0)


def type_path(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    field = window.export.dialog.path
    field.selectAll()
    qtbot.keyClicks(field, str(path))
    qtbot.waitUntil(lambda: window.runner.running == 0)


def previewed(dialog: ExportDialog) -> list[list[str]]:
    """The table on screen, the names of its columns first."""
    model = dialog.table.model()
    columns = range(model.columnCount())
    names = [model.headerData(column, Qt.Orientation.Horizontal) for column in columns]
    return [names, *([model.index(row, c).data() for c in columns] for row in range(model.rowCount()))]


def cells_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def paths_of(cells: list[list[str]]) -> list[str]:
    return [row[cells[0].index("path")] for row in cells[1:]]


def press_export(qtbot: QtBot, window: MainWindow) -> Path:
    with qtbot.waitSignal(window.export.written) as told:
        qtbot.keyClick(QApplication.focusWidget(), KEY.Key_Return)
    qtbot.waitUntil(lambda: window.export.dialog is None)
    return told.args[0]


# --- what goes out --------------------------------------------------------------------------------------------


def test_enter_writes_what_the_dialog_shows_which_is_what_is_on_screen(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    ask(qtbot, window, "storage tanks, beside a river!")
    dialog = open_dialog(qtbot, window)
    assert dialog.sentence.text() == "24 results, by score, re-ranked 24 of 24."
    assert dialog.caption.text() == "The first 20 of 24 rows, as the file will hold them"
    assert dialog.path.text() == str(reports / "storage-tanks-beside-a-river.csv")
    assert "storage-tanks-beside-a-river.csv-metadata.json" in dialog.beside.full_text
    assert dialog.message.text() == ""
    seen = previewed(dialog)
    written = press_export(qtbot, window)
    assert written == reports / "storage-tanks-beside-a-river.csv"
    cells = cells_of(written)
    assert seen == cells[:21]
    assert paths_of(cells) == [str(window.model.path(row)) for row in range(24)]
    assert sorted(path.name for path in reports.iterdir()) == [written.name, f"{written.name}-metadata.json"]
    assert window.pane.notice.message.text() == f"24 results were written to {written.name}."


def test_the_sentence_tells_what_keeps_results_off_the_screen(
    qtbot: QtBot, window: MainWindow, session: FakeSession, reports: Path
) -> None:
    ask(qtbot, window, "tanks river")
    images = [item.image_id for item in window.model.items]
    session.copied = ((images[0], images[1]), (images[2], images[3]))
    window.actions_by_name["group_copies"].trigger()
    qtbot.waitUntil(lambda: window.views.duplicates.is_settled)
    window.pane.histogram.keep(5)
    dialog = open_dialog(qtbot, window)
    told = "5 of 22 results, by score, 17 below the score line, 2 folded, re-ranked 24 of 24."
    assert dialog.sentence.text() == told
    assert len(previewed(dialog)) == 6
    assert dialog.caption.text() == "All rows, as the file will hold them"
    dialog.reject()
    arrange = window.pane.arrange
    arrange.filter.setCurrentText("Without “river”")
    arrange.order.setCurrentText("By “tanks”")
    arrange.chosen.emit()
    count = window.model.rowCount()
    assert 0 < count < 22
    dialog = open_dialog(qtbot, window)
    assert dialog.sentence.text().startswith(f"{count} of ")
    assert "results, without “river”, by “tanks”" in dialog.sentence.text()
    assert len(cells_of(press_export(qtbot, window))) == count + 1


def test_the_selected_or_the_accepted_ones_alone_go_out_in_the_order_of_the_screen(
    qtbot: QtBot, window: MainWindow, session: FakeSession, reports: Path
) -> None:
    ask(qtbot, window, "river")
    for row in (6, 2):
        window.grid.choose(row)
        window.triage.accept()
    window.grid.choose(8)
    qtbot.keyClick(window.grid, KEY.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    dialog = open_dialog(qtbot, window)
    assert [button.text() for button in dialog.choice.findChildren(QPushButton)] == [
        "All on screen (24)",
        "Selected (2)",
        "Accepted (2)",
    ]
    choose(qtbot, window, "selected")
    assert dialog.sentence.text() == "2 selected of 24 on screen, by score, ranked anew."
    assert paths_of(previewed(dialog)) == [str(window.model.path(row)) for row in (7, 8)]
    choose(qtbot, window, "accepted")
    assert dialog.sentence.text() == "2 accepted of 24 on screen, by score, ranked anew."
    seen = previewed(dialog)
    assert [row[seen[0].index("mark")] for row in seen[1:]] == ["accepted", "accepted"]
    dialog.path.setFocus()
    cells = cells_of(press_export(qtbot, window))
    assert cells == seen
    assert paths_of(cells) == [str(window.model.path(row)) for row in (2, 6)]
    assert [row[0] for row in cells[1:]] == ["1", "2"]


def test_the_line_of_the_histogram_keeps_the_last_result_alone_out_of_the_file(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    ask(qtbot, window, "river")
    paths = [str(window.model.path(row)) for row in range(24)]
    window.pane.histogram.keep(23)
    dialog = open_dialog(qtbot, window)
    assert dialog.sentence.text() == "23 of 24 results, by score, 1 below the score line, re-ranked 24 of 24."
    assert paths_of(cells_of(press_export(qtbot, window))) == paths[:23]


def test_all_results_but_one_are_those_that_are_selected(qtbot: QtBot, window: MainWindow, reports: Path) -> None:
    ask(qtbot, window, "river")
    paths = [str(window.model.path(row)) for row in range(24)]
    window.grid.choose_all([row for row in range(24) if row != 7])
    dialog = open_dialog(qtbot, window)
    choose(qtbot, window, "selected")
    dialog.path.setFocus()
    assert paths_of(cells_of(press_export(qtbot, window))) == [*paths[:7], *paths[8:]]


@pytest.mark.parametrize(("language", "delimiter"), [("de_DE", ";"), ("en_US", ",")])
def test_a_file_for_spreadsheets_follows_the_language_of_the_computer(
    qtbot: QtBot, window: MainWindow, reports: Path, monkeypatch: pytest.MonkeyPatch, language: str, delimiter: str
) -> None:
    monkeypatch.setattr(QLocale, "system", staticmethod(lambda: QLocale(language)))
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    plain = previewed(dialog)
    qtbot.mouseClick(dialog.spreadsheet, LEFT, pos=QPoint(8, dialog.spreadsheet.height() // 2))
    qtbot.waitUntil(lambda: window.runner.running == 0)
    seen = previewed(dialog)
    assert [cell.replace(",", ".") for cell in seen[1]] == plain[1]
    assert ("," in seen[1][2]) == (delimiter == ";")
    dialog.path.setFocus()
    written = press_export(qtbot, window)
    assert written.read_bytes().startswith(f"\ufeffrank{delimiter}path".encode())
    assert [str(hit.path) for hit in read_csv(written)] == [str(window.model.path(row)) for row in range(24)]


def test_what_there_is_none_of_cannot_be_chosen(qtbot: QtBot, window: MainWindow, reports: Path) -> None:
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    assert not dialog.choice.button("accepted").isEnabled()
    assert dialog.choice.button("selected").isEnabled()


def test_the_preview_of_very_many_results_is_made_of_twenty(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch, reports: Path
) -> None:
    asked: list[tuple[str, int]] = []

    def preview(result: object, *, order: range, **how: object) -> tuple[tuple[str, ...], ...]:
        asked.append((threading.current_thread().name, len(order)))
        return FakeSession.preview_csv(session, result, order=order, **how)

    session.count = 2000
    ask(qtbot, window, "river")
    monkeypatch.setattr(session, "preview_csv", preview)
    dialog = open_dialog(qtbot, window)
    assert asked == [("disk-0", 500)]
    assert dialog.table.model().rowCount() == 20


# --- where it goes --------------------------------------------------------------------------------------------


def test_a_file_that_would_be_replaced_is_told_in_place_and_the_button_says_so(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    (reports / "river.csv").write_text("precious", encoding="utf-8")
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    assert dialog.message.text() == "river.csv is there already and will be replaced."
    assert dialog.export.text() == "Replace"
    qtbot.keyClicks(dialog.path, "new")  # the name is selected, its ending stays
    assert dialog.path.text() == str(reports / "new.csv")
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert (dialog.message.text(), dialog.export.text()) == ("", "Export")
    type_path(qtbot, window, reports / "river")
    assert dialog.export.text() == "Replace"
    press_export(qtbot, window)
    assert len(cells_of(reports / "river.csv")) == 25


def test_a_file_that_came_unseen_is_not_replaced_before_that_was_told(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    (reports / "river.csv").write_text("precious", encoding="utf-8")
    with qtbot.waitSignal(window.export.failed):
        qtbot.keyClick(dialog.path, KEY.Key_Return)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert (reports / "river.csv").read_text(encoding="utf-8") == "precious"
    assert dialog.message.text() == "river.csv is there already and will be replaced."
    press_export(qtbot, window)
    assert len(cells_of(reports / "river.csv")) == 25


def test_browsing_begins_at_the_file_named_and_the_folder_is_remembered(
    qtbot: QtBot, window: MainWindow, reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Path] = []
    monkeypatch.setattr(
        "app.dialogs.files.choose_export", lambda _parent, start: offered.append(start) or tmp_path / "picked"
    )
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    qtbot.mouseClick(dialog.browse, LEFT)
    assert offered == [reports / "river.csv"]
    assert dialog.path.text() == str(tmp_path / "picked")
    assert dialog.path.hasFocus()
    assert press_export(qtbot, window) == tmp_path / "picked.csv"
    assert open_dialog(qtbot, window).path.text() == str(tmp_path / "river.csv")


def test_a_folder_that_is_missing_is_told_and_what_was_chosen_and_typed_stays(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    choose(qtbot, window, "selected")
    type_path(qtbot, window, reports / "gone" / "out.csv")
    assert dialog.message.text() == f"The folder {reports / 'gone'} does not exist. Choose another one."
    with qtbot.waitSignal(window.export.failed):
        qtbot.keyClick(dialog.path, KEY.Key_Return)
    assert dialog.isVisible()
    assert dialog.path.text() == str(reports / "gone" / "out.csv")
    assert dialog.portion.name == "selected"
    (reports / "gone").mkdir()
    press_export(qtbot, window)
    assert len(cells_of(reports / "gone" / "out.csv")) == 2


def test_a_full_disk_is_told_in_the_dialog(
    qtbot: QtBot, window: MainWindow, session: FakeSession, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_options: object) -> Path:
        raise ExportError("The disk is full. " * 12, "Make room.")

    monkeypatch.setattr(session, "export_csv", full)
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    with qtbot.waitSignal(window.export.failed):
        qtbot.keyClick(dialog.path, KEY.Key_Return)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert dialog.message.text() == f"{'The disk is full. ' * 12} Make room."
    assert dialog.message.height() >= dialog.message.heightForWidth(dialog.message.width())
    assert dialog.export.isEnabled()
    assert not window.pane.notice.isVisible()


def test_without_a_name_nothing_can_be_written(qtbot: QtBot, window: MainWindow, reports: Path) -> None:
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    dialog.path.selectAll()
    qtbot.keyClick(dialog.path, KEY.Key_Delete)
    assert not dialog.export.isEnabled()
    assert dialog.message.text() == "Name a file to write."
    qtbot.keyClick(dialog.path, KEY.Key_Return)
    assert dialog.isVisible()


@pytest.mark.parametrize(
    ("typed", "file"),
    [
        ("out", "/reports/out.csv"),
        ("out.CSV", "/reports/out.CSV"),
        ("planes v1.2", "/reports/planes v1.2.csv"),
        ("/tmp/out.csv", "/tmp/out.csv"),
        (" sub/out ", "/reports/sub/out.csv"),
        ("", None),
        ("/", None),
        ("/tmp/", None),
        ("..", None),
    ],
)
def test_what_is_typed_names_a_csv_file(typed: str, file: str | None) -> None:
    assert file_of(typed, Path("/reports")) == (Path(file) if file is not None else None)


# --- leaving --------------------------------------------------------------------------------------------------


def test_escape_leaves_nothing_behind(qtbot: QtBot, window: MainWindow, reports: Path) -> None:
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    type_path(qtbot, window, reports.parent / "elsewhere.csv")
    qtbot.keyClick(dialog.path, KEY.Key_Escape)
    assert window.export.dialog is None
    qtbot.waitUntil(lambda: not window.findChildren(ExportDialog))
    assert list(reports.iterdir()) == []
    assert not (reports.parent / "elsewhere.csv").exists()
    assert window.settings.export_folder == reports
    assert not window.pane.notice.isVisible()


def test_enter_on_cancel_cancels(qtbot: QtBot, window: MainWindow, reports: Path) -> None:
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    dialog.cancel.setFocus()
    qtbot.keyClick(dialog.cancel, KEY.Key_Return)
    assert window.export.dialog is None
    assert list(reports.iterdir()) == []


def test_answers_that_come_after_the_dialog_was_left_are_dropped(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    ask(qtbot, window, "river")
    window.actions_by_name["export_csv"].trigger()
    window.export.dialog.reject()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert window.export.dialog is None


def test_the_window_closes_with_the_dialog_open(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    ask(qtbot, window, "river")
    open_dialog(qtbot, window)
    window.close()


# --- for everybody --------------------------------------------------------------------------------------------


def test_every_control_of_the_dialog_has_a_name(qtbot: QtBot, window: MainWindow, reports: Path) -> None:
    ask(qtbot, window, "river")
    controls = [
        node
        for node in accessible_tree(open_dialog(qtbot, window))
        if node.role() in ROLES and not node.state().invisible
    ]
    assert len(controls) > 6
    assert [node.role().name for node in controls if not node.text(QAccessible.Text.Name)] == []


def test_tab_walks_through_the_dialog_and_the_focus_is_seen(
    qtbot: QtBot, window: MainWindow, session: FakeSession, reports: Path
) -> None:
    session.notes = {3: Annotation(Mark.ACCEPTED)}
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    seen: list[object] = []
    while (widget := QApplication.focusWidget()) not in seen:
        seen.append(widget)
        focused = widget.grab().toImage()
        qtbot.keyClick(widget, KEY.Key_Tab)
        assert widget.grab().toImage() != focused, f"{widget.accessibleName()} does not show its focus"
    choice = dialog.choice.button("all")
    sheet = dialog.spreadsheet
    assert seen == [dialog.path, dialog.browse, dialog.cancel, dialog.export, choice, sheet, dialog.table]


def test_no_text_of_the_dialog_is_wider_than_the_smallest_window(
    qtbot: QtBot, window: MainWindow, reports: Path
) -> None:
    window.resize(1120, 640)
    ask(qtbot, window, "river")
    dialog = open_dialog(qtbot, window)
    assert dialog.width() < window.width()
    assert dialog.height() < window.height()
    assert dialog.minimumSizeHint().width() <= dialog.width()
    assert dialog.minimumSizeHint().height() <= dialog.height()


def test_the_table_keeps_qts_rules(qtmodeltester: ModelTester) -> None:
    model = TableModel()
    qtmodeltester.check(model)
    model.show_rows(("a", "b"), [("cell", "cell")] * 3)
    qtmodeltester.check(model)
