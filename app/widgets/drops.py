"""What a drop or a paste holds for this program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData

from app.models.file_transfer import path_of
from faami_core.config import IMAGE_SUFFIXES


def image_path_of(data: QMimeData | None) -> Path | None:
    """The first local image file of a drop or a paste."""
    return next((path for path in _paths_of(data) if path.suffix.lower() in IMAGE_SUFFIXES), None)


def results_of(data: QMimeData) -> Path | None:
    """The first local CSV file of a drop."""
    return next((path for path in _paths_of(data) if path.suffix.lower() == ".csv"), None)


def folder_of(data: QMimeData) -> Path | None:
    """The first local folder of a drop."""
    return next((path for path in _paths_of(data) if path.is_dir()), None)


def is_welcome(data: QMimeData) -> bool:
    """Whether a drop holds anything that the window takes."""
    return any(kind(data) is not None for kind in (folder_of, results_of, image_path_of))


def _paths_of(data: QMimeData | None) -> list[Path]:
    urls = data.urls() if data is not None and data.hasUrls() else []
    return [path_of(url) for url in urls if url.isLocalFile()]
