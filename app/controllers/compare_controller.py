"""Why is A above B: the image in the inspector beside a pinned one, or beside its neighbour in rank."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.controllers.evidence_controller import EvidenceController, paint_evidence
from app.controllers.workspace import Workspace
from app.models.numbers import decimals_for, number_of
from app.widgets.inspector import Inspector
from app.workers.task import Lane, Task
from faami_core.explanation import ScoreParts
from faami_core.types import ByteArray, Hit, SearchResult

_READ_SIDE = 800  # longest side of the second image, which has half of the inspector


class CompareController(QObject):
    """Fills the second image and the panel of differences while their tab is open."""

    def __init__(self, workspace: Workspace, evidence: EvidenceController, inspector: Inspector) -> None:
        super().__init__()
        self._workspace = workspace
        self._evidence = evidence
        self._inspector = inspector
        self._pinned: Path | None = None
        self._shown: Path | None = None  # whose pixels are on screen
        self._task: Task | None = None
        inspector.compare.pinned.connect(self._pin)
        inspector.compare.bars.word_chosen.connect(workspace.view.select_word)
        inspector.tab_turned.connect(self.refresh)
        evidence.painted.connect(self.refresh)
        workspace.view.changed.connect(self.refresh)

    @property
    def is_settled(self) -> bool:
        """Whether the second image is on screen, not still being read."""
        return self._task is None

    def take_result(self, result: SearchResult | None) -> None:
        """A new result set (or none) is on screen; a pinned image stays pinned while it is among the hits."""
        self._inspector.compare.bars.show_words(result.words if result is not None else ())
        if result is None:
            self._pinned = None

    def refresh(self) -> None:
        """Draws A beside B, or A alone when another tab is open or there is nothing to compare with."""
        result, first = self._workspace.result, self._evidence.item
        inspector = self._inspector
        if inspector.tab != "compare":
            self._shown = None  # another tab may show something else there
            return
        if result is None or not isinstance(first, Hit):
            inspector.show_other(None)
            return
        second = self._second(result, first)
        inspector.compare.show_pinned(self._pinned is not None)
        if second is None:
            inspector.show_other(None)
            pinned = "Select another image to compare it with the pinned one."
            inspector.compare.other.show_text(pinned if self._pinned is not None else "There is no other result.")
            return
        inspector.show_other(_name("B", second), _name("A", first))
        inspector.compare.other.show_text(f"B is {second.path.name}")
        self._show_difference(result, first, second)
        self._show_image(result, second)

    def _second(self, result: SearchResult, first: Hit) -> Hit | None:
        """The pinned image, else the next in rank; None where there is no other."""
        if self._pinned is not None:
            pinned = next((hit for hit in result.hits if hit.path == self._pinned), None)
            if pinned is not None:
                return pinned if pinned.path != first.path else None
            self._pinned = None
        neighbour = first.rank + 1 if first.rank + 1 < len(result.hits) else first.rank - 1
        return result.hits[neighbour] if neighbour >= 0 else None

    def _show_difference(self, result: SearchResult, first: Hit, second: Hit) -> None:
        session = self._workspace.session
        lead = session.score_parts(result, first.rank) - session.score_parts(result, second.rank)
        relation = "above" if lead.total >= 0 else "below"
        bars = self._inspector.compare.bars
        span = _span(lead)
        decimals = decimals_for(span[1])
        difference = number_of(abs(lead.total), decimals)[1:]
        bars.show_parts(lead, span, f"A is {difference} {relation} B: the sum of the bars", decimals)
        bars.show_choice(self._workspace.view.word)

    def _show_image(self, result: SearchResult, second: Hit) -> None:
        if self._shown == second.path:
            self._draw(result, second)
            return
        self._shown = second.path
        if self._task is not None:
            self._task.cancel()
        session = self._workspace.session
        self._inspector.other.clear()
        task = self._workspace.runner.submit(
            Lane.DECODE, lambda _token, _progress: session.read_image(second.path, max_side=_READ_SIDE)
        )
        self._task = task
        task.succeeded.connect(lambda pixels: self._show_pixels(task, second, pixels))
        task.failed.connect(lambda error: self._show_unreadable(task, str(error)))

    def _show_pixels(self, task: Task, second: Hit, pixels: ByteArray) -> None:
        if task is self._task:
            self._task = None
            self._inspector.other.show_image(pixels, second.height, second.width)
            self.refresh()

    def _show_unreadable(self, task: Task, sentence: str) -> None:
        if task is self._task:
            self._task = None
            self._inspector.compare.other.show_text(sentence)

    def _draw(self, result: SearchResult, second: Hit) -> None:
        if self._task is None:
            word, limit = self._workspace.view.word, self._evidence.limit()
            paint_evidence(self._inspector.other, self._workspace, result, second, word, limit)

    def _pin(self, pinned: bool) -> None:
        item = self._evidence.item
        self._pinned = item.path if pinned and item is not None else None
        self.refresh()


def _name(letter: str, hit: Hit) -> str:
    return f"{letter}  ·  rank {hit.rank_shown}  ·  {hit.score:.3f}"


def _span(parts: ScoreParts) -> tuple[float, float]:
    """Zero in the middle, room for the longest bar on both sides."""
    widest = max(abs(value) for value in (*parts.words, parts.all_words, parts.whole_image)) or 1.0
    return -widest, widest
