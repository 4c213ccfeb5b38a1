"""The one door for weights: a checkpoint is a folder of safetensors, JSON and text, and nothing that can run.

Files: ``config.json`` (ModelConfig), ``model.safetensors``, ``tokenizer.json``, ``words.txt`` (seen in training).
Matrices are stored as fp16, vectors as fp32, word embeddings as int8 with one scale per row, so that the shipped
checkpoint stays below 48 MB.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from faami_core.config import ModelConfig, from_mapping, to_mapping
from faami_core.data.image_io import open_regular
from faami_core.errors import ModelError
from faami_core.model.build import build_model
from faami_core.model.faami import Faami
from faami_core.model.fingerprint import (
    CONFIG,
    NEXT_STEP,
    TOKENIZER,
    WEIGHTS,
    WORDS,
    checkpoint_fingerprint,
    read_text,
)
from faami_core.model.text_encoder import Tokenizer
from faami_core.model.tokenizer_file import TokenizerTrial

_EMBEDDINGS = "text_encoder.bert.embeddings.word_embeddings.weight"
_SCALE = f"{_EMBEDDINGS}.scale"
_FLOATS, _COUNTS, _ROUNDED = ("F32", "F16"), ("I64",), ("I8",)  # what ``pack_state`` writes


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    Attributes:
        model: In eval mode, on the CPU.
        tokenizer: Of its text encoder.
        known_words: Words seen in training, lower case.
        fingerprint: Hex SHA-256 over weights, config and tokenizer.
        folder: Where it lies.
    """

    model: Faami
    tokenizer: Tokenizer
    known_words: frozenset[str]
    fingerprint: str
    folder: Path


def save_checkpoint(folder: Path, model: Faami, tokenizer_file: Path, known_words: list[str]) -> None:
    """Writes a checkpoint; each file appears whole or not at all, the weights last."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / CONFIG, json.dumps(to_mapping(model.config), indent=1) + "\n")
    _write(folder / TOKENIZER, tokenizer_file.read_text(encoding="utf-8"))
    _write(folder / WORDS, "".join(f"{word}\n" for word in known_words))
    temporary = folder / f"{WEIGHTS}.part"
    save_file(pack_state(model.state_dict()), temporary)
    temporary.replace(folder / WEIGHTS)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Reads and checks a checkpoint before any of it is used.

    Raises:
        ModelError: if a file is missing, broken, too large, or does not fit the config.
    """
    config = read_config(folder / CONFIG)
    words = read_text(folder / WORDS).split()
    trial = TokenizerTrial(folder / TOKENIZER, config.text.max_tokens)
    with trial, _opened(folder / WEIGHTS) as stored:
        with torch.device("meta"):  # shapes without memory, so that a greedy config is refused before it gets any
            expected = build_model(config).state_dict()
        _check_header(folder / WEIGHTS, stored, expected)
        state = _read_tensors(folder / WEIGHTS, stored)
        vocabulary = expected[_EMBEDDINGS].shape[0]
        trial.check(vocabulary)
    tokenizer = Tokenizer(folder / TOKENIZER, config.text.max_tokens)
    if tokenizer.tokens > vocabulary:
        raise ModelError(
            f"{folder / TOKENIZER} has {tokenizer.tokens} tokens, the model knows {vocabulary}.", NEXT_STEP
        )
    model = build_model(config)
    model.load_state_dict(state)
    model.eval().requires_grad_(False)
    return Checkpoint(model, tokenizer, frozenset(words), checkpoint_fingerprint(folder), folder)


def read_config(file: Path) -> ModelConfig:
    """Reads a model config and checks its numbers.

    Raises:
        ModelError: if it is not such a config.
    """
    try:
        values = json.loads(read_text(file))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is not valid JSON ({error}).", NEXT_STEP) from error
    if not isinstance(values, dict):
        raise ModelError(f"{file} does not hold a model config.", NEXT_STEP)
    try:
        config = cast("ModelConfig", from_mapping(ModelConfig, values, where=file.name))
        config.check()
    except TypeError as error:  # a text where a number belongs, deep inside the text architecture
        raise ModelError(f"{file} has a value of the wrong kind ({error}).", NEXT_STEP) from error
    return config


def pack_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """State dict → what is stored. ``unpack_state`` then ``pack_state`` gives the same bytes."""
    packed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name == _EMBEDDINGS:
            scale = (tensor.float().abs().amax(dim=1) / 127).clamp_min(1e-12)
            packed[name] = (tensor.float() / scale[:, None]).round().to(torch.int8)
            packed[_SCALE] = scale
        elif tensor.is_floating_point() and tensor.ndim >= 2:
            packed[name] = tensor.to(torch.float16).contiguous()
        else:
            packed[name] = tensor.contiguous().clone()
    return packed


def unpack_state(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is stored → state dict in fp32."""
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in packed.items()}
    if _SCALE in state:
        state[_EMBEDDINGS] = state[_EMBEDDINGS].float() * state.pop(_SCALE)[:, None]
    return state


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """A safetensors file whose header is whole and covers the file exactly."""
    if not file.exists():
        raise ModelError(f"{file} does not exist.", NEXT_STEP)
    try:
        open_regular(file).close()  # a pipe would be waited for
        with safe_open(file, framework="pt") as reader:
            yield reader
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{file} is not a whole safetensors file ({error}).", NEXT_STEP) from error


def _check_header(file: Path, stored: Any, expected: dict[str, Tensor]) -> None:
    """Checks names, shapes and number formats before a single weight is read."""
    shapes = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    formats = {name: _FLOATS if tensor.is_floating_point() else _COUNTS for name, tensor in expected.items()}
    names = set(stored.keys())
    if _SCALE in names and _EMBEDDINGS in shapes:
        shapes[_SCALE], formats[_SCALE] = shapes[_EMBEDDINGS][:1], _FLOATS
        formats[_EMBEDDINGS] = _ROUNDED
    if names != set(shapes):
        odd = sorted(names ^ set(shapes))[0]
        verb = "lacks" if odd in shapes else "has the unexpected"
        raise ModelError(f"{file} {verb} tensor {odd}.", "Use weights and config from the same checkpoint.")
    for name in sorted(names):
        tensor = stored.get_slice(name)
        found, kind = tuple(tensor.get_shape()), tensor.get_dtype()
        if found != shapes[name]:
            raise ModelError(f"{file}: tensor {name} has shape {found}, the config wants {shapes[name]}.", NEXT_STEP)
        if kind not in formats[name]:
            raise ModelError(f"{file}: tensor {name} is of kind {kind}.", NEXT_STEP)


def _read_tensors(file: Path, stored: Any) -> dict[str, Tensor]:
    """All tensors as a state dict; every number is finite."""
    packed: dict[str, Tensor] = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no dict
    state = unpack_state(packed)
    for name, tensor in state.items():
        if not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{file}: tensor {name} holds numbers that are not finite.", NEXT_STEP)
    return state


def _write(file: Path, text: str) -> None:
    temporary = file.with_name(f"{file.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)
