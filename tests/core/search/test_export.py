"""The CSV is what is on screen, is safe in a spreadsheet, and loads back to the same rows."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faami_core import __version__
from faami_core.errors import ExportError
from faami_core.queries import Annotation, ImageTerm, Mark, PixelBox, Query, TextTerm
from faami_core.search.arrange import picked
from faami_core.search.csv_columns import METADATA_SUFFIX, evidence_columns
from faami_core.search.csv_reading import parse_csv, read_csv
from faami_core.search.export import csv_metadata, csv_rows, csv_text, matched_words, write_csv
from faami_core.types import MATCHED_FROM, GridSpec, Hit, QueryWord, SearchResult

FIXED = [
    *("rank", "path", "score", "score_global", "score_fine", "words_matched", "best_word"),
    *("best_region_x", "best_region_y", "best_region_width", "best_region_height"),
    *("image_width", "image_height", "mark", "tags"),
]


def result_of(words: list[str], paths: list[Path], seed: int = 0) -> SearchResult:
    rng = np.random.default_rng(seed)
    evidence = rng.normal(scale=0.1, size=(len(paths), len(words), 5)).astype(np.float32)
    hits = tuple(
        Hit(
            image_id=rank + 1,
            path=path,
            rank=rank,
            score=float(np.float32(1 / (rank + 1))),
            score_global=float(np.float32(rng.normal())),
            score_fine=float(evidence[rank].sum()),
            word_evidence=tuple(evidence[rank].sum(axis=1).tolist()),
            best_regions=tuple(PixelBox(column, 1, 2, 3) for column in range(len(words))),
            width=48,
            height=32,
        )
        for rank, path in enumerate(paths)
    )
    return SearchResult(
        query=Query((TextTerm(" ".join(words)), ImageTerm(Path("/q/a.png"), -0.5))),
        words=tuple(QueryWord(word, 1 / len(words), word != "unknown") for word in words),
        hits=hits,
        evidence=evidence,
        attention=np.full_like(evidence, 0.2),
        grids=(GridSpec("fine", 2, 2), GridSpec("coarse", 1, 1)),
        global_share=0.5,
        gallery_size=99,
        reranked=50,
        collection=Path("/images"),
        model_fingerprint="f" * 64,
        seconds=0.1,
        created_at="2026-01-01T00:00:00+00:00",
    )


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_columns_are_those_promised_and_ranks_begin_at_one():
    rows = rows_of(csv_text(result_of(["storage", "tanks"], [Path("/a.png"), Path("/b.png")])))

    assert rows[0] == [
        *FIXED,
        *("evidence_storage", "evidence_tanks", "region_storage", "region_tanks", "global_weight"),
        *("weight_storage", "weight_tanks", "matched_from_storage", "matched_from_tanks"),
    ]
    assert [row[0] for row in rows[1:]] == ["1", "2"]
    assert [row[1] for row in rows[1:]] == ["/a.png", "/b.png"]


def test_lines_end_with_carriage_return_and_line_feed_and_the_file_is_utf8(tmp_path):
    write_csv(result_of(["flugzeug"], [Path("/ä/飞机.png")]), tmp_path / "out.csv")
    data = (tmp_path / "out.csv").read_bytes()

    assert data.count(b"\r\n") == data.count(b"\n") == 2
    assert "/ä/飞机.png" in data.decode("utf-8")


def test_a_repeated_word_has_its_own_numbered_column():
    words = [QueryWord(text, 0.2) for text in ("red", "red", "red_2", "blue", "red")]

    assert evidence_columns(words) == (
        "evidence_red",
        "evidence_red_2",
        "evidence_red_2_2",
        "evidence_blue",
        "evidence_red_3",
    )


def test_a_word_is_matched_by_its_strength_whatever_its_weight():
    words = [QueryWord("heavy", 0.8), QueryWord("light", 0.1), QueryWord("never seen", 0.1, known=False)]

    assert matched_words(words, (0.8 * 0.9, 0.1 * 0.9, 0.1 * 0.9)) == ("heavy", "light")
    assert matched_words(words, (0.8 * MATCHED_FROM, 0.05 * MATCHED_FROM, 0.0)) == ("heavy",)
    assert matched_words(words, (-0.4, 0.0, -0.09)) == ()


def test_the_best_word_is_the_one_with_most_evidence_and_its_region_is_told():
    result = result_of(["a", "b"], [Path("/a.png")])
    hit = replace(result.hits[0], word_evidence=(0.2, 0.3))

    row = rows_of(csv_text(replace(result, hits=(hit,))))[1]

    assert row[5:11] == ["a b", "b", "1", "1", "2", "3"]


def test_an_export_loads_back_to_the_rows_it_was_made_from(tmp_path):
    result = result_of(["a", "b", "a"], [tmp_path / f"{number}.png" for number in range(20)])

    back = read_csv(write_csv(result, tmp_path / "out.csv"))

    assert len(back) == 20
    for hit, row in zip(result.hits, back, strict=True):
        best = int(np.argmax(hit.word_evidence))
        assert (row.rank, row.path, row.score) == (hit.rank, hit.path, hit.score)
        assert row.score_global == hit.score_global
        assert row.score_fine == hit.score_fine
        assert tuple(row.evidence.values()) == pytest.approx([0.5 * value for value in hit.word_evidence], rel=1e-9)
        assert row.best_region == hit.best_regions[best]
        assert row.best_word == result.words[best].text
        assert (row.width, row.height) == (hit.width, hit.height)
        assert tuple(row.regions.values()) == hit.best_regions
        assert row.annotation == Annotation()


def test_marks_and_tags_are_written_and_read_back():
    result = result_of(["a"], [Path("/a.png"), Path("/b.png")])
    note = Annotation(Mark.ACCEPTED, ("=1+1", "to check"))

    text = csv_text(result, {(0, 2): note})

    assert rows_of(text)[2][13:15] == ["accepted", "'=1+1; to check"]
    assert [row.annotation for row in parse_csv(text)] == [Annotation(), note]


def test_a_result_is_written_in_the_order_on_screen():
    result = result_of(["a"], [Path("/a.png"), Path("/b.png"), Path("/c.png")])

    shown = picked(result, [2, 0])

    assert [(row.rank, row.path) for row in parse_csv(csv_text(shown))] == [(0, Path("/c.png")), (1, Path("/a.png"))]
    np.testing.assert_array_equal(shown.evidence, result.evidence[[2, 0]])


RISKY = re.compile(r"[=+\-@\t\r\n]")


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
@example(["=1+1"])
@example(["'=1", "''=1", "'plain"])
@example(["\r\n", "\t", "@SUM(A1)", '"', ",", "-"])
def test_no_text_cell_starts_a_formula_and_loading_back_restores_it(words):
    result = result_of(words, [Path("/x") / "y.png"])
    hit = replace(result.hits[0], word_evidence=tuple(0.5 + 0.1 * number for number in range(len(words))))
    result = replace(result, hits=(hit,))

    text = csv_text(result)
    header, row = rows_of(text)
    back = parse_csv(text)[0]

    assert not any(RISKY.match(cell) for cell in [*header, row[1], row[5], row[6]])
    assert back.best_word == words[-1]
    assert [f"evidence_{word}" for word in back.evidence] == list(evidence_columns(result.words))
    assert tuple(back.evidence.values()) == pytest.approx([0.5 * value for value in hit.word_evidence])


def test_negative_numbers_stay_numbers():
    result = result_of(["a"], [Path("/a.png")])
    hit = replace(result.hits[0], score=-0.25, word_evidence=(-0.5,))

    row = rows_of(csv_text(replace(result, hits=(hit,))))[1]

    assert float(row[2]) == -0.25
    assert float(row[len(FIXED)]) == -0.25  # half of the score is the words'


def test_paths_with_odd_names_come_back_exactly(tmp_path):
    names = [b"=cmd.png", b"caf\xff.png", b"new\nline.png", b'quote".png', b"comma,.png", b"100%25.png", b" .png"]
    paths = [Path(os.fsdecode(b"/images/" + name)) for name in names]

    path = write_csv(result_of(["a"], paths), tmp_path / "out.csv")

    path.read_bytes().decode("utf-8")
    assert [row.path for row in read_csv(path)] == paths


def test_words_that_are_not_text_do_not_crash(tmp_path):
    path = write_csv(result_of(["half\udcff"], [Path("/a.png")]), tmp_path / "out.csv")

    assert read_csv(path)[0].best_word == "half\\udcff"


def test_the_metadata_describes_every_column_and_where_the_table_comes_from(tmp_path):
    result = result_of(["red", "unknown"], [Path("/a.png")])
    write_csv(result, tmp_path / "out 1.csv")

    told = json.loads((tmp_path / f"out 1.csv{METADATA_SUFFIX}").read_text("utf-8"))

    assert told == json.loads(json.dumps(csv_metadata(result, "out 1.csv")))
    assert told["@context"] == "http://www.w3.org/ns/csvw"
    assert told["url"] == "out%201.csv"
    titles = [column["titles"] for column in told["tableSchema"]["columns"]]
    assert titles == rows_of((tmp_path / "out 1.csv").read_text("utf-8"))[0]
    assert len({column["name"] for column in told["tableSchema"]["columns"]}) == len(titles)
    assert told["faami:query"] == [{"text": "red unknown", "weight": 1.0}, {"image": "/q/a.png", "weight": -0.5}]
    assert [word["known"] for word in told["faami:words"]] == [True, False]
    assert told["faami:modelFingerprint"] == "f" * 64
    assert told["dc:created"] == "2026-01-01T00:00:00+00:00"
    assert told["faami:version"] == __version__


def test_no_hits_make_a_table_with_only_a_header(tmp_path):
    path = write_csv(result_of(["a"], []), tmp_path / "out.csv")

    assert read_csv(path) == ()
    assert len(rows_of(path.read_text("utf-8"))) == 1


def test_rows_are_made_one_by_one_so_that_a_preview_costs_no_more_than_it_shows():
    result = result_of(["a"], [Path("/a.png"), Path("/b.png")])
    broken = replace(result, hits=(result.hits[0], replace(result.hits[1], best_regions=())))
    rows = csv_rows(broken)

    assert [next(rows), next(rows)] == rows_of(csv_text(result))[:2]
    with pytest.raises(IndexError):
        next(rows)


@pytest.mark.parametrize("name", ["out.csv", f"out.csv{METADATA_SUFFIX}"])
def test_neither_file_is_replaced_unless_that_is_allowed(tmp_path, name):
    (tmp_path / name).write_bytes(b"precious")

    with pytest.raises(ExportError, match="is there already"):
        write_csv(result_of(["a"], []), tmp_path / "out.csv", replace=False)

    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"precious"
    write_csv(result_of(["a"], []), tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv") == ()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ExportError, match="does not exist") as told:
        write_csv(result_of(["a"], []), tmp_path / "nowhere" / "out.csv")

    assert told.value.next_step


@pytest.mark.parametrize("content", [b"", b"a,b\r\n1,2\r\n", b"\xff\xfe", b"\x89PNG\r\n\x1a\n" + bytes(range(256))])
def test_a_file_that_is_no_export_is_refused(tmp_path, content):
    (tmp_path / "other.csv").write_bytes(content)

    with pytest.raises(ExportError, match="not a result file"):
        read_csv(tmp_path / "other.csv")


def test_a_missing_export_is_told(tmp_path):
    with pytest.raises(ExportError, match="not a result file"):
        read_csv(tmp_path / "gone.csv")
