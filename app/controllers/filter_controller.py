"""Filters: what is typed and chosen in the side panel becomes what searching and browsing may show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.controllers.workspace import Workspace
from app.models.filter_form import (
    TYPED,
    Condition,
    conditions_of,
    folders_of,
    follows_marks,
    read_typed,
    typed_of,
    without,
)
from app.models.mark_store import MarkStore
from app.widgets.filter_panel import FilterPanel
from app.widgets.filter_strip import FilterStrip
from app.widgets.quick_list import QuickEntry
from faami_core.queries import NO_FILTERS, Filters, Mark

_PAUSE_MS = 300  # after the last key


class FilterController(QObject):
    """The only place that changes the filters of the workspace."""

    shown = Signal(object)  # Filters, whenever they are others
    changed = Signal()  # by the analyst: what is on screen must be asked anew

    def __init__(self, workspace: Workspace, marks: MarkStore, panel: FilterPanel, strip: FilterStrip) -> None:
        super().__init__()
        self._workspace = workspace
        self._marks = marks
        self._panel = panel
        self._strip = strip
        self._root: Path | None = None  # whose folders and tags the filters name
        self._folders: tuple[Path | None, ...] = ()  # as last offered; None is all of them
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._read)
        panel.typed.connect(self._pause.start)
        panel.entered.connect(self._read)
        strip.remove_asked.connect(self.remove)

    def take_collection(self) -> None:
        """A collection was opened: of another one nothing is hidden, for it has other folders and tags."""
        root = self._workspace.root
        if self._root not in (None, root):
            self.put(NO_FILTERS)
        self._root = root

    def put(self, filters: Filters) -> None:
        """Sets filters that are not asked yet."""
        self._pause.stop()
        self._panel.show_texts(typed_of(filters))
        self._panel.show_problems({})
        self._workspace.filters = filters
        self._show()

    def clear(self) -> None:
        """Shows everything again."""
        self.replace(NO_FILTERS)

    def replace(self, filters: Filters) -> None:
        """Sets filters and asks what is on screen again under them."""
        before = self._workspace.filters
        self.put(filters)
        if before != filters:
            self.changed.emit()

    def remove(self, condition: Condition) -> None:
        """Takes one condition off."""
        if condition.field in TYPED:
            self._panel.show_texts({condition.field: ""})
            self._read()
        else:
            self._set(without(self._workspace.filters, condition))

    def follow_marks(self) -> None:
        """Marks or tags were changed: who passes a filter by them is asked again."""
        if follows_marks(self._workspace.filters):
            self.changed.emit()

    # --- choosing ------------------------------------------------------------------------------------------

    def toggle_mark(self, mark: Mark) -> None:
        """Images with this mark may be shown, or (if it was chosen before) need another one."""
        wanted = set(self._workspace.filters.marks) ^ {mark}
        self._set(replace(self._workspace.filters, marks=tuple(mark for mark in Mark if mark in wanted)))

    def folder_entries(self) -> list[QuickEntry]:
        """All folders of the collection with their number of images, for ``pick``."""
        space = self._workspace
        counts = folders_of(space.images, space.root) if space.root is not None else {}
        if not counts:
            return [QuickEntry("none", "There are no folders below this one", enabled=False)]
        self._folders = (None, *counts)
        numbers = (len(space.images), *counts.values())
        return [
            QuickEntry(
                f"folder:{place}",
                "Any folder" if folder is None else str(folder),
                hint=f"{number:,}",
                tick="all" if folder == space.filters.folder else "none",
            )
            for place, (folder, number) in enumerate(zip(self._folders, numbers, strict=True))
        ]

    def tag_entries(self) -> list[QuickEntry]:
        """All tags of the collection with their number of images, for ``pick``."""
        chosen = self._workspace.filters.tags
        tags = {**dict.fromkeys(chosen, 0), **self._marks.tags}
        if not tags:
            return [QuickEntry("none", "No image has a tag yet", enabled=False)]
        return [
            QuickEntry(f"tag:{tag}", tag, hint=f"{tags[tag]:,}", tick="all" if tag in chosen else "none")
            for tag in sorted(tags)
        ]

    def pick(self, key: str) -> None:
        """Filters by a folder, or by a tag more or less.

        Args:
            key: Of an entry of ``folder_entries`` or ``tag_entries``.
        """
        kind, _, value = key.partition(":")
        filters = self._workspace.filters
        if kind == "folder":
            self._set(replace(filters, folder=self._folders[int(value)]))
        else:
            self._set(replace(filters, tags=tuple(sorted({*filters.tags} ^ {value}))))

    # --- inside --------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Takes over what stands in the fields; what cannot be read stays there and changes nothing."""
        self._pause.stop()
        filters, problems = read_typed(self._panel.texts, self._workspace.filters)
        self._panel.show_problems(problems)
        self._set(filters)

    def _set(self, filters: Filters) -> None:
        if filters != self._workspace.filters:
            self._workspace.filters = filters
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        filters = self._workspace.filters
        conditions = conditions_of(filters)
        self._panel.show_choices(filters)
        self._panel.show_count(len(conditions))
        self._strip.show_conditions(conditions)
        self.shown.emit(filters)
