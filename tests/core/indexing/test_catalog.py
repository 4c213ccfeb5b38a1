"""The catalog remembers files, items and features, tells them in order of path, and changes all or nothing."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from faami_core.errors import CollectionError
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.records import DecodedFile, FailedFile, FoundFile, ScanDiff, ShardRecord
from tests.stub_encoder import StubEncoder

NO_PIXELS = np.zeros((0, 0, 3), dtype=np.uint8)


@pytest.fixture
def catalog(tmp_path):
    with Catalog(tmp_path / "index", create=True) as opened:
        yield opened


def add_files(catalog: Catalog, root: Path, *paths: bytes) -> dict[bytes, int]:
    root_id = catalog.add_root(root)
    catalog.apply_scan(root_id, ScanDiff(added=[FoundFile(path, 1, 1) for path in paths]))
    return {path: file.file_id for path, file in catalog.known_files(root_id).items()}


def decoded(file_id: int, content: bytes = b"c" * 32, width: int = 48) -> DecodedFile:
    return DecodedFile(file_id, content, 1, 1, width, 32, NO_PIXELS)


def embed(catalog: Catalog, model_id: int, file_ids: list[int], name: str = "s") -> dict[int, int]:
    items = catalog.record_files([decoded(file_id) for file_id in file_ids], [])
    catalog.add_shard(model_id, ShardRecord(name, len(items), 1, b"h"), list(items.values()), [0] * len(items))
    return items


def test_a_missing_catalog_is_not_made_by_opening_it(tmp_path):
    with pytest.raises(CollectionError, match="has not been indexed"):
        Catalog(tmp_path / "nothing")

    assert not (tmp_path / "nothing").exists()


def test_adding_the_same_root_or_model_twice_gives_the_same_id(catalog):
    info = StubEncoder().info

    assert catalog.add_root(Path("/a")) == catalog.add_root(Path("/a")) != catalog.add_root(Path("/b"))
    assert catalog.add_model(info) == catalog.add_model(info)
    assert catalog.find_model("unknown") is None


def test_the_gallery_is_in_order_of_path_over_several_roots_and_shards(catalog):
    model_id = catalog.add_model(StubEncoder().info)
    second = add_files(catalog, Path("/b"), b"x")
    first = add_files(catalog, Path("/a"), b"b", b"a/z", b"\xff")
    embed(catalog, model_id, [first[b"b"], second[b"x"]], "one")
    embed(catalog, model_id, [first[b"\xff"], first[b"a/z"]], "two")

    rows = catalog.gallery(model_id)

    assert rows.paths == (b"/a/a/z", b"/a/b", b"/a/\xff", b"/b/x")
    assert [rows.shards[number].name for number in rows.shard_of] == ["two", "one", "two", "one"]
    assert rows.row_of.tolist() == [1, 0, 0, 1]
    assert rows.sizes.tolist() == [[48, 32]] * 4


def test_a_file_is_pending_until_the_model_has_its_features(catalog):
    first, second = catalog.add_model(StubEncoder().info), catalog.add_model(StubEncoder(fingerprint="b").info)
    files = add_files(catalog, Path("/a"), b"x", b"y")
    embed(catalog, first, [files[b"x"]])

    assert [file.path for file in catalog.pending(first)] == [b"/a/y"]
    assert [file.path for file in catalog.pending(second)] == [b"/a/x", b"/a/y"]


def test_an_item_keeps_its_id_over_models_but_not_over_contents(catalog):
    model_id = catalog.add_model(StubEncoder().info)
    file_id = add_files(catalog, Path("/a"), b"x")[b"x"]
    item = embed(catalog, model_id, [file_id])[file_id]

    assert catalog.record_files([decoded(file_id)], [])[file_id] == item
    assert catalog.record_files([decoded(file_id, b"d" * 32)], [])[file_id] > item
    assert len(catalog.gallery(model_id).paths) == 0, "features of the old content must be gone"


def test_item_ids_are_never_used_again(catalog):
    root_id = catalog.add_root(Path("/a"))
    file_id = add_files(catalog, Path("/a"), b"x")[b"x"]
    item = catalog.record_files([decoded(file_id)], [])[file_id]
    catalog.apply_scan(root_id, ScanDiff(removed=[file_id]))
    file_id = add_files(catalog, Path("/a"), b"x")[b"x"]

    assert catalog.record_files([decoded(file_id)], [])[file_id] > item


def test_files_that_swap_names_by_moving_do_not_clash(catalog):
    root_id = catalog.add_root(Path("/a"))
    files = add_files(catalog, Path("/a"), b"x", b"y")

    catalog.apply_scan(
        root_id, ScanDiff(moved=[(files[b"x"], FoundFile(b"y", 1, 1)), (files[b"y"], FoundFile(b"x", 1, 1))])
    )

    assert {path: file.file_id for path, file in catalog.known_files(root_id).items()} == {
        b"x": files[b"y"],
        b"y": files[b"x"],
    }


def test_counts_put_every_file_in_exactly_one_state(catalog):
    model_id = catalog.add_model(StubEncoder().info)
    files = add_files(catalog, Path("/a"), b"good", b"bad", b"away", b"bad and away")
    embed(catalog, model_id, [files[b"good"], files[b"away"]])
    catalog.record_files([], [FailedFile(files[name], "why") for name in (b"bad", b"bad and away")])
    away = [files[b"away"], files[b"bad and away"]]
    catalog.apply_scan(catalog.add_root(Path("/a")), ScanDiff(offline=away))

    counts = catalog.counts(model_id)

    assert (counts.seen, counts.indexed, counts.unreadable, counts.offline) == (4, 1, 1, 2)
    assert [(image.path, image.reason) for image in catalog.unreadable()] == [(Path("/a/bad"), "why")]


def test_every_change_raises_the_generation_and_a_failed_one_changes_nothing(catalog):
    before = catalog.generation
    add_files(catalog, Path("/a"), b"x")
    after = catalog.generation

    with pytest.raises(sqlite3.IntegrityError):
        add_files(catalog, Path("/a"), b"y", b"x")

    assert after > before
    assert catalog.generation == after
    assert set(catalog.known_files(catalog.add_root(Path("/a")))) == {b"x"}


def test_a_reader_sees_the_state_before_while_a_writer_is_at_work(catalog):
    add_files(catalog, Path("/a"), b"x")
    with Catalog(catalog.folder) as reader, catalog.transaction() as connection:
        connection.execute("DELETE FROM file")

        assert reader.counts(-1).seen == 1


def test_only_faults_of_disk_and_database_are_told_as_such(tmp_path):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    with pytest.raises(CollectionError, match=r"cannot be read or written: disk I/O error"), index_errors(tmp_path):
        raise error
    with pytest.raises(CollectionError, match=os.strerror(30)), index_errors(tmp_path):
        raise OSError(30, os.strerror(30))
    with pytest.raises(sqlite3.ProgrammingError), index_errors(tmp_path):
        raise sqlite3.ProgrammingError("a mistake of ours")


def test_only_damaged_rows_give_way_to_new_ones(catalog):
    model_id = catalog.add_model(StubEncoder().info)
    files = add_files(catalog, Path("/a"), b"x", b"y")
    items = embed(catalog, model_id, list(files.values()), "first")
    sound, damaged = items[files[b"x"]], items[files[b"y"]]
    catalog.mark_damaged(model_id, [row for row in catalog.stored_rows(model_id, "first") if row.item_id == damaged])

    with pytest.raises(sqlite3.IntegrityError):
        catalog.add_shard(model_id, ShardRecord("second", 2, 1, b"h"), [sound, damaged], [1, 1])
    assert list(catalog.shards(model_id)) == ["first"], "all or nothing"
    catalog.add_shard(model_id, ShardRecord("third", 1, 1, b"h"), [damaged], [1])

    rows = {row.item_id: row for name in ("first", "third") for row in catalog.stored_rows(model_id, name)}
    assert {item: (row.shard, row.check) for item, row in rows.items()} == {
        sound: ("first", 0),
        damaged: ("third", 1),
    }
