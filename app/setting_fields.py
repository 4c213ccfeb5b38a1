"""What may stand in the settings file: a type, bounds and a default for each field; anything else is refused.

The file may come from anywhere: another version, another program, a disk that lost a block, somebody's editor.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.models.thumbs import Thumb
from app.models.view_state import MapLook
from app.theme import ThemeChoice

Panel = Literal["evidence", "compare", "pair", "mix", "trust"]  # of the inspector
Grouping = Literal["none", "exact", "near"]

DEFAULT_CELL = 152  # logical pixels: two rows beside all panels on a screen of 1280 × 720
RECENT_LIMIT = 8
HISTORY_LIMIT = 100
_LONGEST_JSON = 4 << 20  # characters; the longest history and hundred thousand thumbs are below

_Line = Annotated[str, Meta(min_length=1, max_length=20_000)]  # more than the query bar takes
_Place = Annotated[str, Meta(min_length=1, max_length=32_000, pattern=r"\A[^\x00]*\Z")]  # no system takes a NUL
_PlaceOrNone = Annotated[str, Meta(max_length=32_000, pattern=r"\A[^\x00]*\Z")]
_Number = Annotated[int, Meta(ge=0, le=2**53)]
_Width = Annotated[int, Meta(ge=0, le=100_000)]


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        kind: Type of the value, of one entry where it is a list.
        default: What holds where nothing, or nothing that fits, is stored; () makes it a list.
        decode: Turns the stored text into a value; the settings file holds text alone.
        longest: Entries a list may have.
    """

    kind: Any
    default: Any
    decode: Callable[[Any], Any] = lambda stored: stored
    longest: int = 0

    def read(self, stored: Any, *, strict: bool = False) -> tuple[Any, bool]:
        """The value, and whether all of what is stored fits. Of a list, the entries that fit are kept.

        Args:
            stored: Text, a list of texts, or a value out of JSON.
            strict: Whether "1" is no number, as in JSON.
        """
        try:
            decoded = self.decode(stored)
            if self.default != ():
                return msgspec.convert(decoded, self.kind, strict=strict), True
            if not isinstance(decoded, list | tuple):
                return (), False
        except _MISFITS:
            return self.default, False
        kept = [value for entry in decoded[: self.longest] for value in self._entry(entry)]
        return tuple(kept), len(kept) == len(decoded)

    def _entry(self, entry: Any) -> list[Any]:
        try:
            return [msgspec.convert(entry, self.kind)]
        except _MISFITS:
            return []


_MISFITS = (msgspec.MsgspecError, ValueError, TypeError, RecursionError, OverflowError)


def _json(stored: Any) -> Any:
    """What a text of JSON says.

    Raises:
        ValueError: It is none, or too long.
    """
    if not isinstance(stored, str) or len(stored) > _LONGEST_JSON:
        raise ValueError("no text of JSON")
    return json.loads(stored)


def _one_or_more(stored: Any) -> Any:
    """Qt gives a list of one text as that text."""
    return [stored] if isinstance(stored, str) else stored


def _three_widths(stored: Any) -> Any:
    """Three numbers with spaces between; nothing before the first time."""
    parts = str(stored).split()
    if len(parts) not in (0, 3) or not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        raise ValueError("not three widths")
    return [int(part) for part in parts]


SETTINGS: Mapping[str, Field] = {
    "theme": Field(ThemeChoice, "system"),
    "recent": Field(_Place, (), _one_or_more, RECENT_LIMIT),
    "last": Field(_PlaceOrNone, ""),
    "last_view": Field(dict[str, Any], {}, _json),
    "history": Field(_Line, (), _json, HISTORY_LIMIT),
    "saved_queries": Field(_Line, (), _json, 10_000),
    "folded_sections": Field(_Line, (), _json, 100),
    "side_panel": Field(bool, True),
    "inspector": Field(bool, True),
    "panel": Field(Panel, "evidence"),
    "map_look": Field(MapLook, MapLook(), _json),
    "look_for_changes": Field(bool, True),
    "histogram": Field(bool, True),
    "grouping": Field(Grouping, "none"),
    "crash_log_read": Field(_Number, 0),
    "export_folder": Field(_PlaceOrNone, ""),
    "cell_size": Field(Annotated[int, Meta(ge=1, le=2000)], DEFAULT_CELL),  # the grid keeps it within its own bounds
    "split": Field(_Width, (), _three_widths, 3),
}

_Key = tuple[Annotated[int, Meta(ge=0, le=10_000)], _Number, Thumb]

LAST_VIEW: Mapping[str, Field] = {
    "line": Field(Annotated[str, Meta(max_length=20_000)], ""),
    "selected": Field(_Place | None, None),
    "word": Field(Annotated[int, Meta(ge=0, le=10_000)] | None, None),
    "filters": Field(Annotated[str, Meta(max_length=100_000)], ""),
    "ticked": Field(_Place, (), longest=1000),
    "thumbs": Field(_Key, (), longest=100_000),
    "applied": Field(_Key, (), longest=100_000),
}


def read_last_view(record: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of the last view, and the names of those that do not fit."""
    read = {name: field.read(record[name], strict=True) for name, field in LAST_VIEW.items() if name in record}
    values = {name: field.default for name, field in LAST_VIEW.items()} | {
        name: value for name, (value, _) in read.items()
    }
    return values, [name for name, (_, fits) in read.items() if not fits]
