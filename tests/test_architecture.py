"""The rules of the house, read from the source: who may import whom, and which door each thing goes through."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "faami_core").rglob("*.py"))
APP = sorted((ROOT / "app").rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imports(file: Path) -> Iterator[str]:
    """Every module a file imports, wherever in the file, with the imported names appended."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_that_import(files: list[Path], *modules: str) -> set[str]:
    return {
        name_of(file)
        for file in files
        for found in imports(file)
        if any(found == module or found.startswith(f"{module}.") for module in modules)
    }


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)


_VALUES = {"faami_core.explanation", "faami_core.queries", "faami_core.text", "faami_core.types"}
_SERVICES = {"faami_core.session", "faami_core.config", "faami_core.errors", "faami_core.terminal"}
CORE_DOORS = {"faami_core", *_SERVICES, *_VALUES}  # what the app may import of the core


def test_there_is_something_to_check() -> None:
    assert len(CORE) > 40
    assert len(APP) > 20


def test_layers_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-cache"], capture_output=True, text=True, cwd=ROOT, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_core_works_where_qt_cannot_be_imported() -> None:
    modules = [name_of(file)[:-3].replace("/", ".").removesuffix(".__init__") for file in CORE]
    code = f"""
import importlib, sys
sys.modules.update(dict.fromkeys(("PySide6", "shiboken6", "pyqtgraph", "app")))
for name in {modules!r}:
    importlib.import_module(name)
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["faami_core", "faami_core.session", "faami_core.cli", "app.main_window"])
def test_heavy_libraries_come_late(module: str) -> None:
    heavy = ("torch", "transformers", "timm", "torchvision", "safetensors", "rasterio", "pillow_heif")
    done = run_python(f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_the_app_sees_only_session_config_errors_and_values() -> None:
    seen = {
        found
        for file in APP
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (found := node.module or "").startswith("faami_core")
    }
    assert seen <= CORE_DOORS
    assert files_that_import(APP, "torch", "numpy.lib", "PIL") == set()


def test_widgets_do_not_know_the_session() -> None:
    widgets = [file for file in APP if "widgets" in file.parts or "models" in file.parts]
    assert files_that_import(widgets, "faami_core.session") == set()


def test_pillow_opens_files_behind_one_door() -> None:
    assert files_that_import(CORE + APP, "PIL.Image", "PIL.ImageFile") == {
        "faami_core/data/color_profile.py",
        "faami_core/data/image_io.py",
        "faami_core/data/pictures.py",
    }


def test_rasters_open_behind_one_door() -> None:
    assert files_that_import(CORE + APP, "rasterio") == {"faami_core/data/raster.py"}


def test_weights_load_behind_one_door() -> None:
    """Beside the door: starting weights and states of training runs, and the shards of the index."""
    assert files_that_import(CORE + APP, "safetensors") == {
        "faami_core/model/weights.py",
        "faami_core/training/starting_weights.py",
        "faami_core/training/checkpoint.py",
        "faami_core/indexing/feature_store.py",
    }


def test_threads_start_behind_one_door() -> None:
    starters = files_that_import(
        CORE + APP, "concurrent.futures", "multiprocessing", "threading.Thread", "PySide6.QtCore.QThread",
        "PySide6.QtCore.QThreadPool", "PySide6.QtCore.QRunnable",
    )  # fmt: skip
    for file in CORE + APP:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in {"Thread", "QThread", "QThreadPool", "Process"}:
                starters.add(name_of(file))
    assert starters <= {"app/workers/task.py", "app/heartbeat.py", "faami_core/indexing/decode_pool.py"}


FORBIDDEN_IMPORTS = ("pickle", "cPickle", "dill", "joblib", "yaml", "shelve", "marshal")


def test_nothing_can_run_from_a_data_file() -> None:
    """A1: no unpickling, no torch.load, no YAML, no allow_pickle, no hub code, no eval.

    ``np.load`` reads plain numbers alone as long as nobody says ``allow_pickle``.
    """
    assert files_that_import(CORE + APP, *FORBIDDEN_IMPORTS) == set()
    bad = []
    for file in CORE + APP:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "load" and isinstance(node.value, ast.Name):
                bad += [(name_of(file), node.lineno)] if node.value.id == "torch" else []
            if isinstance(node, ast.keyword) and node.arg in {"allow_pickle", "trust_remote_code", "weights_only"}:
                bad.append((name_of(file), node.value.lineno))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
                bad.append((name_of(file), node.lineno))
    assert bad == []


def test_the_core_neither_prints_nor_exits() -> None:
    talkers = set()
    for file in CORE:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in {"print", "exit", "quit"}:
                talkers.add(name_of(file))
            if isinstance(called, ast.Attribute) and called.attr == "exit" and isinstance(called.value, ast.Name):
                talkers.add(name_of(file))
    assert {name for name in talkers if not name.startswith("faami_core/commands/")} <= {"faami_core/cli.py"}


def test_files_and_functions_stay_small() -> None:
    long_files = {name_of(file): lines for file in CORE + APP if (lines := len(file.read_text().splitlines())) > 400}
    long_functions = [
        (name_of(file), node.name, length)
        for file in CORE + APP
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (length := (node.end_lineno or 0) - node.lineno + 1) > 65
    ]
    assert long_files == {}
    assert long_functions == []


def test_the_version_is_told_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "app", "--version"],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("faami-explorer ")
    assert "PySide6" not in done.stderr
    assert "torch" not in done.stderr
