"""How numbers are told: one form for one thing, wherever on screen it stands."""

from __future__ import annotations

from math import ceil, log10

DECIMALS = 3  # of scores and of what words add to them
_MOST_DECIMALS = 9


def number_of(value: float, decimals: int = DECIMALS) -> str:
    """A number with its sign, a true minus, and no minus before a zero."""
    return f"{round(value, decimals) + 0.0:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def plain_number(value: float, decimals: int = DECIMALS) -> str:
    """A number without a plus."""
    return number_of(value, decimals).removeprefix("+")


def decimals_for(largest: float) -> int:
    """How many decimals tell numbers up to ``largest`` with three digits: as many as a score has, or more."""
    largest = abs(largest)
    if not 0 < largest < 0.05:
        return DECIMALS
    return min(_MOST_DECIMALS, ceil(-log10(largest)) + 2)
