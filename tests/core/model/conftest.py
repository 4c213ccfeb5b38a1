from __future__ import annotations

from pathlib import Path

import pytest

from faami_core.model.faami import Faami
from faami_core.model.text_encoder import Tokenizer
from tests.tiny_model import tiny_model, write_tokenizer


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json")


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return Tokenizer(tokenizer_file, 48)


@pytest.fixture(scope="session")
def model() -> Faami:
    return tiny_model()
