"""A tiny checkpoint, saved and loaded like a real one."""

from __future__ import annotations

import pytest

from faami_core.model.weights import Checkpoint, load_checkpoint, save_checkpoint
from tests.tiny_model import tiny_model, write_tokenizer


@pytest.fixture(scope="package")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    save_checkpoint(folder, tiny_model(), write_tokenizer(folder.parent / "tokenizer.json"), ["river"])
    return load_checkpoint(folder)
