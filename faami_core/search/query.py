"""What is asked: tidying a query and encoding its weighted terms."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from faami_core.data.image_io import model_input
from faami_core.errors import QueryError
from faami_core.queries import ImageTerm, Query, TextTerm
from faami_core.types import ByteArray, FeatureEncoder, QueryFeatures, QueryWord

MAX_CHARACTERS = 2000  # a pasted document is a mistake, not a query
MAX_TERMS = 64


@dataclass(frozen=True)
class EncodedTerm:
    """A term with its signed share of the score; the shares' absolute values sum to 1 over the query."""

    share: float
    features: QueryFeatures


def normalised(query: Query) -> Query:
    """The same query in one spelling: NFC, single blanks, and no terms that are empty or weigh nothing.

    Raises:
        QueryError: if nothing is left, or it is longer or has more terms than any query makes sense with.
    """
    tidied = [_tidied(term) if isinstance(term, TextTerm) else term for term in query.terms]
    if not all(math.isfinite(term.weight) for term in tidied):
        raise QueryError("A term of the query has a weight that is not a number.", "Use weights such as 2 or -0.5.")
    terms = [term for term in tidied if term.weight != 0 and (isinstance(term, ImageTerm) or term.text)]
    if not terms:
        raise QueryError("The query is empty.", "Type what the image should show, or give an example image.")
    if len(terms) > MAX_TERMS:
        raise QueryError(f"The query has {len(terms)} terms, more than {MAX_TERMS}.", "Use fewer terms.")
    return Query(tuple(terms))


def encode_query(
    query: Query, encoder: FeatureEncoder, read_image: Callable[[Path], ByteArray]
) -> tuple[EncodedTerm, ...]:
    """Encodes a normalised query.

    Args:
        query: From ``normalised``.
        encoder: The model.
        read_image: Reads the images of the query.

    Raises:
        QueryError: if a phrase has no word in it.
        UnreadableImageError: if an image of the query cannot be read.
    """
    total = sum(abs(term.weight) for term in query.terms)
    encoded = []
    for term in query.terms:
        if isinstance(term, TextTerm):
            features = encoder.encode_text(term.text)
        else:
            pixels = model_input(read_image(term.path), encoder.info.image_size)
            features = encoder.encode_image_query(pixels, term.path.name)
        encoded.append(EncodedTerm(term.weight / total, features))
    return tuple(encoded)


def query_words(terms: tuple[EncodedTerm, ...]) -> tuple[QueryWord, ...]:
    """The words of all terms in order, each with its signed share of the fine score."""
    return tuple(replace(word, weight=word.weight * term.share) for term in terms for word in term.features.words)


def _tidied(term: TextTerm) -> TextTerm:
    legible = term.text.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be asked for
    text = " ".join(unicodedata.normalize("NFC", legible).split())
    if len(text) > MAX_CHARACTERS:
        raise QueryError(f"The query has {len(text)} characters, more than {MAX_CHARACTERS}.", "Ask in fewer words.")
    return replace(term, text=text)
