"""Fixtures shared by the tests of the core and of the window: a stub model, a folder of images, own data folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.stub_encoder import COLOURS, StubEncoder


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own user data folder, so that none sees or spoils the index of another."""
    folder = tmp_path / "faami-data"
    monkeypatch.setenv("FAAMI_DATA_DIR", str(folder))
    return folder


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
