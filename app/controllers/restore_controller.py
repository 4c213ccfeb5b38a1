"""The window opens as it was closed: collections, query, filters, thumbs, selected image, lit word."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from PySide6.QtCore import QObject

from app.controllers.collection_controller import CollectionController
from app.controllers.feedback_controller import FeedbackController
from app.controllers.filter_controller import FilterController
from app.controllers.search_controller import SearchController
from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from app.settings import LastView
from app.widgets.result_grid import ResultGrid
from app.widgets.result_pane import ResultPane
from faami_core.errors import QueryError
from faami_core.queries import NO_FILTERS


class RestoreController(QObject):
    """Remembers the view on close and brings it back on start."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        collections: CollectionController,
        search: SearchController,
        filters: FilterController,
        feedback: FeedbackController,
        model: ResultListModel,
        grid: ResultGrid,
        pane: ResultPane,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._collections = collections
        self._search = search
        self._filters = filters
        self._feedback = feedback
        self._model = model
        self._grid = grid
        self._pane = pane
        self._awaited: LastView | None = None
        search.shown.connect(lambda _result: self._finish())
        search.browsing.connect(self._finish)
        search.failed.connect(lambda _error: self._browse_instead())
        collections.failed.connect(lambda _error: self._forget())
        for own_question in (pane.query.submitted, pane.query.cleared):
            own_question.connect(self._give_up)

    def begin(self) -> None:
        """Opens the last collection, if there is one, and asks its last query again."""
        settings = self._workspace.settings
        if settings.last is not None:
            self._awaited = settings.last_view
            self._workspace.ticked = tuple(root for root in self._awaited.ticked if root in settings.recent)
            self._pane.query.show_query(self._awaited.line)
            with suppress(QueryError):  # what cannot be read hides nothing
                self._filters.put(self._workspace.session.parse_filters(self._awaited.filters))
            self._collections.open(settings.last)

    def remember(self) -> None:
        """Writes down what is on screen; before the last view is back, that one stays written down."""
        space, row = self._workspace, self._grid.currentIndex().row()
        if space.collection is None or self._awaited is not None:
            return
        space.settings.last_view = LastView(
            line=space.session.format_query(space.result.query) if space.result is not None else "",
            selected=self._model.path(row) if row >= 0 else None,
            word=space.view.word,
            filters=space.session.format_filters(space.filters),
            ticked=space.ticked,
            thumbs=self._feedback.thumbs,
            applied=self._feedback.applied,
        )

    def _finish(self) -> None:
        view, self._awaited = self._awaited, None
        if view is None:
            return
        if view.thumbs or view.applied:
            self._feedback.bring_back(view.thumbs, view.applied)
        if view.applied:
            self._awaited = replace(view, thumbs={}, applied={})  # the rest follows when the results are re-ranked
            return
        row = next((row for row, item in enumerate(self._model.items) if item.path == view.selected), -1)
        self._grid.choose(row)
        result = self._workspace.result
        if result is not None and view.word is not None and view.word < len(result.words):
            self._workspace.view.select_word(view.word)

    def _give_up(self) -> None:
        """The analyst asks something else before the last view is back."""
        self._awaited = None

    def _forget(self) -> None:
        if self._awaited is not None:
            self._awaited = None
            self._pane.query.show_query("")
            self._filters.put(NO_FILTERS)

    def _browse_instead(self) -> None:
        """The collection is there, but its last query cannot be asked any more."""
        if self._awaited is not None:
            self._forget()
            self._search.browse()
