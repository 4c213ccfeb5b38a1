"""Notices: what happened and what to do next, in the window and out of the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Literal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app.widgets.controls import IconButton, IconLabel, label, restyle

NoticeKind = Literal["info", "warning", "error"]

_LOOKS = {
    "info": ("info", QPalette.ColorRole.Link),
    "warning": ("warning", QPalette.ColorRole.LinkVisited),
    "error": ("error", QPalette.ColorRole.BrightText),
}


PASSING_MS = 12_000  # long enough to read two sentences and to reach for the button


class Topic(StrEnum):
    """What a notice is about. The next success of a topic withdraws its notice."""

    CHANGES = auto()
    COLLECTION = auto()
    CRASH = auto()
    DATA_FOLDER = auto()
    DUPLICATES = auto()
    EXPORT = auto()
    FILE_MARKS = auto()
    FURTHER = auto()
    INDEXING = auto()
    MARKS_READ = auto()
    MARKS_WRITTEN = auto()
    MODEL = auto()
    OPEN_FILE = auto()
    QUERY = auto()  # how it is read
    RESULTS_FILE = auto()
    SEARCH = auto()
    TAGS = auto()
    UNDO = auto()


@dataclass(frozen=True)
class Notice:
    """One notice.

    Attributes:
        kind: Decides icon and colour.
        message: What happened, one sentence.
        next_step: What can be done, one sentence.
        topic: What it is about.
        action: Name handed to ``action_asked`` by the button.
        label_of_action: Text of the button; empty for none.
        passing: Tells of something that is done, and goes by itself.
    """

    kind: NoticeKind
    message: str
    next_step: str
    topic: Topic
    action: str = ""
    label_of_action: str = ""
    passing: bool = False

    @property
    def text(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class NoticeBar(QFrame):
    """Shows the newest notice. One that it covers comes back when it goes, unless that was a passing one."""

    shown = Signal(str, str)  # kind, all of the text
    action_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setAccessibleName("Notice")
        self._notices: dict[Topic, Notice] = {}  # the newest last
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(PASSING_MS)
        self._clock.timeout.connect(self._pass)
        self._icon = IconLabel("info", size=20)
        self.message = label("", "heading", wrap=True)
        self.next_step = label("", "muted", wrap=True)
        self.button = QPushButton()
        self.button.setAccessibleName("No action")
        self.button.clicked.connect(self._ask_action)
        self.close_button = IconButton("close", "Dismiss this notice", size=16)
        self.close_button.clicked.connect(self.withdraw)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self.message)
        text.addWidget(self.next_step)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addLayout(text, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self.hide()

    def show_notice(
        self,
        kind: NoticeKind,
        message: str,
        next_step: str = "",
        *,
        topic: Topic,
        action: str = "",
        label_of_action: str = "",
        passing: bool = False,
    ) -> None:
        """Shows a notice in place of an older one of its topic; the arguments are those of ``Notice``."""
        notice = Notice(kind, message, next_step, topic, action, label_of_action, passing)
        self._notices.pop(topic, None)
        self._notices = {about: other for about, other in self._notices.items() if not other.passing}
        self._notices[topic] = notice
        self._show_newest()
        self.shown.emit(kind, notice.text)

    @property
    def is_pressing(self) -> bool:
        """Whether an error or a warning is up, which nothing of less weight may push away."""
        return any(notice.kind != "info" for notice in self._notices.values())

    def dismiss(self, *topics: Topic) -> None:
        """Withdraws notices that are no longer true; a notice about something else stays."""
        left = {topic: notice for topic, notice in self._notices.items() if topic not in topics}
        if left != self._notices:
            self._notices = left
            self._show_newest()

    def withdraw(self) -> bool:
        """Takes the notice on screen away. Returns whether there was one."""
        if self._notices:
            self._notices.popitem()
            self._show_newest()
            return True
        return False

    # --- inside --------------------------------------------------------------------------------------------

    def _show_newest(self) -> None:
        self._clock.stop()
        if not self._notices:
            self.hide()
            return
        notice = next(reversed(self._notices.values()))
        drawing, role = _LOOKS[notice.kind]
        self._icon.show_drawing(drawing, role)
        _show(self.message, notice.message)
        _show(self.next_step, notice.next_step)
        self.button.setText(notice.label_of_action)
        self.button.setAccessibleName(notice.label_of_action or "No action")
        self.button.setVisible(bool(notice.label_of_action))
        self.setProperty("kind", notice.kind)
        restyle(self)
        self.setAccessibleDescription(notice.text)
        self.show()
        if notice.passing:
            self._clock.start()

    def _ask_action(self) -> None:
        """What the button offers is taken up, so the notice has done its work."""
        action = next(reversed(self._notices.values())).action
        self.withdraw()
        self.action_asked.emit(action)

    def _pass(self) -> None:
        """A passing notice stays while the pointer is on it."""
        if self.underMouse():
            self._clock.start()
        else:
            self.withdraw()


def _show(line: QLabel, text: str) -> None:
    line.setText(text)
    line.setVisible(bool(text))
