"""The schema grows step by step, and an index from the future is not touched."""

from __future__ import annotations

import sqlite3

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing import migrations
from faami_core.indexing.catalog import CATALOG_NAME, Catalog


def test_a_new_catalog_has_the_current_version_and_our_mark(tmp_path):
    Catalog(tmp_path, create=True).close()
    connection = sqlite3.connect(tmp_path / CATALOG_NAME)

    assert migrations.schema_version(connection) == migrations.SCHEMA_VERSION
    assert connection.execute("PRAGMA application_id").fetchone()[0] == migrations.APPLICATION_ID
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


def test_an_index_of_a_newer_program_is_refused_untouched(tmp_path):
    Catalog(tmp_path, create=True).close()
    connection = sqlite3.connect(tmp_path / CATALOG_NAME)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA user_version = {migrations.SCHEMA_VERSION + 1}")
    connection.close()
    before = (tmp_path / CATALOG_NAME).read_bytes()

    with pytest.raises(CollectionError, match="newer version of the program"):
        Catalog(tmp_path)

    assert (tmp_path / CATALOG_NAME).read_bytes() == before


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path, monkeypatch):
    Catalog(tmp_path, create=True).close()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, broken))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", migrations.SCHEMA_VERSION + 1)
    with pytest.raises(CollectionError, match="disk I/O error"):
        Catalog(tmp_path)

    connection = sqlite3.connect(tmp_path / CATALOG_NAME)
    assert migrations.schema_version(connection) == migrations.SCHEMA_VERSION - 1
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone()[0] == 0
    connection.close()


def test_the_next_step_runs_on_an_older_catalog_only_once(tmp_path, monkeypatch):
    Catalog(tmp_path, create=True).close()
    ran = []
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, lambda _connection: ran.append(1)))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", migrations.SCHEMA_VERSION + 1)

    Catalog(tmp_path).close()
    Catalog(tmp_path).close()

    assert ran == [1]


def test_a_file_that_is_no_database_is_told_as_such(tmp_path):
    (tmp_path / CATALOG_NAME).write_bytes(b"this is not a database, but it is long enough to look like one" * 40)

    with pytest.raises(CollectionError, match="is damaged: file is not a database") as told:
        Catalog(tmp_path)

    assert "Index the folder again" in told.value.next_step
