"""What another window on the same data folder has stored: recent collections, history and saved queries."""

from __future__ import annotations

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal

from app.settings import Settings

_SETTLE_MS = 150  # a window writes several fields in a row


class SettingsWatch(QObject):
    """Tells when the lists in the settings file are others than those on screen.

    Args:
        settings: Its folder is watched, because writing puts another file in the place of the old one.
    """

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._seen = self._lists()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self.look)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._timer.start)
        if settings.file.parent.is_dir():
            self._watcher.addPath(str(settings.file.parent))

    def look(self) -> None:
        """Reads the file again."""
        self._settings.save()
        lists = self._lists()
        if lists != self._seen:
            self._seen = lists
            self.changed.emit()

    def come_back(self, state: Qt.ApplicationState) -> None:
        """The analyst comes back to this window; some file systems tell nothing of changes."""
        if state == Qt.ApplicationState.ApplicationActive:
            self.look()

    def stop(self) -> None:
        """The window closes."""
        self._timer.stop()
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())

    def _lists(self) -> tuple[object, ...]:
        return self._settings.recent, self._settings.history, self._settings.saved_queries
