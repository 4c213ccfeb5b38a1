"""``faami index`` and ``faami info``: collections and what is known of them."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path

from faami_core import __version__
from faami_core.commands.common import CANCELLED, DONE, FAULT, SessionFactory, model_options, positive, session_of
from faami_core.errors import CancelledError
from faami_core.indexing.report_text import collection_lines, compact_lines, index_lines
from faami_core.session import Session
from faami_core.terminal import ProgressLine, cancel_on_interrupt, flush_output, say, tell
from faami_core.types import IndexReport


def index_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of images")
    parser.add_argument("--retry", action="store_true", help="try unreadable files again even if they did not change")
    parser.add_argument("--verify", action="store_true", help="read and check every file and all stored features")
    parser.add_argument("--compact", action="store_true", help="only make the index smaller; looks at no image")
    parser.add_argument(
        "--was",
        type=Path,
        metavar="DIR",
        help="take over index, marks and tags of a folder that was renamed; needed only where its images do not tell",
    )
    parser.add_argument("--add", type=Path, nargs="+", metavar="DIR", help="further folders, from now on")
    parser.add_argument("--drop", type=Path, nargs="+", metavar="DIR", help="forget folders added before")
    parser.add_argument("--include", nargs="*", metavar="GLOB", help="only these files, from now on; none for all")
    parser.add_argument("--exclude", nargs="*", metavar="GLOB", help="not these files and folders, from now on")
    parser.add_argument(
        "--system-folders",
        action=argparse.BooleanOptionalAction,
        help="take folders such as @eaDir, $RECYCLE.BIN or lost+found, too, from now on, or no longer",
    )
    parser.add_argument(
        "--watch", type=positive, metavar="SECONDS", help="go on: look at the folders every so often until Ctrl-C"
    )
    model_options(parser)


def run_index(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    session = session_of(arguments, session_factory)
    if arguments.compact:
        return _compact(arguments.folder, session)
    changes = {name: getattr(arguments, name) for name in ("add", "drop", "include", "exclude", "system_folders")}
    if any(value is not None for value in changes.values()):
        session.change_collection(arguments.folder, was=arguments.was, **changes)
        arguments.was = None  # done
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        report = session.index(
            arguments.folder,
            progress=progress,
            cancel=cancel,
            retry_unreadable=arguments.retry,
            verify=arguments.verify,
            was=arguments.was,
        )
    exit_code = _tell(report)
    watches = arguments.watch and exit_code != CANCELLED
    return _watch(session, arguments.folder, arguments.watch) if watches else exit_code


def _watch(session: Session, folder: Path, seconds: int) -> int:
    """Indexes whatever changes, until Ctrl-C: that is the way to end it, and no fault."""
    with cancel_on_interrupt() as cancel, suppress(CancelledError):
        while not cancel.wait(seconds):
            if session.folder_changes(folder, cancel=cancel):
                with ProgressLine() as progress:
                    report = session.index(folder, progress=progress, cancel=cancel)
                _tell(report)
    return DONE


def _tell(report: IndexReport) -> int:
    for line in index_lines(report):
        say(line)
    flush_output()
    if report.cancelled:
        tell("faami: cancelled; what is indexed is kept, run the same command to go on")
        return CANCELLED
    if report.waiting or report.scan.unlisted:
        tell("faami: not all folders could be read; what was known there is kept as offline")
        tell("       Connect the drive or allow reading, then run the same command to go on.")
        return FAULT
    return DONE


def _compact(folder: Path, session: Session) -> int:
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        report = session.compact(folder, progress=progress, cancel=cancel)
    for line in compact_lines(report):
        say(line)
    return DONE


def info_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--collection", type=Path, metavar="DIR", help="tell about an indexed folder, too")
    model_options(parser)


def run_info(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    session = session_of(arguments, session_factory)
    info = session.model_info()
    grids = ", ".join(f"{grid.scale} {grid.rows}×{grid.columns}" for grid in info.grids)
    say(f"version      {__version__}")
    say(f"model        {info.name} ({info.parameters / 1e6:.1f} million weights)")
    say(f"folder       {info.folder}")
    say(f"fingerprint  {info.fingerprint}")
    say(f"device       {info.device}")
    say(f"input        {info.image_size}×{info.image_size} pixels; regions {grids}; width {info.width}")
    say(f"index data   {session.data_dir}")
    if arguments.collection is not None:
        for line in collection_lines(session.open_collection(arguments.collection)):
            say(line)
    return DONE
