"""Which images may be hits: masks over the gallery before the shortlist, and least evidence after re-ranking."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faami_core.errors import QueryError
from faami_core.indexing.feature_store import Gallery
from faami_core.queries import NO_FILTERS, Annotation, Filters
from faami_core.types import FloatArray, QueryWord

Mask = npt.NDArray[np.bool_]

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
    """
    mask = np.ones(len(gallery), dtype=np.bool_)
    sides = gallery.sizes
    if filters.min_side is not None:
        mask &= sides.min(axis=1) >= filters.min_side
    if filters.max_side is not None:
        mask &= sides.max(axis=1) <= filters.max_side
    if filters.folder is not None:
        folder = os.path.normpath(collection / filters.folder.expanduser())
        below = os.fsencode(folder).rstrip(b"/") + b"/"
        mask &= np.fromiter((path.startswith(below) for path in gallery.paths), np.bool_, len(gallery))
    if filters.name:
        pattern = re.compile(fnmatch.translate(filters.name.casefold()))
        names = (os.fsdecode(path.rsplit(b"/", 1)[-1]).casefold() for path in gallery.paths)
        mask &= np.fromiter((pattern.match(name) is not None for name in names), np.bool_, len(gallery))
    if filters.modified_from is not None or filters.modified_to is not None:
        times = np.fromiter((modified_ns[item] for item in gallery.item_ids.tolist()), np.int64, len(gallery))
        if filters.modified_from is not None:
            mask &= times >= _begin_ns(filters.modified_from)
        if filters.modified_to is not None:
            mask &= times < _begin_ns(min(filters.modified_to, _LAST_DAY) + timedelta(days=1))
    if filters.marks or filters.tags:
        notes = (annotations.get(item, Annotation()) for item in gallery.item_ids.tolist())
        wanted = set(filters.tags)
        mask &= np.fromiter(
            ((not filters.marks or note.mark in filters.marks) and wanted <= set(note.tags) for note in notes),
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
        indices = tuple(number for number, word in enumerate(words) if word.text.casefold() == text.casefold())
        if not indices:
            raise QueryError(
                f"The filter asks for evidence of {text!r}, which is no word of the query.",
                f"Use one of its words ({', '.join(word.text for word in words)}), or remove the filter.",
            )
        floors.append((indices, floor))
    return tuple(floors)


def evident(word_evidence: FloatArray, floors: tuple[tuple[tuple[int, ...], float], ...]) -> Mask:
    """[k, L] evidence of words → [k] whether every floor is reached."""
    mask = np.ones(len(word_evidence), dtype=np.bool_)
    for indices, floor in floors:
        mask &= word_evidence[:, list(indices)].max(axis=1) >= floor
    return mask


def _begin_ns(day: date) -> int:
    """The first moment of a day in local time, in nanoseconds since 1970; outside 64 bits the nearest inside."""
    try:
        seconds = datetime.combine(day, time.min).timestamp()
    except (OverflowError, ValueError, OSError):  # beyond what the clock of this system knows a time zone for
        seconds = datetime.combine(day, time.min, UTC).timestamp()
    return max(_NS.min, min(int(seconds) * 1_000_000_000, _NS.max))
