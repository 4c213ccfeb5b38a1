"""What is said of an index run when it has ended."""

from __future__ import annotations

from pathlib import Path

from app.widgets.notice_bar import Notice, NoticeKind, Topic
from faami_core.types import IndexReport

_LISTED = "The side panel lists them with the reason."


def notice_of(report: IndexReport, root: Path | None) -> Notice | None:
    """The notice of a run: what was done if it was cancelled, what could not be read, or that all is in order.

    Args:
        report: Of the run.
        root: Folder of the open collection; of another one that went well nothing is said, for it is shown.
    """
    if report.cancelled:
        done = f"Indexing was cancelled; {_counted(report.embedded, 'image')} {_were(report.embedded)} indexed."
        left = f"{_counted(report.waiting, 'image')} left: go on whenever you like, nothing is read twice."
        return _notice("info", done, left if report.waiting else "", "Continue indexing")
    if report.formerly is not None:
        return _notice(
            "info",
            f"“{report.root.name}” is the folder that was “{report.formerly.name}”.",
            "Its index, marks and tags were taken over.",
        )
    if report.scan.unlisted:
        return _notice_of_folders(report)
    return _notice_of_files(report) or (_notice_of_success(report) if report.root == root else None)


def _notice_of_files(report: IndexReport) -> Notice | None:
    """Images that the run left out, or what else the analyst should know of it."""
    if report.waiting:
        return _notice("warning", f"{_counted(report.waiting, 'image')} left to index.", "", "Continue indexing")
    if report.unreadable:
        files = f"{_counted(len(report.unreadable), 'file')} could not be read."
        return _notice("warning", files, " ".join([_LISTED, *report.notices]))
    return _notice("warning", " ".join(report.notices)) if report.notices else None


def _notice_of_success(report: IndexReport) -> Notice:
    fresh = report.added + report.changed
    changed = f"{fresh:,} added or changed, {report.removed:,} removed." if fresh or report.removed else ""
    return _notice("info", "The collection is up to date.", changed)


def _notice_of_folders(report: IndexReport) -> Notice:
    """One folder by its name and reason; more of them, and files beside them, are counted and listed elsewhere."""
    first, *others = report.scan.unlisted
    files = f"{_counted(len(report.unreadable), 'file')} and " if report.unreadable else ""
    if others or files:
        message = f"{files}{_counted(len(others) + 1, 'folder')} could not be read."
        next_step = _LISTED
    else:
        message = f"The folder “{first.path.name or first.path}” could not be read: {first.reason}"
        next_step = "Connect its drive or allow reading, then update the collection."
    if report.offline:
        offline = f"{_counted(report.offline, 'image')} {'is' if report.offline == 1 else 'are'} offline until then."
        next_step = f"{next_step} {offline}"
    return _notice("warning", message, " ".join([next_step, *report.notices]), "Try again")


def _notice(kind: NoticeKind, message: str, next_step: str = "", label_of_action: str = "") -> Notice:
    action = "update" if label_of_action else ""
    return Notice(kind, message, next_step, Topic.COLLECTION, action, label_of_action)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
