"""Small shards are joined before they become many, and compacting leaves only rows in use."""

from __future__ import annotations

import pytest

from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing import upkeep
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.lock import WriterLock
from faami_core.types import CancelToken, Progress
from tests.faults.index_tools import FINGERPRINT, check_tidy, index, paint_many, stored
from tests.stub_encoder import StubEncoder


@pytest.fixture
def images(tmp_path):
    paint_many(tmp_path / "images", range(40))
    return tmp_path / "images"


def rows_of_shards(folder) -> list[int]:
    with Catalog(folder) as catalog:
        return [record.rows for record in catalog.shards(catalog.models()[FINGERPRINT]).values()]


def test_a_run_joins_its_shards_when_they_fill_a_whole_one(images, tmp_path, monkeypatch):
    index(tmp_path / "apart", images)
    assert rows_of_shards(tmp_path / "apart") == [8] * 5
    monkeypatch.setattr(upkeep, "SHARD_ROWS", 24)

    index(tmp_path / "joined", images)

    assert rows_of_shards(tmp_path / "joined") == [24, 8, 8]
    assert stored(tmp_path / "joined").keys() == stored(tmp_path / "apart").keys()
    check_tidy(tmp_path / "joined")


def test_many_tiny_runs_do_not_leave_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr(upkeep, "SMALL_SHARDS", 4)
    for number in range(12):
        paint_many(tmp_path / "images", [number])
        index(tmp_path / "index", tmp_path / "images")

    assert len(rows_of_shards(tmp_path / "index")) <= 4
    assert len(stored(tmp_path / "index")) == 12


def test_compacting_drops_rows_out_of_use_of_all_models_and_changes_no_other(images, tmp_path):
    index(tmp_path / "index", images)
    index(tmp_path / "index", images, StubEncoder(fingerprint="b" * 64))
    for seed in range(0, 40, 4):
        (images / f"{seed:04d}.png").unlink()
    index(tmp_path / "index", images)
    expected = stored(tmp_path / "index")
    steps: list[Progress] = []

    with Catalog(tmp_path / "index") as catalog:
        report = upkeep.compact(catalog, progress=steps.append)

    assert (report.shards_before, report.shards_after, report.rows_dropped) == (10, 2, 20)
    assert report.bytes_after < report.bytes_before
    assert [step.done for step in steps] == [0, 1]
    assert stored(tmp_path / "index") == expected
    check_tidy(tmp_path / "index")
    with Catalog(tmp_path / "index") as catalog:
        again = upkeep.compact(catalog)
    assert (again.bytes_before, again.rows_dropped) == (again.bytes_after, 0)


def test_compacting_can_be_cancelled_and_waits_for_no_writer(images, tmp_path):
    index(tmp_path / "index", images)
    cancel = CancelToken()
    cancel.cancel()

    with Catalog(tmp_path / "index") as catalog:
        with pytest.raises(CancelledError):
            upkeep.compact(catalog, cancel=cancel)
        with WriterLock(tmp_path / "index"), pytest.raises(CollectionError, match="another process"):
            upkeep.compact(catalog)
    assert rows_of_shards(tmp_path / "index") == [8] * 5


def test_damage_seen_before_a_row_moved_is_not_put_on_the_moved_row(tmp_path):
    paint_many(tmp_path / "images", range(16))
    index(tmp_path / "index", tmp_path / "images")
    with Catalog(tmp_path / "index") as catalog:
        model_id = catalog.models()[FINGERPRINT]
        seen = [row for name in catalog.shards(model_id) for row in catalog.stored_rows(model_id, name)]
        upkeep.compact(catalog)
        catalog.mark_damaged(model_id, seen)
        assert catalog.counts(model_id).damaged == 0, "the copies are sound"
        moved = [row for name in catalog.shards(model_id) for row in catalog.stored_rows(model_id, name)]
        catalog.mark_damaged(model_id, moved[:3])
        assert catalog.counts(model_id).damaged == 3
