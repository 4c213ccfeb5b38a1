"""What can be done with the cells of the grid: copy, drag, open, and the menu of the right button and of the key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QUrl, Slot
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.file_transfer import as_files
from app.widgets.drops import image_path_of
from faami_core.errors import UnreadableImageError
from faami_core.queries import ImageTerm
from tests.app.events import CONTROL, activate, click, hold
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask


class Opener(QObject):
    """Stands in for the programs of the desktop."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Path] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(Path(url.toLocalFile()))


@pytest.fixture
def opener() -> Iterator[Opener]:
    opener = Opener()
    QDesktopServices.setUrlHandler("file", opener, "open")
    yield opener
    QDesktopServices.unsetUrlHandler("file")


@pytest.fixture
def asked(qtbot: QtBot, window: MainWindow) -> MainWindow:
    activate(qtbot, window)
    ask(qtbot, window, "tanks river")
    window.grid.setFocus()
    return window


def centre(window: MainWindow, row: int) -> QPoint:
    return window.grid.visualRect(window.model.index(row)).center()


def select_four(window: MainWindow) -> list[Path]:
    window.grid.choose(0)
    for row in (1, 2, 4):
        click(window.grid.viewport(), centre(window, row), CONTROL)
    return [window.model.path(row) for row in (0, 1, 2, 4)]


# --- copying --------------------------------------------------------------------------------------------------


def test_all_selected_paths_are_copied_as_text_and_as_files(asked: MainWindow) -> None:
    paths = select_four(asked)
    hold(asked, "c", CONTROL)
    data = QGuiApplication.clipboard().mimeData()
    assert [Path(url.toLocalFile()) for url in data.urls()] == paths
    assert data.text().splitlines() == [str(path) for path in paths]
    assert asked.status.currentMessage().startswith("4 paths are in the clipboard")


def test_one_path_is_told_as_one(asked: MainWindow) -> None:
    hold(asked, "c", CONTROL)
    assert QGuiApplication.clipboard().text() == str(asked.model.path(0))
    assert asked.status.currentMessage().startswith("The path is in the clipboard")


def test_the_button_of_the_inspector_copies_the_path_of_its_image(qtbot: QtBot, asked: MainWindow) -> None:
    paths = select_four(asked)
    asked.inspector.copy_path_asked.emit()
    assert QGuiApplication.clipboard().text() == str(paths[-1])


def test_names_that_are_no_text_survive_as_files(tmp_path: Path) -> None:
    for name in (b"caf\xe9.jpg", "größe 100%#1.jpg".encode(), b"two\nlines.jpg"):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(b"")
        data = as_files([path])
        assert image_path_of(data) == path, "a drop on the window reads what a drag out of it wrote"
        assert bytes(data.urls()[0].toEncoded().data()) == path.as_uri().encode()
        assert data.text().startswith(str(tmp_path))


def test_an_image_is_copied_as_pixels(qtbot: QtBot, asked: MainWindow) -> None:
    asked.actions_by_name["copy_image"].trigger()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().mimeData().hasImage())
    assert QGuiApplication.clipboard().image().width() == 224


def test_an_image_that_cannot_be_read_is_told_and_not_copied(
    qtbot: QtBot, asked: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: Path, *, max_side: int | None = None) -> None:
        raise UnreadableImageError(f"{path.name} is not there.", "Connect the drive.")

    monkeypatch.setattr(session, "read_image", gone)
    asked.actions_by_name["copy_image"].trigger()
    qtbot.waitUntil(lambda: "is not there" in asked.pane.notice.message.text())


# --- dragging -------------------------------------------------------------------------------------------------


def test_cells_are_dragged_out_as_files_and_only_copied(asked: MainWindow) -> None:
    model, paths = asked.model, select_four(asked)
    assert all(model.flags(model.index(row)) & Qt.ItemFlag.ItemIsDragEnabled for row in range(3))
    assert asked.grid.dragEnabled()
    assert not asked.grid.acceptDrops() or asked.grid.dragDropMode() is asked.grid.DragDropMode.DragOnly
    data = model.mimeData(asked.grid.selectionModel().selectedIndexes())
    assert [Path(url.toLocalFile()) for url in data.urls()] == paths
    assert model.supportedDragActions() == Qt.DropAction.CopyAction
    assert set(data.formats()) <= set(model.mimeTypes())


def test_a_press_on_one_of_several_selected_cells_keeps_them_selected_for_the_drag(
    qtbot: QtBot, asked: MainWindow
) -> None:
    select_four(asked)
    qtbot.mousePress(asked.grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(asked, 1))
    assert asked.grid.selected_rows() == [0, 1, 2, 4]
    qtbot.mouseRelease(asked.grid.viewport(), Qt.MouseButton.LeftButton, pos=centre(asked, 1))
    assert asked.grid.selected_rows() == [1]


# --- opening --------------------------------------------------------------------------------------------------


def test_a_double_click_opens_the_image(asked: MainWindow, opener: Opener) -> None:
    click(asked.grid.viewport(), centre(asked, 3), double=True)
    assert opener.opened == [asked.model.path(3)]
    assert asked.grid.selected_rows() == [3]


def test_a_double_click_on_a_thumb_opens_nothing(asked: MainWindow, opener: Opener) -> None:
    cell = asked.grid.visualRect(asked.model.index(0))
    spot = next(iter(asked.grid._delegate.thumb_spots(cell).values())).center()
    click(asked.grid.viewport(), spot, double=True)
    assert opener.opened == []


def test_all_selected_images_and_their_folders_are_opened(
    asked: MainWindow, opener: Opener, session: FakeSession
) -> None:
    paths = select_four(asked)
    asked.actions_by_name["open_image"].trigger()
    assert opener.opened == paths
    opener.opened.clear()
    asked.actions_by_name["reveal"].trigger()
    assert opener.opened == [asked.workspace.root]


def test_a_slip_of_the_hand_does_not_open_everything(asked: MainWindow, opener: Opener) -> None:
    asked.grid.selectAll()
    asked.actions_by_name["open_image"].trigger()
    assert len(opener.opened) == 10
    assert asked.status.currentMessage() == "The first 10 of 24 images were opened."


def test_more_like_this_asks_with_all_selected_images(qtbot: QtBot, asked: MainWindow, session: FakeSession) -> None:
    paths = select_four(asked)
    with qtbot.waitSignal(asked.search.shown):
        hold(asked, "m")
    assert session.asked[-1].terms == tuple(ImageTerm(path) for path in paths)


POPUP = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # what offscreen says of any menu

# --- the menu -------------------------------------------------------------------------------------------------


def open_menu(qtbot: QtBot) -> QMenu:
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


@POPUP
def test_a_right_click_selects_the_cell_and_offers_what_can_be_done(qtbot: QtBot, asked: MainWindow) -> None:
    viewport = asked.grid.viewport()
    click(viewport, centre(asked, 2), button=Qt.MouseButton.RightButton)
    spot = centre(asked, 2)
    if QApplication.activePopupWidget() is None:  # some platforms tell of the menu apart from the click
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, viewport.mapToGlobal(spot))
        QApplication.sendEvent(viewport, event)
    menu = open_menu(qtbot)
    assert asked.grid.selected_rows() == [2]
    names = [action.objectName() for action in menu.actions() if not action.isSeparator()]
    assert {"open_image", "reveal", "copy_path", "copy_image", "more_like_this"} <= set(names)
    assert {"accept", "reject", "unmark", "tag", "thumb_up", "thumb_down", "unfold"} <= set(names)
    asked.actions_by_name["accept"].trigger()
    menu.close()
    assert asked.marks.of(asked.model.key(2)).mark == "accepted"


@POPUP
def test_a_right_click_on_one_of_several_selected_cells_keeps_them(qtbot: QtBot, asked: MainWindow) -> None:
    select_four(asked)
    spot, viewport = centre(asked, 1), asked.grid.viewport()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, viewport.mapToGlobal(spot))
    QApplication.sendEvent(viewport, event)
    open_menu(qtbot).close()
    assert asked.grid.selected_rows() == [0, 1, 2, 4]


@POPUP
def test_the_menu_key_opens_the_menu_at_the_current_cell(qtbot: QtBot, asked: MainWindow) -> None:
    asked.grid.choose(1)
    middle = asked.grid.viewport().rect().center()  # where a platform believes the keyboard to be
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, middle, asked.grid.viewport().mapToGlobal(middle))
    QApplication.sendEvent(asked.grid.viewport(), event)
    menu = open_menu(qtbot)
    cell = asked.grid.visualRect(asked.model.index(1))
    assert cell.contains(asked.grid.viewport().mapFromGlobal(menu.pos()))
    menu.close()


def test_beside_the_cells_there_is_no_menu(qtbot: QtBot, asked: MainWindow) -> None:
    viewport = asked.grid.viewport()
    spot = QPoint(viewport.width() - 1, viewport.height() - 1)
    asked.grid.verticalScrollBar().setValue(asked.grid.verticalScrollBar().maximum())
    assert not asked.grid.indexAt(spot).isValid()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, viewport.mapToGlobal(spot))
    QApplication.sendEvent(viewport, event)
    assert QApplication.activePopupWidget() is None
