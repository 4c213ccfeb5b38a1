"""``python -m app.bench COLLECTION FRESH``: measures the window over an indexed collection and prints a table.

What runs in a fresh process (starting, and indexing while the model loads) is measured in one; the rest follows in
this one. Exit code 1 says that a promise was not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from app.bench.figures import Figure, percentile, table

_STARTS = 3
_VERSION_BAR = 0.5  # seconds
_WINDOW_BAR = 3.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures everything. Returns 0, or 1 if a bar was missed."""
    options = build_parser().parse_args(arguments)
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.bench.window import start_and_tell, use_window

    if options.only_start:
        return start_and_tell(options)
    load = _load()
    settings_of_a_used_program(options.collection)
    figures = [
        Figure("faami-explorer --version", _median_seconds(["-m", "app", "--version"]), _VERSION_BAR, "s"),
        Figure("window with the last collection", _median_seconds(_start_command(options)), _WINDOW_BAR, "s"),
        *use_window(options),
    ]
    load += _load()
    if options.json:
        rows = [asdict(figure) | {"holds": figure.holds} for figure in figures]
        print(json.dumps({"figures": rows, "load": load}, indent=2))
    else:
        print(table(figures, load))
    return 0 if all(figure.holds for figure in figures) else 1


def build_parser() -> argparse.ArgumentParser:
    """Options as ``faami bench app`` gives them."""
    parser = argparse.ArgumentParser(prog="python -m app.bench", description=__doc__)
    parser.add_argument("collection", type=Path, help="indexed folder; its index lies in the user data folder")
    parser.add_argument("fresh", type=Path, help="folder of images that no index knows")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runs", type=int, default=500, help="searches")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only-start", action="store_true", help="open the window, tell when it is painted, end")
    return parser


def settings_of_a_used_program(collection: Path) -> None:
    """Makes ``collection`` the one that was open last."""
    from app.settings import Settings
    from faami_core.config import user_data_dir

    settings = Settings(user_data_dir())
    settings.add_recent(collection.resolve())
    settings.save()


def _start_command(options: argparse.Namespace) -> list[str]:
    command = ["-m", "app.bench", str(options.collection), str(options.fresh), "--only-start"]
    return command + (["--model", str(options.model)] if options.model else []) + ["--device", options.device]


def _median_seconds(command: Sequence[str]) -> float:
    """From the start of a Python process to the first line that it prints."""
    seconds = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds.append(time.perf_counter() - started)
        if not line or process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}")
    return percentile(seconds, 50)


def _load() -> list[float]:
    return [os.getloadavg()[0]] if hasattr(os, "getloadavg") else []


if __name__ == "__main__":
    sys.exit(main())
