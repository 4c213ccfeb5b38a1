"""Indexing: starts it, shows its progress, tells what came of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.activity_controller import ActivityController
from app.controllers.workspace import Workspace
from app.workers.task import Lane, Task, Work
from faami_core.types import CancelToken, IndexReport, ProgressCallback


class IndexingController(QObject):
    """One index run at a time; a second one replaces the first."""

    started = Signal(object)  # Path
    finished = Signal(object)  # IndexReport
    failed = Signal(object)  # FaamiError
    stopped = Signal()  # cancelled before it had anything to report

    def __init__(self, workspace: Workspace, activity: ActivityController) -> None:
        super().__init__()
        self._workspace = workspace
        self._activity = activity
        self._task: Task | None = None

    @property
    def is_running(self) -> bool:
        return self._task is not None

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

        self._run("Opening the demo", session.data_dir / "demo", make_and_index)

    def cancel(self) -> None:
        """Stops the run; what was indexed is kept."""
        if self._task is not None:
            self._task.cancel()

    def _run(self, title: str, root: Path, work: Work) -> None:
        self.cancel()
        task = self._workspace.runner.submit(Lane.MODEL, work)
        self._task = task
        task.succeeded.connect(self.finished)
        task.failed.connect(self.failed)
        task.cancelled.connect(lambda: self._stop(task))
        task.finished.connect(lambda: self._forget(task))
        self._activity.follow(task, title)
        self.started.emit(root)

    def _stop(self, task: Task) -> None:
        if self._task is task:
            self.stopped.emit()

    def _forget(self, task: Task) -> None:
        if self._task is task:
            self._task = None
