"""What is fuzzed: every place where bytes of a stranger enter. A target takes bytes, and returns
whether they were accepted; only a known fault may come out.

Beside the fuzzer, ``test_targets.py`` runs each target over its seeds, and over what the fuzzer once found.
"""

from __future__ import annotations

import functools
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save

from faami_core.data.captions import read_captions
from faami_core.data.image_io import decode_image
from faami_core.errors import FaamiError
from faami_core.model import weights as weights_door
from faami_core.model.text_encoder import Tokenizer
from faami_core.queries import TextTerm
from faami_core.search.csv_reading import read_csv
from faami_core.search.query import normalised
from faami_core.search.query_line import format_query, parse_query
from tests.faults.mutants import FORMATS, sound_image
from tests.tiny_model import write_tokenizer

Target = Callable[[bytes], bool]


def image(data: bytes) -> bool:
    """Decoding an image file."""
    try:
        decoded = decode_image(io.BytesIO(data), "fuzzed.png", model_side=32)
    except FaamiError:
        return False
    assert decoded.pixels.shape == (32, 32, 3)
    return True


def weights(data: bytes) -> bool:
    """Checking the header of a weight file."""
    file = _file("model.safetensors", data)
    try:
        with weights_door._opened(file) as stored:
            weights_door._check_header(file, stored, _expected())
            weights_door._read_tensors(file, stored)
    except FaamiError:
        return False
    return True


def captions(data: bytes) -> bool:
    """Reading a captions file; no name may lead out of the image folder."""
    try:
        found = read_captions(_file("captions.json", data), _folder())
    except FaamiError:
        return False
    for entry in found.images:
        assert entry.path.resolve().is_relative_to(_folder().resolve())
    return True


def query(data: bytes) -> bool:
    """Reading a typed line, writing it again, and tokenising its texts; words are parts of what was typed."""
    line = data.decode("utf-8", "surrogateescape")
    try:
        asked = parse_query(line)
        terms = normalised(asked).terms
    except FaamiError:
        return False
    assert parse_query(format_query(asked)) == asked
    for term in terms:
        if isinstance(term, TextTerm):
            batch = _tokenizer()([term.text])
            assert all(word in term.text for word in batch.words[0])
            assert int(batch.word_of_token.max()) < max(1, len(batch.words[0]))
    return True


def csv(data: bytes) -> bool:
    """Loading an exported result file back."""
    try:
        read_csv(_file("results.csv", data))
    except FaamiError:
        return False
    return True


TARGETS: dict[str, Target] = {"image": image, "weights": weights, "captions": captions, "query": query, "csv": csv}

CAPTIONS = {"images": [{"filename": "a.jpg", "split": "train", "sentences": [{"raw": "many planes"}]}]}
CSV = (
    "rank,path,score,score_global,score_fine,words_matched,best_word,best_region_x,best_region_y,best_region_width,"
    "best_region_height,image_width,image_height,mark,tags,evidence_river,region_river\r\n"
    "1,/a.png,0.5,0.4,0.6,river,river,0,0,8,8,64,64,accepted,a; b,0.5,0 0 8 8\r\n"
)


def seeds(name: str) -> list[bytes]:
    """Sound inputs of a target, from which the fuzzer starts."""
    match name:
        case "image":
            return [sound_image(kind, number) for kind in FORMATS for number in range(2)]
        case "weights":
            return [save(_expected())]
        case "captions":
            return [json.dumps(CAPTIONS).encode()]
        case "query":
            return [
                b"storage tanks beside a river",
                "ships’ harbour – ü 飞机".encode(),
                b"caf\xff -",
                b'2:"a - b" + ./a.jpg[1,2,30,40] - trees',
            ]
        case _:
            return [CSV.encode()]


def _file(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="faami-fuzz-")


def _folder() -> Path:
    return Path(_scratch().name)


@functools.cache
def _tokenizer() -> Tokenizer:
    return Tokenizer(write_tokenizer(_folder() / "tokenizer.json"), 48)


@functools.cache
def _expected() -> dict[str, torch.Tensor]:
    """A small part of a model: one tensor of each kind."""
    return {"weight": torch.ones(2, 3), "bias": torch.zeros(2), "seen": torch.tensor(5)}
