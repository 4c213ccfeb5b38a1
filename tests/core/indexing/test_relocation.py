"""A folder that was renamed is known by its images: index, marks and exported results follow, nothing is embedded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from faami_core.cli import main
from faami_core.errors import CollectionError
from faami_core.indexing import relocation
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.collection import index_folder
from faami_core.queries import Annotation, Filters, ImageTerm, Mark, Query, TextTerm
from faami_core.session import Session
from tests.faults.index_tools import paint_many
from tests.stub_encoder import StubEncoder

NOTE = Annotation(Mark.ACCEPTED, ("harbour",))
RED = Query.from_text("red")


@pytest.fixture
def old(tmp_path) -> Path:
    """An indexed folder with one marked image."""
    root = tmp_path / "scenes"
    paint_many(root / "north", range(4))
    paint_many(root, range(4, 12))
    session = session_of(tmp_path)
    session.index(root)
    session.annotate(root, {first(session, root): NOTE})
    return root


def session_of(tmp_path: Path, encoder: StubEncoder | None = None) -> Session:
    return Session(encoder=encoder or StubEncoder(), data_dir=tmp_path / "data")


def first(session: Session, root: Path) -> int:
    return session.browse(root)[0].image_id


def annotations(session: Session, root: Path) -> dict[Path, Annotation]:
    """By relative path."""
    paths = {image.image_id: image.path.relative_to(root) for image in session.browse(root)}
    return {paths[image_id]: note for image_id, note in session.annotations(root).items()}


def check_followed(tmp_path: Path, new: Path, **options: Path) -> Session:
    encoder = StubEncoder()
    session = session_of(tmp_path, encoder)
    report = session.index(new, **options)
    assert (report.seen, encoder.images_encoded, report.added, report.removed) == (12, 0, 0, 0)
    assert report.formerly == tmp_path / "scenes"
    assert annotations(session, new) == {Path("0004.png"): NOTE}
    hits = session.search(new, RED).hits
    assert len(hits) == 12
    assert all(hit.path.is_file() for hit in hits)
    assert session.index(new).formerly is None, "told once"
    return session


def test_a_renamed_folder_takes_its_index_and_marks_along(old, tmp_path):
    new = old.rename(tmp_path / "scenes of 2026")
    check_followed(tmp_path, new)
    assert len(list((tmp_path / "data" / "collections").iterdir())) == 1


def test_a_folder_whose_parent_was_renamed_is_known_too(old, tmp_path):
    (tmp_path / "project").mkdir()
    check_followed(tmp_path, old.rename(tmp_path / "project" / "scenes"))


def test_a_folder_that_was_renamed_and_worked_on_is_known_too(old, tmp_path):
    new = old.rename(tmp_path / "new")
    paint_many(new, [100])
    (new / "0011.png").unlink()
    encoder = StubEncoder()
    report = session_of(tmp_path, encoder).index(new)

    assert (report.formerly, report.added, report.removed, encoder.images_encoded) == (old, 1, 1, 1)


def test_a_folder_that_comes_back_under_its_old_name_is_known_again(old, tmp_path):
    new = old.rename(tmp_path / "new")
    session_of(tmp_path).index(new)
    new.rename(old)
    encoder = StubEncoder()

    assert session_of(tmp_path, encoder).index(old).formerly == new
    assert encoder.images_encoded == 0


@pytest.mark.parametrize("change", ["other images", "still there", "never indexed"])
def test_another_folder_is_not_taken_for_it(old, tmp_path, change):
    new = tmp_path / "new"
    if change == "other images":
        shutil.rmtree(old)
        paint_many(new, range(50, 62))
    elif change == "still there":
        shutil.copytree(old, new)
    else:
        shutil.rmtree(tmp_path / "data")
        old.rename(new)
    encoder = StubEncoder()
    report = session_of(tmp_path, encoder).index(new)

    assert (report.formerly, report.added, encoder.images_encoded) == (None, 12, 12)


def test_a_copy_on_another_device_leaves_the_index_of_the_first_where_it_is(old, tmp_path, monkeypatch):
    """The drive with the first one may only be unplugged."""
    new = old.rename(tmp_path / "new")
    monkeypatch.setattr(relocation, "_is_renamed", lambda _former, _root: False)
    session = check_followed(tmp_path, new)
    new.rename(old)

    assert annotations(session, old) == {Path("0004.png"): NOTE}
    assert session.index(old).unchanged == 12


def test_a_move_that_was_killed_half_way_is_finished(old, tmp_path, monkeypatch):
    new = old.rename(tmp_path / "new")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Path, "rename", lambda _self, _target: (_ for _ in ()).throw(KeyboardInterrupt))
        session_of(tmp_path).index(new)
    encoder = StubEncoder()
    session = session_of(tmp_path, encoder)
    session.index(new)

    assert encoder.images_encoded == 0
    assert annotations(session, new) == {Path("0004.png"): NOTE}


def test_a_folder_that_was_indexed_anew_takes_over_the_marks_on_the_analysts_word(old, tmp_path):
    new = tmp_path / "new"
    shutil.copytree(old, new)
    session = session_of(tmp_path)
    session.index(new)
    assert annotations(session, new) == {}

    assert session.index(new, was=old).formerly == old
    assert annotations(session, new) == {Path("0004.png"): NOTE}
    assert annotations(session, old) == {Path("0004.png"): NOTE}


def test_a_name_that_was_never_indexed_is_told(old, tmp_path):
    with pytest.raises(CollectionError, match="has not been indexed"):
        session_of(tmp_path).index(old, was=tmp_path / "unknown")


def test_a_further_folder_that_was_renamed_is_known_when_it_is_added(old, tmp_path):
    second = tmp_path / "second"
    paint_many(second, range(20, 26))
    session = session_of(tmp_path)
    session.change_collection(old, add=[second])
    session.index(old)
    renamed = second.rename(tmp_path / "second, renamed")
    encoder = StubEncoder()
    session = session_of(tmp_path, encoder)

    session.change_collection(old, add=[renamed])
    report = session.index(old)

    assert (report.seen, report.offline, encoder.images_encoded) == (18, 0, 0)
    assert session.open_collection(old).folders == (old, renamed)


def test_results_exported_before_the_folder_was_renamed_open_under_its_new_name(old, tmp_path):
    query = Query((TextTerm("red"), ImageTerm(old / "0005.png")))
    before = session_of(tmp_path).search(old, query, filters=Filters(name="png"))
    session_of(tmp_path).export_csv(before, tmp_path / "results.csv")
    new = old.rename(tmp_path / "new")
    session = session_of(tmp_path)
    session.index(new)

    result = session.with_maps(session.import_csv(tmp_path / "results.csv").result)

    assert result.collection == new
    assert [hit.path for hit in result.hits] == [new / hit.path.relative_to(old) for hit in before.hits]
    assert [hit.image_id for hit in result.hits] == [hit.image_id for hit in before.hits]
    assert result.query.terms[1] == ImageTerm(new / "0005.png")
    assert result.evidence == pytest.approx(before.evidence, abs=1e-5)


def test_the_old_name_leads_to_the_new_one(old, tmp_path):
    new = old.rename(tmp_path / "new")
    session = session_of(tmp_path)
    session.index(new)

    with pytest.raises(CollectionError, match="is called"):
        session.open_collection(old)


def test_the_command_line_tells_what_was_taken_over(old, tmp_path, capsys):
    new = old.rename(tmp_path / "new")
    encoder = StubEncoder()

    assert main(["index", os.fspath(new)], session_factory=lambda **_: session_of(tmp_path, encoder)) == 0
    assert f"{new} was {old}: its index, marks and tags were taken over" in capsys.readouterr().out
    assert encoder.images_encoded == 0


def test_the_command_line_takes_the_analysts_word_and_other_patterns_at_once(old, tmp_path, capsys):
    new = tmp_path / "new"
    paint_many(new, range(4, 8))
    shutil.rmtree(old)
    encoder = StubEncoder()
    arguments = ["index", os.fspath(new), "--was", os.fspath(old), "--exclude", "0007*"]

    assert main(arguments, session_factory=lambda **_: session_of(tmp_path, encoder)) == 0
    assert "were taken over" in capsys.readouterr().out
    assert encoder.images_encoded == 0
    assert annotations(session_of(tmp_path), new) == {Path("0004.png"): NOTE}
    with Catalog(index_folder(tmp_path / "data", new)) as catalog:
        assert len(catalog.known_files(catalog.roots()[new])) == 3
