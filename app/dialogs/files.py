"""Choosing files and folders, the only dialogs that block."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from faami_core.config import IMAGE_SUFFIXES


def choose_folder(parent: QWidget, start: Path) -> Path | None:
    """A folder of images, None when cancelled."""
    chosen = QFileDialog.getExistingDirectory(parent, "Open a folder of images", str(start))
    return Path(chosen) if chosen else None


def choose_image(parent: QWidget, start: Path) -> Path | None:
    """An image file, None when cancelled."""
    patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
    chosen, _ = QFileDialog.getOpenFileName(parent, "Search by an image", str(start), f"Images ({patterns})")
    return Path(chosen) if chosen else None


def choose_results(parent: QWidget, start: Path) -> Path | None:
    """A CSV file that was exported, None when cancelled."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open exported results", str(start), "CSV (*.csv)")
    return Path(chosen) if chosen else None


def choose_export(parent: QWidget, start: Path) -> Path | None:
    """Where to write a CSV file, None when cancelled; who asks tells what would be replaced."""
    chosen, _ = QFileDialog.getSaveFileName(
        parent,
        "Export results as CSV",
        str(start),
        "CSV (*.csv)",
        options=QFileDialog.Option.DontConfirmOverwrite,
    )
    return Path(chosen) if chosen else None
