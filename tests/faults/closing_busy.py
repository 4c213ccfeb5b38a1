"""The real program with the shipped model, closed by Ctrl+Q or a signal while it loads, indexes, searches or exports.

``python -m tests.faults.closing_busy [closes] [first seed]`` prints a line for each close, beside two busy processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]
_LATEST_MS = 9000  # by then the model is loaded and indexing has begun, on a busy machine too

PROGRAM = """
import os, random, signal, sys, time
from pathlib import Path
import app.application
from app.__main__ import main
from app.main_window import MainWindow
from PySide6.QtCore import QTimer

chance = random.Random({seed})

class ClosingWindow(MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        self.collections.opened.connect(lambda _info: self.queries.ask("river beside trees"))
        self.search.shown.connect(lambda _result: self.export.export(Path({csv!r})))
        QTimer.singleShot(chance.randrange({latest}), self, self.end)

    def end(self):
        print("closing", time.monotonic(), flush=True)
        if chance.random() < 0.3:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self.close()

app.application.MainWindow = ClosingWindow
main([{folder!r}])
"""


def paint_folder(folder: Path, images: int = 160) -> None:
    """Pictures of noise, enough of them that indexing takes seconds."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(7)
    for number in range(images):
        Image.fromarray(generator.integers(0, 255, (256, 256, 3), dtype=np.uint8)).save(folder / f"{number:03}.png")


def close_once(seed: int, base: Path) -> tuple[int, float, str]:
    """Starts the program on a new data folder and closes it at a moment that the seed decides.

    Returns:
        Exit code, seconds from closing to the end of the process, and what came on stderr.
    """
    program = PROGRAM.format(
        seed=seed, latest=_LATEST_MS, csv=str(base / f"out-{seed}.csv"), folder=str(base / "images")
    )
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "FAAMI_DATA_DIR": str(base / f"data-{seed}")}
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program],
        cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    ended = time.monotonic()
    closing = next((float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("closing")), ended)
    return done.returncode, ended - closing, done.stderr


@contextmanager
def busy_processes(count: int = 2) -> Iterator[None]:
    """Keeps that many cores busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def main(closes: int, first: int) -> int:
    """Closes again and again beside two busy processes. Returns how many closes went wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as base, busy_processes():
        paint_folder(Path(base) / "images")
        for seed in range(first, first + closes):
            code, seconds, err = close_once(seed, Path(base))
            wrong += code != 0 or bool(err)
            print(f"{seed}: exit code {code}, closed in {seconds:.1f} s {err[-300:]}", flush=True)
    print(f"{closes - wrong} of {closes} closes with exit code 0 and no word")
    return wrong


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(numbers + [50, 0][len(numbers) :])))
