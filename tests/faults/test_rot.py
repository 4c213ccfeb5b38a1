"""C2: flipped bits and cut files never give a wrong answer; what is damaged is left out, told, and made anew."""

from __future__ import annotations

import os
import random
import shutil

import pytest

from faami_core.indexing import upkeep
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.galleries import Galleries
from faami_core.search.engine import search_gallery
from faami_core.session import Session
from faami_core.types import Query
from tests.faults.index_tools import FINGERPRINT, check_tidy, index, paint, paint_many, rot_a_row, stored
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults

IMAGES = 40


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Images, their data folder with a sound index, and the score of every image for a query."""
    base = tmp_path_factory.mktemp("sound")
    paint_many(base / "images", range(IMAGES))
    session = Session(encoder=StubEncoder(), data_dir=base / "data")
    session.index(base / "images")
    return base / "images", base / "data", scores(session, base / "images")


def scores(session: Session, root) -> dict[str, float]:
    return {hit.path.name: hit.score for hit in session.search(root, Query.from_text("red roofs")).hits}


@pytest.mark.parametrize("seed", range(100))
def test_a_flipped_byte_costs_its_own_images_only_until_the_next_run(collection, tmp_path, seed):
    images, data, expected = collection
    shutil.copytree(data, tmp_path / "data")
    chance = random.Random(seed)
    shard = chance.choice(sorted((tmp_path / "data").rglob("*.safetensors")))
    rotten = bytearray(shard.read_bytes())
    rotten[chance.randrange(len(rotten))] ^= chance.randrange(1, 256)
    shard.write_bytes(rotten)
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")

    result = session.search(images, Query.from_text("red roofs"))
    found = {hit.path.name: hit.score for hit in result.hits}
    assert found.items() <= expected.items()
    assert 1 <= result.damaged <= 8
    assert len(found) + result.damaged == result.gallery_size + result.damaged == IMAGES

    encoder = StubEncoder()
    report = Session(encoder=encoder, data_dir=tmp_path / "data").index(images)
    assert report.repaired == encoder.images_encoded == result.damaged
    assert scores(session, images) == expected


@pytest.mark.parametrize("keep", [0, 5, 1000, -1])
def test_a_cut_shard_is_made_anew_by_the_next_run(collection, tmp_path, keep):
    images, data, expected = collection
    shutil.copytree(data, tmp_path / "data")
    shard = min((tmp_path / "data").rglob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:keep])

    report = Session(encoder=StubEncoder(), data_dir=tmp_path / "data").index(images)

    assert report.repaired == 8
    assert scores(Session(encoder=StubEncoder(), data_dir=tmp_path / "data"), images) == expected


def test_rot_is_not_given_a_fresh_checksum_when_shards_are_joined(tmp_path):
    paint_many(tmp_path / "images", range(IMAGES))
    index(tmp_path / "index", tmp_path / "images")
    expected = stored(tmp_path / "index")
    rot_a_row(tmp_path / "index")

    with Catalog(tmp_path / "index") as catalog:
        upkeep.compact(catalog)
        assert catalog.counts(catalog.models()[FINGERPRINT]).damaged == 1
    report = index(tmp_path / "index", tmp_path / "images")

    assert report.repaired == 1
    assert stored(tmp_path / "index") == expected
    check_tidy(tmp_path / "index")


def test_rot_that_joining_finds_in_the_middle_of_a_run_is_repaired_in_that_run(tmp_path, monkeypatch):
    paint_many(tmp_path / "images", range(16))
    index(tmp_path / "index", tmp_path / "images")
    rot_a_row(tmp_path / "index")
    paint_many(tmp_path / "images", range(16, 32))
    monkeypatch.setattr(upkeep, "SMALL_SHARDS", 3)

    report = index(tmp_path / "index", tmp_path / "images")

    assert report.repaired == 1
    index(tmp_path / "undisturbed", tmp_path / "images")
    assert stored(tmp_path / "index") == stored(tmp_path / "undisturbed")
    check_tidy(tmp_path / "index")


def test_verify_finds_rot_that_no_search_has_met_and_edits_that_kept_size_and_time(tmp_path):
    paint_many(tmp_path / "images", range(24))
    index(tmp_path / "index", tmp_path / "images")
    rot_a_row(tmp_path / "index")
    edited = tmp_path / "images" / "0020.png"
    before = edited.stat()
    paint(edited, 999)
    os.truncate(edited, before.st_size)
    os.utime(edited, ns=(before.st_mtime_ns, before.st_mtime_ns))

    report = index(tmp_path / "index", tmp_path / "images", verify=True)

    assert (report.repaired, report.changed, report.unchanged) == (1, 1, 23)


def test_damage_found_by_one_search_is_known_to_the_next(collection, tmp_path):
    images, data, _ = collection
    shutil.copytree(data, tmp_path / "data")
    rot_a_row(tmp_path / "data")
    query = Query.from_text("red roofs")

    first = Session(encoder=StubEncoder(), data_dir=tmp_path / "data").search(images, query)
    second = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")

    assert first.damaged == second.search(images, query).damaged == second.open_collection(images).damaged == 1


def test_a_gallery_opened_while_shards_are_joined_has_all_images(tmp_path, monkeypatch):
    """The writer takes the old shards away just after a reader has looked up where its rows lie."""
    paint_many(tmp_path / "images", range(IMAGES))
    index(tmp_path / "index", tmp_path / "images")
    look_up = Catalog.gallery
    joined = []

    def look_up_then_join(self, model_id):
        rows = look_up(self, model_id)
        if not joined:
            joined.append(True)
            with Catalog(tmp_path / "index") as writer:
                upkeep.compact(writer)
        return rows

    monkeypatch.setattr(Catalog, "gallery", look_up_then_join)
    gallery = Galleries().get(tmp_path / "index", FINGERPRINT)

    assert (len(gallery), gallery.damaged) == (IMAGES, 0)
    query = Query.from_text("red")
    hits = search_gallery(gallery, StubEncoder(), query, collection=tmp_path, read_part=None).hits
    assert len(hits) == IMAGES
