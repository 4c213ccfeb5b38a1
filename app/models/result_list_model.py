"""The rows of the grid: the hits of a search, or all images of the collection while nothing is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from app.models.mark_store import NOTHING_NOTED, ImageKey, MarkStore
from app.models.word_badges import BadgeMaker, WordBadge
from faami_core.queries import Annotation, Mark
from faami_core.types import GalleryImage, Hit, SearchResult

TintOf = Callable[[Hit], QImage | None]
Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """What a row can be asked for beside Qt's own roles."""

    ITEM = Qt.ItemDataRole.UserRole + 1  # Hit | GalleryImage
    PATH = Qt.ItemDataRole.UserRole + 2  # Path
    SCORE = Qt.ItemDataRole.UserRole + 3  # float | None
    RANK = Qt.ItemDataRole.UserRole + 4  # 1-based int | None
    BADGES = Qt.ItemDataRole.UserRole + 5  # tuple[WordBadge, ...]
    NOTE = Qt.ItemDataRole.UserRole + 6  # Annotation
    TINT = Qt.ItemDataRole.UserRole + 7  # QImage to lie over the thumbnail | None
    MOVED = Qt.ItemDataRole.UserRole + 8  # ranks risen (or, negative, fallen) by another mix of the words


class ResultListModel(QAbstractListModel):
    """Holds the values by reference; a row costs nothing until it is painted.

    Args:
        marks: Where the marks of the images are looked up.
        parent: Owner.
    """

    def __init__(self, marks: MarkStore | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marks = marks or MarkStore(self)
        self._marks.changed.connect(self._tell_marks)
        self._all: Sequence[Hit | GalleryImage] = ()
        self._items: Sequence[Hit | GalleryImage] = ()
        self._badges: BadgeMaker | None = None
        self._moved: Mapping[tuple[int, int], int] = {}
        self._roots: Sequence[Path] = ()  # of the collections that the rows are from
        self._tint_of: TintOf | None = None
        self._lit_word: int | None = None

    def show_result(self, result: SearchResult, moved: Mapping[tuple[int, int], int] | None = None) -> None:
        """Shows the hits of a search in their order.

        Args:
            result: The hits.
            moved: ``Hit.key`` → ranks it has risen (or, negative, fallen) by another mix of the words.
        """
        self._reset(result.hits, BadgeMaker(result), moved or {}, result.collections)

    def show_images(self, images: Sequence[GalleryImage], root: Path) -> None:
        """Shows images of a collection without a query."""
        self._reset(images, None, {}, (root,))

    def clear(self) -> None:
        self._reset((), None, {}, ())

    def light(self, word: int | None, tint_of: TintOf | None) -> None:
        """Lights a word up in every cell, or (None) none; only cells that are painted ask for their tint."""
        self._lit_word, self._tint_of = word, tint_of
        if self._items:
            self.dataChanged.emit(self.index(0), self.index(len(self._items) - 1), [Role.TINT, Role.BADGES])

    def keep(self, count: int) -> None:
        """Shows the first ``count`` rows only; a larger number brings rows back. The selection stays."""
        before, count = len(self._items), min(count, len(self._all))
        if count < before:
            self.beginRemoveRows(QModelIndex(), count, before - 1)
            self._items = self._all[:count]
            self.endRemoveRows()
        elif count > before:
            self.beginInsertRows(QModelIndex(), before, count - 1)
            self._items = self._all[:count]
            self.endInsertRows()

    @property
    def items(self) -> Sequence[Hit | GalleryImage]:
        """The rows from top to bottom."""
        return self._items

    def path(self, row: int) -> Path:
        return self._items[row].path

    def key(self, row: int) -> ImageKey:
        """Tells the image of a row from all others, also from those of other results."""
        item = self._items[row]
        return self._roots[item.collection if isinstance(item, Hit) else 0], item.image_id

    def collection(self, row: int) -> Path | None:
        """Which collection the image of a row is from, or None where they all are from the same."""
        return self.key(row)[0] if len(self._roots) > 1 else None

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

    def _reset(
        self,
        items: Sequence[Hit | GalleryImage],
        badges: BadgeMaker | None,
        moved: Mapping[tuple[int, int], int],
        roots: Sequence[Path],
    ) -> None:
        self.beginResetModel()
        self._all = self._items = items
        self._badges, self._moved, self._roots = badges, moved, roots
        self.endResetModel()

    def _tell_marks(self) -> None:
        if self._items:
            # Views repaint what is in sight, so the whole range costs no more than the rows that changed.
            self.dataChanged.emit(self.index(0), self.index(len(self._items) - 1), [int(Role.NOTE)])

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
        item = self._items[row]
        return self._badges.of(item, self._lit_word) if self._badges is not None and isinstance(item, Hit) else ()

    def _moved_by(self, row: int) -> int:
        item = self._items[row]
        return self._moved.get(item.key, 0) if isinstance(item, Hit) else 0

    def _tint(self, row: int) -> QImage | None:
        item = self._items[row]
        return self._tint_of(item) if self._tint_of is not None and isinstance(item, Hit) else None

    def _note_of(self, row: int) -> Annotation:
        return self._marks.of(self.key(row))

    def _tip(self, row: int) -> str:
        item = self._items[row]
        lines = [str(item.path), f"{item.width} × {item.height} pixels"]
        if (collection := self.collection(row)) is not None:
            lines.insert(1, f"In the collection {collection}")
        if isinstance(item, Hit):
            lines.insert(0, f"Rank {item.rank + 1}{_spoken_move(self._moved_by(row))}, score {item.score:.3f}")
            lines += [f"{badge.text}: {badge.match} ({badge.evidence:+.3f})" for badge in self._badges_of(row)]
        note = self._note_of(row)
        if note != NOTHING_NOTED:
            lines.append(_spoken_note(note).capitalize())
        return "\n".join(lines)

    def _spoken(self, row: int) -> str:
        item = self._items[row]
        parts = [item.path.name]
        if isinstance(item, Hit):
            parts = [f"Rank {item.rank + 1}{_spoken_move(self._moved_by(row))}, score {item.score:.3f}", *parts]
            parts += [f"{badge.text} {badge.match}" for badge in self._badges_of(row)]
        if (collection := self.collection(row)) is not None:
            parts.append(f"in {collection.name}")
        return ", ".join(part for part in (*parts, _spoken_note(self._note_of(row))) if part)


def _spoken_note(note: Annotation) -> str:
    """ "accepted, tagged harbour and ship"."""
    parts = [str(note.mark)] if note.mark is not Mark.UNMARKED else []
    if note.tags:
        parts.append(f"tagged {' and '.join(note.tags)}")
    return ", ".join(parts)


def _spoken_move(by: int) -> str:
    return f" (moved {'up' if by > 0 else 'down'} by {abs(by)})" if by else ""


_READERS = {
    int(Qt.ItemDataRole.DisplayRole): ResultListModel._name,
    int(Qt.ItemDataRole.ToolTipRole): ResultListModel._tip,
    int(Qt.ItemDataRole.AccessibleTextRole): ResultListModel._spoken,
    int(Role.ITEM): ResultListModel._item,
    int(Role.PATH): ResultListModel.path,
    int(Role.SCORE): ResultListModel._score,
    int(Role.RANK): ResultListModel._rank,
    int(Role.BADGES): ResultListModel._badges_of,
    int(Role.NOTE): ResultListModel._note_of,
    int(Role.TINT): ResultListModel._tint,
    int(Role.MOVED): ResultListModel._moved_by,
}
