"""Which of the words of the captions a model was trained on are worth offering: captions are full of slips."""

from __future__ import annotations

from collections.abc import Container, Sequence


def without_slips(words: Sequence[str], vocabulary: Container[str]) -> tuple[str, ...]:
    """The words without likely slips of the pen.

    A slip is a word that the tokenizer must piece together, and that is one letter more, less, other or swapped away
    from a word that it knows as a whole: "storange" beside "storage". The plural of such a word is none.

    Args:
        words: Lower case, as seen in training.
        vocabulary: What the tokenizer knows as a whole; English words that are in common use.
    """
    whole = {word for word in words if word in vocabulary}
    spellings = {spelling for word in whole for spelling in _one_letter_less(word)}
    return tuple(
        word
        for word in words
        if word in whole or _is_plural(word, whole) or spellings.isdisjoint(_one_letter_less(word))
    )


def _one_letter_less(word: str) -> set[str]:
    """The word, and what is left of it without one of its letters; two words that share one of these are near."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _is_plural(word: str, whole: set[str]) -> bool:
    return word.endswith("s") and not word.endswith("ss") and word[:-1] in whole
