"""One step that can be undone: from how something stood to how it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtGui import QUndoCommand

from app.overrides import qt_override

Stand = TypeVar("Stand")


class UndoStep(QUndoCommand):
    """Takes up one of two stands.

    Args:
        name: What Edit calls it after "Undo".
        take_up: Shows and stores a stand.
        before, after: The two.
    """

    def __init__(self, name: str, take_up: Callable[[Stand], None], before: Stand, after: Stand) -> None:
        super().__init__(name)
        self._take_up = take_up
        self._before, self._after = before, after

    @qt_override
    def undo(self) -> None:
        self._take_up(self._before)

    @qt_override
    def redo(self) -> None:
        self._take_up(self._after)
