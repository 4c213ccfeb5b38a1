"""Filters as the window speaks of them: texts typed into fields, conditions on chips, folders to choose from."""

from __future__ import annotations

import os
import re
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from faami_core.queries import Annotation, Filters
from faami_core.types import GalleryImage

TYPED = ("name", "min_side", "max_side", "modified_from", "modified_to")  # fields of ``Filters`` that are typed

_CLASS = re.compile(r"\[!?\]?[^\]]*\]")
_SIDE = re.compile(r"[1-9]\d{0,8}")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True)
class Condition:
    """One condition of the filters.

    Attributes:
        field: The field of ``Filters`` that holds it.
        text: For a chip.
        value: Which of several, where the field holds more than one condition.
    """

    field: str
    text: str
    value: str = ""


def conditions_of(filters: Filters) -> tuple[Condition, ...]:
    """What the filters ask for, one condition a chip."""
    found = []
    if filters.name:
        text = _text_of_pattern(filters.name)
        found.append(Condition("name", f"Name {text}" if text == filters.name else f"Name has “{text}”"))
    if filters.folder is not None:
        found.append(Condition("folder", f"In {filters.folder}"))
    for field, words in (("min_side", "Shorter side ≥"), ("max_side", "Longer side ≤")):
        if (side := getattr(filters, field)) is not None:
            found.append(Condition(field, f"{words} {side:,} px"))
    for field, words in (("modified_from", "Changed from"), ("modified_to", "Changed until")):
        if (day := getattr(filters, field)) is not None:
            found.append(Condition(field, f"{words} {day}"))
    found += [Condition("tags", f"Tag: {tag}", tag) for tag in filters.tags]
    if filters.marks:
        found.append(Condition("marks", " or ".join(filters.marks).capitalize()))
    return tuple(found)


def without(filters: Filters, condition: Condition) -> Filters:
    """The filters less one of their conditions."""
    if condition.field == "tags":
        return replace(filters, tags=tuple(tag for tag in filters.tags if tag != condition.value))
    return replace(filters, **{condition.field: getattr(Filters(), condition.field)})


def follows_marks(filters: Filters) -> bool:
    """Whether what passes changes with marks and tags."""
    return bool(filters.marks or filters.tags)


def passes_marks(filters: Filters, note: Annotation) -> bool:
    """Whether an image with these marks and tags meets the conditions on them."""
    return (not filters.marks or note.mark in filters.marks) and set(filters.tags) <= set(note.tags)


# --- what is typed --------------------------------------------------------------------------------------------


def read_typed(typed: Mapping[str, str], before: Filters) -> tuple[Filters, dict[str, str]]:
    """Filters from the texts of the fields.

    Args:
        typed: Text of each field of ``TYPED``.
        before: What a field that cannot be read stays at, and what is not typed.

    Returns:
        The filters, and for each field that cannot be read a sentence that says why.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field, read in _READERS.items():
        text = typed[field].strip()
        try:
            values[field] = read(text) if text else getattr(Filters(), field)
        except ValueError as error:
            problems[field] = str(error)
    filters = replace(before, **values)
    for first, last, sentence in _ORDERED:
        low, high = getattr(filters, first), getattr(filters, last)
        if low is not None and high is not None and low > high:
            problems.setdefault(last, sentence)
            filters = replace(filters, **{field: getattr(before, field) for field in (first, last)})
    return filters, problems


def typed_of(filters: Filters) -> dict[str, str]:
    """The texts that ``read_typed`` reads back to the filters."""
    texts = {field: getattr(filters, field) for field in TYPED}
    typed = {field: "" if value is None else str(value) for field, value in texts.items()}
    return typed | {"name": _text_of_pattern(filters.name)}


def _pattern(text: str) -> str:
    """Plain letters stand anywhere in the name; with ``*``, ``?`` or ``[`` they are the pattern of all of it."""
    if "/" in text:
        raise ValueError("A file name has no “/”. Folders are chosen below.")
    if "[" in _CLASS.sub("", text):
        raise ValueError("“[” is never closed. “[[]” finds the sign itself.")
    return text if set(text) & set("*?[") else f"*{text}*"


def _text_of_pattern(pattern: str) -> str:
    inner = pattern[1:-1]
    return inner if inner and not set(inner) & set("*?[") and pattern == f"*{inner}*" else pattern


def _side(text: str) -> int:
    digits = text.replace(",", "")
    if _SIDE.fullmatch(digits) is None:
        raise ValueError(f"“{text}” is not a number of pixels such as 512.")
    return int(digits)


def _day(text: str, *, last: bool) -> date:
    """A day, or the first or last one of a month or a year."""
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            year, month = int(found[1]), int(found[2] or (12 if last else 1))
            return date(year, month, int(found[3] or (monthrange(year, month)[1] if last else 1)))
    except ValueError:
        pass  # the thirteenth month
    raise ValueError(f"“{text}” is not a day such as 2024-05-31, nor a month or a year.")


_READERS: dict[str, Callable[[str], Any]] = {
    "name": _pattern,
    "min_side": _side,
    "max_side": _side,
    "modified_from": lambda text: _day(text, last=False),
    "modified_to": lambda text: _day(text, last=True),
}
_ORDERED = (
    ("min_side", "max_side", "No image has a shorter side that is longer than its longer one."),
    ("modified_from", "modified_to", "The first day comes after the last one."),
)


# --- folders --------------------------------------------------------------------------------------------------


def folders_of(images: Iterable[GalleryImage], root: Path) -> dict[Path, int]:
    """The folders in which images lie, themselves or in folders below, with how many.

    Returns:
        In order of path; relative to the root where they are below it, which itself is left out.
    """
    counts: Counter[Path] = Counter()
    for folder, count in Counter(str(image.path).rpartition(os.sep)[0] for image in images).items():
        path = Path(folder)
        if path.is_relative_to(root):
            path = path.relative_to(root)
            counts.update(dict.fromkeys((path, *path.parents), count))
        else:
            counts[path] += count
    counts.pop(Path(), None)
    return dict(sorted(counts.items()))
