"""What is done with images, whether from the menu, by a key, or by a click on their cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu

from app.colormap import to_image
from app.models.file_transfer import as_files, url_of
from app.widgets.notice_bar import Topic
from app.workers.task import Lane
from faami_core.errors import FaamiError
from faami_core.queries import ImageTerm

if TYPE_CHECKING:
    from app.main_window import MainWindow

_TOLD_MS = 4000
_MOST_OPENED = 10  # programs and folders at once; more is a slip of the hand
_MOST_ASKED = 16  # images in one query
_COPIED_SIDE = 4096  # longest side of an image in the clipboard

# What a click with the right button offers, "" for a line between.
CELL_MENU = (
    "open_image", "reveal", "", "copy_path", "copy_image", "", "more_like_this", "thumb_up", "thumb_down", "",
    "accept", "reject", "unmark", "tag", "", "unfold", "select_all",
)  # fmt: skip


def chosen_paths(window: MainWindow) -> list[Path]:
    """The selected images from top to bottom; the one in the inspector where none is selected."""
    rows = window.grid.selected_rows()
    if rows:
        return [window.model.path(row) for row in rows]
    return [window.evidence.item.path] if window.evidence.item is not None else []


def open_images(window: MainWindow) -> None:
    """Opens the selected images in the program that the system has for them."""
    paths = chosen_paths(window)
    for path in paths[:_MOST_OPENED]:
        if not QDesktopServices.openUrl(url_of(path)):
            window.pane.notice.show_notice(
                "error",
                f"{path.name} could not be opened.",
                "Check that the file is there and that a program is set for images.",
                topic=Topic.OPEN_FILE,
            )
            return
    window.pane.notice.dismiss(Topic.OPEN_FILE)
    if len(paths) > _MOST_OPENED:
        window.status.showMessage(f"The first {_MOST_OPENED} of {len(paths):,} images were opened.", _TOLD_MS)


def open_row(window: MainWindow, row: int) -> None:
    """Opens the image that was clicked twice."""
    window.grid.choose(row)
    open_images(window)


def copy_paths(window: MainWindow) -> None:
    """Copies where the selected images lie, as text and as files."""
    _copy(window, chosen_paths(window))


def copy_inspected_path(window: MainWindow) -> None:
    """Copies where the image in the inspector lies, whatever else is selected."""
    if window.evidence.item is not None:
        _copy(window, [window.evidence.item.path])


def copy_image(window: MainWindow) -> None:
    """Copies the pixels of the image in the inspector; they are read in the background."""
    item, session = window.evidence.item, window.workspace.session
    if item is None:
        return
    path = item.path
    task = window.runner.submit(
        Lane.DECODE, lambda _token, _progress: session.read_image(path, max_side=_COPIED_SIDE)
    )

    def take(pixels: object) -> None:
        QGuiApplication.clipboard().setImage(to_image(pixels))  # type: ignore[arg-type]
        window.pane.notice.dismiss(Topic.OPEN_FILE)
        window.status.showMessage(f"{path.name} is in the clipboard.", _TOLD_MS)

    def refuse(error: FaamiError) -> None:
        window.pane.notice.show_notice("error", error.message, error.next_step, topic=Topic.OPEN_FILE)

    task.succeeded.connect(take)
    task.failed.connect(refuse)


def reveal_images(window: MainWindow) -> None:
    """Opens the folders of the selected images, each once."""
    folders = list(dict.fromkeys(path.parent for path in chosen_paths(window)))
    for folder in folders[:_MOST_OPENED]:
        QDesktopServices.openUrl(url_of(folder))
    if len(folders) > _MOST_OPENED:
        window.status.showMessage(f"The first {_MOST_OPENED} of {len(folders):,} folders were opened.", _TOLD_MS)


def reveal(path: Path) -> None:
    """Opens the folder of a file in the file manager."""
    QDesktopServices.openUrl(url_of(path.parent))


def search_like_these(window: MainWindow) -> None:
    """Asks with the selected images alone."""
    paths = chosen_paths(window)
    if paths:
        window.queries.ask_terms(ImageTerm(path) for path in paths[:_MOST_ASKED])
    if len(paths) > _MOST_ASKED:
        window.status.showMessage(f"The query has the first {_MOST_ASKED} of {len(paths):,} images.", _TOLD_MS)


def show_cell_menu(window: MainWindow, spot: QPoint) -> QMenu:
    """Opens the menu of the selected images at a spot of the screen."""
    menu = QMenu(window)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for name in CELL_MENU:
        if name:
            menu.addAction(window.actions_by_name[name])
        else:
            menu.addSeparator()
    menu.popup(spot)
    return menu


def _copy(window: MainWindow, paths: list[Path]) -> None:
    if paths:
        QGuiApplication.clipboard().setMimeData(as_files(paths))
        told = "The path is" if len(paths) == 1 else f"{len(paths):,} paths are"
        window.status.showMessage(f"{told} in the clipboard, as text and as files.", _TOLD_MS)
