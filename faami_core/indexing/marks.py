"""The analyst's marks and tags in the catalog.

They hang on a file and the window of the item in it, not on the item: an item goes when its file is edited, and a
decision must not be lost because a picture was saved once more. They go with the file when it is removed for good.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from faami_core.queries import Annotation, Mark

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
    """The marks and tags of all images that have any, by item id."""
    marks = dict(catalog.rows(f"SELECT item_id, mark FROM mark JOIN item USING ({_PLACE})"))
    tags: dict[int, list[str]] = {}
    for item_id, tag in catalog.rows(f"SELECT item_id, tag FROM tag JOIN item USING ({_PLACE}) ORDER BY tag"):
        tags.setdefault(item_id, []).append(tag)
    return {
        item_id: Annotation(Mark(marks.get(item_id, Mark.UNMARKED)), tuple(tags.get(item_id, ())))
        for item_id in (*marks, *(item_id for item_id in tags if item_id not in marks))
    }


def annotate(catalog: Catalog, changes: Mapping[int, Annotation]) -> dict[int, Annotation]:
    """Puts these marks and tags in the place of the ones before, all or none.

    Args:
        catalog: Open catalog.
        changes: By item id; items that are gone are passed over.

    Returns:
        What the items had before: given back to this function, it undoes the change.
    """
    before = annotations_of(catalog)
    known = {item_id for (item_id,) in catalog.rows("SELECT item_id FROM item")} & changes.keys()
    place_of = f"SELECT {_PLACE} FROM item WHERE item_id = ?"
    with catalog.transaction(of_gallery=False) as connection:
        for table in ("mark", "tag"):
            connection.executemany(
                f"DELETE FROM {table} WHERE ({_PLACE}) = ({place_of})", [(item_id,) for item_id in known]
            )
        connection.executemany(
            f"INSERT INTO mark ({_PLACE}, mark) SELECT {_PLACE}, ? FROM item WHERE item_id = ?",
            [(str(changes[i].mark), i) for i in known if changes[i].mark is not Mark.UNMARKED],
        )
        connection.executemany(
            f"INSERT INTO tag ({_PLACE}, tag) SELECT {_PLACE}, ? FROM item WHERE item_id = ?",
            [(tag, item_id) for item_id in known for tag in tidy_tags(changes[item_id].tags)],
        )
    return {item_id: before.get(item_id, Annotation()) for item_id in known}


def tidy_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, in one spelling (NFC, single blanks), in alphabetical order; a semicolon separates two tags."""
    spelled = {" ".join(unicodedata.normalize("NFC", part).split()) for tag in tags for part in tag.split(";")}
    return tuple(sorted(spelled - {""}))


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
