"""An exported result of a folder that has another name now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from faami_core.queries import ImageTerm, Query
from faami_core.types import ImportedResult


def moved_path(path: Path, moved: Mapping[Path, Path]) -> Path:
    """Where a file lies now, given what folders were called and what they are called now."""
    for old, new in moved.items():
        if path.is_relative_to(old):
            return new / path.relative_to(old)
    return path


def moved_result(imported: ImportedResult, moved: Mapping[Path, Path]) -> ImportedResult:
    """The same hits of the same collections, under their names of today."""
    result = imported.result
    terms = [
        replace(term, path=moved_path(term.path, moved)) if isinstance(term, ImageTerm) else term
        for term in result.query.terms
    ]
    filters = result.filters
    if filters.folder is not None:
        filters = replace(filters, folder=moved_path(filters.folder, moved))
    here = replace(
        result,
        query=Query(tuple(terms)),
        filters=filters,
        hits=tuple(replace(hit, path=moved_path(hit.path, moved)) for hit in result.hits),
        collection=moved_path(result.collection, moved),
        further_collections=tuple(moved_path(root, moved) for root in result.further_collections),
    )
    return replace(imported, result=here)
