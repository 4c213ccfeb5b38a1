"""Shows the progress of the longest-running task in the strip, and takes cancel back to it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.widgets.activity_strip import ActivityStrip
from app.workers.task import Task
from faami_core.types import Progress


class ActivityController(QObject):
    """Several tasks may run; the oldest one is shown, because the others wait for it."""

    def __init__(self, strip: ActivityStrip) -> None:
        super().__init__()
        self._strip = strip
        self._titles: dict[Task, str] = {}
        strip.cancel_asked.connect(self.cancel)

    def follow(self, task: Task, title: str) -> None:
        """Shows a task while it runs, once it has lasted 600 ms."""
        self._titles[task] = title
        task.progressed.connect(lambda progress: self._show(task, progress))
        task.finished.connect(lambda: self._forget(task))
        if len(self._titles) == 1:
            self._strip.begin(title)

    def cancel(self) -> None:
        """Cancels the task that is shown."""
        if self._titles:
            next(iter(self._titles)).cancel()

    def _show(self, task: Task, progress: Progress) -> None:
        if next(iter(self._titles), None) is task:
            self._strip.show_progress(self._titles[task], progress)

    def _forget(self, task: Task) -> None:
        was_shown = next(iter(self._titles), None) is task
        self._titles.pop(task, None)
        if not was_shown:
            return
        self._strip.end()
        if self._titles:
            self._strip.begin(next(iter(self._titles.values())))
