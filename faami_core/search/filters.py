"""Which images may be hits: masks over the gallery before the shortlist, and least evidence after re-ranking."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faami_core.errors import QueryError
from faami_core.indexing.feature_store import Gallery
from faami_core.queries import NO_FILTERS, Annotation, Filters
from faami_core.text import comparable_text, stored_tags, stored_text
from faami_core.types import QueryWord

MAX_PATTERN = 1000  # characters; a file name has at most 255

Mask = npt.NDArray[np.bool_]

_ROUNDING = 1e-9  # files tell ten digits of evidence; a number copied from one must let its own image pass

_LAST_DAY = date(9999, 12, 30)  # it has a day after it
_NS = np.iinfo(np.int64)  # of the times of files: the years 1677 to 2262


def masks_files(filters: Filters) -> bool:
    """Whether anything but the evidence of words is filtered."""
    return replace(filters, min_evidence=()) != NO_FILTERS


def passing_images(
    filters: Filters,
    gallery: Gallery,
    collection: Path,
    annotations: Mapping[int, Annotation],
    modified_ns: Mapping[int, int],
) -> Mask:
    """The images that pass every filter on files, marks and tags.

    Args:
        filters: What is wanted.
        gallery: N images.
        collection: What a relative folder is relative to.
        annotations: Of the images that have any, by id.
        modified_ns: When each file was last changed, by id; read only if a day is filtered.

    Returns:
        [N] bool.

    Raises:
        QueryError: if the pattern for file names is longer than any name.
    """
    mask = np.ones(len(gallery), dtype=np.bool_)
    sides = gallery.sizes
    if filters.min_side is not None:
        mask &= sides.min(axis=1) >= filters.min_side
    if filters.max_side is not None:
        mask &= sides.max(axis=1) <= filters.max_side
    if filters.folder is not None:
        folder = collection / os.path.expanduser(filters.folder)  # noqa: PTH111  (a Path would raise)
        mask &= _below(os.path.normpath(folder), gallery.paths)
    if filters.name:
        mask &= _named(filters.name, gallery.paths)
    if filters.modified_from is not None or filters.modified_to is not None:
        times = np.fromiter((modified_ns[item] for item in gallery.item_ids.tolist()), np.int64, len(gallery))
        if filters.modified_from is not None:
            mask &= times >= _begin_ns(filters.modified_from)
        if filters.modified_to is not None:
            mask &= times < _begin_ns(min(filters.modified_to, _LAST_DAY) + timedelta(days=1))
    if filters.marks or filters.tags:
        notes = (annotations.get(item, Annotation()) for item in gallery.item_ids.tolist())
        wanted, spelled = set(stored_tags(filters.tags)), lru_cache(maxsize=None)(stored_text)
        mask &= np.fromiter(
            (
                (not filters.marks or note.mark in filters.marks) and wanted <= set(map(spelled, note.tags))
                for note in notes
            ),
            np.bool_,
            len(gallery),
        )
    return mask


def floors_of_words(filters: Filters, words: tuple[QueryWord, ...]) -> tuple[tuple[tuple[int, ...], float], ...]:
    """For each least evidence the indices of the words it is about.

    Raises:
        QueryError: if a word is not in the query.
    """
    floors = []
    for text, floor in filters.min_evidence:
        asked = comparable_text(text)
        indices = tuple(number for number, word in enumerate(words) if comparable_text(word.text) == asked)
        if not indices:
            raise QueryError(
                f"The filter asks for evidence of {text!r}, which is no word of the query.",
                f"Use one of its words ({', '.join(word.text for word in words)}), or remove the filter.",
            )
        floors.append((indices, floor))
    return tuple(floors)


def evident(adds: npt.NDArray[np.float64], floors: tuple[tuple[tuple[int, ...], float], ...]) -> Mask:
    """[k, L] what words add to the score → [k] whether every floor is reached."""
    mask = np.ones(len(adds), dtype=np.bool_)
    for indices, floor in floors:
        mask &= adds[:, list(indices)].max(axis=1) >= floor - _ROUNDING
    return mask


def _below(folder: str, paths: Sequence[bytes]) -> Mask:
    """[N] which paths lie in a folder or below; the name of one that holds none may be spelled in another way."""
    below = os.fsencode(folder).rstrip(b"/") + b"/"
    mask = np.fromiter((path.startswith(below) for path in paths), np.bool_, len(paths))
    if mask.any() or below.isascii():
        return mask
    spelled = unicodedata.normalize("NFC", os.fsdecode(below))
    alike = (unicodedata.normalize("NFC", os.fsdecode(path)).startswith(spelled) for path in paths)
    return np.fromiter(alike, np.bool_, len(paths))


def _named(pattern: str, paths: Sequence[bytes]) -> Mask:
    """[N] which file names fit a pattern."""
    if len(pattern) > MAX_PATTERN:
        raise QueryError(
            f"The filter on file names has {len(pattern):,} characters, more than {MAX_PATTERN:,}.",
            "Use a shorter pattern.",
        )
    fits = re.compile(fnmatch.translate(comparable_text(pattern))).match
    names = (comparable_text(os.fsdecode(path.rsplit(b"/", 1)[-1])) for path in paths)
    return np.fromiter((fits(name) is not None for name in names), np.bool_, len(paths))


def _begin_ns(day: date) -> int:
    """The first moment of a day in local time, in nanoseconds since 1970; outside 64 bits the nearest inside."""
    try:
        seconds = datetime.combine(day, time.min).timestamp()
    except (OverflowError, ValueError, OSError):  # beyond what the clock of this system knows a time zone for
        seconds = datetime.combine(day, time.min, UTC).timestamp()
    return max(_NS.min, min(int(seconds) * 1_000_000_000, _NS.max))
