"""``faami train``, ``faami ablate`` and ``faami evaluate``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from faami_core.commands.common import (
    DONE,
    SessionFactory,
    check_named,
    force_option,
    json_bytes,
    model_options,
    positive,
    write_named,
)
from faami_core.config import default_model_dir
from faami_core.output import MARKDOWN, PICTURE, REPORT, STANDARD_OUTPUT, check_output
from faami_core.terminal import ProgressLine, cancel_on_interrupt, say, tell


def train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="training config (TOML)")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the run")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder of the run; overrides the config")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default auto")


def run_train(arguments: argparse.Namespace, _session_factory: SessionFactory) -> int:
    from faami_core.training.run import read_training_config, train

    config = read_training_config(arguments.config)
    if arguments.output is not None:
        config = replace(config, output=str(arguments.output))
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        folder = train(config, resume=arguments.resume, device=arguments.device, progress=progress, cancel=cancel)
    say(f"model written to {folder}; losses in {config.output}/metrics.jsonl")
    return DONE


def ablate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, required=True, metavar="FILE", help="variants of a base run (TOML)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="runs; finished ones are kept")
    parser.add_argument("--table", type=Path, metavar="OUT", help="write the table as Markdown, too")
    force_option(parser)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default auto")


def run_ablate(arguments: argparse.Namespace, _session_factory: SessionFactory) -> int:
    from faami_core.training.ablation import plan_table, read_plan, run_plan

    check_named(arguments.table, MARKDOWN, arguments)
    variants, seeds = read_plan(arguments.plan)
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        results = run_plan(
            variants, seeds, arguments.output, device=arguments.device, progress=progress, cancel=cancel
        )
    table = plan_table(results)
    say(table)
    if arguments.table not in (None, STANDARD_OUTPUT):
        write_named(arguments.table, f"{table}\n".encode(), MARKDOWN, arguments)
    return DONE


def evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--captions", type=Path, metavar="FILE", help="captions: JSON of a known data set, or CSV")
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of their images")
    parser.add_argument("--split", default="val", metavar="NAME", help="train, val or test (default val)")
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write the numbers to a JSON file; - is standard output"
    )
    parser.add_argument("--skip-retrieval", action="store_true", help="leave out recall, which takes longest")
    parser.add_argument("--grounding", action="store_true", help="measure where evidence points, too")
    parser.add_argument("--mosaics", type=positive, default=100, metavar="N", help="of each size (default 100)")
    parser.add_argument("--scenes", type=positive, default=112, metavar="N", help="made scenes (default 112)")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw images of the split with their evidence")
    force_option(parser)
    model_options(parser)


def run_evaluate(arguments: argparse.Namespace, _session_factory: SessionFactory) -> int:
    from faami_core.evaluation.overall import Wanted, evaluate

    check_named(arguments.json, REPORT, arguments)
    sheet = arguments.sheet and check_output(arguments.sheet, PICTURE, replace=arguments.force)
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
        sheet=sheet,
    )
    with cancel_on_interrupt() as cancel, ProgressLine() as progress:
        parts = list(evaluate(wanted, progress, cancel))
    text = "\n\n".join(part.text for part in parts)
    report = tell if arguments.json == STANDARD_OUTPUT else say
    report(text)
    if arguments.json is not None:
        numbers = {name: number for part in parts for name, number in part.numbers.items()}
        write_named(arguments.json, json_bytes(numbers), REPORT, arguments)
    return DONE
