"""The right pane: one image, its evidence, the words that lit it, and how its score came about."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSlider, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.controls import ElidedLabel, IconButton, IconPushButton, Segmented, label
from app.widgets.empty_state import EmptyState
from app.widgets.image_view import ImageView
from app.widgets.legend import Legend
from app.widgets.word_strip import WordStrip

RAW_ATTENTION = "Raw attention: sums to 1 in every image, also where nothing matches"


class Inspector(QFrame):
    """Lays out image, controls, words, legend and details; all state is set from outside."""

    more_like_this_asked = Signal()
    copy_path_asked = Signal()
    reveal_asked = Signal()
    previous_asked = Signal()
    next_asked = Signal()
    overlay_chosen = Signal(bool)
    opacity_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("pane")
        self.setAccessibleName("Inspector")
        self.setMinimumWidth(400)
        self.image = ImageView()
        self.words = WordStrip("Words in this image")
        self.legend = Legend()
        self.empty = EmptyState("eye", "No image selected", "Select a result to see which words matched, and where.")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(8)
        column.addLayout(self._build_header())
        column.addWidget(self.image, 1)
        column.addWidget(self._build_evidence())
        column.addWidget(self._build_details())
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _build_header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.title = ElidedLabel()
        self.title.setProperty("voice", "heading")
        row.addWidget(self.title, 1)
        for drawing, name, signal in (
            ("copy", "Copy the path", self.copy_path_asked),
            ("reveal", "Show the file in its folder", self.reveal_asked),
            ("previous", "Image before (P)", self.previous_asked),
            ("next", "Image after (N)", self.next_asked),
        ):
            button = IconButton(drawing, name)
            button.clicked.connect(signal)
            row.addWidget(button)
        self.next_button = button
        return row

    def _build_evidence(self) -> QWidget:
        self.evidence_controls = QWidget()
        column = QVBoxLayout(self.evidence_controls)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addLayout(self._build_switches())
        self.kind_note = label("", "muted", wrap=True)
        self.kind_note.hide()
        column.addWidget(self.kind_note)
        column.addLayout(self._build_overlay_row())
        return self.evidence_controls

    def _build_switches(self) -> QHBoxLayout:
        self.scale = Segmented(
            "Scale",
            (
                ("both", "Both", "Fine and coarse regions together (S)"),
                ("fine", "Fine", "Small regions only (S)"),
                ("coarse", "Coarse", "Large regions only (S)"),
            ),
        )
        self.kind = Segmented(
            "Map",
            (
                ("evidence", "Evidence", "How much each region adds to the score; dark where nothing matches"),
                ("attention", "Raw attention", RAW_ATTENTION),
            ),
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.kind)
        row.addStretch(1)
        row.addWidget(self.scale)
        return row

    def _build_overlay_row(self) -> QHBoxLayout:
        self.overlay = IconButton("eye", "Show the heatmap (O)")
        self.overlay.setCheckable(True)
        self.overlay.clicked.connect(self.overlay_chosen)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(10, 100)
        self.opacity.setAccessibleName("Opacity of the heatmap")
        self.opacity.setToolTip("Opacity of the heatmap")
        self.opacity.valueChanged.connect(lambda value: self.opacity_chosen.emit(value / 100))
        self.opacity.setFixedWidth(72)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.legend, 1)
        row.addWidget(self.overlay)
        row.addWidget(self.opacity)
        return row

    def _build_details(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.score = QLabel()
        self.score.setAccessibleName("Score")
        self.score_parts = label("", "muted", wrap=True)
        self.path = ElidedLabel()
        self.path.setProperty("voice", "muted")
        self.more = IconPushButton("like", "More like this")
        self.more.setIconSize(QSize(18, 18))
        self.more.clicked.connect(self.more_like_this_asked)
        row = QHBoxLayout()
        row.addWidget(self.score, 1)
        row.addWidget(self.more)
        column.addLayout(row)
        column.addWidget(self.score_parts)
        column.addWidget(self.path)
        return box

    # --- what the controllers say --------------------------------------------------------------------------

    def show_nothing(self, sentence: str, action: str = "") -> None:
        """Shows the empty state."""
        self.empty.show_message("No image selected", sentence, action)
        self._pages.setCurrentIndex(0)
        self.image.clear()

    def show_details(self, path: Path, size: str, score: str, parts: str) -> None:
        """Shows name and numbers; the image follows when it is read."""
        self.title.show_text(path.name)
        self.path.show_text(f"{path.parent}  ·  {size}")
        self.path.setToolTip(str(path))
        self.score.setText(score)
        self.score_parts.setText(parts)
        self.score_parts.setVisible(bool(parts))
        self._pages.setCurrentIndex(1)

    def show_evidence_controls(self, shown: bool) -> None:
        """Words, switches and legend make sense only for the hits of a query."""
        self.evidence_controls.setVisible(shown)

    def show_view(self, *, word: int | None, scale: str, kind: str, overlay: bool, opacity: float) -> None:
        """Sets the switches without telling."""
        self.words.show_choice(word)
        self.scale.show_choice(scale)
        self.kind.show_choice(kind)
        self.overlay.setChecked(overlay)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(opacity * 100))
        self.opacity.blockSignals(False)
        self.opacity.setEnabled(overlay)
        self.kind_note.setText(RAW_ATTENTION + "." if kind == "attention" else "")
        self.kind_note.setVisible(kind == "attention")

    @property
    def is_empty(self) -> bool:
        return self._pages.currentIndex() == 0
