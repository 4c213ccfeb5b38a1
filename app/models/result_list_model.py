"""The rows of the grid: the hits of a search, or all images of the collection while nothing is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from app.models.file_transfer import as_files
from app.models.folding import Stack, Stacks
from app.models.mark_store import ImageKey, MarkStore
from app.models.moves import Moves
from app.models.numbers import number_of
from app.models.thumbs import Thumb, Thumbs
from app.models.word_badges import BadgeMaker, WordBadge
from app.overrides import qt_override
from app.plain_text import plain_tip
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
    MOVED = Qt.ItemDataRole.UserRole + 8  # ranks risen or (negative) fallen; None came in anew
    THUMB = Qt.ItemDataRole.UserRole + 9  # Thumb | None
    STACK = Qt.ItemDataRole.UserRole + 10  # Stack | None: what the row has to do with its duplicates


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
        self._moved: Moves = {}
        self._thumbs: Thumbs = {}
        self._stacks: Stacks = {}
        self._roots: Sequence[Path] = ()  # of the collections that the rows are from
        self._tint_of: TintOf | None = None
        self._lit_word: int | None = None

    def show_result(self, result: SearchResult, moved: Moves | None = None, stacks: Stacks | None = None) -> None:
        """Shows the hits of a search in their order.

        Args:
            result: The hits.
            moved: How far the hits have moved by another mix of the words, or by thumbs.
            stacks: Which rows stand for duplicates.
        """
        self._reset(result.hits, result.collections, BadgeMaker(result), moved, stacks)

    def show_images(self, images: Sequence[GalleryImage], root: Path, stacks: Stacks | None = None) -> None:
        """Shows images of a collection without a query."""
        self._reset(images, (root,), stacks=stacks)

    def clear(self) -> None:
        self._reset((), ())

    def show_thumbs(self, thumbs: Thumbs) -> None:
        """Shows which hits got a thumb."""
        self._thumbs = thumbs
        self._tell_changed(Role.THUMB)

    def light(self, word: int | None, tint_of: TintOf | None) -> None:
        """Lights a word up in every cell, or (None) none; only cells that are painted ask for their tint."""
        self._lit_word, self._tint_of = word, tint_of
        self._tell_changed(Role.TINT, Role.BADGES)

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

    def rows_of(self, paths: Collection[Path]) -> dict[Path, int]:
        """The rows of those of the images that are on screen."""
        return {item.path: row for row, item in enumerate(self._items) if item.path in paths}

    def key(self, row: int) -> ImageKey:
        """Tells the image of a row from all others, also from those of other results."""
        item = self._items[row]
        return self._roots[item.collection if isinstance(item, Hit) else 0], item.image_id

    def collection(self, row: int) -> Path | None:
        """Which collection the image of a row is from, or None where they all are from the same."""
        return self.key(row)[0] if len(self._roots) > 1 else None

    @qt_override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._items)

    @qt_override
    def flags(self, index: Index) -> Qt.ItemFlag:
        """Cells can be dragged to other programs."""
        return super().flags(index) | (Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.NoItemFlags)

    @qt_override
    def mimeTypes(self) -> list[str]:
        return as_files(()).formats()

    @qt_override
    def mimeData(self, indexes: Sequence[Index]) -> QMimeData:
        """The files of the rows, from top to bottom."""
        return as_files(self.path(row) for row in sorted(index.row() for index in indexes))

    @qt_override
    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction  # never a move: images are not touched

    @qt_override
    def roleNames(self) -> dict[int, Any]:
        names = {int(role): role.name.lower().encode() for role in Role}
        return super().roleNames() | names

    @qt_override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._items):
            return None
        read = _READERS.get(role)
        return read(self, index.row()) if read is not None else None

    def _reset(
        self,
        items: Sequence[Hit | GalleryImage],
        roots: Sequence[Path],
        badges: BadgeMaker | None = None,
        moved: Moves | None = None,
        stacks: Stacks | None = None,
    ) -> None:
        self.beginResetModel()
        self._all = self._items = items
        self._roots, self._badges = roots, badges
        self._moved, self._stacks = moved or {}, stacks or {}
        self.endResetModel()

    def _tell_marks(self) -> None:
        self._tell_changed(Role.NOTE)

    def _tell_changed(self, *roles: Role) -> None:
        if self._items:
            # Views repaint what is in sight, so the whole range costs no more than the rows that changed.
            self.dataChanged.emit(self.index(0), self.index(len(self._items) - 1), [int(role) for role in roles])

    def _name(self, row: int) -> str:
        return self._items[row].path.name

    def _item(self, row: int) -> Hit | GalleryImage:
        return self._items[row]

    def _score(self, row: int) -> float | None:
        item = self._items[row]
        return item.score if isinstance(item, Hit) else None

    def _rank(self, row: int) -> int | None:
        item = self._items[row]
        return item.rank_shown if isinstance(item, Hit) else None

    def _badges_of(self, row: int) -> tuple[WordBadge, ...]:
        item = self._items[row]
        return self._badges.of(item, self._lit_word) if self._badges is not None and isinstance(item, Hit) else ()

    def _moved_by(self, row: int) -> int | None:
        item = self._items[row]
        return self._moved.get(item.key, 0) if isinstance(item, Hit) else 0

    def _stack(self, row: int) -> Stack | None:
        return self._stacks.get(row)

    def _thumb(self, row: int) -> Thumb | None:
        item = self._items[row]
        return self._thumbs.get(item.key) if isinstance(item, Hit) else None

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
            lines.insert(0, f"Rank {item.rank_shown}{_spoken_move(self._moved_by(row))}, score {item.score:.3f}")
            lines += [f"{badge.text}: {badge.match} ({number_of(badge.adds)})" for badge in self._badges_of(row)]
        noted = self._spoken_notes(row)
        if noted:
            lines.append(noted.capitalize())
        return plain_tip("\n".join(lines))

    def _spoken(self, row: int) -> str:
        item = self._items[row]
        parts = [item.path.name]
        if isinstance(item, Hit):
            parts = [f"Rank {item.rank_shown}{_spoken_move(self._moved_by(row))}, score {item.score:.3f}", *parts]
            parts += [f"{badge.text} {badge.match}" for badge in self._badges_of(row)]
        if (collection := self.collection(row)) is not None:
            parts.append(f"in {collection.name}")
        return ", ".join(part for part in (*parts, self._spoken_notes(row)) if part)

    def _spoken_notes(self, row: int) -> str:
        """ "wanted, accepted, tagged harbour, 2 copies folded behind it"."""
        stack = self._stack(row)
        notes = (self._thumb(row), _spoken_note(self._note_of(row)), stack.spoken if stack is not None else "")
        return ", ".join(filter(None, notes))


def _spoken_note(note: Annotation) -> str:
    """ "accepted, tagged harbour and ship"."""
    parts = [str(note.mark)] if note.mark is not Mark.UNMARKED else []
    if note.tags:
        parts.append(f"tagged {' and '.join(note.tags)}")
    return ", ".join(parts)


def _spoken_move(by: int | None) -> str:
    if by is None:
        return " (new among the results)"
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
    int(Role.THUMB): ResultListModel._thumb,
    int(Role.STACK): ResultListModel._stack,
}
