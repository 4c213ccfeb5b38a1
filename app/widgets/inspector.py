"""The right pane: one image, its evidence, the words that lit it, and how its score came about."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSlider, QStackedWidget, QVBoxLayout, QWidget

from app.overrides import qt_override
from app.plain_text import PlainLabel, plain_tip
from app.widgets.compare_panel import ComparePanel
from app.widgets.controls import ElidedLabel, IconButton, IconPushButton, Segmented, label
from app.widgets.empty_state import EmptyState
from app.widgets.evidence_bars import EvidenceBars
from app.widgets.image_view import ImageView
from app.widgets.legend import Legend
from app.widgets.mixer_panel import MixerPanel
from app.widgets.query_pair_panel import QueryPairPanel
from app.widgets.trust_panel import TrustPanel

_BESIDE_IMAGE = 375  # pixels of height that all the rest makes do with
_LOWEST_IMAGE, _HIGH_IMAGE = 96, 240

TABS = ("evidence", "compare", "pair", "mix", "trust")
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
    next_colours_asked = Signal()
    tab_turned = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("pane")
        self.setAccessibleName("Inspector")
        self.setMinimumWidth(400)
        self.image = ImageView()
        self.other = ImageView("Compared image with evidence")
        self.compare = ComparePanel()
        self.pair = QueryPairPanel()
        self.mixer = MixerPanel()
        self.trust = TrustPanel()
        self.words = EvidenceBars("What adds up to the score")
        self.legend = Legend()
        self.empty = EmptyState("eye", "No image selected", "Select a result to see which words matched, and where.")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addLayout(self._build_header())
        column.addLayout(self._build_images(), 1)
        column.addWidget(self._build_tabs())
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

    def _build_images(self) -> QHBoxLayout:
        """The image, and the one it is compared with beside it; their names only while there are two."""
        row = QHBoxLayout()
        row.setSpacing(8)
        end = Qt.TextElideMode.ElideRight
        self.image_name, self.other_name = ElidedLabel(mode=end), ElidedLabel(mode=end)
        self._other_side = QWidget()
        sides = ((self.image, self.image_name, QWidget()), (self.other, self.other_name, self._other_side))
        for image, name, side in sides:
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(4)
            column.addWidget(name)
            column.addWidget(image, 1)
            row.addWidget(side, 1)
        self.image.viewed.connect(self.other.look_as)  # the same part of both, whichever was moved
        self.other.viewed.connect(self.image.look_as)
        self.show_other(None)
        return row

    def _build_tabs(self) -> QWidget:
        self.evidence_controls = QWidget()
        self.tabs = Segmented(
            "Panel",
            (
                ("evidence", "Evidence", "What adds up to the score, and where"),
                ("compare", "Why above", "Why this image is above or below another one"),
                ("pair", "Two queries", "How another query reads this image, beside the one that was asked"),
                ("mix", "Mix", "Give the words other weights and see the results re-ranked"),
                ("trust", "Trust", "Hide what is lit, turn and mirror the image: what happens to the score?"),
            ),
        )
        self.tabs.chosen.connect(self.turn_to)
        self._panels = QStackedWidget()
        for panel in (self._build_evidence(), self.compare, self.pair, self.mixer, self.trust):
            self._panels.addWidget(panel)
        row = QHBoxLayout()
        row.addWidget(self.tabs)
        row.addStretch(1)
        column = QVBoxLayout(self.evidence_controls)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._panels)
        return self.evidence_controls

    def _build_evidence(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addLayout(self._build_switches())
        self.kind_note = label("", "muted", wrap=True)
        self.kind_note.hide()
        column.addWidget(self.kind_note)
        column.addLayout(self._build_overlay_row())
        column.addStretch(1)
        return panel

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
        self.colours = IconButton("colours", "Next colour map")
        self.colours.clicked.connect(self.next_colours_asked)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.legend, 1)
        for control in (self.colours, self.overlay, self.opacity):
            row.addWidget(control)
        return row

    def _build_details(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.score = PlainLabel()
        self.score.setAccessibleName("Score")
        self.path = ElidedLabel()
        self.path.setProperty("voice", "muted")
        self.more = IconPushButton("like", "More like this")
        self.more.setIconSize(QSize(18, 18))
        self.more.clicked.connect(self.more_like_this_asked)
        self.region = IconButton("region", "Search by a region drawn on the image", size=16)
        row = QHBoxLayout()
        row.addWidget(self.score, 1)
        row.addWidget(self.region)
        row.addWidget(self.more)
        column.addLayout(row)
        column.addWidget(self.path)
        return box

    @qt_override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the lists of words give way before the image does."""
        super().resizeEvent(event)
        for image in (self.image, self.other):
            image.setMinimumHeight(min(max(event.size().height() - _BESIDE_IMAGE, _LOWEST_IMAGE), _HIGH_IMAGE))

    # --- what the controllers say --------------------------------------------------------------------------

    def show_nothing(self, sentence: str, action: str = "") -> None:
        """Shows the empty state."""
        self.empty.show_message("No image selected", sentence, action)
        self._pages.setCurrentIndex(0)
        self.image.clear()

    def show_details(self, path: Path, size: str, score: str) -> None:
        """Shows name and numbers; the image follows when it is read."""
        self.title.show_text(path.name)
        self.path.show_text(f"{path.parent}  ·  {size}")
        self.path.setToolTip(plain_tip(str(path)))
        self.score.setText(score)
        self._pages.setCurrentIndex(1)

    def show_evidence_controls(self, shown: bool) -> None:
        """Words, switches and legend make sense only for the hits of a query."""
        self.evidence_controls.setVisible(shown)

    def show_view(
        self, *, word: int | None, scale: str, kind: str, overlay: bool, opacity: float, colours: str
    ) -> None:
        """Sets the switches without telling."""
        self.words.show_choice(word)
        self.scale.show_choice(scale)
        self.kind.show_choice(kind)
        self.overlay.setChecked(overlay)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(opacity * 100))
        self.opacity.blockSignals(False)
        self.opacity.setEnabled(overlay)
        self.colours.setToolTip(plain_tip(f"Colour map {colours}; click for the next one"))
        self.kind_note.setText(RAW_ATTENTION + "." if kind == "attention" else "")
        self.kind_note.setVisible(kind == "attention")

    def turn_to(self, tab: str) -> None:
        """Shows a panel below the image."""
        self.tabs.show_choice(tab)
        self._panels.setCurrentIndex(TABS.index(tab))
        self.show_other(None)  # until the tab says what else to show
        self.tab_turned.emit()

    def show_other(self, name: str | None, own_name: str = "") -> None:
        """Shows a second image beside the first, or (None) the first alone."""
        self._other_side.setVisible(name is not None)
        self.image_name.setVisible(name is not None)
        self.image_name.show_text(own_name)
        self.other_name.show_text(name or "")

    @property
    def tab(self) -> str:
        """Which panel is shown."""
        return TABS[self._panels.currentIndex()]

    @property
    def is_empty(self) -> bool:
        return self._pages.currentIndex() == 0
