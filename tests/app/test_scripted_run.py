"""The command line on the window, where the child-process tests cannot look."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.__main__ import build_parser
from app.scripted_run import ScriptedRun
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession


def test_a_run_in_which_nothing_moves_gives_up(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.scripted_run._STANDSTILL_MS", 400)
    session.delay = 30.0
    script = ScriptedRun(make_window(), build_parser().parse_args([str(root), "--query", "river", "--quit"]))
    with qtbot.waitSignal(script.finished) as finished:
        script.start()
    assert finished.args == [1]
    assert script.error.startswith("Nothing moved for")


def test_a_picture_that_cannot_be_written_is_told(
    qtbot: QtBot, make_window: MakeWindow, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    picture = tmp_path / "file" / "window.png"
    script = ScriptedRun(
        make_window(), build_parser().parse_args([str(root), "--screenshot", str(picture), "--quit"])
    )
    with qtbot.waitSignal(script.finished) as finished:
        script.start()
    assert finished.args == [1]
    assert "cannot be made" in script.error


def test_without_arguments_the_last_collection_opens_again(qtbot: QtBot, make_window: MakeWindow, root: Path) -> None:
    window = make_window()
    window.settings.add_recent(root)
    script = ScriptedRun(window, build_parser().parse_args([]))
    with qtbot.waitSignal(window.collections.opened):
        script.start()
    assert window.workspace.root == root
    qtbot.waitUntil(lambda: window.status.fact("model") == "faami-lite")
    assert window.status.fact("device") == "cpu"
