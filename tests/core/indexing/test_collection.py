"""What belongs to a collection: several folders, patterns, and only what the user takes out leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.collection import change_membership
from faami_core.indexing.records import Patterns
from tests.faults.index_tools import index, paint_many, stored
from tests.stub_encoder import StubEncoder


def change(folder: Path, add=(), drop=(), include=None, exclude=None) -> None:
    change_membership(folder, add=add, drop=drop, include=include, exclude=exclude)


@pytest.fixture
def roots(tmp_path):
    for number, name in enumerate(("one", "two")):
        paint_many(tmp_path / name, range(10 * number, 10 * number + 3))
    return tmp_path / "one", tmp_path / "two"


def test_a_collection_of_two_folders_is_scanned_and_searched_as_one(roots, tmp_path):
    change(tmp_path / "index", add=roots)
    report = index(tmp_path / "index", roots[0])

    assert (report.seen, report.added) == (6, 6)
    assert [Path(path.decode()).parent.name for path in stored(tmp_path / "index")] == ["one"] * 3 + ["two"] * 3


def test_one_folder_offline_leaves_the_other_searchable(roots, tmp_path):
    change(tmp_path / "index", add=roots)
    index(tmp_path / "index", roots[0])
    roots[1].rename(tmp_path / "away")

    report = index(tmp_path / "index", roots[0])

    assert (report.seen, report.offline, report.removed) == (6, 3, 0)
    assert len(stored(tmp_path / "index")) == 3


def test_a_folder_dropped_leaves_and_its_images_stay_on_the_disk(roots, tmp_path):
    change(tmp_path / "index", add=roots)
    index(tmp_path / "index", roots[0])
    change(tmp_path / "index", drop=[roots[1]])

    assert index(tmp_path / "index", roots[0]).seen == 3
    assert len(list(roots[1].iterdir())) == 3


def test_folders_that_do_not_fit_are_refused_and_nothing_changes(roots, tmp_path):
    change(tmp_path / "index", add=[roots[0]])
    inside = roots[0] / "inside"
    inside.mkdir()

    for wrong, message in (
        ({"add": [roots[1], tmp_path / "nowhere"]}, "does not exist"),
        ({"add": [roots[1], inside]}, "inside one another"),
        ({"add": [roots[1], tmp_path]}, "inside one another"),
        ({"add": [roots[1]], "drop": [tmp_path]}, "not part of this collection"),
    ):
        with pytest.raises(CollectionError, match=message):
            change(tmp_path / "index", **wrong)
    with Catalog(tmp_path / "index") as catalog:
        assert list(catalog.roots()) == [roots[0]]


def test_patterns_choose_files_and_hold_until_they_are_changed(roots, tmp_path):
    (roots[0] / "raw").mkdir()
    paint_many(roots[0] / "raw", range(3))
    change(tmp_path / "index", add=[roots[0]], exclude=["raw"])
    assert index(tmp_path / "index", roots[0]).seen == 3
    assert index(tmp_path / "index", roots[0]).unchanged == 3

    change(tmp_path / "index", add=[], include=["raw/*"], exclude=[])
    assert index(tmp_path / "index", roots[0]).seen == 3
    assert [path.split(b"/")[-2] for path in stored(tmp_path / "index")] == [b"raw"] * 3

    change(tmp_path / "index", add=[], include=[])
    encoder = StubEncoder()
    assert index(tmp_path / "index", roots[0], encoder).seen == 6
    assert encoder.images_encoded == 3


@pytest.mark.parametrize(
    ("include", "exclude", "path", "wanted"),
    [
        ((), (), b"a/b.png", True),
        ((b"*.png",), (), b"a/b.png", True),
        ((b"*.tif",), (), b"a/b.png", False),
        ((), (b"thumbs",), b"a/thumbs/b.png", False),
        ((), (b"thumbs",), b"a/thumbs.png", True),
        ((), (b"a/*",), b"a/b/c.png", False),
        ((), (b"a/*",), b"b/a/c.png", True),
        ((), (b"*.PNG",), b"b.png", True),
        ((b"\xff*",), (), b"\xff.png", True),
        ((b"*.png",), (b"x*",), b"x.png", False),
    ],
)
def test_globs_without_a_slash_mean_names_and_those_with_one_mean_paths(include, exclude, path, wanted):
    assert Patterns(include, exclude).wants(path) is wanted
