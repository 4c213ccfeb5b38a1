"""The query bar: text, an image, or both; words come back as chips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QIcon,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPixmap,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.widgets.controls import IconButton, IconLabel, IconPushButton, restyle
from app.widgets.word_strip import WordStrip
from faami_core.types import QueryWord

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif")


class QueryBar(QWidget):
    """Takes the question and tells ``submitted`` on Enter, on a dropped or pasted image and on clear."""

    submitted = Signal(str, object)  # text, Path | None
    cleared = Signal()
    image_pasted = Signal(QImage)
    word_chosen = Signal(object)
    leave_asked = Signal()  # Down: on to the results

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setAccessibleName("Query bar")
        self._image: Path | None = None
        self._build_field()
        self.words = WordStrip("Words of the query")
        self.words.word_chosen.connect(self.word_chosen)
        self.words.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._field)
        column.addWidget(self.words)

    def _build_field(self) -> None:
        self._field = QFrame()
        self._field.setObjectName("queryField")
        self.text = QLineEdit()
        self.text.setPlaceholderText("Describe what to find, or drop an image")
        self.text.setAccessibleName("Query text")
        self.text.setAcceptDrops(False)
        self.text.setMaxLength(1000)
        font = self.text.font()
        font.setPointSizeF(font.pointSizeF() + 2)
        self.text.setFont(font)
        self.text.returnPressed.connect(self._submit)
        self.text.textChanged.connect(self._offer_clear)
        self.text.installEventFilter(self)
        self.image_chip = QPushButton()
        self.image_chip.setAccessibleName("No query image")
        self.image_chip.setIconSize(QSize(28, 28))
        self.image_chip.setStyleSheet("padding: 2px 8px 2px 4px;")
        self.image_chip.clicked.connect(self._remove_image)
        self.image_chip.hide()
        self.clear_button = IconButton("close", "Clear the query")
        self.clear_button.hide()
        self.pick_button = IconButton("image", "Search by an image file", size=20)
        self.search_button = IconPushButton("search", "Search", kind="primary")
        self.search_button.clicked.connect(self._submit)
        row = QHBoxLayout(self._field)
        row.setContentsMargins(12, 5, 6, 5)
        row.setSpacing(6)
        row.addWidget(IconLabel("search", size=20))
        row.addWidget(self.image_chip)
        row.addWidget(self.text, 1)
        for button in (self.clear_button, self.pick_button, self.search_button):
            row.addWidget(button)

    # --- what the controllers say --------------------------------------------------------------------------

    def show_query(self, text: str, image: Path | None) -> None:
        """Shows a query without asking it."""
        self.text.setText(text)
        self._set_image(image)

    def show_words(self, words: Sequence[QueryWord]) -> None:
        """Shows the words as the model reads them, with their share of the score."""
        self.words.show_words(words)
        heaviest = max((abs(word.weight) for word in words), default=0.0) or 1.0
        for index, word in enumerate(words):
            share = f"{abs(word.weight):.0%}"
            self.words.show_strength(index, abs(word.weight) / heaviest, "", f"{share} of the fine score.")
        self.words.setVisible(bool(words))

    def show_image_thumbnail(self, pixmap: QPixmap) -> None:
        """Fills the picture of the image chip."""
        side = 28 * 2
        square = pixmap.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        self.image_chip.setIcon(
            QIcon(square.copy((square.width() - side) // 2, (square.height() - side) // 2, side, side))
        )

    @property
    def image(self) -> Path | None:
        """The image of the query."""
        return self._image

    def focus(self) -> None:
        """Puts the cursor into the text and selects it."""
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.text.selectAll()

    def clear(self) -> None:
        """Empties the bar and tells."""
        self.text.clear()
        self._set_image(None)
        self.show_words(())
        self.cleared.emit()

    def ask_image(self, path: Path) -> None:
        """Puts an image into the query and asks it, together with the text if there is one."""
        self._set_image(path)
        self._submit()

    # --- what the analyst does -----------------------------------------------------------------------------

    def paste(self) -> bool:
        """Takes an image from the clipboard. Returns False if it holds none."""
        data = QGuiApplication.clipboard().mimeData()
        path = image_path_of(data)
        if path is not None:
            self.ask_image(path)
            return True
        if data is not None and data.hasImage():
            self.image_pasted.emit(QGuiApplication.clipboard().image())
            return True
        return False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.text:
            if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
                self._show_state("focus" if event.type() == QEvent.Type.FocusIn else "")
            elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
                if event.matches(QKeySequence.StandardKey.Paste) and self.paste():
                    return True
                if event.key() == Qt.Key.Key_Down:
                    self.leave_asked.emit()
                    return True
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if image_path_of(event.mimeData()) is not None or event.mimeData().hasImage():
            event.acceptProposedAction()
            self._show_state("drop")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._show_state("")
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._show_state("")
        path = image_path_of(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.ask_image(path)
        elif event.mimeData().hasImage():
            event.acceptProposedAction()
            self.image_pasted.emit(QImage(event.mimeData().imageData()))

    def _submit(self) -> None:
        if self.text.text().strip() or self._image is not None:
            self.submitted.emit(self.text.text().strip(), self._image)
        else:
            self.cleared.emit()

    def _remove_image(self) -> None:
        self._set_image(None)
        self._submit()

    def _set_image(self, path: Path | None) -> None:
        self._image = path
        self.image_chip.setVisible(path is not None)
        if path is not None:
            name = self.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, 140)
            self.image_chip.setIcon(QIcon())
            self.image_chip.setText(f"{name}  ✕")
            self.image_chip.setToolTip(f"{path}\nClick to take this image out of the query.")
            self.image_chip.setAccessibleName(f"Query image {path.name}, remove")
            self.text.setPlaceholderText("Add words, or press Enter")
        else:
            self.text.setPlaceholderText("Describe what to find, or drop an image")
        self._offer_clear()

    def _offer_clear(self) -> None:
        self.clear_button.setVisible(bool(self.text.text()) or self._image is not None)

    def _show_state(self, state: str) -> None:
        self._field.setProperty("state", state)
        restyle(self._field)


def image_path_of(data: QMimeData | None) -> Path | None:
    """The first local image file of a drop or a paste."""
    urls = data.urls() if data is not None and data.hasUrls() else []
    paths = (Path(url.toLocalFile()) for url in urls if url.isLocalFile())
    return next((path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES), None)
