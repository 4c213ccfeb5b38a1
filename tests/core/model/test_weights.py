"""Checkpoints: what is written comes back byte for byte, and nothing broken gets in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from faami_core.errors import ModelError
from faami_core.model.weights import (
    CONFIG,
    TOKENIZER,
    WEIGHTS,
    WORDS,
    load_checkpoint,
    pack_state,
    save_checkpoint,
    unpack_state,
)
from tests.tiny_model import tiny_model

EMBEDDINGS = "text_encoder.bert.embeddings.word_embeddings.weight"


@pytest.fixture
def folder(tmp_path: Path, tokenizer_file: Path) -> Path:
    save_checkpoint(tmp_path / "tiny", tiny_model(), tokenizer_file, ["river", "tanks"])
    return tmp_path / "tiny"


def test_save_load_save_is_byte_equal(folder: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(folder)
    save_checkpoint(tmp_path / "again", checkpoint.model, folder / TOKENIZER, sorted(checkpoint.known_words))
    for name in (CONFIG, WEIGHTS, TOKENIZER, WORDS):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert load_checkpoint(tmp_path / "again").fingerprint == checkpoint.fingerprint


def test_a_loaded_model_is_ready_and_knows_its_words(folder: Path) -> None:
    checkpoint = load_checkpoint(folder)
    assert not checkpoint.model.training
    assert checkpoint.known_words == {"river", "tanks"}
    assert list(checkpoint.model.config.grids) == ["fine", "coarse"]


def test_the_order_of_scales_survives(folder: Path) -> None:
    assert [grid.scale for grid in load_checkpoint(folder).model.config.grid_specs] == ["fine", "coarse"]


def test_packing_rounds_little() -> None:
    state = tiny_model().state_dict()
    back = unpack_state(pack_state(state))
    assert back.keys() == state.keys()
    for name, tensor in state.items():
        tolerance = float(tensor.abs().amax()) / (120 if name == EMBEDDINGS else 1000) if tensor.numel() else 0
        assert torch.allclose(back[name].float(), tensor.float(), atol=tolerance), name


def test_other_weights_have_another_fingerprint(folder: Path, tmp_path: Path, tokenizer_file: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.global_projection.bias += 1
    save_checkpoint(tmp_path / "other", model, tokenizer_file, ["river", "tanks"])
    assert load_checkpoint(tmp_path / "other").fingerprint != load_checkpoint(folder).fingerprint


def change_config(edit: Callable[[dict], None]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        values = json.loads((folder / CONFIG).read_text())
        edit(values)
        (folder / CONFIG).write_text(json.dumps(values))

    return change


def change_weights(edit: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        edit(tensors)
        save_file(tensors, folder / WEIGHTS)

    return change


def cut(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


BIAS = "global_projection.bias"

BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), "does not exist"),
    "no config": (lambda folder: (folder / CONFIG).unlink(), "cannot be read"),
    "no tokenizer": (lambda folder: (folder / TOKENIZER).unlink(), "cannot be read"),
    "cut weights": (cut, "not a whole safetensors file"),
    "empty weights": (lambda folder: (folder / WEIGHTS).write_bytes(b""), "not a whole safetensors file"),
    "text as weights": (lambda folder: (folder / WEIGHTS).write_bytes(b"x" * 1000), "not a whole safetensors file"),
    "config not JSON": (lambda folder: (folder / CONFIG).write_text("{"), "not valid JSON"),
    "config a list": (lambda folder: (folder / CONFIG).write_text("[]"), "does not hold"),
    "unknown setting": (change_config(lambda values: values.update(colour="red")), "colour"),
    "number as text": (change_config(lambda values: values.update(width="16")), "width"),
    "a greedy number": (change_config(lambda values: values.update(width=10**6)), "width = 1000000"),
    "greedy text": (
        change_config(lambda values: values["text"]["architecture"].update(vocab_size=10**12)),
        "vocab_size",
    ),
    "text where a number belongs": (
        change_config(lambda values: values["text"]["architecture"].update(vocab_size="many")),
        "wrong kind",
    ),
    "another shape": (change_config(lambda values: values.update(width=32)), "shape"),
    "a missing tensor": (change_weights(lambda tensors: tensors.pop(BIAS)), f"lacks tensor {BIAS}"),
    "a tensor too many": (
        change_weights(lambda tensors: tensors.update(evil=torch.zeros(1))),
        "unexpected tensor evil",
    ),
    "not finite": (change_weights(lambda tensors: tensors[BIAS].fill_(float("nan"))), "not finite"),
    "whole numbers": (
        change_weights(lambda tensors: tensors.update({BIAS: torch.zeros(16, dtype=torch.int64)})),
        "kind",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_checkpoint_is_refused_with_a_sentence(name: str, folder: Path) -> None:
    damage, says = BROKEN[name]
    damage(folder)
    with pytest.raises(ModelError, match=says) as caught:
        load_checkpoint(folder)
    assert caught.value.message.endswith(".")


def change_tokenizer(folder: Path, *, word: int, separator: int) -> None:
    """Gives a word and the token behind every phrase other numbers."""
    content = json.loads((folder / TOKENIZER).read_text())
    content["model"]["vocab"]["far"] = word
    content["post_processor"]["special_tokens"]["[SEP]"]["ids"] = [separator]
    (folder / TOKENIZER).write_text(json.dumps(content))


def test_a_tokenizer_may_name_the_last_token_of_the_model_and_none_behind_it(folder: Path) -> None:
    change_tokenizer(folder, word=63, separator=63)
    assert load_checkpoint(folder).tokenizer.tokens == 64
    change_tokenizer(folder, word=64, separator=63)
    with pytest.raises(ModelError, match="has 65 tokens, the model knows 64"):
        load_checkpoint(folder)
    change_tokenizer(folder, word=63, separator=64)
    with pytest.raises(ModelError, match="makes token 64, the model knows 64"):
        load_checkpoint(folder)


def test_a_failed_save_leaves_the_old_weights(
    folder: Path, tokenizer_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / WEIGHTS).read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("faami_core.model.weights.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(folder, tiny_model("none"), tokenizer_file, [])
    assert (folder / WEIGHTS).read_bytes() == before
    shutil.rmtree(folder)
