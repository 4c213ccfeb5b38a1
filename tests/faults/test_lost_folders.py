"""Folders that cannot be listed, drives that go away while they are indexed: told, kept, taken up again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from faami_core.cli import main
from faami_core.errors import CollectionError
from faami_core.indexing import decode_worker, indexer, places
from faami_core.session import Session
from faami_core.types import IndexReport
from tests.faults.index_tools import paint_many
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults


@pytest.fixture
def images(tmp_path: Path) -> Path:
    paint_many(tmp_path / "drive" / "images", range(40))
    return tmp_path / "drive" / "images"


def run(*arguments: object, encoder: StubEncoder | None = None) -> int:
    return main(
        ["index", *map(str, arguments)], session_factory=lambda **_options: Session(encoder=encoder or StubEncoder())
    )


def adds_up(report: IndexReport, session: Session) -> bool:
    indexed = session.open_collection(report.root).images
    return indexed + len(report.unreadable) + report.offline + report.waiting == report.seen


class Interrupting(StubEncoder):
    """Calls ``event`` once when it has encoded so many batches."""

    def __init__(self, batches: int, event) -> None:
        super().__init__()
        self.left, self.event = batches, event

    def encode_images(self, images):
        self.left -= 1
        if self.left == 0:
            self.event()
        return super().encode_images(images)


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path, number: int) -> None:
    """Lets the system refuse to list a folder, as it does to users without rights and on broken drives."""
    scandir = os.scandir

    def answer(path):
        if os.fsdecode(path).rstrip("/") == str(folder):
            raise OSError(number, os.strerror(number))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", answer)


# --- while indexing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["images", "drive"])
def test_a_folder_that_goes_away_while_it_is_indexed_is_offline_and_the_next_run_goes_on(
    images, tmp_path, monkeypatch, capsys, what
):
    place = images if what == "images" else images.parent
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    encoder = Interrupting(3, lambda: place.rename(tmp_path / "away"))

    code = run(images, encoder=encoder)
    told = capsys.readouterr()
    assert code == 1
    assert "0 unreadable, 40 offline" in told.out
    assert f"folder not read: {images}: " in told.out
    assert "not all folders could be read" in told.err
    done = encoder.images_encoded

    (tmp_path / "away").rename(place)
    rest = StubEncoder()
    assert run(images, encoder=rest) == 0
    assert "40 indexed, 0 unreadable, 0 offline" in capsys.readouterr().out
    assert rest.images_encoded == 40 - done


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_drive_that_answers_with_errors_is_away_not_its_files_broken(images, monkeypatch, number):
    session = Session(encoder=StubEncoder())

    def fail(_path):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        apply_scan = indexer.Catalog.apply_scan

        def pull_out_after_the_scan(*arguments):
            apply_scan(*arguments)
            broken.setattr(decode_worker, "open_regular", fail)
            refuse(broken, images, number)

        broken.setattr(indexer.Catalog, "apply_scan", pull_out_after_the_scan)
        report = session.index(images)
    assert (report.unreadable, report.offline) == ((), 40)
    assert [folder.path for folder in report.scan.unlisted] == [images]
    assert adds_up(report, session)

    assert session.index(images).embedded == 40


def unplug_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next three files cannot be read, and their place is found away once."""
    open_regular, failures, answers = decode_worker.open_regular, [errno.EIO] * 3, [False]

    def fail_three_times(path):
        if failures:
            number = failures.pop()
            raise OSError(number, os.strerror(number))
        return open_regular(path)

    monkeypatch.setattr(decode_worker, "open_regular", fail_three_times)
    monkeypatch.setattr(places, "_is_there", lambda *_place: not answers or answers.pop())


def test_a_drive_that_was_away_for_a_moment_is_gone_on_with_in_the_same_run(images, monkeypatch):
    unplug_for_a_moment(monkeypatch)
    report = Session(encoder=StubEncoder()).index(images)

    assert (report.embedded, report.waiting, report.offline, report.unreadable) == (40, 0, 0, ())


def cut_a_shard(data: Path) -> None:
    """Damages the stored features of 8 images."""
    shard = min(data.rglob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:1000])


def test_what_was_damaged_is_repaired_once_although_the_drive_was_away_for_a_moment(
    images, own_data_dir, monkeypatch
):
    Session(encoder=StubEncoder()).index(images)
    cut_a_shard(own_data_dir)
    unplug_for_a_moment(monkeypatch)
    report = Session(encoder=StubEncoder()).index(images)

    assert (report.embedded, report.repaired) == (8, 8)


def test_what_is_damaged_on_a_drive_that_goes_away_is_not_repaired_before_it_is_back(
    images, tmp_path, own_data_dir, monkeypatch
):
    Session(encoder=StubEncoder()).index(images)
    for shard in own_data_dir.rglob("*.safetensors"):  # more images than are decoded ahead
        shard.write_bytes(shard.read_bytes()[:-1])
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 2)
    first = Session(encoder=Interrupting(1, lambda: images.rename(tmp_path / "away"))).index(images)
    (tmp_path / "away").rename(images)
    second = Session(encoder=StubEncoder()).index(images)

    assert first.offline == 40
    assert (first.repaired, second.repaired) == (first.embedded, 40 - first.embedded)
    assert first.embedded < 40


def test_one_folder_of_two_that_goes_away_leaves_the_other_complete(images, tmp_path, monkeypatch):
    paint_many(tmp_path / "more", range(100, 120))
    monkeypatch.setattr(indexer, "CPU_BATCH_SIZE", 4)
    session = Session(encoder=Interrupting(3, lambda: images.rename(tmp_path / "away")))
    session.change_collection(images, add=[tmp_path / "more"])

    report = session.index(images)

    assert (report.seen, report.offline, report.unreadable) == (60, 40, ())
    assert session.open_collection(images).images == 20


def test_a_single_file_that_goes_away_is_no_drive_that_goes_away(images):
    session = Session(encoder=Interrupting(1, (images / "0039.png").unlink))

    report = session.index(images)

    assert (report.offline, report.scan.unlisted) == (0, ())
    assert adds_up(report, session)
    assert session.index(images).unreadable == ()


# --- what cannot be listed ------------------------------------------------------------------------------------


def test_a_folder_that_may_not_be_listed_is_named_with_its_reason_by_every_door(images, monkeypatch, capsys):
    paint_many(images / "locked", range(100, 103))
    refuse(monkeypatch, images / "locked", errno.EACCES)

    assert run(images) == 1
    told = capsys.readouterr().out
    assert "40 images seen" in told
    assert f"folder not read: {images / 'locked'}: Permission denied." in told
    main(["info", "--collection", str(images)], session_factory=lambda **_options: Session(encoder=StubEncoder()))
    assert f"folder not read: {images / 'locked'}: Permission denied." in capsys.readouterr().out


def test_what_was_known_below_a_folder_that_can_no_longer_be_listed_is_offline_and_comes_back(images, monkeypatch):
    paint_many(images / "locked", range(100, 103))
    session = Session(encoder=StubEncoder())
    session.index(images)
    with monkeypatch.context() as locked:
        refuse(locked, images / "locked", errno.EIO)
        report = session.index(images)
    assert (report.seen, report.offline, report.removed) == (43, 3, 0)
    assert [(folder.path, folder.reason) for folder in report.scan.unlisted] == [
        (images / "locked", "Input/output error.")
    ]
    assert adds_up(report, session)

    report = session.index(images)
    assert (report.offline, report.embedded, report.scan.unlisted) == (0, 0, ())


def test_a_path_too_long_for_the_system_is_named(images, capsys):
    folder = os.open(images, os.O_RDONLY)
    for _ in range(20):  # each name may have 255 bytes, a path 4,096
        os.mkdir("d" * 250, dir_fd=folder)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)

    assert run(images) == 1
    told = capsys.readouterr().out
    assert "40 indexed, 0 unreadable, 0 offline" in told
    assert "File name too long." in told


def test_a_folder_that_cannot_be_read_is_not_indexed_as_an_empty_one(images, monkeypatch, tmp_path, capsys):
    with monkeypatch.context() as locked:
        refuse(locked, images, errno.EACCES)
        assert run(images) == 1
    told = capsys.readouterr().err
    assert f"The folder {str(images)!r} cannot be read: Permission denied." in told
    with pytest.raises(CollectionError, match="does not exist"):
        Session(encoder=StubEncoder()).index(tmp_path / "nowhere")
    assert not list((tmp_path / "faami-data").glob("collections/*"))


def test_a_root_that_cannot_be_listed_any_more_keeps_its_entries_and_says_why(images, monkeypatch):
    session = Session(encoder=StubEncoder())
    session.index(images)
    refuse(monkeypatch, images, errno.EACCES)

    report = session.index(images)

    assert (report.seen, report.offline, report.removed) == (40, 40, 0)
    assert [(folder.path, folder.reason) for folder in report.scan.unlisted] == [(images, "Permission denied.")]


def test_a_link_that_leads_nowhere_is_told_only_if_images_are_known_behind_it(images, tmp_path):
    paint_many(tmp_path / "usb", range(100, 103))
    (images / "usb").symlink_to(tmp_path / "usb")
    (images / "latest").symlink_to(tmp_path / "never was")
    session = Session(encoder=StubEncoder())
    assert session.index(images).scan.unlisted == ()
    (tmp_path / "usb").rename(tmp_path / "unplugged")

    report = session.index(images)

    assert [(folder.path, folder.reason) for folder in report.scan.unlisted] == [
        (images / "usb", "The link leads nowhere.")
    ]
    assert report.offline == 3
