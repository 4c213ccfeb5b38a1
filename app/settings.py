"""What the window remembers between starts: theme, layout, recent collections. One INI file in the data folder.

Windows that are open side by side share it. Each writes the fields that it changed; lists (recent collections,
history, saved queries) are changed under a lock as they stand in the file by then, so that they add up.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QLockFile, QSettings

from app.models.thumbs import Thumbs
from app.models.view_state import MapLook
from app.setting_fields import HISTORY_LIMIT, RECENT_LIMIT, SETTINGS, Grouping, Panel, read_last_view
from app.theme import ThemeChoice

_LOCK_MS = 2000  # a window holds the lock for milliseconds
_LIMIT_BYTES = 8 << 20
_LONGEST_LAYOUT = 64 << 10  # bytes
_FOREIGN = b"@Variant("  # Qt would rebuild whatever object the bytes describe; the window writes none
_Lines = tuple[str, ...]


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

    A field that does not fit its type and bounds counts as not stored; the file is kept beside as ``window.bad.ini``.

    Args:
        folder: The data folder; the file is ``<folder>/window.ini``.

    Attributes:
        problem: What was wrong with the file, as a sentence; "" for nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "window.ini"
        self.problem = ""
        with suppress(OSError):  # a window that is open is told when another one writes here
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_usable = self._put_aside_what_is_no_settings_file()
        self._store = QSettings(str(self.file) if is_usable else os.devnull, QSettings.Format.IniFormat)
        self._lock = QLockFile(str(folder / "window.lock"))
        self._put_aside_what_does_not_fit()

    @property
    def theme(self) -> ThemeChoice:
        choice: ThemeChoice = self._value("theme")
        return choice

    @theme.setter
    def theme(self, choice: ThemeChoice) -> None:
        self._store.setValue("theme", choice)

    @property
    def recent(self) -> tuple[Path, ...]:
        """Collections opened before, the last one first."""
        return tuple(Path(name) for name in self._value("recent"))

    def add_recent(self, root: Path) -> None:
        """Puts a collection at the head of the recent ones."""
        self._change("recent", lambda known: _with_first(str(root), known)[:RECENT_LIMIT], list)
        self._store.setValue("last", str(root))

    def forget_recent(self, root: Path) -> None:
        """Takes a collection off the list; its index is kept."""
        self._change("recent", lambda known: _without(str(root), known), list)
        if self.last == root:
            self._store.remove("last")

    @property
    def last(self) -> Path | None:
        """The collection that was open when the window closed."""
        value = self._value("last")
        return Path(value) if value else None

    @property
    def last_view(self) -> LastView:
        """What was on screen when the window closed."""
        view, _ = read_last_view(self._value("last_view"))
        selected, ticked = view.pop("selected"), view.pop("ticked")
        thumbs, applied = (
            {(part, image): thumb for part, image, thumb in view.pop(n)} for n in ("thumbs", "applied")
        )
        return LastView(
            selected=Path(selected) if selected is not None else None,
            ticked=tuple(Path(root) for root in ticked),
            thumbs=thumbs,
            applied=applied,
            **view,
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
    def history(self) -> _Lines:
        """Queries asked before, as typed lines, the last one first."""
        lines: _Lines = self._value("history")
        return lines

    def add_history(self, line: str) -> None:
        """Puts a query at the head of those asked before."""
        self._change("history", lambda known: _with_first(line, known)[:HISTORY_LIMIT])

    @property
    def saved_queries(self) -> _Lines:
        """Queries kept by the analyst, as typed lines, the last one first."""
        lines: _Lines = self._value("saved_queries")
        return lines

    def save_query(self, line: str) -> None:
        """Puts a query at the head of the saved ones."""
        self._change("saved_queries", lambda known: _with_first(line, known))

    def forget_query(self, line: str) -> None:
        """Takes a query off the saved ones."""
        self._change("saved_queries", lambda known: _without(line, known))

    def order_queries(self, lines: _Lines) -> None:
        """Puts the saved queries in this order; those that another window saved meanwhile come first."""
        self._change(
            "saved_queries",
            lambda known: (
                *(line for line in known if line not in lines),
                *(line for line in lines if line in known),
            ),
        )

    @property
    def side_panel(self) -> bool:
        """Whether the left rail is shown."""
        return bool(self._value("side_panel"))

    @side_panel.setter
    def side_panel(self, shown: bool) -> None:
        self._store.setValue("side_panel", shown)

    @property
    def inspector(self) -> bool:
        """Whether the right pane is shown."""
        return bool(self._value("inspector"))

    @inspector.setter
    def inspector(self, shown: bool) -> None:
        self._store.setValue("inspector", shown)

    @property
    def look_for_changes(self) -> bool:
        """Whether the folder of the open collection is looked at now and then."""
        return bool(self._value("look_for_changes"))

    @look_for_changes.setter
    def look_for_changes(self, wanted: bool) -> None:
        self._store.setValue("look_for_changes", wanted)

    @property
    def folded_sections(self) -> _Lines:
        """Titles of the sections of the left rail that are closed."""
        titles: _Lines = self._value("folded_sections")
        return titles

    @folded_sections.setter
    def folded_sections(self, titles: _Lines) -> None:
        self._store.setValue("folded_sections", json.dumps(titles))

    @property
    def histogram(self) -> bool:
        """Whether the score histogram is shown above results."""
        return bool(self._value("histogram"))

    @histogram.setter
    def histogram(self, shown: bool) -> None:
        self._store.setValue("histogram", shown)

    @property
    def map_look(self) -> MapLook:
        """How maps of evidence are drawn."""
        look: MapLook = self._value("map_look")
        return look

    @map_look.setter
    def map_look(self, look: MapLook) -> None:
        self._store.setValue("map_look", json.dumps(asdict(look)))

    @property
    def panel(self) -> Panel:
        """Which panel of the inspector is open."""
        name: Panel = self._value("panel")
        return name

    @panel.setter
    def panel(self, name: Panel) -> None:
        self._store.setValue("panel", name)

    @property
    def grouping(self) -> Grouping:
        """Which duplicates are folded behind the best of them."""
        choice: Grouping = self._value("grouping")
        return choice

    @grouping.setter
    def grouping(self, choice: Grouping) -> None:
        self._store.setValue("grouping", choice)

    @property
    def crash_log_read(self) -> int:
        """Bytes of the crash log that were offered to the analyst."""
        return int(self._value("crash_log_read"))

    @crash_log_read.setter
    def crash_log_read(self, size: int) -> None:
        self._store.setValue("crash_log_read", size)

    @property
    def export_folder(self) -> Path:
        """Where the last export went; the home folder at first."""
        value = self._value("export_folder")
        return Path(value) if value else Path.home()

    def set_export_folder(self, folder: Path) -> None:
        self._store.setValue("export_folder", str(folder))

    @property
    def cell_size(self) -> int:
        """Width of a grid cell in logical pixels."""
        return int(self._value("cell_size"))

    @cell_size.setter
    def cell_size(self, size: int) -> None:
        self._store.setValue("cell_size", size)

    @property
    def split(self) -> list[int]:
        """Widths of the three panes; empty before the first time."""
        return list(self._value("split"))

    @split.setter
    def split(self, widths: list[int]) -> None:
        self._store.setValue("split", " ".join(str(width) for width in widths))

    def layout(self, name: str) -> QByteArray | None:
        """A stored geometry."""
        value = self._store.value(f"layout/{name}")
        fits = isinstance(value, QByteArray) and 0 < value.size() <= _LONGEST_LAYOUT
        return value if fits else None

    def set_layout(self, name: str, state: QByteArray) -> None:
        self._store.setValue(f"layout/{name}", state)

    def save(self) -> None:
        """Writes to disk now, and reads what another window has written."""
        with self._locked():
            self._sync()

    def _value(self, name: str) -> Any:
        """A field as it is stored; its default where nothing, or nothing that fits, is."""
        known, stored = SETTINGS[name], self._store.value(name)
        return known.default if stored is None else known.read(stored)[0]

    def _change(
        self, name: str, change: Callable[[_Lines], _Lines], write: Callable[[_Lines], object] = json.dumps
    ) -> None:
        """Changes a list as it stands in the file now, whoever wrote it."""
        with self._locked():
            self._sync()
            known = self._value(name)
            lines = change(known)
            if lines != known:
                self._store.setValue(name, write(lines))
                self._sync()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keeps other windows from writing; where there can be no lock, as in a read-only folder, goes on without."""
        is_locked = self._lock.tryLock(_LOCK_MS)
        try:
            yield
        finally:
            if is_locked:
                self._lock.unlock()

    def _sync(self) -> None:
        with suppress(OSError):  # for the owner alone, from the first byte on
            if not self.file.exists():
                os.close(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            elif os.name == "posix" and self.file.stat().st_mode & 0o077:
                self.file.chmod(0o600)
        self._store.sync()

    # --- files that are none of ours ------------------------------------------------------------------------

    @property
    def _aside(self) -> Path:
        return self.file.with_name("window.bad.ini")

    def _put_aside_what_is_no_settings_file(self) -> bool:
        """Renames what Qt must not read. Returns whether the place is free for settings then."""
        if not os.path.lexists(self.file) or _looks_like_settings(self.file):
            return True
        self.problem = f"{self.file} is no file of settings of this program; the window starts with its defaults."
        with suppress(OSError):
            self.file.replace(self._aside)
            self.problem += f" What was there is now {self._aside}."
        return not os.path.lexists(self.file)

    def _put_aside_what_does_not_fit(self) -> None:
        """Keeps a copy of a file with fields that do not fit, and takes these out, so that it is told once."""
        bad = [name for name, known in SETTINGS.items() if not self._fits(name, known.read)]
        view, misfits = read_last_view(self._value("last_view"))
        if not bad and not misfits and self._store.status() == QSettings.Status.NoError:
            return
        names = ", ".join([*bad, *misfits]).replace("_", " ")
        self.problem = f"Some settings cannot be read and start with their defaults: {names or 'parts of the file'}."
        with suppress(OSError):
            shutil.copyfile(self.file, self._aside)
            self._aside.chmod(0o600)
            self.problem += f" The old file is kept as {self._aside}."
        sound = {name: self._value(name) for name in ("history", "saved_queries", "folded_sections")}
        for name in bad:
            self._store.remove(name)
            if sound.get(name):  # of a list, the entries that fit
                self._store.setValue(name, json.dumps(sound[name]))
        if misfits:
            self._store.setValue("last_view", json.dumps(view))
        self.save()

    def _fits(self, name: str, read: Callable[[Any], tuple[Any, bool]]) -> bool:
        stored = self._store.value(name)
        return stored is None or read(stored)[1]


def _looks_like_settings(file: Path) -> bool:
    """Whether Qt may read it: a regular file of some size, with nothing in it that Qt would make objects of."""
    try:
        if not file.is_file() or file.stat().st_size > _LIMIT_BYTES:
            return False
        content = file.read_bytes()
    except OSError:
        return False
    return _FOREIGN not in content and b"\0" not in content


def _with_first(line: str, lines: _Lines) -> _Lines:
    return (line, *_without(line, lines))


def _without(line: str, lines: _Lines) -> _Lines:
    return tuple(known for known in lines if known != line)
