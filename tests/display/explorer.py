"""The program under test on a desktop: started, asked what it shows, used by hand, closed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.display.desktop import PATIENCE_SECONDS, Desktop, Point, wait_until
from tests.display.observed_explorer import SECONDS_PER_BATCH, WITH_MODEL

CHECKOUT = Path(__file__).resolve().parents[2]


class Explorer:
    """A running ``faami-explorer``.

    Args:
        desktop: Where its window opens.
        data: Its data folder.
        arguments: Of the command line.
        scale: Of the screen: 1.5 draws everything half as large again.
        seconds_per_batch: Slows indexing down.
        model: With the shipped model in place of the stub.
    """

    def __init__(
        self,
        desktop: Desktop,
        data: Path,
        *arguments: str | Path,
        scale: float = 1.0,
        seconds_per_batch: float = 0.0,
        model: bool = False,
    ) -> None:
        self.desktop = desktop
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by ``ended``
        environment = desktop.environment | {
            "FAAMI_DATA_DIR": str(data),
            "QT_SCALE_FACTOR": str(scale),
            SECONDS_PER_BATCH: str(seconds_per_batch),
            WITH_MODEL: "yes" if model else "",
        }
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.display.observed_explorer", *map(str, arguments)],
            cwd=CHECKOUT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """What the window shows right now; see ``observed_explorer``."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        try:
            self._program.stdin.write("facts\n")
            self._program.stdin.flush()
            return dict(json.loads(self._program.stdout.readline()))
        except (BrokenPipeError, ValueError) as error:
            raise AssertionError(f"The program has ended with code {self.wait()}: {self.errors}") from error

    def until(self, condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Waits until the facts are as wanted, and returns them."""
        seen: list[dict[str, Any]] = []
        try:
            wait_until(lambda: seen.append(self.facts()) or condition(seen[-1]), what)
        except TimeoutError as error:
            raise AssertionError(f"{error} The window shows {seen[-1]}") from error
        return seen[-1]

    def shown(self) -> dict[str, Any]:
        """Waits until the window is open and nothing is at work."""
        return self.until(lambda facts: facts["images"] and not facts["busy"], "a collection in the window")

    def search(self, text: str) -> list[str]:
        """Types a query into the open window. Returns the names of the results in their order."""
        self.shown()
        self.desktop.press("ctrl+f")
        self.desktop.type(text)
        self.desktop.press("Return")
        found = self.until(lambda now: now["query"] == text and now["ranked"] and not now["busy"], "results")
        return list(found["ranked"])

    def close_by_hand(self) -> None:
        """Closes the window through the window manager, which must end the program without a word."""
        self.desktop.press("alt+F4")
        self.check_end()

    def check_end(self) -> None:
        """Waits for the end of the program, which must be one without an error."""
        code = self.wait()
        assert code == 0, f"exit code {code}: {self.errors}"
        assert self.errors == "", self.errors

    def cell(self, name: str) -> Point:
        """Where on the screen the middle of an image's cell is."""
        return middle(self.facts()["cells"][name])

    def terminate(self) -> None:
        """Asks the program to end, as the system does when it shuts down."""
        self._program.terminate()

    def wait(self) -> int:
        """Waits for the end of the program. Returns its exit code."""
        return self._program.wait(PATIENCE_SECONDS)

    @property
    def errors(self) -> str:
        """What the program has written on standard error."""
        self._errors.seek(0)
        return self._errors.read()

    def end(self) -> None:
        """Ends the program if it runs."""
        self._program.kill()
        self._program.wait(PATIENCE_SECONDS)
        for stream in (self._program.stdin, self._program.stdout, self._errors):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):  # a question that nobody read
                    stream.close()


def middle(rect: list[float]) -> Point:
    """The middle of a rectangle (left, top, width, height)."""
    return rect[0] + rect[2] / 2, rect[1] + rect[3] / 2
