"""What takes a query or its filters off the screen is a step that can be undone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoStack

from app.controllers.arrange_controller import ArrangeController, Arrangement
from app.controllers.feedback_controller import FeedbackController, FeedbackState
from app.controllers.filter_controller import FilterController
from app.controllers.search_controller import SearchController
from app.controllers.undo_step import UndoStep
from app.controllers.workspace import Workspace
from app.widgets.result_grid import Place
from app.widgets.result_pane import ResultPane
from faami_core.queries import NO_FILTERS
from faami_core.types import CollectionInfo, SearchResult

_ANSWERS_KEPT = 4  # of cleared queries, each a few megabytes; older ones are asked again


@dataclass
class QueryState:
    """A query on screen with all that the analyst made of its answer.

    Attributes:
        line: The query as it is typed.
        answer: As it was given, in the order of the score; None where it was too long ago to be kept.
        unmoved: The answer before thumbs moved it, None where they did not.
        feedback: Thumbs, and what they moved.
        arrangement: Order, word filter and mix.
        word: Index of the highlighted word, None for the whole query.
        place: Current image, selection and view.
        collection: As it was when it was asked.
    """

    line: str
    answer: SearchResult | None
    unmoved: SearchResult | None
    feedback: FeedbackState
    arrangement: Arrangement
    word: int | None
    place: Place
    collection: CollectionInfo | None


class QueryUndo(QObject):
    """Clears query and filters, and brings them back."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        search: SearchController,
        feedback: FeedbackController,
        filters: FilterController,
        arrange: ArrangeController,
        pane: ResultPane,
        stack: QUndoStack,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._search = search
        self._feedback = feedback
        self._filters = filters
        self._arrange = arrange
        self._pane = pane
        self._stack = stack
        self._kept: deque[QueryState] = deque(maxlen=_ANSWERS_KEPT)
        pane.query.cleared.connect(self.clear)

    def clear(self) -> None:
        """Ends the query; Undo brings it back as it was."""
        state = self._state()
        if state is None:
            self._search.clear()
            return
        if len(self._kept) == _ANSWERS_KEPT:
            self._kept[0].answer = self._kept[0].unmoved = None
        self._kept.append(state)
        self._stack.push(UndoStep(f"Clear query “{state.line}”", self._take_up, state, None))

    def clear_filters(self) -> None:
        """Shows all images again; Undo hides them again."""
        before = self._workspace.filters
        if before != NO_FILTERS:
            self._stack.push(UndoStep("Clear filters", self._filters.replace, before, NO_FILTERS))

    # --- inside --------------------------------------------------------------------------------------------

    def _state(self) -> QueryState | None:
        space, answer = self._workspace, self._arrange.answered
        if space.result is None or answer is None:
            return None
        return QueryState(
            space.session.format_query(answer.query),
            answer,
            space.unmoved,
            self._feedback.state,
            self._arrange.arrangement,
            space.view.word,
            self._pane.grid.place,
            space.collection,
        )

    def _take_up(self, state: QueryState | None) -> None:
        if state is None:
            self._pane.query.show_query("")
            self._search.clear()
        elif state.answer is None:
            self._pane.query.show_query(state.line)
            self._search.ask(state.line)
        else:
            self._bring_back(state, state.answer)

    def _bring_back(self, state: QueryState, answer: SearchResult) -> None:
        space = self._workspace
        self._feedback.take_up(state.feedback)
        self._search.bring_back(answer, state.unmoved)
        self._arrange.take_up(state.arrangement)
        space.view.select_word(state.word)
        self._pane.grid.go_to(state.place)
        self._pane.grid.row_chosen.emit(self._pane.grid.currentIndex().row())
        if (answer.filters, state.collection) != (space.filters, space.collection):
            self._search.again()  # other images are there now
