"""Triage: accept, reject, tag; every step can be undone, and is written to the catalog as soon as it is done.

What is written are changes, not whole annotations, and another window's changes are looked for every two seconds: two
windows on one collection add up and show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from app.controllers.undo_step import UndoStep
from app.controllers.workspace import Workspace
from app.models.filter_form import follows_marks
from app.models.mark_store import ImageKey, MarkStore
from app.models.result_list_model import ResultListModel
from app.widgets.notice_bar import Topic
from app.widgets.quick_list import QuickEntry, Tick
from app.widgets.result_grid import ResultGrid
from app.widgets.result_pane import ResultPane
from app.widgets.status_panel import StatusPanel
from app.workers.task import Lane, Task
from faami_core.errors import FaamiError
from faami_core.queries import Annotation, AnnotationChange, Mark
from faami_core.text import stored_tags

Changes = Mapping[ImageKey, AnnotationChange]
EVERY_MS = 2_000


class TriageController(QObject):
    """Marks what is selected in the grid."""

    loaded = Signal()  # the marks of a collection are on screen
    stored = Signal()  # marks or tags in the catalog are others now

    def __init__(
        self,
        *,
        workspace: Workspace,
        marks: MarkStore,
        model: ResultListModel,
        grid: ResultGrid,
        pane: ResultPane,
        status: StatusPanel,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._marks = marks
        self._model = model
        self._grid = grid
        self._pane = pane
        self._status = status
        self._roots: tuple[Path, ...] = ()  # whose marks are shown
        self._written = 0
        self._writing = 0
        self._is_pushing = False  # a step is done for the first time, not again or backwards
        self._sought: frozenset[ImageKey] = frozenset()  # changed by an undo, not on screen, but perhaps soon
        self._seen: dict[Path, int] = {}  # version of the annotations of each collection, as they are shown
        self._changed_elsewhere: set[Path] = set()  # by another window, and being read
        self._look: Task | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(EVERY_MS)
        self._clock.timeout.connect(self.look)
        self.stack = QUndoStack(self)
        marks.changed.connect(self._show_counts)
        grid.selection_changed.connect(self._show_counts)

    def take_collections(self) -> None:
        """A collection was opened, or read anew: brings the marks of all that are searched."""
        self._follow_collections()
        for root in self._roots:
            self._read(root)
        self._clock.start()

    def look(self) -> None:
        """Reads the annotations again of collections where another window has changed them."""
        if self._look is not None or not self._roots:
            return
        session, roots = self._workspace.session, self._roots
        task = self._workspace.runner.submit(
            Lane.DISK, lambda _token, _progress: {root: session.annotations_version(root) for root in roots}
        )
        self._look = task
        task.succeeded.connect(self._compare)
        task.finished.connect(self._forget_look)  # a look that fails says nothing: the next write or search will

    def stop(self) -> None:
        """No further look."""
        self._clock.stop()

    def take_further(self) -> None:
        """Other collections are searched beside the open one: brings the marks of those that were not before."""
        known = self._roots
        self._follow_collections()
        for root in self._roots:
            if root not in known:
                self._read(root)

    def accept(self) -> None:
        self._change("Accept", lambda note: replace(note, mark=Mark.ACCEPTED))

    def reject(self) -> None:
        self._change("Reject", lambda note: replace(note, mark=Mark.REJECTED))

    def unmark(self) -> None:
        self._change("Clear mark of", lambda note: replace(note, mark=Mark.UNMARKED))

    def toggle_tag(self, tag: str) -> None:
        """Puts a tag, or several with semicolons between them, on all selected images; takes off what all have."""
        tags = set(stored_tags((tag,)))  # what is shown at once is what the catalog will hold
        named = " and ".join(f"“{tag}”" for tag in sorted(tags))
        if all(tags <= set(self._marks.of(image).tags) for image in self._selected()):
            self._change(f"Untag {named}", lambda note: _with_tags(note, {*note.tags} - tags), goes_on=False)
        else:
            self._change(f"Tag {named}", lambda note: _with_tags(note, {*note.tags} | tags), goes_on=False)

    def tag_entries(self) -> list[QuickEntry]:
        """All tags by name, with how much of the selection has each."""
        selected = [self._marks.of(image).tags for image in self._selected()]
        entries = []
        for tag, count in sorted(self._marks.tags.items()):
            have = sum(tag in tags for tags in selected)
            tick: Tick = "none" if not have else "all" if have == len(selected) else "some"
            entries.append(QuickEntry(tag, tag, hint=f"{count:,}", tick=tick))
        return entries

    def apply(self, changes: Changes) -> None:
        """Shows changes and writes them; called by the undo stack."""
        self.write(changes)
        if not self._is_pushing:
            self._sought = frozenset(changes)
            if not follows_marks(self._workspace.filters):
                self.show_sought()

    def write(self, changes: Changes) -> None:
        """Shows changes and writes them, wherever the images are."""
        self._marks.put({image: change.applied_to(self._marks.of(image)) for image, change in changes.items()})
        self._written += 1
        for root in dict.fromkeys(root for root, _ in changes):
            self._write(root, {image_id: change for (owner, image_id), change in changes.items() if owner == root})

    def show_sought(self) -> None:
        """Undo shows what it changed; under a filter by marks or tags that comes with the next answer."""
        sought, self._sought = self._sought, frozenset()
        if not sought:
            return
        rows = [row for row in range(self._model.rowCount()) if self._model.key(row) in sought]
        self._grid.choose_all(rows)
        hidden = len(sought) - len(rows)
        if hidden:
            images, them = ("1 changed image is", "it") if hidden == 1 else (f"{hidden:,} changed images are", "them")
            self._pane.notice.show_notice(
                "info",
                f"{images} not on screen.",
                f"Clear the query or the filters to see {them}.",
                topic=Topic.UNDO,
                passing=True,
            )

    def _change(self, verb: str, make: Callable[[Annotation], Annotation], *, goes_on: bool = True) -> None:
        selected = self._selected()
        whom = f"{len(selected):,} images"
        if len(selected) == 1:
            whom = self._model.path(self._grid.selected_rows()[0]).name
        self._push(f"{verb} {whom}", {image: make(self._marks.of(image)) for image in selected})
        if goes_on and len(selected) == 1:
            self._grid.step(1)  # one key an image: the next one is under the hand at once

    def store_file(self) -> None:
        """Stores what is shown of the results file that is open: marks where there is none, and tags."""
        notes = self._marks.not_stored
        self._push(f"Take over marks of {len(notes):,} images", notes)

    def _push(self, name: str, notes: Mapping[ImageKey, Annotation]) -> None:
        """One step that can be undone, where the collection does not hold these annotations already."""
        stored = {
            image: self._marks.stored(image) for image, note in notes.items() if note != self._marks.stored(image)
        }
        if stored:
            there = {image: AnnotationChange.between(old, notes[image]) for image, old in stored.items()}
            back = {image: AnnotationChange.between(notes[image], old) for image, old in stored.items()}
            self._is_pushing = True
            self.stack.push(UndoStep(name, self.apply, back, there))
            self._is_pushing = False

    def _selected(self) -> list[ImageKey]:
        return [self._model.key(row) for row in self._grid.selected_rows()]

    def _follow_collections(self) -> None:
        """Forgets what belongs to collections that are no longer searched."""
        roots = self._workspace.roots
        if not set(self._roots) <= set(roots):
            self.stack.clear()  # undoing must not change what cannot be seen any more
        self._roots = roots
        self._marks.keep(roots)

    def _read(self, root: Path) -> None:
        session, written = self._workspace.session, self._written
        task = self._workspace.runner.submit(
            Lane.DISK, lambda _token, _progress: (session.annotations_version(root), session.annotations(root))
        )
        task.succeeded.connect(lambda answer: self._take(root, written, *answer))
        task.failed.connect(lambda error: self._tell(error, Topic.MARKS_READ))

    def _take(self, root: Path, written: int, version: int, notes: Mapping[int, Annotation]) -> None:
        if root not in self._roots:
            return
        if written != self._written:
            self._read(root)  # something was marked while this was read
            return
        self._seen[root] = version
        self._marks.show(root, notes)
        self._pane.notice.dismiss(Topic.MARKS_READ)
        self.loaded.emit()
        if root in self._changed_elsewhere:
            self._changed_elsewhere.discard(root)
            self.stored.emit()

    def _compare(self, versions: Mapping[Path, int]) -> None:
        """After a write of this window, too: what another one wrote just before comes with it."""
        for root, version in versions.items():
            if root in self._roots and version != self._seen.get(root, version):
                self._read(root)
                self._changed_elsewhere.add(root)

    def _forget_look(self) -> None:
        self._look = None

    def _write(self, root: Path, changes: Mapping[int, AnnotationChange]) -> None:
        session = self._workspace.session
        task = self._workspace.runner.submit(Lane.DISK, lambda _token, _progress: session.annotate(root, changes))
        self._writing += 1
        task.succeeded.connect(self._tell_stored)
        task.failed.connect(self._write_failed)

    def _tell_stored(self) -> None:
        self._writing -= 1
        self._pane.notice.dismiss(Topic.MARKS_WRITTEN)
        if not self._writing:
            self.stored.emit()

    def _write_failed(self, error: FaamiError) -> None:
        """What is on screen must be what is stored: reads the marks again."""
        self._writing -= 1
        self.stack.clear()
        self._tell(error, Topic.MARKS_WRITTEN)
        self.take_collections()

    def _tell(self, error: FaamiError, topic: Topic) -> None:
        self._pane.notice.show_notice("error", error.message, error.next_step, topic=topic)

    def _show_counts(self) -> None:
        selected = len(self._grid.selected_rows())
        parts = [f"{selected:,} selected"] if selected > 1 else []
        for mark in (Mark.ACCEPTED, Mark.REJECTED):
            if count := self._marks.count(mark):
                parts.append(f"{count:,} {mark}")
        self._status.show_fact("marks", "  ·  ".join(parts))


def _with_tags(note: Annotation, tags: set[str]) -> Annotation:
    return replace(note, tags=tuple(sorted(tags)))
