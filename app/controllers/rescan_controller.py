"""Looks now and then whether the folder of the open collection has changed, and says so once and quietly."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer

from app.controllers.indexing_controller import IndexingController
from app.controllers.workspace import Workspace
from app.widgets.notice_bar import NoticeBar, Topic
from app.workers.task import Lane, Task
from faami_core.types import CollectionInfo

FIRST_LOOK_MS = 5_000  # after a collection is opened: its first screen comes before
EVERY_MS = 10 * 60_000
RESPITE_MS = 3 * 60_000  # who comes back to the window before that needs no new look


class RescanController(QObject):
    """Counts what a scan would find; the scan itself stays the analyst's decision.

    Folders that cannot be reached are passed over: the index answers for them, as before.
    """

    def __init__(self, workspace: Workspace, indexing: IndexingController, notice: NoticeBar) -> None:
        super().__init__()
        self._workspace = workspace
        self._indexing = indexing
        self._notice = notice
        self._task: Task | None = None
        self._told: tuple[CollectionInfo, int] | None = None  # what was known then, and how much had changed
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)  # the time left of a coarse one is wrong by up to 5 %
        self._clock.timeout.connect(self.look)
        indexing.started.connect(self._make_way)

    def take_collection(self) -> None:
        """A collection was opened or updated: looks at it soon."""
        self._make_way()
        if self._workspace.settings.look_for_changes:
            self._clock.start(FIRST_LOOK_MS)

    def switch(self, on: bool) -> None:
        """Looks from now on, or never; remembered."""
        self._workspace.settings.look_for_changes = on
        if on:
            self.look()
        else:
            self.stop()
            self._make_way()

    def come_back(self, state: Qt.ApplicationState) -> None:
        """The analyst was in another program, perhaps changing files, and is back."""
        since = self._clock.interval() - self._clock.remainingTime()
        if state is Qt.ApplicationState.ApplicationActive and self._clock.isActive() and since >= RESPITE_MS:
            self.look()

    def look(self) -> None:
        """Counts in the background, unless an index run is finding all of it anyway."""
        self._clock.start(EVERY_MS)
        info, session = self._workspace.collection, self._workspace.session
        if info is None or self._task is not None or self._indexing.is_running:
            return
        task = self._workspace.runner.submit(
            Lane.WATCH, lambda token, _progress: session.folder_changes(info.root, count_offline=False, cancel=token)
        )
        self._task = task
        task.succeeded.connect(lambda count: self._take(task, info, count))
        task.finished.connect(lambda: self._forget(task))  # a look that fails says nothing: what is asked next will

    def stop(self) -> None:
        """No further look."""
        self._clock.stop()

    def _take(self, task: Task, info: CollectionInfo, count: int) -> None:
        if task is not self._task:
            return
        if not count:
            self._told = None
            self._notice.dismiss(Topic.CHANGES)
        elif self._told != (info, count) and not self._notice.is_pressing:
            self._told = (info, count)
            files = "1 file" if count == 1 else f"{count:,} files"
            self._notice.show_notice(
                "info",
                f"{files} of this folder changed since it was indexed.",
                action="update",
                label_of_action="Update",
                topic=Topic.CHANGES,
            )

    def _make_way(self) -> None:
        """What was or is being counted is no longer true."""
        self._notice.dismiss(Topic.CHANGES)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _forget(self, task: Task) -> None:
        if task is self._task:
            self._task = None
