"""``make screens``: every screen of the window in both themes, drawn from the real program over the demo collection.

Run as ``python -m tests.e2e.screens FOLDER [SCALE …]``. Data of the run (demo, index, settings) are kept in
``FAAMI_DATA_DIR``. Each scale (1.5, 2) draws a few key screens anew as on a screen of that device pixel ratio.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app.application import prepare
from app.dialogs.crash_log_dialog import CrashLogDialog
from app.dialogs.shortcuts_dialog import ShortcutsDialog
from app.main_window import MainWindow
from app.models.result_list_model import Role
from app.settings import Settings
from faami_core.config import user_data_dir
from faami_core.queries import PixelBox
from faami_core.session import Session

_SIZE = (1440, 900)
_SMALL = (1280, 720)
_QUERY = "storage tanks beside a river"
_LONGEST_SECONDS = 300
SCALE = "QT_SCALE_FACTOR"  # Qt reads it when the application starts

CRASH = """--- 2026-03-02T09:31:00+00:00 faami-explorer 0.1.0: exception
Traceback (most recent call last):
  File "app/widgets/result_delegate.py", line 61, in paint
    self._paint_numbers(painter, index, image)
ZeroDivisionError: division by zero
"""


class Photographer:
    """Brings the window from screen to screen and writes a picture of each in both themes."""

    def __init__(self, folder: Path, *, afresh: bool) -> None:
        self.folder = folder
        self.data = user_data_dir()
        self.data.mkdir(parents=True, exist_ok=True)
        if afresh:
            shutil.rmtree(self.data / "collections", ignore_errors=True)  # so that indexing is seen, too
        (self.data / "window.ini").unlink(missing_ok=True)
        (self.data / "crash.log").write_text(CRASH, encoding="utf-8")
        self.window = MainWindow(Session(), Settings(self.data), self.data / "crash.log")
        self.window.resize(*_SIZE)
        self.window.show()

    def take_all(self) -> None:
        """All screens in the order in which an analyst meets them."""
        self._take(self._walk(), "")

    def take_scaled(self) -> None:
        """Those with the finest lines and the least room, named by the scale of the screen."""
        self._take(self._scaled_walk(), f"@{self.window.devicePixelRatioF():g}x")

    def _take(self, walk: Iterator[tuple[str, QWidget | None]], tail: str) -> None:
        for name, part in walk:
            for theme in ("light", "dark"):
                self.window.set_theme(theme)
                self.settle()
                path = self.folder / f"{name}-{theme}{tail}.png"
                (part or self.window).grab().save(str(path))
                print(path)
        self.window.close()

    def _walk(self) -> Iterator[tuple[str, QWidget | None]]:
        yield from self._first_start()
        yield from self._results()
        yield from self._composed()
        yield from self._triage()
        yield from self._refined()
        yield from self._overlays()
        yield from self._troubles()
        yield from self._several()

    def _scaled_walk(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        window.actions_by_name["open_demo"].trigger()
        self.until(lambda: window.workspace.collection is not None)
        self.ask(_QUERY)
        window.view.select_word(1)
        yield "05-word-lit", None
        window.resize(*_SMALL)
        yield "08-small-window", None
        yield from self._overlays()

    def _first_start(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        yield "01-welcome", None
        window.actions_by_name["open_demo"].trigger()
        self.until(lambda: window.pane.activity.isVisible() and "left" in window.pane.activity.figures.text())
        yield "02-indexing", None
        self.until(lambda: window.workspace.collection is not None)
        window.load_model()
        yield "03-browse", None

    def _results(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        self.ask(_QUERY)
        yield "04-results", None
        window.view.select_word(1)
        yield "05-word-lit", None
        window.view.set_scale("coarse")
        window.view.set_kind("attention")
        yield "06-raw-attention-coarse", None
        window.view.set_scale("both")
        window.view.set_kind("evidence")
        window.view.select_word(None)
        window.pane.histogram.keep(14)
        window.pane.histogram.setFocus()
        yield "07-cut-by-score", None
        window.resize(*_SMALL)
        yield "08-small-window", None
        window.resize(*_SIZE)
        self.ask("a heliport beside quxxol")
        yield "09-unknown-word", None
        self.ask_image(window.model.path(0))
        yield "10-image-query", None

    def _composed(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        self.ask(_QUERY)
        self.ask(f"2:storage tanks + {window.model.path(0)} - trees")
        box = PixelBox(40, 40, 120, 120)
        self._submit(lambda: window.queries.add_region(window.model.path(0), box))
        window.pane.query.terms.chip(2).setFocus()
        self._submit(lambda: QTest.keyClick(window.pane.query.terms.chip(2), Qt.Key.Key_M))
        yield "10a-chips", None
        window.pane.query.focus()
        QTest.keyClicks(window.pane.query.text, "stor")
        yield "10b-suggestions", None
        QTest.keyClicks(window.pane.query.text, "age tanks - ")
        QTest.keyClick(window.pane.query.text, Qt.Key.Key_Return)
        yield "10c-line-error", None
        window.actions_by_name["save_query"].trigger()
        window.actions_by_name["query_history"].trigger()
        yield "10d-queries", None
        window.query_list.leave()
        window.pane.notice.hide()

    def _triage(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        self.ask(_QUERY)
        window.grid.setFocus()
        window.grid.choose(0)
        for key in "aaarar":
            QTest.keyClicks(window.grid, key)
        for row, tag in ((0, "check on site"), (1, "full"), (2, "check on site")):
            window.grid.choose(row)
            window.triage.toggle_tag(tag)
        window.grid.choose(4)
        for _ in range(3):
            QTest.keyClick(window.grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
        yield "11-triage", None
        window.actions_by_name["tag"].trigger()
        QTest.keyClicks(window.tag_list.text, "c")
        yield "12-tags", None
        window.tag_list.leave()
        menu = next(menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == "&Edit")
        menu.popup(window.mapToGlobal(QPoint(56, 24)))
        yield "13-edit-menu", menu
        menu.close()

    def _refined(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        self.ask(_QUERY)
        window.grid.choose(1)
        QTest.keyClicks(window.grid, "++-")
        self._submit(window.feedback.rerank)
        yield "13a-feedback", None
        window.feedback.reset()
        window.views.duplicates.toggle("near")
        self.until(lambda: window.views.duplicates.is_settled)
        rows = (row for row in range(window.model.rowCount()) if window.model.index(row).data(Role.STACK))
        window.grid.choose(next(rows))
        QTest.keyClick(window.grid, Qt.Key.Key_Return)
        yield "13b-duplicates", None
        window.views.duplicates.toggle("near")
        window.grid.choose(0)
        window.actions_by_name["two_queries"].trigger()
        QTest.keyClicks(window.inspector.pair.text, "baseball field")
        QTest.keyClick(window.inspector.pair.text, Qt.Key.Key_Return)
        self.until(lambda: window.views.pair.is_settled)
        yield "13c-two-queries", None
        window.inspector.turn_to("evidence")

    def _overlays(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        window.actions_by_name["palette"].trigger()
        yield "14-palette", None
        QTest.keyClicks(window.palette_list.text, "ce")
        yield "15-palette-filtered", None
        QTest.keyClicks(window.palette_list.text, "qqq")
        yield "16-palette-nothing", None
        window.palette_list.leave()
        window.actions_by_name["shortcuts"].trigger()
        sheet = window.findChild(ShortcutsDialog)
        yield "17-shortcuts", sheet
        sheet.close()

    def _troubles(self) -> Iterator[tuple[str, QWidget | None]]:
        window = self.window
        window.collections.open(Path("/volumes/survey-2025/tiles"))
        self.until(window.pane.notice.isVisible)
        yield "18-missing-folder", None
        window.pane.notice.hide()
        window.offer_crash_log(len(CRASH))
        yield "19-crash-offered", None
        window.actions_by_name["crash_log"].trigger()
        dialog = window.findChild(CrashLogDialog)
        yield "20-crash-log", dialog
        dialog.close()
        folder = self.data / "survey"
        shutil.rmtree(folder, ignore_errors=True)  # images came to it in an earlier run
        folder.mkdir()
        for number, image in enumerate(sorted((self.data / "demo").glob("*.jpg"))[:14]):
            whole = image.read_bytes()
            (folder / image.name).write_bytes(whole if number % 4 else whole[: len(whole) // 3])
        window.pane.query.clear()
        window.collections.open(folder)
        self.until(lambda: window.workspace.root == folder.resolve())
        yield "21-unreadable-files", None
        empty = self.data / "nothing-here"
        empty.mkdir(exist_ok=True)
        window.collections.open(empty)
        self.until(lambda: window.workspace.root == empty.resolve())
        yield "22-empty-collection", None

    def _several(self) -> Iterator[tuple[str, QWidget | None]]:
        window, folder = self.window, self.data / "survey"
        window.collections.open(folder)
        self.until(lambda: window.workspace.root == folder.resolve())
        window.further.tick(self.data / "demo", True)
        self.until(lambda: bool(window.workspace.further))
        self.ask(_QUERY)
        yield "23-several-collections", None
        for image in sorted((self.data / "demo").glob("*.jpg"))[20:32]:
            shutil.copy(image, folder)
        window.rescan.look()
        self.until(lambda: "changed" in window.pane.notice.message.text())
        yield "24-folder-changed", None

    # --- acting and waiting --------------------------------------------------------------------------------

    def ask(self, text: str) -> None:
        self.window.pane.query.show_query(text)
        self._submit(self.window.pane.query.search_button.click)

    def ask_image(self, path: Path) -> None:
        self.window.pane.query.show_query("")
        self._submit(lambda: self.window.pane.query.ask_image(path))

    def _submit(self, submit: Callable[[], None]) -> None:
        answers: list[object] = []
        self.window.search.shown.connect(answers.append)
        submit()
        self.until(lambda: bool(answers))
        self.window.search.shown.disconnect(answers.append)

    def settle(self) -> None:
        """Waits until thumbnails, heatmap and layout are there."""
        QTest.qWait(60)
        self.until(lambda: self.window.thumbnails.is_idle and self.window.evidence.is_settled)
        QTest.qWait(60)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("a screen did not come up in time")
            QTest.qWait(20)


def main(folder: Path, scales: Sequence[str]) -> None:
    """Writes all screens into a folder, then the key screens at every scale, each in a process of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder.mkdir(parents=True, exist_ok=True)
    prepare(QApplication(sys.argv[:1]))
    if SCALE in os.environ:
        Photographer(folder, afresh=False).take_scaled()
        return
    for old in folder.glob("*.png"):
        old.unlink()
    Photographer(folder, afresh=True).take_all()
    for scale in scales:
        command = [sys.executable, "-m", "tests.e2e.screens", str(folder)]
        subprocess.run(command, env=os.environ | {SCALE: scale}, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
