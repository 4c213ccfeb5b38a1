"""The marks and tags of the collections that are searched, as the grid shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from faami_core.queries import Annotation, Mark

NOTHING_NOTED = Annotation()

ImageKey = tuple[Path, int]  # folder of the collection, and the id of the image there, which others may have, too


class MarkStore(QObject):
    """Annotations by image; images without any are not stored.

    Those of a results file that is open are shown beside the stored ones: a stored mark goes first, tags add up.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notes: dict[ImageKey, Annotation] = {}
        self._in_file: dict[ImageKey, Annotation] = {}

    def show(self, root: Path, notes: Mapping[int, Annotation]) -> None:
        """Takes over the annotations of a collection, by image id."""
        others = {image: note for image, note in self._notes.items() if image[0] != root}
        shown = others | {(root, image): note for image, note in notes.items() if note != NOTHING_NOTED}
        if shown != self._notes:
            self._notes = shown
            self.changed.emit()

    def show_file(self, notes: Mapping[ImageKey, Annotation]) -> None:
        """Shows the annotations of a results file in place of those of the one before."""
        if notes != self._in_file:
            self._in_file = dict(notes)
            self.changed.emit()

    @property
    def in_file(self) -> Mapping[ImageKey, Annotation]:
        """What the results file notes on images that the analyst has not marked since."""
        return self._in_file

    @property
    def not_stored(self) -> dict[ImageKey, Annotation]:
        """What is shown of images of the results file, where the collection does not hold it."""
        return {image: self.of(image) for image in self._in_file if self.of(image) != self.stored(image)}

    def keep(self, roots: Collection[Path]) -> None:
        """Forgets the annotations of all other collections."""
        self._notes = {image: note for image, note in self._notes.items() if image[0] in roots}
        self._in_file = {image: note for image, note in self._in_file.items() if image[0] in roots}
        self.changed.emit()

    def put(self, notes: Mapping[ImageKey, Annotation]) -> None:
        """Changes the annotations of some images."""
        for image, note in notes.items():
            self._in_file.pop(image, None)  # from now on her own word counts
            if note == NOTHING_NOTED:
                self._notes.pop(image, None)
            else:
                self._notes[image] = note
        self.changed.emit()

    def of(self, image: ImageKey) -> Annotation:
        """What is shown of an image."""
        stored = self.stored(image)
        return stored.joined(self._in_file[image]) if image in self._in_file else stored

    def stored(self, image: ImageKey) -> Annotation:
        """What the collection holds of an image."""
        return self._notes.get(image, NOTHING_NOTED)

    def tagged(self, tag: str) -> dict[ImageKey, Annotation]:
        """The images that carry a tag, on screen or not."""
        return {image: note for image, note in self._notes.items() if tag in note.tags}

    def count(self, mark: Mark) -> int:
        """How many images have a mark."""
        return sum(note.mark is mark for note in self._shown())

    @property
    def tags(self) -> Counter[str]:
        """How many images have each tag."""
        return Counter(tag for note in self._shown() for tag in note.tags)

    def _shown(self) -> Iterator[Annotation]:
        return map(self.of, {**self._notes, **self._in_file})
