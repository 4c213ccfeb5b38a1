"""Results never outlive their collection, and an index run is never given up for another collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.workers.task import Lane
from faami_core.queries import Feedback, Filters
from faami_core.session import Session
from faami_core.types import IndexReport
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.late_answers import HeldCall, delivered
from tests.app.test_window_search import ask
from tests.stub_encoder import StubEncoder

# --- the real session, whose folders hold what they hold ------------------------------------------------------


@pytest.fixture
def real(qtbot: QtBot, make_window: MakeWindow, tmp_path: Path) -> MainWindow:
    """A window on the real session with a folder of six images indexed, open, and asked."""
    folder = tmp_path / "north"
    folder.mkdir()
    for number in range(6):
        Image.fromarray(np.full((64, 64, 3), 40 * number, np.uint8)).save(folder / f"{number}.png")
    window = make_window(Session(data_dir=tmp_path / "index", encoder=StubEncoder()))
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(folder)
    ask(qtbot, window, "white")
    assert window.model.rowCount() == 6
    return window


def test_a_folder_in_which_nothing_can_be_read_shows_its_own_page(
    qtbot: QtBot, real: MainWindow, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "photo.png").write_bytes(b"no image")
    with qtbot.waitSignal(real.collections.opened, timeout=20_000):
        real.collections.open(broken)
    qtbot.waitUntil(lambda: real.runner.running == 0, timeout=20_000)
    assert real.windowTitle().startswith("broken")
    assert real.model.rowCount() == 0
    assert real.workspace.result is None
    assert (real.pane.page, real.pane.empty.title.text()) == ("empty", "No image could be read")
    assert not real.actions_by_name["accept"].isEnabled()


def test_an_update_while_the_drive_is_away_shows_no_results_and_brings_them_back(
    qtbot: QtBot, real: MainWindow, tmp_path: Path
) -> None:
    folder = tmp_path / "north"
    folder.rename(tmp_path / "unplugged")
    with qtbot.waitSignal(real.collections.opened, timeout=20_000):
        real.collections.update()
    qtbot.waitUntil(lambda: real.runner.running == 0, timeout=20_000)
    assert real.model.rowCount() == 0
    assert real.workspace.result is None
    assert real.pane.empty.title.text() == "The images cannot be reached"
    (tmp_path / "unplugged").rename(folder)
    with qtbot.waitSignal(real.search.shown, timeout=20_000):
        real.collections.update()
    assert real.model.rowCount() == 6
    assert real.pane.page == "grid"


def test_an_empty_folder_shows_no_results_of_the_one_before(qtbot: QtBot, real: MainWindow, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with qtbot.waitSignal(real.collections.opened, timeout=20_000):
        real.collections.open(empty)
    qtbot.waitUntil(lambda: real.runner.running == 0, timeout=20_000)
    assert real.model.rowCount() == 0
    assert real.pane.empty.title.text() == "No images in this collection"


# --- a query that fails, or is late ---------------------------------------------------------------------------


def test_the_results_go_at_once_when_another_collection_is_open(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    ask(qtbot, window, "tanks")
    (tmp_path / "other").mkdir()
    session.delay = 0.5
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(tmp_path / "other")
    assert window.model.rowCount() == 0, "the answer of the other collection is still on its way"
    with qtbot.waitSignal(window.search.shown):
        pass
    assert {path.parent for path in (window.model.path(row) for row in range(24))} == {tmp_path / "other"}


def test_a_query_that_fails_in_another_collection_leaves_its_images(
    qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    ask(qtbot, window, "tanks")
    (tmp_path / "other").mkdir()
    session.query_fails = True
    with qtbot.waitSignals([window.search.failed, window.search.browsing]):
        window.collections.open(tmp_path / "other")
    assert window.workspace.result is None
    assert window.model.rowCount() == 24
    assert window.model.path(0).parent == tmp_path / "other"
    assert window.pane.notice.isVisible()


def texts(answers: list[object]) -> list[str]:
    """The questions of answers."""
    return [answer.query.terms[0].text for answer in answers]


def test_an_old_answer_that_comes_after_the_new_question_is_not_shown(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[object] = []
    window.search.shown.connect(shown.append)
    answers = delivered(monkeypatch, window, Lane.MODEL)
    late = HeldCall(monkeypatch, session, "search")
    window.search.ask("river")
    late.wait_for_answer(qtbot)
    window.search.ask("tanks")
    late.let_go()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert texts(answers)[:2] == ["river", "tanks"], "it did come"
    assert texts(shown) == ["tanks"]


def test_an_old_re_ranking_that_comes_after_the_new_question_is_not_shown(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(qtbot, window, "river")
    asked = window.workspace.result
    shown: list[object] = []
    window.search.shown.connect(shown.append)
    answers = delivered(monkeypatch, window, Lane.MODEL)
    late = HeldCall(monkeypatch, session, "search")
    window.search.rerank(asked, Feedback((asked.hits[3].image_id,), ()))
    late.wait_for_answer(qtbot)
    window.search.ask("tanks")
    late.let_go()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert texts(answers)[:2] == ["river", "tanks"], "it did come"
    assert texts(shown) == ["tanks"]
    assert window.workspace.unmoved is None


def test_an_old_list_of_images_that_comes_after_the_new_question_is_not_shown(
    qtbot: QtBot, window: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = []
    window.search.browsing.connect(lambda: lists.append(window.model.rowCount()))
    answers = delivered(monkeypatch, window, Lane.MODEL)
    late = HeldCall(monkeypatch, session, "browse")
    window.filters.put(Filters(name="*0001*"))
    window.search.again()
    late.wait_for_answer(qtbot)
    window.search.ask("tanks")
    late.let_go()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert isinstance(answers[0], tuple), "it did come"
    assert lists == []
    assert texts([window.workspace.result]) == ["tanks"]


# --- index runs -----------------------------------------------------------------------------------------------


@pytest.fixture
def busy(qtbot: QtBot, window: MainWindow, session: FakeSession, tmp_path: Path) -> MainWindow:
    """The collection "scenes" is open, "new" is being indexed."""
    (tmp_path / "new").mkdir()
    (tmp_path / "third").mkdir()
    session.indexed, session.index_seconds = False, 0.6
    with qtbot.waitSignal(window.indexing.started):
        window.collections.open(tmp_path / "new")
    return window


def test_another_collection_does_not_stop_the_index_and_opens_after_it(
    qtbot: QtBot, busy: MainWindow, tmp_path: Path
) -> None:
    reports: list[IndexReport] = []
    busy.indexing.finished.connect(reports.append)
    busy.collections.open(tmp_path / "third")
    assert busy.pane.notice.message.text() == "“third” opens as soon as “new” is indexed."
    with qtbot.waitSignal(busy.collections.opened):
        pass
    assert busy.workspace.root == tmp_path / "third"
    assert [(report.root.name, report.cancelled) for report in reports] == [("new", False)]
    assert tmp_path / "new" in busy.settings.recent
    assert busy.settings.last == tmp_path / "third"
    assert not busy.pane.notice.isVisible()


def test_the_open_collection_stays_open_where_it_is_chosen_again(
    qtbot: QtBot, busy: MainWindow, root: Path, tmp_path: Path
) -> None:
    busy.collections.open(root)
    with qtbot.waitSignal(busy.indexing.finished) as finished:
        pass
    qtbot.waitUntil(lambda: busy.runner.running == 0)
    assert not finished.args[0].cancelled
    assert busy.workspace.root == root
    assert busy.pane.notice.message.text() == "“new” is indexed."
    assert busy.settings.recent[:2] == (root, tmp_path / "new")
    assert busy.settings.last == root


def test_who_comes_back_to_the_folder_that_is_being_indexed_gets_it(
    qtbot: QtBot, busy: MainWindow, root: Path, tmp_path: Path
) -> None:
    for folder in (tmp_path / "third", root, tmp_path / "new"):
        busy.collections.open(folder)
    with qtbot.waitSignal(busy.collections.opened):
        pass
    qtbot.waitUntil(lambda: busy.runner.running == 0)
    assert busy.workspace.root == tmp_path / "new"


def test_two_new_folders_are_indexed_one_after_the_other(
    qtbot: QtBot, busy: MainWindow, session: FakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: set[Path] = set()
    plain_open, plain_index = session.open_collection, session.index

    def open_collection(folder: Path) -> object:
        session.indexed = folder in known
        return plain_open(folder)

    def index(folder: Path, **options: object) -> IndexReport:
        report = plain_index(folder, **options)
        known.add(folder)
        return report

    monkeypatch.setattr(session, "open_collection", open_collection)
    monkeypatch.setattr(session, "index", index)
    known.add(tmp_path / "new")
    reports: list[IndexReport] = []
    busy.indexing.finished.connect(reports.append)
    busy.collections.open(tmp_path / "third")
    with qtbot.waitSignal(busy.collections.opened, timeout=10_000):
        pass
    assert [(report.root.name, report.cancelled) for report in reports] == [("new", False), ("third", False)]
    assert busy.workspace.root == tmp_path / "third"


def test_the_analyst_can_stop_the_index_to_open_the_other_one_now(
    qtbot: QtBot, busy: MainWindow, session: FakeSession, tmp_path: Path
) -> None:
    session.indexed = True  # what "third" is
    busy.collections.open(tmp_path / "third")
    with qtbot.waitSignals([busy.indexing.finished, busy.collections.opened]):
        qtbot.mouseClick(busy.pane.notice.button, Qt.MouseButton.LeftButton)
    assert busy.workspace.root == tmp_path / "third"
    assert tmp_path / "new" in busy.settings.recent, "to go on another time"


def test_a_search_and_an_update_asked_meanwhile_stop_nothing(
    qtbot: QtBot, busy: MainWindow, root: Path, tmp_path: Path
) -> None:
    reports: list[IndexReport] = []
    busy.indexing.finished.connect(reports.append)
    busy.collections.open(root)
    busy.search.ask("tanks")
    busy.collections.update()
    qtbot.waitUntil(lambda: len(reports) == 2, timeout=10_000)
    assert [(report.root, report.cancelled) for report in reports] == [(tmp_path / "new", False), (root, False)]
    qtbot.waitUntil(lambda: busy.runner.running == 0)
    assert busy.workspace.root == root
