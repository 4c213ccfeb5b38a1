"""The analyst's marks and tags in the catalog.

They hang on a file and the window of the item in it, not on the item: an item goes when its file is edited, and a
decision must not be lost because a picture was saved once more. When a file is removed they are kept by the hash of
its content, and come back with it: a file that a sync client takes away for an hour is one removed and one added.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faami_core.indexing import annotation_log
from faami_core.indexing.index_faults import DamagedCatalogError
from faami_core.indexing.soundness import note_check, reading
from faami_core.queries import Annotation, AnnotationChange, Mark
from faami_core.text import stored_tags

if TYPE_CHECKING:
    from faami_core.indexing.catalog import Catalog

_PLACE = "file_id, x, y, width, height"


def create_marks(connection: sqlite3.Connection) -> None:
    """The step of the schema that brings marks and tags."""
    for table, column in (
        ("mark", "mark TEXT NOT NULL CHECK (mark IN ('accepted', 'rejected'))"),
        ("tag", "tag TEXT"),
    ):
        key = f"{_PLACE}, tag" if table == "tag" else _PLACE
        connection.execute(
            f"CREATE TABLE {table} (file_id INTEGER NOT NULL REFERENCES file (file_id) ON DELETE CASCADE,"
            " x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,"
            f" {column}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"
        )


def annotations_of(catalog: Catalog) -> dict[int, Annotation]:
    """The marks and tags of all images that have any, by item id.

    Raises:
        DamagedCatalogError: if one of them is not as it was written.
    """
    notes: dict[int, Annotation] = {}
    for item_id, change in _noted(catalog):
        notes[item_id] = change.applied_to(notes.get(item_id, Annotation()))
    return notes


def _noted(catalog: Catalog) -> Iterator[tuple[int, AnnotationChange]]:
    with reading(catalog.folder):
        for table in ("mark", "tag"):
            rows = catalog.rows(
                f"SELECT item_id, {table}, {table}.row_check, {_PLACE} FROM {table} JOIN item USING ({_PLACE})"
            )
            for item_id, value, check, *place in rows:
                if check is not None and check != note_check(tuple(place), value):
                    raise DamagedCatalogError(catalog.folder, f"a {table} is not as it was written")
                yield item_id, AnnotationChange(Mark(value)) if table == "mark" else AnnotationChange(added=(value,))


def annotations_version(catalog: Catalog) -> int:
    """Grows with every change of marks and tags, by any process."""
    return int(catalog.rows("SELECT value FROM meta WHERE key = 'annotations'")[0][0])


def annotate(catalog: Catalog, changes: Mapping[int, Annotation | AnnotationChange]) -> dict[int, Annotation]:
    """Changes marks and tags of images, all or none.

    Args:
        catalog: Open catalog.
        changes: By item id; items that are gone are passed over. A change leaves what others wrote meanwhile, a whole
            annotation takes the place of all that is there.

    Returns:
        What the items had before: given back to this function, it undoes the change.
    """
    before: dict[int, Annotation] = {}
    with catalog.transaction(of_gallery=False) as connection:
        for item_id, change in changes.items():
            place = connection.execute(f"SELECT {_PLACE} FROM item WHERE item_id = ?", (item_id,)).fetchone()
            if place is None:
                continue
            before[item_id] = _annotation_at(connection, place)
            if isinstance(change, Annotation):
                whole = replace(change, tags=stored_tags(change.tags))
                _write(connection, place, AnnotationChange.between(before[item_id], whole))
            else:
                _write(connection, place, change)
        if before:
            _raise_version(connection)
            annotation_log.append(catalog.folder, _logged(connection, before))
    return before


def _logged(
    connection: sqlite3.Connection, item_ids: Iterable[int]
) -> Iterator[tuple[annotation_log.Place, Annotation]]:
    """How the annotations of items are now, without their ids."""
    for item_id in item_ids:
        file_id, content, path, *window = connection.execute(
            "SELECT file_id, content, path, x, y, item.width, item.height FROM item JOIN file USING (file_id)"
            " WHERE item_id = ?",
            (item_id,),
        ).fetchone()
        if content is not None:
            yield (content, path, tuple(window)), _annotation_at(connection, (file_id, *window))


def keep_annotations(connection: sqlite3.Connection, file_ids: Iterable[int]) -> None:
    """Puts the annotations of files that are about to be removed aside; ``restore_annotations`` brings them back."""
    for file_id in file_ids:
        rows = connection.execute(
            "SELECT content, path, noted.* FROM file JOIN"
            " (SELECT x, y, width, height FROM mark WHERE file_id = ?1"
            "  UNION SELECT x, y, width, height FROM tag WHERE file_id = ?1) AS noted WHERE file_id = ?1",
            (file_id,),
        )
        for content, path, *window in rows.fetchall():
            note = _annotation_at(connection, (file_id, *window))
            put_aside(connection, content, path, window, note)


def put_aside(
    connection: sqlite3.Connection, content: bytes | None, path: bytes, window: Iterable[int], note: Annotation
) -> None:
    """Keeps an annotation for the window of a file that is not there, in the place of an older one."""
    connection.execute(
        "INSERT OR REPLACE INTO kept_annotation (content, path, x, y, width, height, mark, tags)"
        " VALUES (coalesce(?, x''), ?, ?, ?, ?, ?, ?, ?)",
        (content, path, *window, str(note.mark), json.dumps(note.tags)),
    )


def restore_annotations(connection: sqlite3.Connection, files: Iterable[tuple[int, bytes]]) -> None:
    """Gives files that were just read the annotations that were kept of their content.

    Of several files with the same content, one that had the same path is preferred. A file that has annotations
    keeps its own.

    Args:
        connection: In a transaction.
        files: Id and content of each file.
    """
    if connection.execute("SELECT 1 FROM kept_annotation LIMIT 1").fetchone() is None:
        return
    restored = False
    for file_id, content in files:
        kept = list(_kept(connection, file_id, content))
        for place, note in kept:
            if _annotation_at(connection, place) == Annotation():
                _write(connection, place, AnnotationChange.between(Annotation(), note))
        restored = restored or bool(kept)
    if restored:
        _raise_version(connection)


def annotated_contents(catalog: Catalog) -> list[tuple[bytes, bytes, tuple[int, ...], Annotation]]:
    """All annotations with the content and the relative path of their file, and the window in it."""
    place = ", ".join(f"noted.{column}" for column in _PLACE.split(", "))
    found: dict[tuple[int, ...], tuple[bytes, bytes, Annotation]] = {}
    for table in ("mark", "tag"):
        rows = catalog.rows(
            f"SELECT content, path, noted.{table}, {place} FROM {table} AS noted JOIN file USING (file_id)"
            " WHERE content IS NOT NULL"
        )
        for content, path, value, *where in rows:
            change = AnnotationChange(Mark(value)) if table == "mark" else AnnotationChange(added=(value,))
            before = found[tuple(where)][2] if tuple(where) in found else Annotation()
            found[tuple(where)] = (content, path, change.applied_to(before))
    return [(content, path, where[1:], note) for where, (content, path, note) in found.items()]


def take_annotations(
    catalog: Catalog, annotations: Iterable[tuple[bytes, bytes, tuple[int, ...], Annotation]]
) -> None:
    """Gives files the annotations that another catalog has for the same content, unless they have their own."""
    with catalog.transaction(of_gallery=False) as connection:
        for content, path, window, note in annotations:
            put_aside(connection, content, path, window, note)
        files = "SELECT file_id, content FROM file WHERE content IN (SELECT content FROM kept_annotation)"
        restore_annotations(connection, connection.execute(files).fetchall())


def _kept(
    connection: sqlite3.Connection, file_id: int, content: bytes
) -> Iterator[tuple[tuple[int, ...], Annotation]]:
    """Takes what was kept of one file out of the table: places and annotations."""
    former = connection.execute(
        "SELECT kept.content, kept.path FROM kept_annotation AS kept JOIN file ON file_id = ?"
        " WHERE kept.content = ? OR (kept.content = x'' AND kept.path = file.path)"
        " ORDER BY kept.path = file.path DESC, kept.kept_id DESC LIMIT 1",
        (file_id, content),
    ).fetchone()
    if former is None:
        return
    rows = connection.execute(
        "DELETE FROM kept_annotation WHERE content = ? AND path = ? RETURNING x, y, width, height, mark, tags", former
    )
    for *window, mark, tags in rows.fetchall():
        yield (file_id, *window), Annotation(Mark(mark), tuple(json.loads(tags)))


def _annotation_at(connection: sqlite3.Connection, place: Iterable[Any]) -> Annotation:
    """What is noted on the window of a file: file id, x, y, width, height."""
    place = tuple(place)
    mark = connection.execute(f"SELECT mark FROM mark WHERE ({_PLACE}) = (?, ?, ?, ?, ?)", place).fetchone()
    tags = connection.execute(f"SELECT tag FROM tag WHERE ({_PLACE}) = (?, ?, ?, ?, ?) ORDER BY tag", place)
    return Annotation(Mark.UNMARKED if mark is None else Mark(mark[0]), tuple(tag for (tag,) in tags))


def _write(connection: sqlite3.Connection, place: Iterable[Any], change: AnnotationChange) -> None:
    place = tuple(place)
    if change.mark is not None:
        connection.execute(f"DELETE FROM mark WHERE ({_PLACE}) = (?, ?, ?, ?, ?)", place)
    if change.mark not in (None, Mark.UNMARKED):
        connection.execute(
            f"INSERT INTO mark ({_PLACE}, mark, row_check) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*place, str(change.mark), note_check(place, str(change.mark))),
        )
    connection.executemany(
        f"DELETE FROM tag WHERE ({_PLACE}) = (?, ?, ?, ?, ?) AND tag = ?",
        [(*place, tag) for tag in stored_tags(change.removed)],
    )
    connection.executemany(
        f"INSERT OR IGNORE INTO tag ({_PLACE}, tag, row_check) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*place, tag, note_check(place, tag)) for tag in stored_tags(change.added)],
    )


def _raise_version(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'annotations'")


def modified_ns(catalog: Catalog) -> dict[int, int]:
    """When the file of each item was last changed, in nanoseconds since 1970; before that negative.

    Earlier programs wrote the time of a file that had been changed a moment before as a negative one. The next index
    run puts that right; until then it is told from a time before 1970 by its lying between the file's entry and now.
    """
    rows = catalog.rows(
        "SELECT item_id, CASE WHEN -mtime_ns BETWEEN (strftime('%s', first_seen) - 3) * 1000000000"
        " AND (strftime('%s', 'now') + 3) * 1000000000 THEN -mtime_ns ELSE mtime_ns END"
        " FROM item JOIN file USING (file_id)"
    )
    return dict(rows)


def contents(catalog: Catalog) -> dict[int, tuple[object, ...]]:
    """What makes two items the same picture: the SHA-256 of the file and the window in it."""
    rows = catalog.rows(
        "SELECT item_id, content, item.x, item.y, item.width, item.height FROM item JOIN file USING (file_id)"
        " WHERE content IS NOT NULL"
    )
    return {row[0]: tuple(row[1:]) for row in rows}
