"""Marks and tags: kept in the catalog, undone by giving back what was there, and not lost with an edit of a file."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest
from PIL import Image

from faami_core.indexing import migrations
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.indexer import index_collection
from faami_core.indexing.marks import annotate, annotations_of, annotations_version, modified_ns
from faami_core.queries import Annotation, AnnotationChange, Mark

ACCEPTED = Annotation(Mark.ACCEPTED, ("harbour", "to check"))
REJECTED = Annotation(Mark.REJECTED)


@pytest.fixture
def catalog(image_folder, tmp_path, stub_encoder):
    with Catalog(tmp_path / "index", create=True) as opened:
        index_collection(opened, image_folder, stub_encoder)
        yield opened


def item_of(catalog: Catalog, name: str) -> int:
    return catalog.rows("SELECT item_id FROM item JOIN file USING (file_id) WHERE path = ?", os.fsencode(name))[0][0]


def test_marks_and_tags_are_there_after_the_catalog_was_closed(catalog):
    red, blue = item_of(catalog, "red.png"), item_of(catalog, "blue.png")
    annotate(catalog, {red: ACCEPTED, blue: REJECTED})

    with Catalog(catalog.folder) as again:
        assert annotations_of(again) == {red: ACCEPTED, blue: REJECTED}


def test_giving_back_what_was_there_before_undoes_a_change(catalog):
    red, blue = item_of(catalog, "red.png"), item_of(catalog, "blue.png")
    annotate(catalog, {red: ACCEPTED})
    before = annotations_of(catalog)

    undo = annotate(catalog, {red: REJECTED, blue: Annotation(tags=("new",))})

    assert annotations_of(catalog) == {red: REJECTED, blue: Annotation(tags=("new",))}
    annotate(catalog, undo)
    assert annotations_of(catalog) == before


def test_tags_are_spelled_one_way_and_empty_ones_go(catalog):
    red = item_of(catalog, "red.png")
    annotate(catalog, {red: Annotation(tags=("  to   check ;", "", "cafe\u0301", "caf\u00e9", "a"))})

    assert annotations_of(catalog)[red].tags == ("a", "caf\u00e9", "to check")


def test_an_image_that_is_gone_is_passed_over(catalog):
    assert annotate(catalog, {10**6: ACCEPTED}) == {}
    assert annotations_of(catalog) == {}


def test_an_edit_of_the_file_keeps_its_marks_and_its_removal_takes_them_along(catalog, image_folder, stub_encoder):
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED, item_of(catalog, "blue.png"): REJECTED})
    Image.new("RGB", (48, 32), (200, 0, 0)).save(image_folder / "red.png")
    os.utime(image_folder / "red.png", ns=(1, 1))
    (image_folder / "blue.png").unlink()

    index_collection(catalog, image_folder, stub_encoder)

    assert annotations_of(catalog) == {item_of(catalog, "red.png"): ACCEPTED}
    assert modified_ns(catalog)[item_of(catalog, "red.png")] == 1


def test_marking_does_not_make_an_open_gallery_stale(catalog):
    before = catalog.generation
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED})

    assert catalog.generation == before


def test_tags_written_by_two_windows_add_up(catalog):
    red = item_of(catalog, "red.png")
    annotate(catalog, {red: Annotation(tags=("a",))})
    with Catalog(catalog.folder) as other:
        annotate(other, {red: AnnotationChange(added=("b",))})
    annotate(catalog, {red: AnnotationChange(mark=Mark.ACCEPTED, added=("c",))})
    annotate(catalog, {red: AnnotationChange(removed=("a",))})

    assert annotations_of(catalog) == {red: Annotation(Mark.ACCEPTED, ("b", "c"))}


def test_a_change_leads_from_one_annotation_to_the_other_and_back():
    old, new = Annotation(Mark.ACCEPTED, ("a", "b")), Annotation(tags=("b", "c"))

    assert AnnotationChange.between(old, new).applied_to(old) == new
    assert AnnotationChange.between(new, old).applied_to(new) == old
    assert AnnotationChange.between(old, old) == AnnotationChange()


def test_every_change_of_marks_raises_their_version_and_nothing_else_does(catalog, image_folder, stub_encoder):
    versions = [annotations_version(catalog)]
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED})
    versions.append(annotations_version(catalog))
    index_collection(catalog, image_folder, stub_encoder)
    annotate(catalog, {10**6: ACCEPTED})

    assert versions == sorted(set(versions))
    assert annotations_version(catalog) == versions[-1]


@pytest.mark.parametrize("new_place", ["red.png", "sub/other name.png"])
def test_marks_come_back_with_a_file_that_was_away(catalog, image_folder, stub_encoder, tmp_path, new_place):
    """A sync client takes a file away for the time of a scan; it may come back under another name."""
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED})
    before = annotations_version(catalog)
    (image_folder / "red.png").rename(tmp_path / "away.png")
    assert index_collection(catalog, image_folder, stub_encoder).removed == 1
    assert annotations_of(catalog) == {}

    (image_folder / new_place).parent.mkdir(exist_ok=True)
    (tmp_path / "away.png").rename(image_folder / new_place)
    index_collection(catalog, image_folder, stub_encoder)

    assert annotations_of(catalog) == {item_of(catalog, new_place): ACCEPTED}
    assert annotations_version(catalog) > before


def test_marks_of_a_folder_that_is_dropped_come_back_with_it(catalog, image_folder, stub_encoder):
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED})
    catalog.drop_root(image_folder)
    index_collection(catalog, image_folder, stub_encoder)

    assert annotations_of(catalog) == {item_of(catalog, "red.png"): ACCEPTED}


def test_another_picture_under_the_name_of_a_removed_one_gets_no_marks(catalog, image_folder, stub_encoder):
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED})
    (image_folder / "red.png").unlink()
    index_collection(catalog, image_folder, stub_encoder)
    Image.new("RGB", (48, 32), (1, 2, 3)).save(image_folder / "red.png")
    index_collection(catalog, image_folder, stub_encoder)

    assert annotations_of(catalog) == {}


def test_copies_that_were_away_get_back_each_its_own_marks(catalog, image_folder, stub_encoder, tmp_path):
    shutil.copy(image_folder / "red.png", image_folder / "copy.png")
    index_collection(catalog, image_folder, stub_encoder)
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED, item_of(catalog, "copy.png"): REJECTED})
    for name in ("red.png", "copy.png"):
        (image_folder / name).rename(tmp_path / name)
    index_collection(catalog, image_folder, stub_encoder)
    for name in ("copy.png", "red.png"):
        (tmp_path / name).rename(image_folder / name)
    index_collection(catalog, image_folder, stub_encoder)

    expected = {item_of(catalog, "red.png"): ACCEPTED, item_of(catalog, "copy.png"): REJECTED}
    assert annotations_of(catalog) == expected


def test_what_was_marked_anew_is_not_overwritten_by_what_was_kept(catalog, image_folder, stub_encoder, tmp_path):
    annotate(catalog, {item_of(catalog, "red.png"): ACCEPTED})
    shutil.copy(image_folder / "red.png", tmp_path / "red.png")
    (image_folder / "red.png").unlink()
    index_collection(catalog, image_folder, stub_encoder)
    shutil.copy(tmp_path / "red.png", image_folder / "red.png")
    index_collection(catalog, image_folder, stub_encoder)
    annotate(catalog, {item_of(catalog, "red.png"): REJECTED})
    os.utime(image_folder / "red.png", ns=(2, 2))
    index_collection(catalog, image_folder, stub_encoder, verify=True)

    assert annotations_of(catalog) == {item_of(catalog, "red.png"): REJECTED}


def test_an_index_from_before_there_were_marks_gets_their_tables(tmp_path, monkeypatch):
    with monkeypatch.context() as older:
        step = migrations.STEPS.index(migrations.create_marks)
        older.setattr(migrations, "STEPS", migrations.STEPS[:step])
        older.setattr(migrations, "SCHEMA_VERSION", step)
        Catalog(tmp_path, create=True).close()
    connection = sqlite3.connect(tmp_path / CATALOG_NAME)
    assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'mark'").fetchall()
    connection.close()

    with Catalog(tmp_path) as catalog:
        assert annotations_of(catalog) == {}
