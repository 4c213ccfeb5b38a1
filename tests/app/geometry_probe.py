"""Measures the window on a screen of its own; run as a program, because Qt reads screen and scale when it starts.

``python -m tests.app.geometry_probe FOLDER MAXIMISED`` prints JSON: what ``measured`` returns.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QSlider,
    QWidget,
)

from app.main_window import MainWindow
from app.settings import Settings
from app.theme import apply_theme
from app.widgets.controls import ElidedLabel
from app.widgets.inspector import TABS
from app.widgets.word_chip import WordChip
from tests.app.fakes import FakeSession

QUERY = "2:storage tanks beside a river + bridges over water - trees"
_KINDS = (QAbstractButton, QComboBox, QLabel, QLineEdit, QSlider)


def wait(condition: Callable[[], object]) -> None:
    for _ in range(2000):
        if condition():
            return
        QTest.qWait(10)
    raise TimeoutError


def cut_controls(window: QWidget) -> list[str]:
    """Controls in sight that are smaller than they need to be, or reach out of what they lie in."""
    cut = []
    for kind in _KINDS:
        for widget in window.findChildren(kind):
            if not widget.isVisible() or isinstance(widget, (ElidedLabel, WordChip)) or _scrolls(widget, window):
                continue
            wraps = isinstance(widget, QLabel) and widget.wordWrap()
            need = widget.minimumSizeHint()
            height = widget.heightForWidth(widget.width()) if wraps else need.height()
            is_small = widget.height() < height or (not wraps and widget.width() < need.width())
            inside = window.rect().contains(QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size()))
            if is_small or not inside or widget.visibleRegion().boundingRect() != widget.rect():
                name = widget.accessibleName() or getattr(widget, "text", str)()
                cut.append(f"{type(widget).__name__} “{name}” {widget.size().toTuple()} needs {need.toTuple()}")
    return cut


def _scrolls(widget: QWidget, window: QWidget) -> bool:
    """What lies in a list that scrolls comes into sight by scrolling."""
    around = widget.parentWidget()
    while around is not None and around is not window:
        if isinstance(around, QAbstractScrollArea):
            return True
        around = around.parentWidget()
    return False


def hidden_choices(box: QComboBox) -> int:
    """How many entries of an open list are not whole in sight."""
    box.showPopup()
    QTest.qWait(50)
    view, popup = box.view(), box.view().window()
    model, screen = box.model(), box.screen().availableGeometry()
    rects = [view.visualRect(model.index(row, 0)) for row in range(box.count())]
    hidden = sum(not view.viewport().rect().contains(rect) for rect in rects)
    hidden += 0 if screen.contains(popup.geometry()) else box.count()
    box.hidePopup()
    return hidden


def measured(window: MainWindow) -> dict[str, object]:
    """Geometry of the window after a search, in logical pixels."""
    free, grid = window.screen().availableGeometry(), window.grid
    cut: dict[str, list[str]] = {}
    for tab in TABS:
        window.inspector.turn_to(tab)
        QTest.qWait(50)
        if found := cut_controls(window):
            cut[tab] = found
    window.inspector.turn_to("evidence")
    QTest.qWait(50)
    return {
        "fits": free.adjusted(0, 0, 1, 1).contains(window.frameGeometry()),  # a fraction of a pixel is rounded up
        "screen": free.size().toTuple(),
        "smallest": window.minimumSize().toTuple(),
        "rows": grid.viewport().height() // grid.gridSize().height(),
        "side": window.side.isVisible(),
        "inspector": window.inspector.isVisible(),
        "image": window.inspector.image.size().toTuple(),
        "cut": cut,
        "hidden_choices": sum(map(hidden_choices, window.findChildren(QComboBox))),
    }


def main(folder: Path, *, maximised: bool) -> None:
    app = QApplication(sys.argv[:1])
    apply_theme(app, "dark")
    (folder / "scenes").mkdir()
    window = MainWindow(FakeSession(folder / "data"), Settings(folder / "settings"), folder / "crash.log")
    if maximised:
        window.setWindowState(Qt.WindowState.WindowMaximized)
    window.show()
    window.collections.open(folder / "scenes")
    wait(lambda: window.workspace.collection is not None)
    window.pane.query.show_query(QUERY)
    window.pane.query.search_button.click()
    wait(lambda: window.workspace.result is not None and window.evidence.is_settled)
    QTest.qWait(150)
    print(json.dumps(measured(window)))
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), maximised=sys.argv[2] == "maximised")
