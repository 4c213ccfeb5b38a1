"""Thumbs up and down on the hits of a query: what relevance feedback is made of. Pure functions on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from faami_core.queries import Feedback

Key = tuple[int, int]  # ``Hit.key``


class Thumb(StrEnum):
    """What an image is to the query; the value is how it is told."""

    UP = "wanted"
    DOWN = "unwanted"


Thumbs = Mapping[Key, Thumb]


def turned(thumbs: Thumbs, keys: Iterable[Key], thumb: Thumb) -> Thumbs:
    """Gives all of the images a thumb; where all of them have it, takes it off."""
    keys = tuple(keys)
    if all(thumbs.get(key) is thumb for key in keys):
        return {key: other for key, other in thumbs.items() if key not in keys}
    return {**thumbs, **dict.fromkeys(keys, thumb)}


def feedback_of(thumbs: Thumbs) -> Feedback:
    """What the search is told, in one order whatever order the thumbs came in."""
    up, down = ([image for _, image in sorted(thumbs) if thumbs[_, image] is thumb] for thumb in Thumb)
    return Feedback(tuple(up), tuple(down))


def thumbs_of(feedback: Feedback) -> Thumbs:
    """The thumbs that make this feedback, which is about images of one collection."""
    return {
        (0, image): thumb
        for thumb, images in ((Thumb.UP, feedback.wanted), (Thumb.DOWN, feedback.unwanted))
        for image in images
    }


def told(feedback: Feedback) -> str:
    """ "3 wanted, 1 unwanted"; empty where there is none."""
    counts = ((feedback.wanted, Thumb.UP), (feedback.unwanted, Thumb.DOWN))
    return ", ".join(f"{len(images):,} {thumb}" for images, thumb in counts if images)
