"""Why A is above B: signed bars, one for every word and one for the whole image, that add up to the lead."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.controls import ElidedLabel, IconPushButton
from app.widgets.evidence_bars import EvidenceBars


class ComparePanel(QWidget):
    """Names the two images, pins one of them, and shows the bars between them."""

    pinned = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Why A is above B")
        self.other = ElidedLabel()
        self.other.setProperty("voice", "muted")
        self.pin = IconPushButton("pin", "Pin A", name="Pin this image to compare others with it")
        self.pin.setCheckable(True)
        self.pin.clicked.connect(self.pinned)
        self.bars = EvidenceBars("What makes the difference of the scores")
        row = QHBoxLayout()
        row.addWidget(self.other, 1)
        row.addWidget(self.pin)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.bars)
        column.addStretch(1)

    def show_pinned(self, pinned: bool) -> None:
        """Sets the button without telling."""
        self.pin.setChecked(pinned)
        self.pin.setText("Unpin B" if pinned else "Pin A")
        self.pin.setToolTip(
            "Compare with the neighbour in rank again." if pinned else "Keep this image as B and select another as A."
        )
