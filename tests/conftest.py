"""Fixtures shared by the tests of the core and of the window: a stub model, a folder of images, own data folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.indexing import decode_pool
from faami_core.indexing.decode_worker import decode_file
from faami_core.indexing.records import PendingFile
from tests.stub_encoder import COLOURS, StubEncoder

# Tests that run side by side share the cores: torch, imported later, must not start a thread a core in each of them.
_SIDE_BY_SIDE = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _SIDE_BY_SIDE > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _SIDE_BY_SIDE)))


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own user data folder, so that none sees or spoils the index of another."""
    folder = tmp_path / "faami-data"
    monkeypatch.setenv("FAAMI_DATA_DIR", str(folder))
    return folder


class InProcessDecoder:
    """Decodes where the test runs, so that an index run takes milliseconds."""

    def __init__(self, side: int, seconds: float, memory: int) -> None:
        self._side = side

    def decode(self, file: PendingFile) -> decode_pool.Decoded:
        return decode_file(file, self._side)

    def stop(self) -> None:
        """There is no process to stop."""

    def bury(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def decoders_in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the decoder processes themselves ask for ``decoder_processes``."""
    if "decoder_processes" not in request.fixturenames:
        monkeypatch.setattr(decode_pool, "Decoder", InProcessDecoder)


@pytest.fixture
def decoder_processes() -> None:
    """Files are decoded in processes of their own, as outside tests."""


@pytest.fixture
def stub_encoder() -> StubEncoder:
    return StubEncoder()


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Twelve PNG files 48 × 32: eight plain colours, and four with a red square in one corner of black."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (48, 32), colour).save(folder / f"{name}.png")
    corners = {"top_left": (0, 0), "top_right": (0, 24), "bottom_left": (16, 0), "bottom_right": (16, 24)}
    for name, (top, left) in corners.items():
        pixels = np.zeros((32, 48, 3), dtype=np.uint8)
        pixels[top : top + 16, left : left + 24] = COLOURS["red"]
        Image.fromarray(pixels).save(folder / f"corner_{name}.png")
    return folder
