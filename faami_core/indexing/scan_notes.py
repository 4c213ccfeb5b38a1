"""What a catalog remembers of its last scan beside the files: what could not be listed, what was passed over."""

from __future__ import annotations

import json
import os
from pathlib import Path

from faami_core.indexing.catalog import Catalog
from faami_core.types import ScanSummary, UnreadableImage

_SUMMARY, _SYSTEM_FOLDERS = "scan_summary", "system_folders"  # rows of the table "meta"
_MOST_FOLDERS = 1000  # of each sort; more would help nobody


def remember(catalog: Catalog, summary: ScanSummary) -> None:
    """Keeps the summary of a scan in the place of the one before."""
    fields = {
        "unlisted": [[os.fspath(folder.path), folder.reason] for folder in summary.unlisted[:_MOST_FOLDERS]],
        "skipped": [os.fspath(path) for path in summary.skipped[:_MOST_FOLDERS]],
        "other_kinds": summary.other_kinds,
    }
    _put(catalog, _SUMMARY, json.dumps(fields))


def recall(catalog: Catalog) -> ScanSummary:
    """The summary of the last scan; an empty one if there was none, or if it cannot be read."""
    takes_all = takes_system_folders(catalog)
    rows = catalog.rows("SELECT value FROM meta WHERE key = ?", _SUMMARY)
    try:
        fields = json.loads(rows[0][0])
        return ScanSummary(
            unlisted=tuple(UnreadableImage(Path(path), str(reason)) for path, reason in fields["unlisted"]),
            skipped=tuple(map(Path, fields["skipped"])),
            other_kinds=tuple((str(suffix), int(count)) for suffix, count in fields["other_kinds"]),
            takes_system_folders=takes_all,
        )
    except (LookupError, ValueError, TypeError):
        return ScanSummary(takes_system_folders=takes_all)


def takes_system_folders(catalog: Catalog) -> bool:
    """Whether folders of systems and other programs belong to the collection; by default they do not."""
    return catalog.rows("SELECT 1 FROM meta WHERE key = ? AND value = '1'", _SYSTEM_FOLDERS) != []


def take_system_folders(catalog: Catalog, taken: bool) -> None:
    """Lets them belong to it, or not, from the next scan on."""
    _put(catalog, _SYSTEM_FOLDERS, str(int(taken)))


def _put(catalog: Catalog, key: str, value: str) -> None:
    with catalog.transaction(of_gallery=False) as connection:
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
