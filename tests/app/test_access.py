"""Everybody can use it: names for screen readers, focus that is seen, text that fits and can be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.theme import DARK, LIGHT, ThemeColours, contrast_ratio, style_sheet
from tests.app.test_window_search import ask

CHECKOUT = Path(__file__).resolve().parents[2]

ROLES = {
    QAccessible.Role.Button,
    QAccessible.Role.ButtonMenu,
    QAccessible.Role.CheckBox,
    QAccessible.Role.ComboBox,
    QAccessible.Role.EditableText,
    QAccessible.Role.List,
    QAccessible.Role.ListItem,
    QAccessible.Role.MenuItem,
    QAccessible.Role.ProgressBar,
    QAccessible.Role.RadioButton,
    QAccessible.Role.Slider,
}


def accessible_tree(widget: QWidget) -> Iterator[QAccessibleInterface]:
    """All that a screen reader finds, from the window down."""
    waiting = [QAccessible.queryAccessibleInterface(widget)]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for place in range(node.childCount()) if (child := node.child(place)) is not None]


def test_every_control_that_a_screen_reader_finds_has_a_name(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    for open_list in ("palette", "tag"):
        window.actions_by_name[open_list].trigger()
        controls = [node for node in accessible_tree(window) if node.role() in ROLES and not node.state().invisible]
        assert len(controls) > 40
        nameless = [
            (node.role().name, node.object().objectName() if node.object() else "")
            for node in controls
            if not node.text(QAccessible.Text.Name)
        ]
        assert nameless == []


def test_the_focus_is_seen_on_every_control_it_reaches(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, "storage tanks")
    qtbot.waitUntil(lambda: window.thumbnails.is_idle)
    window.pane.query.text.setFocus()
    seen: list[QWidget] = []
    while (widget := QApplication.focusWidget()) not in seen:
        seen.append(widget)
        framed = widget.parentWidget() if widget is window.pane.query.text else widget
        focused = framed.grab().toImage()
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
        assert framed.grab().toImage() != focused, f"{widget.accessibleName()} does not show its focus"
    assert len(seen) > 15


RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_every_rule_of_the_style_sheet_that_sets_text_and_ground_keeps_them_apart(colours: ThemeColours) -> None:
    checked = 0
    for selector, body in RULE.findall(style_sheet(colours)):
        values = dict(part.split(":", 1) for part in body.split(";") if ":" in part)
        values = {name.strip(): value.strip() for name, value in values.items()}
        text, ground = values.get("color", ""), values.get("background", "")
        if text.startswith("#") and ground.startswith("#"):
            checked += 1
            assert contrast_ratio(text, ground) >= 4.5, selector
    assert checked > 5


MEASURE = """
import sys
from pathlib import Path
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from app.main_window import MainWindow
from app.settings import Settings
from app.theme import apply_theme
from app.widgets.controls import ElidedLabel
from app.widgets.word_chip import WordChip
from tests.app.fakes import FakeSession

def wait(condition):
    for _ in range(2000):
        if condition():
            return
        QTest.qWait(10)
    raise TimeoutError

app = QApplication([])
apply_theme(app, "dark")
folder = Path(sys.argv[1])
window = MainWindow(FakeSession(folder / "data"), Settings(folder / "settings"), folder / "crash.log")
window.resize(1280, 720)
window.show()
window.collections.open(folder)
wait(lambda: window.workspace.collection is not None)
window.pane.query.show_query("several storage tanks beside a river")
window.pane.query.search_button.click()
wait(lambda: window.workspace.result is not None and window.evidence.is_settled)
QTest.qWait(100)
cut = []
for widget in window.findChildren(QLabel) + window.findChildren(QAbstractButton):
    if not widget.isVisible() or not widget.text() or isinstance(widget, (ElidedLabel, WordChip)):
        continue
    wraps = isinstance(widget, QLabel) and widget.wordWrap()
    need = widget.minimumSizeHint()
    height = widget.heightForWidth(widget.width()) if wraps else need.height()
    if widget.height() < height or (not wraps and widget.width() < need.width()):
        cut.append(f"{widget.text()!r} {widget.width()}x{widget.height()} needs {need.width()}x{height}")
print(window.devicePixelRatioF(), cut)
window.close()
"""


@pytest.mark.parametrize("scale", ["1", "1.5", "2"])
def test_no_text_is_cut_at_any_scale_of_the_screen(scale: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path],
        cwd=CHECKOUT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.strip() == f"{float(scale)} []", done.stderr
