"""A sheet of images with the evidence of a caption each, to see where a model is right and where it fools itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faami_core.data.captions import CaptionedImage
from faami_core.data.drawing import Colour, blank, fill, text_width, write
from faami_core.data.image_io import model_input, read_image, save_image
from faami_core.evaluation.grounding_maps import Grounder, WordMaps
from faami_core.evidence.heatmap import grid_to_pixels
from faami_core.evidence.maps import region_density
from faami_core.evidence.overlay import colour_table, draw_over
from faami_core.model.weights import Checkpoint
from faami_core.pace import Pace
from faami_core.types import ByteArray, CancelToken, FloatArray, GridSpec, Match, ProgressCallback

SHEET_IMAGES = 24
SHEET_SEED = 5

_COLUMNS = 3
_SIDE = 240  # pixels of an image
_GAP = 16
_CELL_WIDTH = 2 * _SIDE + _GAP // 2
_LINE = 24
_TEXT = 15
_PADDING = 4  # between a word and the edge of its box
_WORD_GAP = 6
_HEADER = 4 * _LINE

_PAPER: Colour = (250, 250, 250)
_INK: Colour = (32, 32, 32)
_FAINT: Colour = (118, 118, 118)
_ACCENT: Colour = (24, 90, 160)


@dataclass(frozen=True)
class _Label:
    """A word below its image: what is written, how it is marked (None: not looked for), and where."""

    text: str
    match: Match | None
    x: int
    line: int


@dataclass(frozen=True)
class _Entry:
    """One image of the sheet.

    Attributes:
        name: Of the file.
        pixels: [side, side, 3].
        density: What the whole caption lights up, on the finest grid.
        peaks: Word by number (from 1), the place in ``density`` where a word that is seen is brightest.
        labels: The words of the caption.
    """

    name: str
    pixels: ByteArray
    density: FloatArray
    peaks: dict[int, tuple[int, int]]
    labels: tuple[_Label, ...]


def write_contact_sheet(
    checkpoint: Checkpoint,
    examples: Sequence[CaptionedImage],
    path: Path,
    *,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Writes the sheet: each image plain and under its caption's evidence, all on one scale, words labelled below.

    Args:
        checkpoint: The model.
        examples: Images of a split; the sheet takes one of every scene class before a second one of any.
        path: Image file to write; its suffix chooses the format.
        device: "auto", "cpu", "cuda" or "mps".
        progress: Told after each image.
        cancel: Looked at before each image.

    Raises:
        FaamiError: if the file cannot be written.
        ModelError: if the model has no additive evidence.
        UnreadableImageError: if an image cannot be decoded.
    """
    grounder = Grounder(checkpoint, device)
    chosen = choose_examples(examples, SHEET_IMAGES, SHEET_SEED)
    entries = []
    pace = Pace("Drawing the contact sheet", len(chosen))
    for example, caption in chosen:
        if cancel is not None:
            cancel.raise_if_cancelled()
        pixels = read_image(example.path)
        found = grounder.look(model_input(pixels, grounder.image_size)).words(caption)
        entries.append(_entry(example.path.name, model_input(pixels, _SIDE), found, grounder.grids))
        if progress is not None:
            progress(pace.at(len(entries)))
    title = f"model {checkpoint.fingerprint[:12]}, {len(entries)} images"
    save_image(path, _sheet(entries, title))


def choose_examples(examples: Sequence[CaptionedImage], count: int, seed: int) -> list[tuple[CaptionedImage, str]]:
    """Draws images spread over the scene classes, each with one of its captions; in order of class."""
    generator = np.random.default_rng(seed)
    seen: Counter[str] = Counter()
    ranked = []
    for index in generator.permutation(len(examples)):
        example = examples[int(index)]
        ranked.append((seen[example.scene_class], example))
        seen[example.scene_class] += 1
    ranked.sort(key=lambda entry: entry[0])  # stable: the first of every class come before the second of any
    chosen = sorted((example for _, example in ranked[:count]), key=lambda example: example.scene_class)
    return [(example, example.captions[int(generator.integers(len(example.captions)))]) for example in chosen]


def _entry(name: str, pixels: ByteArray, found: WordMaps, grids: tuple[GridSpec, ...]) -> _Entry:
    density = region_density(found.evidence, grids)  # [L, H, W]
    peaks: dict[int, tuple[int, int]] = {}
    labels: list[_Label] = []
    x = line = 0
    for number, (word, lit) in enumerate(zip(found.words, density, strict=True), start=1):
        evidence = float(lit.mean())
        match = word.match(evidence) if word.weight else None
        text = word.text if match is None else f"{number} {word.text} {word.strength(evidence):.2f}"
        if match in (Match.MATCHED, Match.WEAK):
            row, column = divmod(int(lit.argmax()), lit.shape[1])
            peaks[number] = (row, column)
        if x + _word_width(text, match) > _CELL_WIDTH:
            x, line = 0, line + 1
        labels.append(_Label(text, match, x, line))
        x += _word_width(text, match) + _WORD_GAP
    return _Entry(name, pixels, density.sum(axis=0), peaks, tuple(labels))


def _sheet(entries: Sequence[_Entry], title: str) -> ByteArray:
    rows = [entries[start : start + _COLUMNS] for start in range(0, len(entries), _COLUMNS)]
    heights = [_SIDE + _LINE * (3 + max(label.line for entry in row for label in entry.labels)) for row in rows]
    canvas = blank(_COLUMNS * (_CELL_WIDTH + 2 * _GAP) + 2 * _GAP, _HEADER + sum(heights), _PAPER)
    # One glaring image must not make every other one look empty: the rule of the window, see maps.shared_limit.
    limit = float(np.median([entry.density.max() for entry in entries]))
    limit = limit if limit > 0 else 1.0
    _draw_header(canvas, title, limit)
    y = _HEADER
    for row, height in zip(rows, heights, strict=True):
        for column, entry in enumerate(row):
            _draw_entry(canvas, entry, limit, 2 * _GAP + column * (_CELL_WIDTH + 2 * _GAP), y)
        y += height
    return canvas


def _draw_header(canvas: ByteArray, title: str, limit: float) -> None:
    """What the sheet shows, its colour scale, and how words are marked."""
    x, baseline = 2 * _GAP, 2 * _LINE - 6
    write(canvas, title, x, baseline, _TEXT + 3, _INK)
    x += text_width(title, _TEXT + 3) + 3 * _GAP
    write(canvas, "evidence per area  0", x, baseline, _TEXT, _INK)
    x += text_width("evidence per area  0", _TEXT) + _GAP // 2
    scale = grid_to_pixels(np.linspace(0, limit, 256, dtype=np.float32)[None], _TEXT, len(colour_table()))
    canvas[baseline - _TEXT + 2 : baseline + 2, x : x + scale.shape[1]] = draw_over(
        blank(scale.shape[1], _TEXT, (128, 128, 128)), scale, limit
    )
    write(canvas, f"{limit:.2f} or more", x + scale.shape[1] + _GAP // 2, baseline, _TEXT, _INK)
    x, baseline = 2 * _GAP, 3 * _LINE
    for text, match in (("matched", Match.MATCHED), ("weak", Match.WEAK), ("missing", Match.MISSING)):
        x = _draw_word(canvas, text, match, x, baseline) + _GAP
    x = _draw_word(canvas, "not looked for", None, x, baseline) + 2 * _GAP
    write(canvas, "numbers stand where a word is brightest, its strength behind it", x, baseline, _TEXT, _INK)


def _draw_entry(canvas: ByteArray, entry: _Entry, limit: float, x: int, y: int) -> None:
    lit = draw_over(entry.pixels, grid_to_pixels(entry.density, _SIDE, _SIDE), limit)
    _draw_peaks(lit, entry)
    canvas[y : y + _SIDE, x : x + _SIDE] = entry.pixels
    canvas[y : y + _SIDE, x + _CELL_WIDTH - _SIDE : x + _CELL_WIDTH] = lit
    write(canvas, entry.name, x, y + _SIDE + _LINE - 6, _TEXT - 1, _FAINT)
    for label in entry.labels:
        _draw_word(canvas, label.text, label.match, x + label.x, y + _SIDE + (2 + label.line) * _LINE - 4)


def _word_width(text: str, match: Match | None) -> int:
    return text_width(text, _TEXT) + (0 if match is None else 2 * _PADDING)


def _draw_word(canvas: ByteArray, text: str, match: Match | None, x: int, baseline: int) -> int:
    """One word: filled if matched, framed if weak, struck out if missing, plain if not looked for.

    Returns:
        Where it ends.
    """
    width, height, top = _word_width(text, match), _TEXT + 6, baseline - _TEXT
    if match is None:
        write(canvas, text, x, baseline, _TEXT, _FAINT)
        return x + width
    if match is not Match.MISSING:
        fill(canvas, x, top, width, height, _ACCENT)
    if match is Match.WEAK:
        fill(canvas, x + 1, top + 1, width - 2, height - 2, _PAPER)
    colours = {Match.MATCHED: _PAPER, Match.WEAK: _ACCENT, Match.MISSING: _FAINT}
    write(canvas, text, x + _PADDING, baseline, _TEXT, colours[match])
    if match is Match.MISSING:
        fill(canvas, x + 2, baseline - _TEXT // 3, width - 4, 1, _INK)
    return x + width


def _draw_peaks(lit: ByteArray, entry: _Entry) -> None:
    """Numbers of words where they are brightest; words of one place share a label."""
    places: dict[tuple[int, int], list[str]] = {}
    for number, place in entry.peaks.items():
        places.setdefault(place, []).append(str(number))
    rows, columns = entry.density.shape
    for (row, column), numbers in places.items():
        text = " ".join(numbers)
        width, height = text_width(text, _TEXT) + 6, _TEXT + 4
        left = round((column + 0.5) * _SIDE / columns - width / 2)
        top = round((row + 0.5) * _SIDE / rows - height / 2)
        left, top = min(max(left, 0), _SIDE - width), min(max(top, 0), _SIDE - height)
        fill(lit, left, top, width, height, _INK)
        write(lit, text, left + 3, top + _TEXT, _TEXT, _PAPER)
