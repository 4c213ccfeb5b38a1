"""Groups of small widgets on one line, which scrolls sideways where there is no room for all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from app.overrides import qt_override
from app.widgets.controls import IconButton, settle

_GAP = 12  # between two groups
_EDGE = 24  # that stays in sight beside what was asked for


class OneLine(QWidget):
    """As high as its highest group, whatever is in it, so that what lies below never moves; hidden while empty.

    Args:
        name: Accessible name.
        groups: From left to right; each is as wide as it asks to be, and hidden while it has nothing to show.
    """

    def __init__(self, name: str, *groups: QWidget) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._groups = groups
        self._content = QWidget()
        content = QHBoxLayout(self._content)
        content.setContentsMargins(0, 0, 0, 0)
        content.setSpacing(_GAP)
        for group in groups:
            content.addWidget(group)
        content.addStretch(1)
        self._area = QScrollArea()
        self._area.setAccessibleName(f"{name}, line")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidgetResizable(True)
        for set_policy in (self._area.setHorizontalScrollBarPolicy, self._area.setVerticalScrollBarPolicy):
            set_policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._area.setWidget(self._content)
        self.before_button = IconButton("previous", "Show what is to the left", size=14)
        self.after_button = IconButton("next", "Show what is to the right", size=14)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.before_button)
        row.addWidget(self._area, 1)
        row.addWidget(self.after_button)
        for button, by in ((self.before_button, -1), (self.after_button, 1)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the Tab key walks over the chips themselves
            button.clicked.connect(lambda _checked=False, by=by: self._scroll(by * self._area.width() // 2))
        self._bar = self._area.horizontalScrollBar()
        self._bar.valueChanged.connect(self._offer)
        self._bar.rangeChanged.connect(self._offer)
        self._content.installEventFilter(self)
        self.settle()

    def settle(self) -> None:
        """The groups have other contents: takes their height now, or hides while there is nothing in them."""
        heights = [group.sizeHint().height() for group in self._groups]
        for group, height in zip(self._groups, heights, strict=True):
            group.setVisible(height > 0)
        for part in (self._area, self):
            part.setFixedHeight(max(heights))
        self.setVisible(any(heights))
        settle(self._content)
        self._offer()

    def reveal(self, widget: QWidget) -> None:
        """Scrolls until a widget of one of the groups is in sight."""
        settle(self._content)
        self._area.ensureWidgetVisible(widget, _EDGE, 0)

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._offer()
        return False

    @qt_override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._offer()

    @qt_override
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Either wheel moves the line sideways, as there is nothing above or below."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        self._scroll(-turned // 2)
        event.accept()

    def _scroll(self, by: int) -> None:
        self._bar.setValue(self._bar.value() + by)

    def _offer(self) -> None:
        """The arrows are there while something is out of sight, and can be used while it is on their side."""
        overflows = self._content.minimumSizeHint().width() > self.width()
        for button in (self.before_button, self.after_button):
            button.setVisible(overflows)
        self.before_button.setEnabled(self._bar.value() > self._bar.minimum())
        self.after_button.setEnabled(self._bar.value() < self._bar.maximum())
