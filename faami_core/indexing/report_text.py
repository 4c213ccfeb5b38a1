"""What an index holds and what runs over it did, in lines for people."""

from __future__ import annotations

from faami_core.indexing.records import CompactReport
from faami_core.types import CollectionInfo, IndexReport

_LISTED_UNREADABLE = 10


def index_lines(report: IndexReport) -> list[str]:
    """Counts, and the first unreadable files with their reasons; no line of a cancelled run claims completeness."""
    unreadable = report.unreadable
    indexed = report.seen - len(unreadable) - report.offline
    lines = [
        f"{report.root}: {report.seen} images seen in {report.seconds:.1f} s",
        f"  {report.added} new, {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged",
    ]
    if report.formerly is not None:
        lines.insert(0, f"{report.root} was {report.formerly}: its index, marks and tags were taken over")
    if not report.cancelled:
        lines.append(f"  {indexed} indexed, {len(unreadable)} unreadable, {report.offline} offline")
    if report.repaired:
        lines.append(f"  {report.repaired} embedded again because their stored features were lost or damaged")
    lines += [f"  unreadable: {image.path}: {image.reason}" for image in unreadable[:_LISTED_UNREADABLE]]
    if len(unreadable) > _LISTED_UNREADABLE:
        lines.append(f"  … and {len(unreadable) - _LISTED_UNREADABLE} more unreadable files")
    return [*lines, *(f"  {notice}" for notice in report.notices)]


def compact_lines(report: CompactReport) -> list[str]:
    """Files, bytes and dropped rows."""
    return [
        f"  {report.shards_before} files before, {report.shards_after} now",
        f"  {report.bytes_before:,} bytes before, {report.bytes_after:,} now; {report.rows_dropped} rows dropped",
    ]


def collection_lines(info: CollectionInfo) -> list[str]:
    """Folders, counts, and when it was indexed last."""
    lines = [
        f"collection   {info.root}",
        *(f"  with {folder}" for folder in info.folders if folder != info.root),
        f"  {info.images} of {info.seen} images indexed with this model,"
        f" {len(info.unreadable)} unreadable, {info.offline} offline",
    ]
    if info.damaged:
        lines.append(f"  {info.damaged} wait to be embedded again because their stored features are damaged")
    return [*lines, f"  last indexed {info.indexed_at or 'never to the end'}"]
