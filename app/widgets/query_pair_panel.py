"""Two queries on one image: a line for the second one, and what each adds up to, side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.widgets.controls import IconButton, LineFrame, label
from app.widgets.evidence_bars import EvidenceBars
from app.widgets.legend import Legend
from app.widgets.query_bar import LONGEST_LINE
from app.widgets.suggestion_list import SuggestionList
from app.widgets.text_line import TextLine

_PROMPT = "Type another query to see how it reads this image, beside the one that was asked."


class QueryPairPanel(QWidget):
    """Tells ``submitted`` on Enter, ``edited`` at every key; the bars of both queries have one scale."""

    submitted = Signal(str)
    edited = Signal(str, int)  # line and cursor
    history_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Two queries on this image")
        self.text = TextLine()
        self.text.setMaxLength(LONGEST_LINE)
        self.text.setPlaceholderText("Second query")
        self.text.setAccessibleName("Second query")
        self.text.returnPressed.connect(lambda: self.submitted.emit(self.line))
        self.text.textEdited.connect(lambda text: self.edited.emit(text, self.text.cursorPosition()))
        self.suggestions = SuggestionList(self.text)
        history = IconButton("recent", "Queries asked before, for the second query")
        history.clicked.connect(self.history_asked)
        self._field = LineFrame(self.text)
        row = QHBoxLayout(self._field)
        row.setContentsMargins(6, 1, 4, 1)
        row.addWidget(self.text, 1)
        row.addWidget(history)
        self.sentence = label(_PROMPT, "muted", wrap=True)
        self.first_bars = EvidenceBars("What adds up to the score of the first query", narrow=True)
        self.second_bars = EvidenceBars("What adds up to the score of the second query", narrow=True)
        self.legend = Legend()
        self._figures = QWidget()
        bars = QHBoxLayout()
        bars.setSpacing(8)
        for chart in (self.first_bars, self.second_bars):
            bars.addWidget(chart, 1, Qt.AlignmentFlag.AlignTop)
        figures = QVBoxLayout(self._figures)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.addLayout(bars)
        figures.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self._field, self.sentence, self._figures):
            column.addWidget(part)
        column.addStretch(1)
        self.show_sentence()

    @property
    def line(self) -> str:
        return self.text.text().strip()

    def show_line(self, line: str, cursor: int) -> None:
        """Goes on typing in a completed line."""
        self.suggestions.offer(())
        self.text.setText(line)
        self.text.setCursorPosition(cursor)

    def show_sentence(self, sentence: str = _PROMPT) -> None:
        """There is nothing to compare with yet, or it could not be asked."""
        self.sentence.setText(sentence)
        self.sentence.show()
        self._figures.hide()

    def show_figures(self) -> None:
        """The bars and the legend are there."""
        self.sentence.hide()
        self._figures.show()
