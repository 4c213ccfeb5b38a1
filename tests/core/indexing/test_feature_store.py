"""Shards are safetensors files that give back exactly what was written, and refuse to be read when damaged."""

from __future__ import annotations

import hashlib
import json
import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from faami_core.errors import CollectionError
from faami_core.indexing.feature_store import (
    Gallery,
    lost_shards,
    open_shard,
    remove_unnamed,
    write_shard,
)
from faami_core.indexing.records import GalleryRows, ShardRows
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
def info():
    return StubEncoder().info


def gallery_rows(shards: list[tuple[str, ShardRows]], order: np.ndarray) -> GalleryRows:
    ids = np.concatenate([rows.item_ids for _, rows in shards])
    shard_of = np.concatenate([np.full(len(rows.item_ids), number) for number, (_, rows) in enumerate(shards)])
    row_of = np.concatenate([np.arange(len(rows.item_ids)) for _, rows in shards])
    return GalleryRows(
        ids[order],
        tuple(b"/x/%d" % index for index in order),
        np.tile(np.array([[48, 32]], dtype=np.int32), (len(order), 1)),
        tuple(name for name, _ in shards),
        shard_of[order].astype(np.int32),
        row_of[order].astype(np.int64),
    )


def test_a_shard_reads_back_equal_and_is_a_plain_safetensors_file(tmp_path, info):
    rows = some_rows(5)
    record = write_shard(tmp_path / "s", rows, info)
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
        assert opened.metadata()["fingerprint"] == info.fingerprint
        assert json.loads(opened.metadata()["grids"]) == [["fine", 4, 4], ["coarse", 2, 2]]
    assert (record.rows, record.size) == (5, path.stat().st_size)
    assert record.sha256 == hashlib.sha256(path.read_bytes()).digest()


def test_an_open_shard_cannot_be_written_to(tmp_path, info):
    shard = open_shard(tmp_path / write_shard(tmp_path, some_rows(2), info).name)

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
def test_a_damaged_shard_is_refused(tmp_path, info, damage):
    path = tmp_path / write_shard(tmp_path, some_rows(3), info).name
    damaged = damage(path.read_bytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)

    with pytest.raises(CollectionError, match="missing or damaged"):
        open_shard(path)


def test_a_shard_whose_tensors_disagree_in_rows_is_refused(tmp_path, info):
    path = tmp_path / write_shard(tmp_path, some_rows(3), info).name
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


def test_a_gallery_gathers_rows_of_several_shards_in_the_order_asked(tmp_path, info):
    parts = [some_rows(4, 0, 1), some_rows(3, 1, 5)]
    shards = [(write_shard(tmp_path, rows, info).name, rows) for rows in parts]
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


def test_locality_is_the_order_on_disk(tmp_path, info):
    parts = [some_rows(4, 0, 1), some_rows(3, 1, 5)]
    shards = [(write_shard(tmp_path, rows, info).name, rows) for rows in parts]
    gallery = Gallery(gallery_rows(shards, np.array([6, 0, 5, 2, 1, 3, 4])), tmp_path)

    near = gallery.locality(np.arange(7))

    assert gallery.item_ids[near].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_catalog_that_points_at_other_images_rows_is_refused(tmp_path, info):
    rows = some_rows(3)
    shards = [(write_shard(tmp_path, rows, info).name, rows)]
    columns = gallery_rows(shards, np.arange(3))
    swapped = GalleryRows(
        columns.item_ids[::-1], columns.paths, columns.sizes, columns.shard_names, columns.shard_of, columns.row_of
    )

    with pytest.raises(CollectionError, match="does not belong"):
        Gallery(swapped, tmp_path)


def test_shards_the_catalog_does_not_name_are_removed_and_lost_ones_are_told(tmp_path, info):
    kept, orphan, cut = (write_shard(tmp_path, some_rows(2, seed), info) for seed in range(3))
    (tmp_path / cut.name).write_bytes(b"short")

    removed = remove_unnamed(tmp_path, {kept.name, cut.name, "gone.safetensors"})
    lost = lost_shards(tmp_path, {kept.name: kept, cut.name: cut, orphan.name: orphan})

    assert removed == 1
    assert not (tmp_path / orphan.name).exists()
    assert sorted(lost) == sorted([cut.name, orphan.name])
