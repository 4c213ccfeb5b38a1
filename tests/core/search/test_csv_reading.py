"""Result files as they come back: saved again by a spreadsheet, sorted, cut, edited, or made to do harm."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faami_core.errors import ExportError, FaamiError
from faami_core.queries import Annotation, Filters, ImageTerm, Mark, PixelBox, Query, TextTerm
from faami_core.search import csv_reading
from faami_core.search.arrange import arranged, picked, reweighted
from faami_core.search.csv_columns import METADATA_SUFFIX, spreadsheet_dialect
from faami_core.search.csv_reading import read_csv
from faami_core.search.export import csv_text, write_csv
from faami_core.search.reopen import read_result
from faami_core.types import Hit, ImportedResult, QueryWord, SearchResult

COLLECTION = Path("/images/Künste")
NAMES = ("café.png", "b.png", "c.png", "d; e.png")
SHARE = 0.7


def result_of(names: tuple[str, ...] = NAMES) -> SearchResult:
    """A result whose scores are the sums of their evidence."""
    rng = np.random.default_rng(1)
    words = (
        QueryWord("déjà", 0.25),
        QueryWord("tanks", 0.5, term=0, matched_from=0.1),
        QueryWord("a.png", -0.25, True, 1),
    )
    hits = []
    for place, name in enumerate(names):
        evidence = tuple(float(np.float32(value)) for value in rng.normal(scale=0.1, size=3) - 0.02 * place)
        cosine, fine = float(np.float32(0.5 - 0.1 * place)), float(np.float32(sum(evidence)))
        score = float(np.float32(round(SHARE * cosine + (1 - SHARE) * fine, 6)))
        boxes = tuple(PixelBox(16 * column, 0, 16, 16) for column in range(3))
        queried = (None, None, PixelBox(1, 2, 3, 4))
        hits.append(Hit(place + 1, COLLECTION / name, place, score, cosine, fine, evidence, boxes, 64, 48, queried))
    maps = np.zeros((len(hits), 3, 0), dtype=np.float32)
    query = Query((TextTerm("déjà tanks"), ImageTerm(Path("/q/a.png"), -1.0)))
    told = (len(hits), len(hits), COLLECTION, "f" * 64, 0.1, "2026-01-01T00:00:00+00:00")
    return SearchResult(query, words, tuple(hits), maps, maps, (), SHARE, *told)


NOTES = {(0, 1): Annotation(Mark.ACCEPTED, ("Hafen", "zu prüfen")), (0, 3): Annotation(Mark.REJECTED)}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    return write_csv(result_of(), tmp_path / "out.csv", NOTES)


def reopen(path: Path) -> ImportedResult:
    known = {hit.path: hit.image_id for hit in result_of().hits}
    return read_result(path, lambda _collection: known)


def cells_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))


def saved(cells: list[list[str]], **options: Any) -> str:
    out = io.StringIO()
    csv.writer(out, **{"lineterminator": "\r\n"} | options).writerows(cells)
    return out.getvalue()


def with_comma(cells: list[list[str]]) -> list[list[str]]:
    """Numbers as a spreadsheet of most of Europe writes them."""

    def converted(cell: str) -> str:
        try:
            float(cell)
        except ValueError:
            return cell
        return cell.replace(".", ",")

    return [cells[0], *([converted(cell) for cell in row] for row in cells[1:])]


# --- saved again by a spreadsheet -----------------------------------------------------------------------------

RESAVED: dict[str, Callable[[list[list[str]]], bytes]] = {
    "with a byte order mark": lambda cells: saved(cells).encode("utf-8-sig"),
    "with semicolons": lambda cells: saved(cells, delimiter=";").encode(),
    "with semicolons and decimal commas": lambda cells: saved(with_comma(cells), delimiter=";").encode("utf-8-sig"),
    "with commas and decimal commas": lambda cells: saved(with_comma(cells)).encode(),
    "with tabs": lambda cells: saved(cells, delimiter="\t").encode(),
    "with tabs in UTF-16": lambda cells: saved(cells, delimiter="\t").encode("utf-16"),
    "in UTF-16 without a byte order mark": lambda cells: saved(cells).encode("utf-16-le"),
    "in big-endian UTF-16 without a byte order mark": lambda cells: saved(cells).encode("utf-16-be"),
    "in Windows-1252": lambda cells: saved(cells, delimiter=";").encode("cp1252"),
    "with a separator hint": lambda cells: b"sep=;\r\n" + saved(cells, delimiter=";").encode(),
    "with everything in quotes": lambda cells: saved(cells, quoting=csv.QUOTE_ALL).encode(),
    "with plain line feeds": lambda cells: saved(cells, lineterminator="\n").encode(),
    "with old line ends": lambda cells: saved(cells, lineterminator="\r").encode(),
    "with blank rows": lambda cells: saved([*cells[:2], [], [""] * len(cells[0]), *cells[2:], [" "], []]).encode(),
    "with blank columns": lambda cells: saved([[*row, "", ""] for row in cells]).encode(),
    "with marks in capitals": lambda cells: (
        saved(cells).replace("accepted", "Accepted").replace("rej", "REJ").encode()
    ),
    "with columns in another order": lambda cells: saved([row[::-1] for row in cells]).encode(),
    "with whole numbers as decimals": lambda cells: saved(
        [cells[0], *([f"{row[0]}.0", *row[1:11], f"{row[11]}.00", *row[12:]] for row in cells[1:])]
    ).encode(),
}


@pytest.mark.parametrize("way", RESAVED)
def test_a_file_that_a_spreadsheet_saved_again_opens_as_before(exported: Path, way: str) -> None:
    before = reopen(exported)

    exported.write_bytes(RESAVED[way](cells_of(exported)))

    after = reopen(exported)
    assert after.annotations == before.annotations == NOTES
    assert after.result.hits == before.result.hits == result_of().hits


def test_rows_that_were_sorted_keep_their_order_and_the_ranks_of_the_file(exported: Path) -> None:
    header, *rows = cells_of(exported)
    exported.write_text(saved([header, *rows[::-1]]), "utf-8", newline="")

    result = reopen(exported).result

    assert [hit.path.name for hit in result.hits] == list(NAMES[::-1])
    assert [hit.rank_shown for hit in result.hits] == [4, 3, 2, 1]
    assert [hit.rank for hit in result.hits] == [0, 1, 2, 3]  # their places
    assert [row[0] for row in cells_of(write_csv(result, exported))[1:]] == ["4", "3", "2", "1"]


def test_rows_that_were_removed_leave_gaps_in_the_ranks(exported: Path) -> None:
    header, *rows = cells_of(exported)
    exported.write_text(saved([header, rows[0], rows[3]]), "utf-8", newline="")

    result = reopen(exported).result

    assert [hit.rank_shown for hit in result.hits] == [1, 4]
    assert [hit.rank_shown for hit in picked(result, [0, 1]).hits] == [1, 4]  # nothing was arranged
    assert [hit.rank_shown for hit in picked(result, [1, 0]).hits] == [1, 2]  # ranked anew


def test_columns_that_only_repeat_what_others_tell_may_be_missing(exported: Path) -> None:
    cells = cells_of(exported)
    gone = {"words_matched", "best_word", "best_region_x", "mark", "tags", "global_weight", "weight_tanks"}
    kept = [place for place, name in enumerate(cells[0]) if name not in gone]
    exported.write_text(saved([[row[place] for place in kept] for row in cells]), "utf-8", newline="")

    back = reopen(exported)

    assert back.result.hits == result_of().hits
    assert back.annotations == {}


@pytest.mark.parametrize(
    ("row", "column", "cell", "told"),
    [
        (2, "rank", "1e30", "row 2: rank is 1e30"),
        (2, "rank", "1" * 31, f"row 2: rank is {'1' * 31}"),
        (3, "rank", "9" * 5000, f"row 3: rank is {'9' * 40}…"),
        (2, "rank", "0", "row 2: rank is 0"),
        (2, "rank", "-1", "row 2: rank is -1"),
        (2, "rank", "", "row 2: rank is empty"),
        (5, "score", "nan", "row 5: score is nan"),
        (5, "score", "#REF!", "row 5: score is #REF!"),
        (4, "score_fine", "1e300", "row 4: score_fine is 1e300"),
        (4, "score_global", "inf", "row 4: score_global is inf"),
        (2, "image_width", "0", "row 2: image_width is 0"),
        (2, "image_height", "2.5", "row 2: image_height is 2.5"),
        (3, "evidence_tanks", "many", "row 3: evidence_tanks is many"),
        (3, "region_tanks", "1 2 3", "row 3: region_tanks is 1 2 3"),
        (3, "region_tanks", "1 2 3 0", "row 3: region_tanks is 1 2 3 0"),
        (3, "region_tanks", f"1 2 3 {10**12}", f"row 3: region_tanks is 1 2 3 {10**12}"),
        (3, "best_region_x", "-4", "row 3: best_region_x is -4"),
        (2, "mark", "maybe", "row 2: mark is maybe"),
        (2, "path", "", "row 2: path is empty"),
        (2, "path", "file:///a%00b", "row 2: path is file:///a%00b"),
        (3, "path", str(COLLECTION / NAMES[0]), "row 3: its image is in row 2 already"),
    ],
)
def test_a_cell_that_no_export_writes_is_told_by_row_and_column(
    exported: Path, row: int, column: str, cell: str, told: str
) -> None:
    cells = cells_of(exported)
    cells[row - 1][cells[0].index(column)] = cell
    exported.write_text(saved(cells), "utf-8", newline="")

    with pytest.raises(ExportError) as refused:
        reopen(exported)

    assert refused.value.message == f"'out.csv' cannot be read as results: {told}."
    assert refused.value.next_step


def test_a_row_with_too_many_cells_and_a_missing_column_are_told(exported: Path) -> None:
    cells = cells_of(exported)
    exported.write_text(saved([*cells[:2], [*cells[2], "more"]]), "utf-8", newline="")
    with pytest.raises(ExportError, match="row 3: it has"):
        reopen(exported)
    place = cells[0].index("score_fine")
    exported.write_text(saved([row[:place] + row[place + 1 :] for row in cells]), "utf-8", newline="")
    with pytest.raises(ExportError, match="it has no column “score_fine”"):
        reopen(exported)
    place = cells[0].index("evidence_tanks")
    exported.write_text(saved([row[:place] + row[place + 1 :] for row in cells]), "utf-8", newline="")
    with pytest.raises(ExportError, match="the columns of the word “tanks” are missing"):
        reopen(exported)


def test_what_is_written_for_spreadsheets_loads_back(tmp_path: Path) -> None:
    for decimal, delimiter in ((",", b";"), (".", b",")):
        path = write_csv(result_of(), tmp_path / "out.csv", NOTES, dialect=spreadsheet_dialect(decimal))
        assert path.read_bytes().startswith(b"\xef\xbb\xbfrank" + delimiter + b"path")
        metadata = json.loads((tmp_path / f"out.csv{METADATA_SUFFIX}").read_text("utf-8"))
        assert metadata["dialect"]["delimiter"] == delimiter.decode()
        assert (b"0,5" in path.read_bytes()) == (decimal == ",")
        back = reopen(path)
        assert back.result.hits == result_of().hits
        assert back.annotations == NOTES


# --- one number for one thing ---------------------------------------------------------------------------------


def recomputed(row: dict[str, str], words: list[str]) -> tuple[float, float, list[str]]:
    """Score from the two parts, score from the evidence, and the words matched, from one row alone."""
    weight = float(row["global_weight"])
    whole = weight * float(row["score_global"])
    evidence = {word: float(row[f"evidence_{word}"]) for word in words}
    matched = [
        word
        for word in words
        if evidence[word] / (float(row[f"weight_{word}"]) * (1 - weight)) >= float(row[f"matched_from_{word}"])
    ]
    return whole + (1 - weight) * float(row["score_fine"]), whole + sum(evidence.values()), matched


def check_rows(result: SearchResult) -> None:
    words = [word.text for word in result.words]
    rows = list(csv.DictReader(io.StringIO(csv_text(result), newline="")))
    assert len(rows) == len(result.hits)
    for row, hit in zip(rows, result.hits, strict=True):
        from_parts, from_evidence, matched = recomputed(row, words)
        assert from_parts == pytest.approx(float(row["score"]), abs=2e-6)
        assert from_evidence == pytest.approx(float(row["score"]), abs=2e-6)
        assert float(row["score"]) == pytest.approx(hit.score, abs=1e-6)
        assert " ".join(matched) == row["words_matched"]


def test_every_row_can_be_recomputed_from_its_own_columns() -> None:
    result = result_of()
    check_rows(result)
    check_rows(reweighted(result, (2.0, 1.0, 0.5)))  # the mix is in the weights of the file
    check_rows(replace(result, global_share=0.25, hits=tuple(_rescored(hit, 0.25) for hit in result.hits)))


def _rescored(hit: Hit, share: float) -> Hit:
    return replace(hit, score=share * hit.score_global + (1 - share) * hit.score_fine)


def as_version_1(path: Path) -> None:
    """Writes an export as versions before 0.2 did: evidence as a share of the fine score, no weights."""
    cells = cells_of(path)
    end = cells[0].index("global_weight")
    for place, name in enumerate(cells[0]):
        if name.startswith("evidence_"):
            for row in cells[1:]:
                row[place] = str(np.float32(float(row[place]) / (1 - SHARE)))
    path.write_text(saved([row[:end] for row in cells]), "utf-8", newline="")
    metadata = path.with_name(path.name + METADATA_SUFFIX)
    record = json.loads(metadata.read_text("utf-8"))
    del record["faami:format"]
    record["faami:filters"] = {"min_evidence": [["tanks", 0.1]]}
    metadata.write_text(json.dumps(record), "utf-8")


def test_files_of_older_versions_open_with_the_same_evidence(exported: Path) -> None:
    as_version_1(exported)

    result = reopen(exported).result

    assert result.hits == result_of().hits
    assert result.filters == Filters(min_evidence=(("tanks", pytest.approx(0.1 * (1 - SHARE))),))


def test_a_file_of_a_newer_version_is_refused(exported: Path) -> None:
    metadata = exported.with_name(exported.name + METADATA_SUFFIX)
    metadata.write_text(json.dumps(json.loads(metadata.read_text("utf-8")) | {"faami:format": 3}), "utf-8")

    with pytest.raises(ExportError, match="a newer version of this program wrote it"):
        reopen(exported)


# --- files from anywhere --------------------------------------------------------------------------------------

HOSTILE = [
    *(None, True, -1, 0, 10**30, -(10**30), 1e308, float("inf"), float("nan"), "", "\0", "a" * 200_000, "\udcff"),
    *([], ["a"], [[]], {}, {"a": 1}, "../../etc/passwd", "9999-99-99", [None] * 1000, "²", "\x1b[2J"),
]


def edited(value: Any, path: list[int], hostile: Any) -> Any:
    """A JSON value with one leaf, found by following ``path``, replaced."""
    if isinstance(value, dict) and value and path:
        key = sorted(value)[path[0] % len(value)]
        return value | {key: edited(value[key], path[1:], hostile)}
    if isinstance(value, list) and value and path:
        place = path[0] % len(value)
        return [*value[:place], edited(value[place], path[1:], hostile), *value[place + 1 :]]
    return hostile


def check_harmless(path: Path) -> None:
    """Only a known fault comes out, or a result that can be arranged and written again."""
    try:
        back = reopen(path)
    except FaamiError as error:
        assert len(str(error)) < 1_000
        return
    result = back.result
    assert [hit.rank for hit in result.hits] == list(range(len(result.hits)))
    for hit in result.hits:
        assert 0 <= hit.collection < len(result.collections)
        assert np.isfinite([hit.score, hit.score_global, hit.score_fine, *hit.word_evidence]).all()
    assert all(0 <= word.term < len(result.query.terms) for word in result.words)
    arranged(reweighted(result, [1.0] * len(result.words)), by_word=0)
    write_csv(result, path.with_name("again.csv"), back.annotations)


PLACES = st.lists(st.integers(0, 20), min_size=1, max_size=4)
QUIET = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@QUIET
@given(places=PLACES, hostile=st.sampled_from(HOSTILE))
def test_a_hostile_value_anywhere_in_the_description_is_a_known_fault(
    tmp_path: Path, places: list[int], hostile: Any
) -> None:
    path = write_csv(result_of(), tmp_path / "out.csv", NOTES)
    metadata = path.with_name(path.name + METADATA_SUFFIX)
    metadata.write_text(json.dumps(edited(json.loads(metadata.read_text("utf-8")), places, hostile)), "utf-8")
    check_harmless(path)


@QUIET
@given(
    row=st.integers(0, 4),
    column=st.integers(0, 40),
    cell=st.one_of(st.text(max_size=20), st.sampled_from([str(value) for value in HOSTILE])),
)
def test_a_hostile_cell_anywhere_in_the_table_is_a_known_fault(
    tmp_path: Path, row: int, column: int, cell: str
) -> None:
    path = write_csv(result_of(), tmp_path / "out.csv", NOTES)
    cells = cells_of(path)
    cells[row][column % len(cells[row])] = cell
    path.write_bytes(saved(cells).encode("utf-8", "surrogateescape"))
    check_harmless(path)


@QUIET
@given(which=st.booleans(), begin=st.floats(0, 1), length=st.integers(0, 60), noise=st.binary(max_size=60))
def test_torn_bytes_in_either_file_are_a_known_fault(
    tmp_path: Path, which: bool, begin: float, length: int, noise: bytes
) -> None:
    path = write_csv(result_of(), tmp_path / "out.csv", NOTES)
    torn = path if which else path.with_name(path.name + METADATA_SUFFIX)
    data = torn.read_bytes()
    start = round(begin * len(data))
    torn.write_bytes(data[:start] + noise + data[start + length :])
    check_harmless(path)


def test_deep_and_large_files_are_refused_in_bounded_time_and_memory(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = exported.with_name(exported.name + METADATA_SUFFIX)
    sound = metadata.read_text("utf-8")
    started = time.monotonic()
    for deep in ("[" * 1_000_000, '{"a":' * 300_000, sound[:-2] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"):
        metadata.write_text(deep, "utf-8")
        with pytest.raises(ExportError, match="missing or damaged"):
            reopen(exported)
    metadata.write_text(sound, "utf-8")
    monkeypatch.setattr(csv_reading, "MAX_BYTES", 1 << 20)
    exported.write_bytes(b"rank,path\r\n" + b"," * (64 << 20))
    tracemalloc.start()
    with pytest.raises(ExportError, match="larger than 1 MB"):
        reopen(exported)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
    monkeypatch.setattr(csv_reading, "MAX_ROWS", 3)
    write_csv(result_of(), exported)
    with pytest.raises(ExportError, match="more than 3 rows"):
        reopen(exported)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("suffix", ["", METADATA_SUFFIX])
def test_a_pipe_a_socket_a_folder_or_a_device_is_not_read(exported: Path, suffix: str) -> None:
    file = exported.with_name(exported.name + suffix)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ExportError, match="not a regular file"):
        reopen(exported)
    file.unlink()
    file.mkdir()
    with pytest.raises(ExportError, match="not a regular file"):
        reopen(exported)
    file.rmdir()
    file.symlink_to("/dev/zero")
    with pytest.raises(ExportError, match="not a regular file"):
        reopen(exported)
    file.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(file))
        with pytest.raises(ExportError, match="not a regular file"):
            reopen(exported)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="No such file"):
        read_csv(tmp_path / "gone.csv")
