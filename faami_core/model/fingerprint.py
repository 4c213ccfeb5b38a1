"""What is told of a checkpoint without loading the model: the name its features are kept under, and its words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from faami_core.errors import ModelError

CONFIG, WEIGHTS, TOKENIZER, WORDS = "config.json", "model.safetensors", "tokenizer.json", "words.txt"


def checkpoint_fingerprint(folder: Path) -> str:
    """Hex SHA-256 over config (with preprocessing), tokenizer and weights; about 0.1 s for 45 MB.

    Raises:
        ModelError: if one of the files cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for name in (CONFIG, TOKENIZER, WEIGHTS):
            with (folder / name).open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise ModelError(
            f"The model {str(folder)!r} cannot be read: {error.strerror or error}.",
            "Copy the model folder again, or choose another one.",
        ) from error
    return digest.hexdigest()


def read_words(folder: Path) -> tuple[str, ...]:
    """The words that a checkpoint has seen in training.

    Raises:
        ModelError: if its list of words cannot be read.
    """
    try:
        return tuple((folder / WORDS).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The words of the model {str(folder)!r} cannot be read ({error}).", "Copy the model folder again."
        ) from error


def read_vocabulary(folder: Path) -> frozenset[str]:
    """What the tokenizer of a checkpoint knows as a whole.

    Raises:
        ModelError: if the tokenizer cannot be read.
    """
    try:
        return frozenset(json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))["model"]["vocab"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The tokenizer of the model {str(folder)!r} cannot be read ({error}).", "Copy the model folder again."
        ) from error
