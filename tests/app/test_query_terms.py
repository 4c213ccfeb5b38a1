"""What the keys of a chip do to a query, as plain values."""

from __future__ import annotations

from math import copysign
from pathlib import Path

from app.models.query_terms import RUNGS, counts_against, is_composed, located, moved, name_of, negated, stepped
from app.models.suggestions import Suggestions
from faami_core.queries import ImageTerm, PixelBox, Query, TextTerm
from faami_core.search.query_line import format_query, parse_query


def test_weights_step_from_rung_to_rung_and_stop_at_both_ends() -> None:
    up = [TextTerm("river", 0.0)]
    while stepped(up[-1], 1) != up[-1]:
        up.append(stepped(up[-1], 1))
    assert tuple(term.weight for term in up) == RUNGS
    down = [up[-1]]
    while stepped(down[-1], -1) != down[-1]:
        down.append(stepped(down[-1], -1))
    assert tuple(term.weight for term in reversed(down)) == RUNGS


def test_a_typed_weight_between_two_rungs_steps_to_its_neighbours() -> None:
    assert stepped(TextTerm("river", 1.2), 1).weight == 1.5
    assert stepped(TextTerm("river", -1.2), -1).weight == -1.0


def test_a_term_muted_step_by_step_still_counts_against() -> None:
    muted = stepped(TextTerm("trees", -0.25), -1)
    assert muted.weight == 0
    assert counts_against(muted)
    line = format_query(Query((TextTerm("river"), muted)))
    assert line == "river - 0:trees"
    assert counts_against(parse_query(line).terms[1])
    assert stepped(muted, 1).weight == -0.25


def test_turning_twice_changes_nothing() -> None:
    for weight in (2.0, -0.5, 0.0):
        term = TextTerm("river", weight)
        assert copysign(1, negated(negated(term)).weight) == copysign(1, weight)
        assert counts_against(negated(term)) != counts_against(term)


def test_a_term_moves_to_its_new_place() -> None:
    terms = tuple(map(TextTerm, "abcd"))
    assert [term.text for term in moved(terms, 0, 2)] == ["b", "c", "a", "d"]
    assert [term.text for term in moved(terms, 3, 0)] == ["d", "a", "b", "c"]


def test_only_more_than_a_plain_phrase_is_composed() -> None:
    assert not is_composed(())
    assert not is_composed((TextTerm("storage tanks"),))
    assert is_composed((TextTerm("storage tanks", 2.0),))
    assert is_composed((ImageTerm(Path("/a.jpg")),))
    assert name_of(ImageTerm(Path("/a.jpg"), box=PixelBox(0, 0, 9, 9))) == "Region of a.jpg"


def test_a_path_is_found_in_the_collection_before_anywhere_else(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    query = parse_query("./a.jpg + ./gone.jpg - /b.jpg + river")
    assert located(query, [tmp_path / "other", tmp_path]).terms == (
        ImageTerm(tmp_path / "a.jpg"),
        ImageTerm(Path("gone.jpg")),
        ImageTerm(Path("/b.jpg"), -1.0),
        TextTerm("river"),
    )


def suggestions() -> Suggestions:
    known = Suggestions()
    known.take_words(("river", "rivers", "ripple", "roof", "10"))
    known.take_lines(("river - trees", "2:roof"), ("river mouth",))
    return known


def test_the_word_at_the_cursor_is_completed_wherever_it_stands() -> None:
    (first, *_) = suggestions().complete("old ri - trees", 6)
    assert (first.line, first.cursor, first.kind) == ("old river - trees", 9, "word")
    assert [found.text for found in suggestions().complete("2:ri", 4)] == ["river", "ripple", "rivers"]


def test_words_asked_for_before_are_offered_first() -> None:
    known = suggestions()
    known.take_lines(("two rivers - trees",), ())
    assert [found.text for found in known.complete("ri", 2)] == ["rivers", "river", "ripple"]


def test_saved_lines_come_before_recent_ones_and_both_before_words() -> None:
    found = suggestions().complete("riv", 3)
    assert [(entry.text, entry.kind) for entry in found] == [
        ("river mouth", "saved"), ("river - trees", "recent"), ("river", "word"), ("rivers", "word"),
    ]  # fmt: skip


def test_nothing_is_suggested_for_one_letter_inside_a_word_or_in_a_path() -> None:
    assert suggestions().complete("r", 1) == ()
    assert suggestions().complete("river", 2) == suggestions().complete("river", 2)[:2]
    assert all(found.kind != "word" for found in suggestions().complete("river", 2))
    assert suggestions().complete("./ri", 4) == ()
    assert suggestions().complete("/data/ri", 8) == ()
