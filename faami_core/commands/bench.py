"""``faami bench``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from faami_core import bench
from faami_core.commands.common import DONE, SessionFactory, model_options, positive, session_of
from faami_core.terminal import ProgressLine, cancel_on_interrupt


def bench_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=["index", "search", "feedback"],
        help="index: images a second beside the bare model; search: how fast it answers; "
        "feedback: what marks bring, where file names tell classes (airport_1.jpg)",
    )
    parser.add_argument("--collection", type=Path, required=True, metavar="DIR", help="a folder of images")
    parser.add_argument("--query", action="append", default=[], metavar="QUERY", help="search: not the built-in ones")
    parser.add_argument("--runs", type=positive, default=30, metavar="N", help="search: how many (default 30)")
    parser.add_argument("--shortlist", type=positive, default=500, metavar="K", help="images re-ranked (default 500)")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    model_options(parser)


def run_bench(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        if arguments.what == "index":
            report = bench.indexing_speed(
                arguments.collection, arguments.model, arguments.device, progress=progress, cancel=cancel
            )
        elif arguments.what == "feedback":
            session = session_of(arguments, session_factory)
            report = bench.feedback_curve(session, arguments.collection, progress=progress, cancel=cancel)
        else:
            report = bench.search_speed(
                session_of(arguments, session_factory),
                arguments.collection,
                arguments.query or bench.SPEED_QUERIES,
                runs=arguments.runs,
                shortlist=arguments.shortlist,
            )
    print(json.dumps(report.numbers, indent=2) if arguments.json else report.text)
    return DONE
