"""Index runs: what is embedded, what is kept, and that neither kills, cancels nor bad files lose or double a row."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.errors import CollectionError
from faami_core.indexing import atomic, decode_pool, indexer, upkeep
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.decode_pool import DecodePool
from faami_core.indexing.feature_store import Gallery, shard_folder
from faami_core.indexing.indexer import index_collection
from faami_core.indexing.records import PendingFile
from faami_core.types import CancelToken, ImageFeatures, IndexReport, Progress
from tests.stub_encoder import StubEncoder


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def run(folder: Path, root: Path, encoder: StubEncoder, **options) -> IndexReport:
    with Catalog(folder, create=True) as catalog:
        return index_collection(catalog, root, encoder, **options)


def stored(folder: Path, encoder: StubEncoder) -> dict[str, tuple[bytes, bytes]]:
    """Features by file name, so that two indexes can be compared row by row."""
    with Catalog(folder) as catalog:
        model_id = catalog.find_model(encoder.info.fingerprint)
        gallery = Gallery(catalog.gallery(model_id), shard_folder(folder, encoder.info.fingerprint))
    regions, _, _ = gallery.gather(np.arange(len(gallery)))
    names = [os.fsdecode(path).rsplit("/", 1)[1] for path in gallery.paths]
    assert len(set(gallery.paths)) == len(gallery.paths)
    return {
        name: (gallery.global_features[index].tobytes(), regions[index].tobytes()) for index, name in enumerate(names)
    }


def adds_up(folder: Path, encoder: StubEncoder) -> None:
    with Catalog(folder) as catalog:
        counts = catalog.counts(catalog.find_model(encoder.info.fingerprint))
    assert counts.indexed + counts.unreadable + counts.offline == counts.seen


def watch_decoding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files handed to a decoder, growing."""
    names: list[str] = []
    submit = DecodePool.submit

    def watch(pool: DecodePool, file: PendingFile) -> Future:
        names.append(Path(os.fsdecode(file.path)).name)
        return submit(pool, file)

    monkeypatch.setattr(DecodePool, "submit", watch)
    return names


def paint(path: Path, colour: str) -> None:
    Image.new("RGB", (48, 32), colour).save(path)


def test_a_first_run_embeds_every_image_once(image_folder, index_folder, stub_encoder):
    report = run(index_folder, image_folder, stub_encoder)

    assert (report.seen, report.added, report.unchanged) == (12, 12, 0)
    assert not report.cancelled
    assert stub_encoder.images_encoded == 12
    assert len(stored(index_folder, stub_encoder)) == 12
    adds_up(index_folder, stub_encoder)


def test_features_in_the_index_are_those_of_the_model(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    pixels = np.asarray(Image.open(image_folder / "red.png").resize((32, 32)))[None]
    expected = stub_encoder.encode_images(pixels)

    globals_, regions = stored(index_folder, stub_encoder)["red.png"]

    assert globals_ == expected.global_features[0].tobytes()
    assert regions == expected.regions[0].tobytes()


def test_a_second_run_embeds_nothing(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    again = StubEncoder()

    report = run(index_folder, image_folder, again)

    assert (report.added, report.changed, report.removed, report.unchanged) == (0, 0, 0, 12)
    assert again.images_encoded == 0


def test_only_new_and_changed_images_are_embedded_and_removed_ones_leave(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    before = stored(index_folder, stub_encoder)
    paint(image_folder / "new.png", "purple")
    paint(image_folder / "red.png", "orange")
    (image_folder / "blue.png").unlink()
    again = StubEncoder()

    report = run(index_folder, image_folder, again)
    after = stored(index_folder, again)

    assert (report.seen, report.added, report.changed, report.removed, report.unchanged) == (12, 1, 1, 1, 10)
    assert again.images_encoded == 2
    assert set(after) == set(before) - {"blue.png"} | {"new.png"}
    assert after["red.png"] != before["red.png"]
    assert after["green.png"] == before["green.png"]
    adds_up(index_folder, again)


def test_a_moved_or_touched_file_is_not_embedded_again(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    before = stored(index_folder, stub_encoder)
    (image_folder / "sub").mkdir()
    (image_folder / "red.png").rename(image_folder / "sub" / "scarlet.png")
    os.utime(image_folder / "green.png", ns=(1, 1))
    again = StubEncoder()

    report = run(index_folder, image_folder, again)
    after = stored(index_folder, again)

    assert again.images_encoded == 0
    assert (report.added, report.removed, report.unchanged) == (0, 0, 12)
    assert after["scarlet.png"] == before["red.png"]
    assert "red.png" not in after


def test_two_files_that_swap_names_keep_their_own_pixels(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    before = stored(index_folder, stub_encoder)
    (image_folder / "red.png").rename(image_folder / "x")
    (image_folder / "blue.png").rename(image_folder / "red.png")
    (image_folder / "x").rename(image_folder / "blue.png")
    for name, stamp in (("red.png", 5), ("blue.png", 6)):
        os.utime(image_folder / name, ns=(stamp, stamp))

    run(index_folder, image_folder, stub_encoder)
    after = stored(index_folder, stub_encoder)

    assert after["red.png"] == before["blue.png"]
    assert after["blue.png"] == before["red.png"]


def test_one_bad_file_costs_only_itself(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    clean = stored(index_folder, stub_encoder)
    (image_folder / "m_broken.png").write_bytes((image_folder / "red.png").read_bytes()[:60])
    (image_folder / "m_text.jpg").write_text("not an image")
    os.mkfifo(image_folder / "m_pipe.png")
    shutil.rmtree(index_folder)

    report = run(index_folder, image_folder, stub_encoder)

    assert stored(index_folder, stub_encoder) == clean
    assert [image.path.name for image in report.unreadable] == ["m_broken.png", "m_pipe.png", "m_text.jpg"]
    assert all(image.reason for image in report.unreadable)
    assert report.seen == 15
    adds_up(index_folder, stub_encoder)


def test_an_unreadable_file_is_tried_again_only_when_changed_or_asked(image_folder, index_folder, monkeypatch):
    (image_folder / "bad.png").write_bytes(b"no")
    decoded = watch_decoding(monkeypatch)
    run(index_folder, image_folder, StubEncoder())
    decoded.clear()

    run(index_folder, image_folder, StubEncoder())
    assert decoded == []

    report = run(index_folder, image_folder, StubEncoder(), retry_unreadable=True)
    assert decoded == ["bad.png"]
    assert len(report.unreadable) == 1

    paint(image_folder / "bad.png", "red")
    report = run(index_folder, image_folder, StubEncoder())
    assert decoded == ["bad.png", "bad.png"]
    assert report.unreadable == ()


def test_trying_unreadable_files_again_never_waits_for_a_pipe(image_folder, index_folder, stub_encoder):
    os.mkfifo(image_folder / "pipe.png")
    run(index_folder, image_folder, stub_encoder)

    report = run(index_folder, image_folder, stub_encoder, retry_unreadable=True)

    assert [(image.path.name, "not a regular file" in image.reason) for image in report.unreadable] == [
        ("pipe.png", True)
    ]


def test_no_decode_thread_outlives_a_run_that_fails(image_folder, index_folder, monkeypatch):
    def full(step: str, _path: Path) -> None:
        if step == "begin":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "step_hook", full)
    with pytest.raises(CollectionError) as told:
        run(index_folder, image_folder, StubEncoder())

    assert told.value.__cause__ is not None
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_readable_file_that_becomes_unreadable_leaves_the_gallery(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    (image_folder / "red.png").write_bytes(b"spoiled")

    report = run(index_folder, image_folder, stub_encoder)

    assert [image.path.name for image in report.unreadable] == ["red.png"]
    assert "red.png" not in stored(index_folder, stub_encoder)
    adds_up(index_folder, stub_encoder)


def test_a_file_that_vanishes_between_listing_and_reading_is_listed(image_folder, index_folder, monkeypatch):
    encoder = StubEncoder()
    apply_scan = Catalog.apply_scan

    def scan_then_delete(self, *arguments):
        apply_scan(self, *arguments)
        (image_folder / "red.png").unlink()

    monkeypatch.setattr(Catalog, "apply_scan", scan_then_delete)
    report = run(index_folder, image_folder, encoder)

    assert [image.path.name for image in report.unreadable] == ["red.png"]
    assert "cannot be read" in report.unreadable[0].reason
    adds_up(index_folder, encoder)


class NanEncoder(StubEncoder):
    """Finds no finite features in pure red images."""

    def encode_images(self, images):
        features = super().encode_images(images)
        red = (images.reshape(len(images), -1, 3) == (255, 0, 0)).all(axis=(1, 2))
        broken = np.where(red[:, None], np.float16(np.nan), features.global_features)
        return ImageFeatures(broken, features.regions, features.key_scale, features.value_scale)


def test_an_image_without_finite_features_is_listed_and_its_neighbours_are_untouched(
    image_folder, index_folder, tmp_path
):
    run(tmp_path / "clean", image_folder, StubEncoder())
    expected = stored(tmp_path / "clean", StubEncoder())

    report = run(index_folder, image_folder, NanEncoder())

    assert [image.path.name for image in report.unreadable] == ["red.png"]
    assert "no finite features" in report.unreadable[0].reason
    assert stored(index_folder, StubEncoder()) == {name: row for name, row in expected.items() if name != "red.png"}


def test_an_unplugged_drive_keeps_its_entries_and_comes_back_without_work(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    away = image_folder.with_name("away")
    image_folder.rename(away)

    report = run(index_folder, image_folder, stub_encoder)
    assert (report.seen, report.offline, report.removed) == (12, 12, 0)
    assert stored(index_folder, stub_encoder) == {}
    adds_up(index_folder, stub_encoder)

    away.rename(image_folder)
    again = StubEncoder()
    report = run(index_folder, image_folder, again)
    assert (report.offline, report.unchanged) == (0, 12)
    assert again.images_encoded == 0
    assert len(stored(index_folder, again)) == 12


def test_two_models_live_side_by_side(image_folder, index_folder):
    first, second = StubEncoder(fingerprint="a" * 64), StubEncoder(fingerprint="b" * 64)
    run(index_folder, image_folder, first)
    run(index_folder, image_folder, second)
    back = StubEncoder(fingerprint="a" * 64)

    run(index_folder, image_folder, back)

    assert second.images_encoded == 12
    assert back.images_encoded == 0
    assert stored(index_folder, first) == stored(index_folder, second)


def test_cancelling_stops_within_a_second_keeps_what_is_encoded_and_resume_does_the_rest(
    image_folder, index_folder, monkeypatch
):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 2)
    slow = StubEncoder(seconds_per_batch=0.05)
    cancel = CancelToken()
    cancelled_at = []

    def cancel_at_four(step: Progress) -> None:
        if step.stage == "Indexing images" and step.done >= 4 and not cancelled_at:
            cancelled_at.append(time.monotonic())
            cancel.cancel()

    monkeypatch.setattr(indexer, "_PROGRESS_PAUSE", 0.0)
    report = run(index_folder, image_folder, slow, cancel=cancel, progress=cancel_at_four)

    assert time.monotonic() - cancelled_at[0] < 1
    assert report.cancelled
    assert slow.images_encoded < 12
    assert (report.embedded, report.waiting) == (slow.images_encoded, 12 - slow.images_encoded)
    assert len(stored(index_folder, slow)) == slow.images_encoded

    rest = StubEncoder()
    report = run(index_folder, image_folder, rest)
    assert not report.cancelled
    assert rest.images_encoded == 12 - slow.images_encoded
    assert (report.added, report.embedded, report.waiting) == (0, rest.images_encoded, 0)
    assert len(stored(index_folder, rest)) == 12


def test_cancelling_before_the_scan_changes_nothing(image_folder, index_folder, stub_encoder):
    cancel = CancelToken()
    cancel.cancel()

    report = run(index_folder, image_folder, stub_encoder, cancel=cancel)

    assert report.cancelled
    assert (report.seen, stub_encoder.images_encoded) == (0, 0)


STEPS = ["begin", "create", "write", "sync", "rename", "sync_folder", "commit", "committed"]


class Killed(BaseException):
    """Stands for the process dying: nothing of ours catches it."""


@pytest.mark.parametrize(("step", "occurrence"), [(step, occurrence) for step in STEPS for occurrence in (1, 2)])
def test_dying_at_any_step_loses_no_committed_row_and_doubles_none(
    image_folder, index_folder, tmp_path, monkeypatch, step, occurrence
):
    run(tmp_path / "clean", image_folder, StubEncoder())
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    reached = []

    def die(name: str, path: Path) -> None:
        if name == step:
            reached.append(path)
            if len(reached) == occurrence:
                if name in {"write", "sync"}:  # a killed process cannot clean up behind itself
                    path.with_name(f"{atomic.TEMPORARY_PREFIX}orphan").write_bytes(b"half")
                raise Killed

    monkeypatch.setattr(atomic, "step_hook", die)
    with pytest.raises(Killed):
        run(index_folder, image_folder, StubEncoder())
    monkeypatch.setattr(atomic, "step_hook", lambda _step, _path: None)
    with Catalog(index_folder) as catalog:
        committed = catalog.counts(catalog.find_model("5" * 64)).indexed

    rest = StubEncoder()
    run(index_folder, image_folder, rest)

    assert committed in {4 * (occurrence - 1), 4 * occurrence}
    assert rest.images_encoded == 12 - committed
    assert stored(index_folder, rest) == stored(tmp_path / "clean", rest)
    assert not list(index_folder.rglob(f"{atomic.TEMPORARY_PREFIX}*"))
    with Catalog(index_folder) as catalog:
        named = set(catalog.shards(catalog.find_model("5" * 64)))
    assert {path.name for path in shard_folder(index_folder, "5" * 64).iterdir()} == named
    adds_up(index_folder, rest)


def test_a_full_disk_is_told_and_the_index_stays_searchable(image_folder, index_folder, monkeypatch):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    written = []

    def full(step: str, path: Path) -> None:
        if step == "sync":
            written.append(path)
            if len(written) == 2:
                raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "step_hook", full)
    with pytest.raises(CollectionError, match=r"is full: [0-9,]+ bytes are free") as told:
        run(index_folder, image_folder, StubEncoder())
    monkeypatch.undo()

    assert "finished work is kept" in told.value.next_step
    assert len(stored(index_folder, StubEncoder())) == 4
    rest = StubEncoder()
    run(index_folder, image_folder, rest)
    assert rest.images_encoded == 8


def test_images_of_a_lost_shard_are_embedded_again(image_folder, index_folder, monkeypatch):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    run(index_folder, image_folder, StubEncoder())
    expected = stored(index_folder, StubEncoder())
    next(shard_folder(index_folder, "5" * 64).iterdir()).unlink()
    again = StubEncoder()

    run(index_folder, image_folder, again)

    assert again.images_encoded == 4
    assert stored(index_folder, again) == expected


def test_an_encoder_that_fails_keeps_what_was_encoded_before(image_folder, index_folder, monkeypatch):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)

    class Failing(StubEncoder):
        def encode_images(self, images):
            if self.images_encoded >= 8:
                raise MemoryError
            return super().encode_images(images)

    with pytest.raises(MemoryError):
        run(index_folder, image_folder, Failing())

    assert len(stored(index_folder, StubEncoder())) == 8


def test_a_second_writer_is_refused_while_the_first_works(image_folder, index_folder):
    begun, go_on = threading.Event(), threading.Event()

    def hold(_step: Progress) -> None:
        begun.set()
        go_on.wait(10)

    first = threading.Thread(target=run, args=(index_folder, image_folder, StubEncoder()), kwargs={"progress": hold})
    first.start()
    try:
        assert begun.wait(10)
        with pytest.raises(CollectionError, match="being indexed by another process"):
            run(index_folder, image_folder, StubEncoder())
    finally:
        go_on.set()
        first.join()


def test_progress_counts_up_to_the_end_with_rate_and_time_left(image_folder, index_folder, monkeypatch):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    monkeypatch.setattr(indexer, "_PROGRESS_PAUSE", 0.0)
    steps: list[Progress] = []
    run(index_folder, image_folder, StubEncoder(seconds_per_batch=0.01), progress=steps.append)

    embedding = [step for step in steps if step.stage == "Indexing images"]
    assert steps[0].stage == "Reading the folder"
    assert [step.done for step in embedding] == [0, 4, 8, 12]
    assert all(step.total == 12 for step in embedding)
    assert embedding[1].rate > 0
    assert embedding[1].seconds_left > 0
    assert embedding[-1].seconds_left == 0


def test_decoding_stays_a_bounded_window_ahead_of_the_model(image_folder, index_folder, monkeypatch):
    for number in range(40):
        paint(image_folder / f"more{number:02d}.png", "red")
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 2)
    monkeypatch.setattr(decode_pool, "DECODE_AHEAD", 2)
    decoded = watch_decoding(monkeypatch)
    lead = []

    class Watching(StubEncoder):
        def encode_images(self, images):
            time.sleep(0.01)
            lead.append(len(decoded) - self.images_encoded)
            return super().encode_images(images)

    run(index_folder, image_folder, Watching())

    assert len(decoded) == 52
    assert max(lead) <= 2 * 2 + 2


def test_strange_names_are_indexed(tmp_path, index_folder, stub_encoder):
    root = tmp_path / "strange"
    root.mkdir()
    paint(tmp_path / "plain.png", "red")
    pixels = (tmp_path / "plain.png").read_bytes()
    names = [
        b"caf\xff.png",
        "ü.png".encode(),
        "u\u0308.png".encode(),
        "飞机 ✈.png".encode(),
        b"new\nline.png",
        b"-x.png",
    ]
    for name in names:
        (root / os.fsdecode(name)).write_bytes(pixels)

    report = run(index_folder, root, stub_encoder)

    assert (report.seen, report.unreadable) == (6, ())
    assert {os.fsencode(name) for name in stored(index_folder, stub_encoder)} == set(names)


def test_every_run_is_entered_with_what_it_did(image_folder, index_folder, stub_encoder):
    run(index_folder, image_folder, stub_encoder)
    run(index_folder, image_folder, stub_encoder)

    connection = sqlite3.connect(index_folder / CATALOG_NAME)
    rows = connection.execute("SELECT seen, added, embedded, cancelled, finished NOT NULL FROM index_run").fetchall()
    connection.close()

    assert rows == [(12, 12, 12, 0, 1), (12, 0, 0, 0, 1)]


def damage(folder: Path, count: int) -> None:
    """Marks the first rows of the index as damaged, as a search does that meets rot."""
    with Catalog(folder) as catalog:
        model_id = catalog.find_model("5" * 64)
        rows = [row for name in catalog.shards(model_id) for row in catalog.stored_rows(model_id, name)]
        catalog.mark_damaged(model_id, rows[:count])


def test_what_is_still_damaged_after_a_cancelled_run_is_not_told_as_repaired(image_folder, index_folder, monkeypatch):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    run(index_folder, image_folder, StubEncoder())
    damage(index_folder, 10)
    cancel = CancelToken()

    class CancelledInItsFirstBatch(StubEncoder):
        def encode_images(self, images):
            cancel.cancel()
            return super().encode_images(images)

    first = run(index_folder, image_folder, CancelledInItsFirstBatch(), cancel=cancel)
    assert (first.cancelled, first.repaired, first.embedded) == (True, 4, 4)
    second = run(index_folder, image_folder, StubEncoder())
    assert (second.cancelled, second.repaired, second.embedded) == (False, 6, 6)


def test_damage_that_comes_to_light_in_a_run_is_repaired_by_its_second_pass(image_folder, index_folder, monkeypatch):
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    run(index_folder, image_folder, StubEncoder())
    paint(image_folder / "new.png", "navy")
    join, passes = upkeep.join_small_shards, []

    def join_and_find_damage(catalog: Catalog, fingerprint: str) -> None:
        join(catalog, fingerprint)
        if not passes:
            model_id = catalog.find_model(fingerprint)
            oldest = next(iter(catalog.shards(model_id)))
            catalog.mark_damaged(model_id, catalog.stored_rows(model_id, oldest)[:3])
        passes.append(fingerprint)

    monkeypatch.setattr(upkeep, "join_small_shards", join_and_find_damage)
    report = run(index_folder, image_folder, StubEncoder())

    assert (report.repaired, report.embedded, report.added) == (3, 4, 1)
    assert len(stored(index_folder, StubEncoder())) == 13
