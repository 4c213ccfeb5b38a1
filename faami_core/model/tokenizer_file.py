"""A ``tokenizer.json`` is a small program: it is tried on hard phrases in a process of its own before it is used.

Its patterns may take exponential time, its post-processor may name tokens that no model has, and the library that
runs it may abort. In the trial that costs one small process, which imports neither torch nor transformers and works
while the model itself is being read. It does not run again for a file that has passed in this process.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer as FastTokenizer

from faami_core.errors import ModelError
from faami_core.model.fingerprint import NEXT_STEP, read_text
from faami_core.queries import MAX_CHARACTERS

_SECONDS = 15.0  # a sound tokenizer is tried in a quarter of one on an idle core
_MEMORY = 4 << 30  # bytes of address space
_PHRASE = "2 Storage tanks, near a semi-detached river's café ."
_RUNS = ("a", "1", " ", "-", ".", "é", "中", "a ", "ab1 ")  # each as long as a phrase may be
# A group that is repeated and holds a repetition is what takes exponential time; no tokenizer of the field has one.
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{[0-9]*,[0-9]*\})")
_passed: dict[tuple[str, int], int] = {}  # the largest token, by digest and length of phrase


def open_tokenizer(text: str, max_tokens: int) -> FastTokenizer:
    """The tokenizer without padding, cutting phrases after ``max_tokens``.

    Raises:
        Exception: of any kind, where the text is none.
    """
    tokenizer = FastTokenizer.from_str(text)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


class TokenizerTrial:
    """The trial of one tokenizer; it begins at once and goes on beside the caller. Use as a context manager.

    Args:
        file: The ``tokenizer.json``.
        max_tokens: Of a phrase.

    Raises:
        ModelError: if the file cannot be read.
    """

    def __init__(self, file: Path, max_tokens: int) -> None:
        self._file = file
        digest = hashlib.sha256(read_text(file).encode()).hexdigest()
        self._key = digest, max_tokens
        self._process: subprocess.Popen[bytes] | None = None
        if self._key not in _passed:
            self._process = _start([str(file.absolute()), str(max_tokens)])

    def __enter__(self) -> TokenizerTrial:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def check(self, vocabulary: int) -> None:
        """Waits for the end of the trial.

        Args:
            vocabulary: Number of tokens of the model.

        Raises:
            ModelError: if the tokenizer did not pass, or gives tokens that the model does not have.
        """
        if self._process is not None:
            _passed[self._key] = self._largest(self._process)
        if _passed[self._key] >= vocabulary:
            raise ModelError(
                f"{self._file} makes token {_passed[self._key]}, the model knows {vocabulary} tokens.", NEXT_STEP
            )

    def _largest(self, process: subprocess.Popen[bytes]) -> int:
        try:
            output, _ = process.communicate(timeout=_SECONDS)
            answer = json.loads(output)
            if answer["digest"] != self._key[0]:
                raise self._refused("it changed while it was read")
            if "reason" in answer:
                raise self._refused(answer["reason"])
            return int(answer["largest"])
        except subprocess.TimeoutExpired:
            raise self._refused(f"it takes longer than {_SECONDS:g} s for a phrase") from None
        except (ValueError, KeyError, TypeError) as error:
            raise self._refused("the library that runs it stops") from error

    def _refused(self, reason: str) -> ModelError:
        return ModelError(f"The tokenizer {self._file} cannot be used: {reason}.", NEXT_STEP)


def _start(arguments: list[str]) -> subprocess.Popen[bytes]:
    package = Path(__file__).resolve().parents[2]
    search_path = os.pathsep.join([str(package), *filter(None, sys.path)])
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": search_path, "TOKENIZERS_PARALLELISM": "false"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise ModelError(f"The tokenizer cannot be tried out ({error}).", "Close other programs.") from error


# --- in the process of the trial -------------------------------------------------------------------------------


def _main(file: Path, max_tokens: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows; some systems refuse some values
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    content = file.read_bytes()
    answer: dict[str, Any] = {"digest": hashlib.sha256(content).hexdigest()}
    try:
        answer["largest"] = _try_out(content.decode("utf-8"), max_tokens)
    except Exception as error:  # the binding raises bare Exception on malformed JSON
        answer["reason"] = (str(error).strip().rstrip(".") or type(error).__name__)[:200]
    sys.stdout.write(json.dumps(answer))


def _try_out(text: str, max_tokens: int) -> int:
    """The largest token that the tokenizer gives for hard phrases."""
    patterns = list(_patterns(json.loads(text)))
    if any(_REPEATED_GROUP.search(pattern) for pattern in patterns):
        raise ValueError("one of its patterns may take exponential time")
    letters = "".join(sorted({letter for pattern in patterns for letter in pattern}))
    endings = ("", "!", f"!{letters}")  # a pattern that misses a letter altogether fails at once, however slow it is
    tokenizer = open_tokenizer(text, max_tokens)
    largest = -1
    for run in ("", _PHRASE, *_RUNS, *letters):
        phrases = [run * (MAX_CHARACTERS // max(len(run), 1)) + ending for ending in endings]
        for encoding in tokenizer.encode_batch([run, *phrases]):
            if len(encoding.ids) > max_tokens:
                raise ValueError(f"it gives {len(encoding.ids)} tokens where the model reads {max_tokens}")
            largest = max((largest, *encoding.ids))
    return largest


def _patterns(value: Any) -> Iterator[str]:
    """The regular expressions in a ``tokenizer.json``."""
    if isinstance(value, dict):
        if isinstance(value.get("Regex"), str):
            yield value["Regex"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            if isinstance(part, dict | list):
                yield from _patterns(part)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
