"""What an index holds and what runs over it did, in lines for people."""

from __future__ import annotations

from pathlib import Path

from faami_core.indexing.records import CompactReport
from faami_core.types import CollectionInfo, IndexReport, ScanSummary

_LISTED = 10  # files, folders
_LISTED_KINDS = 12


def index_lines(report: IndexReport) -> list[str]:
    """Counts, and the first files and folders that could not be read; no line claims what was not done."""
    unreadable = report.unreadable
    indexed = report.seen - len(unreadable) - report.offline - report.waiting
    lines = [
        f"{report.root}: {report.seen} images seen in {report.seconds:.1f} s",
        f"  {report.added} new, {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged",
        f"  {indexed} indexed, {len(unreadable)} unreadable, {report.offline} offline",
    ]
    if report.formerly is not None:
        lines.insert(0, f"{report.root} was {report.formerly}: its index, marks and tags were taken over")
    if report.waiting:
        lines.append(f"  {report.embedded} embedded in this run, {report.waiting} wait for the next one")
    if report.repaired:
        lines.append(f"  {report.repaired} embedded again because their stored features were lost or damaged")
    lines += _first("unreadable", "unreadable files", [(image.path, image.reason) for image in unreadable])
    return [*lines, *_scan_lines(report.scan), *(f"  {notice}" for notice in report.notices)]


def _scan_lines(scan: ScanSummary) -> list[str]:
    """What a scan could not list, what it skipped, and which kinds of files it does not read."""
    unlisted = [(folder.path, folder.reason) for folder in scan.unlisted]
    lines = _first("folder not read", "folders that could not be read", unlisted)
    if scan.skipped:
        names = ", ".join(str(path) for path in scan.skipped[:_LISTED])
        more = f" and {len(scan.skipped) - _LISTED} more" if len(scan.skipped) > _LISTED else ""
        lines.append(
            f"  skipped {_count(len(scan.skipped), 'system folder')}: {names}{more} (--system-folders takes them)"
        )
    if scan.other_kinds:
        kinds = ", ".join(
            f"{count} {suffix or 'without a suffix'}" for suffix, count in scan.other_kinds[:_LISTED_KINDS]
        )
        more = ", …" if len(scan.other_kinds) > _LISTED_KINDS else ""
        lines.append(f"  {_count(scan.other_files, 'file')} of kinds that are not read: {kinds}{more}")
    return lines


def _first(name: str, plural: str, entries: list[tuple[Path, str]]) -> list[str]:
    """A line for each of the first entries, and one that counts the others."""
    lines = [f"  {name}: {path}: {reason}" for path, reason in entries[:_LISTED]]
    return [*lines, f"  … and {len(entries) - _LISTED} more {plural}"] if len(entries) > _LISTED else lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


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
    return [*lines, *_scan_lines(info.scan), f"  last indexed {info.indexed_at or 'never to the end'}"]
