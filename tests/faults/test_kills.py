"""C1: a process killed for good at any point loses at most the batch it was at, and doubles nothing."""

from __future__ import annotations

import random
import shutil
import signal
import time

import pytest

from faami_core.indexing.catalog import Catalog
from faami_core.indexing.indexer import CPU_BATCH_SIZE
from tests.faults.index_tools import FINGERPRINT, check_tidy, encoded, index, paint_many, start_child, stored
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults

IMAGES = 120  # 15 batches
STEPS = ["begin", "create", "write", "sync", "rename", "sync_folder", "commit", "committed", "remove"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Images, what an uninterrupted run stores of them, and the seconds it takes in a process of its own."""
    base = tmp_path_factory.mktemp("undisturbed")
    paint_many(base / "images", range(IMAGES))
    child = start_child(base / "index", base / "images", base / "log")
    child.stdout.readline()
    started = time.monotonic()
    assert child.wait() == 0
    seconds = time.monotonic() - started
    child.stdout.close()
    return base / "images", stored(base / "index"), seconds


def committed_rows(folder) -> int:
    if not (folder / "catalog.sqlite").is_file():
        return 0
    with Catalog(folder) as catalog:
        model_id = catalog.find_model(FINGERPRINT)
        return 0 if model_id is None else catalog.counts(model_id).indexed


def finish_and_compare(folder, log, images, expected) -> None:
    """The committed rows are those of an uninterrupted run, and the next run does the rest and no more."""
    committed = committed_rows(folder)
    if committed:
        assert stored(folder).items() <= expected.items()
    rest = StubEncoder()
    index(folder, images, rest)

    assert rest.images_encoded == IMAGES - committed
    assert encoded(log) - committed <= CPU_BATCH_SIZE
    assert stored(folder) == expected
    check_tidy(folder)


@pytest.mark.parametrize("occurrence", [1, 4, 9])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_a_named_step_loses_at_most_one_batch(undisturbed, tmp_path, step, occurrence):
    images, expected, _ = undisturbed
    with start_child(tmp_path / "index", images, tmp_path / "log", step=step, occurrence=occurrence) as child:
        assert child.wait() == -signal.SIGKILL

    finish_and_compare(tmp_path / "index", tmp_path / "log", images, expected)


@pytest.mark.parametrize("seed", range(20))
def test_a_run_killed_at_a_random_moment_loses_at_most_one_batch(undisturbed, tmp_path, seed):
    images, expected, seconds = undisturbed
    with start_child(tmp_path / "index", images, tmp_path / "log") as child:
        child.stdout.readline()
        time.sleep(random.Random(seed).uniform(0, seconds))
        child.kill()

    finish_and_compare(tmp_path / "index", tmp_path / "log", images, expected)


def test_a_collection_killed_again_and_again_is_finished_in_the_end(undisturbed, tmp_path):
    images, expected, _ = undisturbed
    kills = 0
    while True:
        with start_child(
            tmp_path / "index", images, tmp_path / "log", step="rename", occurrence=4 + kills % 3
        ) as child:
            if child.wait() == 0:
                break
        kills += 1

    assert kills >= 3
    assert encoded(tmp_path / "log") <= IMAGES + kills * CPU_BATCH_SIZE
    assert stored(tmp_path / "index") == expected
    check_tidy(tmp_path / "index")


@pytest.fixture(scope="module")
def scattered(tmp_path_factory):
    """An index of 15 small shards, a third of whose rows are out of use."""
    base = tmp_path_factory.mktemp("scattered")
    paint_many(base / "images", range(IMAGES))
    index(base / "index", base / "images")
    for seed in range(0, IMAGES, 3):
        (base / "images" / f"{seed:04d}.png").unlink()
    index(base / "index", base / "images")
    return base, stored(base / "index")


@pytest.mark.parametrize(
    ("step", "occurrence"), [(step, 1) for step in STEPS] + [("begin", 2), ("commit", 2), ("remove", 7)]
)
def test_compacting_killed_at_a_named_step_changes_no_row(scattered, tmp_path, step, occurrence):
    base, expected = scattered
    folder = tmp_path / "index"
    shutil.copytree(base / "index", folder)
    with start_child(
        folder, base / "images", tmp_path / "log", task="compact", step=step, occurrence=occurrence
    ) as child:
        assert child.wait() == -signal.SIGKILL
    assert stored(folder) == expected

    with start_child(folder, base / "images", tmp_path / "log", task="compact") as child:
        assert child.wait() == 0
    assert stored(folder) == expected
    check_tidy(folder)
    with Catalog(folder) as catalog:
        records = catalog.shards(catalog.models()[FINGERPRINT]).values()
    assert sum(record.rows for record in records) == len(expected)
    assert len(records) == 2
