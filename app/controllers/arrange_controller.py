"""Sorting and filtering by a word, the word mixer, duplicates: what is on screen follows, without a new search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject

from app.controllers.evidence_controller import EvidenceController
from app.controllers.search_controller import reranked_of
from app.controllers.workspace import Workspace
from app.models.folding import Groups, Stacks, folded, key_of
from app.models.moves import Moves, moves_between
from app.models.result_list_model import ResultListModel
from app.widgets.controls import PART_DOT
from app.widgets.mixer_panel import MixerPanel
from app.widgets.result_pane import ResultPane
from faami_core.types import GalleryImage, Hit, SearchResult


@dataclass(frozen=True)
class Arrangement:
    """How results are arranged: places of the two lists above the grid, and a factor a word, None for no mix."""

    order: int
    only: int
    factors: tuple[float, ...] | None


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
        self._images: Sequence[GalleryImage] = ()  # those browsed, all of them unfolded
        self._browsing = ""  # what is told of them
        self._groups: Groups = {}
        self._duplicate = "copy"
        self._unfolded: frozenset[int] = frozenset()
        self._folded_away = 0
        pane.arrange.chosen.connect(self._arrange)
        pane.none_left.action_asked.connect(self._show_all)
        pane.histogram.kept_changed.connect(self._keep)
        mixer.mixed.connect(self._arrange)

    def take_result(self, result: SearchResult | None) -> None:
        """A new answer (or none, while browsing) is on screen, by score and whole.

        Where the same question was asked of other images, order, filter and mix stay as the analyst chose them.
        """
        asked_again = _is_same_question(self._answered, result)
        self._answered = result
        self._images = [item for item in self._model.items if isinstance(item, GalleryImage)]
        self._browsing = self._pane.headline.full_text
        self._groups, self._unfolded, self._folded_away = {}, frozenset(), 0
        if not asked_again:
            words = result.words if result is not None else ()
            self._pane.arrange.show_words(words)
            self._mixer.show_words(words)
        elif result is not None and result.hits:
            self._arrange()

    @property
    def answered(self) -> SearchResult | None:
        """The result as it was answered, None while browsing."""
        return self._answered

    @property
    def arrangement(self) -> Arrangement:
        bar = self._pane.arrange
        return Arrangement(bar.order.currentIndex(), bar.filter.currentIndex(), self._mixer.factors)

    def take_up(self, arrangement: Arrangement) -> None:
        """Arranges the result on screen like one of the same query before."""
        self._pane.arrange.order.setCurrentIndex(arrangement.order)
        self._pane.arrange.filter.setCurrentIndex(arrangement.only)
        self._mixer.set_factors(arrangement.factors)
        self._arrange()

    def fold(self, groups: Groups, duplicate: str) -> None:
        """Folds duplicates behind the first of them on screen.

        Args:
            groups: The images that show the same picture.
            duplicate: What they are called, "copy" or "look-alike".
        """
        if groups != self._groups:
            self._groups, self._duplicate, self._unfolded = groups, duplicate, frozenset()
            self._arrange()

    def toggle_stack(self, row: int) -> None:
        """Shows the duplicates of a row, or folds them away again."""
        group = self._groups.get(key_of(self._model.items[row])) if 0 <= row < self._model.rowCount() else None
        if group is not None:
            self._unfolded = self._unfolded ^ {group}
            self._arrange()

    # --- inside --------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        answered = self._answered
        if answered is None:
            self._arrange_images()
            return
        bar, session = self._pane.arrange, self._workspace.session
        mixed = session.rearranged(answered, factors=self._mixer.factors)
        ordered = session.rearranged(mixed, by_word=bar.by_word, only=bar.only)
        order, stacks = self._fold(ordered.hits)
        shown = session.rearranged(ordered, places=order) if self._groups else ordered
        by_score = bar.by_word is None and bar.only is None
        self._mixer.show_shares(mixed.words)
        self._evidence.take_scale(mixed)
        self._show(shown, self._moves(shown.hits) if by_score else None, stacks)
        # Duplicates count with the first of them, so that a line across the scores parts none of them.
        heads = (stacks[row].head if row in stacks else row for row in range(len(order)))
        self._pane.histogram.show_scores([shown.hits[head].score for head in heads])
        if order:
            self._pane.show_grid(self._headline(len(order)))
        else:
            chosen = bar.filter.currentText().lower()
            everything = f"None of the {len(answered.hits):,} results is {chosen}."
            self._pane.show_none_left("No result is left", everything, "Show all results")

    def _show_all(self) -> None:
        """No longer filters by a word."""
        self._pane.arrange.filter.setCurrentIndex(0)
        self._arrange()
        self._pane.grid.setFocus()

    def _arrange_images(self) -> None:
        """The images that are browsed without a query."""
        if not self._images:
            return
        order, stacks = self._fold(self._images)
        shown = [self._images[place] for place in order]
        self._replace_rows(shown, lambda: self._model.show_images(shown, self._workspace.roots[0], stacks))
        self._pane.show_grid(PART_DOT.join([self._browsing, *self._folding_note()]))

    def _fold(self, items: Sequence[Hit | GalleryImage]) -> tuple[list[int], Stacks]:
        order, stacks = folded(items, self._groups, self._unfolded, self._duplicate)
        self._folded_away = len(items) - len(order)
        return order, stacks

    def _moves(self, shown: Sequence[Hit]) -> Moves | None:
        """From the answer as it was asked, its duplicates folded alike."""
        asked = self._workspace.unmoved or self._answered
        if asked is None:
            return None
        order, _ = folded(asked.hits, self._groups, self._unfolded)
        return moves_between([asked.hits[place] for place in order], shown)

    def _show(self, shown: SearchResult, moved: Moves | None, stacks: Stacks) -> None:
        def show() -> None:
            self._workspace.result = shown
            self._model.show_result(shown, moved, stacks)

        self._replace_rows(shown.hits, show)

    def _replace_rows(self, items: Sequence[Hit | GalleryImage], show: Callable[[], None]) -> None:
        """Changes the rows under the image in the inspector, which stays as long as it, or a duplicate, is there."""
        grid, inspected = self._pane.grid, self._evidence.item
        place, at = grid.place, grid.currentIndex().row()
        item = self._model.items[at] if at >= 0 else None
        was_silent = grid.blockSignals(True)
        self._model.clear()  # rows of the older order must not meet the evidence of this one
        show()
        grid.blockSignals(was_silent)
        grid.go_to(place, lambda _path: self._row_of(item, items) if item is not None else -1)
        row = grid.currentIndex().row()
        same_image = inspected is not None and row >= 0 and items[row].path == inspected.path
        self._evidence.take_rearranged(row, same_image=same_image)

    def _row_of(self, item: Hit | GalleryImage, items: Sequence[Hit | GalleryImage]) -> int:
        """Row of an image, else of the first of its duplicates, else -1."""
        group = self._groups.get(key_of(item))
        found = -1
        for row, other in enumerate(items):
            if key_of(other) == key_of(item):
                return row
            if found < 0 and group is not None and self._groups.get(key_of(other)) == group:
                found = row
        return found

    def _keep(self, count: int) -> None:
        """Only the best ``count`` rows stay on screen."""
        self._model.keep(count)
        self._pane.headline.show_text(self._headline(count))

    @property
    def order(self) -> str:
        """ "by score", "by “tanks”"."""
        return _within(self._pane.arrange.order.currentText())

    def told(self) -> list[str]:
        """How many results are on screen, in which order, and what keeps others off it."""
        answered, bar, count = self._answered, self._pane.arrange, self._model.rowCount()
        found = len(self._workspace.result.hits) if self._workspace.result is not None else 0
        only = [_within(bar.filter.currentText())] if bar.only is not None else []
        cut = [f"{found - count:,} below the score line"] if count < found else []
        reranked = [reranked_of(answered)] if answered is not None else []
        return [self._results(count), *only, self.order, *cut, *self._notes(), *reranked]

    def _headline(self, count: int) -> str:
        answered = self._answered
        return PART_DOT.join([self._results(count), *self._notes(), reranked_of(answered)]) if answered else ""

    def _results(self, count: int) -> str:
        """ "14 of 24 results"."""
        total = len(self._answered.hits) - self._folded_away if self._answered is not None else 0
        return f"{total:,} results" if count == total else f"{count:,} of {total:,} results"

    def _notes(self) -> list[str]:
        return [*self._folding_note(), *(["words mixed"] if self._mixer.factors is not None else [])]

    def _folding_note(self) -> list[str]:
        return [f"{self._folded_away:,} folded"] if self._folded_away else []


def _is_same_question(before: SearchResult | None, now: SearchResult | None) -> bool:
    """Whether two answers differ in the images that were asked alone."""
    if before is None or now is None:
        return False
    return (before.query, before.feedback, before.words) == (now.query, now.feedback, now.words)


def _within(choice: str) -> str:
    """A choice of the bar above the grid within a sentence; the word in it stays as it was typed."""
    return choice[:1].lower() + choice[1:]
