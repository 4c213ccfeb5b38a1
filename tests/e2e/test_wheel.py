"""The wheel holds everything: code, the model, icons, styles and configs are found without the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=CHECKOUT, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, code: str) -> str:
    """Runs code where only the installed packages can be found."""
    start = f"import sys; sys.path = [entry for entry in sys.path if entry != {str(CHECKOUT)!r}]\n"
    start += f"sys.path.insert(0, {str(installed)!r})\n"
    done = subprocess.run(
        [sys.executable, "-P", "-c", start + code],
        cwd=installed,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.strip()


def test_both_programs_are_entry_points(installed: Path) -> None:
    (file,) = installed.glob("*.dist-info/entry_points.txt")
    text = file.read_text(encoding="utf-8")
    assert "faami = faami_core.cli:main" in text
    assert "faami-explorer = app.__main__:main" in text


def test_resources_are_found_inside_the_installation(installed: Path) -> None:
    code = """
from faami_core.config import default_model_dir, resources_dir
print(resources_dir())
print(sorted(path.name for path in default_model_dir().iterdir()))
print(sorted(path.name for path in resources_dir().iterdir()))
"""
    folder, model, rooms = run(installed, code).splitlines()
    assert Path(folder) == installed / "faami_core" / "resources"
    assert "model.safetensors" in model
    assert all(room in rooms for room in ("configs", "icons", "models", "styles"))


def test_the_installed_program_tells_its_version(installed: Path) -> None:
    assert run(installed, "from app.__main__ import main\nmain(['--version'])").startswith("faami-explorer ")


def test_tests_and_screenshots_stay_out(installed: Path) -> None:
    assert not (installed / "tests").exists()
    assert not (installed / "faami_core" / "resources" / "screenshots").exists()
