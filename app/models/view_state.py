"""How evidence is looked at: which word, which scale, which kind of map. One object that the window's parts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta
from PySide6.QtCore import QObject, Signal

from app.colormap import COLOUR_MAPS, ColourMap
from faami_core.types import MapKind, QueryWord, ScaleView

SCALES: tuple[ScaleView, ...] = ("both", "fine", "coarse")


@dataclass(frozen=True)
class MapLook:
    """How maps are drawn, whatever the query; remembered between starts.

    Attributes:
        scale: Region scale.
        kind: Evidence, or raw attention.
        overlay: Whether the heatmap is drawn.
        opacity: Of the heatmap, in [0.1, 1]; what is fainter cannot be seen.
        colours: Name of the colour map.
    """

    scale: ScaleView = "both"
    kind: MapKind = "evidence"
    overlay: bool = True
    opacity: Annotated[float, Meta(ge=0.1, le=1)] = 0.7
    colours: ColourMap = COLOUR_MAPS[0]


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
        self.look = MapLook()

    @property
    def look(self) -> MapLook:
        """All of it but the word."""
        return MapLook(self.scale, self.kind, self.overlay, self.opacity, self.colours)

    @look.setter
    def look(self, look: MapLook) -> None:
        """Sets it without telling: nothing is drawn yet."""
        self.scale: ScaleView = look.scale
        self.kind: MapKind = look.kind
        self.overlay = look.overlay
        self.opacity = look.opacity
        self.colours: ColourMap = look.colours

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
