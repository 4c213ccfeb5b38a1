"""The command line played on the real window: open, ask, wait, take pictures, export, quit — as a person would."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from app.widgets.legend import paint_legend
from faami_core.errors import ExportError, FaamiError
from faami_core.types import CollectionInfo, IndexReport

if TYPE_CHECKING:
    from app.main_window import MainWindow

_STANDSTILL_MS = 180_000  # nothing moved for this long: give up instead of hanging in somebody's script
_SETTLE_MS = 120  # the event loop gets this long to lay out and paint before the picture
_OVERLAY_SIDE = 768


class ScriptedRun(QObject):
    """Plays one command line.

    Args:
        window: The real window, shown.
        options: See ``app.__main__.build_parser``.
    """

    finished = Signal(int)

    def __init__(self, window: MainWindow, options: argparse.Namespace) -> None:
        super().__init__(window)
        self._window = window
        self._options = options
        self.error = ""
        self._guard = QTimer(self)
        self._guard.setSingleShot(True)
        self._guard.setInterval(_STANDSTILL_MS)
        self._guard.timeout.connect(self._give_up)

    def start(self) -> None:
        """Begins; called once the event loop runs."""
        window, options = self._window, self._options
        root = options.directory
        try:
            self._check_files()
        except FaamiError as error:  # before the work, not after it
            self._fail(error)
            return
        if options.demo or root is not None:
            self._listen()
            window.collections.open_demo() if options.demo else window.collections.open(root)
        elif options.quit:
            self._listen()
            QTimer.singleShot(_SETTLE_MS, self, self._take_pictures)
        else:
            window.restore.begin()
        if not (options.quit and root is None and not options.demo):
            window.load_model()

    def _check_files(self) -> None:
        session, options = self._window.workspace.session, self._options
        for picture in filter(None, (options.screenshot, options.overlay)):
            _make_folder(picture.parent)
            session.check_picture(picture, replace=options.force)
        if options.export is not None:
            session.check_csv(options.export, replace=options.force)

    def _listen(self) -> None:
        window = self._window
        window.collections.opened.connect(self._ask)
        window.export.written.connect(self._done)
        for failing in (window.collections.failed, window.search.failed, window.export.failed):
            failing.connect(self._fail)
        window.indexing.finished.connect(self._check_report)
        window.indexing.stopped.connect(lambda: self._fail_with("Indexing was cancelled."))
        if self._options.quit:
            self._guard.start()
            window.runner.moved.connect(self._guard.start)

    def _ask(self, _info: CollectionInfo) -> None:
        window, options = self._window, self._options
        window.collections.opened.disconnect(self._ask)
        if options.query or options.image is not None:
            window.search.shown.connect(lambda _result: self._wait_for_pixels())
            window.pane.query.show_query(options.query)
            if options.image is not None:
                window.queries.add_image(options.image.absolute())
            else:
                window.search.ask(window.pane.query.line)
        else:
            self._wait_for_pixels()

    def _check_report(self, report: IndexReport) -> None:
        if report.cancelled:
            self._fail_with("Indexing was cancelled.")

    def _wait_for_pixels(self) -> None:
        """Painting asks for thumbnails, so what is missing is known only after one round of painting."""
        QTimer.singleShot(_SETTLE_MS, self, self._check_pixels)

    def _check_pixels(self) -> None:
        window = self._window
        if window.thumbnails.is_idle and window.evidence.is_settled and window.workspace.model is not None:
            QTimer.singleShot(_SETTLE_MS, self, self._take_pictures)
        else:
            self._wait_for_pixels()

    def _take_pictures(self) -> None:
        options = self._options
        try:
            if options.screenshot is not None:
                self._save(self._window.grab(), options.screenshot)
            if options.overlay is not None:
                self._save(self._overlay(), options.overlay)
        except FaamiError as error:
            self._fail(error)
            return
        if options.export is not None:
            self._window.export.export(options.export, replace=options.force)
            if self._window.workspace.result is None:
                self._fail_with("There are no results to export: give --query or --image.")
        else:
            self._done()

    def _overlay(self) -> QPixmap:
        """The image in the inspector with its heatmap and legend."""
        window = self._window
        if window.evidence.item is None:
            raise ExportError("There is no image to write with its heatmap.", "Give a --query that finds something.")
        picture = window.inspector.image.composed(_OVERLAY_SIDE)
        margin, foot = 16, 64
        canvas = QImage(picture.width() + 2 * margin, picture.height() + margin + foot, QImage.Format.Format_RGB32)
        canvas.fill(QColor("white"))
        painter = QPainter(canvas)
        painter.setFont(window.font())
        painter.drawImage(margin, margin, picture)
        if window.workspace.result is not None:
            title = f"{window.inspector.title.full_text}: evidence of {window.pane.query.text.text()}, per region"
            area = QRectF(margin, picture.height() + margin + 8, picture.width(), foot - 8)
            limit, view = window.inspector.legend.limit, window.view
            black, grey = QColor("black"), QColor("#444444")
            paint_legend(painter, area, title, limit, view.opacity, view.colours, text=black, muted=grey)
        painter.end()
        return QPixmap.fromImage(canvas)

    def _save(self, picture: QPixmap, path: Path) -> None:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if not picture.save(buffer, path.suffix[1:].upper()):
            raise ExportError(f"The picture {path.name} cannot be made.", "Choose a name that ends in .png.")
        data = bytes(buffer.data().data())
        self._window.workspace.session.write_picture(data, path, replace=self._options.force)

    def _done(self) -> None:
        self._guard.stop()
        if self._options.quit:
            self.finished.emit(0)

    def crash(self, sentence: str) -> None:
        """An exception that nobody foresaw: nothing may come any more of what the run waits for."""
        if self._options.quit:
            log = self._window.crash_log_path
            self._fail_with(f"Something went wrong inside the program: {sentence}. Details are in {log}.")

    def _give_up(self) -> None:
        self._fail_with(f"Nothing moved for {_STANDSTILL_MS // 1000} seconds. Start again without --quit to see why.")

    def _fail(self, error: FaamiError) -> None:
        self._fail_with(str(error))

    def _fail_with(self, sentence: str) -> None:
        self._guard.stop()
        self.error = sentence
        if self._options.quit:
            self.finished.emit(1)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another.") from error
