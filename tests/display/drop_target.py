"""Another program's window: it writes the paths of the files that are dropped on it into a file, one a line."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel

TITLE = "Drop target"


class DropTarget(QLabel):
    """Takes files.

    Args:
        log: Where their paths are written.
    """

    def __init__(self, log: Path) -> None:
        super().__init__("Drop files here")
        self._log = log
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.resize(220, 160)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self._log.write_text("".join(f"{url.toLocalFile()}\n" for url in event.mimeData().urls()), encoding="utf-8")
        event.acceptProposedAction()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    target = DropTarget(Path(sys.argv[1]))
    target.show()
    sys.exit(app.exec())
