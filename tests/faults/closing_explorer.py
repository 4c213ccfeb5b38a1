"""The whole program on a session without a model; it is used and closed at a moment that a seed decides."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent

import app.application
from app.__main__ import build_parser, play
from app.main_window import MainWindow
from faami_core.config import user_data_dir
from tests.app.fakes import FakeSession

_LATEST_MS = 900


def _slow_session(*, model: Path | None, device: str) -> FakeSession:
    chance = random.Random(SEED)
    session = FakeSession(user_data_dir(), count=chance.choice((0, 24, 2000)), indexed=chance.random() < 0.7)
    session.delay = chance.choice((0.0, 0.1, 3.0))
    session.index_seconds = session.demo_seconds = chance.choice((0.0, 0.5, 20.0))
    return session


class RestlessWindow(MainWindow):
    """Works through random actions and closes in the middle of them."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        chance = random.Random(SEED)
        deeds = [
            lambda: self.pane.query.submitted.emit("river tanks"),
            lambda: self.grid.step(3),
            self.triage.accept,
            lambda: self.triage.toggle_tag("harbour"),
            self.collections.update,
            self.rescan.look,
            lambda: self.export.export(user_data_dir() / "out.csv"),
            self.actions_by_name["export_csv"].trigger,
            self.actions_by_name["palette"].trigger,
            self.actions_by_name["shortcuts"].trigger,
            lambda: self.set_theme("light"),
        ]
        for _ in range(12):
            QTimer.singleShot(chance.randrange(_LATEST_MS), self, chance.choice(deeds))
        QTimer.singleShot(chance.randrange(_LATEST_MS), self, lambda: self._end(chance.random() < 0.3))

    def _end(self, by_signal: bool) -> None:
        print(f"closing {time.monotonic()}", flush=True)
        if by_signal:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self.close()


if __name__ == "__main__":
    SEED = int(sys.argv.pop(1))
    app.application.Session = _slow_session
    app.application.MainWindow = RestlessWindow
    code = play(build_parser().parse_args())
    print(f"threads {[thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]}")
    sys.exit(code)
