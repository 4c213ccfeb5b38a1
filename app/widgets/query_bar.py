"""The query bar: one typed line; its terms and words come back as chips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.models.query_terms import Term
from app.overrides import qt_override
from app.widgets.controls import IconButton, IconLabel, IconPushButton, LineFrame
from app.widgets.drops import image_path_of
from app.widgets.one_line import OneLine
from app.widgets.suggestion_list import SuggestionList
from app.widgets.term_strip import TermStrip
from app.widgets.text_line import TextLine
from app.widgets.word_strip import WordStrip
from faami_core.types import QueryWord

LONGEST_LINE = 8000  # terms and long paths; a phrase that is too long is told by the search


class QueryBar(QWidget):
    """Takes the question as one typed line and tells ``submitted`` on Enter; below it the terms and words of it."""

    submitted = Signal(str)
    edited = Signal(str, int)  # line and cursor, at every key
    cleared = Signal()
    image_given = Signal(object)  # Path
    image_pasted = Signal(QImage)
    word_chosen = Signal(object)
    leave_asked = Signal()  # Down: on to the results

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setAccessibleName("Query bar")
        self._build_field()
        self.suggestions = SuggestionList(self.text)
        self.terms = TermStrip()
        self.words = WordStrip("Words of the query")
        self.words.word_chosen.connect(self.word_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.chips = OneLine("Terms and words of the query", self.terms, self.words)
        for strip in (self.terms, self.words):
            strip.reached.connect(self.chips.reveal)
        column.addWidget(self._field)
        column.addWidget(self.chips)

    def _build_field(self) -> None:
        self.text = TextLine()
        self._field = LineFrame(self.text)
        self.text.setPlaceholderText("Describe what to find, or drop an image")
        self.text.setToolTip("Several things at once: 2:storage tanks + ./a.jpg - trees")
        self.text.setAccessibleName("Query text")
        self.text.setAcceptDrops(False)
        self.text.setMaxLength(LONGEST_LINE)
        font = self.text.font()
        font.setPointSizeF(font.pointSizeF() + 2)
        self.text.setFont(font)
        self._awaits_answer = False  # asked, and nothing was typed since
        self.text.returnPressed.connect(self._submit)
        self.text.textEdited.connect(self._stop_waiting)
        self.text.textEdited.connect(lambda text: self.edited.emit(text, self.text.cursorPosition()))
        self.text.installEventFilter(self)
        self.clear_button = IconButton("close", "Clear the query")
        self.clear_button.hide()
        self.text.textChanged.connect(lambda text: self.clear_button.setVisible(bool(text)))
        self.save_button = IconButton("star", "Save this query", size=20)
        self.history_button = IconButton("recent", "Queries asked before", size=20)
        self.pick_button = IconButton("image", "Search by an image file", size=20)
        self.search_button = IconPushButton("search", "Search", kind="primary")
        self.search_button.clicked.connect(self._submit)
        row = QHBoxLayout(self._field)
        row.setContentsMargins(12, 3, 4, 3)
        row.setSpacing(6)
        row.addWidget(IconLabel("search", size=20))
        row.addWidget(self.text, 1)
        for button in (
            self.clear_button, self.save_button, self.history_button, self.pick_button, self.search_button,
        ):  # fmt: skip
            row.addWidget(button)

    # --- what the controllers say --------------------------------------------------------------------------

    def show_query(self, line: str) -> None:
        """Shows a query without asking it."""
        self.suggestions.offer(())
        self.text.setText(line)
        if not self.text.hasFocus():
            self.text.home(False)  # a long line shows its beginning

    def show_terms(self, terms: Sequence[Term]) -> None:
        """Shows what the line is made of, as chips where there is more than one plain phrase."""
        self.terms.setEnabled(True)
        self.terms.show_terms(terms)
        self.chips.settle()

    def show_words(self, words: Sequence[QueryWord]) -> None:
        """Shows the words as the model reads them, with their share of the score."""
        self.words.show_words(words)
        heaviest = max((abs(word.weight) for word in words), default=0.0) or 1.0
        for index, word in enumerate(words):
            share = f"{abs(word.weight):.0%}"
            self.words.show_strength(index, abs(word.weight) / heaviest, "", f"{share} of the fine score.")
        self.chips.settle()

    def point_at(self, position: int) -> None:
        """Puts the cursor where the line cannot be read."""
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self.text.setCursorPosition(position)

    def continue_with(self, line: str, cursor: int) -> None:
        """Goes on typing in a completed line."""
        self.show_query(line)
        self.text.setCursorPosition(cursor)
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def chain_after_search(self) -> None:
        """The Tab key walks from the search button over terms and words, which come and go."""
        self.words.chain_after(self.terms.chain_after(self.search_button))

    @property
    def line(self) -> str:
        """What stands in the line, asked or not."""
        return self.text.text().strip()

    def focus(self) -> None:
        """Puts the cursor into the text and selects it."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.text.selectAll()

    def expect_answer(self) -> None:
        """The line was asked; the keyboard may follow the answer."""
        self._awaits_answer = True

    def take_answer(self) -> bool:
        """Whether the keyboard is still in the line that was asked, so that it follows the answer; said once."""
        follows = self._awaits_answer and (self.text.hasFocus() or self.search_button.hasFocus())
        self._awaits_answer = False
        return follows

    def clear(self) -> None:
        """Empties the bar and tells."""
        self.show_query("")
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self.show_terms(())
        self.show_words(())
        self.cleared.emit()

    def ask_image(self, path: Path) -> None:
        """Puts an image into the query and asks it, together with what stands in the line."""
        self.image_given.emit(path)

    # --- what the analyst does -----------------------------------------------------------------------------

    def paste(self) -> bool:
        """Takes an image from the clipboard. Returns False if it holds none."""
        data = QGuiApplication.clipboard().mimeData()
        path = image_path_of(data)
        if path is not None:
            self.ask_image(path)
            return True
        if data is not None and data.hasImage():
            self.image_pasted.emit(QGuiApplication.clipboard().image())
            return True
        return False

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.matches(QKeySequence.StandardKey.Paste) and self.paste():
                return True
            if event.key() == Qt.Key.Key_Down:
                self.leave_asked.emit()
                return True
        return super().eventFilter(watched, event)

    @qt_override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if image_path_of(event.mimeData()) is not None or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._field.show_state("drop")

    @qt_override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._field.show_state("")
        super().dragLeaveEvent(event)

    @qt_override
    def dropEvent(self, event: QDropEvent) -> None:
        self._field.show_state("")
        path = image_path_of(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.ask_image(path)
        elif event.mimeData().hasImage():
            event.acceptProposedAction()
            self.image_pasted.emit(QImage(event.mimeData().imageData()))

    def _stop_waiting(self) -> None:
        self._awaits_answer = False

    def _submit(self) -> None:
        self.suggestions.offer(())
        if self.line:
            self.expect_answer()
            self.submitted.emit(self.line)
        else:
            self.clear()
