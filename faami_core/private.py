"""Folders and files that are for their owner alone: what an analyst looks at is nobody else's business."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_BEFORE_AN_INDEX = ("window", "crash", "demo")  # how the names of settings, logs and the demo begin


def make_private_folder(folder: Path) -> None:
    """Makes a folder, and those it lies in, that only its owner may enter. One that is there stays as it is.

    Raises:
        OSError: if it cannot be made.
    """
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    folder.chmod(_FOLDER_MODE)  # a umask may have taken rights of the owner, too


def private_opener(path: str, flags: int) -> int:
    """``opener`` of ``open``: a file that is made by it only its owner may read or write. Never waits for a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), _FILE_MODE)


def claim_data_folder(folder: Path, *, always: bool) -> None:
    """Makes the data folder private, with what a window has put there before the first index.

    A folder with other things in it, or with indexes that its owner may share on purpose, keeps its rights.

    Args:
        folder: The data folder; made if it is not there.
        always: It is the program's own place, where nothing is shared.

    Raises:
        OSError: if it cannot be made.
    """
    make_private_folder(folder)
    names = {path.name for path in folder.iterdir()}
    if always or all(name.startswith(_BEFORE_AN_INDEX) for name in names):
        with contextlib.suppress(OSError):  # another user's, or read-only
            folder.chmod(_FOLDER_MODE)
