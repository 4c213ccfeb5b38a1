"""Relevance feedback: thumbs on hits move the query; before and after, and back again step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.controllers.search_controller import SearchController
from app.controllers.undo_step import UndoStep
from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from app.models.thumbs import Thumb, Thumbs, feedback_of, thumbs_of, told, turned
from app.widgets.result_pane import ResultPane
from faami_core.queries import NO_FEEDBACK, Feedback, Query
from faami_core.types import Hit, SearchResult


@dataclass(frozen=True)
class _Stand:
    """Where the feedback on a query stands; every step of the analyst leads from one stand to another.

    Attributes:
        roots: The collections that were searched.
        query: The query the thumbs belong to.
        thumbs: As on the cells.
        applied: Those that have moved the query.
    """

    roots: tuple[Path, ...] = ()
    query: Query | None = None
    thumbs: Thumbs = field(default_factory=dict)
    applied: Thumbs = field(default_factory=dict)

    def is_about(self, result: SearchResult | None) -> bool:
        return result is not None and (self.roots, self.query) == (result.collections, result.query)


@dataclass(frozen=True)
class FeedbackState:
    """The feedback on a query with the answers that belong to it; what it holds is the controller's own affair."""

    stand: _Stand
    asked: SearchResult | None
    moved: SearchResult | None


class FeedbackController(QObject):
    """Thumbs belong to a query and go with it.

    Results are re-ranked when the analyst says so, not at every thumb: no cell leaves the spot under her hand while
    she goes on judging, and before and after are one round of judgement apart.
    """

    changed = Signal()  # another stand, another view
    query_asked = Signal(str)  # undo leads back to a query that is no longer on screen

    def __init__(
        self,
        workspace: Workspace,
        search: SearchController,
        model: ResultListModel,
        pane: ResultPane,
        stack: QUndoStack,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._search = search
        self._model = model
        self._grid = pane.grid
        self._strip = pane.feedback
        self._stack = stack
        self._stand = _Stand()
        self._asked: SearchResult | None = None  # the answer to the query as it was asked
        self._moved: SearchResult | None = None  # the answer as the thumbs moved it
        search.shown.connect(self._after_search)
        search.browsing.connect(self._forget)
        pane.feedback.side_chosen.connect(self._show_side)

    # --- facts ---------------------------------------------------------------------------------------------

    @property
    def thumbs(self) -> Thumbs:
        """As on the cells."""
        return self._stand.thumbs

    @property
    def applied(self) -> Thumbs:
        """Those that have moved the results."""
        return self._stand.applied

    @property
    def has_thumbs(self) -> bool:
        return bool(self._stand.thumbs or self._stand.applied)

    @property
    def is_pending(self) -> bool:
        """Whether the thumbs say something else than what moved the results."""
        return feedback_of(self._stand.thumbs) != self._moved_by

    @property
    def is_reranked(self) -> bool:
        """Whether there is a before and an after."""
        return self._moved is not None and self._asked is not None

    @property
    def shows_before(self) -> bool:
        result = self._workspace.result
        return self.is_reranked and result is not None and result.feedback == NO_FEEDBACK

    @property
    def _moved_by(self) -> Feedback:
        return self._moved.feedback if self._moved is not None else NO_FEEDBACK

    # --- what the analyst does -----------------------------------------------------------------------------

    def give(self, thumb: Thumb) -> None:
        """Gives the selected hits a thumb, or takes it off where all of them have it."""
        rows = self._grid.selected_rows()
        self._give(rows, thumb)
        if len(rows) == 1:
            self._grid.step(1)  # one key an image, as for marks

    def give_to_row(self, row: int, thumb: Thumb) -> None:
        """Gives one hit a thumb, or takes it off."""
        self._give([row], thumb)

    def rerank(self) -> None:
        """Moves the query by the thumbs."""
        thumbs = self._stand.thumbs
        if thumbs == self._stand.applied:
            self._rank()  # the last try failed
        else:
            name = f"Re-rank by {told(feedback_of(thumbs)) or 'none'}"
            self._push(name, replace(self._stand, applied=thumbs))

    def reset(self) -> None:
        """Takes all thumbs off; the results are those that were asked for."""
        self._push("Reset thumbs", replace(self._stand, thumbs={}, applied={}))

    def toggle_before(self) -> None:
        """Shows the results as they were asked, or as the thumbs moved them."""
        self._show_side("after" if self.shows_before else "before")

    @property
    def state(self) -> FeedbackState:
        """For ``take_up``, before the query goes off the screen."""
        return FeedbackState(self._stand, self._asked, self._moved)

    def take_up(self, state: FeedbackState) -> None:
        """The thumbs on a query whose answer comes to the screen next."""
        self._stand, self._asked, self._moved = state.stand, state.asked, state.moved

    def bring_back(self, thumbs: Thumbs, applied: Thumbs) -> None:
        """The thumbs of the query on screen as they were when the window closed."""
        self.go_to(replace(self._stand, thumbs=thumbs, applied=applied))

    # --- inside --------------------------------------------------------------------------------------------

    def _give(self, rows: Sequence[int], thumb: Thumb) -> None:
        hits = [item for row in rows if isinstance(item := self._model.items[row], Hit)]
        if hits:
            thumbs = turned(self._stand.thumbs, [hit.key for hit in hits], thumb)
            whom = hits[0].path.name if len(hits) == 1 else f"{len(hits):,} images"
            verb = f"Thumb {thumb.name.lower()}" if hits[0].key in thumbs else "Take thumb off"
            self._push(f"{verb} {whom}", replace(self._stand, thumbs=thumbs))

    def _push(self, name: str, after: _Stand) -> None:
        self._stack.push(UndoStep(name, self.go_to, self._stand, after))

    def go_to(self, stand: _Stand) -> None:
        """Takes up a stand; a query that is no longer on screen is asked again."""
        before, self._stand = self._stand, stand
        if not stand.is_about(self._workspace.result) and stand.query is not None:
            self.query_asked.emit(self._workspace.session.format_query(stand.query))
            return
        self._show()
        if stand.applied != before.applied:
            self._rank()
        else:
            self._choose_changed(before)

    def _choose_changed(self, before: _Stand) -> None:
        """Undo shows what it changed."""
        thumbs = self._stand.thumbs
        changed = {key for key in {*thumbs, *before.thumbs} if thumbs.get(key) != before.thumbs.get(key)}
        rows = [row for row, item in enumerate(self._model.items) if isinstance(item, Hit) and item.key in changed]
        if len(changed) == len(rows) == 1:
            self._grid.choose(rows[0])

    def _rank(self) -> None:
        """Brings the answer that belongs to the stand."""
        if self._asked is None:
            if self._stand.query is not None:
                self.query_asked.emit(self._workspace.session.format_query(self._stand.query))
        elif self._stand.applied:
            self._search.rerank(self._asked, feedback_of(self._stand.applied))
        else:
            self._moved = None
            self._search.put(self._asked)

    def _show_side(self, side: str) -> None:
        if self._moved is not None and self._asked is not None:
            if side == "before":
                self._search.put(self._asked)
            else:
                self._search.put(self._moved, self._asked)

    def _after_search(self, result: SearchResult) -> None:
        if not self._stand.is_about(result):
            thumbs = thumbs_of(
                result.feedback
            )  # of results from a file; the answer before they moved it is not there
            self._stand = _Stand(result.collections, result.query, thumbs, thumbs)
            self._asked = self._moved = None
        if result.feedback != NO_FEEDBACK:
            self._moved = result
        elif result is not self._asked:
            self._asked, self._moved = result, None
            if self._stand.applied:
                self._rank()  # asked again, or of other images: the thumbs still hold
        self._show()

    def _forget(self) -> None:
        self._stand, self._asked, self._moved = _Stand(), None, None
        self._show()

    def _show(self) -> None:
        self._model.show_thumbs(self._stand.thumbs)
        self._strip.show_state(
            feedback_of(self._stand.thumbs), self._moved_by, before=self.shows_before, both=self.is_reranked
        )
        self.changed.emit()
