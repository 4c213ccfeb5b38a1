"""What the window remembers between starts: theme, layout, recent collections. One INI file in the data folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QByteArray, QSettings

from app.models.thumbs import Thumb, Thumbs
from app.theme import ThemeChoice

Grouping = Literal["none", "exact", "near"]

DEFAULT_CELL = 152  # logical pixels: two rows beside all panels on a screen of 1280 × 720
_RECENT_LIMIT = 8
_HISTORY_LIMIT = 100


@dataclass(frozen=True)
class LastView:
    """What was on screen when the window closed.

    Attributes:
        line: The query as one typed line; empty while browsing.
        selected: The image in the inspector.
        word: Index of the lit word, None for the whole query.
        filters: Which images were shown, as ``Session.format_filters`` writes it.
        ticked: Collections searched together with the open one.
        thumbs, applied: Thumbs on hits, and those that moved the query.
    """

    line: str = ""
    selected: Path | None = None
    word: int | None = None
    filters: str = ""
    ticked: tuple[Path, ...] = ()
    thumbs: Thumbs = field(default_factory=dict)
    applied: Thumbs = field(default_factory=dict)


class Settings:
    """Typed access to the settings file.

    Args:
        folder: The data folder; the file is ``<folder>/window.ini``.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "window.ini"
        self._store = QSettings(str(self.file), QSettings.Format.IniFormat)

    @property
    def theme(self) -> ThemeChoice:
        value = self._store.value("theme", "system")
        return value if value in ("system", "light", "dark") else "system"

    @theme.setter
    def theme(self, choice: ThemeChoice) -> None:
        self._store.setValue("theme", choice)

    @property
    def recent(self) -> tuple[Path, ...]:
        """Collections opened before, the last one first."""
        stored = self._store.value("recent", [])
        names = stored if isinstance(stored, list) else [stored] if isinstance(stored, str) else []
        return tuple(Path(str(name)) for name in names)

    def add_recent(self, root: Path) -> None:
        """Puts a collection at the head of the recent ones."""
        others = [known for known in self.recent if known != root]
        self._store.setValue("recent", [str(path) for path in (root, *others)][:_RECENT_LIMIT])
        self._store.setValue("last", str(root))

    def forget_recent(self, root: Path) -> None:
        """Takes a collection off the list; its index is kept."""
        self._store.setValue("recent", [str(known) for known in self.recent if known != root])
        if self.last == root:
            self._store.remove("last")

    @property
    def last(self) -> Path | None:
        """The collection that was open when the window closed."""
        value = self._store.value("last", "")
        return Path(str(value)) if value else None

    @property
    def last_view(self) -> LastView:
        """What was on screen when the window closed."""
        try:
            stored = json.loads(str(self._store.value("last_view", "")))
            names = ("line", "selected", "word", "filters", "ticked")
            line, selected, word, filters, ticked = (stored.get(name) for name in names)
        except (ValueError, AttributeError):
            return LastView()
        return LastView(
            line if isinstance(line, str) else "",
            Path(selected) if isinstance(selected, str) else None,
            word if isinstance(word, int) else None,
            filters if isinstance(filters, str) else "",
            tuple(Path(name) for name in ticked if isinstance(name, str)) if isinstance(ticked, list) else (),
            _thumbs_of(stored.get("thumbs")),
            _thumbs_of(stored.get("applied")),
        )

    @last_view.setter
    def last_view(self, view: LastView) -> None:
        selected = str(view.selected) if view.selected is not None else None
        record: dict[str, object] = {
            "line": view.line,
            "selected": selected,
            "word": view.word,
            "filters": view.filters,
            "ticked": [str(root) for root in view.ticked],
        }
        record |= {
            name: [(*key, thumb) for key, thumb in getattr(view, name).items()] for name in ("thumbs", "applied")
        }
        self._store.setValue("last_view", json.dumps(record))

    @property
    def history(self) -> tuple[str, ...]:
        """Queries asked before, as typed lines, the last one first."""
        return self._lines("history")

    def add_history(self, line: str) -> None:
        """Puts a query at the head of those asked before."""
        others = [known for known in self.history if known != line]
        self._store.setValue("history", json.dumps([line, *others][:_HISTORY_LIMIT]))

    @property
    def saved_queries(self) -> tuple[str, ...]:
        """Queries kept by the analyst, as typed lines, the last one first."""
        return self._lines("saved_queries")

    @saved_queries.setter
    def saved_queries(self, lines: tuple[str, ...]) -> None:
        self._store.setValue("saved_queries", json.dumps(lines))

    @property
    def side_panel(self) -> bool:
        """Whether the left rail is shown."""
        return self._flag("side_panel")

    @side_panel.setter
    def side_panel(self, shown: bool) -> None:
        self._store.setValue("side_panel", shown)

    @property
    def inspector(self) -> bool:
        """Whether the right pane is shown."""
        return self._flag("inspector")

    @inspector.setter
    def inspector(self, shown: bool) -> None:
        self._store.setValue("inspector", shown)

    @property
    def look_for_changes(self) -> bool:
        """Whether the folder of the open collection is looked at now and then."""
        return self._flag("look_for_changes")

    @look_for_changes.setter
    def look_for_changes(self, wanted: bool) -> None:
        self._store.setValue("look_for_changes", wanted)

    @property
    def folded_sections(self) -> tuple[str, ...]:
        """Titles of the sections of the left rail that are closed."""
        return self._lines("folded_sections")

    @folded_sections.setter
    def folded_sections(self, titles: tuple[str, ...]) -> None:
        self._store.setValue("folded_sections", json.dumps(titles))

    @property
    def histogram(self) -> bool:
        """Whether the score histogram is shown above results."""
        return self._flag("histogram")

    @histogram.setter
    def histogram(self, shown: bool) -> None:
        self._store.setValue("histogram", shown)

    @property
    def grouping(self) -> Grouping:
        """Which duplicates are folded behind the best of them."""
        value = self._store.value("grouping", "none")
        return value if value in ("exact", "near") else "none"

    @grouping.setter
    def grouping(self, choice: Grouping) -> None:
        self._store.setValue("grouping", choice)

    @property
    def crash_log_read(self) -> int:
        """Bytes of the crash log that were offered to the analyst."""
        value = str(self._store.value("crash_log_read", ""))
        return int(value) if value.isdigit() else 0

    @crash_log_read.setter
    def crash_log_read(self, size: int) -> None:
        self._store.setValue("crash_log_read", size)

    @property
    def export_folder(self) -> Path:
        """Where the last export went; the home folder at first."""
        value = self._store.value("export_folder", "")
        return Path(str(value)) if value else Path.home()

    def set_export_folder(self, folder: Path) -> None:
        self._store.setValue("export_folder", str(folder))

    @property
    def cell_size(self) -> int:
        """Width of a grid cell in logical pixels."""
        value = str(self._store.value("cell_size", ""))
        return int(value) if value.isdigit() else DEFAULT_CELL

    @cell_size.setter
    def cell_size(self, size: int) -> None:
        self._store.setValue("cell_size", size)

    @property
    def split(self) -> list[int]:
        """Widths of the three panes; empty before the first time."""
        parts = str(self._store.value("split", "")).split()
        return [int(part) for part in parts] if len(parts) == 3 and all(part.isdigit() for part in parts) else []

    @split.setter
    def split(self, widths: list[int]) -> None:
        self._store.setValue("split", " ".join(str(width) for width in widths))

    def layout(self, name: str) -> QByteArray | None:
        """A stored geometry."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_layout(self, name: str, state: QByteArray) -> None:
        self._store.setValue(f"layout/{name}", state)

    def _lines(self, name: str) -> tuple[str, ...]:
        """A stored list of texts; empty where none, or something else, is stored."""
        try:
            stored = json.loads(str(self._store.value(name, "[]")))
        except ValueError:
            return ()
        return tuple(line for line in stored if isinstance(line, str)) if isinstance(stored, list) else ()

    def _flag(self, name: str) -> bool:
        """A stored yes or no; yes where nothing is stored. The file holds text."""
        return str(self._store.value(name, "true")).lower() != "false"

    def save(self) -> None:
        """Writes to disk now."""
        self._store.sync()


def _thumbs_of(stored: object) -> Thumbs:
    """Thumbs as they were stored; none where something else was."""
    try:
        return {(int(part), int(image)): Thumb(thumb) for part, image, thumb in stored}  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return {}
