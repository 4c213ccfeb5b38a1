"""The trust check: what hiding, turning and mirroring the image does to score and evidence, in numbers."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.models.numbers import number_of
from app.widgets.controls import IconPushButton, label
from faami_core.explanation import TrustReport

_PROMPT = "Hides the lit region, turns and mirrors the image, and scores it again: does the evidence follow?"
_COLUMNS = ("Score", "Evidence", "Followed")


class TrustPanel(QWidget):
    """A button and a table."""

    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Trust check")
        self.sentence = label(_PROMPT, "muted", wrap=True)
        self.run = IconPushButton("search", "Check", name="Run the trust check on this image")
        self.run.clicked.connect(self.asked)
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        head = QHBoxLayout()
        head.addWidget(self.sentence, 1)
        head.addWidget(self.run, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self._table)
        column.addStretch(1)
        self.show_prompt()

    def show_prompt(self, sentence: str = _PROMPT) -> None:
        """Nothing has been checked yet, or it could not be."""
        self.sentence.setText(sentence)
        self._table.hide()
        self.run.setEnabled(True)

    def show_running(self) -> None:
        """The check is on its way."""
        self.sentence.setText("Scoring the changed images …")
        self.run.setEnabled(False)

    def show_report(self, report: TrustReport, target: str) -> None:
        """Shows the numbers; ``target`` is the word, quoted, or "the whole query"."""
        before, (hidden, elsewhere, *_) = report.original, report.steps
        lit, rest = (number_of(step.score - before.score) for step in (hidden, elsewhere))
        self.sentence.setText(
            f"Hiding the lit {report.hidden:.0%} changes the score by {lit}, as much elsewhere by {rest}."
        )
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, title in enumerate((target[:1].upper() + target[1:], *_COLUMNS)):
            self._put(0, place, title, "section")
        for line, step in enumerate((before, *report.steps), start=1):
            followed = "–" if step.followed is None else f"{step.followed:.0%}"
            for place, text in enumerate((step.name, f"{step.score:.3f}", f"{step.evidence:.3f}", followed)):
                self._put(line, place, text, "")
        self._table.show()
        self.run.setEnabled(True)

    @property
    def rows(self) -> list[list[str]]:
        """The table as text, without its head; empty while there is none."""
        if self._table.isHidden():
            return []
        return [
            [self._label(line, place).text() for place in range(len(_COLUMNS) + 1)]
            for line in range(1, self._grid.rowCount())
        ]

    def _label(self, line: int, place: int) -> QLabel:
        item = self._grid.itemAtPosition(line, place)
        made = item.widget() if item is not None else None
        assert isinstance(made, QLabel)
        return made

    def _put(self, line: int, place: int, text: str, voice: str) -> None:
        made = label(text, voice)
        if place:
            made.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._grid.addWidget(made, line, place)
