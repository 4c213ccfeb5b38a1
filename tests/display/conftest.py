"""Fixtures of the tests on a real display; they are skipped where no X server can be started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.display.desktop import Desktop, missing_programs
from tests.display.explorer import Explorer

MakeDesktop = Callable[[int, int], Desktop]
StartExplorer = Callable[..., Explorer]


@pytest.fixture(scope="session")
def desktop_of_size() -> Iterator[MakeDesktop]:
    """Desktops by size, each started once."""
    missing = missing_programs()
    if missing:
        pytest.skip(f"No real display: {', '.join(missing)} not installed. `make setup` as root installs them.")
    desktops: dict[tuple[int, int], Desktop] = {}

    def desktop(width: int, height: int) -> Desktop:
        if (width, height) not in desktops:
            desktops[width, height] = Desktop(width, height)
        return desktops[width, height]

    yield desktop
    for started in desktops.values():
        started.stop()


@pytest.fixture
def start(own_data_dir: Path) -> Iterator[StartExplorer]:
    """Starts programs on a desktop, and ends those that still run after the test."""
    started: list[Explorer] = []

    def start(
        desktop: Desktop, *arguments: str | Path, scale: float = 1.0, slow: float = 0.0, model: bool = False
    ) -> Explorer:
        program = Explorer(desktop, own_data_dir, *arguments, scale=scale, seconds_per_batch=slow, model=model)
        started.append(program)
        return program

    yield start
    for explorer in started:
        explorer.end()
