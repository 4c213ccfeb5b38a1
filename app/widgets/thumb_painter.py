"""The thumbs of a cell: the one that is given, and both to click on while the pointer is there."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from app.icons import icon
from app.models.thumbs import Thumb
from app.widgets.mark_painter import EDGE, ON_SCRIM, SCRIM, SIDE

_GAP = 4
THUMB_WIDTH = SIDE + _GAP  # what a thumb takes of the upper edge of the image
_GLYPH = 14
_DRAWINGS = {Thumb.UP: "thumb_up", Thumb.DOWN: "thumb_down"}


def thumb_spots(image: QRect) -> dict[Thumb, QRect]:
    """Where the thumbs lie on an image: up in the corner at the top right, down below it."""
    corner = QRect(image.right() + 1 - EDGE - SIDE, image.top() + EDGE, SIDE, SIDE)
    return {Thumb.UP: corner, Thumb.DOWN: corner.translated(0, SIDE + _GAP)}


def paint_thumbs(painter: QPainter, given: Thumb | None, image: QRect, *, hovered: bool) -> None:
    """The given thumb dark on white; under the pointer the other one, too, white on the scrim."""
    for thumb, spot in thumb_spots(image).items():
        if thumb is given or hovered:
            ground, glyph = (ON_SCRIM, SCRIM) if thumb is given else (SCRIM, ON_SCRIM)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawEllipse(spot)
            inside = QRect(0, 0, _GLYPH, _GLYPH)
            inside.moveCenter(spot.center())
            icon(_DRAWINGS[thumb], glyph.name()).paint(painter, inside)
