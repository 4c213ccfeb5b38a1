"""The rules of the window's code: what may import what, and where threads start."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from tests.test_architecture import CORE_DOORS

FOLDER = Path(app.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            yield node.module or ""


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_core_is_entered_by_its_doors_only(path: Path) -> None:
    core = {name for name in imports_of(path) if name.split(".")[0] == "faami_core"}
    assert core <= CORE_DOORS
    assert not {name for name in imports_of(path) if name.split(".")[0] in ("torch", "transformers", "timm", "PIL")}


@pytest.mark.parametrize("path", sorted((FOLDER / "widgets").glob("*.py")), ids=name_of)
def test_widgets_know_neither_session_nor_controllers(path: Path) -> None:
    forbidden = ("faami_core.session", "app.controllers", "app.main_window", "app.application")
    assert not [name for name in imports_of(path) if name.startswith(forbidden)]


@pytest.mark.parametrize("path", sorted((FOLDER / "models").glob("*.py")), ids=name_of)
def test_models_know_neither_session_nor_widgets(path: Path) -> None:
    forbidden = ("faami_core.session", "app.controllers", "app.widgets", "app.main_window")
    assert not [name for name in imports_of(path) if name.startswith(forbidden)]


def test_threads_start_in_one_place_only() -> None:
    starters = ("Thread(", "QThread", "QThreadPool", "ThreadPoolExecutor", "ProcessPoolExecutor", "QtConcurrent")
    places = {name_of(path) for path in MODULES if any(word in path.read_text(encoding="utf-8") for word in starters)}
    assert places == {"workers/task.py"}


def test_only_dialogs_block() -> None:
    places = {name_of(path) for path in MODULES if ".exec(" in path.read_text(encoding="utf-8")}
    assert places == {"application.py"}, "the event loop itself; files are chosen by static functions"
