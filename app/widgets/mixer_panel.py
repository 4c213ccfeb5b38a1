"""The word mixer: a slider for every word, and the results follow."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from app.plain_text import PlainLabel, plain_tip
from app.widgets.controls import ElidedLabel, IconPushButton, label
from app.widgets.row_area import RowArea
from faami_core.types import QueryWord

_EVEN = 100  # per cent
_MOST = 300
_STEP = 10
_ROW_HEIGHT = 28


class MixerPanel(QWidget):
    """One slider a word from 0 (muted) to 300 % of its weight; ``mixed`` tells that one has moved."""

    mixed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Word mixer")
        self._sliders: dict[int, QSlider] = {}
        self._shares: dict[int, QLabel] = {}
        self._count = 0
        note = label("Ranks the results anew from evidence that is already there.", "muted", wrap=True)
        self.reset = IconPushButton("refresh", "Reset", name="Reset the weights of the words")
        self.reset.clicked.connect(self._reset)
        head = QHBoxLayout()
        head.addWidget(note, 1)
        head.addWidget(self.reset)
        self._scroll = RowArea("Weights of the words")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._scroll)
        column.addStretch(1)
        self.show_words(())

    def show_words(self, words: Sequence[QueryWord]) -> None:
        """Makes the sliders, each at 100 %."""
        self._sliders.clear()
        self._shares.clear()
        self._count = len(words)
        rows = QWidget()
        grid = QGridLayout(rows)
        grid.setContentsMargins(0, 0, 6, 0)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 5)
        for index, word in enumerate(words):
            if word.weight:
                place = len(self._sliders)
                self._sliders[index] = slider = self._slider(word)
                self._shares[index] = share = PlainLabel()
                share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                share.setMinimumWidth(share.fontMetrics().horizontalAdvance("100 %") + 4)
                share.setToolTip(plain_tip(f"Share of “{word.text}” in the words' part of the score"))
                for column, widget in enumerate((ElidedLabel(word.text), slider, share)):
                    grid.addWidget(widget, place, column)
                grid.setRowMinimumHeight(place, _ROW_HEIGHT)
        self._scroll.setWidget(rows)  # the one before is deleted
        self._scroll.make_room(len(self._sliders), _ROW_HEIGHT)
        self.reset.setEnabled(False)
        self.show_shares(words)

    def show_shares(self, words: Sequence[QueryWord]) -> None:
        """Shows what each word weighs now."""
        for index, share in self._shares.items():
            share.setText(f"{abs(words[index].weight):.0%}".replace("%", " %"))

    @property
    def factors(self) -> tuple[float, ...] | None:
        """One factor for each word of the query, None while every slider is at 100 %."""
        if all(slider.value() == _EVEN for slider in self._sliders.values()):
            return None
        values = {index: slider.value() / _EVEN for index, slider in self._sliders.items()}
        return tuple(values.get(index, 1.0) for index in range(self._count))

    def slider(self, word: int) -> QSlider:
        """The slider of a word."""
        return self._sliders[word]

    def _slider(self, word: QueryWord) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _MOST)
        slider.setSingleStep(_STEP)
        slider.setPageStep(5 * _STEP)
        slider.setValue(_EVEN)
        slider.setAccessibleName(f"Weight of {word.text}")
        slider.setToolTip(plain_tip(f"Weight of “{word.text}” in percent of its own; 0 mutes it"))
        slider.valueChanged.connect(self._tell)
        return slider

    def _tell(self) -> None:
        self.reset.setEnabled(self.factors is not None)
        self.mixed.emit()

    def set_factors(self, factors: Sequence[float] | None) -> None:
        """Moves the sliders without telling; None is no mix."""
        for index, slider in self._sliders.items():
            slider.blockSignals(True)
            slider.setValue(round(_EVEN * (factors[index] if factors is not None else 1)))
            slider.blockSignals(False)
        self.reset.setEnabled(self.factors is not None)

    def _reset(self) -> None:
        self.set_factors(None)
        self._tell()
