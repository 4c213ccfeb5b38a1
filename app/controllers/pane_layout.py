"""Which panes are shown, and how wide: what a screen has no room for folds away, and comes back with the room."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter, QWidget

from app.overrides import qt_override
from app.settings import Settings

DEFAULT_SIZE = QSize(1440, 900)
_SMALLEST = QSize(720, 520)
_FRAME = QSize(16, 40)  # logical pixels that the desktop adds at most: edges and title bar
_SIDE_WIDTH = 216

SIDE, INSPECTOR, HISTOGRAM = PANES = ("side_panel", "inspector", "histogram")
# Logical pixels of the panes together, below which one of them folds away: the results come first.
_WIDTH_FOR = {SIDE: 1180, INSPECTOR: 900}
_HEIGHT_FOR = {HISTOGRAM: 600}  # of two rows of results below it


class PaneLayout(QObject):
    """Turns the switches of the panes with the room there is.

    Args:
        settings: What the analyst wants, whatever there is room for.
        splitter: Holds side panel, results and inspector.
        switches: The checkable action of each pane; what is checked is shown.
    """

    changed = Signal()

    def __init__(self, settings: Settings, splitter: QSplitter, switches: Mapping[str, QAction]) -> None:
        super().__init__()
        self._settings = settings
        self._splitter = splitter
        self._switches = {name: switches[name] for name in PANES}
        self._folded: set[str] = set()  # for want of room
        self._cramped: set[str] = set()
        for name, switch in self._switches.items():
            switch.setChecked(bool(getattr(settings, name)))
        splitter.installEventFilter(self)

    def take_choice(self, name: str) -> None:
        """The analyst has turned a switch: it is remembered, and in a narrow window the other pane makes way."""
        shown = self._switches[name].isChecked()
        setattr(self._settings, name, shown)
        self._folded.discard(name)
        other = {SIDE: INSPECTOR, INSPECTOR: SIDE}.get(name)
        if shown and other is not None and not self._holds_all():
            self._fold(other)
        self.changed.emit()

    def show_panes(self, side: QWidget, inspector: QWidget, *, has_side: bool, has_images: bool) -> None:
        """Shows the panes whose switch is on.

        Args:
            side: Side panel.
            inspector: Inspector.
            has_side: Whether there is anything to show in the side panel.
            has_images: Whether there is anything to inspect.
        """
        shown = (has_side and self._switches[SIDE].isChecked(), has_images and self._switches[INSPECTOR].isChecked())
        before = (side.isHidden(), inspector.isHidden())
        side.setVisible(shown[0])
        inspector.setVisible(shown[1])
        if before != (not shown[0], not shown[1]):
            self._splitter.setSizes(self._widths(*shown))

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._follow_room()
        return False

    def _follow_room(self) -> None:
        """Folds what has just become too much, unfolds what has room again; what was shown by hand stays."""
        size = self._splitter.size()
        cramped = {name for name, width in _WIDTH_FOR.items() if size.width() < width}
        cramped |= {name for name, height in _HEIGHT_FOR.items() if size.height() < height}
        if cramped == self._cramped:
            return
        newly, roomy = cramped - self._cramped, self._folded - cramped
        self._cramped = cramped
        for name in newly:
            self._fold(name)
        for name in roomy:
            self._folded.discard(name)
            self._switches[name].setChecked(True)
        self.changed.emit()

    def _holds_all(self) -> bool:
        """Whether all panes side by side, each at its narrowest, have room."""
        panes = [
            pane for place in range(self._splitter.count()) if (pane := self._splitter.widget(place)) is not None
        ]
        narrowest: int = sum(pane.minimumWidth() for pane in panes)
        return narrowest + self._splitter.handleWidth() * (len(panes) - 1) <= self._splitter.width()

    def _fold(self, name: str) -> None:
        if self._switches[name].isChecked():
            self._folded.add(name)
            self._switches[name].setChecked(False)

    def _widths(self, has_side: bool, has_inspector: bool) -> list[int]:
        """Widths of the panes as they were left, or before anyone has moved them: the inspector under a third."""
        width = self._splitter.width()
        side, _, inspector = self._settings.split or (_SIDE_WIDTH, 0, max(400, round(0.29 * width)))
        return [side, max(width - side * has_side - inspector * has_inspector, 1), inspector]


def fit_to_screen(window: QWidget, size: QSize | None = None) -> None:
    """Makes a window no larger than its screen has room for, and lets it become as small as that.

    Args:
        window: A window, not shown yet or on its screen.
        size: It is to have where there is room; its own if left out.
    """
    free = window.screen().availableGeometry()
    room = free.size() - _FRAME
    window.setMinimumSize(_SMALLEST.boundedTo(room))
    window.resize((size or window.size()).boundedTo(room))
    if size is None:  # its place was restored, perhaps from a larger screen
        window.move(_inside(window.geometry(), free).topLeft())


def _inside(place: QRect, free: QRect) -> QRect:
    """A rectangle moved, not resized, so that it lies in another one."""
    moved = QRect(place)
    moved.moveRight(min(moved.right(), free.right()))
    moved.moveBottom(min(moved.bottom(), free.bottom()))
    moved.moveLeft(max(moved.left(), free.left()))
    moved.moveTop(max(moved.top(), free.top()))
    return moved
