"""Options of the command line that say which images may be hits."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from faami_core.commands.common import brief, finite, whole
from faami_core.queries import Filters, Mark


def add_filter_options(parser: argparse.ArgumentParser) -> None:
    """The options that ``filters_of`` reads."""
    group = parser.add_argument_group("filters", "All must hold; all but --evidence choose before the shortlist.")
    group.add_argument("--folder", type=Path, metavar="DIR", help="only images below this folder of the collection")
    group.add_argument("--name", default="", metavar="PATTERN", help="only file names like this, e.g. 'harbour_*'")
    group.add_argument("--min-side", type=whole, metavar="PIXELS", help="shorter side at least so long")
    group.add_argument("--max-side", type=whole, metavar="PIXELS", help="longer side at most so long")
    group.add_argument("--from", type=_day, dest="first_day", metavar="DAY", help="file changed on that day or later")
    group.add_argument("--to", type=_day, dest="last_day", metavar="DAY", help="… or before; days as 2024-05-31")
    group.add_argument("--tag", action="append", default=[], metavar="TAG", help="only images with this tag")
    group.add_argument(
        "--mark", action="append", default=[], type=Mark, choices=list(Mark), help="only images with this mark"
    )
    group.add_argument(
        "--evidence",
        action="append",
        default=[],
        type=_floor,
        metavar="WORD=NUMBER",
        help="the least that a word of the query must add to the score; applied to the re-ranked images",
    )


def filters_of(arguments: argparse.Namespace) -> Filters:
    """What was chosen with ``add_filter_options``."""
    return Filters(
        folder=arguments.folder,
        name=arguments.name,
        min_side=arguments.min_side,
        max_side=arguments.max_side,
        modified_from=arguments.first_day,
        modified_to=arguments.last_day,
        tags=tuple(arguments.tag),
        marks=tuple(arguments.mark),
        min_evidence=tuple(arguments.evidence),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{brief(text)} is not a day such as 2024-05-31") from error


def _floor(text: str) -> tuple[str, float]:
    word, _, number = text.rpartition("=")
    try:
        return word, finite(number)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{brief(text)} is not a word and a number such as roof=0.02") from error
