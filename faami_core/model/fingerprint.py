"""The name under which features are kept: a digest of a checkpoint's files, told without loading the model."""

from __future__ import annotations

import hashlib
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
