"""The colour bar: which tint means which number, on the scale that all results share."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.colormap import COLOUR_MAPS, ColourMap, colour_table, to_image
from app.models.numbers import decimals_for, plain_number
from app.overrides import qt_override
from app.plain_text import plain_tip
from faami_core.types import MapKind

_BAR = 12
_NOTE = "one scale for all results"
_SUMS: dict[MapKind, str] = {
    "evidence": "The regions of an image add up to what its bar tells.",
    "attention": "The regions of an image add up to 1.",
}
_GROUND = QColor(96, 104, 96)  # a mid tone like most imagery, so that the bar looks as the tint does


class Legend(QWidget):
    """A horizontal colour bar from 0 to the limit with three ticks."""

    def __init__(self) -> None:
        super().__init__()
        self._limit = 1.0
        self._opacity = 1.0
        self._title = ""
        self._colours = COLOUR_MAPS[0]
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_scale("Evidence", 1.0, 1.0)

    def show_scale(
        self,
        title: str,
        limit: float,
        opacity: float,
        colours: ColourMap = COLOUR_MAPS[0],
        *,
        note: str = _NOTE,
        kind: MapKind = "evidence",
    ) -> None:
        """Shows what the colours stand for.

        Args:
            title: What is measured.
            limit: Number at the right end, not 0: what such a region adds to the score, or its share of attention.
            opacity: Of the heatmap, in [0, 1].
            colours: Name of the colour map.
            note: What shares the scale.
            kind: What is measured, for the tool tip.
        """
        self._title, self._limit, self._opacity, self._colours = title, limit, opacity, colours
        self._note = note
        self.setAccessibleName(f"Legend: {title}, from 0 to {_tick(limit)}, {note}")
        tip = f"{title}: {note}, so the same value has the same colour everywhere.\n{_SUMS[kind]}"
        self.setToolTip(plain_tip(tip))
        self.update()

    @property
    def limit(self) -> float:
        return self._limit

    @qt_override
    def sizeHint(self) -> QSize:
        return QSize(240, 2 * self.fontMetrics().height() + _BAR + 8)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_legend(
            painter,
            QRectF(self.rect()),
            self._title,
            self._limit,
            self._opacity,
            self._colours,
            text=self.palette().color(QPalette.ColorRole.Text),
            muted=self.palette().color(QPalette.ColorRole.PlaceholderText),
            note=self._note,
        )
        painter.end()


def paint_legend(
    painter: QPainter,
    area: QRectF,
    title: str,
    limit: float,
    opacity: float,
    colours: ColourMap,
    *,
    text: QColor,
    muted: QColor,
    note: str = _NOTE,
) -> None:
    """Paints title, bar and ticks into an area; the exported overlay uses it too."""
    height = painter.fontMetrics().height()
    painter.setPen(text)
    metrics, head = painter.fontMetrics(), QRectF(area.left(), area.top(), area.width(), height)
    shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, int(area.width()))
    painter.drawText(head, Qt.AlignmentFlag.AlignLeft, shown)
    if metrics.horizontalAdvance(f"{title}    {note}") <= area.width():
        painter.setPen(muted)
        painter.drawText(head, Qt.AlignmentFlag.AlignRight, note)
    bar = QRectF(area.left(), area.top() + height + 3, area.width(), _BAR)
    painter.fillRect(bar, _GROUND)
    painter.setOpacity(opacity)
    painter.drawImage(bar, to_image(colour_table(colours)[None, :, :]))
    painter.setOpacity(1.0)
    painter.setPen(muted)
    ticks = QRectF(bar.left(), bar.bottom() + 3, bar.width(), height)
    for share, align in ((0.0, "AlignLeft"), (0.5, "AlignHCenter"), (1.0, "AlignRight")):
        number = "0" if share == 0 else plain_number(limit * share, decimals_for(limit))
        painter.drawText(ticks, Qt.AlignmentFlag[align], number)


def _tick(limit: float) -> str:
    """The number at the right end."""
    return plain_number(limit, decimals_for(limit))
