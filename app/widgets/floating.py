"""What lies over another widget instead of pushing it away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from app.overrides import qt_override

_MARGIN, _WIDEST = 12, 720


class Floating(QObject):
    """Keeps a widget at the bottom of another one, in the middle, as high as its text asks for.

    Args:
        widget: What floats; it may have been hidden before, and then stays so.
        ground: What it lies over.
    """

    def __init__(self, widget: QWidget, ground: QWidget) -> None:
        super().__init__(widget)
        self._widget, self._ground = widget, ground
        widget.setParent(ground)
        widget.hide()
        for watched in (widget, ground):
            watched.installEventFilter(self)

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        own = event.type() in (QEvent.Type.Show, QEvent.Type.LayoutRequest)
        if (own and watched is self._widget) or (event.type() == QEvent.Type.Resize and watched is self._ground):
            self._place()
        return False

    def _place(self) -> None:
        """At a width that leaves the ground its edges, and the height of the text at that width."""
        widget, ground = self._widget, self._ground
        widget.ensurePolished()
        width = min(ground.width() - 2 * _MARGIN, _WIDEST)
        height = widget.heightForWidth(width) if widget.hasHeightForWidth() else widget.sizeHint().height()
        height = max(height, widget.minimumSizeHint().height())
        widget.setGeometry((ground.width() - width) // 2, ground.height() - height - _MARGIN, width, height)
        widget.raise_()
