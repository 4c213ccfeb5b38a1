"""What a query does not do although it reads so: negation and words beyond the cut, with the query that does it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from faami_core.queries import MAX_TERMS, ImageTerm, Query, TextTerm
from faami_core.search.advice import advice
from faami_core.search.query_line import parse_query
from faami_core.types import QueryWord, SearchResult


def result_of(query: Query, unread: tuple[QueryWord, ...] = ()) -> SearchResult:
    nothing = np.zeros((0, 0, 0), dtype=np.float32)
    return SearchResult(
        query, (), (), nothing, nothing, (), 0.5, 0, 0, Path("/c"), "f", 0.0, "2026-01-01", unread_words=unread
    )


def better(line: str) -> list[Query | None]:
    return [told.query for told in advice(result_of(parse_query(line)))]


@pytest.mark.parametrize(
    ("line", "does_it"),
    [
        ("no trees", "- trees"),
        ("NOT trees", "- trees"),
        ("buildings without trees", "buildings - trees"),
        ("buildings without any trees or cars near a river", "buildings near a river - trees - cars"),
        ("airport with no planes and no cars", "airport - planes - cars"),
        ("no trees but many houses", "many houses - trees"),
        ("there are no ships in the harbour", "harbour - ships"),
        ("houses that don’t have pools", "houses - pools"),
        ("cloud-free harbour", "harbour - cloud"),
        ("harbour free of ships", "harbour - ships"),
        ("neither roads nor rivers", "- roads - rivers"),
        ('"roads - no cars"', "roads - cars"),
        ("2:fields without roads + ./a.jpg - trees", "2:fields - 2:roads + ./a.jpg - trees"),
        ("ｎｏ　ｔｒｅｅｓ", "- trees"),
    ],
)
def test_negation_is_told_with_the_query_that_does_it(line, does_it):
    assert better(line) == [parse_query(does_it)]
    [told] = advice(result_of(parse_query(line)))
    assert does_it in told.next_step
    assert "does not understand" in told.message


@pytest.mark.parametrize(
    "line",
    ["storage tanks", "knots and notes", "no-parking zone", "No. 5", "forest - no trees", "0:no trees + sea", "no"],
)
def test_other_queries_need_no_advice(line):
    assert better(line) == []


@pytest.mark.parametrize("line", ["parking -3 cars", "parking –3 cars", "parking −3 cars"])
def test_a_minus_right_before_a_number_is_told(line):
    assert better(line) == [parse_query("parking - 3 cars")]


def test_words_beyond_the_cut_are_named_and_the_phrase_is_offered_in_parts():
    query = Query((ImageTerm(Path("a.jpg")), TextTerm("a river, a river and two bridges", 2.0)))
    unread = tuple(QueryWord(text, 0.0, term=1) for text in ("river", "and", "two", "bridges"))

    [told] = advice(result_of(query, unread))

    assert told.message.endswith("“river”, “and”, “two”, “bridges” are not read.")
    assert told.query == Query((query.terms[0], TextTerm("a river, a", 2.0), TextTerm("river and two bridges", 2.0)))


def test_of_very_many_words_that_are_not_read_the_first_are_named_and_the_others_counted():
    words = [f"w{number}" for number in range(40)]
    unread = tuple(QueryWord(text, 0.0) for text in words[10:])

    [told] = advice(result_of(Query.from_text(" ".join(words)), unread))

    assert "“w10”" in told.message
    assert "“w21” and 18 more are not read." in told.message


def test_no_query_is_offered_that_has_too_many_terms():
    terms = (TextTerm("sea"),) * (MAX_TERMS - 1) + (TextTerm("houses without trees"),)

    [told] = advice(result_of(Query(terms)))

    assert told.query is None
    assert advice(result_of(replace(Query(terms), terms=terms[1:])))[0].query is not None
