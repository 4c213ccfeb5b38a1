"""What the description of a result file, and stored filters, may hold: one schema, with a bound at every field."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from faami_core.queries import Mark

Text = Annotated[str, Meta(max_length=100_000)]
Name = Annotated[str, Meta(max_length=1_000)]
PathText = Annotated[str, Meta(min_length=1, max_length=100_000, pattern=r"^[^\0]*$")]
Count = Annotated[int, Meta(ge=0, le=10**12)]
ImageId = Annotated[int, Meta(ge=-(2**62), le=2**62)]
Share = Annotated[float, Meta(ge=0, le=1)]
Weight = Annotated[float, Meta(ge=-1.001, le=1.001)]  # shares of a whole, and room for rounding
Side = Annotated[int, Meta(ge=-(10**9), le=10**9)]
Offset = Annotated[int, Meta(ge=0, le=10**9)]
Pixels = Annotated[int, Meta(ge=1, le=10**9)]

T = TypeVar("T")


class TermRecord(Struct, frozen=True):
    """A term of the query: a phrase, or an image of which a region may be meant."""

    weight: float
    text: Text | None = None
    image: PathText | None = None
    box: tuple[Offset, Offset, Offset, Offset] | None = None


class FiltersRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """Filters, those alone that are set."""

    folder: PathText | None = None
    name: Text = ""
    min_side: Side | None = None
    max_side: Side | None = None
    modified_from: date | None = None
    modified_to: date | None = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=1_000)] = ()
    marks: Annotated[tuple[Mark, ...], Meta(max_length=10)] = ()
    min_evidence: Annotated[tuple[tuple[Text, float], ...], Meta(max_length=1_000)] = ()


class FeedbackRecord(Struct, frozen=True):
    """Marked images that moved the query."""

    wanted: Annotated[tuple[ImageId, ...], Meta(max_length=1_000_000)]
    unwanted: Annotated[tuple[ImageId, ...], Meta(max_length=1_000_000)]


class WordRecord(Struct, frozen=True):
    """A word of the query; see ``QueryWord``."""

    text: Text
    weight: Weight
    known: bool = True
    term: Annotated[int, Meta(ge=0, le=10_000)] = 0
    matched_from: Share = 0.2


class ResultRecord(Struct, frozen=True, rename=lambda name: "dc:created" if name == "created" else f"faami:{name}"):
    """What is beside a table; other entries are passed over."""

    query: Annotated[tuple[TermRecord, ...], Meta(min_length=1, max_length=1_000)]
    filters: FiltersRecord
    feedback: FeedbackRecord
    words: Annotated[tuple[WordRecord, ...], Meta(min_length=1, max_length=5_000)]
    collection: PathText
    modelFingerprint: Name  # noqa: N815 - the names of the file
    globalShare: Share  # noqa: N815
    reranked: Count
    gallerySize: Count  # noqa: N815
    unscored: Count
    seconds: Annotated[float, Meta(ge=0, le=1e9)]
    created: Name
    passing: Count | None = None
    furtherCollections: Annotated[tuple[PathText, ...], Meta(max_length=1_000)] = ()  # noqa: N815
    format: Annotated[int, Meta(ge=1)] = 1


def read_record(data: bytes, kind: type[T]) -> T:
    """Reads JSON by a schema.

    Raises:
        ValueError: if it does not fit; the message says where.
    """
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        place = where.strip("`.") or "the whole"
        raise ValueError(f"{re.sub('[`]', '', what)} ({place})") from error
    except msgspec.DecodeError as error:
        raise ValueError("it is not valid JSON") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
