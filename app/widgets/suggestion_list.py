"""What the query line could go on with, under the line while it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout

from app.icons import icon
from app.models.suggestions import Suggestion
from app.overrides import qt_override
from app.widgets.selecting import make_current

_EDGE, _ROW, _WIDTH = 6, 30, 480
_DRAWINGS = {"word": "search", "recent": "recent", "saved": "star"}
_SPOKEN = {"word": "word", "recent": "asked before", "saved": "saved query"}


class SuggestionList(QFrame):
    """Opens under a line of text; Down goes into it, Enter or a click takes, Esc closes.

    Args:
        text: The line; it keeps the keyboard.
    """

    taken = Signal(object)  # Suggestion

    def __init__(self, text: QLineEdit) -> None:
        super().__init__(text)
        self.setObjectName("quickList")
        self.setAccessibleName("Suggestions")
        self._text = text
        self._suggestions: Sequence[Suggestion] = ()
        self.list = QListWidget()
        self.list.setAccessibleName("Suggestions for the query")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setIconSize(QSize(16, 16))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(lambda _item: self._take())
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGE, _EDGE, _EDGE, _EDGE)
        column.addWidget(self.list)
        text.installEventFilter(self)
        self.hide()

    def offer(self, suggestions: Sequence[Suggestion]) -> None:
        """Shows suggestions, none of them chosen; hides where there are none."""
        self._suggestions = suggestions
        self.list.clear()
        muted = QColor(self.palette().color(QPalette.ColorRole.PlaceholderText)).name()
        for suggestion in suggestions:
            item = QListWidgetItem(icon(_DRAWINGS[suggestion.kind], muted), suggestion.text)
            item.setSizeHint(QSize(0, _ROW))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{suggestion.text}, {_SPOKEN[suggestion.kind]}")
            self.list.addItem(item)
        self._choose(-1)
        if not suggestions:
            self.hide()
            return
        window = self._text.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        spot = self._text.mapTo(window, QPoint(0, self._text.height() + _EDGE))
        self.setGeometry(spot.x(), spot.y(), min(_WIDTH, self._text.width()), len(suggestions) * _ROW + 2 * _EDGE + 4)
        self.show()
        self.raise_()

    @property
    def shown(self) -> tuple[str, ...]:
        """Texts of the suggestions on screen."""
        return tuple(suggestion.text for suggestion in self._suggestions) if self.isVisible() else ()

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.isHidden():
            return False
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif isinstance(event, QKeyEvent) and self._is_ours(Qt.Key(event.key())):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # or Esc would clear the query
            elif event.type() == QEvent.Type.KeyPress:
                self._press(Qt.Key(event.key()))
            return True
        return False

    def _is_ours(self, key: Qt.Key) -> bool:
        chosen = self.list.currentRow() >= 0
        return key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Escape) or (
            chosen and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
        )

    def _press(self, key: Qt.Key) -> None:
        if key == Qt.Key.Key_Escape:
            self.hide()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            # Round and round, with the line itself (-1) between the last and the first.
            step, stops = (1 if key == Qt.Key.Key_Down else -1), len(self._suggestions) + 1
            self._choose((self.list.currentRow() + 1 + step) % stops - 1)
        else:
            self._take()

    def _choose(self, row: int) -> None:
        make_current(self.list, self.list.model().index(row, 0))

    def _take(self) -> None:
        suggestion = self._suggestions[self.list.currentRow()]
        self.hide()
        self.taken.emit(suggestion)
