"""Paints one cell of the grid: thumbnail, rank and score on a scrim, name and word badges below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QImage, QMouseEvent, QPainter, QPainterPath, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.icons import icon_pixmap
from app.models.folding import Stack
from app.models.mark_store import NOTHING_NOTED
from app.models.numbers import number_of
from app.models.result_list_model import Role
from app.models.thumbnail_cache import ThumbnailCache
from app.models.thumbs import Thumb
from app.models.word_badges import WordBadge
from app.overrides import qt_override
from app.widgets.controls import bold_of
from app.widgets.mark_painter import ON_SCRIM, REJECTED_OPACITY, SCRIM, paint_note
from app.widgets.thumb_painter import THUMB_WIDTH, paint_thumbs, thumb_spots
from faami_core.queries import Annotation, Mark
from faami_core.types import Match

_MARGIN = 6  # around a cell
_INSET = 5  # between the selection ring and the image
_RADIUS = 8
_BADGE_GAP = 8
_DOT = 8

Index = QModelIndex | QPersistentModelIndex


class ResultDelegate(QStyledItemDelegate):
    """Asks the cache for a thumbnail while it paints, so that only visible cells are ever decoded."""

    thumb_clicked = Signal(int, object)  # row, Thumb
    stack_clicked = Signal(int)  # row

    def __init__(self, cache: ThumbnailCache, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cache = cache
        self._cell = QSize(152, 190)
        self._small: QFont | None = None

    def arrange(self, width: int, font: QFont, *, with_badges: bool) -> QSize:
        """Sets the cell to a width. Returns its size; the height has room for name and badges."""
        self._small = QFont(font)
        self._small.setPointSizeF(max(7.0, font.pointSizeF() - 0.5))
        line = QFontMetrics(self._small).height()
        caption = line + 2 + (line + 6 if with_badges else 0)
        self._cell = QSize(width, width + caption)
        return self._cell

    @property
    def thumbnail_side(self) -> int:
        """Logical pixels of the image in a cell."""
        return self._cell.width() - 2 * (_MARGIN + _INSET)

    @qt_override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._cell

    @qt_override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        note: Annotation = index.data(Role.NOTE) or NOTHING_NOTED
        with _saved(painter):
            painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
            painter.setFont(self._small or option.font)
            cell = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            self._paint_ring(painter, option, cell)
            image = self._image_of(option.rect)
            self._paint_image(painter, option, index, image, faded=note.mark is Mark.REJECTED)
            self._paint_numbers(painter, index, image, option.rect)
            hovered = index.data(Role.RANK) is not None and bool(option.state & QStyle.StateFlag.State_MouseOver)
            thumb = Thumb(given) if (given := index.data(Role.THUMB)) else None
            paint_note(painter, note, image, taken=THUMB_WIDTH if hovered or thumb else 0)
            paint_thumbs(painter, thumb, image, hovered=hovered)
            self._paint_caption(painter, option, index, image, cell)

    @qt_override
    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """A click on a thumb of a hit gives it, one on the badge of duplicates shows or folds them."""
        if not isinstance(event, QMouseEvent) or event.button() != Qt.MouseButton.LeftButton:
            return super().editorEvent(event, model, option, index)
        point, is_click = event.position().toPoint(), event.type() == QEvent.Type.MouseButtonRelease
        spots = self.thumb_spots(option.rect) if index.data(Role.RANK) is not None else {}
        thumb = next((thumb for thumb, spot in spots.items() if spot.contains(point)), None)
        stack = index.data(Role.STACK)
        if thumb is not None:
            if is_click:
                self.thumb_clicked.emit(index.row(), thumb)
            return True
        if stack is not None and self.stack_spot(option.rect, stack).contains(point):
            if is_click:
                self.stack_clicked.emit(index.row())
            return True
        return super().editorEvent(event, model, option, index)

    def is_button(self, point: QPoint, cell: QRect, index: Index) -> bool:
        """Whether a click at a point of a cell is one on a thumb or on the badge of duplicates."""
        thumbs = self.thumb_spots(cell).values() if index.data(Role.RANK) is not None else ()
        stack = index.data(Role.STACK)
        badge = (self.stack_spot(cell, stack),) if stack is not None else ()
        return any(spot.contains(point) for spot in (*thumbs, *badge))

    def thumb_spots(self, cell: QRect) -> dict[Thumb, QRect]:
        """Where the thumbs of a cell can be clicked on."""
        return thumb_spots(self._image_of(cell))

    def stack_spot(self, cell: QRect, stack: Stack) -> QRect:
        """Where the badge of duplicates lies: at the right, above the score."""
        image = self._image_of(cell)
        metrics = QFontMetrics(self._small or QFont())
        height = metrics.height() + 4
        width = max(metrics.horizontalAdvance(stack.badge) + 14, height)
        return QRect(image.right() - 5 - width, image.bottom() - 8 - 2 * height, width, height)

    def _image_of(self, cell: QRect) -> QRect:
        shift, side = _MARGIN + _INSET, self.thumbnail_side
        return QRect(cell.left() + shift, cell.top() + shift, side, side)

    def _paint_ring(self, painter: QPainter, option: QStyleOptionViewItem, cell: QRect) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        role = QPalette.ColorRole
        if not (selected or hovered or focused):
            return
        palette = option.palette
        painter.setBrush(palette.color(role.AlternateBase))
        painter.setPen(QPen(palette.color(role.Highlight), 2) if selected else Qt.PenStyle.NoPen)
        if focused:
            painter.setPen(QPen(palette.color(role.Highlight), 3))
        painter.drawRoundedRect(QRectF(cell).adjusted(1.5, 1.5, -1.5, -1.5), _RADIUS + 3, _RADIUS + 3)

    def _paint_image(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, area: QRect, *, faded: bool
    ) -> None:
        path = index.data(Role.PATH)  # None where the model cannot tell: the crash log has it
        ratio = option.widget.devicePixelRatioF() if option.widget is not None else 1.0
        pixmap = self._cache.get(path, side_for(area.width() * ratio)) if path is not None else None
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(area), _RADIUS, _RADIUS)
        with _saved(painter):
            painter.setClipPath(clip)
            # Placeholder and letter box are the same quiet ground, so that nothing jumps when the image arrives.
            painter.fillRect(area, option.palette.color(QPalette.ColorRole.Mid))
            if pixmap is not None:
                painter.setOpacity(REJECTED_OPACITY if faded else 1.0)
                painter.drawPixmap(_fitted(pixmap, area), pixmap)
                tint: QImage | None = index.data(Role.TINT)
                if tint is not None:
                    painter.drawImage(_fitted(pixmap, area), tint)
            elif self._cache.is_broken(path):
                colour = option.palette.color(QPalette.ColorRole.PlaceholderText).name()
                side = min(40, area.width() // 2)
                drawing = icon_pixmap("broken", colour, round(side * ratio))
                spot = QRect(0, 0, side, side)
                spot.moveCenter(area.center())
                painter.drawPixmap(spot, drawing)

    def _paint_numbers(self, painter: QPainter, index: Index, image: QRect, cell: QRect) -> None:
        stack = index.data(Role.STACK)
        if stack is not None:
            _paint_pill(painter, QRectF(self.stack_spot(cell, stack)), stack.badge)
        rank, score = index.data(Role.RANK), index.data(Role.SCORE)
        if rank is None or score is None:
            return
        metrics = painter.fontMetrics()
        height = metrics.height() + 4
        place = f"{rank}{_move(index.data(Role.MOVED))}"
        for text, at_left in ((place, True), (f"{score:.3f}", False)):
            width = max(metrics.horizontalAdvance(text) + 14, height)
            left = image.left() + 6 if at_left else image.right() - 5 - width
            _paint_pill(painter, QRectF(left, image.bottom() - 5 - height, width, height), text)

    def _paint_caption(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, image: QRect, cell: QRect
    ) -> None:
        metrics = painter.fontMetrics()
        area = QRect(image.left() + 1, image.bottom() + 3, image.width() - 2, metrics.height())
        painter.setPen(option.palette.color(QPalette.ColorRole.PlaceholderText))
        name = metrics.elidedText(index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        badges: tuple[WordBadge, ...] = index.data(Role.BADGES) or ()
        if badges:
            row = QRect(area.left(), area.bottom() + 3, area.width(), metrics.height() + 2)
            self._paint_badges(painter, option.palette, badges, row)

    def _paint_badges(self, painter: QPainter, palette: QPalette, badges: tuple[WordBadge, ...], row: QRect) -> None:
        plain, x = painter.font(), row.left()
        labels = labels_in(badges, row.width(), plain)
        for badge, text in zip(badges, labels, strict=False):
            painter.setFont(bold_of(plain) if badge.lit else plain)
            _paint_dot(painter, palette, badge.match, QRectF(x, row.center().y() - _DOT / 2 + 0.5, _DOT, _DOT))
            missing = badge.match is Match.MISSING
            role = QPalette.ColorRole.PlaceholderText if missing else QPalette.ColorRole.Text
            painter.setPen(palette.color(role))
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRect(x + _DOT + 4, row.top(), width, row.height()), _LEFT, text)
            x += _DOT + 4 + width + _BADGE_GAP
        if len(badges) > len(labels):
            painter.setFont(plain)
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(QRect(x, row.top(), row.right() + 1 - x, row.height()), _LEFT, _rest(badges, labels))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def labels_in(badges: Sequence[WordBadge], width: int, font: QFont) -> tuple[str, ...]:
    """The names of the first words, as many as a line of ``width`` pixels holds beside a "+7" for the others.

    The first one is always named, shortened if need be; its number stands beside it while it is lit.
    """
    labels: list[str] = []
    x = 0
    for place, badge in enumerate(badges):
        metrics = QFontMetrics(bold_of(font) if badge.lit else font)
        number = f" {number_of(badge.adds)}" if badge.lit else ""
        label = badge.text + number
        last = place == len(badges) - 1
        tail = 0 if last else _BADGE_GAP + QFontMetrics(font).horizontalAdvance(_rest(badges, (*labels, label)))
        room = width - x - _DOT - 4 - tail
        if metrics.horizontalAdvance(label) > room:
            if place > 0:
                break
            left = max(room - metrics.horizontalAdvance(number), 0)
            label = metrics.elidedText(badge.text, Qt.TextElideMode.ElideRight, left) + number
        labels.append(label)
        x += _DOT + 4 + metrics.horizontalAdvance(label) + _BADGE_GAP
    return tuple(labels)


def _rest(badges: Sequence[WordBadge], labels: Sequence[str]) -> str:
    """How many words have no room for their name."""
    return f"+{len(badges) - len(labels)}"


@contextmanager
def _saved(painter: QPainter) -> Iterator[None]:
    """Leaves the painter as it was, also after an exception: the view goes on painting with it."""
    painter.save()
    try:
        yield
    finally:
        painter.restore()


def _paint_pill(painter: QPainter, pill: QRectF, text: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(SCRIM)
    painter.drawRoundedRect(pill, 5, 5)
    painter.setPen(ON_SCRIM)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def _move(by: int | None) -> str:
    """What is told beside a rank."""
    if by is None:
        return " new"
    return f" {'▲' if by > 0 else '▼'}{abs(by)}" if by else ""


def side_for(pixels: float) -> int:
    """The stored thumbnail side that serves a number of device pixels."""
    return next((side for side in (128, 256) if pixels <= side), 512)


def _paint_dot(painter: QPainter, palette: QPalette, match: Match, spot: QRectF) -> None:
    """Full, half or empty circle: told by shape, not by colour alone."""
    accent = palette.color(QPalette.ColorRole.Link)
    empty = match is Match.MISSING
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Dark) if empty else accent, 1.4))
    painter.setBrush(accent if match is Match.MATCHED else Qt.BrushStyle.NoBrush)
    ring = spot.adjusted(0.7, 0.7, -0.7, -0.7)
    painter.drawEllipse(ring)
    if match is Match.WEAK:
        painter.setBrush(accent)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawChord(ring, 180 * 16, 180 * 16)


def _fitted(pixmap: QPixmap, area: QRect) -> QRect:
    size = pixmap.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
    rect = QRect(area.topLeft(), size)
    rect.moveCenter(area.center())
    return rect
