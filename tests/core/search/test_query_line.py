"""The typed line: what it means, what it leaves alone, where it stops, and that it says every query."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faami_core.errors import QueryError
from faami_core.queries import ImageTerm, PixelBox, Query, TextTerm
from faami_core.search.query_line import format_query, parse_query


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("", []),
        ("   ", []),
        ("storage tanks", [TextTerm("storage tanks")]),
        ("2:oil tanks + ./a.jpg - sea", [TextTerm("oil tanks", 2), ImageTerm(Path("a.jpg")), TextTerm("sea", -1)]),
        ("- trees", [TextTerm("trees", -1)]),
        ("+ trees", [TextTerm("trees")]),
        ("river - 0.5:boats", [TextTerm("river"), TextTerm("boats", -0.5)]),
        (".5: river\t+\n1e2:sea", [TextTerm("river", 0.5), TextTerm("sea", 100)]),
        ("0:muted + river", [TextTerm("muted", 0), TextTerm("river")]),
        ('"roads - no cars" + "2:1"', [TextTerm("roads - no cars"), TextTerm("2:1")]),
        ('"say ""hello"""', [TextTerm('say "hello"')]),
        ('"./a - b.jpg"[1, 2,3 ,4] - c', [ImageTerm(Path("a - b.jpg"), 1, PixelBox(1, 2, 3, 4)), TextTerm("c", -1)]),
        ("3:../a b.jpg[0,0,64,32]", [ImageTerm(Path("../a b.jpg"), 3, PixelBox(0, 0, 64, 32))]),
        ("/data/a.jpg + C:\\b.tif", [ImageTerm(Path("/data/a.jpg")), ImageTerm(Path("C:\\b.tif"))]),
        ('text:"./a.jpg"', [TextTerm("./a.jpg")]),
    ],
)  # fmt: skip
def test_a_line_means_its_terms(line, terms):
    assert parse_query(line) == Query(tuple(terms))


@pytest.mark.parametrize(
    "text",
    [
        *("high-rise", "2 planes", "a-b+c", "-5 m", "+1", '6" pipe', "a.jpg", "note: water", "x2:y", "[1,2,3,4]"),
        *("storage  tanks  beside a river.", "C: drive", "and/or", "¿río?", "two–three", "text: sea", "…", "a -b"),
    ],
)  # fmt: skip
def test_plain_text_stays_as_it_is(text):
    assert parse_query(text) == Query.from_text(text)
    assert format_query(Query.from_text(text)) == text


def test_a_path_below_the_home_folder_is_found(monkeypatch):
    monkeypatch.setenv("HOME", "/home/analyst")
    query = parse_query("~/a.jpg")

    assert query.terms == (ImageTerm(Path("/home/analyst/a.jpg")),)
    assert format_query(query) == "/home/analyst/a.jpg"


@pytest.mark.parametrize(
    ("line", "position", "told"),
    [
        ("river +", 7, "term is missing"),
        ("river + - sea", 8, "term is missing"),
        ("-", 1, "term is missing"),
        ("2:", 2, "term is missing"),
        ("river + 3: - sea", 11, "term is missing"),
        ('sea + "river', 6, "not closed"),
        ('"sea" river', 6, "closing quote"),
        ('"sea"[1,2,3,4]', 5, "closing quote"),
        ("1e999:sea", 0, "too large"),
        ("sea + ./a.jpg[1,2]", 13, "four numbers"),
        ("./a.jpg]", 0, "four numbers"),
    ],
)
def test_a_line_that_cannot_be_read_says_where_and_what_to_do(line, position, told):
    with pytest.raises(QueryError, match=told) as refused:
        parse_query(line)

    assert refused.value.position == position
    assert refused.value.next_step


tricky = st.text(st.sampled_from("+-:\"' \t\n.2e[],/\\~abCtextä"), max_size=12) | st.text(max_size=8)
weights = st.floats(-1e6, 1e6) | st.sampled_from([1.0, -1.0, 0.0, 2.0, 1e-30, 1e22])
boxes = st.builds(PixelBox, *[st.integers(0, 10**6)] * 2, *[st.integers(1, 10**6)] * 2)
terms = st.builds(TextTerm, tricky, weights) | st.builds(ImageTerm, tricky.map(Path), weights, st.none() | boxes)
queries = st.lists(terms, max_size=5).map(lambda terms: Query(tuple(terms)))


@given(queries)
@example(
    Query((TextTerm("+"), TextTerm("-", -1), TextTerm(""), TextTerm(" a "), TextTerm("./a"), TextTerm('text:"a"')))
)
@example(Query((ImageTerm(Path("a[1,2,3,4]")), ImageTerm(Path("~/a")), ImageTerm(Path("~")), ImageTerm(Path()))))
@settings(max_examples=1000, deadline=None)
def test_a_query_written_as_a_line_reads_back_as_the_same_query(query):
    assert parse_query(format_query(query)) == query


@given(st.text(st.sampled_from('+-:" .2[],/ab'), max_size=20))
@settings(max_examples=500, deadline=None)
def test_any_line_is_a_query_or_a_told_error_inside_the_line(line):
    try:
        query = parse_query(line)
    except QueryError as error:
        assert error.position is not None
        assert 0 <= error.position <= len(line)
    else:
        assert parse_query(format_query(query)) == query
