"""The main job with everything real: shipped model, made scenes, the window as a command, CSV and pictures out."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core import __version__
from faami_core.config import default_model_dir
from faami_core.data.image_io import save_image
from faami_core.data.scenes import render_scene
from faami_core.model.fingerprint import checkpoint_fingerprint
from faami_core.search.csv_reading import read_csv

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="the off-screen platform is chosen on Linux only")
def test_from_a_folder_of_images_to_a_csv_with_the_right_answers_first(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for kind in ("storage_tanks", "forest", "beach", "airport"):
        for seed in (51, 52, 53):
            save_image(images / f"{kind}_{seed}.jpg", render_scene(kind, seed).pixels)
    out, picture, overlay = tmp_path / "out.csv", tmp_path / "window.png", tmp_path / "overlay.png"
    done = subprocess.run(
        [
            sys.executable, "-m", "app", str(images), "--query", "several storage tanks", "--export", str(out),
            "--screenshot", str(picture), "--overlay", str(overlay), "--device", "cpu", "--quit",
        ],
        cwd=CHECKOUT,
        env={name: value for name, value in os.environ.items() if not name.endswith(("DISPLAY", "QT_QPA_PLATFORM"))},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    rows = read_csv(out)
    assert [row.rank for row in rows] == list(range(12))
    assert {row.path.stem.rsplit("_", 1)[0] for row in rows[:3]} == {"storage_tanks"}
    assert all(rows[n].score >= rows[n + 1].score for n in range(11))
    for row in rows:
        assert row.evidence.keys() == {"several", "storage", "tanks"}
    with out.open(encoding="utf-8", newline="") as stream:
        for cells in csv.DictReader(stream):
            added = sum(float(value) for name, value in cells.items() if name.startswith("evidence_"))
            of_the_image = float(cells["global_weight"]) * float(cells["score_global"])
            assert float(cells["score"]) == pytest.approx(of_the_image + added, abs=1e-4)
    metadata = json.loads(Path(f"{out}-metadata.json").read_text(encoding="utf-8"))
    text = json.dumps(metadata)
    assert "several storage tanks" in text
    assert checkpoint_fingerprint(default_model_dir()) in text
    assert __version__ in text
    for file in (picture, overlay):
        assert len(np.unique(np.asarray(Image.open(file).convert("RGB")).reshape(-1, 3), axis=0)) > 500
