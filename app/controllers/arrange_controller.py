"""Sorting and filtering by a word, and the word mixer: the results on screen follow, without a new search."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.controllers.evidence_controller import EvidenceController
from app.controllers.search_controller import reranked_of
from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from app.widgets.mixer_panel import MixerPanel
from app.widgets.result_pane import ResultPane
from faami_core.types import Hit, SearchResult


class ArrangeController(QObject):
    """Holds the result as it was answered and shows it as the analyst arranged it."""

    def __init__(
        self,
        workspace: Workspace,
        model: ResultListModel,
        evidence: EvidenceController,
        pane: ResultPane,
        mixer: MixerPanel,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = model
        self._evidence = evidence
        self._pane = pane
        self._mixer = mixer
        self._answered: SearchResult | None = None
        pane.arrange.chosen.connect(self._arrange)
        mixer.mixed.connect(self._arrange)

    def take_result(self, result: SearchResult | None) -> None:
        """A new answer (or none) is on screen, by score and whole."""
        self._answered = result
        words = result.words if result is not None else ()
        self._pane.arrange.show_words(words)
        self._mixer.show_words(words)

    def _arrange(self) -> None:
        answered = self._answered
        if answered is None:
            return
        factors, bar = self._mixer.factors, self._pane.arrange
        session = self._workspace.session
        mixed = session.rearranged(answered, factors=factors)
        shown = session.rearranged(mixed, by_word=bar.by_word, only=bar.only)
        ranked_by_score = bar.by_word is None and bar.only is None
        moved = _moved(answered, mixed) if ranked_by_score else {}
        self._mixer.show_shares(mixed.words)
        self._show(shown, moved)
        self._pane.histogram.show_scores([hit.score for hit in shown.hits])
        self._pane.show_grid(self._headline(answered, shown, mixed=factors is not None))

    def _show(self, shown: SearchResult, moved: dict[tuple[int, int], int]) -> None:
        """Changes the rows under the image in the inspector, which stays as long as it is among them."""
        item, grid = self._evidence.item, self._pane.grid
        was_silent = grid.blockSignals(True)
        self._model.clear()  # rows of the older order must not meet the evidence of this one
        self._workspace.result = shown
        self._model.show_result(shown, moved)
        grid.blockSignals(was_silent)
        row = next((hit.rank for hit in shown.hits if isinstance(item, Hit) and hit.key == item.key), -1)
        if row >= 0:
            grid.follow(row)
            self._evidence.take_rearranged(shown, row)
        else:
            self._evidence.take_rearranged(shown, -1)
            self._evidence.show_row(-1)
            grid.choose(0)

    def _headline(self, answered: SearchResult, shown: SearchResult, *, mixed: bool) -> str:
        bar = self._pane.arrange
        if not shown.hits:
            return f"No result is {bar.filter.currentText().lower()}. Choose “All results”."
        count = f"{len(answered.hits):,} results"
        if len(shown.hits) < len(answered.hits):
            count = f"{len(shown.hits):,} of {count}"
        notes = [count, *(["words mixed"] if mixed else []), reranked_of(answered)]
        return "  ·  ".join(notes)


def _moved(before: SearchResult, after: SearchResult) -> dict[tuple[int, int], int]:
    """``Hit.key`` → ranks risen (or, negative, fallen)."""
    ranks = {hit.key: hit.rank for hit in before.hits}
    return {hit.key: ranks[hit.key] - hit.rank for hit in after.hits}
