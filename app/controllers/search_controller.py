"""Search: asks the newest query, drops older answers, fills grid, chips and status."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.activity_controller import ActivityController
from app.controllers.indexing_controller import IndexingController
from app.controllers.workspace import Workspace
from app.models.moves import moves_between
from app.models.query_terms import located
from app.models.result_list_model import ResultListModel
from app.widgets.notice_bar import Topic
from app.widgets.result_grid import Place
from app.widgets.result_pane import ResultPane
from app.widgets.status_panel import StatusPanel
from app.workers.task import Lane, Task, Work
from faami_core.errors import FaamiError, QueryError
from faami_core.queries import NO_FILTERS, Feedback, Query
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
        self._unanswered: Query | None = None  # asked after that, but failed
        self._asked_of: tuple[Path, ...] = ()  # the collections that the last search went over
        pane.query.submitted.connect(self.ask)

    def ask(self, line: str) -> None:
        """Searches the open collection and those ticked; an older search that is still running is dropped."""
        roots = self._workspace.roots
        if not roots:
            return
        try:
            asked = self._workspace.session.parse_query(line)
        except QueryError as error:
            self.refuse(error)
            return
        self._pane.query.show_terms(asked.terms)
        self._search(located(asked, roots))

    def again(self) -> None:
        """The filters are others: asks anew what is on screen, or on its way there."""
        if self._asked is not None:
            self._search(self._asked)
        else:
            self.browse()

    def take_collection(self, line: str, *, is_update: bool) -> None:
        """Another collection is open, or the same one was read again.

        Args:
            line: What stands in the query bar; another collection is asked that.
            is_update: The same one: what was asked last is asked again, whatever is being typed.
        """
        query = self._unanswered or self._asked
        if is_update and query is not None:
            self._search(query)
        elif is_update or not line:
            self.browse()
        else:
            self._leave_results()
            self.ask(line)

    def _leave_results(self) -> None:
        """No result outlives its collection, whatever comes of asking the next one."""
        self._drop()
        self._model.clear()
        self._asked = self._workspace.result = self._workspace.unmoved = None
        self._pane.show_empty("Searching", "The query is being asked of this collection.")

    def follow_collections(self) -> None:
        """Other collections are searched now: asks them what was asked last, whether or not that was answered."""
        query = self._unanswered or self._asked
        if query is not None and self._asked_of != self._workspace.roots:
            self._search(query)

    def _search(self, query: Query) -> None:
        session, roots, filters = self._workspace.session, self._workspace.roots, self._workspace.filters
        if not any(info.images for info in self._workspace.searched):
            self.browse()
            self._unanswered, self._asked_of = query, roots  # for the day when there are images again
            return
        self._asked, self._unanswered, self._asked_of = query, None, roots
        task = self._submit("Searching", lambda token, _: session.search(roots, query, filters=filters, cancel=token))
        task.succeeded.connect(lambda result: self.put(result) if task is self._task else None)

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
                topic=Topic.SEARCH,
            )
        return task

    def rerank(self, asked: SearchResult, feedback: Feedback) -> None:
        """Asks the question of ``asked`` again, moved by marked images; hits tell how far they moved."""
        session = self._workspace.session
        task = self._submit(
            "Re-ranking",
            lambda token, _progress: session.search(
                asked.collections, asked.query, filters=asked.filters, feedback=feedback, cancel=token
            ),
        )
        task.succeeded.connect(lambda result: self.put(result, asked) if task is self._task else None)

    def put(self, result: SearchResult, unmoved: SearchResult | None = None) -> None:
        """Puts an answer on screen.

        Args:
            result: The hits.
            unmoved: The answer to the same query before feedback moved it, None where nothing moved it.
        """
        self._drop()
        before = self._workspace.result
        if before is None or before.query != result.query:
            self._put(result, unmoved, None)
        else:  # the same question again: the analyst goes on where she was
            with self._pane.grid.holding_place() as place:
                self._put(result, unmoved, place)

    def _put(self, result: SearchResult, unmoved: SearchResult | None, place: Place | None) -> None:
        self._model.clear()  # rows of the older result must not meet the evidence of this one
        self._workspace.result, self._workspace.unmoved = result, unmoved
        if place is None:
            self._workspace.view.select_word(None)
        self._pane.notice.dismiss(Topic.SEARCH, Topic.MODEL)
        self._pane.query.show_words(result.words)
        self._model.show_result(result, moves_between(unmoved.hits, result.hits) if unmoved is not None else None)
        self._pane.histogram.show_scores([hit.score for hit in result.hits])
        self._status.show_fact(
            "reranked", reranked_of(result), f"Words were aligned with regions in {result.reranked:,} images."
        )
        self._status.show_fact("time", _seconds(result.seconds), "Time of the last query")
        if result.hits:
            self._pane.show_grid(f"{len(result.hits):,} results  ·  {reranked_of(result)}")
        elif result.passing is not None:
            self._show_none_pass(result.gallery_size)
        else:
            self._pane.show_empty("Nothing was found", _nothing_found(len(result.collections)), "Clear the query")
        if place is None:  # else cells may be lit, on a scale first taken from the result, or sorted by a word
            self._pane.paint_now()
        else:
            self._pane.grid.go_to(place)
        self.shown.emit(result)

    def bring_back(self, result: SearchResult, unmoved: SearchResult | None = None) -> None:
        """Puts an answer of another day on screen as if it had been asked now; arguments as in ``put``."""
        self._asked, self._unanswered, self._asked_of = result.query, None, result.collections
        self._pane.query.show_query(self._workspace.session.format_query(result.query))
        self._pane.query.show_terms(result.query.terms)
        self.put(result, unmoved)

    def refuse(self, error: QueryError) -> None:
        """A line that cannot be read: says why, the cursor stands where."""
        if error.position is not None:
            self._pane.query.point_at(error.position)
        self.tell(error)
        self.failed.emit(error)

    def tell(self, error: FaamiError) -> None:
        """Says why there is no new answer; the results on screen stay."""
        self._pane.notice.show_notice("error", error.message, error.next_step, topic=Topic.SEARCH)

    def cancel(self) -> bool:
        """Drops a search that is under way; what is on screen stays. Returns whether there was one."""
        is_asking = self._task is not None and self._task.is_running and self._asked is not None
        if is_asking:
            self._drop()
            self._asked = self._workspace.result.query if self._workspace.result is not None else None
        return is_asking

    def clear(self) -> None:
        """Ends the query; while browsing there is nothing to end, and the place in the grid is kept."""
        self._pane.notice.dismiss(Topic.SEARCH)
        if self._workspace.result is not None or self._task is not None:
            self.browse()

    def browse(self) -> None:
        """Shows the images of the open collection that pass the filters, without a query."""
        space = self._workspace
        root, session, filters = space.root, space.session, space.filters
        self._asked = self._unanswered = None
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
        place = self._pane.grid.place if self._workspace.result is None else None
        self._model.clear()
        self._workspace.result = self._workspace.unmoved = None
        self._workspace.view.select_word(None)
        self._status.show_fact("reranked", "")
        self._status.show_fact("time", "")
        self._pane.query.show_terms(())
        self._pane.query.show_words(())
        self._model.show_images(images, self._workspace.root or Path())
        self._pane.histogram.show_scores(())
        if self._workspace.collection is None:
            self._pane.show_welcome()
        elif not everything:
            self._pane.show_empty(*_why_empty(self._workspace.collection), "Open another folder")
        elif not images:
            self._show_none_pass(len(everything))
        else:
            count = f"{len(images):,} of " if len(images) < len(everything) else ""
            self._pane.show_grid(f"{count}{len(everything):,} images, by path")
        if place is not None:
            self._pane.grid.go_to(place)
        self.browsing.emit()

    def show_gallery(self) -> None:
        """Collections were opened or updated: tells how much can be searched."""
        searched = self._workspace.searched
        count = sum(info.images for info in searched)
        images = f"{count:,} image" + ("" if count == 1 else "s")
        tip = f"{images} can be searched"
        if len(searched) > 1:
            images += f" in {len(searched)} collections"
            tip += f" in {', '.join(info.root.name for info in searched)}"
        self._status.show_fact("gallery", images, tip)

    def _show_none_pass(self, gallery_size: int) -> None:
        self._pane.show_empty(
            "No image passes the filters",
            f"None of the {gallery_size:,} images meets all the conditions above.",
            "Clear filters",
        )

    def _fail(self, task: Task, error: FaamiError) -> None:
        if task is self._task:
            asked, result = self._asked, self._workspace.result
            stays = result is not None and set(result.collections) <= set(self._workspace.roots)
            self._asked = result.query if result is not None and stays else None
            self._unanswered = asked
            self.tell(error)
            self.failed.emit(error)
            if asked is not None and not stays and task is self._task:
                self.browse()  # there is no result of what is searched now
                self._unanswered = asked

    def _drop(self) -> None:
        if self._task is not None and self._task.is_running:
            self._task.cancel()
        self._task = None


def _why_empty(info: CollectionInfo) -> tuple[str, str]:
    """Title and sentence for a collection in which nothing can be searched."""
    if info.scan.unlisted and not info.seen:
        folder = info.scan.unlisted[0]
        return "The folder could not be read", f"{folder.path}: {folder.reason}"
    if info.offline:
        images = "1 image is" if info.offline == 1 else f"{info.offline:,} images are"
        sentence = f"{images} indexed, but {info.root} is away. Connect it, then press F5."
        return "The images cannot be reached", sentence
    if info.unreadable:
        return "No image could be read", "The side panel lists every file with the reason."
    other = info.scan.other_files
    kinds = ", ".join(suffix or "no suffix" for suffix, _ in info.scan.other_kinds[:6])
    beside = f" It holds {other:,} file{'' if other == 1 else 's'} of other kinds: {kinds}." if other else ""
    return "No images in this collection", f"There is no image file in the folder that this program can read.{beside}"


def _nothing_found(collections: int) -> str:
    those = "this collection" if collections == 1 else f"these {collections} collections"
    return f"No image of {those} answers the query."


def reranked_of(result: SearchResult) -> str:
    """ "re-ranked K of N": N is the collection, or what passes the filters."""
    if result.passing is None:
        return f"re-ranked {result.reranked:,} of {result.gallery_size:,}"
    return f"re-ranked {result.reranked:,} of {result.passing:,} filtered"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
