"""A1, A2: weight files that hold code are never run, and broken ones are refused without harm to the loaded model."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import struct
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from faami_core.errors import ModelError
from faami_core.model.build import build_model
from faami_core.model.encoder import FaamiEncoder
from faami_core.model.fingerprint import CONFIG, TOKENIZER, WEIGHTS
from faami_core.model.weights import load_checkpoint, save_checkpoint
from tests.tiny_model import TINY, some_images, write_tokenizer

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiniest checkpoint; loading it once brings in the libraries, whose import is no part of any measurement."""
    folder = tmp_path_factory.mktemp("sound")
    torch.manual_seed(0)
    model = build_model(replace(TINY, image=replace(TINY.image, backbone="test_efficientnet"))).eval()
    save_checkpoint(folder / "tiny", model, write_tokenizer(folder / "tokenizer.json"), ["river"])
    load_checkpoint(folder / "tiny")
    return folder / "tiny"


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "model")
    return tmp_path / "model"


# --- code ------------------------------------------------------------------------------------------------------


class Evil:
    """Unpickling it leaves a file behind."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.sentinel),)


def zip_pickle(file: Path, evil: Evil) -> None:
    torch.save({"weight": evil}, file)


def legacy_pickle(file: Path, evil: Evil) -> None:
    torch.save({"weight": evil}, file, _use_new_zipfile_serialization=False)


def torch_script(file: Path, evil: Evil) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(evil))
        archive.writestr("model/code/__torch__.py", f"import os\nos.mkdir({str(evil.sentinel)!r})\n")
        archive.writestr("model/version", "3\n")


def exported_program(file: Path, evil: Evil) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive_format", "pt2")
        archive.writestr("models/model.json", "{}")
        archive.writestr("data/weights/model.pt", pickle.dumps(evil))


def bare_pickle(file: Path, evil: Evil) -> None:
    file.write_bytes(pickle.dumps(evil))


def object_array(file: Path, evil: Evil) -> None:
    with file.open("wb") as stream:
        np.save(stream, np.array([evil], dtype=object), allow_pickle=True)


def yaml_tag(file: Path, evil: Evil) -> None:
    file.write_text(f"!!python/object/apply:os.mkdir [{str(evil.sentinel)!r}]\n")


EVIL = [zip_pickle, legacy_pickle, torch_script, exported_program, bare_pickle, object_array, yaml_tag]


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, TOKENIZER])
@pytest.mark.parametrize("write", EVIL)
def test_a_file_that_holds_code_is_refused_within_a_second_and_nothing_runs(folder, tmp_path, write, name):
    evil = Evil(tmp_path / "sentinel")
    write(folder / name, evil)

    started = time.process_time()
    with pytest.raises(ModelError) as told:
        load_checkpoint(folder)

    assert time.process_time() - started < 1
    assert not evil.sentinel.exists()
    assert told.value.message.endswith(".")


@pytest.mark.parametrize("write", [zip_pickle, legacy_pickle, torch_script, exported_program, bare_pickle])
def test_a_file_that_holds_code_beside_missing_weights_is_not_looked_at(folder, tmp_path, write):
    evil = Evil(tmp_path / "sentinel")
    (folder / WEIGHTS).unlink()
    for name in ("pytorch_model.bin", "model.pt", "model.pt2", "model.pth"):
        write(folder / name, evil)

    with pytest.raises(ModelError, match="does not exist"):
        load_checkpoint(folder)
    assert not evil.sentinel.exists()


def test_the_evil_files_do_run_where_they_are_unpickled(tmp_path):
    """So that the tests above could fail."""
    evil = Evil(tmp_path / "sentinel")
    pickle.loads(pickle.dumps(evil))  # noqa: S301 - our own

    assert evil.sentinel.is_dir()


# --- mutants ---------------------------------------------------------------------------------------------------

Mutate = Callable[[Path, np.random.Generator], None]


def header_of(content: bytes) -> int:
    """Bytes before the first weight."""
    return 8 + int(struct.unpack("<Q", content[:8])[0])


def flip_header(folder: Path, generator: np.random.Generator) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    for position in generator.integers(0, header_of(content), generator.integers(1, 4)):
        content[position] ^= 1 << int(generator.integers(8))
    (folder / WEIGHTS).write_bytes(content)


def flip_weights(folder: Path, generator: np.random.Generator) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    for position in generator.integers(header_of(content), len(content), 50):
        content[position] = int(generator.integers(256))
    (folder / WEIGHTS).write_bytes(content)


def cut_or_stretch(folder: Path, generator: np.random.Generator) -> None:
    content = (folder / WEIGHTS).read_bytes()
    keep = int(generator.integers(0, len(content)))
    extra = generator.bytes(int(generator.integers(1, 4096)))
    (folder / WEIGHTS).write_bytes(content[:keep] if generator.random() < 0.5 else content + extra)


HOSTILE = [-1, 0, 2**31, 2**63, 2**64, 10**30, 1e308, float("nan"), "F64", "", None, True, [], {}, [[]], "../x", "\0"]


def rewrite_header(folder: Path, generator: np.random.Generator) -> None:
    """Another dtype, shape, range or name for one tensor, in a header that is sound JSON."""
    content = (folder / WEIGHTS).read_bytes()
    end = header_of(content)
    header = json.loads(content[8:end])
    name = str(generator.choice(sorted(header)))
    field = str(generator.choice(["dtype", "shape", "data_offsets", "name", "swap"]))
    if field == "name":
        header[name + str(HOSTILE[generator.integers(len(HOSTILE))])] = header.pop(name)
    elif field == "swap":
        other = str(generator.choice(sorted(header)))
        header[name], header[other] = header[other], header[name]
    else:
        kinds = ["F64", "BF16", "I8", "BOOL", "F8_E4M3", "C64", *HOSTILE]
        value = kinds[generator.integers(len(kinds))]
        header[name][field] = value if field == "dtype" else [value, value]
    text = json.dumps(header).encode()
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + content[end:])


def rewrite_config(folder: Path, generator: np.random.Generator) -> None:
    """A hostile value at a random place of the config."""
    config = json.loads((folder / CONFIG).read_text())
    place = config
    while True:
        key = str(generator.choice(sorted(place)))
        if not isinstance(place[key], dict) or generator.random() < 0.2:
            break
        place = place[key]
    values = [*HOSTILE, 10**6, 3, "hf-hub:stranger/model", {"auto_map": "x"}, place[key]]
    place[key if generator.random() < 0.8 else "auto_map"] = values[generator.integers(len(values))]
    (folder / CONFIG).write_text(json.dumps(config))


def flip_tokenizer(folder: Path, generator: np.random.Generator) -> None:
    content = bytearray((folder / TOKENIZER).read_bytes())
    for position in generator.integers(0, len(content), generator.integers(1, 4)):
        content[position] = int(generator.integers(32, 127))
    (folder / TOKENIZER).write_bytes(content)


MUTATIONS: list[Mutate] = [
    flip_header,
    flip_weights,
    cut_or_stretch,
    rewrite_header,
    rewrite_config,
    flip_tokenizer,
]


@pytest.fixture(scope="module")
def loaded(sound: Path) -> FaamiEncoder:
    return FaamiEncoder.load(sound, "cpu")


@pytest.mark.parametrize("mutate", MUTATIONS)
@pytest.mark.timeout(300)
def test_fifty_mutants_are_refused_with_a_sentence_or_are_models_that_work(sound, tmp_path, loaded, mutate):
    images = some_images(2)
    before = loaded.encode_images(images)
    refused = 0
    for seed in range(50):
        folder = tmp_path / str(seed)
        shutil.copytree(sound, folder)
        mutate(folder, np.random.default_rng(seed))
        try:
            encoder = FaamiEncoder.load(folder, "cpu")
        except ModelError as error:
            refused += 1
            assert error.message.endswith("."), (seed, error)
            continue
        encoder.encode_images(some_images(2, encoder.info.image_size))
        encoder.encode_text("storage tanks near a river")

    after = loaded.encode_images(images)
    assert after.regions.tobytes() == before.regions.tobytes()
    assert after.global_features.tobytes() == before.global_features.tobytes()
    assert refused >= (0 if mutate is flip_weights else 10)


def test_a_config_that_wants_more_than_the_file_holds_gets_no_memory(folder):
    config = json.loads((folder / CONFIG).read_text())
    config["text"]["architecture"] |= {"num_hidden_layers": 48, "hidden_size": 4096, "intermediate_size": 16_384}
    (folder / CONFIG).write_text(json.dumps(config))
    before = _peak_megabytes()

    with pytest.raises(ModelError, match=r"lacks tensor|has shape"):
        load_checkpoint(folder)
    assert _peak_megabytes() - before < 100


@pytest.mark.parametrize(
    "setting",
    [{"auto_map": {"AutoModel": "evil.Model"}}, {"attn_implementation": "a-hub/kernel"}, {"dtype": "float16"}],
)
def test_settings_that_could_fetch_or_run_something_are_refused(folder, setting):
    config = json.loads((folder / CONFIG).read_text())
    config["text"]["architecture"] |= setting
    (folder / CONFIG).write_text(json.dumps(config))

    with pytest.raises(ModelError, match="does not know"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    "backbone", ["hf-hub:stranger/model", "hf_hub:stranger/model", "local-dir:/tmp", "no_such_model"]
)
def test_a_backbone_that_would_be_fetched_is_refused(folder, backbone):
    config = json.loads((folder / CONFIG).read_text())
    config["image"]["backbone"] = backbone
    (folder / CONFIG).write_text(json.dumps(config))

    with pytest.raises(ModelError, match="is not known"):
        load_checkpoint(folder)


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(folder):
    tokenizer = json.loads((folder / TOKENIZER).read_text())
    tokenizer["model"]["vocab"]["far"] = 5000
    (folder / TOKENIZER).write_text(json.dumps(tokenizer))

    with pytest.raises(ModelError, match="5001 tokens, the model knows 64"):
        load_checkpoint(folder)


def _peak_megabytes() -> float:
    for line in io.StringIO(Path("/proc/self/status").read_text()):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
