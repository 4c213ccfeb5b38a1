"""B4: decoders that abort, hang or eat memory cost only their own file, through a whole index run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.indexing import decode_pool
from tests.faults.stub_index import index_with_stub

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("decoder_processes")]


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    """A folder of 100 images, three of them to be renamed by a test."""
    folder = tmp_path / "hundred"
    folder.mkdir()
    generator = np.random.default_rng(4)
    for number in range(100):
        pixels = generator.integers(0, 255, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    return folder


def test_three_evil_files_among_a_hundred_are_listed_and_the_others_are_as_if_they_were_alone(
    hundred, tmp_path, monkeypatch
):
    _, expected = index_with_stub(hundred, tmp_path / "clean index")
    evil = {"020.png": "abort.png", "050.png": "hang.png", "051.png": "grab.png"}
    for name, evil_name in evil.items():
        (hundred / name).rename(hundred / evil_name)
    monkeypatch.setattr(decode_pool, "WORKER_MODULE", "tests.faults.evil_worker")
    monkeypatch.setattr(decode_pool, "FILE_SECONDS", 2.0)

    report, rows = index_with_stub(hundred, tmp_path / "index")

    reasons = {image.path.name: image.reason for image in report.unreadable}
    assert rows == {name: row for name, row in expected.items() if name not in evil}
    assert len(rows) == 97
    assert set(reasons) == set(evil.values())
    assert "SIGABRT" in reasons["abort.png"]
    assert "longer than 2 s" in reasons["hang.png"]
    assert "memory" in reasons["grab.png"]
