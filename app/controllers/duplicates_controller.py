"""Which images show the same picture: found out in the background, and only while duplicates are grouped."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.arrange_controller import ArrangeController
from app.controllers.workspace import Workspace
from app.models.folding import Groups
from app.setting_fields import Grouping
from app.widgets.notice_bar import NoticeBar, Topic
from app.workers.task import Lane, Task, Work
from faami_core.types import SearchResult


class DuplicatesController(QObject):
    """Exact copies are known for a whole collection once it is read; look-alikes are found among the hits of a
    query, because comparing all images of a collection with one another takes too long."""

    changed = Signal()

    def __init__(self, workspace: Workspace, arrange: ArrangeController, notice: NoticeBar) -> None:
        super().__init__()
        self._workspace = workspace
        self._arrange = arrange
        self._notice = notice
        self._copies: Groups | None = None  # of the collections that are searched, None until they are read
        self._copies_of: tuple[Path, ...] = ()
        self._result: SearchResult | None = None
        self._task: Task | None = None

    @property
    def grouping(self) -> Grouping:
        return self._workspace.settings.grouping

    @property
    def is_settled(self) -> bool:
        """Whether what is on screen is grouped as it is meant to be."""
        return self._task is None

    def toggle(self, grouping: Grouping) -> None:
        """Groups exact copies or look-alikes, or nothing any more; remembered."""
        self._workspace.settings.grouping = "none" if grouping == self.grouping else grouping
        self.changed.emit()
        self._regroup()

    def take_collection(self) -> None:
        """Another collection is open, or the same one was read anew."""
        self._copies, self._result = None, None
        self._regroup()

    def take_result(self, result: SearchResult | None) -> None:
        """A new answer (or none, while browsing) is on screen."""
        self._result = result
        self._regroup()

    def _regroup(self) -> None:
        """Folds by what is known at once, and asks for the rest."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self.grouping == "none" or self._workspace.collection is None:
            self._arrange.fold({}, "copy")
            return
        session, result, roots = self._workspace.session, self._result, self._workspace.roots
        if roots != self._copies_of:
            self._copies, self._copies_of = None, roots
        self._arrange.fold(self._copies or {}, "copy")
        if self.grouping == "near" and result is not None:
            self._submit(Lane.MODEL, lambda token, _progress: session.duplicates(result, "near", cancel=token))
        elif self._copies is None:
            self._submit(Lane.DISK, lambda _token, _progress: session.copies(roots))

    def _submit(self, lane: Lane, work: Work) -> None:
        task = self._task = self._workspace.runner.submit(lane, work)
        take = self._take_copies if lane is Lane.DISK else self._take_ranks
        task.succeeded.connect(lambda _groups: self._notice.dismiss(Topic.DUPLICATES))
        task.succeeded.connect(lambda groups: take(groups) if task is self._task else None)
        task.failed.connect(
            lambda error: self._notice.show_notice("error", error.message, error.next_step, topic=Topic.DUPLICATES)
        )

    def _take_copies(self, groups: tuple[tuple[tuple[int, int], ...], ...]) -> None:
        self._task = None
        self._copies = {key: number for number, group in enumerate(groups) for key in group}
        self._arrange.fold(self._copies, "copy")

    def _take_ranks(self, groups: tuple[tuple[int, ...], ...]) -> None:
        self._task = None
        hits = self._result.hits if self._result is not None else ()
        alike = {hits[rank].key: number for number, group in enumerate(groups) if len(group) > 1 for rank in group}
        self._arrange.fold(alike, "look-alike")
