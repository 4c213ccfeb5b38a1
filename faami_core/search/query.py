"""What is asked: tidying a query and encoding its weighted terms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from faami_core.data.picture_part import PicturePart
from faami_core.errors import QueryError
from faami_core.evidence.heatmap import region_box
from faami_core.queries import MAX_CHARACTERS, MAX_TERMS, ImageTerm, PixelBox, Query, TextTerm
from faami_core.text import readable_phrase
from faami_core.types import FeatureEncoder, FloatArray, QueryFeatures, QueryWord

PartReader = Callable[[Path, PixelBox | None, int], PicturePart]  # a part of an image, squashed to a square


@dataclass(frozen=True)
class EncodedTerm:
    """A term ready for scoring.

    Attributes:
        share: Its signed share of the score; the shares' absolute values sum to 1 over the query.
        features: Its tokens and words; every word knows its term.
        regions: For an image, the box of each token in pixels of that image; () for text.
    """

    share: float
    features: QueryFeatures
    regions: tuple[PixelBox, ...] = ()


@dataclass(frozen=True)
class EncodedQuery:
    """A whole query ready for scoring.

    Attributes:
        terms: The terms that count.
        direction: [D] float32; its product with the global features of an image is ``score_global``.
    """

    terms: tuple[EncodedTerm, ...]
    direction: FloatArray

    @property
    def term_of_word(self) -> tuple[EncodedTerm, ...]:
        """The term of each of the words."""
        return tuple(term for term in self.terms for _ in term.features.words)

    @property
    def words(self) -> tuple[QueryWord, ...]:
        """The words of all terms in order, each with its signed share of the fine score."""
        return tuple(
            replace(word, weight=word.weight * term.share) for term in self.terms for word in term.features.words
        )

    @property
    def unread(self) -> tuple[QueryWord, ...]:
        """The words that the model does not read because their phrase is too long."""
        return tuple(
            QueryWord(text, 0.0, term=word.term)
            for term in self.terms
            for word in term.features.words[:1]
            for text in term.features.unread
        )


def normalised(query: Query) -> Query:
    """The same query in one spelling (see ``readable_phrase``), without terms that are empty or weigh nothing.

    Raises:
        QueryError: if nothing is left, or it is longer or has more terms than any query makes sense with.
    """
    return Query(tuple(term for _, term in _counting(query)))


def encode_query(query: Query, encoder: FeatureEncoder, read_part: PartReader) -> EncodedQuery:
    """Encodes a query as asked; words point at its terms by their index.

    Args:
        query: What is asked; tidied here.
        encoder: The model.
        read_part: Reads the images of the query, and regions of them.

    Raises:
        QueryError: if it is empty, a phrase has no word in it, or a region lies outside its image.
        UnreadableImageError: if an image of the query cannot be read.
    """
    counting = _counting(query)
    total = sum(abs(term.weight) for _, term in counting)
    terms = []
    for number, term in counting:
        regions: tuple[PixelBox, ...] = ()
        if isinstance(term, TextTerm):
            features = encoder.encode_text(term.text)
        else:
            features, regions = _encode_image(term, encoder, read_part)
        words = tuple(replace(word, term=number) for word in features.words)
        terms.append(EncodedTerm(term.weight / total, replace(features, words=words), regions))
    direction = np.sum([term.share * term.features.global_features for term in terms], axis=0)
    return EncodedQuery(tuple(terms), np.asarray(direction, dtype=np.float32))


def _encode_image(
    term: ImageTerm, encoder: FeatureEncoder, read_part: PartReader
) -> tuple[QueryFeatures, tuple[PixelBox, ...]]:
    """An image, or a drawn region as an image of its own; and where in the image each of its tokens lies."""
    part = read_part(term.path, term.box, encoder.info.image_size)
    name, left, top, right, bottom = term.path.name, 0, 0, part.width, part.height
    if (box := term.box) is not None:
        left, top = max(box.x, 0), max(box.y, 0)
        right, bottom = min(box.x + box.width, right), min(box.y + box.height, bottom)
        name = f"{name}[{box.x},{box.y},{box.width},{box.height}]"
        if part.pixels.size == 0:
            raise QueryError(f"The region {name!r} lies outside the image.", "Draw the region on the image.")
    features = encoder.encode_image_query(part.pixels, name)
    boxes = [region_box(token, features.grids, bottom - top, right - left) for token in range(len(features.weights))]
    return features, tuple(replace(box, x=box.x + left, y=box.y + top) for box in boxes)


def _counting(query: Query) -> list[tuple[int, TextTerm | ImageTerm]]:
    """The terms that count, tidied, each with its index in the query as asked."""
    if len(query.terms) > MAX_TERMS:
        raise QueryError(f"The query has {len(query.terms)} terms, more than {MAX_TERMS}.", "Use fewer terms.")
    tidied = [_tidied(term) if isinstance(term, TextTerm) else term for term in query.terms]
    if not all(math.isfinite(term.weight) for term in tidied):
        raise QueryError("A term of the query has a weight that is not a number.", "Use weights such as 2 or -0.5.")
    counting = [
        (number, term)
        for number, term in enumerate(tidied)
        if term.weight != 0 and (isinstance(term, ImageTerm) or term.text)
    ]
    if not counting:
        raise QueryError("The query is empty.", "Type what the image should show, or give an example image.")
    return counting


def _tidied(term: TextTerm) -> TextTerm:
    text = " ".join(term.text.split())
    if len(text) > MAX_CHARACTERS:
        raise QueryError(f"The query has {len(text)} characters, more than {MAX_CHARACTERS}.", "Ask in fewer words.")
    legible = text.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be asked for
    return replace(term, text=readable_phrase(legible))
