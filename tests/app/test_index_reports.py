"""What the window says of an index run: how much was done, what could not be read and why, what was passed over."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.controllers.index_notice import notice_of
from app.main_window import MainWindow
from faami_core.errors import CollectionError
from faami_core.indexing import indexer
from faami_core.session import Session
from faami_core.types import ByteArray, ImageFeatures, IndexReport, Query, ScanSummary, UnreadableImage
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.faults.index_tools import paint_many
from tests.stub_encoder import StubEncoder

ROOT = Path("/photos")
RUN = IndexReport(ROOT, 1400, 1400, 0, 0, 0, 0, (), False, 9.0, embedded=1400)
LOCKED = UnreadableImage(ROOT / "locked", "Permission denied.")
AWAY = UnreadableImage(ROOT, "It does not exist, or its drive is not connected.")
BROKEN = UnreadableImage(ROOT / "x.png", "'x.png' is cut off.")


@pytest.mark.parametrize(
    ("changes", "message", "next_step"),
    [
        (
            {"cancelled": True, "embedded": 120, "waiting": 1280},
            "Indexing was cancelled; 120 images were indexed.",
            "1,280 images left: go on whenever you like, nothing is read twice.",
        ),
        ({"cancelled": True, "embedded": 1, "waiting": 0}, "Indexing was cancelled; 1 image was indexed.", ""),
        (
            {"scan": ScanSummary(unlisted=(LOCKED,))},
            "The folder “locked” could not be read: Permission denied.",
            "Connect its drive or allow reading, then update the collection.",
        ),
        (
            {"scan": ScanSummary(unlisted=(AWAY,)), "offline": 1400},
            "The folder “photos” could not be read: It does not exist, or its drive is not connected.",
            "Connect its drive or allow reading, then update the collection. 1,400 images are offline until then.",
        ),
        (
            {"scan": ScanSummary(unlisted=(LOCKED, AWAY)), "unreadable": (BROKEN,), "offline": 1},
            "1 file and 2 folders could not be read.",
            "The side panel lists them with the reason. 1 image is offline until then.",
        ),
        ({"waiting": 3}, "3 images left to index.", ""),
        ({"unreadable": (BROKEN,)}, "1 file could not be read.", "The side panel lists them with the reason."),
        ({}, "The collection is up to date.", "1,400 added or changed, 0 removed."),
    ],
)
def test_a_run_is_told_by_what_it_did(changes: dict, message: str, next_step: str) -> None:
    notice = notice_of(replace(RUN, **changes), ROOT)
    assert notice is not None
    assert (notice.message, notice.next_step) == (message, next_step)


def test_a_run_over_a_folder_that_is_opened_next_needs_no_word_if_all_went_well() -> None:
    assert notice_of(RUN, None) is None
    assert notice_of(replace(RUN, unreadable=(BROKEN,)), None) is not None


def test_the_rail_names_folders_that_could_not_be_read_and_what_was_passed_over(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path
) -> None:
    session.scan = ScanSummary(
        unlisted=(UnreadableImage(root / "locked", "Permission denied."),),
        skipped=(root / "@eaDir", root / "#recycle"),
        other_kinds=((".dng", 10), ("", 1)),
    )
    window = make_window()
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(root)

    assert window.rail.facts == {
        "Images": "24",
        "Unreadable": "1",
        "Skipped": "2 folders",
        "Other files": "11",
        "Indexed": window.rail.facts["Indexed"],
    }
    assert window.rail.unreadable.item(0).text() == "locked\nPermission denied."
    skipped, other = (window.rail._figures[name][1].toolTip() for name in ("Skipped", "Other files"))
    assert str(root / "@eaDir") in skipped
    assert other == "Of kinds that are not read:\n10 .dng\n1 without a suffix"


def test_system_folders_are_included_by_a_switch_of_the_collection(
    qtbot: QtBot, window: MainWindow, session: FakeSession
) -> None:
    action = window.actions_by_name["system_folders"]
    assert not action.isChecked()
    with qtbot.waitSignal(window.collections.opened):
        action.trigger()
    assert session.scan.takes_system_folders
    assert action.isChecked()

    session.index_seconds = 1.0
    window.collections.update()
    action.trigger()  # while a run is on, it stays as it is
    assert action.isChecked()
    with qtbot.waitSignal(window.collections.opened):
        pass
    assert action.isChecked()


# --- the real session -----------------------------------------------------------------------------------------


@pytest.fixture
def images(tmp_path: Path) -> Path:
    paint_many(tmp_path / "photos", range(24))
    return tmp_path / "photos"


@pytest.fixture
def own(tmp_path: Path) -> Session:
    return Session(encoder=StubEncoder(), data_dir=tmp_path / "data")


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    scandir = os.scandir

    def answer(path: str | bytes | Path) -> object:
        if os.fsdecode(path).rstrip("/") == str(folder):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", answer)


def opened(qtbot: QtBot, window: MainWindow, root: Path) -> MainWindow:
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.open(root)
    return window


def test_a_cancelled_run_counts_what_was_embedded_and_so_does_the_next(
    qtbot: QtBot, make_window: MakeWindow, own: Session, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    window = make_window(own)
    encoder, said = own._encoder, []
    assert isinstance(encoder, StubEncoder)
    encode, reached, goes_on = encoder.encode_images, threading.Event(), threading.Event()

    def encode_and_wait(pixels: ByteArray) -> ImageFeatures:
        features = encode(pixels)
        if encoder.images_encoded in {8, 12}:
            reached.set()
            assert goes_on.wait(20)
        return features

    monkeypatch.setattr(encoder, "encode_images", encode_and_wait)
    window.pane.notice.shown.connect(lambda _kind, text: said.append(text))
    for begin in (lambda: window.collections.open(images), window.collections.update):
        reached.clear()
        goes_on.clear()
        begin()
        qtbot.waitUntil(reached.is_set, timeout=20_000)
        with qtbot.waitSignal(window.collections.opened, timeout=20_000):
            window.indexing.cancel()
            goes_on.set()
    assert [text for text in said if "cancelled" in text] == [
        "Indexing was cancelled; 8 images were indexed. "
        "16 images left: go on whenever you like, nothing is read twice.",
        "Indexing was cancelled; 4 images were indexed. "
        "12 images left: go on whenever you like, nothing is read twice.",
    ]


def test_a_folder_without_permission_is_named_with_the_reason(
    qtbot: QtBot, make_window: MakeWindow, own: Session, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(own)
    refuse(monkeypatch, images)
    with qtbot.waitSignal(window.collections.failed):
        window.collections.open(images)
    assert window.pane.notice.message.text() == f"The folder {images} cannot be read: Permission denied."


def test_a_subfolder_without_permission_is_named_with_the_reason(
    qtbot: QtBot, make_window: MakeWindow, own: Session, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint_many(images / "locked", range(30, 33))
    refuse(monkeypatch, images / "locked")
    window = opened(qtbot, make_window(own), images)
    assert window.pane.notice.message.text() == "The folder “locked” could not be read: Permission denied."
    assert window.rail.unreadable.item(0).text() == "locked\nPermission denied."


def test_a_drive_that_is_away_at_an_update_is_named_and_a_search_says_so_too(
    qtbot: QtBot, make_window: MakeWindow, own: Session, images: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, make_window(own), images)
    images.rename(tmp_path / "away")
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.update()
    notice = window.pane.notice
    assert notice.message.text().startswith("The folder “photos” could not be read: It does not exist, or its drive")
    assert "24 images are offline" in notice.next_step.text()
    with pytest.raises(CollectionError, match=r"could not be read\. It does not exist") as told:
        own.search(images, Query.from_text("red"))
    assert "Index a folder" not in told.value.next_step

    (tmp_path / "away").rename(images)
    with qtbot.waitSignal(window.collections.opened, timeout=20_000):
        window.collections.update()
    assert notice.message.text() == "The collection is up to date."
    assert window.rail.facts["Images"] == "24"


def test_a_folder_of_other_kinds_alone_says_what_is_in_it(
    qtbot: QtBot, make_window: MakeWindow, own: Session, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "one.nef").write_bytes(b"")
    window = opened(qtbot, make_window(own), tmp_path / "raw")
    assert "It holds 1 file of other kinds: .nef." in window.pane.empty.sentence.text()
