"""What the query line could go on with: words that the model knows, and lines asked before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_WORD_BEFORE = re.compile(r"(?<![\w./\\~'-])[^\W\d_]{2,}$")  # not in a path, not after a hyphen
_WORD = re.compile(r"[^\W\d_]+")
_MOST_LINES, _MOST_WORDS, _MOST_ASKED = 3, 6, 8


@dataclass(frozen=True)
class Suggestion:
    """One line of the list.

    Attributes:
        text: What is shown.
        line: The query line once it is taken.
        cursor: Where the cursor stands then.
        kind: A word of the model, or a line asked before or saved.
    """

    text: str
    line: str
    cursor: int
    kind: Literal["word", "recent", "saved"]


class Suggestions:
    """Knows words and lines; ``complete`` is called at every key."""

    def __init__(self) -> None:
        self._words: tuple[str, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._saved: tuple[str, ...] = ()
        self._used: frozenset[str] = frozenset()

    def take_words(self, words: Sequence[str]) -> None:
        """The words of the model; those asked for before are offered first, then short ones."""
        self._words = tuple(sorted((word for word in words if word.isalpha()), key=lambda word: (len(word), word)))

    def take_lines(self, recent: Sequence[str], saved: Sequence[str]) -> None:
        """Lines asked before and lines saved."""
        self._recent, self._saved = tuple(recent), tuple(saved)
        self._used = frozenset(_WORD.findall(" ".join((*recent, *saved)).casefold()))

    def complete(self, line: str, cursor: int) -> tuple[Suggestion, ...]:
        """Lines that begin with what is typed, then words that begin with the letters before the cursor."""
        return (*self._lines(line), *self._completed_words(line, cursor))

    def asked_before(self) -> tuple[Suggestion, ...]:
        """The lines asked last."""
        return tuple(Suggestion(line, line, len(line), "recent") for line in self._recent[:_MOST_ASKED])

    def _lines(self, line: str) -> list[Suggestion]:
        begun = line.casefold().strip()
        if len(begun) < 2:
            return []
        kinds = dict.fromkeys(self._recent, "recent") | dict.fromkeys(self._saved, "saved")
        found = [known for known in kinds if known.casefold().startswith(begun) and known.casefold() != begun]
        found.sort(key=lambda known: kinds[known] != "saved")
        return [
            Suggestion(known, known, len(known), "saved" if kinds[known] == "saved" else "recent")
            for known in found[:_MOST_LINES]
        ]

    def _completed_words(self, line: str, cursor: int) -> list[Suggestion]:
        begun = _WORD_BEFORE.search(line[:cursor])
        if begun is None or line[cursor : cursor + 1].isalnum():
            return []
        letters = begun[0].casefold()
        known = [word for word in self._words if word.startswith(letters) and word != letters]
        found = sorted(known, key=lambda word: word not in self._used)[:_MOST_WORDS]
        return [
            Suggestion(word, f"{line[: begun.start()]}{word}{line[cursor:]}", begun.start() + len(word), "word")
            for word in found
        ]
