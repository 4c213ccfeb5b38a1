"""Finding a name by a few of its letters."""

from __future__ import annotations

from faami_core.text import comparable_text

_WORD_START, _RUN, _PLAIN = 8, 5, 1  # a letter at the start of a word says more than one right after another
_LOOKED_THROUGH = 400  # letters of a long name; the time grows with their number times that of the typed ones


def fuzzy_score(letters: str, name: str) -> int | None:
    """How well letters, in their order but with gaps, stand for a name; None if they do not.

    Case and the spelling of Unicode do not matter and blanks in ``letters`` are skipped. The best of all ways to lay
    the letters into the name counts, so that "ec" means "**E**xport results as **C**SV" rather than the "e" and "c"
    of "Open coll**ec**tion".
    """
    wanted, inside = comparable_text(letters).replace(" ", ""), comparable_text(name)[:_LOOKED_THROUGH]
    if not _is_subsequence(wanted, inside):  # most names, in time that grows with their length alone
        return None
    worst = -1
    best = [0] * (len(inside) + 1)  # best[i]: letters so far lie in the first i signs; worst where they do not fit
    ends = [worst] * (len(inside) + 1)  # the same with the last letter at sign i - 1
    for count, letter in enumerate(wanted):
        next_best, next_ends = [worst], [worst]
        for place, sign in enumerate(inside):
            end = worst
            if sign == letter:
                starts = place == 0 or not inside[place - 1].isalnum()
                if best[place] != worst:
                    end = best[place] + (_WORD_START if starts else _PLAIN)
                if count and ends[place] != worst:
                    end = max(end, ends[place] + (_WORD_START if starts else _RUN))
            next_ends.append(end)
            next_best.append(max(next_best[-1], end))
        best, ends = next_best, next_ends
    return None if best[-1] == worst else best[-1]


def _is_subsequence(letters: str, name: str) -> bool:
    signs = iter(name)
    return all(letter in signs for letter in letters)
