"""``faami bench``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from faami_core import bench
from faami_core.commands.common import DONE, SessionFactory, model_options, positive, session_of
from faami_core.config import DATA_DIR_VARIABLE, default_model_dir, user_data_dir
from faami_core.errors import CollectionError
from faami_core.terminal import ProgressLine, cancel_on_interrupt, say

_RUNS = {"search": 30, "app": 500}
_FRESH = 1500  # images that app indexes until it has seen enough beats


def bench_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=["index", "search", "feedback", "app"],
        help="index: images a second beside the bare model; search: how fast it answers; "
        "feedback: what marks bring, where file names tell classes (airport_1.jpg); "
        "app: what the window promises, on a made collection; ends with 1 where it falls short",
    )
    parser.add_argument("--collection", type=Path, metavar="DIR", help="a folder of images; all but app need it")
    parser.add_argument("--query", action="append", default=[], metavar="QUERY", help="search: not the built-in ones")
    parser.add_argument("--runs", type=positive, metavar="N", help="searches (default 30; app: 500)")
    parser.add_argument("--images", type=positive, default=10_000, metavar="N", help="app: images (default 10,000)")
    parser.add_argument("--shortlist", type=positive, default=500, metavar="K", help="images re-ranked (default 500)")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    model_options(parser)


def run_bench(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    if arguments.what == "app":
        return _bench_app(arguments)
    if arguments.collection is None:
        raise CollectionError("This bench needs a folder of images.", "Name it with --collection DIR.")
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
                runs=arguments.runs or _RUNS["search"],
                shortlist=arguments.shortlist,
            )
    say(json.dumps(report.numbers, indent=2) if arguments.json else report.text)
    return DONE


def _bench_app(arguments: argparse.Namespace) -> int:
    """The window measures itself, in a process of its own: here nothing knows Qt."""
    from faami_core.indexing.stand_in import stand_in
    from faami_core.model.encoder import FaamiEncoder

    model = (arguments.model or default_model_dir()).resolve()
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        encoder = FaamiEncoder.load(model, arguments.device)
        folders = stand_in(
            encoder,
            user_data_dir() / "bench",
            images=arguments.images,
            fresh=_FRESH,
            progress=progress,
            cancel=cancel,
        )
        with folders as made:
            del encoder  # the window loads its own
            command = [sys.executable, "-m", "app.bench", made.collection, made.fresh, "--model", model]
            command += ["--device", arguments.device, "--runs", str(arguments.runs or _RUNS["app"])]
            command += ["--json"] if arguments.json else []
            environment = os.environ | {DATA_DIR_VARIABLE: str(made.data_dir)}
            return subprocess.run(command, env=environment, check=False).returncode
