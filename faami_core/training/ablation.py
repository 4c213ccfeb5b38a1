"""Ablations as in the paper (sections 4.4.1 to 4.4.4): variants of one base run, every seed, one table.

A plan is a TOML file: ``seeds``, a ``[base]`` table of training settings, and ``[[variant]]`` tables with ``group``,
``name`` and the ``settings`` that differ from the base. Finished runs are kept: a stopped plan goes on where it was.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from faami_core.config import ModelConfig, TrainingConfig, from_mapping
from faami_core.errors import ModelError, TrainingError
from faami_core.model.build import build_model
from faami_core.training.run import VAL_FIGURES, train
from faami_core.training.starting_weights import check_starting_weights
from faami_core.types import CancelToken, ProgressCallback

_TIMED_IMAGES = 16
_TIMED_RUNS = 3


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    group: str
    name: str
    config: TrainingConfig


@dataclass(frozen=True)
class VariantResult:
    """Of one variant.

    Attributes:
        mean_recalls: On val, combined score, not calibrated, one per seed.
        bytes_per_image: Of its stored features.
        milliseconds: To encode one image, median.
    """

    variant: Variant
    mean_recalls: tuple[float, ...]
    bytes_per_image: int
    milliseconds: float


def read_plan(file: Path) -> tuple[list[Variant], list[int]]:
    """Variants and seeds of a plan.

    Raises:
        TrainingError: if it cannot be read or a setting makes no sense.
    """
    try:
        plan = tomllib.loads(file.read_text(encoding="utf-8"))
        variants = [_variant(plan["base"], entry, file) for entry in plan["variant"]]
        seeds = [int(seed) for seed in plan["seeds"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"The plan {file} cannot be read ({error}).", "It needs seeds, base and variant."
        ) from error
    except ModelError as error:
        raise TrainingError(error.message, error.next_step) from error
    return variants, seeds


def run_plan(
    variants: list[Variant],
    seeds: list[int],
    output: Path,
    *,
    device: str = "auto",
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> list[VariantResult]:
    """Trains what is not yet finished and gathers the figures; variants with equal settings share their runs.

    Raises:
        TrainingError: if starting weights are missing, before anything is trained; or from a run.
        CancelledError: if cancelled; the next call goes on.
    """
    first: dict[str, Variant] = {}
    for variant in variants:
        check_starting_weights(variant.config)
        first.setdefault(repr(variant.config), variant)
    results = []
    for variant in variants:
        same = first[repr(variant.config)]
        recalls = []
        for seed in seeds:
            folder = output / "-".join(_slug(part) for part in (same.group, same.name, str(seed)))
            config = replace(variant.config, seed=seed, output=str(folder), cache=str(output / "cache"))
            if not (folder / VAL_FIGURES).is_file():
                unfinished = (folder / "state.safetensors").is_file()
                train(config, resume=unfinished, calibrate=False, device=device, progress=progress, cancel=cancel)
            recalls.append(float(json.loads((folder / VAL_FIGURES).read_text())["combined"]["mr"]))
        cost = _cost(variant.config.model)
        results.append(VariantResult(variant, tuple(recalls), *cost))
    return results


def plan_table(results: list[VariantResult]) -> str:
    """Markdown, one block a group."""
    lines, group = [], ""
    for result in results:
        if result.variant.group != group:
            group = result.variant.group
            lines += ["", f"| {group} | mR on val | bytes/image | ms/image |", "|---|---|---|---|"]
        recalls = np.array(result.mean_recalls)
        spread = f" ± {(recalls.max() - recalls.min()) / 2:.2f}" if len(recalls) > 1 else ""
        lines.append(
            f"| {result.variant.name} | {recalls.mean():.2f}{spread} | {result.bytes_per_image:,} "
            f"| {result.milliseconds:.1f} |"
        )
    return "\n".join(lines[1:])


def _variant(base: Mapping[str, Any], entry: Mapping[str, Any], file: Path) -> Variant:
    settings = _merged(base, entry.get("settings", {}))
    config = cast("TrainingConfig", from_mapping(TrainingConfig, settings, where=f"{file.name}, {entry['name']}"))
    config.model.check()
    config.check()
    return Variant(str(entry["group"]), str(entry["name"]), config)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables are merged, except those that are values as a whole (grids)."""
    merged = dict(base)
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(merged.get(name), dict) and name != "grids"
        merged[name] = _merged(merged[name], value) if nested else value
    return merged


@torch.inference_mode()
def _cost(config: ModelConfig) -> tuple[int, float]:
    """(bytes of stored features, milliseconds to encode) per image, with random weights: both depend on shapes only.

    Stored are an int8 row and two fp32 scales per region, and a fp16 global feature.
    """
    bare = {"model_type": "bert", "vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 0, "num_attention_heads": 1}
    model = build_model(replace(config, text=replace(config.text, architecture=bare))).eval()
    size = config.image.image_size
    pixels = torch.zeros((_TIMED_IMAGES, size, size, 3), dtype=torch.uint8)
    seconds = []
    for _ in range(_TIMED_RUNS + 1):  # the first one warms up
        started = time.perf_counter()
        model.encode_images(pixels)
        seconds.append(time.perf_counter() - started)
    stored = config.regions * (config.width + 8) + 2 * config.width
    return stored, 1000 * float(np.median(seconds[1:])) / _TIMED_IMAGES


def _slug(text: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in text.lower())
