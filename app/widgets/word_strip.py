"""The words of the query as toggle chips: one is lit, and its heatmap is shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QWidget

from app.overrides import qt_override
from app.widgets.flow_layout import FlowLayout
from app.widgets.word_chip import WordChip
from faami_core.types import QueryWord


class WordStrip(QWidget):
    """A chip for each word; a click, or Left and Right, tells ``word_chosen`` with the word's index.

    Args:
        name: Accessible name.
    """

    word_chosen = Signal(object)
    reached = Signal(QWidget)  # a chip that is lit or has the keyboard, and is to be seen

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._flow = FlowLayout(gap=6, wrap=False)
        self.setLayout(self._flow)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._chips: dict[int, WordChip] = {}

    def show_words(self, words: Sequence[QueryWord]) -> None:
        """Makes a chip of every word; the numbers come later."""
        self._remove_chips()
        for index, word in enumerate(words):
            key = str(index + 1) if index < 9 else ""
            self._add(index, WordChip(word.text, key=key, known=word.known, looked_for=word.weight != 0))
        self.updateGeometry()

    def show_choice(self, word: int | None) -> None:
        """Lights a chip, or (None, the whole query) none, without telling."""
        if word is not None and word in self._chips:
            self._chips[word].setChecked(True)
            self.reached.emit(self._chips[word])
            return
        self._group.setExclusive(False)
        for chip in self._chips.values():
            chip.setChecked(False)
        self._group.setExclusive(True)

    def show_strength(self, word: int, bar: float, number: str, meaning: str) -> None:
        """Shows the number of one chip; see ``WordChip.show_strength``."""
        if word in self._chips:
            self._chips[word].show_strength(bar, number, meaning)

    def chain_after(self, widget: QWidget) -> None:
        """Puts the chips, which are made anew for every query, behind ``widget`` in the order of the Tab key."""
        for before, after in pairwise((widget, *self._chips.values())):
            self.setTabOrder(before, after)

    def chip(self, word: int) -> WordChip:
        """The chip of a word."""
        return self._chips[word]

    @property
    def words(self) -> tuple[str, ...]:
        """Texts of the chips in order."""
        return tuple(chip.text() for chip in self._chips.values())

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right step through the words that can be lit, and light them."""
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        stops = [word for word, chip in self._chips.items() if chip.isEnabled()]
        here = next((place for place, word in enumerate(stops) if self._chips[word].hasFocus()), None)
        if by is None or here is None:
            super().keyPressEvent(event)
            return
        word = stops[(here + by) % len(stops)]
        self._chips[word].setFocus(Qt.FocusReason.OtherFocusReason)
        self.reached.emit(self._chips[word])
        if not self._chips[word].isChecked():
            self.word_chosen.emit(word)

    def _add(self, word: int, chip: WordChip) -> None:
        chip.clicked.connect(lambda _checked=False, word=word: self.word_chosen.emit(word))
        self._group.addButton(chip)
        self._flow.addWidget(chip)
        self._chips[word] = chip
        chip.show()

    def _remove_chips(self) -> None:
        for chip in self._chips.values():
            self._group.removeButton(chip)
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips.clear()
