"""Search: asks the newest query, drops older answers, fills grid, chips and status."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.activity_controller import ActivityController
from app.controllers.indexing_controller import IndexingController
from app.controllers.workspace import Workspace
from app.models.query_terms import located
from app.models.result_list_model import ResultListModel
from app.widgets.result_pane import ResultPane
from app.widgets.status_panel import StatusPanel
from app.workers.task import Lane, Task, Work
from faami_core.errors import FaamiError, QueryError
from faami_core.queries import NO_FILTERS, Query
from faami_core.types import CollectionInfo, GalleryImage, SearchResult


class SearchController(QObject):
    """Turns the query bar into results on screen."""

    shown = Signal(object)  # SearchResult
    browsing = Signal()
    failed = Signal(object)  # FaamiError

    def __init__(
        self,
        *,
        workspace: Workspace,
        model: ResultListModel,
        pane: ResultPane,
        status: StatusPanel,
        activity: ActivityController,
        indexing: IndexingController,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = model
        self._pane = pane
        self._status = status
        self._activity = activity
        self._indexing = indexing
        self._task: Task | None = None
        self._asked: Query | None = None  # on screen or on its way; None while browsing
        pane.query.submitted.connect(self.ask)
        pane.query.cleared.connect(self.clear)
        pane.histogram.kept_changed.connect(self._keep)

    def ask(self, line: str) -> None:
        """Searches the open collection; an older search that is still running is dropped."""
        root = self._workspace.root
        if root is None:
            return
        try:
            asked = self._workspace.session.parse_query(line)
        except QueryError as error:
            self.refuse(error)
            return
        self._pane.query.show_terms(asked.terms)
        self._search(root, located(asked, root))

    def again(self) -> None:
        """The filters are others: asks anew what is on screen, or on its way there."""
        root = self._workspace.root
        if root is not None and self._asked is not None:
            self._search(root, self._asked)
        else:
            self.browse()

    def _search(self, root: Path, query: Query) -> None:
        session, filters = self._workspace.session, self._workspace.filters
        self._asked = query
        task = self._submit("Searching", lambda token, _: session.search(root, query, filters=filters, cancel=token))
        task.succeeded.connect(lambda result: self._show(task, result))

    def _submit(self, title: str, work: Work) -> Task:
        """Starts what fills the grid; what was on its way there before is dropped."""
        self._drop()
        task = self._workspace.runner.submit(Lane.MODEL, work)
        self._task = task
        task.failed.connect(lambda error: self._fail(task, error))
        self._activity.follow(task, title)
        if self._indexing.is_running:
            self._pane.notice.show_notice(
                "info",
                "The search waits for indexing.",
                "It begins when indexing is finished or cancelled.",
                topic="search",
            )
        return task

    def refuse(self, error: QueryError) -> None:
        """A line that cannot be read: says why, the cursor stands where."""
        if error.position is not None:
            self._pane.query.point_at(error.position)
        self.tell(error)
        self.failed.emit(error)

    def tell(self, error: FaamiError) -> None:
        """Says why there is no new answer; the results on screen stay."""
        self._pane.notice.show_notice("error", error.message, error.next_step, topic="search")

    def clear(self) -> None:
        """Ends the query; while browsing there is nothing to end, and the place in the grid is kept."""
        if self._workspace.result is not None or self._task is not None:
            self.browse()

    def browse(self) -> None:
        """Shows the images of the open collection that pass the filters, without a query."""
        space = self._workspace
        root, session, filters = space.root, space.session, space.filters
        self._asked = None
        if root is None or filters == NO_FILTERS:
            self._drop()
            self._show_images(space.images)
        else:
            task = self._submit("Filtering", lambda _token, _progress: session.browse(root, filters=filters))
            task.succeeded.connect(lambda images: self._take_images(task, images))

    def _take_images(self, task: Task, images: tuple[GalleryImage, ...]) -> None:
        if task is self._task:
            self._show_images(images)

    def _show_images(self, images: tuple[GalleryImage, ...]) -> None:
        everything = self._workspace.images
        self._task = None
        self._model.clear()
        self._workspace.result = None
        self._workspace.view.select_word(None)
        self._status.show_fact("reranked", "")
        self._status.show_fact("time", "")
        self._pane.query.show_terms(())
        self._pane.query.show_words(())
        self._model.show_images(images)
        self._pane.histogram.show_scores(())
        if self._workspace.collection is None:
            self._pane.show_welcome()
        elif not everything:
            self._pane.show_empty(
                "No images in this collection",
                "There is no image file in the folder that this program can read.",
                "Open another folder",
            )
        elif not images:
            self._show_none_pass()
        else:
            count = f"{len(images):,} of " if len(images) < len(everything) else ""
            self._pane.show_grid(f"{count}{len(everything):,} images, by path")
        self.browsing.emit()

    def show_collection(self, info: CollectionInfo) -> None:
        """A collection was opened or updated: tells its size."""
        images = f"{info.images:,} image" + ("" if info.images == 1 else "s")
        self._status.show_fact("gallery", images, f"{images} can be searched")

    def _show(self, task: Task, result: SearchResult) -> None:
        if task is not self._task:
            return
        self._model.clear()  # rows of the older result must not meet the evidence of this one
        before, self._workspace.result = self._workspace.result, result
        if before is None or before.query != result.query:
            self._workspace.view.select_word(None)
        self._pane.notice.dismiss("search")
        self._pane.query.show_words(result.words)
        self._model.show_result(result)
        self._pane.histogram.show_scores([hit.score for hit in result.hits])
        self._status.show_fact(
            "reranked", reranked_of(result), f"Words were aligned with regions in {result.reranked:,} images."
        )
        self._status.show_fact("time", _seconds(result.seconds), "Time of the last query")
        if result.hits:
            self._pane.show_grid(_headline(result, len(result.hits)))
        elif result.passing is not None:
            self._show_none_pass()
        else:
            self._pane.show_empty(
                "Nothing was found", "No image of this collection answers the query.", "Clear the query"
            )
        if self._workspace.view.word is None:  # else cells are lit, on a scale that is first taken from the result
            self._pane.paint_now()
        self.shown.emit(result)

    def _show_none_pass(self) -> None:
        self._pane.show_empty(
            "No image passes the filters",
            f"None of the {len(self._workspace.images):,} images meets all the conditions above.",
            "Clear filters",
        )

    def _keep(self, count: int) -> None:
        """Only the best ``count`` hits stay on screen."""
        result = self._workspace.result
        if result is not None:
            self._model.keep(count)
            self._pane.headline.show_text(_headline(result, count))

    def _fail(self, task: Task, error: FaamiError) -> None:
        if task is self._task:
            self._asked = self._workspace.result.query if self._workspace.result is not None else None
            self.tell(error)
            self.failed.emit(error)

    def _drop(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
        self._task = None


def _headline(result: SearchResult, kept: int) -> str:
    total = len(result.hits)
    results = f"{total:,} results" if kept == total else f"{kept:,} of {total:,} results"
    return f"{results}  ·  {reranked_of(result)}"


def reranked_of(result: SearchResult) -> str:
    """ "re-ranked K of N": N is the collection, or what passes the filters."""
    if result.passing is None:
        return f"re-ranked {result.reranked:,} of {result.gallery_size:,}"
    return f"re-ranked {result.reranked:,} of {result.passing:,} filtered"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
