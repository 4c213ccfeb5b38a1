"""A write-ahead log read by hand gives what SQLite reads, wherever it was cut or one of its bytes flipped."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from faami_core.indexing.write_ahead_log import with_log


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A database in use and its log: 30 transactions that grow, change and shrink it, some of them checkpointed."""
    folder, chance = tmp_path_factory.mktemp("log"), random.Random(3)
    connection = sqlite3.connect(folder / "used", isolation_level=None)
    connection.execute("PRAGMA page_size = 512")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
    for number in range(30):
        connection.execute("BEGIN")
        for _ in range(8):
            connection.execute("INSERT INTO t (b) VALUES (?)", (chance.randbytes(chance.randrange(400)),))
        connection.execute("DELETE FROM t WHERE a % 7 = ?", (number % 7,))
        connection.execute("COMMIT")
        if number == 9:
            connection.execute("PRAGMA wal_checkpoint(RESTART)")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
        if number == 20:
            connection.execute("VACUUM")
    shutil.copy(folder / "used", folder / "database")
    shutil.copy(folder / "used-wal", folder / "database-wal")
    connection.close()
    return (folder / "database").read_bytes(), (folder / "database-wal").read_bytes()


def read(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    return connection.execute("SELECT a, b FROM t ORDER BY a").fetchall()


def check(database: bytes, log: bytes, folder) -> list[tuple[int, bytes]]:
    folder.mkdir()
    (folder / "database").write_bytes(database)
    (folder / "database-wal").write_bytes(log)
    with closing(sqlite3.connect(":memory:")) as memory, closing(sqlite3.connect(folder / "database")) as by_sqlite:
        memory.deserialize(with_log(database, log))
        rows = read(memory)
        assert rows == read(by_sqlite)
    return rows


def test_a_whole_log_is_read(copied, tmp_path):
    assert check(*copied, tmp_path / "whole") != check(copied[0], b"", tmp_path / "without")


@pytest.mark.parametrize("seed", range(30))
def test_a_log_is_read_up_to_where_it_is_damaged(copied, tmp_path, seed):
    database, log = copied
    chance = random.Random(seed)
    place = chance.randrange(len(log))
    if seed % 2:
        damaged = log[:place]
    else:
        damaged = log[:place] + bytes([log[place] ^ 1 << chance.randrange(8)]) + log[place + 1 :]
    check(database, damaged, tmp_path / "damaged")
