"""The one door through which results leave the program: tables, reports, pictures.

A link is followed to the file it names, nothing but a regular file is written, a file of another kind is never
touched, and a file that is there stays unless the caller says that it may be replaced.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from faami_core.errors import ExportError
from faami_core.indexing import atomic

STANDARD_OUTPUT = Path("-")


@dataclass(frozen=True)
class OutputKind:
    """What a file holds.

    Attributes:
        name: For the analyst, with its article.
        suffixes: Endings of its name, lower case, the usual one first; "" where it may have none.
    """

    name: str
    suffixes: tuple[str, ...]


TABLE = OutputKind("a CSV file", (".csv", ".tsv", ".txt", ""))
REPORT = OutputKind("a JSON file", (".json", ".txt", ""))
MARKDOWN = OutputKind("a Markdown file", (".md", ".txt", ""))
PICTURE = OutputKind("a picture", (".png", ".jpg", ".jpeg", ".webp"))

_SPECIAL = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def check_output(path: Path, kind: OutputKind, *, replace: bool) -> Path:
    """Finds the file that writing to ``path`` would make or replace.

    Args:
        path: As the analyst named it.
        kind: What will be written.
        replace: Whether a file that is there may be replaced.

    Returns:
        The file itself, links followed.

    Raises:
        ExportError: if the name is that of another kind of file, of something that is no regular file, or of a file
            that must stay; if its folder is missing, or cannot be looked into.
    """
    shown = repr(_shortened(str(path)))
    if path == STANDARD_OUTPUT:
        raise ExportError("Standard output (-) cannot be used here.", "Name a file.")
    try:
        file = _followed(path)
        status = _status(file)
        has_folder = file.parent.is_dir()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ExportError(f"{shown} cannot be written: {reason}.", "Choose another name or folder.") from error
    special = next((name for is_it, name in _SPECIAL if status is not None and is_it(status.st_mode)), None)
    if special is not None:
        raise ExportError(
            f"{shown} is {special}, not a file.", "Name a file; on the command line, - is standard output."
        )
    for name in (path.name, file.name):
        if Path(name).suffix.lower() not in kind.suffixes:
            raise ExportError(
                f"{_shortened(name)!r} is not a name for {kind.name}.", f"Choose one that ends in {kind.suffixes[0]}."
            )
    if not has_folder:
        raise ExportError(f"The folder of {shown} does not exist.", "Choose a folder that exists, or make it first.")
    if status is not None and not replace:
        raise ExportError(
            f"{shown} is there already.", "Choose another name, or say that it may be replaced (--force)."
        )
    return file


def write_output(path: Path, parts: Iterable[bytes | memoryview], kind: OutputKind, *, replace: bool) -> Path:
    """Writes a file whole or not at all; returns ``path``.

    Raises:
        ExportError: as ``check_output``, or if the disk is full, read-only or gone; then nothing has changed.
    """
    file = check_output(path, kind, replace=replace)
    try:
        atomic.write_file(file, parts)
    except OSError as error:
        raise ExportError(
            f"{_shortened(str(path))!r} cannot be written: {error.strerror or error}.",
            "Choose a folder that exists, may be written and has free space.",
        ) from error
    return path


def _status(file: Path) -> os.stat_result | None:
    """What is there; None where nothing is."""
    try:
        return file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _followed(path: Path) -> Path:
    """The file at the end of a chain of links, there or not."""
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 makes of links in a circle
        raise OSError(0, "its links lead in a circle") from error


def _shortened(text: str) -> str:
    """A path for a sentence: its end, which tells most."""
    legible = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return legible if len(legible) <= 200 else f"…{legible[-199:]}"
