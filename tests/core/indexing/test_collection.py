"""What belongs to a collection: several folders, patterns, and only what the user takes out leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.collection import change_membership
from faami_core.indexing.records import Patterns
from faami_core.indexing.watch import folder_changes
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


def test_a_file_moved_from_one_folder_of_a_collection_to_another_is_that_file(roots, tmp_path):
    change(tmp_path / "index", add=roots)
    index(tmp_path / "index", roots[0])
    before = stored(tmp_path / "index")
    with Catalog(tmp_path / "index") as catalog:
        ids = {path: file.file_id for path, file in catalog.known_files(1).items()}
    (roots[1] / "sub").mkdir()
    (roots[0] / "0001.png").rename(roots[1] / "sub" / "other name.png")
    (roots[1] / "0011.png").rename(roots[0] / "0001 too.png")
    (roots[0] / "0002.png").unlink()
    with Catalog(tmp_path / "index") as catalog:
        assert folder_changes(catalog) == 3
    encoder = StubEncoder()

    report = index(tmp_path / "index", roots[0], encoder)

    after = stored(tmp_path / "index")
    assert (report.added, report.removed, report.unchanged, encoder.images_encoded) == (0, 1, 5, 0)
    assert after[bytes(roots[1] / "sub" / "other name.png")] == before[bytes(roots[0] / "0001.png")]
    assert after[bytes(roots[0] / "0001 too.png")] == before[bytes(roots[1] / "0011.png")]
    with Catalog(tmp_path / "index") as catalog:
        assert catalog.known_files(2)[b"sub/other name.png"].file_id == ids[b"0001.png"]


def test_twins_that_move_between_folders_are_each_moved_once(roots, tmp_path):
    change(tmp_path / "index", add=roots)
    for number in range(3):
        (roots[0] / f"twin {number}.png").write_bytes((roots[0] / "0000.png").read_bytes())
    index(tmp_path / "index", roots[0])
    for number in range(3):
        (roots[0] / f"twin {number}.png").rename(roots[1] / f"{number}.png")
    (roots[1] / "copy.png").write_bytes((roots[0] / "0000.png").read_bytes())

    report = index(tmp_path / "index", roots[0])

    assert (report.added, report.removed, report.unchanged) == (1, 0, 9)


def test_a_copy_in_another_folder_of_a_file_that_is_offline_is_new(roots, tmp_path):
    change(tmp_path / "index", add=roots)
    index(tmp_path / "index", roots[0])
    (roots[1] / "copy.png").write_bytes((roots[0] / "0001.png").read_bytes())
    roots[0].rename(tmp_path / "away")

    report = index(tmp_path / "index", roots[0])

    assert (report.added, report.offline, report.removed) == (1, 3, 0)
