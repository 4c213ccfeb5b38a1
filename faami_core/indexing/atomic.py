"""The only door through which files of the index are written: a file appears whole under its name, or not at all.

The steps of a write have names. ``reach`` is called at each of them, so that a test can make exactly that step
raise, sleep or kill the process.

    create, write, sync, rename, sync_folder    of one file (``write_file``)
    remove                                      of one file (``remove_file``)
    begin, commit, committed                    of one transaction that names files (``indexer``, ``upkeep``)
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from faami_core.private import private_opener

TEMPORARY_PREFIX = ".tmp-"

StepHook = Callable[[str, Path], None]


def _pass(_step: str, _path: Path) -> None:
    """Outside tests, reaching a step means nothing."""


step_hook: StepHook = _pass


def reach(step: str, path: Path) -> None:
    """Tells the hook that ``step`` is about to begin for ``path``."""
    step_hook(step, path)


def write_file(
    path: Path, parts: Iterable[bytes | memoryview], *, durable: bool = True, private: bool = False
) -> None:
    """Writes ``path`` so that it survives a crash at any moment: temp file, fsync, rename, fsync of the folder.

    Steps: ``create``, ``write``, ``sync``, ``rename``, ``sync_folder``.

    Args:
        path: Target, replaced if it exists; its folder exists.
        parts: The content in order.
        private: Only the owner may read it.
        durable: False leaves out both fsyncs, for what can be made anew: after a power cut the file may be torn.

    Raises:
        OSError: if the disk is full, read-only or gone; then nothing is left behind.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}")
    reach("create", path)
    try:
        with open(temporary, "xb", opener=private_opener if private else None) as stream:
            reach("write", path)
            for part in parts:
                stream.write(part)
            if durable:
                reach("sync", path)
                stream.flush()
                os.fsync(stream.fileno())
        reach("rename", path)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        reach("sync_folder", path)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes a rename inside ``folder`` durable. Windows has no such call and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_file(path: Path) -> bool:
    """Removes a file nobody names any more. Step: ``remove``.

    Returns:
        Whether it is gone; a system that keeps files in use (Windows) leaves it to the next sweep.
    """
    reach("remove", path)
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return False
    return True


def sweep(folder: Path) -> int:
    """Removes temp files a killed process left in ``folder`` and below; only for the holder of the writer lock.

    Returns:
        How many were removed.
    """
    return sum([remove_file(orphan) for orphan in list(folder.rglob(f"{TEMPORARY_PREFIX}*"))])
