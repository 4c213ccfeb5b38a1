"""``faami``: index, search, train, ablate, evaluate, info and bench without a window.

Every subcommand is a row of the table at the end. Results go to standard output, progress and faults to standard
error. Exit codes: 0 done, 1 a fault that was told, 2 wrong usage, 130 cancelled, 141 nobody reads on (``| head``).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from faami_core import __version__
from faami_core.commands.bench import bench_options, run_bench
from faami_core.commands.collection import index_options, info_options, run_index, run_info
from faami_core.commands.common import CANCELLED, FAULT, OUTPUT_CLOSED, Command, SessionFactory
from faami_core.commands.search import run_search, search_options
from faami_core.commands.training import (
    ablate_options,
    evaluate_options,
    run_ablate,
    run_evaluate,
    run_train,
    train_options,
)
from faami_core.errors import CancelledError, FaamiError, QueryError
from faami_core.session import Session
from faami_core.terminal import (
    OutputClosedError,
    Parser,
    drop_output,
    flush_output,
    prepare_streams,
    printable,
    tell,
)


def main(argv: Sequence[str] | None = None, *, session_factory: SessionFactory = Session) -> int:
    """Runs one command line.

    Args:
        argv: Arguments without the program's name; None takes those of the process.
        session_factory: Makes the session; tests give one with a stub model.

    Returns:
        The exit code.
    """
    prepare_streams()
    try:
        try:
            code = _run(argv, session_factory)
        finally:  # also after --help, which ends the program
            flush_output()
    except OutputClosedError:
        drop_output()
        return OUTPUT_CLOSED
    except FaamiError as error:  # of standard output, by now
        drop_output()
        return _fault(error)
    return code


def _run(argv: Sequence[str] | None, session_factory: SessionFactory) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command.run(arguments, session_factory))
    except (CancelledError, KeyboardInterrupt):
        tell("faami: cancelled")
        return CANCELLED
    except FaamiError as error:
        return _fault(error)
    except OSError as error:  # of the environment: a name too long, a drive gone
        where = f": {os.fsdecode(error.filename)[-200:]}" if error.filename is not None else ""
        tell(f"faami: {error.strerror or error}{where}")
        tell("       Check that name, its drive, and that it may be used.")
        return FAULT
    except OutputClosedError:
        raise  # the caller's business
    except Exception as error:  # a fault of ours; a script needs its code and its maker the place
        tell(traceback.format_exc().rstrip())
        tell(f"faami: unexpected error: {str(error) or type(error).__name__}")
        tell("       This is a fault of the program: please report it with the lines above.")
        return FAULT


def _fault(error: FaamiError) -> int:
    typed = error.position if isinstance(error, QueryError) else None
    where = "" if typed is None else f" (character {typed + 1})"
    tell(f"faami: {printable(error.message)}{where}")
    if error.next_step:
        tell(f"       {printable(error.next_step)}")
    return FAULT


COMMANDS = (
    Command("index", "embed the images of a folder; run again to update", index_options, run_index),
    Command("search", "find images by words or by example", search_options, run_search),
    Command("train", "train a model", train_options, run_train),
    Command("ablate", "train variants of a run and compare them", ablate_options, run_ablate),
    Command("evaluate", "measure retrieval and grounding", evaluate_options, run_evaluate),
    Command("info", "tell about the model and a collection", info_options, run_info),
    Command("bench", "measure speed, or what feedback brings", bench_options, run_bench),
)


def _parser() -> Parser:
    parser = Parser(
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
