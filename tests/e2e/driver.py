"""The real window, driven as by hand: opens, asks, waits for what the window tells, however slow the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from app.main_window import MainWindow
from app.settings import Settings
from faami_core.session import Session

_STANDSTILL_SECONDS = 900  # bringing in torch alone takes minutes on a machine that others keep busy
_POLL_MS = 20
_PAINT_MS = 60


def wait(milliseconds: int) -> None:
    """Lets the event loop run. ``QTest.qWait`` would keep the lock of Python meanwhile, and no worker would move."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Driver:
    """A window over a data folder; the settings of the last run are forgotten, demo and indexes are kept.

    Args:
        data: Data folder.
        size: Of the window.
    """

    def __init__(self, data: Path, size: tuple[int, int]) -> None:
        data.mkdir(parents=True, exist_ok=True)
        (data / "window.ini").unlink(missing_ok=True)
        self.data = data
        self.window = MainWindow(Session(data_dir=data), Settings(data), data / "crash.log")
        self._moved_at = time.monotonic()
        self.window.runner.moved.connect(self._note_move)
        self.window.resize(*size)
        self.window.show()

    def open_demo(self) -> None:
        """The demo collection, made and indexed if this is the first run, and the model."""
        self.window.actions_by_name["open_demo"].trigger()
        self.until(lambda: self.window.workspace.collection is not None)
        self.window.load_model()
        self.until(lambda: self.window.workspace.model is not None)

    def open(self, folder: Path) -> None:
        """A folder, indexed first if needed."""
        self.window.collections.open(folder)
        self.until(lambda: self.window.workspace.root == folder.resolve())

    def ask(self, text: str) -> None:
        """Types a query and waits for the answer."""
        self.window.pane.query.show_query(text)
        self.submit(self.window.pane.query.search_button.click)

    def ask_image(self, path: Path) -> None:
        """Asks with an image alone."""
        self.window.pane.query.show_query("")
        self.submit(lambda: self.window.pane.query.ask_image(path))

    def submit(self, submit: Callable[[], object]) -> None:
        """Does what starts a search, and waits for the answer."""
        answers: list[object] = []
        self.window.search.shown.connect(answers.append)
        submit()
        self.until(lambda: bool(answers))
        self.window.search.shown.disconnect(answers.append)

    def settle(self) -> None:
        """Waits until thumbnails, images with their heatmaps, and layout are there."""
        views = self.window.views
        wait(_PAINT_MS)  # painting asks for thumbnails
        self.until(lambda: self.window.thumbnails.is_idle and views.evidence.is_settled and views.compare.is_settled)
        wait(_PAINT_MS)

    def until(self, condition: Callable[[], bool]) -> None:
        """Lets the window work until a condition holds.

        Raises:
            TimeoutError: if no task of the window reported anything for a quarter of an hour.
        """
        self._note_move()
        while not condition():
            if time.monotonic() - self._moved_at > _STANDSTILL_SECONDS:
                raise TimeoutError("The window stands still, and what is waited for has not come.")
            wait(_POLL_MS)

    def close(self) -> None:
        self.window.close()
        self.window.deleteLater()
        wait(_PAINT_MS)

    def _note_move(self) -> None:
        self._moved_at = time.monotonic()
