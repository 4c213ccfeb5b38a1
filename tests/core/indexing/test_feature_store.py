"""Shards are safetensors files that give back exactly what was written, and refuse to be read when damaged."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from faami_core.errors import CollectionError
from faami_core.indexing.feature_store import (
    DamagedRowsError,
    DamagedShardError,
    Gallery,
    damaged_rows,
    open_shard,
    remove_unnamed,
    row_checks,
    shard_metadata,
    write_shard,
)
from faami_core.indexing.records import GalleryRows, ShardRecord, ShardRows, StoredRow
from faami_core.types import ImageFeatures
from tests.stub_encoder import StubEncoder

D, R = 16, 20


def some_rows(count: int, seed: int = 0, first_id: int = 1) -> ShardRows:
    rng = np.random.default_rng(seed)
    features = ImageFeatures(
        rng.normal(size=(count, D)).astype(np.float16),
        rng.integers(-127, 128, (count, R, D), dtype=np.int8),
        rng.random((count, R), dtype=np.float32),
        rng.random((count, R), dtype=np.float32),
    )
    return ShardRows(
        np.arange(first_id, first_id + count),
        rng.integers(0, 256, (count, 32), dtype=np.uint8),
        np.tile(np.array([0, 0, 48, 32], dtype=np.int32), (count, 1)),
        features,
    )


@pytest.fixture
def metadata():
    return shard_metadata(StubEncoder().info)


def gallery_rows(shards: list[tuple[ShardRecord, ShardRows]], order: np.ndarray) -> GalleryRows:
    ids = np.concatenate([rows.item_ids for _, rows in shards])
    shard_of = np.concatenate([np.full(len(rows.item_ids), number) for number, (_, rows) in enumerate(shards)])
    row_of = np.concatenate([np.arange(len(rows.item_ids)) for _, rows in shards])
    checks = np.concatenate([checks_of(rows) for _, rows in shards])
    return GalleryRows(
        ids[order],
        tuple(b"/x/%d" % index for index in order),
        np.tile(np.array([[48, 32]], dtype=np.int32), (len(order), 1)),
        tuple(record for record, _ in shards),
        shard_of[order].astype(np.int32),
        row_of[order].astype(np.int64),
        checks[order],
    )


def checks_of(rows: ShardRows) -> np.ndarray:
    return np.array(row_checks(rows.features.regions, rows.features.key_scale, rows.features.value_scale))


def stored_rows(record: ShardRecord, rows: ShardRows) -> list[StoredRow]:
    return [
        StoredRow(item_id, record.name, row, check)
        for row, (item_id, check) in enumerate(zip(rows.item_ids.tolist(), checks_of(rows).tolist(), strict=True))
    ]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_a_shard_reads_back_equal_and_is_a_plain_safetensors_file(tmp_path, metadata):
    rows = some_rows(5)
    record = write_shard(tmp_path / "s", rows, metadata)
    path = tmp_path / "s" / record.name

    shard = open_shard(path)
    reference = load_file(path)

    for name in ("global_features", "regions", "key_scale", "value_scale"):
        np.testing.assert_array_equal(getattr(shard, name), getattr(rows.features, name))
    for name in ("item_ids", "contents", "windows"):
        np.testing.assert_array_equal(getattr(shard, name), getattr(rows, name))
    assert set(reference) == {
        "global_features", "regions", "key_scale", "value_scale", "item_ids", "contents", "windows",
    }  # fmt: skip
    with safe_open(path, "np") as opened:
        assert opened.metadata()["fingerprint"] == "5" * 64
        assert json.loads(opened.metadata()["grids"]) == [["fine", 4, 4], ["coarse", 2, 2]]
    assert (record.rows, record.size) == (5, path.stat().st_size)
    assert record.sha256 == hashlib.sha256(path.read_bytes()).digest()


def test_an_open_shard_cannot_be_written_to(tmp_path, metadata):
    shard = open_shard(tmp_path / write_shard(tmp_path, some_rows(2), metadata).name)

    with pytest.raises(ValueError, match="read-only"):
        shard.regions[0, 0, 0] = 1


def damage_length(data: bytes) -> bytes:
    return struct.pack("<Q", 1 << 40) + data[8:]


def damage_offsets(data: bytes) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["regions"]["data_offsets"] = [0, 10**9]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:5],
        lambda data: b"\xff" * len(data),
        damage_length,
        damage_offsets,
        lambda data: data.replace(b'"I8"', b'"U8"'),
        lambda data: data.replace(b'"format":"1"', b'"format":"9"'),
        lambda data: data.replace(b"windows", b"WINDOWS"),
    ],
)
def test_a_damaged_shard_is_refused(tmp_path, metadata, damage):
    path = tmp_path / write_shard(tmp_path, some_rows(3), metadata).name
    damaged = damage(path.read_bytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)

    with pytest.raises(CollectionError, match="missing or damaged"):
        open_shard(path)


def test_a_shard_whose_tensors_disagree_in_rows_is_refused(tmp_path, metadata):
    path = tmp_path / write_shard(tmp_path, some_rows(3), metadata).name
    with safe_open(path, "np") as opened:
        metadata = opened.metadata()
    tensors = load_file(path)
    tensors["windows"] = tensors["windows"][:2]
    save_file(tensors, path, metadata)

    with pytest.raises(CollectionError, match="missing or damaged"):
        open_shard(path)


def test_a_missing_shard_is_told(tmp_path):
    with pytest.raises(CollectionError, match=r"'gone\.safetensors' of the index is missing"):
        open_shard(tmp_path / "gone.safetensors")


def test_a_gallery_gathers_rows_of_several_shards_in_the_order_asked(tmp_path, metadata):
    parts = [some_rows(4, 0, 1), some_rows(3, 1, 5)]
    shards = [(write_shard(tmp_path, rows, metadata), rows) for rows in parts]
    order = np.array([6, 0, 5, 2, 1, 3, 4])
    gallery = Gallery(gallery_rows(shards, order), tmp_path)
    all_regions = np.concatenate([rows.features.regions for rows in parts])[order]
    all_scales = np.concatenate([rows.features.value_scale for rows in parts])[order]
    all_globals = np.concatenate([rows.features.global_features for rows in parts])[order]

    asked = np.array([3, 0, 6, 1])
    regions, key_scale, value_scale = gallery.gather(asked)

    np.testing.assert_array_equal(gallery.global_features, all_globals)
    np.testing.assert_array_equal(regions, all_regions[asked])
    np.testing.assert_array_equal(value_scale, all_scales[asked])
    assert key_scale.shape == (4, R)
    assert regions.flags.writeable


def test_locality_is_the_order_on_disk(tmp_path, metadata):
    parts = [some_rows(4, 0, 1), some_rows(3, 1, 5)]
    shards = [(write_shard(tmp_path, rows, metadata), rows) for rows in parts]
    gallery = Gallery(gallery_rows(shards, np.array([6, 0, 5, 2, 1, 3, 4])), tmp_path)

    near = gallery.locality(np.arange(7))

    assert gallery.item_ids[near].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_rows_that_the_catalog_misplaces_are_left_out(tmp_path, metadata):
    rows = some_rows(3)
    columns = gallery_rows([(write_shard(tmp_path, rows, metadata), rows)], np.arange(3))
    swapped = replace(columns, item_ids=columns.item_ids[::-1].copy())

    gallery = Gallery(swapped, tmp_path)

    assert gallery.item_ids.tolist() == [2]
    assert [row.item_id for row in gallery.lost] == [3, 1]
    assert gallery.damaged == 2


def test_a_missing_or_cut_shard_costs_only_its_own_images(tmp_path, metadata):
    parts = [some_rows(4, 0, 1), some_rows(3, 1, 5), some_rows(2, 2, 8)]
    shards = [(write_shard(tmp_path, rows, metadata), rows) for rows in parts]
    (tmp_path / shards[0][0].name).unlink()
    cut = tmp_path / shards[2][0].name
    cut.write_bytes(cut.read_bytes()[:-1])

    gallery = Gallery(gallery_rows(shards, np.arange(9)), tmp_path)

    assert gallery.item_ids.tolist() == [5, 6, 7]
    assert gallery.damaged == 6
    np.testing.assert_array_equal(gallery.gather(np.arange(3))[0], parts[1].features.regions)


def test_any_flipped_bit_of_the_head_is_seen_at_opening(tmp_path, metadata):
    rows = some_rows(3)
    record = write_shard(tmp_path, rows, metadata)
    path = tmp_path / record.name
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    features = open_shard(path, record).global_features
    place = path.read_bytes().index(features.tobytes())
    for byte in (0, 9, header - 30, header, place + 5):
        flip(path, byte)
        with pytest.raises(DamagedShardError):
            open_shard(path, record)
        flip(path, byte)

    assert open_shard(path, record).path == path


def test_a_flipped_bit_in_a_row_is_seen_at_its_first_use_and_the_rest_goes_on_without_it(tmp_path, metadata):
    rows = some_rows(5)
    record = write_shard(tmp_path, rows, metadata)
    path = tmp_path / record.name
    flip(path, path.read_bytes().index(rows.features.regions[3].tobytes()) + 7)
    gallery = Gallery(gallery_rows([(record, rows)], np.arange(5)), tmp_path)

    np.testing.assert_array_equal(gallery.gather(np.array([0, 1]))[0], rows.features.regions[:2])
    with pytest.raises(DamagedRowsError) as found:
        gallery.gather(np.array([2, 3]))
    rest = gallery.without(found.value.indices)

    assert found.value.indices.tolist() == [3]
    assert [row.item_id for row in gallery.stored(found.value.indices)] == [4]
    assert rest.item_ids.tolist() == [1, 2, 3, 5]
    assert (rest.damaged, len(rest.global_features)) == (1, 4)
    np.testing.assert_array_equal(rest.gather(np.arange(4))[0], np.delete(rows.features.regions, 3, axis=0))


def test_damage_is_found_row_by_row_only_by_a_thorough_look(tmp_path, metadata):
    rows = some_rows(4)
    record = write_shard(tmp_path, rows, metadata)
    path = tmp_path / record.name
    stored = stored_rows(record, rows)
    flip(path, path.read_bytes().index(rows.features.regions[2].tobytes()))

    assert damaged_rows(path, record, stored, thorough=False) == []
    assert damaged_rows(path, record, stored, thorough=True) == stored[2:3]
    path.unlink()
    assert damaged_rows(path, record, stored, thorough=False) == stored


def test_a_shard_without_checks_is_checked_as_a_whole_file(tmp_path, metadata):
    rows = some_rows(3)
    record = replace(write_shard(tmp_path, rows, metadata), head_check=None)
    path = tmp_path / record.name

    assert len(open_shard(path, record).item_ids) == 3
    flip(path, path.stat().st_size - 1)
    with pytest.raises(DamagedShardError):
        open_shard(path, record)


def test_shards_the_catalog_does_not_name_are_removed(tmp_path, metadata):
    kept, orphan = (write_shard(tmp_path, some_rows(2, seed), metadata) for seed in range(2))

    assert remove_unnamed(tmp_path, {kept.name, "gone.safetensors"}) == 1
    assert not (tmp_path / orphan.name).exists()
    assert (tmp_path / kept.name).exists()


def test_a_file_longer_than_recorded_is_refused(tmp_path, metadata):
    record = write_shard(tmp_path, some_rows(3), metadata)
    path = tmp_path / record.name
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(DamagedShardError):
        open_shard(path, record)


def test_a_row_whose_recorded_check_is_zero_is_checked_like_any_other(tmp_path, metadata):
    rows = some_rows(3)
    columns = gallery_rows([(write_shard(tmp_path, rows, metadata), rows)], np.arange(3))
    assert columns.checks[1] != 0
    columns.checks[1] = 0

    with pytest.raises(DamagedRowsError) as found:
        Gallery(columns, tmp_path).gather(np.arange(3))

    assert found.value.indices.tolist() == [1]
