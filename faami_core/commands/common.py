"""What subcommands share: exit codes, the model they work with, files they write."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faami_core.output import STANDARD_OUTPUT, OutputKind, check_output, write_output
from faami_core.session import Session
from faami_core.terminal import say_bytes

DONE, FAULT, CANCELLED, OUTPUT_CLOSED = 0, 1, 130, 141  # 141: as a program that SIGPIPE ended

_WHOLE = re.compile(r"[0-9]{1,10}", re.ASCII)
_LARGEST = 1_000_000_000
_LONGEST_SHOWN = 40

SessionFactory = Callable[..., Session]


@dataclass(frozen=True)
class Command:
    """A subcommand: its name, one line of help, its options, and what it does."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, SessionFactory], int]


def model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="DIR", help="checkpoint folder (default: the shipped one)")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default auto")


def session_of(arguments: argparse.Namespace, session_factory: SessionFactory) -> Session:
    return session_factory(model=arguments.model, device=arguments.device)


def positive(text: str) -> int:
    """A number from 1 to a thousand million."""
    number = whole(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 is not a positive number")
    return number


def whole(text: str) -> int:
    """A number from 0 to a thousand million; digits are counted before they are read."""
    if _WHOLE.fullmatch(text) is None or int(text) > _LARGEST:
        raise argparse.ArgumentTypeError(f"{brief(text)} is not a whole number up to {_LARGEST:,}")
    return int(text)


def finite(text: str) -> float:
    """A number that is neither infinite nor none."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def brief(text: str) -> str:
    """What was typed, for a sentence."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def force_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace files that are there already")


def check_named(path: Path | None, kind: OutputKind, arguments: argparse.Namespace) -> None:
    """Refuses a file that could not be written in the end, before the work begins.

    Raises:
        ExportError: if it could not.
    """
    if path is not None and path != STANDARD_OUTPUT:
        check_output(path, kind, replace=arguments.force)


def write_named(path: Path, data: bytes, kind: OutputKind, arguments: argparse.Namespace) -> None:
    """Writes a file that was named on the command line; - is standard output.

    Raises:
        ExportError: if it cannot be written.
    """
    if path == STANDARD_OUTPUT:
        say_bytes(data)
    else:
        write_output(path, [data], kind, replace=arguments.force)


def json_bytes(numbers: dict[str, Any]) -> bytes:
    return (json.dumps(numbers, indent=2) + "\n").encode()
