"""The sheet of all keys, made from the table of actions."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.actions import ACTIONS, WIDGET_KEYS
from app.widgets.controls import label


class ShortcutsDialog(QDialog):
    """Two columns of keys and what they do. It does not block the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setModal(False)
        columns = QHBoxLayout()
        columns.setSpacing(32)
        sections = sections_of_keys()
        left, right = sections[:2], sections[2:]
        for part in (left, right):
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
        self.resize(1000, 560)


def sections_of_keys() -> list[tuple[str, list[tuple[str, str]]]]:
    """(menu, [(keys, what they do)]) in the order of the table; the digits are told in one line."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for spec in ACTIONS:
        if not spec.keys or spec.menu == "View/Words":
            continue
        keys = " or ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in spec.keys)
        sections.setdefault(spec.menu, []).append((keys, spec.tip.rstrip(".")))
    sections.setdefault("View", []).append(("0 … 9", "Heatmap of the whole query, or of a word"))
    return [*sections.items(), ("Moving", list(WIDGET_KEYS))]


def _table(lines: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, 128)
    grid.setColumnStretch(1, 1)
    for row, (keys, meaning) in enumerate(lines):
        key_label = QLabel(keys)
        key_label.setProperty("voice", "muted")
        grid.addWidget(key_label, row, 0)
        grid.addWidget(QLabel(meaning), row, 1)
    return grid
