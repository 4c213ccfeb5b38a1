"""The image with its evidence on top: fits, zooms with the wheel, tells the value under the pointer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QGraphicsRectItem, QVBoxLayout, QWidget

from app.colormap import COLOUR_MAPS, ColourMap, tint, to_image
from app.overrides import qt_override
from app.plain_text import PlainLabel
from app.widgets.drawing_box import DrawingBox
from faami_core.queries import PixelBox
from faami_core.types import ByteArray, FloatArray

pg.setConfigOptions(imageAxisOrder="row-major")

_SMALLEST_REGION = 8  # pixels
_SHARP = 0.9  # pixels of a picture for one of the screen, below which it looks soft


@dataclass(frozen=True)
class Viewed:
    """A part of an image that is looked at.

    Attributes:
        zoom: Logical pixels of the screen for one of the file.
        centre: Middle of the view in shares of width and height of the image.
    """

    zoom: float
    centre: tuple[float, float]


class ImageView(QWidget):
    """Draws one image in the pixel coordinates of the file, whatever the resolution it was read at.

    Args:
        name: Accessible name.
    """

    step_asked = Signal(int)
    region_hovered = Signal(object)  # (row, column, value) | None
    region_drawn = Signal(object)  # PixelBox
    drawing_changed = Signal(bool)
    viewed = Signal(object)  # Viewed: the analyst has zoomed or moved the image

    def __init__(self, name: str = "Image with evidence") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._size = (1, 1)  # height, width
        self._viewed: Viewed | None = None  # None shows the whole image, at whatever size
        self._grid: FloatArray | None = None
        self._view = pg.GraphicsView(self)
        self._view.setAccessibleName(f"{name}, plot area")
        self._view.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        self._view.installEventFilter(self)
        self.setFocusProxy(self._view)
        self._box = DrawingBox()
        self._box.drawn.connect(self._tell_region)
        self._box.sigResized.connect(lambda _box: self._place())
        self._box.sigRangeChangedManually.connect(lambda _axes: self._take_view())
        self._view.setCentralItem(self._box)
        self._image = pg.ImageItem()
        self._overlay = pg.ImageItem()
        self._cell = QGraphicsRectItem()
        self._cell.hide()
        for z, item in enumerate((self._image, self._overlay, self._cell, self._box.frame)):
            item.setZValue(z)
            self._box.addItem(item, ignoreBounds=True)
        self._view.scene().sigMouseMoved.connect(self._hover)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._view)
        self.setMinimumSize(160, 96)
        self._readout = PlainLabel()
        self._readout.setParent(self)
        self._readout.setObjectName("readout")
        self._readout.setAccessibleName("Value under the pointer")
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.hide()
        self._take_colours()

    # --- what the controllers say --------------------------------------------------------------------------

    def show_image(self, pixels: ByteArray, height: int, width: int) -> None:
        """Shows an image at the zoom and the place where the one before was looked at.

        Args:
            pixels: [H, W, 3] uint8, at any resolution.
            height, width: Of the file as shown; the coordinates of the view.
        """
        self._size = (height, width)
        self._image.setImage(pixels, autoLevels=False, levels=(0, 255))
        self._image.setRect(QRectF(0, 0, width, height))
        self._image.show()
        self.clear_overlay()
        self._place()

    def show_same_image(self, other: ImageView) -> None:
        """Shows the image that another view has, without reading it anew."""
        if other._image.image is not None and self._image.image is not other._image.image:
            self.show_image(other._image.image, *other._size)

    def show_overlay(
        self, values: FloatArray, limit: float, opacity: float, grid: FloatArray, colours: ColourMap = COLOUR_MAPS[0]
    ) -> None:
        """Draws a heatmap.

        Args:
            values: [h, w] numbers, spread over the whole image.
            limit: Number of the brightest colour.
            opacity: In [0, 1].
            grid: [rows, columns] the same numbers a region, for the readout.
            colours: Name of the colour map.
        """
        height, width = self._size
        self._overlay.setImage(tint(values, limit, colours), autoLevels=False, levels=(0, 255))
        self._overlay.setRect(QRectF(0, 0, width, height))
        self._overlay.setOpacity(opacity)
        self._overlay.show()
        self._grid = grid

    def show_grid(self, grid: FloatArray) -> None:
        """Keeps the readout while the heatmap is hidden."""
        self._overlay.hide()
        self._grid = grid

    def clear_overlay(self) -> None:
        self._overlay.hide()
        self._grid = None
        self._leave()

    def clear(self) -> None:
        """Shows nothing."""
        self.clear_overlay()
        self._image.hide()

    def fit(self) -> None:
        """Shows the whole image, and of those that follow, too."""
        self._look_at(None)

    def show_full_size(self) -> None:
        """Shows a pixel of the file as a pixel of the screen, around the middle of what is in sight."""
        _, centre = self._in_sight()
        self._look_at(Viewed(1 / self.devicePixelRatioF(), centre))

    def look_as(self, viewed: Viewed | None) -> None:
        """Shows the same part as another view, without telling."""
        self._viewed = viewed
        self._place()

    @property
    def zoom(self) -> float:
        """Logical pixels of the screen for one of the file."""
        return self._in_sight()[0]

    @property
    def is_coarse(self) -> bool:
        """Whether the file has finer pixels than those on screen."""
        shown = max(self._image.image.shape[:2]) if self._image.image is not None else 0
        longest = max(self._size)
        return 0 < shown < min(longest, longest * self.zoom * self.devicePixelRatioF() * _SHARP)

    def show_readout(self, text: str) -> None:
        """A line in the corner of the image, on a scrim; an empty text hides it."""
        self._readout.setText(text)
        self._readout.adjustSize()
        self._readout.move(8, self.height() - self._readout.height() - 8)
        self._readout.setVisible(bool(text))

    def set_drawing(self, drawing: bool) -> None:
        """The next drag draws a region instead of moving the image; it can also be drawn with Shift held down."""
        if drawing != self._box.is_drawing:
            self._box.is_drawing = drawing
            self._view.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)
            self.drawing_changed.emit(drawing)

    @property
    def is_drawing(self) -> bool:
        """Whether the next drag draws a region."""
        return self._box.is_drawing

    @property
    def readout(self) -> str:
        """The value under the pointer as text, empty while it points nowhere."""
        return self._readout.text()

    @property
    def overlay_pixels(self) -> npt.NDArray[np.uint8] | None:
        """[h, w, 4] of the heatmap on screen, None while it is hidden."""
        return self._overlay.image if self._overlay.isVisible() else None

    def composed(self, side: int) -> QImage:
        """Image and heatmap without the window around them, the longer side at least ``side`` pixels."""
        height, width = self._size
        scale = max(1.0, side / max(height, width))
        canvas = QImage(round(width * scale), round(height * scale), QImage.Format.Format_RGB888)
        canvas.fill(QColor("black"))
        painter = QPainter(canvas)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for item in (self._image, self._overlay):
            if item.isVisible() and item.image is not None:
                painter.setOpacity(item.opacity())
                painter.drawImage(QRectF(canvas.rect()), to_image(item.image))
        painter.end()
        return canvas

    # --- events --------------------------------------------------------------------------------------------

    @qt_override
    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
            if event.key() == Qt.Key.Key_Escape and self.is_drawing:
                self.set_drawing(False)
                return True
            if step is not None:
                self.step_asked.emit(step)
                return True
        if event.type() == QEvent.Type.Leave:
            self._leave()
        return False

    @qt_override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._take_colours()

    def _place(self) -> None:
        """Lays the image out anew: it is another one, or the view has another size."""
        height, width = self._size
        area = QRectF(0, 0, width, height)
        if self._viewed is not None:
            zoom, (across, down) = self._viewed.zoom, self._viewed.centre
            area.setSize(QSizeF(self._box.width() / zoom, self._box.height() / zoom))
            area.moveCenter(QPointF(across * width, down * height))
        self._box.setRange(area, padding=0.0)

    def _look_at(self, viewed: Viewed | None) -> None:
        self.look_as(viewed)
        self.viewed.emit(viewed)

    def _take_view(self) -> None:
        """The wheel or a drag has changed what is in sight."""
        self._viewed = Viewed(*self._in_sight())
        self.viewed.emit(self._viewed)

    def _in_sight(self) -> tuple[float, tuple[float, float]]:
        """Zoom, and the middle of what is in sight in shares of width and height."""
        (height, width), seen = self._size, self._box.viewRect()
        return self._box.width() / seen.width(), (seen.center().x() / width, seen.center().y() / height)

    def _take_colours(self) -> None:
        self._view.setBackground(self.palette().color(QPalette.ColorRole.Window))
        pen = QPen(self.palette().color(QPalette.ColorRole.Highlight), 2)
        pen.setCosmetic(True)
        self._cell.setPen(pen)
        self._box.frame.setPen(pen)

    def _tell_region(self, drawn: QRectF) -> None:
        """A region in pixels of the file; one that is hardly more than a click is none."""
        height, width = self._size
        self.set_drawing(False)
        inside = drawn.intersected(QRectF(0, 0, width, height)).toAlignedRect()
        if min(inside.width(), inside.height()) >= _SMALLEST_REGION:
            self.region_drawn.emit(PixelBox(inside.x(), inside.y(), inside.width(), inside.height()))

    def _hover(self, position: QPointF) -> None:
        point = self._box.mapSceneToView(position)
        height, width = self._size
        inside = 0 <= point.x() < width and 0 <= point.y() < height
        if self._grid is None or not inside:
            self._leave()
            return
        rows, columns = self._grid.shape
        row, column = int(point.y() * rows / height), int(point.x() * columns / width)
        self._cell.setRect(column * width / columns, row * height / rows, width / columns, height / rows)
        self._cell.show()
        self.region_hovered.emit((row, column, float(self._grid[row, column])))

    def _leave(self) -> None:
        if self._cell.isVisible():
            self._cell.hide()
            self.region_hovered.emit(None)
