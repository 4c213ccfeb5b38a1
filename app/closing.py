"""What the window does when it closes: what is on screen is remembered, what is being written is finished."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.main_window import MainWindow


def finish(window: MainWindow) -> None:
    """Takes every step by itself: a bug in one must not cost the analyst the next."""
    for step in (_remember, _forget_undo, _remember_layout, _store, _stop):
        try:
            step(window)
        except Exception as error:
            sys.excepthook(type(error), error, error.__traceback__)


def _remember(window: MainWindow) -> None:
    window.restore.remember()


def _forget_undo(window: MainWindow) -> None:
    window.triage.stack.clear()  # or it would tell of its end while it is taken down


def _remember_layout(window: MainWindow) -> None:
    settings = window.settings
    settings.set_layout("geometry", window.saveGeometry())
    settings.folded_sections = window.side.folded_away
    if window.inspector.isVisible() and window.side.isVisible():
        settings.split = window.splitter.sizes()


def _store(window: MainWindow) -> None:
    window.settings.save()


def _stop(window: MainWindow) -> None:
    window.hide()  # a long export is written to the end
    if window.runner.close():
        window.workspace.session.close()  # waits for the model lane, so only when that has ended
