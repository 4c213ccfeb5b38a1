"""The inspector: which image is shown, and which of its evidence is drawn over it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.controllers.cell_tints import CellTints
from app.controllers.workspace import Workspace
from app.models.numbers import decimals_for, number_of
from app.models.result_list_model import ResultListModel
from app.widgets.image_view import ImageView
from app.widgets.inspector import Inspector
from app.workers.task import Lane, Task
from faami_core.errors import FaamiError
from faami_core.explanation import ScoreParts
from faami_core.queries import NO_FEEDBACK
from faami_core.types import ByteArray, GalleryImage, Hit, SearchResult

_READ_SIDE = 1600  # longest side the inspector reads; a 4K window shows no more of it
_CLOSE_SIDE = 4096  # and that it reads where more is looked for
_MAP_SIDE = 384  # longest side of a drawn heatmap; the grids have 14 cells a side
_TITLES = {"evidence": "Evidence", "attention": "Raw attention"}
_FAINT = 0.05  # of the scale's limit: a heatmap that nowhere reaches it cannot be seen


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
        self._side = _READ_SIDE  # of the image on screen, at most
        self._limits: dict[tuple[int | None, str, str], float] = {}
        self._whole: SearchResult | None = None  # the result whose hits set the scale
        self._span = (0.0, 1.0)
        self._tints = CellTints(workspace, model, self.limit)
        view = workspace.view
        view.changed.connect(self.draw)
        inspector.words.word_chosen.connect(view.select_word)
        inspector.scale.chosen.connect(view.set_scale)
        inspector.kind.chosen.connect(view.set_kind)
        inspector.overlay_chosen.connect(view.set_overlay)
        inspector.opacity_chosen.connect(view.set_opacity)
        inspector.next_colours_asked.connect(view.cycle_colours)
        inspector.image.region_hovered.connect(self._read_out)
        inspector.image.viewed.connect(lambda _viewed: self._look_closer())
        self.show_row(-1)
        self.draw()  # the switches, as they were left

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
        self.take_scale(result)
        self._tints.refresh()
        self._inspector.words.show_words(result.words if result is not None else ())

    def take_scale(self, whole: SearchResult | None) -> None:
        """All hits that share one scale of colours and bars, whichever of them are on screen."""
        self._whole = whole
        self._limits.clear()
        self._span = _span(whole) if whole is not None else (0.0, 1.0)

    def take_rearranged(self, row: int, *, same_image: bool) -> None:
        """The images on screen have another order, mix or folding.

        Args:
            row: Where the image of the inspector is now, or what stands for it; -1 where it is gone.
            same_image: Whether it is that image itself.
        """
        self._tints.refresh()
        if not same_image:
            self.show_row(row)
            return
        self._row = row
        item = self.item
        if item is not None:
            self._show_numbers(item)
            self.draw()
            self.painted.emit(row)

    def step_word(self, by: int) -> None:
        """Lights the next (1) or previous (-1) word of the query."""
        if self._workspace.result is not None:
            self._workspace.view.step_word(by, self._workspace.result.words)

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
        self._read(item, _READ_SIDE)

    def _read(self, item: Hit | GalleryImage, side: int) -> None:
        session = self._workspace.session
        task = self._workspace.runner.submit(
            Lane.DECODE, lambda _token, _progress: session.read_image(item.path, max_side=side)
        )
        self._task, self._side = task, side
        task.succeeded.connect(lambda pixels: self._show_pixels(task, item, pixels))
        task.failed.connect(lambda error: self._show_unreadable(task, error))

    def _look_closer(self) -> None:
        """Reads the image finer where it is looked at so closely that it would be seen to be coarse."""
        item = self.item
        if item is not None and self._task is None and self._side < _CLOSE_SIDE and self._inspector.image.is_coarse:
            self._read(item, _CLOSE_SIDE)

    def _show_pixels(self, task: Task, item: Hit | GalleryImage, pixels: ByteArray) -> None:
        if task is not self._task:
            return
        self._task = None
        self._inspector.image.show_image(pixels, item.height, item.width)
        self.draw()
        self.painted.emit(self._row)
        self._look_closer()

    def _show_unreadable(self, task: Task, error: FaamiError) -> None:
        if task is self._task:
            self._task = None
            self._inspector.show_nothing(str(error))
            self.painted.emit(self._row)

    def _show_numbers(self, item: Hit | GalleryImage) -> None:
        size = f"{item.width} × {item.height} px"
        collection = self._model.collection(self._row)
        if collection is not None:
            size += f"  ·  in {collection.name}"
        result = self._workspace.result
        if isinstance(item, Hit) and result is not None:
            self._inspector.show_details(item.path, size, f"Rank {item.rank_shown}  ·  score {item.score:.3f}")
            self._show_parts()
        else:
            self._inspector.show_details(item.path, size, "")
        self._inspector.show_evidence_controls(isinstance(item, Hit))

    def _show_parts(self) -> None:
        """What the score of the image is made of, on a scale that all results share."""
        result, item = self._workspace.result, self.item
        if result is not None and isinstance(item, Hit):
            parts = self._workspace.session.score_parts(result, item.rank)
            moved = "" if result.feedback == NO_FEEDBACK else ", as moved by the thumbs"
            self._inspector.words.show_parts(parts, self._span, f"Adds up to the score {item.score:.3f}{moved}")

    def draw(self) -> None:
        """Draws the chosen map on the scale that all results share."""
        view, result = self._workspace.view, self._workspace.result
        inspector = self._inspector
        inspector.show_view(
            word=view.word,
            scale=view.scale,
            kind=view.kind,
            overlay=view.overlay,
            opacity=view.opacity,
            colours=view.colours,
        )
        item = self.item
        if result is None or not isinstance(item, Hit):
            inspector.image.clear_overlay()
            return
        limit = self.limit()
        against = ", which counts against" if limit < 0 else ""
        unit = self._workspace.session.region_unit(result, scale=view.scale, kind=view.kind)
        title = f"{self._title(result)}{against}, per region"
        inspector.legend.show_scale(title, limit * unit, view.opacity, view.colours, kind=view.kind)
        inspector.image.show_readout(self._dark_note(result, item))
        if self._task is None:  # else the image on screen is still the one before
            paint_evidence(inspector.image, self._workspace, result, item, view.word, limit)

    def _title(self, result: SearchResult) -> str:
        """What the heatmap shows."""
        view = self._workspace.view
        target = f"“{result.words[view.word].text}”" if view.word is not None else "the whole query"
        return f"{_TITLES[view.kind]} of {target}"

    def _dark_note(self, result: SearchResult, item: Hit) -> str:
        """Says so where there is next to nothing to see, so that a dark image is not taken for a failure."""
        view = self._workspace.view
        if not view.overlay:
            return ""
        grid = self._workspace.session.heatmap(result, item.rank, word=view.word, scale=view.scale, kind=view.kind)
        if float((grid / self.limit()).max()) >= _FAINT:
            return ""
        place = "in this image" if view.scale == "both" else f"at the {view.scale} scale"
        return f"{self._title(result)}: next to none {place}"

    def limit(self) -> float:
        """The number drawn brightest in the current view."""
        view = self._workspace.view
        key = (view.word, view.scale, view.kind)
        if self._whole is not None and key not in self._limits:
            self._limits[key] = self._workspace.session.heatmap_limit(
                self._whole, word=view.word, scale=view.scale, kind=view.kind
            )
        return self._limits.get(key, 1.0)

    def _read_out(self, region: tuple[int, int, float] | None) -> None:
        """The bars of a region rise while the pointer is on it."""
        view, result, item = self._workspace.view, self._workspace.result, self.item
        if result is None or not isinstance(item, Hit):
            self._inspector.image.show_readout("")
            return
        if region is None:
            self._inspector.image.show_readout(self._dark_note(result, item))
            self._show_parts()
            return
        row, column, density = region
        shares = self._workspace.session.region_parts(result, item.rank, scale=view.scale)
        parts = ScoreParts(0.0, tuple(shares[:, row, column].tolist()))
        totals = shares.sum(axis=0)
        span = float(min(shares.min(), totals.min(), 0)), float(max(shares.max(), totals.max()))
        place = f"Region {row + 1}, {column + 1}"
        unit = self._workspace.session.region_unit(result, scale=view.scale, kind=view.kind)
        value, decimals = density * unit, decimals_for(max(map(abs, span)))
        heading = f"{place} adds {number_of(parts.total, decimals)} to the score"
        self._inspector.words.show_parts(parts, span, heading, decimals)
        target = result.words[view.word].text if view.word is not None else "whole query"
        if view.kind == "attention":
            self._inspector.image.show_readout(f"{place}:  {value:.2%} of the attention of {target}")
        else:
            self._inspector.image.show_readout(f"{place}:  {target} {number_of(value, decimals)}")


def paint_evidence(
    image: ImageView, workspace: Workspace, result: SearchResult, hit: Hit, word: int | None, limit: float
) -> None:
    """Draws the map of a word, or (None) of the whole query, over the image of a hit."""
    view, session = workspace.view, workspace.session
    grid = session.heatmap(result, hit.rank, word=word, scale=view.scale, kind=view.kind)
    if not view.overlay:
        image.show_grid(grid)
        return
    size = _bounded(hit.height, hit.width)
    values = session.heatmap(result, hit.rank, word=word, scale=view.scale, kind=view.kind, size=size)
    image.show_overlay(values, limit, view.opacity, grid, view.colours)


def _span(result: SearchResult) -> tuple[float, float]:
    """Lowest and highest bar over all hits."""
    fine = 1 - result.global_share
    bars = [fine * value for hit in result.hits for value in (*hit.word_evidence, hit.score_fine)]
    bars += [result.global_share * hit.score_global for hit in result.hits]
    return min(bars, default=0.0), max(bars, default=1.0)


def _bounded(height: int, width: int) -> tuple[int, int]:
    scale = _MAP_SIDE / max(height, width, 1)
    return max(1, round(height * scale)), max(1, round(width * scale))
