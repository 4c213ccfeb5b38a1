"""``faami-explorer``, with a stub encoder unless told otherwise, that also tells a test what its window shows.

A line "facts" on standard input is answered by a line of JSON on standard output; nothing can be changed this way:
what a test does, it does with keyboard and mouse. Places are rectangles in device pixels of the screen.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QRect, QSocketNotifier
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QLabel, QMenu, QWidget

import app.application
from app.__main__ import main
from app.main_window import MainWindow
from faami_core.session import Session
from tests.stub_encoder import StubEncoder

SECONDS_PER_BATCH = "FAAMI_TEST_SECONDS_PER_BATCH"
WITH_MODEL = "FAAMI_TEST_WITH_MODEL"


def _stub_session(*, model: Path | None, device: str) -> Session:
    encoder = StubEncoder(seconds_per_batch=float(os.environ.get(SECONDS_PER_BATCH, "0")))
    return Session(model=model, device=device, encoder=encoder)


class ObservedWindow(MainWindow):
    """The real window, which answers questions."""

    _questions: QSocketNotifier | None = None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._questions is None:
            self._questions = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
            self._questions.activated.connect(self._answer)

    def _answer(self) -> None:
        assert self._questions is not None
        if sys.stdin.readline():
            print(json.dumps(self._facts()), flush=True)
        else:
            self._questions.setEnabled(False)

    def _facts(self) -> dict[str, Any]:
        grid, model, focus = self.grid, self.model, QApplication.focusWidget()
        rows = range(model.rowCount())
        view = grid.viewport().rect()
        rects = {row: grid.visualRect(model.index(row)) for row in rows}
        names = {row: model.path(row).name for row in rows}
        menu = QApplication.activePopupWidget()
        return {
            "page": self.pane.page,
            "root": str(self.workspace.root),
            "title": self.windowTitle(),
            "busy": bool(self.activity_shown()),
            "ranked": [names[row] for row in rows] if self.workspace.result is not None else [],
            "images": len(names),
            "query": self.pane.query.text.text(),
            "word": self.view.word,
            "current": names.get(grid.currentIndex().row()),
            "selected": [names[row] for row in grid.selected_rows()],
            "marks": {
                names[row]: str(self.marks.of(model.key(row)).mark)
                for row in rows
                if str(self.marks.of(model.key(row)).mark) != "unmarked"
            },
            "focus": type(focus).__name__ if focus is not None else None,
            "window": _place(self, QRect(QPoint(), self.size())),
            "cells": {
                names[row]: _place(grid.viewport(), rect) for row, rect in rects.items() if view.intersects(rect)
            },
            "whole_cells": [names[row] for row, rect in rects.items() if view.contains(rect)],
            "menu": {
                entry.text().replace("&", ""): _place(menu, menu.actionGeometry(entry))
                for entry in (menu.actions() if isinstance(menu, QMenu) else ())
                if not entry.isSeparator() and entry.isEnabled()
            },
            "windows": [
                widget.windowTitle()
                for widget in QApplication.topLevelWidgets()
                if widget.isVisible() and widget is not self and widget.windowTitle()
            ],
            "cut": _cut_controls(self),
        }

    def activity_shown(self) -> bool:
        """Whether something is at work and told."""
        return not self.pane.activity.isHidden()


def _place(widget: QWidget, rect: QRect) -> list[float]:
    corner, scale = widget.mapToGlobal(rect.topLeft()), widget.devicePixelRatioF()
    return [corner.x() * scale, corner.y() * scale, rect.width() * scale, rect.height() * scale]


def _cut_controls(window: QWidget) -> list[str]:
    """Names of buttons and labels that are on screen but reach out of the window."""
    frame = window.rect()
    return [
        f"{type(control).__name__} {control.accessibleName() or control.text()}"
        for kind in (QAbstractButton, QLabel)
        for control in window.findChildren(kind)
        if control.isVisible()
        and not control.visibleRegion().isEmpty()
        and not _scrolls(control)
        and not frame.contains(QRect(control.mapTo(window, QPoint()), control.size()))
    ]


def _scrolls(control: QWidget) -> bool:
    """Whether a control lies in an area that can be scrolled, which may cut it."""
    parent = control.parentWidget()
    return parent is not None and (isinstance(parent, QAbstractScrollArea) or _scrolls(parent))


if __name__ == "__main__":
    if not os.environ.get(WITH_MODEL):
        app.application.Session = _stub_session
    app.application.MainWindow = ObservedWindow
    sys.exit(main())
