"""The sheet of all keys, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QMargins
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.plain_text import PlainLabel
from app.widgets.controls import label

if TYPE_CHECKING:
    from app.action_table import ActionSpec

Section = tuple[str, list[tuple[str, str]]]  # title, [(keys, what they do)]

# Keys that a widget handles itself; they appear beside the actions.
WIDGET_KEYS: tuple[tuple[str, str], ...] = (
    ("Arrow keys", "Move in the grid"),
    ("Shift + arrow keys", "Select a range"),
    ("Ctrl + click", "Add an image to the selection"),
    ("Home / End", "First / last image"),
    ("Page up / Page down", "One screen up / down"),
    ("Down", "From the query bar to the grid"),
    ("Left / Right", "In the inspector: previous / next"),
    ("Left / Right", "On the words: previous / next"),
    ("Up / Down", "On the bars: previous / next"),
    ("Left / Right", "In the histogram: cut scores off"),
    ("Alt + Up / Down", "Saved query: up / down"),
    ("Mouse wheel", "Over the image: zoom"),
    ("Ctrl + mouse wheel", "Over the grid: size of the cells"),
)


class ShortcutsDialog(QDialog):
    """Columns of keys and what they do. It does not block the window.

    Args:
        specs: The table of actions.
        parent: The window.
    """

    def __init__(self, specs: Sequence[ActionSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setModal(False)
        columns = QHBoxLayout()
        columns.setSpacing(32)
        for part in _balanced(sections_of_keys(specs), 3):
            column = QVBoxLayout()
            column.setSpacing(8)
            for title, lines in part:
                column.addWidget(label(title, "heading"))
                column.addLayout(_table(lines))
                column.addSpacing(12)
            column.addStretch(1)
            columns.addLayout(column)
        page = QWidget()
        page.setLayout(columns)
        scroll = QScrollArea()
        scroll.setAccessibleName("All keyboard shortcuts")
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        close = QPushButton("Close")
        close.setAccessibleName("Close the sheet")
        close.clicked.connect(self.close)
        close.setDefault(True)
        bottom = QHBoxLayout()
        bottom.addStretch(1)
        bottom.addWidget(close)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 16)
        outer.addWidget(scroll, 1)
        outer.addLayout(bottom)
        outer.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        room = page.sizeHint().grownBy(QMargins(40, 24, 40, 88))  # edges, and the button below
        self.resize(room if parent is None else room.boundedTo(parent.size()))


def sections_of_keys(specs: Sequence[ActionSpec]) -> list[Section]:
    """(menu, [(keys, what they do)]) in the order of the table, a menu in a menu told by its own name.

    The digits are told in one line.
    """
    sections: dict[str, list[tuple[str, str]]] = {}
    for spec in specs:
        if not spec.keys or spec.group == "words":
            continue
        keys = " or ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in spec.keys)
        sections.setdefault(spec.menu.rpartition("/")[2], []).append((keys, spec.title.rstrip("…")))
    sections.setdefault("Words", []).insert(0, ("0 … 9", "Heatmap of the query, or of a word"))
    return [*sections.items(), ("Moving", list(WIDGET_KEYS))]


def _balanced(sections: list[Section], columns: int) -> list[list[Section]]:
    """Deals sections out to columns of about the same length, in their order."""
    lengths = [len(lines) + 2 for _, lines in sections]
    share = sum(lengths) / columns
    dealt: list[list[Section]] = [[] for _ in range(columns)]
    before = 0.0
    for section, length in zip(sections, lengths, strict=True):
        dealt[min(int((before + length / 2) / share), columns - 1)].append(section)
        before += length
    return dealt


def _table(lines: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, 144)
    grid.setColumnStretch(1, 1)
    for row, (keys, meaning) in enumerate(lines):
        key_label = PlainLabel(keys)
        key_label.setProperty("voice", "muted")
        grid.addWidget(key_label, row, 0)
        grid.addWidget(PlainLabel(meaning), row, 1)
    return grid
