"""Image files on their way to other programs: over the clipboard, by a drag, to the program that opens them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl


def url_of(path: Path) -> QUrl:
    """The URL of a file; bytes of its name that are no text survive, which they would not in a ``QString``."""
    return QUrl.fromEncoded(path.as_uri().encode())


def path_of(url: QUrl) -> Path:
    """The local file of a URL, as its bytes are."""
    if os.name == "nt":
        return Path(url.toLocalFile())
    return Path(os.fsdecode(unquote_to_bytes(url.path(QUrl.ComponentFormattingOption.FullyEncoded))))


def as_files(paths: Iterable[Path]) -> QMimeData:
    """Files for a file manager, and their paths for what takes text, one a line."""
    data, listed = QMimeData(), list(paths)
    data.setUrls([url_of(path) for path in listed])
    data.setText("\n".join(str(path).encode(errors="replace").decode() for path in listed))
    return data
