"""Marks and tags: kept in the catalog, undone by giving back what was there, and not lost with an edit of a file."""

from __future__ import annotations

import os
import sqlite3

import pytest
from PIL import Image

from faami_core.indexing import migrations
from faami_core.indexing.catalog import CATALOG_NAME, Catalog
from faami_core.indexing.indexer import index_collection
from faami_core.indexing.marks import annotate, annotations_of, modified_ns
from faami_core.queries import Annotation, Mark

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
