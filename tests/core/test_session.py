"""Session: everything the window needs, over a stub model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.errors import (
    CancelledError,
    CollectionError,
    ModelError,
    QueryError,
    UnreadableImageError,
)
from faami_core.indexing import galleries
from faami_core.indexing.lock import WriterLock
from faami_core.queries import Feedback, Query
from faami_core.session import Session
from faami_core.types import CancelToken, GalleryImage, Progress
from tests.stub_encoder import COLOURS, StubEncoder


@pytest.fixture
def session(stub_encoder) -> Session:
    return Session(encoder=stub_encoder)


@pytest.fixture
def indexed(session, image_folder) -> Session:
    session.index(image_folder)
    return session


def test_importing_session_brings_in_no_heavy_library():
    heavy = ["torch", "transformers", "timm", "safetensors", "PIL", "sqlite3"]
    code = f"import sys, faami_core.session; print([name for name in {heavy} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_the_index_lies_in_the_users_data_folder_and_the_images_are_untouched(session, image_folder, own_data_dir):
    before = sorted(image_folder.rglob("*"))

    report = session.index(image_folder)

    assert report.seen == 12
    assert sorted(image_folder.rglob("*")) == before
    assert session.data_dir == own_data_dir
    assert [folder.name.split("-")[0] for folder in (own_data_dir / "collections").iterdir()] == ["images"]


def test_two_folders_of_the_same_name_have_two_indexes(session, tmp_path):
    for parent in ("a", "b"):
        (tmp_path / parent / "images").mkdir(parents=True)
        Image.new("RGB", (8, 8), "red").save(tmp_path / parent / "images" / f"{parent}.png")
        session.index(tmp_path / parent / "images")

    assert [image.path.name for image in session.browse(tmp_path / "a" / "images")] == ["a.png"]
    assert [image.path.name for image in session.browse(tmp_path / "b" / "images")] == ["b.png"]


def test_one_folder_under_two_spellings_is_one_collection(indexed, image_folder, monkeypatch):
    monkeypatch.chdir(image_folder.parent)

    assert indexed.open_collection(Path("images/../images")).images == 12


def test_an_opened_collection_tells_its_counts(indexed, image_folder):
    (image_folder / "bad.png").write_bytes(b"no")
    indexed.index(image_folder)

    info = indexed.open_collection(image_folder)

    assert (info.root, info.images, info.seen, info.offline) == (image_folder, 12, 13, 0)
    assert [image.path.name for image in info.unreadable] == ["bad.png"]
    assert info.indexed_at.startswith("20")


def test_a_folder_never_indexed_is_told_with_what_to_do(session, image_folder):
    for call in (session.open_collection, session.browse, lambda root: session.search(root, Query.from_text("red"))):
        with pytest.raises(CollectionError, match="has not been indexed yet") as told:
            call(image_folder)
        assert "faami index" in told.value.next_step


def test_a_folder_indexed_with_another_model_only_is_told(indexed, image_folder):
    other = Session(encoder=StubEncoder(fingerprint="b" * 64))

    info = other.open_collection(image_folder)
    assert (info.images, info.seen, info.indexed_at) == (0, 12, None)
    with pytest.raises(CollectionError, match="has not been indexed with this model"):
        other.search(image_folder, Query.from_text("red"))


def test_a_folder_that_does_not_exist_is_not_indexed(session, tmp_path):
    with pytest.raises(CollectionError, match="does not exist"):
        session.index(tmp_path / "nowhere")
    assert not (session.data_dir / "collections").exists()


def test_browsing_lists_all_images_in_order_of_path(indexed, image_folder):
    images = indexed.browse(image_folder)

    assert [image.path for image in images] == sorted(image_folder.iterdir())
    assert all(isinstance(image, GalleryImage) and (image.width, image.height) == (48, 32) for image in images)
    assert len({image.image_id for image in images}) == 12


def test_a_search_finds_the_colour_asked_for(indexed, image_folder):
    result = indexed.search(image_folder, Query.from_text("red"))

    assert result.hits[0].path == image_folder / "red.png"
    assert (result.gallery_size, result.reranked) == (12, 12)
    assert result.collection == image_folder
    assert set(indexed.stage_seconds) == {"open", "encode", "scan", "gather", "align", "calibrate", "rank"}


def test_an_image_from_any_folder_can_be_asked_for(indexed, image_folder, tmp_path):
    Image.new("RGB", (500, 300), "blue").save(tmp_path / "example.jpg")

    result = indexed.search(image_folder, Query.from_image(tmp_path / "example.jpg"), top=1)

    assert [hit.path.name for hit in result.hits] == ["blue.png"]


def test_an_image_query_that_cannot_be_read_is_told(indexed, image_folder, tmp_path):
    with pytest.raises(UnreadableImageError, match="cannot be opened"):
        indexed.search(image_folder, Query.from_image(tmp_path / "gone.png"))


def test_an_empty_query_is_told_before_the_model_is_loaded(indexed, image_folder):
    unloaded = Session(model=Path("/nowhere"))

    with pytest.raises(QueryError, match="empty"):
        unloaded.search(image_folder, Query.from_text(" "))


def test_a_search_sees_what_was_indexed_since_the_last_one(indexed, image_folder):
    assert indexed.search(image_folder, Query.from_text("red")).gallery_size == 12
    Image.new("RGB", (48, 32), "red").save(image_folder / "also_red.png")
    Session(encoder=StubEncoder()).index(image_folder)

    result = indexed.search(image_folder, Query.from_text("red"))

    assert result.gallery_size == 13
    assert [hit.path.name for hit in result.hits[:2]] == ["also_red.png", "red.png"]


def test_the_gallery_is_read_from_disk_only_when_the_index_changed(indexed, image_folder, monkeypatch):
    from faami_core.indexing import feature_store

    opened = []
    open_shard = feature_store.open_shard
    monkeypatch.setattr(feature_store, "open_shard", lambda *of: opened.append(of) or open_shard(*of))
    for word in COLOURS:
        indexed.search(image_folder, Query.from_text(word))

    assert len(opened) == 2  # one shard a batch of 8


def test_only_a_few_galleries_stay_open(session, tmp_path, monkeypatch):
    monkeypatch.setattr(galleries, "OPEN_GALLERIES", 2)
    for name in COLOURS:
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8), name).save(tmp_path / name / "x.png")
        session.index(tmp_path / name)
        session.search(tmp_path / name, Query.from_text(name))

    assert len(session._galleries) == 2


def test_cancelled_work_is_reported_or_raised_as_promised(indexed, image_folder):
    cancel = CancelToken()
    cancel.cancel()

    assert indexed.index(image_folder, cancel=cancel).cancelled
    with pytest.raises(CancelledError):
        indexed.search(image_folder, Query.from_text("red"), cancel=cancel)


def test_heatmaps_come_on_their_grid_or_in_pixels_on_a_shared_limit(indexed, image_folder):
    result = indexed.search(image_folder, Query.from_text("red"))
    hit = next(hit.rank for hit in result.hits if hit.path.name == "corner_top_left.png")

    grid = indexed.heatmap(result, hit)
    pixels = indexed.heatmap(result, hit, word=0, scale="fine", size=(32, 48))
    attention = indexed.heatmap(result, hit, kind="attention")

    assert grid.shape == (4, 4)
    assert grid.mean() == pytest.approx(result.hits[hit].score_fine, abs=1e-5)
    assert pixels.shape == (32, 48)
    assert pixels[:12, :18].mean() > 4 * abs(pixels[20:, 30:].mean())
    assert attention.mean() == pytest.approx(1, abs=1e-5)
    peaks = [indexed.heatmap(result, number).max() for number in range(12)]
    assert indexed.heatmap_limit(result) == pytest.approx(max(np.median(peaks), 0) or 1)


def test_pixels_and_thumbnails(session, tmp_path):
    Image.new("RGB", (300, 100), "red").save(tmp_path / "a.png")

    assert session.read_image(tmp_path / "a.png").shape == (100, 300, 3)
    assert session.read_image(tmp_path / "a.png", max_side=150).shape == (50, 150, 3)
    assert session.thumbnail(tmp_path / "a.png", 90).shape == (30, 90, 3)
    with pytest.raises(UnreadableImageError):
        session.thumbnail(tmp_path / "gone.png", 90)


def test_results_are_exported_with_their_provenance(indexed, image_folder, tmp_path):
    result = indexed.search(image_folder, Query.from_text("red roof"))

    path = indexed.export_csv(result, tmp_path / "out.csv")

    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 13
    assert lines[1].startswith(f"1,{image_folder / 'red.png'},")
    told = json.loads((tmp_path / "out.csv-metadata.json").read_text("utf-8"))
    assert told["faami:modelFingerprint"] == "5" * 64


def test_the_demo_is_made_once_and_can_be_indexed(session, monkeypatch):
    monkeypatch.setattr("faami_core.keeping.DEMO_IMAGES", 2)
    steps: list[Progress] = []

    folder = session.make_demo(progress=steps.append)
    steps_of_first = len(steps)

    assert session.make_demo(progress=steps.append) == folder == session.data_dir / "demo"
    assert len(steps) == steps_of_first > 0
    assert session.index(folder).seen == 2


def test_loading_the_model_is_told_as_progress_and_a_missing_model_is_a_known_fault(image_folder, tmp_path):
    steps: list[Progress] = []

    with pytest.raises(ModelError):
        Session(model=tmp_path / "no model").index(image_folder, progress=steps.append)

    assert [step.stage for step in steps] == ["Loading the model"]


def test_a_closed_session_lets_go_of_what_it_held(indexed, image_folder):
    indexed.search(image_folder, Query.from_text("red"))
    indexed.close()

    assert len(indexed._galleries) == 0
    assert indexed._encoder is None


def test_a_broken_part_of_the_index_is_left_out_told_and_made_anew(indexed, image_folder, own_data_dir):
    shard = max((own_data_dir / "collections").rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    shard.write_bytes(shard.read_bytes()[:100])

    result = indexed.search(image_folder, Query.from_text("red"))
    assert (result.gallery_size, result.damaged) == (4, 8)
    assert indexed.open_collection(image_folder).damaged == 8

    assert indexed.index(image_folder).repaired == 8
    result = indexed.search(image_folder, Query.from_text("red"))
    assert (result.gallery_size, result.damaged) == (12, 0)


def test_opening_a_collection_clears_what_a_killed_run_left(indexed, image_folder, own_data_dir):
    shard = next((own_data_dir / "collections").rglob("*.safetensors"))
    orphans = [shard.with_name(".tmp-1"), shard.with_name("unnamed.safetensors")]
    for orphan in orphans:
        orphan.write_bytes(b"half")

    indexed.open_collection(image_folder)

    assert not any(orphan.exists() for orphan in orphans)
    assert shard.exists()


def test_opening_a_collection_leaves_the_files_of_a_running_writer_alone(indexed, image_folder, own_data_dir):
    shard = next((own_data_dir / "collections").rglob("*.safetensors"))
    shard.with_name(".tmp-1").write_bytes(b"half")

    with WriterLock(shard.parents[2]):
        assert indexed.open_collection(image_folder).images == 12

    assert shard.with_name(".tmp-1").exists()


def test_model_info_comes_from_the_encoder(session, stub_encoder):
    assert session.model_info() is stub_encoder.info
    assert np.prod([session.model_info().image_size]) == 32


def test_the_trust_check_scores_with_the_query_as_feedback_moved_it(indexed, image_folder):
    asked = indexed.search(image_folder, Query.from_text("red"))
    wanted = next(hit.image_id for hit in asked.hits if hit.path.stem == "blue")
    moved = indexed.search(image_folder, asked.query, feedback=Feedback((wanted,), ()))
    for result in (asked, moved):
        rank = next(hit.rank for hit in result.hits if hit.path.stem == "corner_top_left")
        report = indexed.check_trust(result, rank)
        assert report.original.score == pytest.approx(result.hits[rank].score, abs=0.01)
    assert moved.hits[0].score != pytest.approx(asked.hits[0].score, abs=0.05), "or the test would show nothing"


def test_another_query_about_one_image_scores_it_as_a_search_does(indexed, image_folder):
    asked = indexed.search(image_folder, Query.from_text("red"))
    other = indexed.search(image_folder, Query.from_text("blue green"))
    for rank in (0, 7):
        answer = indexed.ask_image(asked, rank, Query.from_text("blue green"))
        (hit,) = answer.hits
        there = next(found for found in other.hits if found.path == asked.hits[rank].path)
        assert hit.path == asked.hits[rank].path
        assert hit.score == pytest.approx(there.score, abs=1e-6)
        assert hit.word_evidence == pytest.approx(there.word_evidence, abs=1e-6)
        assert answer.words == other.words, "calibrated on the whole collection"


def test_another_query_about_an_image_that_is_gone_says_so(indexed, image_folder):
    asked = indexed.search(image_folder, Query.from_text("red"))
    asked.hits[0].path.unlink()
    indexed.index(image_folder)
    with pytest.raises(CollectionError, match="no longer in the index"):
        indexed.ask_image(asked, 0, Query.from_text("blue"))
