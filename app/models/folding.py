"""Images that show the same picture lie behind the first of them: which rows are left, and what each stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from faami_core.types import GalleryImage, Hit

Key = tuple[int, int]
Groups = Mapping[Key, int]  # number of the group of each image that has duplicates, by ``Hit.key``


@dataclass(frozen=True)
class Stack:
    """What a row has to do with its duplicates.

    Attributes:
        others: How many images lie behind the first one.
        head: Row of the first one.
        is_head: Whether this is the first one.
        unfolded: Whether the others are shown behind it.
        word: What the others are called, "copy" or "look-alike".
    """

    others: int
    head: int
    is_head: bool
    unfolded: bool
    word: str

    @property
    def badge(self) -> str:
        """For the corner of a cell."""
        if not self.is_head:
            return self.word
        return f"\N{MINUS SIGN}{self.others}" if self.unfolded else f"+{self.others}"

    @property
    def spoken(self) -> str:
        if not self.is_head:
            return f"{self.word} of row {self.head + 1}"
        return f"{self.others} {plural(self.word, self.others)} {'shown' if self.unfolded else 'folded'} behind it"


Stacks = Mapping[int, Stack]  # by row


def folded(
    items: Sequence[Hit | GalleryImage], groups: Groups, unfolded: AbstractSet[int] = frozenset(), word: str = "copy"
) -> tuple[list[int], Stacks]:
    """Folds duplicates behind the first of them.

    Args:
        items: In the order on screen.
        groups: Which of them are duplicates.
        unfolded: Numbers of the groups whose images all stay, one behind the other.
        word: What the others are called.

    Returns:
        Places of the items that stay, in order; and the stacks by their new rows.
    """
    members: dict[int, list[int]] = {}
    for place, item in enumerate(items):
        if (group := groups.get(key_of(item))) is not None:
            members.setdefault(group, []).append(place)
    order: list[int] = []
    stacks: dict[int, Stack] = {}
    for place, item in enumerate(items):
        group = groups.get(key_of(item))
        alike = members[group] if group is not None else [place]
        if alike[0] != place:
            continue
        head, is_open = len(order), group in unfolded
        order += alike if is_open else alike[:1]
        if len(alike) > 1:
            for row in range(head, len(order)):
                stacks[row] = Stack(len(alike) - 1, head, row == head, is_open, word)
    return order, stacks


def key_of(item: Hit | GalleryImage) -> Key:
    """The key of a hit; images that are browsed are of the one open collection."""
    return item.key if isinstance(item, Hit) else (0, item.image_id)


def plural(word: str, count: int) -> str:
    """ "copies", "look-alikes"."""
    return word if count == 1 else "copies" if word == "copy" else f"{word}s"
