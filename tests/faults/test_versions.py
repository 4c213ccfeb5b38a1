"""C3: an index of the past is brought up to date with all that is in it, one of the future is left alone."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing import migrations
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from tests.faults.index_tools import FINGERPRINT, check_tidy, index, stored
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults

VERSION_1 = Path(__file__).with_name("index_version_1")


@pytest.fixture
def old(tmp_path):
    """An index written by version 1 (four colours, one unreadable file), moved to where its images lie now."""
    shutil.copytree(VERSION_1, tmp_path, dirs_exist_ok=True)
    connection = sqlite3.connect(tmp_path / "index" / CATALOG_NAME, isolation_level=None)
    connection.execute("UPDATE root SET path = ?", (bytes(tmp_path / "images"),))
    connection.close()
    return tmp_path


def version(folder: Path) -> int:
    connection = sqlite3.connect(folder / CATALOG_NAME)
    found = migrations.schema_version(connection)
    connection.close()
    return found


def test_an_index_of_version_1_is_brought_up_to_date_and_nothing_is_embedded_again(old):
    assert version(old / "index") == 1
    index(old / "fresh", old / "images")
    assert stored(old / "index") == stored(old / "fresh")
    assert version(old / "index") == migrations.SCHEMA_VERSION

    encoder = StubEncoder()
    report = index(old / "index", old / "images", encoder)

    assert encoder.images_encoded == 0
    assert (report.seen, report.unchanged, len(report.unreadable)) == (5, 5, 1)
    assert stored(old / "index") == stored(old / "fresh")
    check_tidy(old / "index")


def test_shards_of_version_1_get_their_checks_from_the_next_run(old):
    index(old / "index", old / "images")

    with Catalog(old / "index") as catalog:
        model_id = catalog.models()[FINGERPRINT]
        (record,) = catalog.shards(model_id).values()
        assert record.head_check is not None
        assert all(row.check is not None for row in catalog.stored_rows(model_id, record.name))


@pytest.mark.parametrize("place", [30, 1500, -1])
def test_rot_in_a_shard_of_version_1_is_found_before_it_gets_checks(old, place):
    shard = next((old / "index").rglob("*.safetensors"))
    rotten = bytearray(shard.read_bytes())
    rotten[place] ^= 1
    shard.write_bytes(rotten)

    report = index(old / "index", old / "images")

    assert report.repaired == 4
    index(old / "fresh", old / "images")
    assert stored(old / "index") == stored(old / "fresh")
    check_tidy(old / "index")


def test_a_killed_migration_leaves_the_old_version_whole(old, monkeypatch):
    def killed(connection: sqlite3.Connection) -> None:
        migrations._check_features(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "STEPS", (migrations.STEPS[0], killed))
    with pytest.raises(KeyboardInterrupt):
        Catalog(old / "index")
    monkeypatch.undo()

    assert version(old / "index") == 1
    assert len(stored(old / "index")) == 4


def test_an_index_of_the_future_is_refused_and_not_a_byte_of_it_changes(old):
    connection = sqlite3.connect(old / "index" / CATALOG_NAME)
    connection.execute(f"PRAGMA user_version = {migrations.SCHEMA_VERSION + 1}")
    connection.close()
    before = {path: path.read_bytes() for path in (old / "index").rglob("*") if path.is_file()}

    for attempt in (lambda: stored(old / "index"), lambda: index(old / "index", old / "images")):
        with pytest.raises(CollectionError, match="newer version of the program") as told:
            attempt()
        assert "Update the program" in told.value.next_step

    assert {path: path.read_bytes() for path in (old / "index").rglob("*") if path.is_file()} == before


def test_features_of_another_model_are_never_searched_and_never_deleted(old):
    other = StubEncoder(fingerprint="b" * 64)
    with Catalog(old / "index") as catalog:
        assert catalog.find_model("b" * 64) is None
    index(old / "index", old / "images", other)
    assert other.images_encoded == 4

    with Catalog(old / "index") as catalog:
        first, second = (catalog.gallery(catalog.models()[name]) for name in (FINGERPRINT, "b" * 64))
    assert {shard.name for shard in first.shards}.isdisjoint(shard.name for shard in second.shards)
    assert first.paths == second.paths
    assert len(stored(old / "index")) == 4
