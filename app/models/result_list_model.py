"""The rows of the grid: the hits of a search, or all images of the collection while nothing is asked."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.models.word_badges import BadgeMaker, WordBadge
from faami_core.types import GalleryImage, Hit, SearchResult

Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """What a row can be asked for beside Qt's own roles."""

    ITEM = Qt.ItemDataRole.UserRole + 1  # Hit | GalleryImage
    PATH = Qt.ItemDataRole.UserRole + 2  # Path
    SCORE = Qt.ItemDataRole.UserRole + 3  # float | None
    RANK = Qt.ItemDataRole.UserRole + 4  # 1-based int | None
    BADGES = Qt.ItemDataRole.UserRole + 5  # tuple[WordBadge, ...]


class ResultListModel(QAbstractListModel):
    """Holds the values by reference; a row costs nothing until it is painted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: Sequence[Hit | GalleryImage] = ()
        self._badges: BadgeMaker | None = None

    def show_result(self, result: SearchResult) -> None:
        """Shows the hits of a search in their order."""
        self._reset(result.hits, BadgeMaker(result))

    def show_images(self, images: Sequence[GalleryImage]) -> None:
        """Shows images without a query."""
        self._reset(images, None)

    def clear(self) -> None:
        self._reset((), None)

    @property
    def items(self) -> Sequence[Hit | GalleryImage]:
        """The rows from top to bottom."""
        return self._items

    def path(self, row: int) -> Path:
        return self._items[row].path

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._items)

    def roleNames(self) -> dict[int, Any]:
        names = {int(role): role.name.lower().encode() for role in Role}
        return super().roleNames() | names

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._items):
            return None
        read = _READERS.get(role)
        return read(self, index.row()) if read is not None else None

    def _reset(self, items: Sequence[Hit | GalleryImage], badges: BadgeMaker | None) -> None:
        self.beginResetModel()
        self._items, self._badges = items, badges
        self.endResetModel()

    def _name(self, row: int) -> str:
        return self._items[row].path.name

    def _item(self, row: int) -> Hit | GalleryImage:
        return self._items[row]

    def _score(self, row: int) -> float | None:
        item = self._items[row]
        return item.score if isinstance(item, Hit) else None

    def _rank(self, row: int) -> int | None:
        item = self._items[row]
        return item.rank + 1 if isinstance(item, Hit) else None

    def _badges_of(self, row: int) -> tuple[WordBadge, ...]:
        return self._badges.of(row) if self._badges is not None else ()

    def _tip(self, row: int) -> str:
        item = self._items[row]
        lines = [str(item.path), f"{item.width} × {item.height} pixels"]
        if isinstance(item, Hit):
            lines.insert(0, f"Rank {item.rank + 1}, score {item.score:.3f}")
            lines += [f"{badge.text}: {badge.match} ({badge.evidence:+.3f})" for badge in self._badges_of(row)]
        return "\n".join(lines)

    def _spoken(self, row: int) -> str:
        item = self._items[row]
        if not isinstance(item, Hit):
            return item.path.name
        words = ", ".join(f"{badge.text} {badge.match}" for badge in self._badges_of(row))
        return f"Rank {item.rank + 1}, score {item.score:.3f}, {item.path.name}, {words}"


_READERS = {
    int(Qt.ItemDataRole.DisplayRole): ResultListModel._name,
    int(Qt.ItemDataRole.ToolTipRole): ResultListModel._tip,
    int(Qt.ItemDataRole.AccessibleTextRole): ResultListModel._spoken,
    int(Role.ITEM): ResultListModel._item,
    int(Role.PATH): ResultListModel.path,
    int(Role.SCORE): ResultListModel._score,
    int(Role.RANK): ResultListModel._rank,
    int(Role.BADGES): ResultListModel._badges_of,
}
