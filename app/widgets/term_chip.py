"""One term of a composed query as a chip: sign, picture, words, weight, and a cross that takes it out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QSizePolicy

from app.icons import icon_pixmap
from app.models.query_terms import Term, counts_against, name_of, plain
from app.overrides import qt_override
from app.plain_text import plain_tip, set_painted_text
from faami_core.queries import ImageTerm

_HEIGHT, _PADDING, _GAP = 30, 8, 6  # as high as the chip of a word beside it
_SIGN, _PICTURE, _CROSS = 12, 22, 18
_WIDEST = 240
_KEYS = {
    Qt.Key.Key_Up: "heavier",
    Qt.Key.Key_Down: "lighter",
    Qt.Key.Key_M: "mute",
    Qt.Key.Key_N: "negate",
    Qt.Key.Key_Delete: "remove",
    Qt.Key.Key_Backspace: "remove",
    Qt.Key.Key_Left: "step_left",
    Qt.Key.Key_Right: "step_right",
    Qt.Key.Key_Menu: "menu",
}
_MOVES = {Qt.Key.Key_Left: "move_left", Qt.Key.Key_Right: "move_right"}
KEY_HELP = "Up, Down: weight. M: mute. N: for or against. Ctrl+Left, Ctrl+Right: move. Delete: take out."


class TermChip(QAbstractButton):
    """Tells what is asked of it in ``asked``; what becomes of the query is decided elsewhere.

    A click on the sign turns it, on the cross removes it, elsewhere opens its menu; the wheel weighs it.
    """

    asked = Signal(str)
    dropped = Signal(QPoint)  # where it was let go, in the coordinates of the strip

    def __init__(self, term: Term) -> None:
        super().__init__()
        self._term = term
        self._picture: QPixmap | None = None
        self._unknown: tuple[str, ...] = ()
        self._unread: tuple[str, ...] = ()
        self._pressed: QPoint | None = None
        self._dragging = False
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew when the mouse comes or goes
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_term(term)

    @property
    def term(self) -> Term:
        return self._term

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words of the phrase that the model has never seen."""
        return self._unknown

    def show_term(self, term: Term) -> None:
        """Shows a term; picture and flags stay as long as it asks for the same."""
        if plain(term) != plain(self._term):
            self._picture, self._unknown, self._unread = None, (), ()
        self._term = term
        set_painted_text(self, name_of(term))
        self._describe()

    def show_picture(self, picture: QPixmap) -> None:
        """Shows what the image, or its region, looks like."""
        self._picture = picture
        self.update()

    def show_flags(self, unknown: Sequence[str], unread: Sequence[str]) -> None:
        """Flags words that the model has never seen, and those of a long phrase that it does not read."""
        self._unknown, self._unread = tuple(unknown), tuple(unread)
        self._describe()

    @property
    def sign_spot(self) -> QPoint:
        """Middle of the sign."""
        return self._sign_area().center().toPoint()

    @property
    def cross_spot(self) -> QPoint:
        """Middle of the cross."""
        return self._cross_area().center().toPoint()

    # --- what it says --------------------------------------------------------------------------------------

    @property
    def weight_text(self) -> str:
        """As on the chip: nothing for 1, "muted" for 0."""
        weight = abs(self._term.weight)
        return "" if weight == 1 else "muted" if weight == 0 else f"× {weight:g}"

    @property
    def _tail(self) -> str:
        unread = f"{len(self._unread):,} not read" if self._unread else ""
        return "   ".join(part for part in ("unknown" if self._unknown else "", unread, self.weight_text) if part)

    def _describe(self) -> None:
        weight = abs(self._term.weight)
        side = "counts against" if counts_against(self._term) else "counts for"
        name = f"{self.text()}, {side}" + (
            "" if weight == 1 else ", muted" if weight == 0 else f", weight {weight:g}"
        )
        notes = []
        if self._unknown:
            words = ", ".join(f"“{word}”" for word in self._unknown)
            notes.append(f"The model has never seen {words}, so it finds nothing by it.")
            name += f", unknown word {words}"
        if self._unread:
            words = ", ".join(f"“{word}”" for word in self._unread)
            notes.append(f"The phrase is longer than the model reads: {words} not read.")
            name += f", {len(self._unread):,} words not read"
        if isinstance(self._term, ImageTerm):
            notes.insert(0, str(self._term.path))
        self.setAccessibleName(name)
        self.setAccessibleDescription(" ".join((*notes, KEY_HELP)))
        self.setToolTip(plain_tip("\n".join((name[:1].upper() + name[1:], *notes, KEY_HELP))))
        self.updateGeometry()
        self.update()

    # --- events --------------------------------------------------------------------------------------------

    @qt_override
    def event(self, event: QEvent) -> bool:
        """The keys of a chip are its own while it has the focus, even where the window has a shortcut for them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _deed_of(event):
            event.accept()
            return True
        return super().event(event)

    @qt_override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        deed = _deed_of(event)
        if deed:
            self.asked.emit(deed)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.asked.emit("menu")
        else:
            super().keyPressEvent(event)

    @qt_override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    @qt_override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        far = (event.position().toPoint() - self._pressed).manhattanLength()
        if far >= QApplication.startDragDistance() and not self._dragging:
            self._dragging = True
            self.raise_()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self.move(self.mapToParent(event.position().toPoint() - self._pressed))

    @qt_override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            return
        if self._dragging:
            self._dragging = False
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.dropped.emit(self.geometry().center())
        elif self._sign_area().contains(event.position()):
            self.asked.emit("negate")
        elif self._cross_area().contains(event.position()):
            self.asked.emit("remove")
        elif self.rect().contains(event.position().toPoint()):
            self.asked.emit("menu")

    @qt_override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.asked.emit("menu")

    @qt_override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self.asked.emit("heavier" if event.angleDelta().y() > 0 else "lighter")
        event.accept()

    # --- drawing -------------------------------------------------------------------------------------------

    @qt_override
    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = min(metrics.horizontalAdvance(self.text()), _WIDEST)
        tail = metrics.horizontalAdvance(self._tail) + _GAP if self._tail else 0
        picture = _PICTURE + _GAP if isinstance(self._term, ImageTerm) else 0
        return QSize(2 * _PADDING + _SIGN + _GAP + picture + words + 2 + tail + _GAP + _CROSS, _HEIGHT)

    @qt_override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter)
        self._paint_sign(painter)
        self._paint_words(painter)
        side = 12
        cross = icon_pixmap("close", self._muted_colour(), side * 2)
        painter.drawPixmap(QRectF(self.cross_spot.x() - 6, self.cross_spot.y() - 6, side, side).toRect(), cross)
        painter.end()

    def _paint_ground(self, painter: QPainter) -> None:
        palette, role = self.palette(), QPalette.ColorRole
        edge = QPen(palette.color(role.Dark), 1)
        if self._unknown or self._unread:
            edge = QPen(palette.color(role.LinkVisited), 1, Qt.PenStyle.DashLine)
        if self.hasFocus():
            edge = QPen(palette.color(role.Highlight), 2)
        painter.setPen(edge)
        painter.setBrush(
            palette.color(role.Midlight if self.underMouse() and self.isEnabled() else role.AlternateBase)
        )
        inset = edge.widthF() / 2
        area = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)

    def _paint_sign(self, painter: QPainter) -> None:
        """A plus or, in the colour of an alarm, a minus."""
        against, spot = counts_against(self._term), QPointF(self._sign_area().center())
        role = QPalette.ColorRole
        painter.setPen(QPen(self.palette().color(role.BrightText if against else role.PlaceholderText), 2))
        painter.drawLine(spot + QPointF(-4, 0), spot + QPointF(4, 0))
        if not against:
            painter.drawLine(spot + QPointF(0, -4), spot + QPointF(0, 4))

    def _paint_words(self, painter: QPainter) -> None:
        palette, role, metrics = self.palette(), QPalette.ColorRole, self.fontMetrics()
        left = _PADDING + _SIGN + _GAP
        if isinstance(self._term, ImageTerm):
            spot = QRectF(left, (self.height() - _PICTURE) / 2, _PICTURE, _PICTURE)
            painter.fillRect(spot, palette.color(role.Mid))
            if self._picture is not None:
                painter.drawPixmap(spot, self._picture, QRectF(self._picture.rect()))
            left += _PICTURE + _GAP
        area = QRectF(left, 0, self._cross_area().left() - _GAP - left, self.height())
        tail = metrics.horizontalAdvance(self._tail) + _GAP if self._tail else 0
        silent = self._term.weight == 0 or not self.isEnabled()
        font = QFont(self.font())
        font.setStrikeOut(self._term.weight == 0)
        painter.setFont(font)
        painter.setPen(palette.color(role.PlaceholderText if silent else role.Text))
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, round(area.width() - tail) + 1)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.setFont(self.font())
        painter.setPen(palette.color(role.LinkVisited if self._unknown or self._unread else role.PlaceholderText))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._tail)

    def _muted_colour(self) -> str:
        return self.palette().color(QPalette.ColorRole.PlaceholderText).name()

    def _sign_area(self) -> QRectF:
        return QRectF(_PADDING - 4, 0, _SIGN + 8, self.height())

    def _cross_area(self) -> QRectF:
        return QRectF(self.width() - _PADDING - _CROSS, 0, _CROSS + _PADDING, self.height())


def _deed_of(event: QKeyEvent) -> str:
    moves = event.modifiers() & Qt.KeyboardModifier.ControlModifier
    others = event.modifiers() & ~(Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.KeypadModifier)
    table = _MOVES if moves else {} if others else _KEYS
    return table.get(Qt.Key(event.key()), "")
