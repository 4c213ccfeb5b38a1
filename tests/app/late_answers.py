"""Answers of the session that come when a test says so, also those that nobody waits for any more."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.workers.task import Lane, Task, Work
from tests.app.fakes import FakeSession


class HeldCall:
    """The next call of a method of the session: it has its answer at once, keeps it until told, and then gives it
    although it was cancelled, as work does that was done when the wish to stop it came."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, session: FakeSession, method: str) -> None:
        self._plain = getattr(session, method)
        self._has_answer, self._may_go = threading.Event(), threading.Event()
        monkeypatch.setattr(session, method, self._call)

    def _call(self, *arguments: Any, **options: Any) -> Any:
        if self._has_answer.is_set():
            return self._plain(*arguments, **options)
        answer = self._plain(*arguments, **{name: value for name, value in options.items() if name != "cancel"})
        self._has_answer.set()
        assert self._may_go.wait(30)
        return answer

    def wait_for_answer(self, qtbot: QtBot) -> None:
        qtbot.waitUntil(self._has_answer.is_set)

    def let_go(self) -> None:
        self._may_go.set()


def delivered(monkeypatch: pytest.MonkeyPatch, window: MainWindow, lane: Lane) -> list[object]:
    """Every answer that comes out of a lane from now on, whatever the window makes of it; it grows."""
    answers: list[object] = []
    submit = window.runner.submit

    def watched(where: Lane, work: Work) -> Task:
        task = submit(where, work)
        if where is lane:
            task.succeeded.connect(answers.append)
        return task

    monkeypatch.setattr(window.runner, "submit", watched)
    return answers
