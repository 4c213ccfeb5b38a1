"""Result files: what was exported comes back to the screen, the same hits in the same order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from app.controllers.activity_controller import ActivityController
from app.controllers.collection_controller import CollectionController
from app.controllers.filter_controller import FilterController
from app.controllers.further_controller import FurtherController
from app.controllers.search_controller import SearchController
from app.controllers.triage_controller import TriageController
from app.controllers.workspace import Workspace
from app.models.mark_store import MarkStore
from app.widgets.notice_bar import NoticeBar, Topic
from app.workers.task import Lane
from faami_core.errors import FaamiError
from faami_core.types import CancelToken, ImportedResult, SearchResult


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
        marks: MarkStore,
        triage: TriageController,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._collections = collections
        self._further = further
        self._filters = filters
        self._search = search
        self._activity = activity
        self._notice = notice
        self._marks = marks
        self._awaited: ImportedResult | None = None  # read, but not all of its collections are open
        self._name = ""  # of the file
        collections.opened.connect(lambda _info: self._go_on())
        further.changed.connect(self._go_on)
        collections.failed.connect(self._give_up)
        search.shown.connect(self._leave)
        triage.loaded.connect(self._offer)
        marks.changed.connect(self._withdraw)

    def open(self, path: Path) -> None:
        """Brings the results of a CSV file back, with where their words matched."""
        session = self._workspace.session

        def read(token: CancelToken, _progress: object) -> ImportedResult:
            imported = session.import_csv(path)
            return replace(imported, result=session.with_maps(imported.result, cancel=token))

        task = self._workspace.runner.submit(Lane.MODEL, read)
        task.succeeded.connect(lambda imported: self._take(path.name, imported))
        task.failed.connect(self._tell)
        self._activity.follow(task, f"Opening {path.name}")

    def _take(self, name: str, imported: ImportedResult) -> None:
        self._notice.dismiss(Topic.RESULTS_FILE)
        self._awaited, self._name = imported, name
        if self._workspace.root != imported.result.collection:
            self._collections.open(imported.result.collection)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Ticks the next collection that is not searched yet; shows the results when there is none left."""
        imported, open_now = self._awaited, self._workspace.roots
        if imported is None or imported.result.collection not in open_now:
            return
        result = imported.result
        missing = next((root for root in result.collections if root not in open_now), None)
        if missing is None:
            self._awaited = None
            self._filters.put(result.filters)
            self._search.bring_back(result)
            roots = result.collections
            notes = imported.annotations.items()
            self._marks.show_file({(roots[place], image): note for (place, image), note in notes})
            self._offer()
        elif missing not in self._workspace.ticked:
            self._further.tick(missing, True)

    def _offer(self) -> None:
        """Says that the file notes what the collections do not hold, once their marks are read."""
        count = len(self._marks.not_stored)
        if count:
            images = "1 image" if count == 1 else f"{count:,} images"
            self._notice.show_notice(
                "info",
                f"{self._name} has marks or tags of {images} that this collection does not hold.",
                "They are shown and exported with these results. Marks that are here already stay.",
                topic=Topic.FILE_MARKS,
                action="store_file_marks",
                label_of_action="Take them over",
            )

    def _withdraw(self) -> None:
        if not self._marks.not_stored:
            self._notice.dismiss(Topic.FILE_MARKS)

    def _leave(self, _result: SearchResult) -> None:
        """Another answer is on screen: the annotations of the file went with its results."""
        self._marks.show_file({})

    def _tell(self, error: FaamiError) -> None:
        self._notice.show_notice("error", error.message, error.next_step, topic=Topic.RESULTS_FILE)

    def _give_up(self, _error: FaamiError) -> None:
        self._awaited = None
