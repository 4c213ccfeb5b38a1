"""Queries, filters and paths as plain JSON values beside an export, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from faami_core.errors import QueryError
from faami_core.queries import Filters, ImageTerm, PixelBox, Query, TextTerm
from faami_core.search.result_schema import FiltersRecord, TermRecord, read_record

_FILE_ADDRESS = "file:///"


def query_record(query: Query) -> list[dict[str, Any]]:
    """One record a term."""
    return [_term_record(term) for term in query.terms]


def query_of(records: Sequence[TermRecord]) -> Query:
    """The inverse of ``query_record``.

    Raises:
        ValueError: if a record is neither a phrase nor an image.
    """
    return Query(tuple(_term_of(record) for record in records))


def filters_record(filters: Filters) -> dict[str, Any]:
    """Only the filters that are set."""
    record = {field.name: getattr(filters, field.name) for field in fields(Filters)}
    return {
        name: path_text(value) if isinstance(value, Path) else value.isoformat() if isinstance(value, date) else value
        for name, value in record.items()
        if value not in (None, "", ())
    }


def filters_of(record: FiltersRecord) -> Filters:
    """The inverse of ``filters_record``.

    Raises:
        ValueError: if its folder cannot be a path.
    """
    values = {name: getattr(record, name) for name in record.__struct_fields__}
    return Filters(**values | {"folder": None if record.folder is None else path_of(record.folder)})


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
        return filters_of(read_record((text or "{}").encode(), FiltersRecord))
    except ValueError as error:
        raise QueryError("The stored filters cannot be read.", "Set them anew.") from error


def path_text(path: Path) -> str:
    """A path as text that can be UTF-8: as it is, or as its ``file:`` address where its bytes are no text."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return str(path)


def path_of(text: str) -> Path:
    """The inverse of ``path_text``.

    Raises:
        ValueError: if no file can have this path.
    """
    if text.startswith(_FILE_ADDRESS):
        text = os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE_ADDRESS[:-1])))
    if "\0" in text:
        raise ValueError("a path with a NUL")
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


def _term_of(record: TermRecord) -> TextTerm | ImageTerm:
    if record.text is not None:
        return TextTerm(record.text, record.weight)
    if record.image is None:
        raise ValueError("a term is neither a phrase nor an image")
    box = PixelBox(*record.box) if record.box is not None else None
    return ImageTerm(path_of(record.image), record.weight, box)
