"""Progress of the work that takes long: what, how far, how fast, how long still, and cancel."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout

from app.plain_text import PlainLabel
from app.widgets.controls import label
from faami_core.types import Progress

SHOW_AFTER_MS = 600  # shorter work would only flicker


class ActivityStrip(QFrame):
    """Appears when work lasts longer than 600 ms and goes when it ends."""

    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("activity")
        self.setAccessibleName("Progress")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOW_AFTER_MS)
        self._timer.timeout.connect(self.show)
        self.title = label("", "heading")
        self.figures = PlainLabel()
        self.figures.setProperty("voice", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Progress of the work")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the work")
        self.cancel_button.clicked.connect(self._cancel)
        line = QHBoxLayout()
        line.addWidget(self.title)
        line.addStretch(1)
        line.addWidget(self.figures)
        text = QVBoxLayout()
        text.setSpacing(6)
        text.addLayout(line)
        text.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(16)
        row.addLayout(text, 1)
        row.addWidget(self.cancel_button)
        self.hide()

    def begin(self, title: str) -> None:
        """Starts the 600 ms; the strip shows itself when they are over."""
        self.title.setText(title)
        self.figures.setText("")
        self.bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self.cancel_button.setText("Cancel")
        if not self.isVisible():
            self._timer.start()

    def show_progress(self, title: str, progress: Progress) -> None:
        """Shows how far the work is."""
        self.title.setText(f"{title}  ·  {progress.stage}" if progress.stage != title else title)
        if progress.total:
            self.bar.setRange(0, 1000)  # per mille, because totals may not fit Qt's integers
            self.bar.setValue(round(1000 * min(progress.done / progress.total, 1.0)))
        else:
            self.bar.setRange(0, 0)
        self.figures.setText(figures_of(progress))

    def end(self) -> None:
        """The work is over."""
        self._timer.stop()
        self.hide()
        # An indeterminate bar animates, and so keeps a timer, until it is given a range.
        self.bar.setRange(0, 1)

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText("Stopping…")
        self.cancel_asked.emit()


def figures_of(progress: Progress) -> str:
    """ "1,234 of 9,828 · 24 a second · 5 min left"; parts that are not known are left out."""
    parts = []
    if progress.total:
        parts.append(f"{progress.done:,} of {progress.total:,}")
    elif progress.done:
        parts.append(f"{progress.done:,}")
    if progress.rate:
        parts.append(f"{progress.rate:,.0f} a second" if progress.rate >= 10 else f"{progress.rate:.1f} a second")
    if progress.seconds_left is not None:
        parts.append(f"{duration_of(progress.seconds_left)} left")
    return "  ·  ".join(parts)


def duration_of(seconds: float) -> str:
    """Seconds in words: "40 s", "5 min", "2 h 10 min"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
