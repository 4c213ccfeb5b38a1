"""What a query does not do although it reads as if it did, with the query that does: negation, and long phrases.

The text encoder has learned from captions, which say what an image shows and hardly ever what it does not. A phrase
"buildings without trees" therefore finds buildings *with* trees; a term with a minus does what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from faami_core.queries import MAX_TERMS, ImageTerm, Query, QueryAdvice, TextTerm
from faami_core.search.query_line import format_query
from faami_core.text import plain_sign, readable_phrase
from faami_core.types import QueryWord, SearchResult

_NEGATIONS = frozenset(
    ("no", "not", "without", "except", "excluding", "lacking", "minus", "neither", "nor", "never",
     "free of", "free from", "devoid of", "absence of", "lack of")
)  # fmt: skip
_LISTS_ON = frozenset(("and", "or", "nor", "&", "/"))
_ENDS_OBJECT = frozenset((",", ";", ".", "but", "that", "which", "who", "while"))
_PLACES = frozenset(
    """near nearby beside besides next between among around along over under above below behind through across
    against toward towards in on at from by with inside outside""".split()
)
_ARTICLES = frozenset(("a", "an", "any", "the", "of", "for", "there"))
_EDGES = _LISTS_ON | _ENDS_OBJECT | _PLACES | _ARTICLES | frozenset("- – — + is are has have do does contain".split())
_TOKEN = re.compile(r"(?:free|devoid|absence|lack) (?:of|from)\b|[,;.]|[^\s,;.]+", re.IGNORECASE)
_SIGNED_NUMBER = re.compile(r"(?<!\S)-(?=\.?[0-9])")
_NAMED = 12  # words of a long phrase that one sentence names


def advice(result: SearchResult) -> tuple[QueryAdvice, ...]:
    """What to tell about the query of a result, the weightiest first."""
    found = _unread(result.query, result.unread_words)
    for number, term in enumerate(result.query.terms):
        if isinstance(term, TextTerm) and term.weight > 0:
            found += _negated(result.query, number, term)
    return tuple(found)


def _unread(query: Query, words: Sequence[QueryWord]) -> list[QueryAdvice]:
    found = []
    for number in dict.fromkeys(word.term for word in words):
        texts = [word.text for word in words if word.term == number]
        named = ", ".join(f"“{text}”" for text in texts[:_NAMED])
        more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
        term = query.terms[number]
        parts = _parted(readable_phrase(term.text), texts) if isinstance(term, TextTerm) else ()
        found.append(
            _advised(
                query,
                number,
                tuple(TextTerm(part, term.weight) for part in parts),
                "The phrase is longer than the model reads: "
                f"{named}{more} {'are' if len(texts) > 1 else 'is'} not read.",
                "Use fewer words, or several terms with + between them",
            )
        )
    return found


def _parted(phrase: str, unread: Sequence[str]) -> tuple[str, ...]:
    """The phrase in two: what is read, and the rest; () where the words are not found in it."""
    cut = len(phrase)
    for word in reversed(unread):
        cut = phrase.rfind(word, 0, cut)
    return (phrase[:cut].strip(" ,;"), phrase[cut:]) if cut > 0 else ()


def _negated(query: Query, number: int, term: TextTerm) -> list[QueryAdvice]:
    phrase = readable_phrase(term.text)
    shape = "".join(map(plain_sign, phrase))
    if signed := _SIGNED_NUMBER.search(shape):
        before, behind = phrase[: signed.start()].strip(), phrase[signed.end() :]
        pair = (TextTerm(before, term.weight), TextTerm(behind, -term.weight))
        message = f"“{phrase[signed.start() :]}” is read as text, because its minus belongs to a number."
        return [_advised(query, number, pair, message, "Leave a blank behind a minus that excludes")]
    wanted, unwanted, word = _without_negation(phrase)
    if not unwanted:
        return []
    terms = (TextTerm(wanted, term.weight), *(TextTerm(text, -term.weight) for text in unwanted))
    those = " and ".join(f"“{text}”" for text in unwanted)
    message = f"The model does not understand “{word}”: {those} count{'' if len(unwanted) > 1 else 's'} for an image."
    return [_advised(query, number, terms, message, "A term with a minus counts against it")]


def _without_negation(phrase: str) -> tuple[str, list[str], str]:
    """What a phrase asks for, what it wants to be without, and its first word of negation.

    >>> _without_negation("buildings without trees or cars near a river")
    ('buildings near a river', ['trees', 'cars'], 'without')
    """
    wanted: list[str] = []
    unwanted: list[list[str]] = []
    inside, word = False, ""  # inside the object of a negation
    for token in _TOKEN.findall(phrase):
        lower = token.lower()
        if lower in _NEGATIONS or lower.endswith("n't"):
            inside, word = True, word or token
            unwanted.append([])
        elif lower.endswith("-free") and len(lower) > len("-free"):
            inside, word = False, word or token
            unwanted.append([token[: -len("-free")]])
        elif inside and lower in _LISTS_ON:
            unwanted.append([])
        elif inside and (lower in _ENDS_OBJECT or (unwanted[-1] and lower in _PLACES)):
            inside = False
            wanted.append(token)
        elif inside:
            unwanted[-1].append(token)
        else:
            wanted.append(token)
    objects = [" ".join(_inner(words)) for words in unwanted]
    rest = re.sub(r"(?: [,;.])+", ",", " ".join(_inner(wanted)))
    return rest, [text for text in objects if text], word


def _inner(words: list[str]) -> list[str]:
    """The words without those at their ends that only join or place them."""
    kept = [place for place, word in enumerate(words) if word.lower() not in _EDGES]
    return words[kept[0] : kept[-1] + 1] if kept else []


def _advised(query: Query, number: int, terms: Sequence[TextTerm], message: str, next_step: str) -> QueryAdvice:
    """Advice to put ``terms``, those of them that are not empty, in the place of one term of a query."""
    replacing: tuple[TextTerm | ImageTerm, ...] = tuple(term for term in terms if term.text)
    better = replace(query, terms=(*query.terms[:number], *replacing, *query.terms[number + 1 :]))
    if not replacing or len(better.terms) > MAX_TERMS:
        return QueryAdvice(message, f"{next_step}.", None)
    return QueryAdvice(message, f"{next_step}: {format_query(better)}", better)
