"""A desktop of its own for a test: a real X server, a window manager, and the keyboard and mouse of a person."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageGrab

PROGRAMS = ("Xvfb", "openbox", "xdotool")
PATIENCE_SECONDS = 60.0  # for anything a test waits for: test machines are busy
_POLL_SECONDS = 0.05
_DRAG_STEPS = 12
_DOUBLE_CLICK_SECONDS = 0.5  # Qt's own limit is 0.4

Point = tuple[float, float]  # device pixels from the top left corner of the screen


def missing_programs() -> list[str]:
    """Names of the programs that a desktop needs and that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Polls until ``condition`` is true.

    Raises:
        TimeoutError: if it is not within a minute; ``what`` says what was waited for.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"Not within {PATIENCE_SECONDS:g} s: {what}.")
        time.sleep(_POLL_SECONDS)


class Desktop:
    """An X screen with openbox on it. Ends with ``stop``.

    Args:
        width: Device pixels.
        height: Device pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._clicked_at = 0.0
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._server.stdout is not None
        self.display = f":{self._server.stdout.readline().strip()}"
        self._manager = subprocess.Popen(
            ["openbox", "--sm-disable"], env=self.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        # The window manager names the current desktop once it manages windows.
        wait_until(lambda: self._run("get_desktop").returncode == 0, "a window manager on the X server")

    @property
    def environment(self) -> dict[str, str]:
        """For programs that shall open their windows here."""
        kept = {name: value for name, value in os.environ.items() if name not in {"WAYLAND_DISPLAY", "XAUTHORITY"}}
        return kept | {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def stop(self) -> None:
        for program in (self._manager, self._server):
            program.terminate()
        for program in (self._manager, self._server):
            program.wait(PATIENCE_SECONDS)
        assert self._server.stdout is not None
        self._server.stdout.close()

    def screenshot(self) -> Image.Image:
        """What the X server shows."""
        return ImageGrab.grab(xdisplay=self.display).convert("RGB")

    def pixels_of(self, colour: tuple[int, int, int]) -> int:
        """How many pixels of the screen have a colour, or nearly."""
        pixels = np.asarray(self.screenshot()).reshape(-1, 3).astype(int)
        return int((np.abs(pixels - colour).sum(axis=1) < 40).sum())

    def press(self, *keys: str) -> None:
        """Presses and releases keys one after the other, "Return" or "ctrl+z"."""
        self._do("key", "--delay", "30", *keys)

    def type(self, text: str) -> None:
        """Types a text."""
        self._do("type", "--delay", "15", text)

    @contextmanager
    def held(self, modifier: str) -> Iterator[None]:
        """Holds a modifier key ("ctrl", "shift") down meanwhile."""
        self._do("keydown", modifier)
        try:
            yield
        finally:
            self._do("keyup", modifier)

    def click(self, place: Point, button: int = 1, times: int = 1) -> None:
        """Clicks somewhere; button 3 is the right one. Two calls are two clicks, never a double click."""
        time.sleep(max(0.0, self._clicked_at + _DOUBLE_CLICK_SECONDS - time.monotonic()))
        self._do("mousemove", *_pixels(place), "click", "--delay", "60", "--repeat", str(times), str(button))
        self._clicked_at = time.monotonic()

    def drag(self, start: Point, end: Point) -> None:
        """Drags from one place to another in small steps, as a hand does."""
        self._do("mousemove", *_pixels(start), "mousedown", "1")
        for step in range(1, _DRAG_STEPS + 1):
            share = step / _DRAG_STEPS
            between = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            self._do("mousemove", *_pixels(between))
            time.sleep(_POLL_SECONDS)
        self._do("mouseup", "1")

    def move_window(self, title: str, corner: Point) -> None:
        """Moves the top left corner of the window with a title."""
        self._do("search", "--sync", "--onlyvisible", "--name", title, "windowmove", *_pixels(corner))

    def _do(self, *words: str) -> None:
        done = self._run(*words)
        assert done.returncode == 0, f"xdotool {' '.join(words)}: {done.stderr}"

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["xdotool", *words],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip


def _pixels(place: Point) -> tuple[str, str]:
    return str(round(place[0])), str(round(place[1]))
