"""What subcommands share: exit codes, the model they work with, files they write."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faami_core.errors import ExportError
from faami_core.session import Session

DONE, FAULT, CANCELLED = 0, 1, 130

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
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def write_json(file: Path, numbers: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{str(file)!r} cannot be written: {error.strerror}.", "Choose another place.") from error
