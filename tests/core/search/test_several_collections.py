"""Several collections asked at once answer as if they were one, and every hit tells where it belongs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from faami_core.cli import main
from faami_core.errors import CollectionError, QueryError
from faami_core.queries import Annotation, Feedback, Filters, ImageTerm, Mark, Query, TextTerm
from faami_core.search.csv_reading import read_csv
from faami_core.search.export import csv_text
from faami_core.session import Session
from faami_core.types import SearchResult
from tests.faults.index_tools import paint_many, rot_a_row
from tests.stub_encoder import StubEncoder

RED = Query.from_text("red")


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of twenty images each; the first five of the second are twins of five in the first."""
    roots = tmp_path / "north", tmp_path / "south"
    paint_many(roots[0], range(20))
    paint_many(roots[1], range(15, 35))
    return roots


@pytest.fixture
def session(roots: tuple[Path, Path]) -> Session:
    opened = Session(encoder=StubEncoder())
    for root in roots:
        opened.index(root)
    return opened


def ranking(result: SearchResult) -> list[tuple[Path, float]]:
    return [(hit.path, hit.score) for hit in result.hits]


@pytest.mark.parametrize("options", [{}, {"shortlist": 7}, {"top": 9}, {"filters": Filters(name="*2*")}])
def test_two_collections_answer_as_one_collection_of_both_folders_would(session, roots, tmp_path, options):
    whole = Session(encoder=StubEncoder(), data_dir=tmp_path / "whole")
    whole.change_collection(roots[0], add=[roots[1]])
    whole.index(roots[0])
    image = roots[1] / "0020.png"
    for query in (RED, Query((TextTerm("blue water", 2.0), TextTerm("green", -0.5))), Query((ImageTerm(image),))):
        as_one = whole.search(roots[0], query, **options)
        together = session.search(roots, query, **options)
        turned = session.search(roots[::-1], query, **options)

        assert ranking(together) == ranking(as_one) == ranking(turned)
        assert together.words == as_one.words
        counts = ("gallery_size", "reranked", "unscored", "damaged", "passing")
        assert [getattr(together, name) for name in counts] == [getattr(as_one, name) for name in counts]
        np.testing.assert_allclose(together.evidence, as_one.evidence, atol=1e-6)


def test_every_hit_tells_its_collection_because_ids_alone_do_not(session, roots):
    result = session.search(roots, RED)

    assert result.collections == roots
    assert all(hit.path.parent == result.collections[hit.collection] for hit in result.hits)
    assert len({hit.image_id for hit in result.hits}) == 20
    assert len({hit.key for hit in result.hits}) == 40


def test_equal_images_of_two_collections_are_in_order_of_path(session, roots):
    hits = session.search(roots[::-1], RED).hits

    for number in range(15, 20):
        twins = [hit for hit in hits if hit.path.name == f"{number:04d}.png"]
        assert [hit.path.parent for hit in twins] == list(roots)
        assert twins[0].score == twins[1].score


def test_one_collection_in_a_list_or_named_twice_answers_as_it_does_alone(session, roots):
    alone = session.search(roots[0], RED)

    for named in ([roots[0]], [roots[0], roots[0] / ".." / roots[0].name]):
        result = session.search(named, RED)
        assert result.hits == alone.hits
        assert result.collections == alone.collections == (roots[0],)
        assert csv_text(result) == csv_text(alone)


def test_a_file_that_is_in_two_collections_is_found_once(session, roots):
    session.index(roots[0].parent)  # holds both folders

    result = session.search([roots[1], roots[0].parent], RED)

    assert result.gallery_size == len({hit.path for hit in result.hits}) == len(result.hits) == 40
    assert [hit.collection for hit in result.hits] == [int(hit.path.parent == roots[0]) for hit in result.hits]


def test_marks_and_folders_are_those_of_each_collection(session, roots):
    (roots[0] / "day").mkdir()
    (roots[0] / "0003.png").rename(roots[0] / "day" / "0003.png")
    session.index(roots[0])
    hit = session.search(roots[1], RED).hits[4]
    session.annotate(roots[1], {hit.image_id: Annotation(Mark.ACCEPTED)})

    accepted = session.search(roots, RED, filters=Filters(marks=(Mark.ACCEPTED,)))
    assert [found.path for found in accepted.hits] == [hit.path]
    assert (accepted.passing, accepted.hits[0].key) == (1, (1, hit.image_id))
    below = session.search(roots, RED, filters=Filters(folder=Path("day")))
    assert [found.path.name for found in below.hits] == ["0003.png"]


def test_an_export_names_the_collection_of_each_hit_and_loads_back(session, roots, tmp_path):
    result = session.search(roots, RED, top=12)
    for number in (0, 1):
        mine = next(hit for hit in result.hits if hit.collection == number)
        session.annotate(roots[number], {mine.image_id: Annotation(tags=(f"of {number}",))})

    rows = read_csv(session.export_csv(result, tmp_path / "hits.csv"))
    back = session.import_csv(tmp_path / "hits.csv")

    assert [row.collection for row in rows] == [hit.path.parent for hit in result.hits]
    assert back.result.hits == result.hits
    assert back.result.collections == roots
    assert sorted(note.tags for note in back.annotations.values()) == [("of 0",), ("of 1",)]
    np.testing.assert_allclose(session.with_maps(back.result).evidence, result.evidence, atol=1e-6)
    alone = session.export_csv(session.search(roots[0], RED), tmp_path / "alone.csv")
    assert {row.collection for row in read_csv(alone)} == {None}


@pytest.mark.parametrize("kind", ["exact", "near"])
def test_duplicates_are_found_across_collections(session, roots, kind):
    result = session.search(roots, RED)

    group_of = {result.hits[rank].path: group for group in session.duplicates(result, kind) for rank in group}
    for number in range(15, 20):
        assert group_of[roots[0] / f"{number:04d}.png"] == group_of[roots[1] / f"{number:04d}.png"]
    assert (len(set(group_of.values())) == 35) == (kind == "exact")


def test_damaged_features_of_one_collection_cost_only_their_own_image(session, roots, own_data_dir):
    (south,) = (own_data_dir / "collections").glob("south-*")
    rot_a_row(south)

    result = Session(encoder=StubEncoder()).search(roots, RED)

    assert (result.gallery_size, result.damaged) == (39, 1)
    assert session.open_collection(roots[1]).damaged == 1
    assert session.open_collection(roots[0]).damaged == 0


def test_what_is_new_in_one_of_them_is_found_by_the_next_search(session, roots):
    assert session.search(roots, RED).gallery_size == 40
    paint_many(roots[1], [99])
    session.index(roots[1])

    assert session.search(roots, RED).gallery_size == 41


def test_more_collections_than_stay_open_are_searched_together(session, roots, tmp_path, own_data_dir):
    many = [*roots]
    for number in range(6):
        paint_many(tmp_path / f"{number}", [number])
        session.index(tmp_path / f"{number}")
        many.append(tmp_path / f"{number}")
    for folder in (own_data_dir / "collections").glob("north-*"):
        rot_a_row(folder)

    result = Session(encoder=StubEncoder()).search(many, RED)

    assert (result.gallery_size, result.damaged) == (45, 1)
    assert {hit.collection for hit in result.hits} == set(range(8))


def test_what_cannot_be_asked_of_several_is_told(session, roots, tmp_path):
    with pytest.raises(CollectionError, match="No collection is named"):
        session.search([], RED)
    with pytest.raises(CollectionError, match="has not been indexed yet"):
        session.search([*roots, tmp_path], RED)
    with pytest.raises(QueryError, match="one collection only"):
        session.search(roots, RED, feedback=Feedback(wanted=(1,)))


def test_the_command_line_takes_several_collections(session, roots, tmp_path, capsys):
    named = [part for root in roots for part in ("--collection", str(root))]
    code = main(
        ["search", "red", *named, "--json", "--top", "40", "--csv", str(tmp_path / "hits.csv")],
        session_factory=lambda **_options: session,
    )

    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [printed["collection"], *printed["further_collections"]] == [str(root) for root in roots]
    assert [hit["collection"] for hit in printed["hits"]] == [
        str(Path(hit["path"]).parent) for hit in printed["hits"]
    ]
    assert {row.collection for row in read_csv(tmp_path / "hits.csv")} == set(roots)
