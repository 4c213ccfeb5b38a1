"""A tokenizer that would hang, abort or point outside the model is refused while the model loads, in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faami_core.errors import ModelError
from faami_core.model import tokenizer_file
from faami_core.model.fingerprint import (
    CONFIG,
    TOKENIZER,
    WEIGHTS,
    WORDS,
    checkpoint_fingerprint,
    read_vocabulary,
    read_words,
)
from faami_core.model.tokenizer_file import TokenizerTrial
from faami_core.model.weights import load_checkpoint, save_checkpoint
from tests.tiny_model import tiny_model, write_tokenizer

pytestmark = pytest.mark.faults

Content = dict[str, Any]


def split_at(pattern: str) -> Content:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def special_token_out_of_range(content: Content) -> None:
    content["post_processor"]["special_tokens"]["[CLS]"]["ids"] = [99_999]


def added_token_out_of_range(content: Content) -> None:
    content["post_processor"] = {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 4_000_000_000]}


def more_special_tokens_than_are_read(content: Content) -> None:
    content["post_processor"]["single"] = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}] * 100


def exponential_split(content: Content) -> None:
    content["pre_tokenizer"] = split_at(r"(a+)+$")


def exponential_split_of_other_letters(content: Content) -> None:
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split_at(r"(?:q|q)*{2,}z")]}


def exponential_replacement(content: Content) -> None:
    content["normalizer"] = {"type": "Replace", "pattern": {"Regex": r"(x+x+)+y"}, "content": ""}


def polynomial_split(content: Content) -> None:
    content["pre_tokenizer"] = split_at(r"x*x*x*x*x*x*y")


def replacement_that_grabs_all_memory(content: Content) -> None:
    content["normalizer"] = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 10_000_000}


EVIL = [
    special_token_out_of_range,
    added_token_out_of_range,
    more_special_tokens_than_are_read,
    exponential_split,
    exponential_split_of_other_letters,
    exponential_replacement,
    polynomial_split,
    replacement_that_grabs_all_memory,
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_tokenizer(tmp_path / TOKENIZER)


def rewrite(file: Path, change: Callable[[Content], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def check(file: Path) -> None:
    with TokenizerTrial(file, 48) as trial:
        trial.check(64)


@pytest.mark.parametrize("change", EVIL)
def test_an_evil_tokenizer_is_refused_in_time(
    file: Path, change: Callable[[Content], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer_file, "_SECONDS", 6.0)
    rewrite(file, change)
    started = time.monotonic()

    with pytest.raises(ModelError, match=r"tokenizer\.json") as told:
        check(file)

    assert time.monotonic() - started < 20
    assert told.value.message.endswith(".")
    assert told.value.next_step


@pytest.mark.parametrize("pattern", [" {2,}", r"'s|'t|'re| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"])
def test_patterns_of_tokenizers_of_the_field_pass(file: Path, pattern: str) -> None:
    rewrite(file, lambda content: content.update(pre_tokenizer=split_at(pattern)))
    check(file)


def test_a_tokenizer_is_tried_once_in_a_process(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(file)
    monkeypatch.setattr(subprocess, "Popen", lambda *_arguments, **_options: pytest.fail("tried again"))
    check(file)
    with pytest.raises(ModelError, match="the model knows 3 tokens"), TokenizerTrial(file, 48) as trial:
        trial.check(3)


def test_a_tokenizer_whose_trial_the_system_kills_is_refused(file: Path) -> None:
    rewrite(file, lambda content: content.update(decoder=None))
    with pytest.raises(ModelError, match="stops"), TokenizerTrial(file, 48) as trial:
        assert trial._process is not None
        trial._process.kill()
        trial.check(64)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    save_checkpoint(folder / "model", tiny_model(), write_tokenizer(folder / TOKENIZER), ["river"])
    return folder / "model"


@pytest.fixture
def model(sound: Path, tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    for part in sound.iterdir():
        (tmp_path / "model" / part.name).write_bytes(part.read_bytes())
    return tmp_path / "model"


def test_a_model_with_a_special_token_that_it_does_not_know_is_refused_when_it_loads(model: Path) -> None:
    load_checkpoint(model)
    rewrite(model / TOKENIZER, special_token_out_of_range)
    with pytest.raises(ModelError, match="makes token 99999, the model knows 64 tokens"):
        load_checkpoint(model)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, WORDS, WEIGHTS])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_only_regular_files_are_read_as_parts_of_a_model(model: Path, name: str, kind: str) -> None:
    (model / name).unlink()
    if kind == "pipe":
        os.mkfifo(model / name)
    elif kind == "device":
        (model / name).symlink_to("/dev/zero")
    else:
        (model / name).mkdir()
    readers: dict[str, list[Callable[[Path], object]]] = {
        CONFIG: [checkpoint_fingerprint],
        TOKENIZER: [checkpoint_fingerprint, read_vocabulary],
        WORDS: [read_words],
        WEIGHTS: [checkpoint_fingerprint],
    }
    for read in (load_checkpoint, *readers[name]):
        with pytest.raises(ModelError) as told:
            read(model)
        assert told.value.message.endswith(".")
