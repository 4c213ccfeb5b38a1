"""``faami-explorer``: reads the command line, answers ``--version`` at once, and opens the window."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from app.stop_signals import StopSignals
from faami_core import __version__
from faami_core.terminal import Parser, tell


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the program and ends the process. The exit code is 0, or 1 after an error told on stderr.

    The interpreter is not taken down: the model and the decoders may still compute in native threads when the window
    is closed, and a thread that finds Python gone ends the process with ``std::terminate``.
    """
    code = play(build_parser().parse_args(arguments))
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a closed pipe; a program without a terminal
            stream.flush()
    os._exit(code)


def play(options: argparse.Namespace) -> int:
    """Runs the program. Returns the exit code."""
    signals = StopSignals()
    signals.install()
    # Late: Qt and NumPy cost a second, and ``--version`` has answered before.
    from app.platform_check import PlatformError, choose_platform

    try:
        is_offscreen = choose_platform(os.environ)
    except PlatformError as error:
        tell(str(error))
        return 1
    if is_offscreen and not options.quit:
        tell("No display was found: the window is drawn off-screen. Add --quit to end the run.")
    from app.application import run

    return run(options, signals)


def build_parser() -> argparse.ArgumentParser:
    """The command line of the window."""
    parser = Parser(
        prog="faami-explorer",
        description="Find things in aerial images by words or pictures, and see which words matched where.",
    )
    parser.add_argument("--version", action="version", version=f"faami-explorer {__version__}")
    parser.add_argument("directory", metavar="DIR", nargs="?", type=Path, help="folder of images; indexed if needed")
    parser.add_argument("--demo", action="store_true", help="open the demo collection of made scenes")
    parser.add_argument("--query", metavar="TEXT", default="", help="search for this text")
    parser.add_argument("--image", metavar="FILE", type=Path, help="search with this image")
    parser.add_argument(
        "--model", metavar="DIR", type=Path, help="folder of a checkpoint; the shipped one if left out"
    )
    parser.add_argument("--device", metavar="D", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--export", metavar="CSV", type=Path, help="write the results to this file")
    parser.add_argument("--screenshot", metavar="PNG", type=Path, help="write a picture of the window")
    parser.add_argument("--overlay", metavar="PNG", type=Path, help="write the first result with its heatmap")
    parser.add_argument("--force", action="store_true", help="replace files that are there already")
    parser.add_argument("--theme", choices=("light", "dark", "system"), help="colours; remembered ones if left out")
    parser.add_argument("--size", metavar="WxH", type=_size, help="size of the window in pixels, e.g. 1600x1000")
    parser.add_argument("--quit", action="store_true", help="quit when all of this is done")
    return parser


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not all(side.isascii() and side.isdigit() and len(side) <= 5 and int(side) > 0 for side in (width, height)):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a size like 1600x1000")
    return int(width), int(height)


if __name__ == "__main__":
    main()
