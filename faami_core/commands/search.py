"""``faami search``."""

from __future__ import annotations

import argparse
import json
import locale
from pathlib import Path
from typing import Any

from faami_core.commands.common import (
    DONE,
    SessionFactory,
    check_named,
    force_option,
    model_options,
    positive,
    session_of,
)
from faami_core.commands.filters import add_filter_options, filters_of
from faami_core.output import STANDARD_OUTPUT, TABLE
from faami_core.queries import ImageTerm, PixelBox, Query
from faami_core.session import Session
from faami_core.terminal import cancel_on_interrupt, printable, say, say_bytes, tell
from faami_core.types import SearchResult


def search_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query",
        nargs="?",
        default="",
        metavar="QUERY",
        help="what the images should show; terms as in '2:storage tanks + ./a.jpg[0,0,64,64] - trees'",
    )
    parser.add_argument(
        "--collection",
        type=Path,
        action="append",
        required=True,
        metavar="DIR",
        help="an indexed folder; several are searched as one",
    )
    parser.add_argument("--image", type=Path, action="append", default=[], metavar="FILE", help="an example image")
    parser.add_argument("--top", type=positive, default=20, metavar="N", help="how many hits (default 20)")
    parser.add_argument("--shortlist", type=positive, default=500, metavar="K", help="images re-ranked (default 500)")
    parser.add_argument("--csv", type=Path, metavar="OUT", help="write the hits to a CSV file; - is standard output")
    parser.add_argument(
        "--spreadsheet",
        choices=["locale", "point", "comma"],
        help="CSV for a double click: decimal sign of the locale, point, or comma (then ; separates cells)",
    )
    force_option(parser)
    parser.add_argument("--json", action="store_true", help="print the hits as JSON")
    parser.add_argument("--group", choices=["exact", "near"], help="print duplicates only once, below their best hit")
    add_filter_options(parser)
    model_options(parser)


def run_search(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    check_named(arguments.csv, TABLE, arguments)
    session = session_of(arguments, session_factory)
    query = Query((*session.parse_query(arguments.query).terms, *(ImageTerm(path) for path in arguments.image)))
    with cancel_on_interrupt() as cancel:
        result = session.search(
            arguments.collection,
            query,
            filters=filters_of(arguments),
            top=arguments.top,
            shortlist=arguments.shortlist,
            cancel=cancel,
        )
        groups = session.duplicates(result, arguments.group, cancel=cancel) if arguments.group else None
    decimal = _decimal(arguments.spreadsheet)
    if arguments.csv == STANDARD_OUTPUT:
        say_bytes(session.csv_bytes(result, decimal=decimal))
    elif arguments.csv is not None:
        session.export_csv(result, arguments.csv, replace=arguments.force, decimal=decimal)
    if arguments.json:
        say(json.dumps(_as_json(result), indent=2))
    elif arguments.csv != STANDARD_OUTPUT:
        _say_hits(result, groups or tuple((hit.rank,) for hit in result.hits))
    _tell_search(result)
    return DONE


def _decimal(choice: str | None) -> str | None:
    """The decimal sign that a spreadsheet expects, None for a CSV that is for other programs."""
    if choice != "locale":
        return {None: None, "point": ".", "comma": ","}[choice]
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "")
        return str(locale.localeconv()["decimal_point"])
    except locale.Error:
        return "."
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


def _say_hits(result: SearchResult, groups: tuple[tuple[int, ...], ...]) -> None:
    from faami_core.search.export import matched_words

    for best, *others in groups:
        hit = result.hits[best]
        matched = " ".join(matched_words(result.words, hit.word_evidence))
        more = f"  (and {len(others)} like it)" if others else ""
        say(f"{hit.rank + 1:4d}  {hit.score:8.4f}  {printable(str(hit.path))}  [{printable(matched)}]{more}")


def _tell_search(result: SearchResult) -> None:
    if result.unknown_words:
        tell(f"faami: words the model has never seen: {', '.join(result.unknown_words)}")
    for told in Session.advice(result):
        tell(f"faami: {told}")
    if result.unscored:
        tell(f"faami: {result.unscored} images have no finite score and were left out")
    if result.damaged:
        tell(f"faami: {result.damaged} images with damaged features were left out; index again")
    passing = "" if result.passing is None else f"{result.passing} that pass the filters of "
    tell(f"re-ranked {result.reranked} of {passing}{result.gallery_size} in {result.seconds * 1000:.0f} ms")


def _as_json(result: SearchResult) -> dict[str, Any]:
    return {
        "collection": str(result.collection),
        "further_collections": [str(folder) for folder in result.further_collections],
        "model_fingerprint": result.model_fingerprint,
        "global_weight": result.global_share,
        "gallery_size": result.gallery_size,
        "reranked": result.reranked,
        "unscored": result.unscored,
        "damaged": result.damaged,
        "seconds": result.seconds,
        "created_at": result.created_at,
        "query": Session.format_query(result.query),
        "unread_words": [{"text": word.text, "term": word.term} for word in result.unread_words],
        "passing": result.passing,
        "words": [
            {
                "text": word.text,
                "weight": word.weight,
                "known": word.known,
                "term": word.term,
                "matched_from": word.matched_from,
            }
            for word in result.words
        ],
        "hits": [
            {
                "rank": hit.rank + 1,
                "path": str(hit.path),
                "collection": str(result.collections[hit.collection]),
                "score": hit.score,
                "score_global": hit.score_global,
                "score_fine": hit.score_fine,
                "evidence": list(Session.score_parts(result, hit.rank).words),
                "best_regions": [_box(box) for box in hit.best_regions],
                "query_regions": [None if box is None else _box(box) for box in hit.query_regions],
                "width": hit.width,
                "height": hit.height,
            }
            for hit in result.hits
        ],
    }


def _box(box: PixelBox) -> list[int]:
    return [box.x, box.y, box.width, box.height]
