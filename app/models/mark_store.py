"""The marks and tags of the open collection, as the grid shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from faami_core.queries import Annotation, Mark

NOTHING_NOTED = Annotation()


class MarkStore(QObject):
    """Annotations by image id; images without any are not stored."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notes: dict[int, Annotation] = {}

    def show(self, notes: Mapping[int, Annotation]) -> None:
        """Takes over the annotations of a collection."""
        self._notes = {image: note for image, note in notes.items() if note != NOTHING_NOTED}
        self.changed.emit()

    def put(self, notes: Mapping[int, Annotation]) -> None:
        """Changes the annotations of some images."""
        for image, note in notes.items():
            if note == NOTHING_NOTED:
                self._notes.pop(image, None)
            else:
                self._notes[image] = note
        self.changed.emit()

    def of(self, image: int) -> Annotation:
        return self._notes.get(image, NOTHING_NOTED)

    def count(self, mark: Mark) -> int:
        """How many images of the collection have a mark."""
        return sum(note.mark is mark for note in self._notes.values())

    @property
    def tags(self) -> Counter[str]:
        """How many images have each tag."""
        return Counter(tag for note in self._notes.values() for tag in note.tags)
