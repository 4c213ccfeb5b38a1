"""Above the grid: by what the results are sorted, and which of them are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from app.plain_text import plain_tip
from app.widgets.controls import ChoiceBox
from faami_core.types import Match, QueryWord

Only = tuple[int, frozenset[Match]] | None

_SEEN = frozenset({Match.MATCHED})
_MISSING = frozenset({Match.MISSING})
_FEWEST_LETTERS, _WIDEST = 5, 176  # of a list: it gives way to the headline beside it, and never crowds it out


class ArrangeBar(QWidget):
    """Two lists; a choice tells ``chosen``."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Order and filter of the results")
        self.order, self.filter = ChoiceBox(), ChoiceBox()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for box, name in ((self.order, "Sort the results"), (self.filter, "Filter the results by a word")):
            box.setAccessibleName(name)
            box.view().setAccessibleName(name)
            box.setToolTip(plain_tip(name))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMinimumContentsLength(_FEWEST_LETTERS)
            box.setMaximumWidth(_WIDEST)
            box.activated.connect(self.chosen)
            row.addWidget(box)
        self.show_words(())

    def show_words(self, words: Sequence[QueryWord]) -> None:
        """Fills the lists with the words that are looked for; all results in the order of their score."""
        self.order.clear()
        self.filter.clear()
        self.order.addItem("By score", None)
        self.filter.addItem("All results", None)
        for index, word in enumerate(words):
            if word.weight:
                self.order.addItem(f"By “{word.text}”", index)
                self.filter.addItem(f"With “{word.text}”", (index, _SEEN))
                self.filter.addItem(f"Without “{word.text}”", (index, _MISSING))
        for box in (self.order, self.filter):
            box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + 24)
        self.setVisible(bool(words))

    @property
    def by_word(self) -> int | None:
        """The word by which the results are sorted, None for the score."""
        word: int | None = self.order.currentData()
        return word

    @property
    def only(self) -> Only:
        """Which results are shown, None for all."""
        only: Only = self.filter.currentData()
        return only
