"""Tags of the searched collections as a whole: renamed, merged and deleted, each in one step that can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoStack

from app.controllers.filter_controller import FilterController
from app.controllers.triage_controller import Changes, TriageController
from app.controllers.undo_step import UndoStep
from app.controllers.workspace import Workspace
from app.models.mark_store import MarkStore
from app.widgets.notice_bar import NoticeBar, Topic
from app.widgets.quick_list import QuickEntry
from faami_core.queries import AnnotationChange
from faami_core.text import stored_tags

MERGE, DELETE = "merge:", "delete:"  # keys of what can be done with a tag


@dataclass(frozen=True)
class _Stand:
    """What a step leads to: changes of images, and the tags that the filters name."""

    changes: Changes
    filtered: tuple[str, ...]


class TagController(QObject):
    """Changes one tag on all images that carry it, whether or not they are on screen."""

    def __init__(
        self,
        workspace: Workspace,
        marks: MarkStore,
        triage: TriageController,
        filters: FilterController,
        notice: NoticeBar,
        stack: QUndoStack,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._marks = marks
        self._triage = triage
        self._filters = filters
        self._notice = notice
        self._stack = stack
        self._tag = ""  # that was chosen

    def entries(self) -> list[QuickEntry]:
        """All tags with their number of images."""
        return [QuickEntry(tag, tag, hint=f"{count:,}") for tag, count in sorted(self._marks.tags.items())]

    def take(self, tag: str) -> list[QuickEntry]:
        """Chooses a tag; returns what can be done with it beside a new name."""
        self._tag = tag
        tags = self._marks.tags
        others = [
            QuickEntry(f"{MERGE}{other}", f"Merge into “{other}”", hint=f"{count:,}")
            for other, count in sorted(tags.items())
            if other != tag
        ]
        return [*others, QuickEntry(DELETE, f"Delete “{tag}”", detail=f"from {_images(tags[tag])}")]

    def do(self, key: str) -> None:
        """Does what was chosen of the entries of ``take``."""
        if key == DELETE:
            self._change((), "Delete tag “{}”", "“{}” was deleted from {}.")
        else:
            self.rename(key.removeprefix(MERGE))

    def rename(self, name: str) -> None:
        """Gives the chosen tag another name; where that is a tag already, both become one."""
        new = stored_tags((name,))
        if not new or new == (self._tag,):
            return
        named = "” and “".join(new)
        if set(new) & set(self._marks.tags):
            self._change(new, f"Merge tag “{{}}” into “{named}”", f"“{{}}” was merged into “{named}” on {{}}.")
        else:
            self._change(new, f"Rename tag “{{}}” to “{named}”", f"“{{}}” is now “{named}” on {{}}.")

    # --- inside --------------------------------------------------------------------------------------------

    def _change(self, new: tuple[str, ...], step: str, told: str) -> None:
        old, there, back = self._tag, {}, {}
        for image, note in self._marks.tagged(old).items():
            after = replace(note, tags=tuple(sorted({*note.tags} - {old} | {*new})))
            there[image] = AnnotationChange.between(note, after)
            back[image] = AnnotationChange.between(after, note)
        if not there:
            return
        filtered = self._workspace.filters.tags
        kept = tuple(sorted({*filtered} - {old} | {*new})) if old in filtered else filtered
        before, after_step = _Stand(back, filtered), _Stand(there, kept)
        self._stack.push(UndoStep(step.format(old), self._take_up, before, after_step))
        self._notice.show_notice(
            "info",
            told.format(old, _images(len(there))),
            topic=Topic.TAGS,
            action="undo",
            label_of_action="Undo",
            passing=True,
        )

    def _take_up(self, stand: _Stand) -> None:
        self._notice.dismiss(Topic.TAGS)
        self._triage.write(stand.changes)
        filters = self._workspace.filters
        if stand.filtered != filters.tags:
            self._filters.replace(replace(filters, tags=stand.filtered))


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"
