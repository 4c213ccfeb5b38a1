"""``make screens``: every screen of the window in both themes, drawn from the real program over the demo collection.

Run as ``python -m tests.e2e.screens FOLDER [SCALE …]``. Data of the run are kept in ``FAAMI_DATA_DIR``, so that the
demo is made and indexed once. Each scale (1.5, 2) draws a few key screens anew as on a screen of that device pixel
ratio. A new screen is a ``yield`` in one of the walks, or a walk of its own in ``_WALKS``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app.application import prepare
from app.dialogs.crash_log_dialog import CrashLogDialog
from app.dialogs.export_dialog import ExportDialog
from app.dialogs.shortcuts_dialog import ShortcutsDialog
from app.models.result_list_model import Role
from faami_core.config import user_data_dir
from faami_core.queries import Annotation, PixelBox
from tests.e2e.driver import Driver

_SIZE = (1440, 900)
_SMALL = (1280, 720)
_QUERY = "storage tanks beside a river"
SCALE = "QT_SCALE_FACTOR"  # Qt reads it when the application starts

Screens = Iterator[tuple[str, QWidget | None]]  # name, and the part of the window that is drawn; None is all of it


CRASH = """--- 2026-03-02T09:31:00+00:00 faami-explorer 0.1.0: exception
Traceback (most recent call last):
  File "app/widgets/result_delegate.py", line 61, in paint
    self._paint_numbers(painter, index, image)
ZeroDivisionError: division by zero
"""


class Photographer:
    """Writes a picture of each screen in both themes.

    Args:
        folder: Where the pictures go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, driver: Driver, *walks: Callable[[Driver], Screens]) -> None:
        """Draws what the walks come by, then closes the window; at other scales the names tell which."""
        ratio = driver.window.devicePixelRatioF()
        tail = "" if ratio == 1 else f"@{ratio:g}x"
        for walk in walks:
            for name, part in walk(driver):
                for theme in ("light", "dark"):
                    driver.window.set_theme(theme)
                    driver.settle()
                    path = self._folder / f"{name}-{theme}{tail}.png"
                    (part or driver.window).grab().save(str(path))
                    print(path, flush=True)
        driver.close()


def _first_start(driver: Driver) -> Screens:
    """Nothing is known yet; the index of the demo is not finished here, that would take minutes at every run."""
    window = driver.window
    yield "01-welcome", None
    window.actions_by_name["open_demo"].trigger()
    driver.until(lambda: window.pane.activity.isVisible() and "left" in window.pane.activity.figures.text())
    yield "02-indexing", None
    window.indexing.cancel()
    driver.until(lambda: not window.indexing.is_running)


def _browse(driver: Driver) -> Screens:
    driver.open_demo()
    _forget_marks(driver)
    yield "03-browse", None


def _forget_marks(driver: Driver) -> None:
    """Marks and tags of an earlier run would be in the pictures, and a tag given twice is taken off."""
    window, session, root = driver.window, driver.window.workspace.session, driver.data.resolve() / "demo"
    session.annotate(root, dict.fromkeys(session.annotations(root), Annotation()))
    window.triage.take_collections()
    driver.until(lambda: window.runner.running == 0)


def _results(driver: Driver) -> Screens:
    window = driver.window
    driver.ask(_QUERY)
    yield "04-results", None
    window.view.select_word(1)
    yield "05-word-lit", None
    window.view.set_scale("fine")
    yield "05a-fine-scale", None
    window.view.set_scale("coarse")
    yield "05b-coarse-scale", None
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
    driver.ask("a heliport beside quxxol")
    yield "09-unknown-word", None
    window.pane.arrange.filter.setCurrentText("With “quxxol”")
    window.pane.arrange.chosen.emit()
    yield "09a-empty-result", None
    driver.ask_image(window.workspace.images[0].path)
    yield "10-image-query", None


def _composed(driver: Driver) -> Screens:
    window = driver.window
    driver.ask(_QUERY)
    driver.ask(f"2:storage tanks + {window.model.path(0)} - trees")
    box = PixelBox(40, 40, 120, 120)
    driver.submit(lambda: window.queries.add_region(window.model.path(0), box))
    window.pane.query.terms.chip(2).setFocus()
    driver.submit(lambda: QTest.keyClick(window.pane.query.terms.chip(2), Qt.Key.Key_M))
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
    window.pane.notice.withdraw()


def _explained(driver: Driver) -> Screens:
    """The panels of the inspector: why A is above B, the word mixer, the trust check."""
    window = driver.window
    driver.ask(_QUERY)
    window.grid.choose(1)
    window.inspector.turn_to("compare")
    yield "10e-why-above", None
    window.inspector.turn_to("mix")
    for word, percent in ((0, 60), (4, 220)):
        window.inspector.mixer.slider(word).setValue(percent)
    yield "10f-word-mixer", None
    window.inspector.mixer.reset.click()
    window.inspector.turn_to("trust")
    window.inspector.trust.run.click()
    driver.until(lambda: window.runner.running == 0)
    yield "10g-trust-check", None
    window.inspector.turn_to("evidence")


def _triage(driver: Driver) -> Screens:
    window = driver.window
    driver.ask(_QUERY)
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
    window.resize(*_SMALL)
    yield "11a-triage-small-window", None
    window.resize(*_SIZE)
    window.actions_by_name["tag"].trigger()
    QTest.keyClicks(window.tag_list.text, "c")
    yield "12-tags", None
    window.tag_list.leave()
    menu = next(menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == "&Edit")
    menu.popup(window.mapToGlobal(QPoint(56, 24)))
    yield "13-edit-menu", menu
    menu.close()


def _filtered(driver: Driver) -> Screens:
    """Filters beside a query, and none that pass."""
    window = driver.window
    driver.ask(_QUERY)
    name = window.filter_panel.fields["name"]
    driver.submit(lambda: QTest.keyClicks(name, "tank"))
    yield "13d-filters", None
    driver.submit(lambda: QTest.keyClicks(name, "qq"))
    yield "13e-none-pass", None
    driver.submit(window.actions_by_name["clear_filters"].trigger)


def _refined(driver: Driver) -> Screens:
    """Thumbs that moved the query, look-alikes unfolded, a second query on the same image."""
    window = driver.window
    driver.ask(_QUERY)
    window.grid.choose(1)
    QTest.keyClicks(window.grid, "++-")
    driver.submit(window.feedback.rerank)
    yield "13f-feedback", None
    window.feedback.reset()
    duplicates = window.views.duplicates
    duplicates.toggle("near")
    driver.until(lambda: duplicates.is_settled)
    rows = (row for row in range(window.model.rowCount()) if window.model.index(row).data(Role.STACK))
    window.grid.choose(next(rows))
    QTest.keyClick(window.grid, Qt.Key.Key_Return)
    yield "13g-duplicates", None
    duplicates.toggle("near")
    window.grid.choose(0)
    window.actions_by_name["two_queries"].trigger()
    QTest.keyClicks(window.inspector.pair.text, "baseball field")
    QTest.keyClick(window.inspector.pair.text, Qt.Key.Key_Return)
    driver.until(lambda: window.views.pair.is_settled)
    yield "13h-two-queries", None
    window.inspector.turn_to("evidence")


def _export(driver: Driver) -> Screens:
    window, folder = driver.window, driver.data / "reports"
    shutil.rmtree(folder, ignore_errors=True)  # an earlier run wrote there
    folder.mkdir()
    window.settings.set_export_folder(folder)
    written: list[Path] = []
    window.export.written.connect(written.append)
    window.pane.histogram.keep(124)
    dialog = _export_dialog(driver)
    yield "13i-export", dialog
    dialog.choice.button("accepted").click()
    driver.until(lambda: window.runner.running == 0)
    yield "13j-export-accepted", dialog
    dialog.choice.button("all").click()
    dialog.export.click()
    driver.until(lambda: bool(written))
    yield "13a-exported", None
    window.resize(*_SMALL)
    dialog = _export_dialog(driver)
    yield "13k-export-small-window-replaces", dialog
    dialog.path.setText(str(folder / "march" / "tanks.csv"))
    driver.until(lambda: window.runner.running == 0)
    yield "13l-export-no-folder", dialog
    dialog.reject()
    window.resize(*_SIZE)
    window.pane.notice.withdraw()
    window.pane.query.clear()
    driver.submit(lambda: window.reopen.open(written[0]))
    yield "13b-opened-again", None


def _export_dialog(driver: Driver) -> ExportDialog:
    driver.window.actions_by_name["export_csv"].trigger()
    driver.until(lambda: driver.window.runner.running == 0)
    return driver.window.findChild(ExportDialog)


def _overlays(driver: Driver) -> Screens:
    window = driver.window
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


def _troubles(driver: Driver) -> Screens:
    window = driver.window
    window.collections.open(Path("/volumes/survey-2025/tiles"))
    driver.until(window.pane.notice.isVisible)
    yield "18-missing-folder", None
    window.pane.notice.withdraw()
    window.offer_crash_log(len(CRASH))
    yield "19-crash-offered", None
    window.actions_by_name["crash_log"].trigger()
    dialog = window.findChild(CrashLogDialog)
    yield "20-crash-log", dialog
    dialog.close()
    folder = driver.data / "survey"
    shutil.rmtree(folder, ignore_errors=True)  # images came to it in an earlier run
    folder.mkdir()
    for number, image in enumerate(sorted((driver.data / "demo").glob("*.jpg"))[:14]):
        whole = image.read_bytes()
        (folder / image.name).write_bytes(whole if number % 4 else whole[: len(whole) // 3])
    window.pane.query.clear()
    driver.open(folder)
    window.collections.retry_unreadable()  # as the files are new to nobody at the second run
    driver.until(lambda: window.runner.running == 0)
    yield "21-unreadable-files", None
    empty = driver.data / "nothing-here"
    empty.mkdir(exist_ok=True)
    driver.open(empty)
    yield "22-empty-collection", None


def _several(driver: Driver) -> Screens:
    """Two collections asked as one; a folder that changed meanwhile."""
    window, folder = driver.window, driver.data / "survey"
    driver.open(folder)
    window.further.tick(driver.data / "demo", True)
    driver.until(lambda: bool(window.workspace.further))
    driver.ask(_QUERY)
    yield "23-several-collections", None
    for image in sorted((driver.data / "demo").glob("*.jpg"))[20:32]:
        shutil.copy(image, folder)
    window.rescan.look()
    driver.until(lambda: "changed" in window.pane.notice.message.text())
    yield "24-folder-changed", None


def _key_screens(driver: Driver) -> Screens:
    """Those with the finest lines and the least room."""
    driver.open_demo()
    driver.ask(_QUERY)
    driver.window.view.select_word(1)
    yield "05-word-lit", None
    driver.window.resize(*_SMALL)
    yield "08-small-window", None
    yield from _overlays(driver)


_WALKS = (
    _browse,
    _results,
    _composed,
    _explained,
    _triage,
    _filtered,
    _refined,
    _export,
    _overlays,
    _troubles,
    _several,
)


def main(folder: Path, scales: Sequence[str]) -> None:
    """Writes all screens into a folder, then the key screens at every scale, each in a process of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    folder.mkdir(parents=True, exist_ok=True)
    prepare(QApplication(sys.argv[:1]))
    photographer, data = Photographer(folder), user_data_dir()
    data.mkdir(parents=True, exist_ok=True)
    (data / "crash.log").write_text(CRASH, encoding="utf-8")
    if SCALE in os.environ:
        photographer.take(Driver(data, _SIZE), _key_screens)
        return
    for old in folder.glob("*.png"):
        old.unlink()
    fresh = data / "first-start"
    shutil.rmtree(fresh / "collections", ignore_errors=True)
    photographer.take(Driver(fresh, _SIZE), _first_start)
    photographer.take(Driver(data, _SIZE), *_WALKS)
    for scale in scales:
        command = [sys.executable, "-m", "tests.e2e.screens", str(folder)]
        subprocess.run(command, env=os.environ | {SCALE: scale}, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
