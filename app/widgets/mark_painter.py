"""Draws the analyst's mark and tags onto a cell of the grid."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from faami_core.queries import Annotation, Mark

SCRIM = QColor(10, 11, 13, 190)  # white text on it has a contrast of 8:1 even over a white roof
ON_SCRIM = QColor(255, 255, 255)
REJECTED_OPACITY = 0.35

SIDE = 22  # of a mark
EDGE = 6  # between a mark and the edge of the image


def paint_note(painter: QPainter, note: Annotation, image: QRect, *, taken: int = 0) -> None:
    """A tick or a cross at the top left of the image, the tags at its top right, but for ``taken`` pixels."""
    if note.mark is not Mark.UNMARKED:
        _paint_mark(painter, note.mark, QRectF(image.left() + EDGE, image.top() + EDGE, SIDE, SIDE))
    if note.tags:
        _paint_tags(painter, note.tags, image.adjusted(2 * EDGE + SIDE, EDGE, -EDGE - taken, 0))


def _paint_mark(painter: QPainter, mark: Mark, spot: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(SCRIM)
    painter.drawEllipse(spot)
    pen = QPen(ON_SCRIM, 2.2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    centre = spot.center()
    if mark is Mark.ACCEPTED:
        painter.drawPolyline([centre + QPointF(-5, 0), centre + QPointF(-1.5, 4), centre + QPointF(5.5, -4)])
    else:
        painter.drawLine(centre + QPointF(-4, -4), centre + QPointF(4, 4))
        painter.drawLine(centre + QPointF(-4, 4), centre + QPointF(4, -4))


def _paint_tags(painter: QPainter, tags: tuple[str, ...], room: QRect) -> None:
    metrics = painter.fontMetrics()
    text = tags[0] if len(tags) == 1 else f"{tags[0]} +{len(tags) - 1}"
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width() - 14)
    width = metrics.horizontalAdvance(text) + 14
    pill = QRectF(room.right() + 1 - width, room.top(), width, SIDE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(SCRIM)
    painter.drawRoundedRect(pill, 5, 5)
    painter.setPen(ON_SCRIM)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
