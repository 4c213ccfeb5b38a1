"""C2 of the catalog: whatever happens to its bytes or those of its log, no answer is wrong or short without a word,
and the next index run makes all good again from what lies beside it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing.annotation_log import LOG_NAME
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.recovery import PUT_ASIDE
from faami_core.queries import Annotation, Mark, Query
from faami_core.session import Session
from tests.faults.index_tools import REPOSITORY, check_tidy, paint_many
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults

IMAGES, TWO_SHARDS = 40, 16
NOTES = {"0003.png": Annotation(Mark.ACCEPTED, ("harbour",)), "0007.png": Annotation(Mark.REJECTED)}

# Indexes and marks, then dies as by a power cut: all is in the log.
WRITER = """
import os, sys
from pathlib import Path
from faami_core.queries import Annotation, Mark
from faami_core.session import Session
from tests.stub_encoder import StubEncoder
from faami_core.indexing.catalog import Catalog

images, data = map(Path, sys.argv[1:])
session = Session(encoder=StubEncoder(), data_dir=data)
session.change_collection(images)
(folder,) = (data / "collections").iterdir()
hold = Catalog(folder)  # so that closing the others does not bring the log in
session.index(images)
ids = {image.path.name: image.image_id for image in session.browse(images)}
session.annotate(images, {ids["0003.png"]: Annotation(Mark.ACCEPTED, ("harbour",))})
session.annotate(images, {ids["0007.png"]: Annotation(Mark.REJECTED)})
os._exit(0)
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> tuple[Path, Path, Path, dict[str, float]]:
    """Images; a data folder with the log waiting, one without; and the score of every image."""
    base = tmp_path_factory.mktemp("sound")
    images = base / "images"
    paint_many(images, range(IMAGES))
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", WRITER, images, base / "log"], env=environment, cwd=REPOSITORY, check=True)
    (log,) = (base / "log").rglob(f"{CATALOG_NAME}-wal")
    assert log.stat().st_size > 0
    shutil.copytree(base / "log", base / "clean")
    session = Session(encoder=StubEncoder(), data_dir=base / "clean")
    expected = scores(session, images)
    assert len(expected) == IMAGES
    return images, base / "log", base / "clean", expected


def scores(session: Session, images: Path) -> dict[str, float]:
    return {
        str(hit.path.relative_to(images)): hit.score for hit in session.search(images, Query.from_text("red")).hits
    }


def notes(session: Session, images: Path) -> dict[str, Annotation]:
    names = {image.image_id: image.path.name for image in session.browse(images)}
    return {names[image]: note for image, note in session.annotations(images).items() if image in names}


def check(images: Path, data: Path, expected: dict[str, float]) -> bool:
    """Nothing wrong is answered before an index run, all is right after it; returns whether damage was told."""
    session, told = Session(encoder=StubEncoder(), data_dir=data), False
    try:
        assert session.open_collection(images).seen == IMAGES
        answer = session.search(images, Query.from_text("red"))
        assert {str(hit.path.relative_to(images)): hit.score for hit in answer.hits}.items() <= expected.items()
        assert len(answer.hits) + answer.damaged == IMAGES
        for name, note in notes(session, images).items():  # one may be missing until the run, none is another
            assert note.mark in (Mark.UNMARKED, NOTES[name].mark)
            assert {*note.tags} <= {*NOTES[name].tags}
    except CollectionError as error:
        assert "delete" not in str(error)
        assert error.next_step.startswith("Index the folder")
        told = True
    encoder = StubEncoder()
    session = Session(encoder=encoder, data_dir=data)
    report = session.index(images)
    assert (report.seen, len(report.unreadable)) == (IMAGES, 0)
    assert encoder.images_encoded <= TWO_SHARDS, "at most those of two shards, where the damage hit their own checks"
    assert scores(session, images) == expected
    assert notes(session, images) == NOTES
    (folder,) = (data / "collections").iterdir()
    check_tidy(folder)
    return told


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_log_is_told_and_repaired(sound, tmp_path, seed):
    images, log, _clean, expected = sound
    shutil.copytree(log, tmp_path / "data")
    (file,) = (tmp_path / "data").rglob(f"{CATALOG_NAME}-wal")
    content, chance = bytearray(file.read_bytes()), random.Random(seed)
    place = chance.randrange(len(content))
    if seed % 2:
        del content[place:]
    else:
        content[place] ^= 1 << chance.randrange(8)
    file.write_bytes(content)

    check(images, tmp_path / "data", expected)


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_catalog_is_told_and_repaired(sound, tmp_path, seed):
    images, _log, clean, expected = sound
    shutil.copytree(clean, tmp_path / "data")
    (file,) = (tmp_path / "data").rglob(CATALOG_NAME)
    content, chance = bytearray(file.read_bytes()), random.Random(seed)
    used = [place for place, byte in enumerate(content) if byte]
    content[chance.choice(used)] ^= 1 << chance.randrange(8)
    file.write_bytes(content)

    check(images, tmp_path / "data", expected)


@pytest.mark.parametrize("what", ["path of a file", "path of the folder", "tag", "mark", "content"])
def test_one_flipped_bit_in_what_is_answered_is_told(sound, tmp_path, what):
    images, _log, clean, expected = sound
    shutil.copytree(clean, tmp_path / "data")
    (file,) = (tmp_path / "data").rglob(CATALOG_NAME)
    with closing(sqlite3.connect(file)) as connection:
        (hash_of,) = connection.execute("SELECT content FROM file WHERE path = ?", (b"0005.png",)).fetchone()
        connection.execute("PRAGMA journal_mode = DELETE")
    written = {
        "path of a file": b"0005.png",
        "path of the folder": os.fsencode(images),
        "tag": b"harbour",
        "mark": b"rejected",
        "content": hash_of,
    }[what]
    content = file.read_bytes()
    assert written in content
    file.write_bytes(content.replace(written, written[:-1] + bytes([written[-1] ^ 1])))

    assert check(images, tmp_path / "data", expected)


@pytest.mark.parametrize("gone", ["catalog", "catalog and log of marks", "log"])
def test_what_is_gone_is_made_anew_without_embedding(sound, tmp_path, gone):
    images, log, _clean, expected = sound
    shutil.copytree(log, tmp_path / "data")
    (folder,) = (tmp_path / "data" / "collections").iterdir()
    for path in folder.glob(f"{CATALOG_NAME}-wal" if gone == "log" else f"{CATALOG_NAME}*"):
        path.unlink()
    if gone == "catalog and log of marks":
        (folder / LOG_NAME).unlink()
    encoder = StubEncoder()
    session = Session(encoder=encoder, data_dir=tmp_path / "data")

    report = session.index(images)

    assert encoder.images_encoded == 0
    assert "40 images keep their features" in report.notices[0]
    assert scores(session, images) == expected
    assert notes(session, images) == ({} if gone == "catalog and log of marks" else NOTES)


def test_the_damaged_catalog_is_kept_and_a_killed_repair_begins_anew(sound, tmp_path, monkeypatch):
    images, _log, clean, expected = sound
    shutil.copytree(clean, tmp_path / "data")
    (file,) = (tmp_path / "data").rglob(CATALOG_NAME)
    file.write_bytes(b"nonsense" * 1000)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr("faami_core.indexing.recovery.COMMITS_NAME", None)
        killed.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        killed.setattr(Path, "__truediv__", lambda self, name: self.joinpath(name or "none"))
        Session(encoder=StubEncoder(), data_dir=tmp_path / "data").index(images)

    encoder = StubEncoder()
    session = Session(encoder=encoder, data_dir=tmp_path / "data")
    session.index(images)

    assert encoder.images_encoded == 0
    assert scores(session, images) == expected
    assert file.with_name(PUT_ASIDE).read_bytes() == b"nonsense" * 1000


def test_opening_does_not_sweep_away_shards_that_a_damaged_catalog_no_longer_names(sound, tmp_path):
    images, log, _clean, _expected = sound
    shutil.copytree(log, tmp_path / "data")
    (wal,) = (tmp_path / "data").rglob(f"{CATALOG_NAME}-wal")
    wal.write_bytes(b"")
    before = sorted(path.name for path in (tmp_path / "data").rglob("*.safetensors"))

    with pytest.raises(CollectionError, match="last changes are lost"):
        Session(encoder=StubEncoder(), data_dir=tmp_path / "data").open_collection(images)

    assert sorted(path.name for path in (tmp_path / "data").rglob("*.safetensors")) == before


def test_a_row_changed_by_another_program_is_taken_as_it_is(sound, tmp_path):
    images, _log, clean, _expected = sound
    shutil.copytree(clean, tmp_path / "data")
    (file,) = (tmp_path / "data").rglob(CATALOG_NAME)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE file SET path = ? WHERE path = ?", (b"other.png", b"0005.png"))

    with Catalog(file.parent) as catalog:
        catalog.check(thorough=True)
    assert "other.png" in scores(Session(encoder=StubEncoder(), data_dir=tmp_path / "data"), images)
