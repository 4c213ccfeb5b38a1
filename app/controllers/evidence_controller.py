"""The inspector: which image is shown, and which of its evidence is drawn over it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from app.widgets.inspector import Inspector
from app.workers.task import Lane, Task
from faami_core.errors import FaamiError
from faami_core.types import ByteArray, GalleryImage, Hit, SearchResult

_READ_SIDE = 1600  # longest side the inspector reads; a 4K window shows no more of it
_MAP_SIDE = 384  # longest side of a drawn heatmap; the grids have 14 cells a side
_TITLES = {"evidence": "Evidence", "attention": "Raw attention"}


class EvidenceController(QObject):
    """Connects grid row, view state and inspector."""

    painted = Signal(int)  # row whose image (and evidence, if any) is on screen

    def __init__(self, workspace: Workspace, model: ResultListModel, inspector: Inspector) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = model
        self._inspector = inspector
        self._row = -1
        self._task: Task | None = None
        self._limits: dict[tuple[bool, str, str], float] = {}
        view = workspace.view
        view.changed.connect(self._draw)
        inspector.words.word_chosen.connect(view.select_word)
        inspector.scale.chosen.connect(view.set_scale)
        inspector.kind.chosen.connect(view.set_kind)
        inspector.overlay_chosen.connect(view.set_overlay)
        inspector.opacity_chosen.connect(view.set_opacity)
        inspector.image.region_hovered.connect(self._read_out)
        self.show_row(-1)

    @property
    def row(self) -> int:
        """The row in the inspector, -1 for none."""
        return self._row

    @property
    def item(self) -> Hit | GalleryImage | None:
        """The image in the inspector."""
        return self._model.items[self._row] if self._row >= 0 else None

    @property
    def is_settled(self) -> bool:
        """Whether the image of the row is on screen, not still being read."""
        return self._task is None

    def take_result(self, result: SearchResult | None) -> None:
        """A new result set (or none, while browsing) is on screen."""
        self._limits.clear()
        self._inspector.words.show_words(result.words if result is not None else ())

    def show_row(self, row: int) -> None:
        """Shows the image of a row; -1 empties the inspector."""
        self._row = row
        if self._task is not None:
            self._task.cancel()
            self._task = None
        item = self.item
        if item is None:
            asked = self._workspace.result is not None
            sentence = "Select a result to see which words matched, and where."
            self._inspector.show_nothing(
                sentence if asked else "Select an image to see it large.",
                "Show the first one" if self._model.rowCount() else "",
            )
            return
        self._show_numbers(item)
        session = self._workspace.session
        task = self._workspace.runner.submit(
            Lane.DECODE, lambda _token, _progress: session.read_image(item.path, max_side=_READ_SIDE)
        )
        self._task = task
        task.succeeded.connect(lambda pixels: self._show_pixels(task, item, pixels))
        task.failed.connect(lambda error: self._show_unreadable(task, error))

    def _show_pixels(self, task: Task, item: Hit | GalleryImage, pixels: ByteArray) -> None:
        if task is not self._task:
            return
        self._task = None
        self._inspector.image.show_image(pixels, item.height, item.width)
        self._draw()
        self.painted.emit(self._row)

    def _show_unreadable(self, task: Task, error: FaamiError) -> None:
        if task is self._task:
            self._task = None
            self._inspector.show_nothing(str(error))
            self.painted.emit(self._row)

    def _show_numbers(self, item: Hit | GalleryImage) -> None:
        size = f"{item.width} × {item.height} px"
        result = self._workspace.result
        if isinstance(item, Hit) and result is not None:
            share = result.global_share
            parts = (
                f"{share:.2f} × {item.score_global:.3f} whole image  +  {1 - share:.2f} × {item.score_fine:.3f} words"
            )
            self._inspector.show_details(item.path, size, f"Rank {item.rank + 1}  ·  score {item.score:.3f}", parts)
            self._show_words(result, item)
        else:
            self._inspector.show_details(item.path, size, "", "")
        self._inspector.show_evidence_controls(isinstance(item, Hit))

    def _show_words(self, result: SearchResult, hit: Hit) -> None:
        words = self._inspector.words
        brightest = max((max(other.word_evidence, default=0.0) for other in result.hits), default=0.0) or 1.0
        best_fine = max((other.score_fine for other in result.hits), default=0.0) or 1.0
        words.show_strength(
            None, hit.score_fine / best_fine, f"{hit.score_fine:.3f}", "Evidence of all words together."
        )
        for index, evidence in enumerate(hit.word_evidence):
            words.show_strength(
                index, evidence / brightest, f"{evidence:.3f}", "Evidence of this word in this image."
            )

    def _draw(self) -> None:
        """Draws the chosen map on the scale that all results share."""
        view, result = self._workspace.view, self._workspace.result
        inspector = self._inspector
        inspector.show_view(
            word=view.word, scale=view.scale, kind=view.kind, overlay=view.overlay, opacity=view.opacity
        )
        item = self.item
        if result is None or not isinstance(item, Hit):
            inspector.image.clear_overlay()
            return
        session = self._workspace.session
        limit = self._limit(result)
        target = f"“{result.words[view.word].text}”" if view.word is not None else "the whole query"
        inspector.legend.show_scale(f"{_TITLES[view.kind]} of {target}", limit, view.opacity)
        inspector.image.show_readout("")
        if self._task is not None:
            return  # the image on screen is still the one before
        grid = session.heatmap(result, self._row, word=view.word, scale=view.scale, kind=view.kind)
        if not view.overlay:
            inspector.image.show_grid(grid)
            return
        size = _bounded(item.height, item.width)
        values = session.heatmap(result, self._row, word=view.word, scale=view.scale, kind=view.kind, size=size)
        inspector.image.show_overlay(values, limit, view.opacity, grid)

    def _limit(self, result: SearchResult) -> float:
        view = self._workspace.view
        key = (view.word is None, view.scale, view.kind)
        if key not in self._limits:
            self._limits[key] = self._workspace.session.heatmap_limit(
                result, whole_query=view.word is None, scale=view.scale, kind=view.kind
            )
        return self._limits[key]

    def _read_out(self, region: tuple[int, int, float] | None) -> None:
        view, result = self._workspace.view, self._workspace.result
        if region is None or result is None:
            self._inspector.image.show_readout("")
            return
        row, column, value = region
        target = result.words[view.word].text if view.word is not None else "whole query"
        self._inspector.image.show_readout(f"Region {row + 1}, {column + 1}:  {target} {value:+.3f}")


def _bounded(height: int, width: int) -> tuple[int, int]:
    scale = _MAP_SIDE / max(height, width, 1)
    return max(1, round(height * scale)), max(1, round(width * scale))
