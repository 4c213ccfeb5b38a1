"""One spelling for text that is typed, pasted or read from a file name, so that query, filters and stored tags agree.

Unicode writes the same word in several ways: composed or decomposed, full-width, with typographic dashes and quotes,
with soft hyphens and byte order marks that nobody sees. The functions differ in how much they unify.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_JOINERS = "\u200c\u200d"  # invisible, but they change how the letters beside them look (Persian, emoji)
_MINUS_SIGNS = "\u2212\u02d7\u2796\u2500"  # signs drawn as a dash that Unicode does not list as dashes
_COLONS = "\u2236\ua789"  # ratio sign and letter colon
_PLUS_SIGNS = "\u2795"
# In a phrase, hyphens and apostrophes hold a word together; dashes between words stay as they are.
_IN_WORDS = str.maketrans({"\u2010": "-", "\u2212": "-", **dict.fromkeys("‘’‛ʼ", "'"), **dict.fromkeys("“”„‟", '"')})
_SEMICOLONS = re.compile("[;；]")


def is_invisible(character: str) -> bool:
    """Whether a character is a control or format character: nothing is drawn for it, and it is no blank."""
    return unicodedata.category(character) in ("Cc", "Cf") and not character.isspace()


def without_invisible(text: str) -> str:
    """The text without control and format characters (soft hyphen, zero-width space, byte order mark)."""
    return text if text.isprintable() else "".join(part for part in text if not is_invisible(part))


def stored_text(text: str) -> str:
    """Text as it is kept and shown: NFC, single blanks, no invisible characters but joiners."""
    shown = text if text.isprintable() else "".join(c for c in text if c in _JOINERS or not is_invisible(c))
    return " ".join(unicodedata.normalize("NFC", shown).split())


def comparable_text(text: str) -> str:
    """Text as names are compared: two that look alike but for upper and lower case are equal."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFD", without_invisible(text)).casefold()
    return unicodedata.normalize("NFC", folded)


def readable_phrase(text: str) -> str:
    """A phrase as the model reads it: NFKC, plain quotes and hyphens, single blanks, no invisible characters."""
    compatible = unicodedata.normalize("NFKC", without_invisible(text))
    return " ".join(compatible.translate(_IN_WORDS).split())


def stored_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, as it is stored, in alphabetical order; a semicolon separates two tags."""
    parts = {stored_text(part) for tag in tags for part in _SEMICOLONS.split(tag)}
    return tuple(sorted(parts - {""}))


@lru_cache(maxsize=4096)
def plain_sign(character: str) -> str:
    """The ASCII sign, digit or letter that a typographic or full-width character stands for, or the character itself.

    Typographic quotes stay: which of them closes depends on which one opens.
    """
    if character in _MINUS_SIGNS or unicodedata.category(character) == "Pd":
        return "-"
    if character in _COLONS:
        return ":"
    if character in _PLUS_SIGNS:
        return "+"
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    compatible = unicodedata.normalize("NFKC", character)
    if len(compatible) != 1 or compatible == character:
        return character
    return compatible if compatible.isascii() else plain_sign(compatible)
