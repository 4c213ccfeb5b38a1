"""Notices: each has a topic, the next success of its topic withdraws it, and what it covered comes back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import app
from app.main_window import MainWindow
from app.widgets import notice_bar
from app.widgets.notice_bar import NoticeBar, Topic
from faami_core.errors import CollectionError
from faami_core.types import ImportedResult, SearchResult
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask

SOURCES = [path.read_text(encoding="utf-8") for path in Path(app.__file__).parent.rglob("*.py")]


@pytest.fixture
def bar(window: MainWindow) -> NoticeBar:
    return window.pane.notice


def test_an_error_that_a_newer_notice_covered_comes_back(bar: NoticeBar) -> None:
    bar.show_notice("error", "The disk is full.", topic=Topic.MARKS_WRITTEN)
    bar.show_notice("info", "24 results were written.", topic=Topic.EXPORT, passing=True)
    assert bar.message.text() == "24 results were written."
    assert bar.is_pressing
    bar.close_button.click()
    assert bar.message.text() == "The disk is full."
    bar.dismiss(Topic.SEARCH)
    assert not bar.isHidden()
    bar.dismiss(Topic.MARKS_WRITTEN)
    assert bar.isHidden()
    assert not bar.is_pressing


def test_a_passing_notice_that_is_covered_does_not_come_back(bar: NoticeBar) -> None:
    bar.show_notice("info", "24 results were written.", topic=Topic.EXPORT, passing=True)
    bar.show_notice("error", "The disk is full.", topic=Topic.MARKS_WRITTEN)
    bar.dismiss(Topic.MARKS_WRITTEN)
    assert bar.isHidden()


def test_a_notice_takes_the_place_of_an_older_one_of_its_topic(bar: NoticeBar) -> None:
    for count in (1, 2):
        bar.show_notice("warning", f"{count} files could not be read.", topic=Topic.COLLECTION)
    bar.withdraw()
    assert bar.isHidden()
    assert not bar.withdraw()


def test_a_passing_notice_goes_by_itself_and_an_error_stays(qtbot: QtBot, bar: NoticeBar) -> None:
    bar._clock.setInterval(20)
    bar.show_notice("error", "The disk is full.", topic=Topic.MARKS_WRITTEN)
    bar.show_notice("info", "24 results were written.", topic=Topic.EXPORT, passing=True)
    qtbot.waitUntil(lambda: bar.message.text() == "The disk is full.")
    qtbot.wait(60)
    assert not bar.isHidden()
    assert notice_bar.PASSING_MS >= 10_000, "long enough to be read"


def test_a_file_of_results_that_cannot_be_read_is_forgotten_once_another_can(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ask(qtbot, window, "river")
    answer: SearchResult = window.workspace.result

    def read(path: Path) -> ImportedResult:
        if path.name == "wrong.csv":
            raise CollectionError("wrong.csv is not a result file.", "Choose another file.")
        return ImportedResult(answer, {})

    monkeypatch.setattr(session, "import_csv", read, raising=False)
    monkeypatch.setattr(session, "with_maps", lambda result, cancel: result, raising=False)
    window.reopen.open(tmp_path / "wrong.csv")
    qtbot.waitUntil(window.pane.notice.isVisible)
    ask(qtbot, window, "tanks")
    assert window.pane.notice.message.text() == "wrong.csv is not a result file.", "a search says nothing of files"
    with qtbot.waitSignal(window.search.shown):
        window.reopen.open(tmp_path / "right.csv")
    assert not window.pane.notice.isVisible()


def test_marks_that_could_not_be_stored_are_forgotten_once_others_are(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.disk_is_full = True
    window.grid.choose(0)
    with qtbot.waitSignal(window.triage.loaded):
        window.triage.accept()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert "disk is full" in window.pane.notice.message.text()
    session.disk_is_full = False
    window.triage.reject()
    qtbot.waitUntil(lambda: not window.pane.notice.isVisible())


def test_a_query_that_failed_is_forgotten_once_it_is_cleared(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    session.query_fails = True
    with qtbot.waitSignal(window.search.failed):
        window.search.ask("river")
    assert window.pane.notice.isVisible()
    window.pane.query.clear()
    assert not window.pane.notice.isVisible()


def test_every_topic_has_an_end() -> None:
    """Whatever shows notices of a topic, something withdraws them, or every one of them is a passing one."""
    shown, ended, lasting = set(), set(), set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            topics = {
                part.attr
                for part in ast.walk(node)
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "Topic"
            }
            if node.func.attr == "show_notice":
                shown |= topics
                if not any(keyword.arg == "passing" for keyword in node.keywords):
                    lasting |= topics
            elif node.func.attr == "dismiss":
                ended |= topics
    # A notice of these is replaced by the next one of its topic: the export that succeeds says so.
    replaced = {"EXPORT"}
    assert shown >= {"COLLECTION", "SEARCH", "EXPORT", "CRASH"}
    standing = {"DATA_FOLDER"}  # true until the program ends: where it cannot write is looked at when it starts
    assert lasting - ended - replaced - standing == set()
