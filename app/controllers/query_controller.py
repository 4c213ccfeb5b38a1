"""The query as it is composed: typed line and chips in step, images and regions, suggestions, history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage, QPixmap

from app.colormap import to_image
from app.controllers.search_controller import SearchController
from app.controllers.workspace import Workspace
from app.models.query_terms import Term, located_image
from app.models.suggestions import Suggestion, Suggestions
from app.widgets.notice_bar import Topic
from app.widgets.query_bar import LONGEST_LINE
from app.widgets.quick_list import QuickEntry
from app.widgets.result_pane import ResultPane
from app.workers.task import Lane
from faami_core.errors import FaamiError, QueryError
from faami_core.queries import ImageTerm, PixelBox, Query
from faami_core.types import QueryWord, SearchResult

_PICTURE = 64  # pixels of a side of the picture on a chip
_READ_SIDE = 512  # longest side that is read for it; its shorter side may be much shorter
_PICTURES_KEPT = 64
_ASK_ADVISED = "ask_advised_query"


class QueryController(QObject):
    """Connects query bar and search; whatever composes a query goes through the line that the bar shows."""

    saved_shown = Signal(bool)  # whether the query on screen is a saved one
    shown = Signal(str)  # the typed line of the query on screen; empty while browsing
    saved_changed = Signal(object)  # tuple[str, ...], the saved queries

    def __init__(self, workspace: Workspace, search: SearchController, pane: ResultPane) -> None:
        super().__init__()
        self._workspace = workspace
        self._search = search
        self._pane = pane
        self._bar = pane.query
        self._pictures: dict[Term, QPixmap | None] = {}  # None: on its way
        self._suggestions = Suggestions()
        self._has_words = False
        self._told_of: Query | None = None  # the query that advice was last looked for
        self._advised: Query | None = None  # what the notice on screen offers
        self._bar.image_given.connect(self.add_image)
        self._bar.image_pasted.connect(self._add_pasted)
        self._bar.edited.connect(self._follow)
        self._bar.text.inputRejected.connect(self._tell_cut)
        self._bar.suggestions.taken.connect(self._take_suggestion)
        self._bar.terms.changed.connect(self.ask_terms)
        self._bar.terms.picture_wanted.connect(self._fill_picture)
        search.shown.connect(self._after_search)
        search.browsing.connect(self._after_browsing)
        pane.notice.action_asked.connect(self._take_action)

    @property
    def suggestions(self) -> Suggestions:
        """What a line could go on with."""
        return self._suggestions

    # --- asking --------------------------------------------------------------------------------------------

    def ask(self, line: str) -> None:
        """Puts a line into the bar and searches."""
        self._bar.show_query(line)
        self._bar.expect_answer()
        self._search.ask(line)

    def ask_terms(self, terms: Iterable[Term]) -> None:
        """Searches for terms, the line follows; without any, the collection is browsed again."""
        line = self._workspace.session.format_query(Query(tuple(terms)))
        if line:
            self.ask(line)
        else:
            self._bar.clear()

    def add(self, term: Term) -> None:
        """Adds a term to what stands in the line and searches."""
        try:
            query = self._workspace.session.parse_query(self._bar.line)
        except QueryError as error:
            self._search.refuse(error)
            return
        self.ask_terms((*query.terms, term))

    def add_image(self, path: Path) -> None:
        self.add(ImageTerm(path))

    def add_region(self, path: Path, box: PixelBox) -> None:
        """Adds a region drawn on an image."""
        self.add(ImageTerm(path, box=box))

    def take_collection(self, *, is_update: bool) -> None:
        """Another collection is open, or the same one was read again: asks it, or shows all its images."""
        self.load_words()
        self._search.take_collection(self._bar.line, is_update=is_update)

    def _add_pasted(self, image: QImage) -> None:
        """Adds an image from the clipboard; it is kept in the data folder, because a query names a file."""
        folder = self._workspace.session.data_dir / "pasted"

        def save(_token: object, _progress: object) -> Path:
            pixels = image.convertToFormat(QImage.Format.Format_RGB888)
            digest = hashlib.sha256(bytes(pixels.constBits())).hexdigest()[:12]
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"pasted-{digest}.png"
            if not pixels.save(str(path)):
                raise FaamiError(
                    f"The pasted image could not be stored in {folder}.", "Check that the disk has room."
                )
            return path

        task = self._workspace.runner.submit(Lane.DISK, save)
        task.succeeded.connect(self.add_image)
        task.failed.connect(self._search.tell)

    # --- the line as it is typed ---------------------------------------------------------------------------

    def load_words(self) -> None:
        """Fetches the words that the model knows, once; without them there are no suggestions of words."""
        if self._has_words:
            return
        self._has_words = True
        session, settings = self._workspace.session, self._workspace.settings
        self._suggestions.take_lines(settings.history, settings.saved_queries)
        # Not where marks are written, which a closing window waits for: reading them may load a library.
        task = self._workspace.runner.submit(Lane.WATCH, lambda _token, _progress: session.known_words())
        task.succeeded.connect(self._suggestions.take_words)

    def _follow(self, line: str, cursor: int) -> None:
        """The line is being typed: chips that are there follow it, suggestions come up."""
        self._bar.suggestions.offer(self._suggestions.complete(line, cursor))
        if self._bar.terms.isHidden():
            return
        try:
            terms = self._workspace.session.parse_query(line).terms
        except QueryError:
            self._bar.terms.setEnabled(False)  # half a line: told on Enter
        else:
            self._bar.show_terms(terms)

    def _tell_cut(self) -> None:
        """More was typed or pasted than the line takes."""
        self._pane.notice.show_notice(
            "warning",
            f"The query line takes {LONGEST_LINE:,} characters; what is beyond them was left out.",
            "Ask in fewer words.",
            topic=Topic.QUERY,
        )

    def _take_suggestion(self, suggestion: Suggestion) -> None:
        if suggestion.kind == "word":
            self._bar.continue_with(suggestion.line, suggestion.cursor)
        else:
            self.ask(suggestion.line)

    # --- what comes back -----------------------------------------------------------------------------------

    def _after_search(self, result: SearchResult) -> None:
        unknown, unread = _by_term(word for word in result.words if not word.known), _by_term(result.unread_words)
        self._bar.terms.show_flags(unknown, unread)
        self._advise(result)
        settings = self._workspace.settings
        line = self._workspace.session.format_query(result.query)
        settings.add_history(line)
        self._suggestions.take_lines(settings.history, settings.saved_queries)
        self._show_saved(line)

    def _after_browsing(self) -> None:
        self._told_of = None
        self._pane.notice.dismiss(Topic.QUERY)
        self._show_saved("")

    def _advise(self, result: SearchResult) -> None:
        """Tells, once a query, what it does not do although it reads so; a button asks the query that does."""
        if result.query == self._told_of:
            return
        self._told_of = result.query
        notice = self._pane.notice
        notice.dismiss(Topic.QUERY)
        told = next(iter(self._workspace.session.advice(result)), None)
        if told is None or notice.is_pressing:
            return
        self._advised = told.query
        offer = "" if told.query is None else "Search that"
        notice.show_notice(
            "info", told.message, told.next_step, action=_ASK_ADVISED, label_of_action=offer, topic=Topic.QUERY
        )

    def _take_action(self, name: str) -> None:
        if name == _ASK_ADVISED and self._advised is not None:
            self.ask_terms(self._advised.terms)

    def _fill_picture(self, term: ImageTerm) -> None:
        """Shows the picture of an image or region on its chips; one that cannot be read leaves the spot empty."""
        picture = self._pictures.get(term)
        if picture is not None:
            self._bar.terms.show_picture(term, picture)
        if term in self._pictures or not self._workspace.roots:
            return
        self._pictures[term] = None
        if len(self._pictures) > _PICTURES_KEPT:
            del self._pictures[next(iter(self._pictures))]
        there = located_image(term, self._workspace.roots)
        session = self._workspace.session

        def draw(_token: object, _progress: object) -> QImage:
            pixels = session.read_image(there.path, max_side=_READ_SIDE, box=there.box)
            if not pixels.size:
                raise QueryError("The region lies outside the image.")  # as the search tells, too
            return _square(to_image(pixels))

        task = self._workspace.runner.submit(Lane.DECODE, draw)
        task.succeeded.connect(lambda image: self._take_picture(term, QPixmap.fromImage(image)))
        task.failed.connect(lambda _error: self._pictures.pop(term, None))

    def _take_picture(self, term: ImageTerm, picture: QPixmap) -> None:
        self._pictures[term] = picture
        self._bar.terms.show_picture(term, picture)

    # --- history and saved queries -------------------------------------------------------------------------

    def toggle_saved(self) -> None:
        """Saves the query on screen, or takes it off the saved ones."""
        line, settings = self._line_on_screen(), self._workspace.settings
        if line:
            (settings.forget_query if line in settings.saved_queries else settings.save_query)(line)
            self.show_stored()

    def forget_saved(self, line: str) -> None:
        """Takes a query off the saved ones."""
        self._workspace.settings.forget_query(line)
        self.show_stored()

    def order_saved(self, lines: tuple[str, ...]) -> None:
        """Puts the saved queries in this order."""
        self._workspace.settings.order_queries(lines)
        self.show_stored()

    def show_stored(self) -> None:
        """Shows history and saved queries as they are stored now; another window may have changed them."""
        settings = self._workspace.settings
        self._suggestions.take_lines(settings.history, settings.saved_queries)
        self.saved_changed.emit(settings.saved_queries)
        self._show_saved(self._line_on_screen())

    def _line_on_screen(self) -> str:
        """The query on screen as a typed line; empty while browsing."""
        result = self._workspace.result
        return self._workspace.session.format_query(result.query) if result is not None else ""

    def _show_saved(self, line: str) -> None:
        """Tells which query is on screen, and whether it is a saved one."""
        self.saved_shown.emit(line in self._workspace.settings.saved_queries)
        self.shown.emit(line)

    def entries(self) -> list[QuickEntry]:
        """Saved queries, then those asked before, the last one first."""
        settings = self._workspace.settings
        saved = settings.saved_queries
        return [QuickEntry(line, line, hint="saved") for line in saved] + [
            QuickEntry(line, line) for line in settings.history if line not in saved
        ]


def _by_term(words: Iterable[QueryWord]) -> dict[int, list[str]]:
    """The texts of words by the index of their term."""
    texts: dict[int, list[str]] = {}
    for word in words:
        texts.setdefault(word.term, []).append(word.text)
    return texts


def _square(image: QImage) -> QImage:
    """The middle of an image as a small square."""
    small = image.scaled(
        _PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    return small.copy((small.width() - _PICTURE) // 2, (small.height() - _PICTURE) // 2, _PICTURE, _PICTURE)
