"""Questions and answers through the session: one ranking however it is asked, marks, duplicates, result files."""

from __future__ import annotations

import csv
import json
import os
import random
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.cli import main
from faami_core.errors import CollectionError, ExportError, QueryError
from faami_core.queries import Annotation, Feedback, Filters, ImageTerm, Mark, PixelBox, Query, TextTerm
from faami_core.session import Session
from tests.stub_encoder import COLOURS, StubEncoder

WORDS = [*COLOURS, "roof", "high-rise", "2", "+", "-", '"', "./a.jpg", "3:1"]


@pytest.fixture
def session(image_folder) -> Session:
    opened = Session(encoder=StubEncoder())
    opened.index(image_folder)
    return opened


def made_query(seed: int, folder: Path) -> Query:
    """A query of one to four terms, some of whose phrases look like operators."""
    chance = random.Random(seed)
    images = sorted(folder.glob("*.png"))
    terms: list[TextTerm | ImageTerm] = []
    for _ in range(chance.randint(1, 4)):
        weight = chance.choice([1.0, -1.0, 2.0, 0.5, -0.25, 0.1 + chance.random()])
        if chance.random() < 0.6:
            phrase = " ".join([chance.choice(list(COLOURS)), *chance.choices(WORDS, k=chance.randint(0, 3))])
            terms.append(TextTerm(phrase, weight))
        else:
            box = PixelBox(chance.randint(0, 20), chance.randint(0, 20), chance.randint(1, 40), chance.randint(1, 40))
            terms.append(ImageTerm(chance.choice(images), weight, chance.choice([None, box])))
    return Query(tuple(terms))


def test_typed_line_object_and_command_line_give_the_same_ranking(session, image_folder, capsys):
    for seed in range(50):
        query = made_query(seed, image_folder)
        line = session.format_query(query)

        by_object = session.search(image_folder, query)
        by_line = session.search(image_folder, session.parse_query(line))
        code = main(
            ["search", "--collection", str(image_folder), "--json", "--top", "99", "--", line],
            session_factory=lambda **_options: session,
        )
        printed = json.loads(capsys.readouterr().out)

        assert code == 0
        assert by_line.hits == by_object.hits, line
        assert [(hit["path"], hit["score"]) for hit in printed["hits"]] == [
            (str(hit.path), hit.score) for hit in by_object.hits
        ]
        assert printed["query"] == line


def test_plain_text_is_asked_as_it_always_was(session, image_folder):
    text = "several high-rise red-blue tanks, 2 of them"

    assert session.parse_query(text) == Query.from_text(text)


def test_unknown_words_are_named_once_in_order(session, image_folder):
    result = session.search(image_folder, session.parse_query("zeppelin red + blue zeppelin - yurt"))

    assert result.unknown_words == ("zeppelin", "yurt")


def ids_by_name(session: Session, folder: Path) -> dict[str, int]:
    return {image.path.stem: image.image_id for image in session.browse(folder)}


def test_marks_and_tags_choose_what_is_searched(session, image_folder):
    ids = ids_by_name(session, image_folder)
    session.annotate(
        image_folder, {ids["red"]: Annotation(Mark.ACCEPTED, ("a",)), ids["blue"]: Annotation(tags=("a",))}
    )
    query = Query.from_text("green")

    def found(filters: Filters) -> set[str]:
        return {hit.path.stem for hit in session.search(image_folder, query, filters=filters).hits}

    assert found(Filters(marks=(Mark.ACCEPTED,))) == {"red"}
    assert found(Filters(tags=("a",))) == {"red", "blue"}
    assert found(Filters(tags=("a",), marks=(Mark.UNMARKED,))) == {"blue"}
    assert len(found(Filters(marks=(Mark.UNMARKED,)))) == 11


def test_filters_narrow_browsing_as_they_narrow_a_search(session, image_folder):
    ids = ids_by_name(session, image_folder)
    session.annotate(image_folder, {ids["red"]: Annotation(Mark.ACCEPTED)})

    def names(filters: Filters) -> list[str]:
        return [image.path.stem for image in session.browse(image_folder, filters=filters)]

    assert names(Filters(marks=(Mark.ACCEPTED,))) == ["red"]
    assert names(Filters(name="corner_top*")) == ["corner_top_left", "corner_top_right"]
    assert names(Filters(min_side=33)) == []
    assert len(names(Filters(min_evidence=(("red", 0.5),)))) == 12, "no word is asked for"


def test_days_choose_by_when_the_file_was_changed(session, image_folder):
    os.utime(image_folder / "red.png", (10**9, 10**9))  # 2001-09-09
    session.index(image_folder)

    old = session.search(image_folder, Query.from_text("red"), filters=Filters(modified_to=date(2001, 9, 10)))

    assert [hit.path.stem for hit in old.hits] == ["red"]
    assert (old.passing, old.gallery_size, old.filters.modified_to) == (1, 12, date(2001, 9, 10))


def test_marking_is_undone_by_giving_back_what_was_there_and_survives_a_restart(session, image_folder):
    red = ids_by_name(session, image_folder)["red"]
    undo = session.annotate(image_folder, {red: Annotation(Mark.REJECTED, ("x",))})

    assert Session(encoder=StubEncoder()).annotations(image_folder) == {red: Annotation(Mark.REJECTED, ("x",))}
    session.annotate(image_folder, undo)
    assert session.annotations(image_folder) == {}
    with pytest.raises(CollectionError, match="not been indexed"):
        session.annotate(image_folder / "none", {})


def test_marked_images_move_the_query(session, image_folder):
    ids = ids_by_name(session, image_folder)
    query = Query.from_text("unheard of")

    moved = session.search(image_folder, query, feedback=Feedback((ids["cyan"],), (ids["red"],)))

    rank = {hit.path.stem: hit.rank for hit in moved.hits}
    assert rank["cyan"] < rank["red"]


def test_copies_of_a_file_are_one_group_and_copies_saved_anew_a_near_one(session, image_folder):
    (image_folder / "copy.png").write_bytes((image_folder / "red.png").read_bytes())
    Image.open(image_folder / "red.png").save(image_folder / "saved_anew.bmp")
    session.index(image_folder)
    result = session.search(image_folder, Query.from_text("red"))

    def group_of_red(kind) -> set[str]:
        groups = session.duplicates(result, kind)
        assert sorted(rank for group in groups for rank in group) == list(range(14))
        return {result.hits[rank].path.name for group in groups for rank in group if 0 in group}

    assert group_of_red("exact") == {"red.png", "copy.png"}
    assert group_of_red("near") == {"red.png", "copy.png", "saved_anew.bmp"}


def test_an_export_opens_again_with_the_same_hits_marks_and_maps(session, image_folder, tmp_path):
    query = Query((TextTerm("red"), ImageTerm(image_folder / "blue.png", -0.5)))
    ids = ids_by_name(session, image_folder)
    session.annotate(image_folder, {ids["red"]: Annotation(Mark.ACCEPTED, ("=tag",))})
    result = session.search(image_folder, query, feedback=Feedback((ids["red"],), (ids["green"],)))

    back = Session(encoder=StubEncoder()).import_csv(session.export_csv(result, tmp_path / "out.csv"))

    assert back.result.hits == result.hits
    assert (back.result.query, back.result.words, back.result.feedback) == (query, result.words, result.feedback)
    assert back.annotations == {(0, ids["red"]): Annotation(Mark.ACCEPTED, ("=tag",))}
    restored = session.with_maps(back.result)
    np.testing.assert_allclose(restored.evidence, result.evidence, atol=1e-6)
    np.testing.assert_allclose(restored.attention, result.attention, atol=1e-6)
    assert session.heatmap(restored, 0).shape == (4, 4)


def test_an_export_holds_what_is_on_screen_in_that_order(session, image_folder, tmp_path):
    result = session.search(image_folder, Query.from_text("red"))

    path = session.export_csv(result, tmp_path / "out.csv", order=[5, 0])

    shown = session.import_csv(path).result.hits
    assert [hit.path for hit in shown] == [result.hits[5].path, result.hits[0].path]


@pytest.mark.parametrize("order", [None, [5, 0, 3]])
def test_the_preview_is_the_first_rows_of_the_file(session, image_folder, tmp_path, order):
    ids = ids_by_name(session, image_folder)
    session.annotate(image_folder, {ids["red"]: Annotation(Mark.ACCEPTED, ("=tag",))})
    query = Query((TextTerm("red"), ImageTerm(image_folder / "blue.png", -0.5)))
    result = session.search(image_folder, query)

    preview = session.preview_csv(result, order=order, rows=2)

    table, described = session.export_files(tmp_path / "out.csv")
    session.export_csv(result, table, order=order, replace=False)
    with table.open(encoding="utf-8", newline="") as stream:
        assert preview == tuple(map(tuple, csv.reader(stream)))[:3]
    assert described.is_file()
    with pytest.raises(ExportError, match="is there already"):
        session.export_csv(result, table, replace=False)


def test_results_of_another_model_or_a_lost_index_open_without_maps(session, image_folder, tmp_path):
    result = session.search(image_folder, Query.from_text("red"))
    path = session.export_csv(result, tmp_path / "out.csv")
    elsewhere = Session(encoder=StubEncoder(), data_dir=tmp_path / "other data")

    back = elsewhere.import_csv(path).result

    assert [hit.path for hit in back.hits] == [hit.path for hit in result.hits]
    assert all(hit.image_id < 0 for hit in back.hits)
    with pytest.raises(CollectionError):
        elsewhere.with_maps(back)
    elsewhere.export_csv(back, tmp_path / "again.csv")
    other = Session(encoder=StubEncoder(fingerprint="6" * 64))
    other.index(image_folder)
    with pytest.raises(CollectionError, match="another index or model"):
        other.with_maps(result)


def test_a_line_that_cannot_be_read_is_told_with_its_place(session, image_folder, capsys):
    with pytest.raises(QueryError) as refused:
        session.parse_query("red + - blue")

    code = main(["search", "red + - blue", "--collection", str(image_folder)], session_factory=lambda **_: session)

    assert refused.value.position == 6
    assert code == 1
    assert "missing here. (character 7)" in capsys.readouterr().err


def test_copies_of_a_whole_collection_are_told_by_key(session, image_folder):
    (image_folder / "again.png").write_bytes((image_folder / "red.png").read_bytes())
    session.index(image_folder)
    path_of = {(0, image.image_id): image.path.name for image in session.browse(image_folder)}
    assert [sorted(path_of[key] for key in group) for group in session.copies([image_folder])] == [
        ["again.png", "red.png"]
    ]


def test_marks_that_moved_a_query_image_move_it_again_when_its_results_are_opened(session, image_folder, tmp_path):
    two_colours = np.zeros((32, 32, 3), dtype=np.uint8)
    two_colours[:, :16], two_colours[:, 16:] = COLOURS["red"], COLOURS["blue"]
    Image.fromarray(two_colours).save(tmp_path / "two.png")
    query = Query((ImageTerm(tmp_path / "two.png"),))
    ids = ids_by_name(session, image_folder)
    plain = session.search(image_folder, query)
    moved = session.search(image_folder, query, feedback=Feedback((ids["red"],), (ids["blue"],)))
    by_id = {hit.image_id: row for row, hit in enumerate(plain.hits)}
    before = plain.evidence[[by_id[hit.image_id] for hit in moved.hits]]
    assert np.abs(before - moved.evidence).max() > 0.01, "the regions of the query image weigh otherwise now"

    back = session.import_csv(session.export_csv(moved, tmp_path / "out.csv")).result
    restored = session.with_maps(back)

    np.testing.assert_allclose(restored.evidence, moved.evidence, atol=1e-6)
    np.testing.assert_allclose(restored.attention, moved.attention, atol=1e-6)
