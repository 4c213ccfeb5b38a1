"""A plot area on which a drag moves the picture, or draws a rectangle on it."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseDragEvent
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtWidgets import QGraphicsRectItem

from app.overrides import qt_override


class DrawingBox(pg.ViewBox):
    """Draws with Shift held down, or once after ``is_drawing`` was set."""

    drawn = Signal(QRectF)  # in the coordinates of the picture

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0.0)
        self.is_drawing = False
        self.frame = QGraphicsRectItem()
        self.frame.hide()
        self._draws = False  # the drag that is going on

    @qt_override
    def mouseDragEvent(self, event: MouseDragEvent, axis: int | None = None) -> None:
        if event.isStart():
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._draws = event.button() == Qt.MouseButton.LeftButton and (self.is_drawing or shift)
        if not self._draws:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        area = QRectF(self.mapToView(event.buttonDownPos()), self.mapToView(event.pos())).normalized()
        self.frame.setRect(area)
        self.frame.setVisible(not event.isFinish())
        if event.isFinish():
            self._draws = False
            self.drawn.emit(area)
