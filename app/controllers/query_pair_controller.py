"""Two queries on one image: the evidence of both side by side, on one scale."""

from __future__ import annotations

from math import copysign

from PySide6.QtCore import QObject

from app.controllers.evidence_controller import EvidenceController, paint_evidence
from app.controllers.workspace import Workspace
from app.models.query_terms import located
from app.models.suggestions import Suggestion
from app.widgets.inspector import Inspector
from app.workers.task import Lane, Task
from faami_core.errors import FaamiError, QueryError
from faami_core.queries import Query
from faami_core.types import Hit, SearchResult

_NOTE = "one scale for both queries"


class QueryPairController(QObject):
    """Asks the second query about the image in the inspector while its tab is open."""

    def __init__(self, workspace: Workspace, evidence: EvidenceController, inspector: Inspector) -> None:
        super().__init__()
        self._workspace = workspace
        self._evidence = evidence
        self._inspector = inspector
        self._panel = inspector.pair
        self._query: Query | None = None
        self._about: tuple[Query, object, object] | None = None  # query, collections and image of the answer
        self._answer: SearchResult | None = None
        self._word: int | None = None  # of the second query that is lit
        self._task: Task | None = None
        self._drawn = False
        self._panel.submitted.connect(self.ask)
        self._panel.suggestions.taken.connect(self._take_suggestion)
        self._panel.first_bars.word_chosen.connect(workspace.view.select_word)
        self._panel.second_bars.word_chosen.connect(self._light)
        for signal in (inspector.tab_turned, evidence.painted, workspace.view.changed):
            signal.connect(self.refresh)

    @property
    def is_settled(self) -> bool:
        """Whether the answer to the second query is on screen, not still being looked for."""
        return self._task is None

    def take_result(self, result: SearchResult | None) -> None:
        """A new result set (or none) is on screen; the second query stays."""
        self._panel.first_bars.show_words(result.words if result is not None else ())

    def ask(self, line: str) -> None:
        """Takes a second query; an empty line takes it away."""
        self._panel.suggestions.offer(())
        self._query = None
        roots = self._workspace.roots
        if line and roots:
            try:
                self._query = located(self._workspace.session.parse_query(line), roots)
            except QueryError as error:
                self._show_nothing(str(error))
                return
        self.refresh()

    def refresh(self) -> None:
        """Draws both maps, or asks for the second one, while the tab is open."""
        if self._inspector.tab != "pair":
            if self._drawn:
                self._drawn = False
                self._evidence.draw()  # on its own scale again
            return
        result, item = self._workspace.result, self._evidence.item
        if result is None or not isinstance(item, Hit):
            return
        if self._query is None:
            self._show_nothing()
        elif self._about != (self._query, result.collections, item.key):
            self._look_up(result, item, self._query)
        elif self._answer is not None and self._evidence.is_settled:
            self._draw(result, item, self._answer)

    # --- inside --------------------------------------------------------------------------------------------

    def _look_up(self, result: SearchResult, item: Hit, query: Query) -> None:
        if self._task is not None:
            self._task.cancel()
        self._about, self._answer, self._word = (query, result.collections, item.key), None, None
        session = self._workspace.session
        task = self._task = self._workspace.runner.submit(
            Lane.MODEL, lambda token, _progress: session.ask_image(result, item.rank, query, cancel=token)
        )
        task.succeeded.connect(lambda answer: self._take(task, answer))
        task.failed.connect(lambda error: self._fail(task, error))

    def _take(self, task: Task, answer: SearchResult) -> None:
        if task is self._task:
            self._task, self._answer = None, answer
            self._panel.second_bars.show_words(answer.words)
            self.refresh()

    def _fail(self, task: Task, error: FaamiError) -> None:
        if task is self._task:
            self._task = None
            self._show_nothing(str(error))

    def _draw(self, result: SearchResult, first: Hit, answer: SearchResult) -> None:
        space, inspector, panel, view = self._workspace, self._inspector, self._panel, self._workspace.view
        second, session = answer.hits[0], self._workspace.session
        inspector.show_other(_name("B", answer, second), _name("A", result, first))
        inspector.other.show_same_image(inspector.image)
        limits = (
            self._evidence.limit(),
            session.heatmap_limit(answer, word=self._word, scale=view.scale, kind=view.kind),
        )
        shared = max(map(abs, limits))
        paint_evidence(inspector.image, space, result, first, view.word, copysign(shared, limits[0]))
        paint_evidence(inspector.other, space, answer, second, self._word, copysign(shared, limits[1]))
        title = "Evidence per region" if view.kind == "evidence" else "Raw attention per region"
        unit = session.region_unit(result, scale=view.scale, kind=view.kind)
        panel.legend.show_scale(title, shared * unit, view.opacity, view.colours, note=_NOTE, kind=view.kind)
        parts = session.score_parts(result, first.rank), session.score_parts(answer, 0)
        values = [value for part in parts for value in (*part.words, part.all_words, part.whole_image)]
        span = min(0.0, *values), max(0.0, *values)
        for bars, part, hit, word in zip(
            (panel.first_bars, panel.second_bars), parts, (first, second), (view.word, self._word), strict=True
        ):
            bars.show_parts(part, span, f"Adds up to {hit.score:.3f}")
            bars.show_choice(word)
        panel.show_figures()
        self._drawn = True

    def _light(self, word: int | None) -> None:
        self._word = word
        self.refresh()

    def _show_nothing(self, *sentence: str) -> None:
        self._panel.show_sentence(*sentence)
        self._inspector.show_other(None)
        self._about = self._answer = None

    def _take_suggestion(self, suggestion: Suggestion) -> None:
        self._panel.show_line(suggestion.line, suggestion.cursor)
        if suggestion.kind != "word":
            self.ask(suggestion.line)


def _name(letter: str, result: SearchResult, hit: Hit) -> str:
    words = " ".join(word.text for word in result.words)
    return f"{letter}  ·  {hit.score:.3f}  ·  {words}"
