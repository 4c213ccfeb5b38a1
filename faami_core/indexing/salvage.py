"""What can still be read of a damaged catalog. Nothing of it is trusted: it is compared with other sources."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

from faami_core.indexing.annotation_log import Place
from faami_core.indexing.records import ShardRecord
from faami_core.indexing.write_ahead_log import with_log
from faami_core.queries import Annotation, AnnotationChange, Mark

_NOTES = (
    "SELECT content, path, noted.x, noted.y, noted.width, noted.height, noted.{table} FROM {table} AS noted"
    " JOIN file USING (file_id) WHERE content IS NOT NULL"
)


@dataclass(frozen=True)
class SalvagedFile:
    """A file as a catalog knew it; ``path`` is relative to its root."""

    root: bytes
    path: bytes
    size: int
    mtime_ns: int
    content: bytes


@dataclass
class Salvage:
    """All that could be read.

    Attributes:
        roots, former: Folders, and what folders were called before they got the name they have.
        patterns: Kind and glob.
        models: Fingerprint, name and config.
        files: Those whose content was known.
        shards: By name.
        checks: CRC-32 of rows by name of the shard and row.
        notes: Marks and tags.
    """

    roots: list[bytes] = field(default_factory=list)
    former: list[tuple[bytes, bytes]] = field(default_factory=list)
    patterns: list[tuple[str, bytes]] = field(default_factory=list)
    models: list[tuple[str, str, str]] = field(default_factory=list)
    files: list[SalvagedFile] = field(default_factory=list)
    shards: dict[str, ShardRecord] = field(default_factory=dict)
    checks: dict[tuple[str, int], int] = field(default_factory=dict)
    notes: dict[Place, Annotation] = field(default_factory=dict)


def salvage(catalog: Path, root: Path) -> Salvage:
    """Reads what can be read of a catalog and its log, and changes nothing.

    Args:
        catalog: The SQLite file.
        root: Folder of images that the collection is named after, in the place of one that is not as it was written.
    """
    found = Salvage()
    log = catalog.with_name(f"{catalog.name}-wal")
    with contextlib.suppress(OSError, sqlite3.Error), closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(with_log(catalog.read_bytes(), log.read_bytes() if log.exists() else b""))
        _fill(found, connection, os.fsencode(root))
    return found


def _fill(found: Salvage, connection: sqlite3.Connection, root: bytes) -> None:
    def rows(statement: str, *kinds: type) -> Iterator[tuple[Any, ...]]:
        return _rows(connection, statement, kinds)

    checks = dict(rows("SELECT path, row_check FROM root", bytes, int))  # none in an index of version 4
    stored = [path for (path,) in rows("SELECT path FROM root ORDER BY root_id", bytes)]
    right = {path: path if checks.get(path, crc32(path)) == crc32(path) else root for path in stored}
    found.roots = list(dict.fromkeys(right.values()))
    former = "SELECT former_root.path, root.path FROM former_root JOIN root USING (root_id)"
    found.former = [(old, now) for old, now in rows(former, bytes, bytes)]
    found.patterns = [(kind, glob) for kind, glob in rows("SELECT kind, glob FROM pattern", str, bytes)]
    models = "SELECT fingerprint, name, config FROM model"
    found.models = [(fingerprint, name, config) for fingerprint, name, config in rows(models, str, str, str)]
    files = "SELECT root.path, file.path, size, mtime_ns, content FROM file JOIN root USING (root_id)"
    found.files = [
        SalvagedFile(right.get(of, root), path, size, mtime_ns, content)
        for of, path, size, mtime_ns, content in rows(files, bytes, bytes, int, int, bytes)
        if len(content) == 32
    ]
    shards = "SELECT name, rows, bytes, sha256, head_check FROM shard"
    found.shards = {row[0]: ShardRecord(*row) for row in rows(shards, str, int, int, bytes, int)}
    features = "SELECT name, shard_row, row_check FROM feature JOIN shard USING (shard_id)"
    found.checks = {(name, row): check for name, row, check in rows(features, str, int, int)}
    kept = "SELECT content, path, x, y, width, height, mark FROM kept_annotation"
    for statement in (_NOTES.format(table="mark"), kept):
        _note(found, rows(statement, bytes, bytes, int, int, int, int, str), "mark")
    tags = "SELECT content, path, x, y, width, height, value FROM kept_annotation, json_each(tags)"
    for statement in (_NOTES.format(table="tag"), tags):
        _note(found, rows(statement, bytes, bytes, int, int, int, int, str), "tag")


def _note(found: Salvage, rows: Iterator[tuple[Any, ...]], kind: str) -> None:
    for content, path, *window, value in rows:
        with contextlib.suppress(ValueError):  # no mark of ours
            change = AnnotationChange(Mark(value)) if kind == "mark" else AnnotationChange(added=(value,))
            place = (content, path, tuple(window))
            found.notes[place] = change.applied_to(found.notes.get(place, Annotation()))


def _rows(connection: sqlite3.Connection, statement: str, kinds: tuple[type, ...]) -> Iterator[tuple[Any, ...]]:
    """Rows of the expected kinds, up to where the table cannot be read any further."""
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
        for row in connection.execute(statement):
            if all(type(value) is kind for value, kind in zip(row, kinds, strict=True)):
                yield row
