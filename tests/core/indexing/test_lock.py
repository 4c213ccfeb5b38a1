"""One writer per collection; the second is told who the first is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing import indexer
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.indexer import index_collection
from faami_core.indexing.lock import WriterLock
from tests.stub_encoder import StubEncoder


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    with WriterLock(tmp_path):
        with pytest.raises(CollectionError) as told:
            WriterLock(tmp_path).__enter__()
        assert f"(process {os.getpid()})" in str(told.value)


def test_the_name_of_an_earlier_holder_with_a_longer_number_leaves_nothing_behind(tmp_path):
    (tmp_path / "writer.lock").write_bytes(b" process 123456789012")
    with WriterLock(tmp_path):
        with pytest.raises(CollectionError) as told:
            WriterLock(tmp_path).__enter__()
        assert f"(process {os.getpid()})" in str(told.value)


def test_the_lock_is_free_again_afterwards(tmp_path):
    with WriterLock(tmp_path):
        pass
    with WriterLock(tmp_path) as again:
        again.check()  # raises unless it is held in place


def test_the_lock_dies_with_the_process_that_holds_it(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from faami_core.indexing.lock import WriterLock\n"
        "WriterLock(Path(sys.argv[1])).__enter__(); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert killed.returncode == 9
    with WriterLock(tmp_path):
        pass


@pytest.mark.parametrize("what", ["index", "data"])
@pytest.mark.parametrize("how", ["renamed", "removed", "replaced"])
def test_an_index_that_is_taken_away_while_it_is_written_stops_with_a_sentence_and_is_not_made_twice(
    tmp_path, image_folder, monkeypatch, what, how
):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    index, away = tmp_path / "data" / "collections" / "images", tmp_path / "away"
    moved = index if what == "index" else tmp_path / "data"
    encoder, encode = StubEncoder(), StubEncoder.encode_images

    def take_away(self, images):
        if encoder.images_encoded == 4:
            shutil.copytree(moved, away) if how == "removed" else None
            shutil.rmtree(moved) if how == "removed" else moved.rename(away)
            index.mkdir(parents=True) if how == "replaced" else None
        return encode(self, images)

    monkeypatch.setattr(StubEncoder, "encode_images", take_away)
    with (
        Catalog(index, create=True) as catalog,
        pytest.raises(CollectionError, match="was renamed or removed") as told,
    ):
        index_collection(catalog, image_folder, encoder)

    assert told.value.next_step
    assert not list(index.rglob("*")) if how == "replaced" else not moved.exists()
    shutil.rmtree(moved, ignore_errors=True)
    away.rename(moved)
    encoder.images_encoded = 5
    with Catalog(index) as catalog:
        report = index_collection(catalog, image_folder, encoder)
    assert (report.seen, report.embedded, report.waiting) == (12, 8, 0)
