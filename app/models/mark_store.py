"""The marks and tags of the collections that are searched, as the grid shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from faami_core.queries import Annotation, Mark

NOTHING_NOTED = Annotation()

ImageKey = tuple[Path, int]  # folder of the collection, and the id of the image there, which others may have, too


class MarkStore(QObject):
    """Annotations by image; images without any are not stored."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notes: dict[ImageKey, Annotation] = {}

    def show(self, root: Path, notes: Mapping[int, Annotation]) -> None:
        """Takes over the annotations of a collection, by image id."""
        others = {image: note for image, note in self._notes.items() if image[0] != root}
        shown = others | {(root, image): note for image, note in notes.items() if note != NOTHING_NOTED}
        if shown != self._notes:
            self._notes = shown
            self.changed.emit()

    def keep(self, roots: Collection[Path]) -> None:
        """Forgets the annotations of all other collections."""
        self._notes = {image: note for image, note in self._notes.items() if image[0] in roots}
        self.changed.emit()

    def put(self, notes: Mapping[ImageKey, Annotation]) -> None:
        """Changes the annotations of some images."""
        for image, note in notes.items():
            if note == NOTHING_NOTED:
                self._notes.pop(image, None)
            else:
                self._notes[image] = note
        self.changed.emit()

    def of(self, image: ImageKey) -> Annotation:
        return self._notes.get(image, NOTHING_NOTED)

    def count(self, mark: Mark) -> int:
        """How many images have a mark."""
        return sum(note.mark is mark for note in self._notes.values())

    @property
    def tags(self) -> Counter[str]:
        """How many images have each tag."""
        return Counter(tag for note in self._notes.values() for tag in note.tags)
