"""Where an export goes: what was typed as a file, and what is there already."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SUFFIX = ".csv"


@dataclass(frozen=True)
class Destination:
    """What an export meets.

    Attributes:
        files: What it writes, the table first.
        has_folder: Whether the folder is there.
        present: Those of the files that are there and would be replaced.
    """

    files: tuple[Path, ...]
    has_folder: bool
    present: tuple[Path, ...]

    @property
    def sentence(self) -> str:
        """What the analyst should know before she writes; empty where nothing is in the way."""
        if not self.has_folder:
            return f"The folder {self.files[0].parent} does not exist. Choose another one."
        if not self.present:
            return ""
        names = " and ".join(file.name for file in self.present)
        return f"{names} {'is' if len(self.present) == 1 else 'are'} there already and will be replaced."


def looked_at(files: Sequence[Path]) -> Destination:
    """Asks the drive, which may keep one waiting."""
    present = tuple(file for file in files if os.path.lexists(file))
    return Destination(tuple(files), files[0].parent.is_dir(), present)


def file_of(typed: str, folder: Path) -> Path | None:
    """The CSV file that was meant, None where no name was typed.

    Args:
        typed: A path, or a name alone; without ".csv" it gets it.
        folder: Where a name alone goes.
    """
    typed = typed.strip()
    name = Path(typed).name
    if not name or name == ".." or typed.endswith(("/", os.sep)):
        return None
    path = folder / Path(typed)
    if typed.startswith("~"):
        path = Path(os.path.expanduser(typed))  # noqa: PTH111 - unlike Path, it leaves an unknown user alone
    return path if path.suffix.lower() == _SUFFIX else path.with_name(path.name + _SUFFIX)
