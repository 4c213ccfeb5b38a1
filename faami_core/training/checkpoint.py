"""State of a run, written whole and read back to the same numbers: safetensors and JSON only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.numpy import save_file as save_numpy_file
from safetensors.torch import save_file
from torch import Tensor, nn

from faami_core.errors import TrainingError

_FILE = "state.safetensors"
Arrays = dict[str, npt.NDArray[Any]]


def save_arrays(file: Path, arrays: Arrays, texts: Any) -> None:
    """Writes arrays and a JSON value to one file, whole or not at all; what caches of training keep."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.part")
    save_numpy_file(arrays, temporary, metadata={"texts": json.dumps(texts)})
    temporary.replace(file)


def load_arrays(file: Path) -> tuple[Arrays, Any]:
    """Reads what ``save_arrays`` wrote."""
    with safe_open(file, framework="numpy") as reader:
        arrays = {name: reader.get_tensor(name) for name in reader.keys()}  # noqa: SIM118 - no iterable of its own
        return arrays, json.loads(reader.metadata()["texts"])


def save_state(
    folder: Path, step: int, module: nn.Module, optimizer: torch.optim.Optimizer, averages: dict[str, Tensor]
) -> None:
    """Writes step, weights, optimizer moments and weight averages; the old state stays until the new is whole.

    Args:
        folder: The run's folder.
        step: Steps finished.
        module: Holds every trained parameter and buffer.
        optimizer: AdamW or alike; its per-parameter state must be tensors.
        averages: Moving averages by parameter name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"module.{name}": tensor.detach().contiguous() for name, tensor in module.state_dict().items()}
    tensors |= {f"average.{name}": tensor.contiguous() for name, tensor in averages.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value).contiguous() for name, value in state.items()}
    temporary = folder / f"{_FILE}.part"
    save_file(tensors, temporary, metadata={"step": json.dumps(step)})
    temporary.replace(folder / _FILE)


def load_state(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, averages: dict[str, Tensor]) -> int:
    """Fills module, optimizer and averages from the run's folder.

    Returns:
        Steps finished.

    Raises:
        TrainingError: if there is no state, or it belongs to another model.
    """
    file = folder / _FILE
    if not file.is_file():
        raise TrainingError(f"There is no run to resume in {folder}.", "Start it without --resume.")
    with safe_open(file, framework="pt") as reader:
        tensors = {name: reader.get_tensor(name) for name in reader.keys()}  # noqa: SIM118 - no iterable of its own
        step = int(json.loads(reader.metadata()["step"]))
    weights = {name.removeprefix("module."): value for name, value in tensors.items() if name.startswith("module.")}
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainingError(f"The run in {folder} was made with another model config.", "Use its config.") from error
    state = optimizer.state_dict()
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, moment = name.split(".", 2)
            moments.setdefault(int(index), {})[moment] = value
    state["state"] = moments
    optimizer.load_state_dict(state)
    averages.update({name: tensors[f"average.{name}"] for name in averages})
    return step
