"""The program as a command: opens, indexes, searches, draws, exports and quits without a display."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core import __version__
from faami_core.search.csv_reading import read_csv

CHECKOUT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path, module: str = "tests.e2e.stub_explorer") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    environment.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_version_is_told_before_qt_or_torch_is_loaded() -> None:
    """The bar is 0.5 s on an idle machine; what makes it hold is that nothing heavy is imported."""
    program = (
        "import sys\n"
        "from app.__main__ import main\n"
        "try:\n    main(['--version'])\n"
        "except SystemExit as ended:\n    code = ended.code\n"
        "heavy = [name for name in ('PySide6', 'torch', 'transformers') if name in sys.modules]\n"
        "sys.exit(code or (f'loaded {heavy}' if heavy else 0))"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"faami-explorer {__version__}"
    assert time.perf_counter() - started < 3, "generous, because test machines are busy"


@pytest.mark.skipif(sys.platform != "linux", reason="the off-screen platform is chosen on Linux only")
def test_one_command_indexes_searches_draws_exports_and_quits(tmp_path: Path, image_folder: Path) -> None:
    out, picture, overlay = tmp_path / "out.csv", tmp_path / "made" / "window.png", tmp_path / "overlay.png"
    done = run(
        image_folder, "--query", "red", "--export", out, "--screenshot", picture, "--overlay", overlay,
        "--theme", "light", "--size", "1280x720", "--quit",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    hits = read_csv(out)
    assert len(hits) == 12
    assert hits[0].path == image_folder / "red.png"
    assert (tmp_path / "out.csv-metadata.json").is_file()
    with Image.open(picture) as window:
        assert window.size == (1280, 720)
        pixels = np.asarray(window.convert("RGB")).reshape(-1, 3)
    assert (np.abs(pixels.astype(int) - (255, 0, 0)).sum(axis=1) < 40).sum() > 500, "the red image is on screen"
    with Image.open(overlay) as drawn:
        assert min(drawn.size) > 300


@pytest.mark.skipif(sys.platform != "linux", reason="the off-screen platform is chosen on Linux only")
def test_an_image_query_works_headless_too(tmp_path: Path, image_folder: Path) -> None:
    out = tmp_path / "out.csv"
    done = run(image_folder, "--image", image_folder / "blue.png", "--export", out, "--quit")
    assert done.returncode == 0, done.stderr
    assert read_csv(out)[0].path.name == "blue.png"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("/nowhere/at/all", "--query", "red", "--quit"), "does not exist"),
        (("{images}", "--export", "{tmp}/out.csv", "--quit"), "no results to export"),
        (("{images}", "--query", "red", "--export", "{tmp}/missing/out.csv", "--quit"), "does not exist"),
        (("{images}", "--query", "red", "--export", "{images}/red.png", "--force", "--quit"), "not a name for a CSV"),
        (("{images}", "--query", "red", "--screenshot", "{images}/red.png", "--quit"), "is there already"),
        (("{images}", "--query", "red", "--overlay", "/dev/null", "--force", "--quit"), "is a device"),
        (("{images}", "--query", "?!", "--quit"), "no word"),
    ],
)
def test_an_error_ends_with_one_sentence_and_exit_code_1(
    arguments: tuple[str, ...], sentence: str, tmp_path: Path, image_folder: Path
) -> None:
    done = run(*(argument.format(images=image_folder, tmp=tmp_path) for argument in arguments))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_size_that_is_none_is_refused_at_once() -> None:
    done = run("--size", "large")
    assert done.returncode == 2
    assert "is not a size like 1600x1000" in done.stderr
