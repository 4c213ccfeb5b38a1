"""The typed line: what it means, what it leaves alone, where it stops, and that it says every query."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from faami_core.errors import QueryError
from faami_core.queries import MAX_TERMS, ImageTerm, PixelBox, Query, TextTerm
from faami_core.search.query_line import MAX_LINE, format_query, parse_query


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
        *("storage  tanks  beside a river.", "C: drive", "and/or", "¿río?", "two–three", "text: sea", "…"),
        *("semi- and detached", "forest—trees"),
    ],
)  # fmt: skip
def test_plain_text_stays_as_it_is(text):
    assert parse_query(text) == Query.from_text(text)
    assert format_query(Query.from_text(text)) == text


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("forest -trees", [TextTerm("forest"), TextTerm("trees", -1)]),
        ("forest +trees -2:roads", [TextTerm("forest"), TextTerm("trees"), TextTerm("roads", -2)]),
        ("-trees", [TextTerm("trees", -1)]),
        ('forest -"semi-detached" -./a.jpg', [TextTerm("forest"), TextTerm("semi-detached", -1),
                                              ImageTerm(Path("a.jpg"), -1)]),
        ("forest -- trees", [TextTerm("forest"), TextTerm("trees", -1)]),
        ("depth -5 m", [TextTerm("depth -5 m")]),
        ("semi-detached houses -high-rise", [TextTerm("semi-detached houses"), TextTerm("high-rise", -1)]),
    ],
)  # fmt: skip
def test_a_sign_before_a_word_is_a_sign_and_inside_a_word_is_not(line, terms):
    assert parse_query(line) == Query(tuple(terms))
    assert parse_query(format_query(Query(tuple(terms)))) == Query(tuple(terms))


@pytest.mark.parametrize("minus", "-‐‑‒–—―−－﹣﹘⁻➖")
@pytest.mark.parametrize("form", ["forest {} trees", "forest {}trees", "forest\u3000{}\u00a0trees"])
def test_every_dash_that_unicode_has_is_a_minus(minus, form):
    assert parse_query(form.format(minus)) == Query((TextTerm("forest"), TextTerm("trees", -1)))


@pytest.mark.parametrize("plus", "+＋﹢⁺➕")
def test_every_plus_that_unicode_has_is_a_plus(plus):
    assert parse_query(f"forest {plus} trees") == Query((TextTerm("forest"), TextTerm("trees")))


@pytest.mark.parametrize("quotes", ['""', "“”", "„“", "„”", "””", "«»", "»«", "＂＂", "「」", "『』"])
def test_typographic_quotes_protect_like_plain_ones(quotes):
    opening, closing = quotes
    assert parse_query(f"{opening}roads - no cars{closing} – 2:sea") == Query(
        (TextTerm("roads - no cars"), TextTerm("sea", -2))
    )


@pytest.mark.parametrize("line", ["２：tanks", "２:tanks", "2：tanks", "٢：tanks", "2∶tanks", "２．０：tanks"])
def test_weights_are_read_in_every_form_of_their_digits_and_colon(line):
    assert parse_query(line) == Query((TextTerm("tanks", 2),))


def test_a_weight_may_have_a_decimal_comma():
    assert parse_query("0,5:tanks") == Query((TextTerm("tanks", 0.5),))


@pytest.mark.parametrize("line", ["\ufeff- 2:trees", "\u200b-\u200b2\u00ad:\u2060trees\ufeff", "-2:\u200etrees"])
def test_characters_that_nobody_sees_separate_nothing(line):
    assert parse_query(line) == Query((TextTerm("trees", -2),))


@pytest.mark.parametrize(
    "text",
    ["1:25000 map", "10:30 harbour", "1: 25000 map", "1:25 000 map", "16:9", "1：25000 map", "1:.5 map", "10:30:15"],
)
def test_scales_times_and_ratios_are_text(text):
    assert parse_query(text) == Query.from_text(text)
    assert format_query(Query.from_text(text)) == text
    weighted = Query((TextTerm("river"), TextTerm(text, -2)))
    assert parse_query(format_query(weighted)) == weighted


def test_a_weighted_phrase_that_begins_with_a_number_is_written_in_quotes():
    query = Query((TextTerm("4 planes", 2),))
    assert format_query(query) == '2:"4 planes"'
    assert parse_query('2:"4 planes"') == query


@pytest.mark.parametrize(
    "line",
    ["1" * 100_000, "1" * 100_000 + ":a", "-" * 100_000, "- " * 50_000, '"' * 100_001, "“" * 100_001, " " * 100_000,
     "./a[" * 25_000, "2:" * 50_000, "./a.jpg[" + "1" * 100_000 + ",0,1,1]", "a -" * 33_000, "–２" * 50_000],
)  # fmt: skip
def test_a_very_long_line_is_read_or_refused_at_once(line):
    started = time.process_time()
    try:
        parse_query(line)
    except QueryError as error:
        assert error.position is not None
    assert time.process_time() - started < 1


def test_a_line_longer_than_any_query_is_refused_before_it_is_read():
    with pytest.raises(QueryError, match="600,001 characters"):
        parse_query("a" * (MAX_LINE + 1))


def test_as_many_terms_are_read_as_may_be_asked_and_no_more():
    assert len(parse_query(" + ".join(["a"] * MAX_TERMS)).terms) == MAX_TERMS
    with pytest.raises(QueryError, match="more than 64 terms"):
        parse_query(" + ".join(["a"] * (MAX_TERMS + 1)))


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
        ("./a.jpg[1111111111,0,1,1]", 7, "four numbers"),
        ("sea + “river", 6, "not closed"),
        ("\ufeffriver +", 8, "term is missing"),
        ("river – ２：", 10, "term is missing"),
    ],
)
def test_a_line_that_cannot_be_read_says_where_and_what_to_do(line, position, told):
    with pytest.raises(QueryError, match=told) as refused:
        parse_query(line)

    assert refused.value.position == position
    assert refused.value.next_step


SIGNS = "+-:\"' \t\n.2e[],/\\~abCtextä–—−＋：２“”„«»＂［］，．／\u00ad\u200b\ufeff\u00a0\u3000\u0301²"
tricky = st.text(st.sampled_from(SIGNS), max_size=12) | st.text(max_size=8)
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


@given(st.text(st.sampled_from('+-:" .2[],/ab'), max_size=20) | st.text(st.sampled_from(SIGNS), max_size=20))
@settings(max_examples=1000, deadline=None)
def test_any_line_is_a_query_or_a_told_error_inside_the_line(line):
    try:
        query = parse_query(line)
    except QueryError as error:
        assert error.position is not None
        assert 0 <= error.position <= len(line)
    else:
        assert parse_query(format_query(query)) == query


@pytest.mark.parametrize(
    ("terms", "line"),
    [
        ((TextTerm("trees", -0.0),), "- 0:trees"),
        ((TextTerm("river"), TextTerm("trees", -0.0)), "river - 0:trees"),
        ((TextTerm("river"), ImageTerm(Path("a.jpg"), 0.0)), "river + 0:./a.jpg"),
    ],
)
def test_a_muted_term_keeps_its_sign(terms, line):
    assert format_query(Query(terms)) == line
    signs = [math.copysign(1, term.weight) for term in parse_query(line).terms]
    assert signs == [math.copysign(1, term.weight) for term in terms]
