"""Result files: what was exported comes back to the screen, the same hits in the same order."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.controllers.activity_controller import ActivityController
from app.controllers.collection_controller import CollectionController
from app.controllers.filter_controller import FilterController
from app.controllers.further_controller import FurtherController
from app.controllers.search_controller import SearchController
from app.controllers.workspace import Workspace
from app.widgets.notice_bar import NoticeBar, Topic
from app.workers.task import Lane
from faami_core.errors import FaamiError
from faami_core.types import SearchResult


class ReopenController(QObject):
    """Reads a file, opens the collections its hits are from, and shows them."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        collections: CollectionController,
        further: FurtherController,
        filters: FilterController,
        search: SearchController,
        activity: ActivityController,
        notice: NoticeBar,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._collections = collections
        self._further = further
        self._filters = filters
        self._search = search
        self._activity = activity
        self._notice = notice
        self._awaited: SearchResult | None = None  # read, but not all of its collections are open
        collections.opened.connect(lambda _info: self._go_on())
        further.changed.connect(self._go_on)
        collections.failed.connect(self._give_up)

    def open(self, path: Path) -> None:
        """Brings the results of a CSV file back, with where their words matched."""
        session = self._workspace.session
        task = self._workspace.runner.submit(
            Lane.MODEL, lambda token, _progress: session.with_maps(session.import_csv(path).result, cancel=token)
        )
        task.succeeded.connect(self._take)
        task.failed.connect(self._tell)
        self._activity.follow(task, f"Opening {path.name}")

    def _take(self, result: SearchResult) -> None:
        self._notice.dismiss(Topic.RESULTS_FILE)
        self._awaited = result
        if self._workspace.root != result.collection:
            self._collections.open(result.collection)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Ticks the next collection that is not searched yet; shows the results when there is none left."""
        result, open_now = self._awaited, self._workspace.roots
        if result is None or result.collection not in open_now:
            return
        missing = next((root for root in result.collections if root not in open_now), None)
        if missing is None:
            self._awaited = None
            self._filters.put(result.filters)
            self._search.bring_back(result)
        elif missing not in self._workspace.ticked:
            self._further.tick(missing, True)

    def _tell(self, error: FaamiError) -> None:
        self._notice.show_notice("error", error.message, error.next_step, topic=Topic.RESULTS_FILE)

    def _give_up(self, _error: FaamiError) -> None:
        self._awaited = None
