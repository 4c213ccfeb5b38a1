"""Queries, filters and paths as plain JSON values beside an export, and back."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from faami_core.errors import QueryError
from faami_core.queries import Filters, ImageTerm, Mark, PixelBox, Query, TextTerm

_FILE_ADDRESS = "file:///"


def query_record(query: Query) -> list[dict[str, Any]]:
    """One record a term."""
    return [_term_record(term) for term in query.terms]


def query_of(records: list[dict[str, Any]]) -> Query:
    """The inverse of ``query_record``."""
    return Query(tuple(_term_of(record) for record in records))


def filters_record(filters: Filters) -> dict[str, Any]:
    """Only the filters that are set."""
    record = {field.name: getattr(filters, field.name) for field in fields(Filters)}
    return {
        name: path_text(value) if isinstance(value, Path) else value.isoformat() if isinstance(value, date) else value
        for name, value in record.items()
        if value not in (None, "", ())
    }


def filters_of(record: dict[str, Any]) -> Filters:
    """The inverse of ``filters_record``."""
    values = dict(record)
    for name, read in (
        ("folder", path_of),
        ("name", str),
        ("min_side", int),
        ("max_side", int),
        ("modified_from", date.fromisoformat),
        ("modified_to", date.fromisoformat),
        ("tags", lambda tags: tuple(map(str, tags))),
        ("marks", lambda marks: tuple(Mark(mark) for mark in marks)),
        ("min_evidence", lambda pairs: tuple((str(word), float(floor)) for word, floor in pairs)),
    ):
        if name in values:
            values[name] = read(values[name])
    return Filters(**values)


def format_filters(filters: Filters) -> str:
    """Filters as one line of JSON; empty where there are none."""
    record = filters_record(filters)
    return json.dumps(record, ensure_ascii=False) if record else ""


def parse_filters(text: str) -> Filters:
    """The inverse of ``format_filters``.

    Raises:
        QueryError: if the text was not made by it.
    """
    try:
        return filters_of(json.loads(text or "{}"))
    except (ValueError, TypeError, AttributeError) as error:
        raise QueryError("The stored filters cannot be read.", "Set them anew.") from error


def path_text(path: Path) -> str:
    """A path as text that can be UTF-8: as it is, or as its ``file:`` address where its bytes are no text."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return str(path)


def path_of(text: str) -> Path:
    """The inverse of ``path_text``."""
    if text.startswith(_FILE_ADDRESS):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE_ADDRESS[:-1]))))
    return Path(text)


def legible(text: str) -> str:
    """Text that can be UTF-8; what cannot is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _term_record(term: TextTerm | ImageTerm) -> dict[str, Any]:
    if isinstance(term, TextTerm):
        return {"text": legible(term.text), "weight": term.weight}
    record: dict[str, Any] = {"image": path_text(term.path), "weight": term.weight}
    if term.box is not None:
        record["box"] = [term.box.x, term.box.y, term.box.width, term.box.height]
    return record


def _term_of(record: dict[str, Any]) -> TextTerm | ImageTerm:
    if "text" in record:
        return TextTerm(record["text"], record["weight"])
    box = PixelBox(*record["box"]) if "box" in record else None
    return ImageTerm(path_of(record["image"]), record["weight"], box)
