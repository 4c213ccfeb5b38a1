"""The filters in the side panel: fields to type into, buttons that open a list, and boxes for the marks."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from app.overrides import qt_override
from app.plain_text import plain_caption, plain_tip
from app.widgets.controls import CheckBox, IconButton, IconPushButton, label, restyle
from app.widgets.section import Section
from app.widgets.text_line import TextLine
from faami_core.queries import Filters, Mark

_LONGEST = 255  # characters, as of a file name
_FIELDS = {
    "name": ("harbour, or *.tif", "File name", "Letters of the file name, or a pattern with * and ?"),
    "min_side": ("at least", "Shorter side in pixels, at least", "The shorter side has at least so many pixels"),
    "max_side": ("at most", "Longer side in pixels, at most", "The longer side has at most so many pixels"),
    "modified_from": (
        "from",
        "Changed from",
        "Changed on or after this day, month or year: 2024-05-31, 2024-05, 2024",
    ),
    "modified_to": (
        "until",
        "Changed until",
        "Changed on or before this day, month or year: 2024-05-31, 2024-05, 2024",
    ),
}


class FilterPanel(Section):
    """Shows filters; tells in ``typed`` of every key and in ``entered`` when a field is done with."""

    typed = Signal()
    entered = Signal()

    def __init__(self) -> None:
        clear_button = IconButton("close", "Clear filters", size=16)
        super().__init__("Filters", clear_button)
        self.clear_button = clear_button
        self.fields = {field: _Field(*words) for field, words in _FIELDS.items()}
        for field in self.fields.values():
            field.textEdited.connect(self.typed)
            field.editingFinished.connect(self.entered)
        self.folder_button = _PickButton("folder", "Folder", "Any folder")
        self.tag_button = _PickButton("tag", "Tags", "Any tag")
        self.marks = {mark: CheckBox(mark.capitalize()) for mark in Mark}
        self._problems: dict[str, QLabel] = {}
        self.body.addLayout(self._row("File name", "name"))
        self.body.addWidget(self.folder_button)
        self.body.addLayout(self._row("Size in pixels", "min_side", "max_side"))
        self.body.addLayout(self._row("Last changed", "modified_from", "modified_to"))
        self.body.addWidget(self.tag_button)
        boxes = QVBoxLayout()
        boxes.setSpacing(0)
        for box in self.marks.values():
            boxes.addWidget(box)
        self.body.addLayout(boxes)
        self.show_choices(Filters())

    def _row(self, title: str, *fields: str) -> QVBoxLayout:
        """Fields side by side under a title, and below them room for what is wrong with them."""
        row = QHBoxLayout()
        row.setSpacing(6)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(label(title, "muted"))
        column.addLayout(row)
        for name in fields:
            row.addWidget(self.fields[name])
            problem = label("", "danger", wrap=True)
            problem.hide()
            column.addWidget(problem)
            self._problems[name] = problem
        return column

    @property
    def texts(self) -> dict[str, str]:
        """What stands in the fields."""
        return {name: field.text() for name, field in self.fields.items()}

    def show_texts(self, texts: Mapping[str, str]) -> None:
        """Fills fields without telling."""
        for name, text in texts.items():
            self.fields[name].setText(text)

    def show_problems(self, sentences: Mapping[str, str]) -> None:
        """Says below a field why it cannot be read; the others are fine."""
        for name, problem in self._problems.items():
            sentence = sentences.get(name, "")
            problem.setText(sentence)
            problem.setVisible(bool(sentence))
            self.fields[name].flag(sentence)

    def show_choices(self, filters: Filters) -> None:
        """Shows what is chosen from lists: folder and tags; the boxes of the marks follow their actions."""
        self.clear_button.setVisible(filters != Filters())
        self.folder_button.show_choice(str(filters.folder or ""))
        self.tag_button.show_choice(", ".join(filters.tags))

    def problem_of(self, field: str) -> str:
        """The sentence below a field, empty where it can be read."""
        return self._problems[field].text()


class _Field(TextLine):
    """A field with an edge; Esc empties it, and is the window's own again once it is empty."""

    def __init__(self, prompt: str, name: str, tip: str) -> None:
        super().__init__()
        self._tip = tip
        self.setProperty("kind", "field")
        self.setMaxLength(_LONGEST)
        self.setPlaceholderText(prompt)
        self.setAccessibleName(name)
        self.setMinimumWidth(48)
        self.flag("")

    def flag(self, problem: str) -> None:
        """Draws the edge of what cannot be read, and says why."""
        self.setProperty("state", "wrong" if problem else "")
        self.setToolTip(plain_tip(problem or self._tip))
        self.setAccessibleDescription(problem or self._tip)
        restyle(self)

    @qt_override
    def event(self, event: QEvent) -> bool:
        """Keeps Esc from the window's shortcut while there is something to empty."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._empties(event):
            event.accept()
            return True
        return super().event(event)

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._empties(event):
            self.clear()
            self.textEdited.emit("")
        else:
            super().keyPressEvent(event)

    def _empties(self, event: QKeyEvent) -> bool:
        bare = event.modifiers() == Qt.KeyboardModifier.NoModifier
        return event.key() == Qt.Key.Key_Escape and bare and bool(self.text())


class _PickButton(IconPushButton):
    """Opens a list and shows what was chosen there, less its middle where there is no room."""

    def __init__(self, drawing: str, name: str, nothing: str) -> None:
        super().__init__(drawing, "", kind="pick")
        self._name, self._nothing, self._choice = name, nothing, ""

    def show_choice(self, choice: str) -> None:
        """Shows a choice; an empty one is none."""
        self._choice = choice
        self.setAccessibleName(f"{self._name}: {choice or self._nothing}")
        self._elide()

    @qt_override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        self.setText("")
        room = self.width() - self.minimumSizeHint().width()
        text = self._choice or self._nothing
        shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, max(room, 0))
        self.setText(plain_caption(shown))
