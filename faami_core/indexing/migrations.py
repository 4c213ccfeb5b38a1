"""The schema of the catalog as a chain of steps, one function a version. A published step is never changed again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

from faami_core.errors import CollectionError
from faami_core.indexing.marks import create_marks

APPLICATION_ID = 0x4641414D  # "FAAM": tells our catalogs from other SQLite files


def _create(connection: sqlite3.Connection) -> None:
    """Version 1. Paths are bytes because file names need not be text; times are ISO 8601 UTC."""
    for statement in _VERSION_1.split(";\n\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?)",
        [("created", datetime.now(UTC).isoformat(timespec="seconds")), ("generation", "0")],
    )


# root     A folder of the collection. `device` tells an emptied folder from an unplugged drive's mount point.
# file     A file with the suffix of an image. `content` is the SHA-256 of the whole file, NULL until first read.
# item     What is searched: a window of a file. A chip has one item, a large scene will have one a tile, with bounds.
#          Ids are never used again, so a stored feature can never be taken for that of another item.
# feature  Where the features of an item lie, for each model. Other models' rows stay when the model is switched.
_VERSION_1 = """
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE root (
  root_id INTEGER PRIMARY KEY,
  path BLOB NOT NULL UNIQUE,
  device INTEGER,
  scanned_at TEXT
) STRICT;

CREATE TABLE file (
  file_id INTEGER PRIMARY KEY,
  root_id INTEGER NOT NULL REFERENCES root (root_id) ON DELETE CASCADE,
  path BLOB NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  content BLOB,
  width INTEGER,
  height INTEGER,
  state TEXT NOT NULL CHECK (state IN ('seen', 'unreadable')),
  reason TEXT,
  first_seen TEXT NOT NULL,
  offline_since TEXT,
  UNIQUE (root_id, path),
  CHECK ((state = 'unreadable') = (reason IS NOT NULL))
) STRICT;

CREATE TABLE item (
  item_id INTEGER PRIMARY KEY AUTOINCREMENT,
  file_id INTEGER NOT NULL REFERENCES file (file_id) ON DELETE CASCADE,
  x INTEGER NOT NULL,
  y INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  crs TEXT,
  west REAL,
  south REAL,
  east REAL,
  north REAL,
  UNIQUE (file_id, y, x, width, height)
) STRICT;

CREATE TABLE model (
  model_id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  config TEXT NOT NULL,
  created TEXT NOT NULL
) STRICT;

CREATE TABLE shard (
  shard_id INTEGER PRIMARY KEY AUTOINCREMENT,
  model_id INTEGER NOT NULL REFERENCES model (model_id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  created TEXT NOT NULL,
  UNIQUE (model_id, name)
) STRICT;

CREATE TABLE feature (
  model_id INTEGER NOT NULL REFERENCES model (model_id) ON DELETE CASCADE,
  item_id INTEGER NOT NULL REFERENCES item (item_id) ON DELETE CASCADE,
  shard_id INTEGER NOT NULL REFERENCES shard (shard_id) ON DELETE CASCADE,
  shard_row INTEGER NOT NULL,
  PRIMARY KEY (model_id, item_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX feature_by_item ON feature (item_id);

CREATE INDEX feature_by_shard ON feature (shard_id);

CREATE TABLE index_run (
  run_id INTEGER PRIMARY KEY AUTOINCREMENT,
  model_id INTEGER NOT NULL REFERENCES model (model_id) ON DELETE CASCADE,
  started TEXT NOT NULL,
  finished TEXT,
  cancelled INTEGER NOT NULL DEFAULT 0,
  seen INTEGER,
  added INTEGER,
  changed INTEGER,
  removed INTEGER,
  embedded INTEGER
) STRICT
"""


def _check_features(connection: sqlite3.Connection) -> None:
    """Version 2. Stored features are checked, drives below a root are remembered, a collection has patterns."""
    for statement in _VERSION_2.split(";\n\n"):
        connection.execute(statement)


# head_check, row_check   CRC-32; NULL in shards written by version 1, until an index run has checked the whole file.
# damaged                 The stored row is rotten or lost; the item is embedded again by the next run.
# mount                   Folders of a root, itself included (""), that began another device at the last scan.
# pattern                 Which files of the folders belong to the collection.
_VERSION_2 = """
ALTER TABLE shard ADD COLUMN head_check INTEGER;

ALTER TABLE feature ADD COLUMN row_check INTEGER;

ALTER TABLE feature ADD COLUMN damaged INTEGER NOT NULL DEFAULT 0 CHECK (damaged IN (0, 1));

CREATE TABLE mount (
  root_id INTEGER NOT NULL REFERENCES root (root_id) ON DELETE CASCADE,
  path BLOB NOT NULL,
  device INTEGER NOT NULL,
  PRIMARY KEY (root_id, path)
) STRICT, WITHOUT ROWID;

INSERT INTO mount (root_id, path, device) SELECT root_id, x'', device FROM root WHERE device IS NOT NULL;

ALTER TABLE root DROP COLUMN device;

CREATE TABLE pattern (
  kind TEXT NOT NULL CHECK (kind IN ('include', 'exclude')),
  glob BLOB NOT NULL,
  PRIMARY KEY (kind, glob)
) STRICT, WITHOUT ROWID
"""


def _keep_annotations(connection: sqlite3.Connection) -> None:
    """Version 4. Annotations outlive their files, windows can follow one another, and a folder may get a new name."""
    for statement in _VERSION_4.split(";\n\n"):
        connection.execute(statement)


# kept_annotation   Of files that are not there, by content (empty where it was never read); see ``marks``.
# former_root       Where a folder of the collection lay before it was renamed or moved.
# annotations       In meta: grows with every change of marks and tags.
_VERSION_4 = """
CREATE TABLE kept_annotation (
  kept_id INTEGER PRIMARY KEY,
  content BLOB NOT NULL,
  path BLOB NOT NULL,
  x INTEGER NOT NULL,
  y INTEGER NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  mark TEXT NOT NULL,
  tags TEXT NOT NULL,
  UNIQUE (content, path, x, y, width, height)
) STRICT;

CREATE TABLE former_root (
  path BLOB PRIMARY KEY,
  root_id INTEGER NOT NULL REFERENCES root (root_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('annotations', '0')
"""


def _check_rows(connection: sqlite3.Connection) -> None:
    """Version 5. Damage of what the catalog holds can be seen; see ``soundness``."""
    for statement in _VERSION_5.split(";\n\n"):
        connection.execute(statement)


# tally       How many rows a table has, and how many files can be searched; kept up to date by triggers.
# row_check   CRC-32; NULL in rows that changed since, by whatever program, until the next transaction of ours ends.
# commits     In meta: number of transactions.
_VERSION_5 = "".join(
    f"""
CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
  UPDATE tally SET rows = rows + 1 WHERE name = '{table}';
END;

CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
  UPDATE tally SET rows = rows - 1 WHERE name = '{table}';
END;
"""
    for table in ("file", "item", "feature", "mark", "tag")
)
_VERSION_5 = f"""
CREATE TABLE tally (
  name TEXT PRIMARY KEY,
  rows INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tally (name, rows) VALUES
  ('file', (SELECT count(*) FROM file)),
  ('item', (SELECT count(*) FROM item)),
  ('feature', (SELECT count(*) FROM feature)),
  ('mark', (SELECT count(*) FROM mark)),
  ('tag', (SELECT count(*) FROM tag)),
  ('searchable', (SELECT count(*) FROM file WHERE state = 'seen' AND offline_since IS NULL));
{_VERSION_5}
CREATE TRIGGER searchable_added AFTER INSERT ON file WHEN NEW.state = 'seen' AND NEW.offline_since IS NULL BEGIN
  UPDATE tally SET rows = rows + 1 WHERE name = 'searchable';
END;

CREATE TRIGGER searchable_removed AFTER DELETE ON file WHEN OLD.state = 'seen' AND OLD.offline_since IS NULL BEGIN
  UPDATE tally SET rows = rows - 1 WHERE name = 'searchable';
END;

CREATE TRIGGER searchable_changed AFTER UPDATE OF state, offline_since ON file BEGIN
  UPDATE tally SET rows = rows + (NEW.state = 'seen' AND NEW.offline_since IS NULL)
    - (OLD.state = 'seen' AND OLD.offline_since IS NULL) WHERE name = 'searchable';
END;

ALTER TABLE item ADD COLUMN row_check INTEGER;

ALTER TABLE root ADD COLUMN row_check INTEGER;

ALTER TABLE mark ADD COLUMN row_check INTEGER;

ALTER TABLE tag ADD COLUMN row_check INTEGER;

CREATE INDEX item_unchecked ON item (item_id) WHERE row_check IS NULL;

CREATE TRIGGER item_changed AFTER UPDATE OF item_id, file_id, x, y, width, height ON item BEGIN
  UPDATE item SET row_check = NULL WHERE item_id = NEW.item_id;
END;

CREATE TRIGGER file_changed AFTER UPDATE OF root_id, path, content ON file BEGIN
  UPDATE item SET row_check = NULL WHERE file_id = NEW.file_id;
END;

CREATE TRIGGER root_changed AFTER UPDATE OF path ON root BEGIN
  UPDATE root SET row_check = NULL WHERE root_id = NEW.root_id;
END;

INSERT INTO meta (key, value) VALUES ('commits', '0')
"""

STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _create,
    _check_features,
    create_marks,
    _keep_annotations,
    _check_rows,
)
SCHEMA_VERSION = len(STEPS)


def schema_version(connection: sqlite3.Connection) -> int:
    """Version of an open catalog; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Raises:
    CollectionError: if the catalog was written by a newer program; it has not been touched.
    """
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise CollectionError(
            f"This index was written by a newer version of the program (index version {version}, "
            f"this program knows {SCHEMA_VERSION}).",
            "Update the program; the index was left as it is.",
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Brings a catalog to the current version, each step in a transaction of its own.

    Raises:
        CollectionError: if it is newer than this program.
    """
    refuse_newer(connection)
    for version in range(schema_version(connection), SCHEMA_VERSION):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if schema_version(connection) == version:  # another process may have been faster
                STEPS[version](connection)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk ends it by itself
                connection.execute("ROLLBACK")
            raise
