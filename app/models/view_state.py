"""How evidence is looked at: which word, which scale, which kind of map. One object that the window's parts share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.colormap import COLOUR_MAPS
from faami_core.types import MapKind, QueryWord, ScaleView

SCALES: tuple[ScaleView, ...] = ("both", "fine", "coarse")


class ViewState(QObject):
    """The chosen view of the evidence; every change is told once.

    Attributes:
        word: Index of the lit word, or None for the whole query.
        scale: Region scale.
        kind: Evidence, or raw attention.
        overlay: Whether the heatmap is drawn.
        opacity: Of the heatmap, in [0, 1].
        colours: Name of the colour map.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.word: int | None = None
        self.scale: ScaleView = "both"
        self.kind: MapKind = "evidence"
        self.overlay = True
        self.opacity = 0.7
        self.colours = COLOUR_MAPS[0]

    def select_word(self, word: int | None) -> None:
        if word != self.word:
            self.word = word
            self.changed.emit()

    def step_word(self, by: int, words: Sequence[QueryWord]) -> None:
        """Lights the next (1) or previous (-1) word looked for; the whole query lies between last and first."""
        stops = [None, *(index for index, word in enumerate(words) if word.weight)]
        self.select_word(stops[(stops.index(self.word) + by) % len(stops)])

    def set_scale(self, scale: ScaleView) -> None:
        if scale != self.scale:
            self.scale = scale
            self.changed.emit()

    def cycle_scale(self) -> None:
        """Both → fine → coarse → both."""
        self.set_scale(SCALES[(SCALES.index(self.scale) + 1) % len(SCALES)])

    def set_kind(self, kind: MapKind) -> None:
        if kind != self.kind:
            self.kind = kind
            self.changed.emit()

    def set_overlay(self, shown: bool) -> None:
        if shown != self.overlay:
            self.overlay = shown
            self.changed.emit()

    def set_opacity(self, opacity: float) -> None:
        if opacity != self.opacity:
            self.opacity = opacity
            self.changed.emit()

    def cycle_colours(self) -> None:
        """The next colour map."""
        self.colours = COLOUR_MAPS[(COLOUR_MAPS.index(self.colours) + 1) % len(COLOUR_MAPS)]
        self.changed.emit()
