"""What is told of a checkpoint without loading the model: the name its features are kept under, and its words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from faami_core.errors import ModelError

CONFIG, WEIGHTS, TOKENIZER, WORDS = "config.json", "model.safetensors", "tokenizer.json", "words.txt"
NEXT_STEP = "Copy the model folder again, or choose another one."

_MAX_TEXT_BYTES = 50_000_000  # of config, tokenizer and word list; a real tokenizer has under 5 MB


def checkpoint_fingerprint(folder: Path) -> str:
    """Hex SHA-256 over config (with preprocessing), tokenizer and weights; about 0.1 s for 45 MB.

    Raises:
        ModelError: if one of the files cannot be read.
    """
    from faami_core.data.image_io import open_regular

    digest = hashlib.sha256()
    try:
        for name in (CONFIG, TOKENIZER, WEIGHTS):
            with open_regular(folder / name) as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise ModelError(
            f"The model {str(folder)!r} cannot be read: {error.strerror or error}.",
            NEXT_STEP,
        ) from error
    return digest.hexdigest()


def read_text(file: Path) -> str:
    """Reads a text file of a model.

    Raises:
        ModelError: if it is no regular file, too large, or no UTF-8.
    """
    # Imported here: it brings in Pillow, which the trial of a tokenizer does without.
    from faami_core.data.image_io import open_regular

    try:
        with open_regular(file) as stream:
            content = stream.read(_MAX_TEXT_BYTES + 1)
        if len(content) > _MAX_TEXT_BYTES:
            raise ModelError(f"{file} is larger than {_MAX_TEXT_BYTES} bytes.", NEXT_STEP)
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} cannot be read ({error}).", NEXT_STEP) from error


def read_words(folder: Path) -> tuple[str, ...]:
    """The words that a checkpoint has seen in training.

    Raises:
        ModelError: if its list of words cannot be read.
    """
    try:
        return tuple(read_text(folder / WORDS).split())
    except ModelError as error:
        raise ModelError(f"There are no words of the model: {error.message}", NEXT_STEP) from error


def read_vocabulary(folder: Path) -> frozenset[str]:
    """What the tokenizer of a checkpoint knows as a whole.

    Raises:
        ModelError: if the tokenizer cannot be read.
    """
    try:
        return frozenset(json.loads(read_text(folder / TOKENIZER))["model"]["vocab"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(
            f"The tokenizer of the model {str(folder)!r} cannot be read ({error}).", NEXT_STEP
        ) from error
