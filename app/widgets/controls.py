"""Small controls that several widgets are built from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from app.icons import icon, icon_pixmap
from app.overrides import qt_override
from app.plain_text import PlainLabel, plain_tip

PART_DOT = "  ·  "  # between the parts of a line
_BOX = 16  # pixels of a side of a check box
_ARROW = 14  # of a list to choose from
_MOST_CHOICES = 24  # in sight; more scroll
_RECOLOUR = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.EnabledChange)


class _Recoloured:
    """Mixed into a widget that shows a drawing in a colour of the theme: paints it anew when the theme changes."""

    _drawing = ""
    _role = QPalette.ColorRole.Text

    @qt_override
    def changeEvent(self: Any, event: QEvent) -> None:
        super().changeEvent(event)  # type: ignore[misc]  # of the widget that this is mixed into
        if event.type() in _RECOLOUR:
            self._paint_icon()

    def _paint_icon(self: Any) -> None:
        self.setIcon(icon(self._drawing, self.palette().color(self._role).name()))


class IconButton(_Recoloured, QToolButton):
    """A flat button with an icon in the colour of the theme; ``name`` is its tool tip and its accessible name."""

    def __init__(self, drawing: str, name: str, *, size: int = 18) -> None:
        super().__init__()
        self._drawing = drawing
        self.setProperty("kind", "plain")
        self.setIconSize(QSize(size, size))
        self.setToolTip(plain_tip(name))
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._paint_icon()


class IconPushButton(_Recoloured, QPushButton):
    """A push button with a label and an icon in the colour of its text."""

    def __init__(self, drawing: str, text: str, *, kind: str = "", name: str = "") -> None:
        super().__init__(text)
        self._drawing = drawing
        if kind == "primary":
            self._role = QPalette.ColorRole.HighlightedText
        self.setProperty("kind", kind)
        self.setAccessibleName(name or text)
        self.setIconSize(QSize(18, 18))
        self._paint_icon()


class IconLabel(_Recoloured, QLabel):
    """An icon that is not a button."""

    def __init__(self, drawing: str, *, size: int = 18, role: QPalette.ColorRole | None = None) -> None:
        super().__init__()
        self._drawing, self._size = drawing, size
        self._role = role or QPalette.ColorRole.PlaceholderText
        self.setFixedSize(size, size)
        self._paint_icon()

    def show_drawing(self, drawing: str, role: QPalette.ColorRole) -> None:
        """Shows another drawing."""
        self._drawing, self._role = drawing, role
        self._paint_icon()

    def _paint_icon(self) -> None:
        ratio = self.devicePixelRatioF()
        pixmap = icon_pixmap(self._drawing, self.palette().color(self._role).name(), round(self._size * ratio))
        pixmap.setDevicePixelRatio(ratio)
        self.setPixmap(pixmap)


class Segmented(QWidget):
    """Joined buttons of which exactly one is down.

    Args:
        name: Accessible name of the group.
        choices: (value, label, tool tip) from left to right.
    """

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for place, (value, label, tip) in enumerate(choices):
            button = QPushButton(label)
            button.setCheckable(True)
            button.setAutoDefault(False)  # in a dialog, Enter does what the dialog is for
            end = "first" if place == 0 else "last" if place == len(choices) - 1 else "middle"
            button.setProperty("segment", end)
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)  # never cut a label
            button.setToolTip(plain_tip(tip))
            button.setAccessibleName(f"{name}: {label}")
            button.setAccessibleDescription(tip)
            button.clicked.connect(lambda _checked=False, value=value: self.chosen.emit(value))
            self._group.addButton(button)
            self._buttons[value] = button
            row.addWidget(button)
        self.show_choice(choices[0][0])

    def show_choice(self, value: str) -> None:
        """Presses a button without telling."""
        self._buttons[value].setChecked(True)

    def button(self, value: str) -> QPushButton:
        return self._buttons[value]


class CheckBox(QCheckBox):
    """A box whose edge is seen in both themes; a click anywhere in its row turns it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setAccessibleName(text)

    @qt_override
    def sizeHint(self) -> QSize:
        return QSize(_BOX + 10 + self.fontMetrics().horizontalAdvance(self.text()), max(_BOX + 8, 24))

    @qt_override
    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        palette, role = self.palette(), QPalette.ColorRole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(2, (self.height() - _BOX) / 2, _BOX, _BOX)
        on, focused = self.isChecked(), self.hasFocus()
        painter.setBrush(palette.color(role.Highlight if on else role.Midlight if self.underMouse() else role.Base))
        painter.setPen(QPen(palette.color(role.Highlight if on or focused else role.Dark), 2 if focused else 1))
        painter.drawRoundedRect(box, 4, 4)
        if on:
            pen = QPen(palette.color(role.HighlightedText), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPolyline([box.topLeft() + QPointF(x, y) for x, y in ((4, 8), (7, 11), (12, 5))])
        painter.setPen(palette.color(role.Text if self.isEnabled() else role.PlaceholderText))
        text = QRectF(self.rect()).adjusted(_BOX + 10, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if focused and on:  # the edge alone would not tell the focus from the tick
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(role.Text), 1))
            painter.drawRoundedRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), 5, 5)
        painter.end()


class ElidedLabel(PlainLabel):
    """One line that loses its middle when there is no room; the tool tip holds all of it."""

    def __init__(self, text: str = "", *, mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle) -> None:
        super().__init__()
        self._mode = mode
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(24)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        self._full = text
        self.setToolTip(plain_tip(text))
        self.setAccessibleName(text)
        self._elide()

    @property
    def full_text(self) -> str:
        return self._full

    @qt_override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._full, self._mode, self.width()))


class PartsLabel(ElidedLabel):
    """One line of parts with dots between them; where there is no room the last ones are left out as a whole."""

    def __init__(self) -> None:
        super().__init__(mode=Qt.TextElideMode.ElideRight)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(0)  # the hint below counts

    def show_text(self, text: str) -> None:
        super().show_text(text)
        self.updateGeometry()

    @qt_override
    def sizeHint(self) -> QSize:
        """Room for all parts, whatever is shown of them now."""
        return self._room_for(self.full_text)

    @qt_override
    def minimumSizeHint(self) -> QSize:
        """Room for the first part."""
        return self._room_for(self.full_text.partition(PART_DOT)[0])

    def _room_for(self, text: str) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(text) + 1, self.fontMetrics().height())

    def _elide(self) -> None:
        parts = self.full_text.split(PART_DOT)
        while len(parts) > 1 and self.fontMetrics().horizontalAdvance(PART_DOT.join(parts)) > self.width():
            parts.pop()
        self.setText(self.fontMetrics().elidedText(PART_DOT.join(parts), self._mode, self.width()))


class ChoiceBox(QComboBox):
    """A list to choose from, with an arrow in the colours of the theme; a choice too long for it ends in dots."""

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(QStyledItemDelegate(self))  # Qt's own does not read the style sheet
        self.setMaxVisibleItems(_MOST_CHOICES)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        option, control = QStyleOptionComboBox(), QStyle.ComplexControl.CC_ComboBox
        self.initStyleOption(option)
        text = self.style().subControlRect(control, option, QStyle.SubControl.SC_ComboBoxEditField, self)
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, text.width()
        )
        colour = self.palette().color(QPalette.ColorRole.PlaceholderText).name()
        spot = QRect(self.width() - _ARROW - 7, (self.height() - _ARROW) // 2, _ARROW, _ARROW)
        painter = QStylePainter(self)
        painter.drawComplexControl(control, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.drawPixmap(spot, icon_pixmap("down", colour, round(_ARROW * self.devicePixelRatioF())))
        painter.end()


class LineFrame(QFrame):
    """The frame around a line of text and its buttons; its edge tells when the line has the keyboard.

    Args:
        text: The line.
    """

    def __init__(self, text: QLineEdit) -> None:
        super().__init__()
        self.setObjectName("queryField")
        text.installEventFilter(self)

    def show_state(self, state: str) -> None:
        """ "focus", "drop" while something is dragged over it, or ""."""
        self.setProperty("state", state)
        restyle(self)

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.show_state("focus" if event.type() == QEvent.Type.FocusIn else "")
        return False


def line() -> QFrame:
    """A one-pixel horizontal separator."""
    frame = QFrame()
    frame.setObjectName("separator")
    frame.setFixedHeight(1)
    return frame


def bold_of(font: QFont) -> QFont:
    """The same font, bold."""
    bold = QFont(font)
    bold.setBold(True)
    return bold


def label(text: str, voice: str = "", *, wrap: bool = False) -> QLabel:
    """A label in one of the voices of the style sheet: "", muted, heading, section, title, danger."""
    made = PlainLabel(text)
    made.setProperty("voice", voice)
    made.setWordWrap(wrap)
    return made


def settle(widget: QWidget | None) -> None:
    """Gives what lies in a widget its place now, not at the next turn of the event loop."""
    layout = widget.layout() if widget is not None else None
    if layout is not None:
        layout.activate()


def restyle(widget: QWidget) -> None:
    """Lets the style sheet see a property that changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
