"""``faami``: index, search, train, ablate, evaluate, info and bench without a window.

Every subcommand is a function in the table at the end. Results go to standard output, progress and faults to standard
error. Exit codes: 0 done, 1 a fault that was told, 2 wrong usage, 130 cancelled.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faami_core import __version__, bench
from faami_core.cli_filters import add_filter_options, filters_of
from faami_core.config import default_model_dir
from faami_core.errors import CancelledError, ExportError, FaamiError, QueryError
from faami_core.indexing.report_text import collection_lines, compact_lines, index_lines
from faami_core.queries import ImageTerm, PixelBox, Query
from faami_core.session import Session
from faami_core.terminal import ProgressLine, cancel_on_interrupt, printable
from faami_core.types import SearchResult

DONE, FAULT, CANCELLED = 0, 1, 130

SessionFactory = Callable[..., Session]


@dataclass(frozen=True)
class Command:
    """A subcommand: its name, one line of help, its options, and what it does."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, SessionFactory], int]


def main(argv: Sequence[str] | None = None, *, session_factory: SessionFactory = Session) -> int:
    """Runs one command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.
        session_factory: Makes the session; tests give one with a stub model.

    Returns:
        The exit code.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command.run(arguments, session_factory))
    except (CancelledError, KeyboardInterrupt):
        print("faami: cancelled", file=sys.stderr)
        return CANCELLED
    except FaamiError as error:
        typed = error.position if isinstance(error, QueryError) else None
        where = "" if typed is None else f" (character {typed + 1})"
        print(f"faami: {printable(error.message)}{where}", file=sys.stderr)
        if error.next_step:
            print(f"       {printable(error.next_step)}", file=sys.stderr)
        return FAULT


# --- index -----------------------------------------------------------------------------------------------------


def _index_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of images")
    parser.add_argument("--retry", action="store_true", help="try unreadable files again even if they did not change")
    parser.add_argument("--verify", action="store_true", help="read and check every file and all stored features")
    parser.add_argument("--compact", action="store_true", help="only make the index smaller; looks at no image")
    parser.add_argument("--add", type=Path, nargs="+", metavar="DIR", help="further folders, from now on")
    parser.add_argument("--drop", type=Path, nargs="+", metavar="DIR", help="forget folders added before")
    parser.add_argument("--include", nargs="*", metavar="GLOB", help="only these files, from now on; none for all")
    parser.add_argument("--exclude", nargs="*", metavar="GLOB", help="not these files and folders, from now on")
    _model_options(parser)


def _index(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    session = _session(arguments, session_factory)
    if arguments.compact:
        return _compact(arguments.folder, session)
    changes = {name: getattr(arguments, name) for name in ("add", "drop", "include", "exclude")}
    if any(value is not None for value in changes.values()):
        session.change_collection(arguments.folder, **changes)
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        options = {"retry_unreadable": arguments.retry, "verify": arguments.verify}
        report = session.index(arguments.folder, progress=progress, cancel=cancel, **options)
    for line in index_lines(report):
        print(printable(line))
    if report.cancelled:
        print("faami: cancelled; what is indexed is kept, run the same command to go on", file=sys.stderr)
        return CANCELLED
    return DONE


def _compact(folder: Path, session: Session) -> int:
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        report = session.compact(folder, progress=progress, cancel=cancel)
    for line in compact_lines(report):
        print(line)
    return DONE


# --- search ----------------------------------------------------------------------------------------------------


def _search_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query",
        nargs="?",
        default="",
        metavar="QUERY",
        help="what the images should show; terms as in '2:storage tanks + ./a.jpg[0,0,64,64] - trees'",
    )
    parser.add_argument("--collection", type=Path, required=True, metavar="DIR", help="an indexed folder")
    parser.add_argument("--image", type=Path, action="append", default=[], metavar="FILE", help="an example image")
    parser.add_argument("--top", type=_positive, default=20, metavar="N", help="how many hits (default 20)")
    parser.add_argument(
        "--shortlist", type=_positive, default=500, metavar="K", help="images re-ranked (default 500)"
    )
    parser.add_argument("--csv", type=Path, metavar="OUT", help="write the hits to a CSV file")
    parser.add_argument("--json", action="store_true", help="print the hits as JSON")
    parser.add_argument("--group", choices=["exact", "near"], help="print duplicates only once, below their best hit")
    add_filter_options(parser)
    _model_options(parser)


def _search(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    session = _session(arguments, session_factory)
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
    if arguments.csv is not None:
        session.export_csv(result, arguments.csv)
    if arguments.json:
        print(json.dumps(_as_json(result), indent=2))
    else:
        _print_hits(result, groups or tuple((hit.rank,) for hit in result.hits))
    return DONE


def _print_hits(result: SearchResult, groups: tuple[tuple[int, ...], ...]) -> None:
    from faami_core.search.export import matched_words

    for best, *others in groups:
        hit = result.hits[best]
        matched = " ".join(matched_words(result.words, hit.word_evidence))
        more = f"  (and {len(others)} like it)" if others else ""
        print(f"{hit.rank + 1:4d}  {hit.score:8.4f}  {printable(str(hit.path))}  [{printable(matched)}]{more}")
    if result.unknown_words:
        print(f"faami: words the model has never seen: {printable(', '.join(result.unknown_words))}", file=sys.stderr)
    if result.unscored:
        print(f"faami: {result.unscored} images have no finite score and were left out", file=sys.stderr)
    if result.damaged:
        print(f"faami: {result.damaged} images with damaged features were left out; index again", file=sys.stderr)
    passing = "" if result.passing is None else f"{result.passing} that pass the filters of "
    print(
        f"re-ranked {result.reranked} of {passing}{result.gallery_size} in {result.seconds * 1000:.0f} ms",
        file=sys.stderr,
    )


def _as_json(result: SearchResult) -> dict[str, Any]:
    return {
        "collection": str(result.collection),
        "model_fingerprint": result.model_fingerprint,
        "gallery_size": result.gallery_size,
        "reranked": result.reranked,
        "unscored": result.unscored,
        "damaged": result.damaged,
        "seconds": result.seconds,
        "created_at": result.created_at,
        "query": Session.format_query(result.query),
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
                "score": hit.score,
                "score_global": hit.score_global,
                "score_fine": hit.score_fine,
                "evidence": list(hit.word_evidence),
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


# --- train, evaluate -------------------------------------------------------------------------------------------


def _train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="training config (TOML)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the run")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the run; overrides the config")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default auto")


def _train(arguments: argparse.Namespace, _session_factory: SessionFactory) -> int:
    from faami_core.training.run import read_training_config, train

    config = read_training_config(arguments.config)
    if arguments.output is not None:
        config = replace(config, output=str(arguments.output))
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        folder = train(config, resume=arguments.resume, device=arguments.device, progress=progress, cancel=cancel)
    print(f"model written to {printable(str(folder))}; losses in {printable(config.output)}/metrics.jsonl")
    return DONE


def _ablate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE", help="variants of a base run (TOML)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="runs; finished ones are kept")
    parser.add_argument("--table", type=Path, metavar="OUT", help="write the table as Markdown, too")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default auto")


def _ablate(arguments: argparse.Namespace, _session_factory: SessionFactory) -> int:
    from faami_core.training.ablation import plan_table, read_plan, run_plan

    variants, seeds = read_plan(arguments.plan)
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        results = run_plan(
            variants, seeds, arguments.output, device=arguments.device, progress=progress, cancel=cancel
        )
    table = plan_table(results)
    print(table)
    if arguments.table is not None:
        arguments.table.write_text(table + "\n", encoding="utf-8")
    return DONE


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--captions", type=Path, metavar="FILE", help="captions: JSON of a known data set, or CSV")
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of their images")
    parser.add_argument("--split", default="val", metavar="NAME", help="train, val or test (default val)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the numbers to a JSON file")
    parser.add_argument("--skip-retrieval", action="store_true", help="leave out recall, which takes longest")
    parser.add_argument("--grounding", action="store_true", help="measure where evidence points, too")
    parser.add_argument("--mosaics", type=_positive, default=100, metavar="N", help="of each size (default 100)")
    parser.add_argument("--scenes", type=_positive, default=112, metavar="N", help="made scenes (default 112)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw images of the split with their evidence")
    _model_options(parser)


def _evaluate(arguments: argparse.Namespace, _session_factory: SessionFactory) -> int:
    from faami_core.evaluation.overall import Wanted, evaluate

    wanted = Wanted(
        model=arguments.model or default_model_dir(),
        device=arguments.device,
        captions=arguments.captions,
        images=arguments.images,
        split=arguments.split,
        retrieval=not arguments.skip_retrieval,
        grounding=arguments.grounding,
        mosaics=arguments.mosaics,
        scenes=arguments.scenes,
        sheet=arguments.sheet,
    )
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        parts = list(evaluate(wanted, progress, cancel))
    print("\n\n".join(part.text for part in parts))
    if arguments.json is not None:
        _write_json(arguments.json, {name: number for part in parts for name, number in part.numbers.items()})
    return DONE


def _write_json(file: Path, numbers: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{str(file)!r} cannot be written: {error.strerror}.", "Choose another place.") from error


# --- info ------------------------------------------------------------------------------------------------------


def _info_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--collection", type=Path, metavar="DIR", help="tell about an indexed folder, too")
    _model_options(parser)


def _info(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    session = _session(arguments, session_factory)
    info = session.model_info()
    grids = ", ".join(f"{grid.scale} {grid.rows}×{grid.columns}" for grid in info.grids)
    print(f"version      {__version__}")
    print(f"model        {info.name} ({info.parameters / 1e6:.1f} million weights)")
    print(f"folder       {printable(str(info.folder))}")
    print(f"fingerprint  {info.fingerprint}")
    print(f"device       {info.device}")
    print(f"input        {info.image_size}×{info.image_size} pixels; regions {grids}; width {info.width}")
    print(f"index data   {printable(str(session.data_dir))}")
    if arguments.collection is not None:
        for line in collection_lines(session.open_collection(arguments.collection)):
            print(printable(line))
    return DONE


# --- bench -----------------------------------------------------------------------------------------------------


def _bench_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=["index", "search", "feedback"],
        help="index: images a second beside the bare model; search: how fast it answers; "
        "feedback: what marks bring, where file names tell classes (airport_1.jpg)",
    )
    parser.add_argument("--collection", type=Path, required=True, metavar="DIR", help="a folder of images")
    parser.add_argument("--query", action="append", default=[], metavar="QUERY", help="search: not the built-in ones")
    parser.add_argument("--runs", type=_positive, default=30, metavar="N", help="search: how many (default 30)")
    parser.add_argument(
        "--shortlist", type=_positive, default=500, metavar="K", help="images re-ranked (default 500)"
    )
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    _model_options(parser)


def _bench(arguments: argparse.Namespace, session_factory: SessionFactory) -> int:
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        if arguments.what == "index":
            report = bench.indexing_speed(
                arguments.collection, arguments.model, arguments.device, progress=progress, cancel=cancel
            )
        elif arguments.what == "feedback":
            session = _session(arguments, session_factory)
            report = bench.feedback_curve(session, arguments.collection, progress=progress, cancel=cancel)
        else:
            report = bench.search_speed(
                _session(arguments, session_factory),
                arguments.collection,
                arguments.query or bench.SPEED_QUERIES,
                runs=arguments.runs,
                shortlist=arguments.shortlist,
            )
    print(json.dumps(report.numbers, indent=2) if arguments.json else report.text)
    return DONE


# --- shared ----------------------------------------------------------------------------------------------------


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="DIR", help="checkpoint folder (default: the shipped one)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default auto")


def _session(arguments: argparse.Namespace, session_factory: SessionFactory) -> Session:
    return session_factory(model=arguments.model, device=arguments.device)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


COMMANDS = (
    Command("index", "embed the images of a folder; run again to update", _index_options, _index),
    Command("search", "find images by words or by example", _search_options, _search),
    Command("train", "train a model", _train_options, _train),
    Command("ablate", "train variants of a run and compare them", _ablate_options, _ablate),
    Command("evaluate", "measure retrieval and grounding", _evaluate_options, _evaluate),
    Command("info", "tell about the model and a collection", _info_options, _info),
    Command("bench", "measure speed, or what feedback brings", _bench_options, _bench),
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="faami", description="Find things in aerial and satellite images, and see which words matched where."
    )
    parser.add_argument("--version", action="version", version=f"faami-explorer {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = commands.add_parser(command.name, help=command.help, description=f"{command.help.capitalize()}.")
        command.add_options(subparser)
        subparser.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
