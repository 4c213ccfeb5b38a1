"""Decoder processes: what a file does to its decoder costs only that file, and leaving takes every process along."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core.data.image_io import model_input
from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing import decode_pool
from faami_core.indexing.decode_pool import DecodePool, decoded_batches
from faami_core.indexing.decode_worker import READY
from faami_core.indexing.records import DecodedFile, FailedFile, PendingFile
from faami_core.types import CancelToken

pytestmark = pytest.mark.usefixtures("decoder_processes")
SIDE = 32


@pytest.fixture
def evil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders do what the name of the file says; a file may take a second."""
    monkeypatch.setattr(decode_pool, "WORKER_MODULE", "tests.faults.evil_worker")
    monkeypatch.setattr(decode_pool, "FILE_SECONDS", 1.0)


def files_named(folder: Path, *names: str) -> list[PendingFile]:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (48, 32), (number, 0, 0)).save(folder / name)
    return [PendingFile(number, os.fsencode(folder / name)) for number, name in enumerate(names)]


def decoded(files: list[PendingFile], batch_size: int = 4) -> list[DecodedFile | FailedFile]:
    with DecodePool(SIDE) as pool:
        return [result for batch in decoded_batches(pool, files, batch_size, None) for result in batch]


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.main_thread().native_id}/children").read_text().split()) | {
        child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()
    }


def test_pixels_come_back_as_the_model_wants_them_with_what_is_known_of_the_file(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    os.utime(tmp_path / "a.png", ns=(10**18, 10**18))  # long enough ago to be told from a later change
    status = (tmp_path / "a.png").stat()

    [file] = decoded([PendingFile(7, os.fsencode(tmp_path / "a.png"))])

    assert isinstance(file, DecodedFile)
    assert (file.file_id, file.width, file.height) == (7, 96, 64)
    assert (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert (file.pixels == model_input(pixels, SIDE)).all()


def test_results_come_in_the_order_of_the_files_whoever_is_faster(tmp_path):
    files = files_named(tmp_path, *(f"{number:02d}.png" for number in range(30)))
    Image.new("RGB", (3000, 3000)).save(tmp_path / "00.png")

    assert [result.file_id for result in decoded(files)] == list(range(30))


def test_a_missing_file_a_pipe_and_a_text_are_told_apart(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "text.png").write_text("text")
    names = ["missing.png", "pipe.png", "text.png"]

    results = decoded([PendingFile(number, os.fsencode(tmp_path / name)) for number, name in enumerate(names)])

    reasons = [result.reason for result in results if isinstance(result, FailedFile)]
    assert ["cannot be read" in reasons[0], "regular file" in reasons[1], "known format" in reasons[2]] == [True] * 3


def test_names_of_any_bytes_reach_the_decoder(tmp_path):
    (source,) = files_named(tmp_path, "plain.png")
    names = [b"new\nline.png", b"caf\xff.png", "飞机 ✈.png".encode(), b'"quoted\\".png', b"n" * 251 + b".png"]
    for name in names:
        shutil.copy(os.fsdecode(source.path), tmp_path / os.fsdecode(name))

    results = decoded([PendingFile(0, os.fsencode(tmp_path) + b"/" + name) for name in names])

    assert all(isinstance(result, DecodedFile) for result in results)


@pytest.mark.usefixtures("evil")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("abort", "made its decoder stop (SIGABRT)"),
        ("crash", "made its decoder stop (SIGSEGV)"),
        ("leave", "made its decoder stop (exit code 3)"),
        ("sleep", "took longer than 1 s to decode"),
        ("hang", "took longer than 1 s to decode"),
        ("grab", "more memory than there is"),
    ],
)
def test_a_file_that_harms_its_decoder_costs_only_itself(tmp_path, name, reason):
    files = files_named(tmp_path, "a.png", "b.png", f"{name}.png", "c.png", "d.png")

    results = decoded(files)

    assert [type(result) for result in results] == [DecodedFile, DecodedFile, FailedFile, DecodedFile, DecodedFile]
    assert isinstance(results[2], FailedFile)
    assert reason in results[2].reason
    assert results[2].reason.startswith(f"'{name}.png' ")


@pytest.mark.usefixtures("evil")
def test_what_a_decoder_prints_is_not_taken_for_an_answer(tmp_path):
    files = files_named(tmp_path, "chatter_1.png", "chatter_2.png", "a.png")

    assert all(isinstance(result, DecodedFile) for result in decoded(files))


def test_a_decoder_killed_while_it_waits_blames_no_file(tmp_path):
    first, second = files_named(tmp_path, "a.png", "b.png")

    with DecodePool(SIDE) as pool:
        assert isinstance(pool.submit(first).result(), DecodedFile)
        for child in children():
            os.kill(int(child), signal.SIGKILL)
        assert isinstance(pool.submit(second).result(), DecodedFile)


@pytest.mark.usefixtures("evil")
def test_a_file_is_blamed_only_by_a_fresh_decoder(tmp_path, monkeypatch):
    """A decoder spoiled by one file may die with the next; that one gets another chance."""
    monkeypatch.setattr(decode_pool, "WORKERS", 1)
    first, bad = files_named(tmp_path, "a.png", "abort.png")
    started = []
    start = decode_pool.start_process
    monkeypatch.setattr(decode_pool, "start_process", lambda command: started.append(1) or start(command))

    with DecodePool(SIDE) as pool:
        pool.submit(first).result()
        assert isinstance(pool.submit(bad).result(), FailedFile)

    assert len(started) == 2


@pytest.mark.usefixtures("evil")
def test_cancelling_takes_less_than_a_second_while_decoders_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_pool, "FILE_SECONDS", 100.0)
    files = files_named(tmp_path, *(f"sleep_{number}.png" for number in range(6)))
    cancel = CancelToken()
    cancelled_at: list[float] = []

    def press() -> None:
        cancelled_at.append(time.monotonic())
        cancel.cancel()

    timer = threading.Timer(1.0, press)
    timer.start()
    with pytest.raises(CancelledError), DecodePool(SIDE) as pool:
        list(decoded_batches(pool, files, 4, cancel))

    assert time.monotonic() - cancelled_at[0] < 1
    assert children() == set()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
    timer.join()


def test_a_decoder_that_cannot_start_stops_the_run_instead_of_listing_every_file(tmp_path, monkeypatch):
    monkeypatch.setattr(decode_pool, "WORKER_MODULE", "faami_core.no_such_module")

    with pytest.raises(CollectionError, match="cannot be started: exit code 1") as told:
        decoded(files_named(tmp_path, "a.png", "b.png"))

    assert told.value.next_step


def test_a_decoder_is_ready_in_well_under_a_second_and_without_torch():
    code = (
        "import runpy, sys, time; sys.argv = ['worker', '32', '5', str(4 << 30)]; started = time.process_time();"
        "runpy.run_module('faami_core.indexing.decode_worker', run_name='__main__');"
        "heavy = {'torch', 'transformers', 'sqlite3', 'PySide6'} & set(sys.modules);"
        "print(time.process_time() - started, sorted(heavy), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=True)

    seconds, heavy = done.stderr.decode().split(maxsplit=1)
    assert done.stdout == READY
    assert float(seconds) < 0.8
    assert heavy.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are told by Linux alone")
def test_a_decoder_may_use_only_so_much_memory(tmp_path):
    (file,) = files_named(tmp_path, "a.png")

    with DecodePool(SIDE) as pool:
        pool.submit(file).result()
        (child,) = children()
        limits = Path(f"/proc/{child}/limits").read_text().splitlines()

    (space,) = [line for line in limits if line.startswith("Max address space")]
    assert 1 << 30 < int(space.split()[3]) < 4 << 30


def test_the_working_folder_of_a_stranger_is_not_imported_from(tmp_path, monkeypatch):
    files = files_named(tmp_path, "a.png")
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from the working folder')")
    monkeypatch.chdir(tmp_path)

    assert isinstance(decoded(files)[0], DecodedFile)
