"""How the scores of a result are spread, with a line that cuts off the lower ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.overrides import qt_override

_HEIGHT = 56
_EDGE = 12
_BINS = 64
_GRIP = 9  # pixels; diameter of the handle


class ScoreHistogram(QWidget):
    """Bars from the lowest to the highest score; dragging the line, or the arrow keys, chooses how many are kept."""

    kept_changed = Signal(int)  # the best n hits

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Score histogram")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setToolTip("Drag the line to keep only the results at its right (Left and Right keys)")
        self._rising: tuple[float, ...] = ()
        self._bars = np.zeros(_BINS)
        self._kept = 0
        self.can_cut = True

    def show_scores(self, scores: Sequence[float]) -> None:
        """Shows the scores of a result, best first; all of them are kept.

        Results in another order cannot be cut by a line across the scores: ``can_cut`` tells.
        """
        self.can_cut = all(better >= worse for better, worse in pairwise(scores))
        self._rising = tuple(reversed(scores))
        counts = np.histogram(scores, bins=_BINS)[0] if scores else np.zeros(_BINS)
        # The square root keeps a handful of good hits visible beside hundreds of poor ones.
        self._bars = np.sqrt(counts / max(counts.max(), 1))
        self._kept = len(scores)
        self._describe()
        self.update()

    @property
    def kept(self) -> int:
        """How many hits lie at the right of the line."""
        return self._kept

    @property
    def summary(self) -> str:
        """ "132 of 500 at 0.314 or more"."""
        if not self._rising:
            return ""
        total = len(self._rising)
        if self._kept == total:
            return f"All {total:,} results"
        return f"{self._kept:,} of {total:,} at {self._rising[total - self._kept]:.3f} or more"

    def keep(self, count: int) -> None:
        """Moves the line so that the best ``count`` hits are kept, at least one; ties stay together."""
        total = len(self._rising)
        if not total:
            return
        lowest = self._rising[total - min(max(count, 1), total)]
        self._keep_from(lowest)

    @qt_override
    def sizeHint(self) -> QSize:
        return QSize(320, _HEIGHT)

    @qt_override
    def minimumSizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    @qt_override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    @qt_override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event)

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Right: -1, Qt.Key.Key_Left: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
        if event.key() in steps:
            self._step(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Home:
            self.keep(len(self._rising))
        else:
            super().keyPressEvent(event)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_ground(painter)
            if self._rising:
                self._paint_bars(painter)
                self._paint_line(painter)

    # --- inside --------------------------------------------------------------------------------------------

    def _drag(self, event: QMouseEvent) -> None:
        if self._rising:
            area = self._area()
            share = (event.position().x() - area.left()) / max(area.width(), 1)
            low, high = self._rising[0], self._rising[-1]
            self._keep_from(low + min(max(share, 0.0), 1.0) * (high - low))

    def _step(self, by: int) -> None:
        """Moves by hits; where several have the same score, over all of them."""
        before, count = self._kept, self._kept
        total = len(self._rising)
        while self._kept == before and 1 <= count + by <= total:
            count += by
            self.keep(count)

    def _keep_from(self, score: float) -> None:
        kept = max(len(self._rising) - bisect_right(self._rising, np.nextafter(score, -np.inf)), 1)
        if kept != self._kept:
            self._kept = kept
            self._describe()
            self.update()
            self.kept_changed.emit(kept)

    def _describe(self) -> None:
        self.setAccessibleDescription(self.summary)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_EDGE, self.fontMetrics().height() + 3 + _GRIP, -_EDGE, -5)

    def _paint_ground(self, painter: QPainter) -> None:
        role = QPalette.ColorRole
        edge = QPen(self.palette().color(role.Highlight if self.hasFocus() else role.Mid), 1 + self.hasFocus())
        painter.setPen(edge)
        painter.setBrush(self.palette().color(role.Base))
        inset = edge.widthF() / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)

    def _paint_bars(self, painter: QPainter) -> None:
        area, role = self._area(), QPalette.ColorRole
        step = area.width() / _BINS
        line = self._line_x()
        painter.setPen(Qt.PenStyle.NoPen)
        for place, height in enumerate(self._bars):
            if height:
                left = area.left() + place * step
                kept = left + step > line
                painter.setBrush(self.palette().color(role.PlaceholderText if kept else role.Mid))
                tall = max(height * area.height(), 1.5)
                painter.drawRect(QRectF(left, area.bottom() - tall, max(step - 1, 1), tall))

    def _paint_line(self, painter: QPainter) -> None:
        area, role = self._area(), QPalette.ColorRole
        x = self._line_x()
        painter.setPen(QPen(self.palette().color(role.Highlight), 2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setBrush(self.palette().color(role.Highlight))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(x, area.top()), _GRIP / 2, _GRIP / 2)
        text = QRectF(_EDGE, 2, self.width() - 2 * _EDGE, self.fontMetrics().height() + 2)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self.palette().color(role.Text))
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignLeft, self.summary)
        painter.setPen(self.palette().color(role.PlaceholderText))
        span = f"score {self._rising[0]:.3f} … {self._rising[-1]:.3f}".replace("-", "−")
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, span)

    def _line_x(self) -> float:
        area = self._area()
        low, high = self._rising[0], self._rising[-1]
        if self._kept == len(self._rising) or high <= low:
            return area.left()
        lowest_kept = self._rising[len(self._rising) - self._kept]
        return area.left() + (lowest_kept - low) / (high - low) * area.width()
