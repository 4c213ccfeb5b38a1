"""The window on the real engine with a stub model: what is indexed, found, lit and written fits together."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.result_list_model import Role
from app.models.thumbs import Thumb
from faami_core.cli import main
from faami_core.queries import Annotation, Mark, Query
from faami_core.search.csv_reading import read_csv
from faami_core.session import Session
from tests.app.conftest import MakeWindow
from tests.app.test_window_search import ask, drop_on, press_enter
from tests.stub_encoder import StubEncoder


@pytest.fixture
def window(make_window: MakeWindow, qtbot: QtBot, own_data_dir: Path, image_folder: Path) -> MainWindow:
    (image_folder / "cut.png").write_bytes((image_folder / "red.png").read_bytes()[:40])
    window = make_window(Session(encoder=StubEncoder(), data_dir=own_data_dir))
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(image_folder)
    return window


def test_a_folder_is_indexed_and_its_bad_file_listed(window: MainWindow) -> None:
    assert window.model.rowCount() == 12
    assert window.rail.unreadable.count() == 1
    assert window.rail.unreadable.item(0).text().startswith("cut.png")


@pytest.mark.parametrize(
    ("name", "quadrant"), [("corner_top_left", (0, 0)), ("corner_top_right", (0, 1)), ("corner_bottom_left", (1, 0))]
)
def test_the_heatmap_lies_on_the_thing(
    qtbot: QtBot, window: MainWindow, name: str, quadrant: tuple[int, int]
) -> None:
    ask(qtbot, window, "red")
    row = next(row for row, hit in enumerate(window.model.items) if hit.path.stem == name)
    window.grid.choose(row)
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    window.view.select_word(0)
    overlay = window.inspector.image.overlay_pixels
    assert overlay is not None
    height, width = overlay.shape[:2]
    assert (height, width) == (256, 384), "the map has the shape of the image, 32 by 48"
    tints = overlay[..., 3].reshape(2, height // 2, 2, width // 2).mean(axis=(1, 3))
    assert np.unravel_index(int(tints.argmax()), tints.shape) == quadrant
    assert tints[quadrant] > 2 * np.median(tints)


def test_the_export_reads_back_to_what_is_on_screen(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    ask(qtbot, window, "red blue")
    with qtbot.waitSignal(window.export.written):
        window.export.export(tmp_path / "out.csv")
    hits = read_csv(tmp_path / "out.csv")
    assert [hit.path for hit in hits] == [window.model.path(row) for row in range(window.model.rowCount())]
    assert [hit.rank for hit in hits] == list(range(12))


def test_a_file_added_later_is_found_after_an_update(qtbot: QtBot, window: MainWindow, image_folder: Path) -> None:
    (image_folder / "another.png").write_bytes((image_folder / "green.png").read_bytes())
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.update()
    ask(qtbot, window, "green")
    assert {window.model.path(0).name, window.model.path(1).name} == {"green.png", "another.png"}


def test_an_image_query_finds_itself(qtbot: QtBot, window: MainWindow, image_folder: Path) -> None:
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.ask_image(image_folder / "yellow.png")
    assert window.model.path(0).name == "yellow.png"
    assert window.pane.query.words.words == ("yellow.png",)


def test_a_renamed_folder_opens_with_its_marks_and_is_told(
    qtbot: QtBot, window: MainWindow, image_folder: Path
) -> None:
    window.grid.choose(3)
    window.triage.accept()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    new = image_folder.rename(image_folder.with_name("renamed"))
    encoder = window.workspace.session._encoder
    assert isinstance(encoder, StubEncoder)
    embedded = encoder.images_encoded
    with qtbot.waitSignal(window.triage.loaded, timeout=20_000):
        window.collections.open(new)
    assert window.pane.notice.message.text() == f"“renamed” is the folder that was “{image_folder.name}”."
    assert window.model.index(3).data(Role.NOTE).mark is Mark.ACCEPTED
    assert window.workspace.settings.recent == (new,)
    assert encoder.images_encoded == embedded


def test_marks_lie_in_the_catalog_and_do_not_wait_for_other_work(
    qtbot: QtBot, window: MainWindow, image_folder: Path, own_data_dir: Path
) -> None:
    session = window.workspace.session
    qtbot.waitUntil(lambda: window.runner.running == 0)
    session._lane.acquire()  # as an index run does for minutes; disk and decode lanes go on
    window.grid.choose(3)
    image = window.model.items[3].image_id
    window.triage.accept()
    window.grid.choose(3)
    window.triage.toggle_tag("  check   on site ")
    qtbot.waitUntil(lambda: window.runner.running == 0)
    session._lane.release()
    stored = Session(encoder=StubEncoder(), data_dir=own_data_dir).annotations(image_folder)
    assert stored == {image: Annotation(Mark.ACCEPTED, ("check on site",))}


COLOUR_NAMES = ("red", "blue", "green", "yellow", "white", "black")


def generated_line(chance: random.Random, folder: Path) -> str:
    """A composed query as it could be typed, with weights, signs, a muted term, images and regions."""
    names = sorted(path for path in folder.glob("[!c]*.png"))
    line = ""
    for place in range(chance.randint(1, 4)):
        what = chance.random()
        term = " ".join(chance.sample(COLOUR_NAMES, chance.randint(1, 2)))
        if what < 0.4:
            term = str(chance.choice(names)) + ("[4,4,30,20]" if what < 0.15 else "")
        sign = "" if not place else chance.choice((" + ", " - "))
        line += sign + chance.choice(("", "2:", "0.5:", "0:" if place else "")) + term
    return line


def test_window_command_line_and_session_rank_alike(
    qtbot: QtBot, window: MainWindow, image_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, session = random.Random(7), window.workspace.session
    for _ in range(50):
        line = generated_line(chance, image_folder)
        window.pane.query.show_query(line)
        press_enter(qtbot, window)
        shown = [(str(hit.path), hit.score) for hit in window.model.items]
        asked = session.search(image_folder, session.parse_query(line))
        assert shown == [(str(hit.path), hit.score) for hit in asked.hits], line
        capsys.readouterr()
        line_of_command = ["search", "--collection", str(image_folder), "--json", line]
        assert main(line_of_command, session_factory=lambda **_: session) == 0
        told = json.loads(capsys.readouterr().out)["hits"]
        assert shown == [(hit["path"], hit["score"]) for hit in told], line
        if window.pane.query.terms.terms:
            assert session.format_query(Query(window.pane.query.terms.terms)) == line


def shown_rows(window: MainWindow) -> list[tuple[Path, float]]:
    return [(hit.path, pytest.approx(hit.score, abs=1e-5)) for hit in window.model.items]


def test_an_exported_file_is_opened_from_another_collection_to_the_same_results(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    ask(qtbot, window, "red + blue")
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClicks(window.filter_panel.fields["name"], "e")
    everything = window.model.rowCount()
    window.pane.histogram.keep(3)
    exported = shown_rows(window)
    assert len(exported) < everything
    with qtbot.waitSignal(window.export.written):
        window.export.export(tmp_path / "out.csv")
    other = tmp_path / "other"
    other.mkdir()
    (other / "red.png").write_bytes(exported[0][0].read_bytes())
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(other)

    assert drop_on(window, tmp_path / "out.csv")
    qtbot.waitUntil(lambda: window.pane.filters.texts == ("Name has “e”",))

    assert shown_rows(window) == exported
    assert window.workspace.root == exported[0][0].parent
    assert window.pane.query.line == "red + blue"
    window.view.select_word(0)
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    assert window.inspector.image.overlay_pixels is not None, "where the words matched is there, too"
    with qtbot.waitSignal(window.search.shown):
        qtbot.keyClick(window.pane.query.text, Qt.Key.Key_Return)
    assert window.model.rowCount() == everything, "asked again, all that pass the filter are there"


@pytest.fixture
def noted_file(qtbot: QtBot, window: MainWindow, image_folder: Path, tmp_path: Path) -> Path:
    """A results file with marks and tags that the collection does not hold (any more)."""
    session = window.workspace.session
    ask(qtbot, window, "red")
    keys = [window.model.key(row)[1] for row in range(3)]
    notes = [Annotation(Mark.ACCEPTED, ("harbour",)), Annotation(Mark.REJECTED), Annotation(tags=("ship",))]
    session.annotate(image_folder, dict(zip(keys, notes, strict=True)))
    session.export_csv(window.workspace.result, tmp_path / "out.csv")
    session.annotate(image_folder, dict.fromkeys(keys, Annotation()) | {keys[1]: Annotation(Mark.ACCEPTED)})
    with qtbot.waitSignal(window.triage.loaded):
        window.triage.take_collections()
    with qtbot.waitSignal(window.search.shown):
        window.reopen.open(tmp_path / "out.csv")
    return tmp_path / "out.csv"


def notes_shown(window: MainWindow) -> list[Annotation]:
    return [window.model.index(row).data(Role.NOTE) for row in range(3)]


IN_ALL = [Annotation(Mark.ACCEPTED, ("harbour",)), Annotation(Mark.ACCEPTED), Annotation(tags=("ship",))]


def test_marks_and_tags_of_a_results_file_are_shown_and_taken_over_on_request(
    qtbot: QtBot, window: MainWindow, image_folder: Path, noted_file: Path
) -> None:
    session, (first, second, third) = window.workspace.session, (window.model.key(row)[1] for row in range(3))
    assert notes_shown(window) == IN_ALL, "a mark that is here stays"
    assert session.annotations(image_folder) == {second: Annotation(Mark.ACCEPTED)}
    notice = window.pane.notice
    assert notice.message.text() == "out.csv has marks or tags of 2 images that this collection does not hold."
    assert notice.button.text() == "Take them over"
    qtbot.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert "out.csv" not in notice.message.text(), "the notice before it is back"
    assert notes_shown(window) == IN_ALL
    assert session.annotations(image_folder) == dict(zip((first, second, third), IN_ALL, strict=True))
    window.triage.stack.undo()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert session.annotations(image_folder) == {second: Annotation(Mark.ACCEPTED)}
    assert notes_shown(window) == [Annotation(), Annotation(Mark.ACCEPTED), Annotation()]


def test_marks_of_a_results_file_go_out_again_and_leave_with_its_results(
    qtbot: QtBot, window: MainWindow, image_folder: Path, noted_file: Path
) -> None:
    again = noted_file.with_name("again.csv")
    with qtbot.waitSignal(window.export.written):
        window.export.export(again)
    assert [hit.annotation for hit in read_csv(again)[:3]] == IN_ALL
    ask(qtbot, window, "red")
    assert notes_shown(window) == [Annotation(), Annotation(Mark.ACCEPTED), Annotation()]
    assert "marks or tags" not in window.pane.notice.message.text()


def test_marking_an_image_of_a_results_file_stores_what_is_seen(
    qtbot: QtBot, window: MainWindow, image_folder: Path, noted_file: Path
) -> None:
    key = window.model.key(0)[1]
    window.grid.choose(0)
    window.triage.accept()  # as the file has it: now it is her own mark
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert window.workspace.session.annotations(image_folder)[key] == IN_ALL[0]
    window.grid.choose(0)
    window.triage.unmark()
    qtbot.waitUntil(lambda: window.runner.running == 0)
    assert window.model.index(0).data(Role.NOTE) == Annotation(tags=("harbour",))


def test_a_results_file_with_rows_sorted_and_removed_tells_its_own_ranks(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    ask(qtbot, window, "red")
    names = [window.model.path(row).name for row in range(12)]
    with qtbot.waitSignal(window.export.written):
        window.export.export(tmp_path / "out.csv")
    header, *rows = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    (tmp_path / "out.csv").write_text("\n".join([header, rows[7], rows[0], rows[3]]), "utf-8")
    with qtbot.waitSignal(window.search.shown):
        window.reopen.open(tmp_path / "out.csv")
    assert [window.model.index(row).data(Role.RANK) for row in range(3)] == [8, 1, 4]
    assert [window.model.path(row).name for row in range(3)] == [names[7], names[0], names[3]]
    for row in range(3):
        window.grid.choose(row)
        qtbot.waitUntil(lambda: window.evidence.is_settled)
        assert f"Rank {(8, 1, 4)[row]} " in window.inspector.score.text()


def test_results_moved_by_thumbs_come_back_with_them_and_can_be_reset(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    ask(qtbot, window, "red")
    as_asked = shown_rows(window)
    window.feedback.give_to_row(4, Thumb.UP)
    with qtbot.waitSignal(window.search.shown):
        window.feedback.rerank()
    moved, thumbs = shown_rows(window), window.feedback.thumbs
    with qtbot.waitSignal(window.export.written):
        window.export.export(tmp_path / "out.csv")
    ask(qtbot, window, "blue")

    with qtbot.waitSignal(window.search.shown):
        window.reopen.open(tmp_path / "out.csv")
    assert shown_rows(window) == moved
    assert window.feedback.thumbs == window.feedback.applied == thumbs
    assert window.pane.feedback.isVisible()
    with qtbot.waitSignal(window.search.shown):
        window.feedback.reset()
    assert shown_rows(window) == as_asked


def test_a_csv_of_something_else_says_so_and_the_results_stay(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    ask(qtbot, window, "red")
    (tmp_path / "prices.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    window.reopen.open(tmp_path / "prices.csv")
    qtbot.waitUntil(lambda: "prices.csv" in window.pane.notice.message.text())
    assert window.model.rowCount() == 12
