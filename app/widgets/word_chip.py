"""One word of the query as a chip with a bar; the query bar and the inspector show the same thing."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from app.overrides import qt_override
from app.plain_text import plain_tip, set_painted_text

_HEIGHT = 30
_BAR = 3
_PADDING = 9
_WIDEST = 220


class WordChip(QAbstractButton):
    """A toggle button: word, number, and a bar whose length is the number.

    Args:
        text: The word.
        key: Digit that selects it; empty for none.
        known: False flags a word the model has never seen.
        looked_for: False greys out a word without a place in an image ("beside", "the").
    """

    def __init__(self, text: str, *, key: str = "", known: bool = True, looked_for: bool = True) -> None:
        super().__init__()
        self._key = key if looked_for else ""
        self._known = known or not looked_for
        self._looked_for = looked_for
        self._bar = 0.0
        self._number = ""
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew when the mouse comes or goes
        set_painted_text(self, text)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if looked_for:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setEnabled(looked_for)
        self._describe("")

    def show_strength(self, bar: float, number: str, meaning: str) -> None:
        """Shows a number and its bar.

        Args:
            bar: Length in [0, 1].
            number: As text on the chip; empty for none.
            meaning: What the number says, for the tool tip.
        """
        self._bar = min(max(bar, 0.0), 1.0)
        self._number = number if self._looked_for else ""
        self._describe(meaning)
        self.updateGeometry()
        self.update()

    @property
    def bar(self) -> float:
        return self._bar

    @property
    def is_known(self) -> bool:
        return self._known

    @qt_override
    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        word = min(metrics.horizontalAdvance(self.text()), _WIDEST)
        number = metrics.horizontalAdvance(self._number) + 8 if self._number else 0
        warning = 0 if self._known else metrics.horizontalAdvance("unknown") + 8
        return QSize(word + number + warning + 2 * _PADDING + 2, _HEIGHT)

    @qt_override
    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 64), _HEIGHT)

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows belong to the strip, which lights the next word; a button would only move the focus."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.ignore()
        else:
            super().keyPressEvent(event)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_ground(painter)
            self._paint_text(painter)
            self._paint_bar(painter)

    def _paint_ground(self, painter: QPainter) -> None:
        palette = self.palette()
        role = QPalette.ColorRole
        fill = palette.color(role.Midlight if self.underMouse() and self.isEnabled() else role.AlternateBase)
        edge = QPen(palette.color(role.Mid), 1)
        if self.isChecked():
            edge = QPen(palette.color(role.Highlight), 2)
        if not self._known:
            edge = QPen(palette.color(role.LinkVisited), 1, Qt.PenStyle.DashLine)
        if self.hasFocus():
            edge = QPen(palette.color(role.Text), 2)
        painter.setPen(edge)
        painter.setBrush(fill)
        inset = edge.widthF() / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 7, 7)

    def _paint_text(self, painter: QPainter) -> None:
        palette, metrics = self.palette(), self.fontMetrics()
        role = QPalette.ColorRole
        muted = palette.color(role.PlaceholderText)
        area = QRectF(self.rect()).adjusted(_PADDING, 1, -_PADDING, -_BAR - 4)
        tail = self._number if self._known else f"unknown  {self._number}".strip()
        tail_width = metrics.horizontalAdvance(tail) + 8 if tail else 0
        painter.setPen(palette.color(role.Text) if self.isEnabled() else muted)
        word = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, int(area.width() - tail_width + 1))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word)
        painter.setPen(palette.color(role.LinkVisited) if not self._known else muted)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, tail)

    def _paint_bar(self, painter: QPainter) -> None:
        if not self._looked_for:
            return
        left, right, y = _PADDING, self.width() - _PADDING, self.height() - _BAR / 2 - 4
        pen = QPen(self.palette().color(QPalette.ColorRole.Mid), _BAR)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        if self._bar > 0:
            pen.setColor(QColor(self.palette().color(QPalette.ColorRole.Highlight)))
            painter.setPen(pen)
            painter.drawLine(QPointF(left, y), QPointF(left + (right - left) * self._bar, y))

    def _describe(self, meaning: str) -> None:
        notes = [meaning] if meaning and self._looked_for else []
        if not self._looked_for:
            notes.append("Read as part of the sentence, but not looked for: it has no place in an image.")
        if not self._known:
            notes.append("The model has never seen this word, so it finds nothing by it.")
        if self._key:
            notes.append(f"Key {self._key} lights it up.")
        self.setToolTip(plain_tip("\n".join([self.text(), *notes])))
        self.setAccessibleName(f"{self.text()} {self._number}".strip() + ("" if self._known else ", unknown word"))
        self.setAccessibleDescription(" ".join(notes))
