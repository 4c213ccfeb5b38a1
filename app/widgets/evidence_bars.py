"""Signed bars that add up: what the whole image and every word add to a score, to a region's share, or to a lead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from app.models.numbers import DECIMALS, number_of
from app.overrides import qt_override
from app.plain_text import plain_tip, set_painted_text
from app.widgets.controls import bold_of, label, settle
from app.widgets.row_area import RowArea
from faami_core.explanation import ScoreParts
from faami_core.types import QueryWord

WHOLE_QUERY, WHOLE_IMAGE = "Whole query", "Whole image"
_HEIGHT = 24
_BAR = 8
_NAME_SHARE = 0.34  # of the width


class BarRow(QAbstractButton):
    """One part: name, bar from the zero line, number.

    Args:
        name: The word, "Whole query" or "Whole image".
        key: Digit that lights it; empty for none.
        meaning: What it is, for the tool tip.
        heading: Set in bold.
    """

    step_asked = Signal(int)

    def __init__(self, name: str, *, key: str = "", meaning: str = "", heading: bool = False) -> None:
        super().__init__()
        self._meaning, self._key = meaning, key
        self._value = 0.0
        self._span, self._decimals = (0.0, 1.0), DECIMALS
        set_painted_text(self, name)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        if heading:
            self.setFont(bold_of(self.font()))
        self.show_value(0.0, (0.0, 1.0))

    def show_value(self, value: float, span: tuple[float, float], decimals: int = DECIMALS) -> None:
        """Shows a number; ``span`` is the range of the whole chart."""
        self._value, self._span, self._decimals = value, span, decimals
        notes = [self._meaning, f"Key {self._key} lights it up." if self._key else ""]
        self.setToolTip(plain_tip("\n".join(filter(None, [f"{self.text()} {self.number}", *notes]))))
        self.setAccessibleName(f"{self.text()} {self.number}")
        self.setAccessibleDescription(self._meaning)
        self.update()

    @property
    def value(self) -> float:
        return self._value

    @property
    def number(self) -> str:
        """The value as on screen."""
        return number_of(self._value, self._decimals)

    @qt_override
    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    @qt_override
    def minimumSizeHint(self) -> QSize:
        return QSize(160, _HEIGHT)

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down belong to the chart, which steps from row to row."""
        by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self.step_asked.emit(by)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, metrics, role = self.palette(), self.fontMetrics(), QPalette.ColorRole
        inside = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isChecked() or self.hasFocus() or (self.underMouse() and self.isEnabled()):
            edge = role.Text if self.hasFocus() else role.Highlight
            painter.setPen(QPen(palette.color(edge), 2) if self.isChecked() or self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(role.AlternateBase))
            painter.drawRoundedRect(inside, 5, 5)
        name = QRectF(inside.left() + 7, 0, inside.width() * _NAME_SHARE - 7, self.height())
        number = QFontMetrics(bold_of(self.font())).horizontalAdvance("+0.00000") + 2  # bars of all rows line up
        painter.setPen(palette.color(role.Text))
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, int(name.width()))
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        tail = QRectF(inside.right() - 7 - number, 0, number, self.height())
        painter.drawText(tail, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.number)
        self._paint_bar(painter, QRectF(name.right() + 8, 0, tail.left() - name.right() - 16, self.height()))
        painter.end()

    def _paint_bar(self, painter: QPainter, area: QRectF) -> None:
        """Against the query: hollow, to the left of the zero line; told by side and filling, not by colour alone."""
        palette, role = self.palette(), QPalette.ColorRole
        low, high = min(self._span[0], 0.0), max(self._span[1], 0.0)
        unit = area.width() / ((high - low) or 1.0)
        zero = area.left() - low * unit
        painter.setPen(QPen(palette.color(role.Dark), 1))
        painter.drawLine(QPointF(zero, area.top() + 3), QPointF(zero, area.bottom() - 3))
        end = min(max(zero + self._value * unit, area.left()), area.right())
        bar = QRectF(min(zero, end), area.center().y() - _BAR / 2, abs(end - zero), _BAR)
        accent = palette.color(role.Link)
        painter.setPen(QPen(accent, 1.4) if self._value < 0 else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if self._value < 0 else accent)
        if bar.width() >= 0.5:
            painter.drawRoundedRect(bar, 2, 2)


class EvidenceBars(QWidget):
    """A row for the whole query, for each word that is looked for, and for the whole image.

    A click or the arrow keys tell ``word_chosen`` with None (the whole query) or the word's index; the whole image
    has no place in the image and cannot be lit.

    Args:
        name: Accessible name.
        narrow: Half of the room: "Query" and "Image" for short.
    """

    word_chosen = Signal(object)

    def __init__(self, name: str, *, narrow: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._whole_query, whole_image = ("Query", "Image") if narrow else (WHOLE_QUERY, WHOLE_IMAGE)
        self.heading = label("", "muted")
        self._rows: dict[int | None, BarRow] = {}
        self.whole_image = BarRow(whole_image, meaning="Likeness of the image as a whole; it has no place.")
        self.whole_image.setEnabled(False)
        self.whole_image.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._group = QButtonGroup(self)
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.whole_image)
        self._scroll = RowArea(f"{name}, list")
        self._scroll.setWidget(self._list)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(2)
        outer.addWidget(self.heading)
        outer.addWidget(self._scroll)
        self.show_words(())

    def show_words(self, words: Sequence[QueryWord]) -> None:
        """Makes the rows; the numbers come later."""
        for row in self._rows.values():
            self._group.removeButton(row)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows.clear()
        if words:
            self._add(None, BarRow(self._whole_query, key="0", meaning="All words together.", heading=True))
        for index, word in enumerate(words):
            if word.weight:
                key = str(index + 1) if index < 9 else ""
                seen = "" if word.known else "The model has never seen this word, so it finds nothing by it."
                self._add(index, BarRow(word.text, key=key, meaning=seen))
        rows = len(self._rows) + 1
        self._list.setMinimumHeight(rows * _HEIGHT)
        self._scroll.make_room(rows, _HEIGHT)

    def show_choice(self, word: int | None) -> None:
        """Lights a row without telling."""
        if word in self._rows:
            self._rows[word].setChecked(True)
            self._reveal()

    def show_parts(
        self, parts: ScoreParts, span: tuple[float, float], heading: str, decimals: int = DECIMALS
    ) -> None:
        """Shows numbers.

        Args:
            parts: Of the words of ``show_words``.
            span: Lowest and highest number of the chart, so that bars of one view can be compared.
            heading: What the bars add up to.
            decimals: Of the numbers; those of a whole image have as many as its score.
        """
        self.heading.setText(heading)
        for word, row in self._rows.items():
            row.show_value(parts.all_words if word is None else parts.words[word], span, decimals)
        self.whole_image.show_value(parts.whole_image, span, decimals)

    def chain_after(self, widget: QWidget) -> None:
        """Puts the rows, which are made anew for every query, behind ``widget`` in the order of the Tab key."""
        for before, after in pairwise((widget, *self._rows.values())):
            self.setTabOrder(before, after)

    def row(self, word: int | None) -> BarRow:
        """The row of a word, or of the whole query (None)."""
        return self._rows[word]

    @property
    def words(self) -> tuple[str, ...]:
        """Texts of the rows that can be lit, in order."""
        return tuple(row.text() for row in self._rows.values())

    @qt_override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._reveal()

    def _reveal(self) -> None:
        """Brings the lit row into sight."""
        lit = self._group.checkedButton()
        if lit is not None and self.isVisible():
            settle(self._list)
            self._scroll.ensureWidgetVisible(lit, 0, 0)

    def _step(self, word: int | None, by: int) -> None:
        """From a row to the next or previous one, which is lit."""
        stops = list(self._rows)
        target = stops[(stops.index(word) + by) % len(stops)]
        self._rows[target].setFocus(Qt.FocusReason.OtherFocusReason)
        if not self._rows[target].isChecked():
            self.word_chosen.emit(target)

    def _add(self, word: int | None, row: BarRow) -> None:
        row.clicked.connect(lambda _checked=False, word=word: self.word_chosen.emit(word))
        row.step_asked.connect(lambda by, word=word: self._step(word, by))
        self._group.addButton(row)
        self._column.insertWidget(self._column.count() - 1, row)
        self._rows[word] = row
