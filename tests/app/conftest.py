"""Fixtures of the window's tests: a session without a model, the real window on it, and a guard against leaks."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.main_window import MainWindow
from app.settings import Settings
from app.theme import apply_theme
from tests.app.fakes import FakeSession

MakeWindow = Callable[..., MainWindow]


@pytest.fixture(scope="session", autouse=True)
def _offscreen() -> None:
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    apply_theme(qapp, "dark")
    return qapp


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a thread, a running timer or a top-level widget behind."""
    threads_before = set(threading.enumerate())
    widgets_before = {id(widget) for widget in QApplication.topLevelWidgets()}
    yield
    _delete_deferred()
    threads = [thread.name for thread in threading.enumerate() if thread not in threads_before]
    widgets = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in widgets_before]
    timers = [entry for entry in gc.get_objects() if type(entry) is QTimer and isValid(entry) and entry.isActive()]
    assert not threads, f"threads left: {threads}"
    assert not widgets, f"top-level widgets left: {widgets}"
    assert not timers, f"timers left running: {[timer.parent() for timer in timers]}"


@pytest.fixture
def session(tmp_path: Path) -> FakeSession:
    return FakeSession(tmp_path / "data")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a collection."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    return folder


@pytest.fixture
def make_window(qtbot: QtBot, no_leaks: None, session: FakeSession, tmp_path: Path) -> Iterator[MakeWindow]:
    """Makes shown windows on a session (the fake one if none is given) and closes them in the end."""
    made: list[MainWindow] = []

    def make(own_session: object = session) -> MainWindow:
        window = MainWindow(own_session, Settings(tmp_path / "settings"), tmp_path / "crash.log")
        window.resize(1280, 720)
        made.append(window)
        window.show()
        return window

    yield make
    while made:
        close_window(made.pop())


@pytest.fixture
def window(make_window: MakeWindow, root: Path, qtbot: QtBot) -> MainWindow:
    """A window with a collection open."""
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)
    return window


def close_window(window: QWidget) -> None:
    window.close()
    window.deleteLater()
    _delete_deferred()


def _delete_deferred() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
