"""Indexing: starts it, shows its progress, tells what came of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.activity_controller import ActivityController
from app.controllers.workspace import Workspace
from app.workers.task import Lane, Task, Work
from faami_core.types import CancelToken, IndexReport, ProgressCallback


class IndexingController(QObject):
    """Index runs, one after the other: a new one waits for those before it, and none is given up for it."""

    started = Signal(object)  # Path
    finished = Signal(object)  # IndexReport
    failed = Signal(object, object)  # FaamiError, Path
    stopped = Signal(object)  # Path: cancelled before it had anything to report

    def __init__(self, workspace: Workspace, activity: ActivityController) -> None:
        super().__init__()
        self._workspace = workspace
        self._activity = activity
        self._tasks: dict[Path, Task] = {}  # running or waiting, the oldest first

    @property
    def is_running(self) -> bool:
        return bool(self._tasks)

    @property
    def root(self) -> Path | None:
        """The folder that is being indexed now."""
        return next(iter(self._tasks), None)

    def runs(self, root: Path) -> bool:
        """Whether a folder is being indexed or waits for it."""
        return root in self._tasks

    def start(self, root: Path, *, retry_unreadable: bool = False, system_folders: bool | None = None) -> None:
        """Scans and indexes a folder; files that could not be read are tried again if they changed, or on demand.

        Args:
            root: The folder.
            retry_unreadable: Try all of those files again.
            system_folders: Whether such folders belong to the collection from now on; None leaves it.
        """
        session = self._workspace.session

        def index(token: CancelToken, progress: ProgressCallback) -> IndexReport:
            if system_folders is not None:
                session.change_collection(root, system_folders=system_folders)
            return session.index(root, progress=progress, cancel=token, retry_unreadable=retry_unreadable)

        self._run(f"Indexing {root.name}", root, index)

    def start_demo(self) -> None:
        """Writes the demo collection if it is not there yet, then indexes it."""
        session = self._workspace.session

        def make_and_index(token: CancelToken, progress: ProgressCallback) -> IndexReport:
            root = session.make_demo(progress=progress, cancel=token)
            return session.index(root, progress=progress, cancel=token)

        self._run("Opening the demo collection", session.data_dir / "demo", make_and_index)

    def cancel(self) -> None:
        """Stops the run at hand; what was indexed is kept, and those that wait go on."""
        if self.root is not None:
            self._tasks[self.root].cancel()

    def _run(self, title: str, root: Path, work: Work) -> None:
        if root in self._tasks:
            return
        task = self._workspace.runner.submit(Lane.MODEL, work)
        self._tasks[root] = task
        task.succeeded.connect(self.finished)
        task.failed.connect(lambda error: self.failed.emit(error, root))
        task.cancelled.connect(lambda: self.stopped.emit(root))
        task.finished.connect(lambda: self._forget(root))
        self._activity.follow(task, title)
        self.started.emit(root)

    def _forget(self, root: Path) -> None:
        del self._tasks[root]
