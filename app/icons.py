"""Icons: one-colour SVG drawings, painted in a colour of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from faami_core.config import resources_dir

_SIDES = (16, 20, 24, 32, 48, 64, 96, 128)  # pixels; covers 16–48 logical pixels up to a device ratio of 2


@lru_cache(maxsize=256)
def icon(name: str, colour: str) -> QIcon:
    """The drawing ``resources/icons/<name>.svg`` with ``currentColor`` replaced by a #rrggbb colour."""
    drawn = QIcon()
    for side in _SIDES:
        pixmap = icon_pixmap(name, colour, side)
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # Qt would tint the selected one
            drawn.addPixmap(pixmap, mode)
    return drawn


def icon_pixmap(name: str, colour: str, side: int) -> QPixmap:
    """The drawing as a square pixmap of ``side`` device pixels."""
    renderer = QSvgRenderer(QByteArray(_drawing(name).replace("currentColor", colour).encode()))
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    return pixmap


def app_icon() -> QIcon:
    """The icon of the application, in its own colours."""
    return icon("app", QColor(Qt.GlobalColor.white).name())


@lru_cache(maxsize=64)
def _drawing(name: str) -> str:
    return (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
