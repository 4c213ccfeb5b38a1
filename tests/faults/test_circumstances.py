"""What goes wrong around a file is not the file's fault: it is tried again by the next run, unasked."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from faami_core.errors import CollectionError
from faami_core.indexing import decode_pool, decode_worker
from faami_core.indexing.decode_pool import DecodePool
from faami_core.indexing.records import DecodedFile, FailedFile, PendingFile
from tests.faults.index_tools import index, paint_many, stored

pytestmark = pytest.mark.faults
SIDE = 32


@pytest.fixture
def images(tmp_path: Path) -> Path:
    paint_many(tmp_path / "images", range(4))
    for path in (tmp_path / "images").iterdir():
        os.utime(path, ns=(10**18, 10**18))  # long enough ago to be known by their times
    return tmp_path / "images"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_a_file_that_may_not_be_read_now_is_tried_again_by_the_next_run(images, tmp_path, monkeypatch, number):
    open_regular = decode_worker.open_regular

    def refuse(path):
        if path.name == "0002.png":
            raise OSError(number, os.strerror(number))
        return open_regular(path)

    with monkeypatch.context() as refusing:
        refusing.setattr(decode_worker, "open_regular", refuse)
        for _ in range(2):  # and it is told every time
            report = index(tmp_path / "index", images)
            assert [image.path.name for image in report.unreadable] == ["0002.png"]
            assert os.strerror(number) in report.unreadable[0].reason
            assert "next index run tries it again" in report.unreadable[0].reason

    report = index(tmp_path / "index", images)
    assert (report.unreadable, report.embedded, report.unchanged) == ((), 1, 4)
    assert len(stored(tmp_path / "index")) == 4


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EIO, "Input/output error")])
def test_want_of_memory_and_a_disk_that_fails_in_the_midst_of_decoding_are_tried_again(
    images, tmp_path, monkeypatch, error
):
    def fail(_image):
        raise error

    with monkeypatch.context() as failing:
        failing.setattr(ImageFile.ImageFile, "load", fail)
        assert len(index(tmp_path / "index", images).unreadable) == 4

    assert index(tmp_path / "index", images).unreadable == ()


def test_a_file_whose_bytes_are_broken_is_not_read_again_and_again(images, tmp_path, monkeypatch):
    (images / "broken.png").write_bytes((images / "0000.png").read_bytes()[:60])
    assert len(index(tmp_path / "index", images).unreadable) == 1
    asked = []
    monkeypatch.setattr(DecodePool, "submit", lambda _pool, file: asked.append(file))

    report = index(tmp_path / "index", images)

    assert asked == []
    assert [image.path.name for image in report.unreadable] == ["broken.png"]
    assert "tries it again" not in report.unreadable[0].reason


def test_a_file_that_was_read_before_and_cannot_be_now_is_the_same_file_afterwards(images, tmp_path, monkeypatch):
    index(tmp_path / "index", images)
    Image.new("RGB", (9, 9), "red").save(images / "0001.png")

    def refuse(_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as refusing:
        refusing.setattr(decode_worker, "open_regular", refuse)
        report = index(tmp_path / "index", images)
    assert (report.seen, [image.path.name for image in report.unreadable]) == (4, ["0001.png"])

    report = index(tmp_path / "index", images)
    assert (report.added, report.removed, report.embedded, report.unreadable) == (0, 0, 1, ())


# --- decoder processes ----------------------------------------------------------------------------------------


@pytest.fixture
def evil(decoder_processes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One decoder, which does what the name of a file says; a file may take a second of computing."""
    monkeypatch.setattr(decode_pool, "WORKER_MODULE", "tests.faults.evil_worker")
    monkeypatch.setattr(decode_pool, "FILE_SECONDS", 1.0)
    monkeypatch.setattr(decode_pool, "WORKERS", 1)


def file_named(folder: Path, name: str) -> PendingFile:
    Image.new("RGB", (48, 32), "red").save(folder / name)
    return PendingFile(0, os.fsencode(folder / name))


def watch_starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the decoder processes, growing."""
    numbers: list[int] = []
    start = decode_pool.start_process

    def noting(command):
        process = start(command)
        numbers.append(process.pid)
        return process

    monkeypatch.setattr(decode_pool, "start_process", noting)
    return numbers


@pytest.mark.usefixtures("evil")
def test_a_decoder_that_computes_without_end_is_ended_by_its_own_time(tmp_path, monkeypatch):
    started = watch_starts(monkeypatch)
    with DecodePool(SIDE) as pool:
        result = pool.submit(file_named(tmp_path, "compute.png")).result()

    assert isinstance(result, FailedFile)
    assert "took longer than 1 s to decode" in result.reason
    assert result.content is None
    assert len(started) == 2


@pytest.mark.usefixtures("evil")
@pytest.mark.parametrize("seconds", [1.5, 4.0])
def test_a_decoder_that_stands_still_with_the_machine_blames_no_file(tmp_path, monkeypatch, seconds):
    """Shorter and longer than a file may be waited for: computers sleep, virtual ones are put aside."""
    started = watch_starts(monkeypatch)
    with DecodePool(SIDE) as pool:
        pool.submit(file_named(tmp_path, "a.png")).result()
        os.kill(started[0], signal.SIGSTOP)
        waking = threading.Timer(seconds, os.kill, (started[0], signal.SIGCONT))
        waking.start()
        result = pool.submit(file_named(tmp_path, "b.png")).result()
        waking.join()

    assert isinstance(result, DecodedFile)


@pytest.mark.usefixtures("evil")
def test_a_file_gets_a_second_chance_in_a_fresh_process(tmp_path, monkeypatch):
    monkeypatch.setenv("EVIL_FOLDER", str(tmp_path))
    started = watch_starts(monkeypatch)
    file = file_named(tmp_path, "once.png")
    with DecodePool(SIDE) as pool:
        assert isinstance(pool.submit(file).result(), DecodedFile)

    assert len(started) == 2


@pytest.mark.usefixtures("decoder_processes")
@pytest.mark.parametrize("kills", [1, 2])
def test_a_decoder_killed_while_it_starts_is_started_again(tmp_path, monkeypatch, kills):
    monkeypatch.setattr(decode_pool, "WORKERS", 1)
    started, start = [], decode_pool.start_process

    def start_and_kill(command):
        process = start(command)
        started.append(process.pid)
        if len(started) <= kills:
            process.kill()
        return process

    monkeypatch.setattr(decode_pool, "start_process", start_and_kill)
    with DecodePool(SIDE) as pool:
        assert isinstance(pool.submit(file_named(tmp_path, "a.png")).result(), DecodedFile)

    assert len(started) == kills + 1


@pytest.mark.usefixtures("decoder_processes")
def test_a_decoder_that_can_never_start_is_told_after_three_attempts(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_pool, "WORKERS", 1)
    attempts = []

    def refuse(_command):
        attempts.append(time.monotonic())
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(decode_pool, "start_process", refuse)
    with DecodePool(SIDE) as pool, pytest.raises(CollectionError, match="temporarily unavailable"):
        pool.submit(file_named(tmp_path, "a.png")).result()

    assert len(attempts) == 3
