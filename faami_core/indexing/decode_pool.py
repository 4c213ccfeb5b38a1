"""Decoder processes that may die: a file that aborts, hangs or grabs memory costs only itself.

Each process has a thread that talks to it; the order of results is that of the requests, whoever finishes first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from faami_core.data.limits import max_pixels
from faami_core.errors import CancelledError, CollectionError
from faami_core.indexing.decode_worker import READY, TRIED_AGAIN, WAITING_FACTOR, read_answer, write_request
from faami_core.indexing.records import DecodedFile, FailedFile, PendingFile
from faami_core.types import CancelToken

# Two keep a CPU model fed; a GPU takes what half of the processor's cores can decode.
WORKERS = max(2, min(8, (os.cpu_count() or 2) // 2))
FILE_SECONDS = 60.0  # of computing; a PNG of 20,000² pixels takes 8 s
DECODE_AHEAD = 4  # batches of decoded images waiting for the model
WORKER_MODULE = "faami_core.indexing.decode_worker"

BASE_MEMORY = 1 << 30  # address space of Python, NumPy and Pillow with their libraries, and room to breathe
_BYTES_PER_PIXEL = 5  # 3 or 4 of the decoded image and 1 of what is made of it
_ATTEMPTS = 2  # decoders that a file may end before it is blamed
_STARTS = 3  # of a decoder that is killed before it is ready; the system kills any process when memory is short
_TIME_IS_UP = () if sys.platform == "win32" else (-signal.SIGPROF,)  # how a decoder ends that computes for too long
_POLL_SECONDS = 0.1
_EXIT_SECONDS = 0.5  # between the end of a process's output and its own end

Decoded = DecodedFile | FailedFile


class DecodePool:
    """Decoders for one model. Use as a context manager; on leaving it no process and no thread is left.

    Processes start when there is work for them.

    Args:
        side: Of the model's square input, in pixels.

    Raises:
        FaamiError: if the setting of the pixel limit is no number.
    """

    def __init__(self, side: int) -> None:
        memory = BASE_MEMORY + _BYTES_PER_PIXEL * max_pixels()
        self._decoders = [Decoder(side, FILE_SECONDS, memory) for _ in range(WORKERS)]
        self._idle: SimpleQueue[Decoder] = SimpleQueue()
        for decoder in self._decoders:
            self._idle.put(decoder)
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="decode")

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for decoder in self._decoders:
            decoder.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for decoder in self._decoders:
            decoder.bury()

    def submit(self, file: PendingFile) -> Future[Decoded]:
        """Asks for a file.

        Returns:
            Its result to come. The future raises ``CollectionError`` if no decoder can be started at all.
        """
        return self._threads.submit(self._decode, file)

    def _decode(self, file: PendingFile) -> Decoded:
        decoder = self._idle.get()
        try:
            return decoder.decode(file)
        finally:
            self._idle.put(decoder)


def decoded_batches(
    pool: DecodePool, pending: Iterable[PendingFile], batch_size: int, cancel: CancelToken | None
) -> Generator[list[Decoded], None, None]:
    """Decodes in order, a bounded number of files ahead of the consumer.

    Args:
        pool: The decoders.
        pending: What to decode.
        batch_size: Files a batch; the last one may be shorter.
        cancel: Asked ten times a second, also while a decoder hangs.

    Raises:
        CancelledError: if cancelled.
        CollectionError: if no decoder can be started.
    """
    token = cancel or CancelToken()
    waiting: deque[Future[Decoded]] = deque()
    batch: list[Decoded] = []
    files = iter(pending)
    while True:
        while len(waiting) < batch_size * DECODE_AHEAD and (file := next(files, None)) is not None:
            waiting.append(pool.submit(file))
        if not waiting:
            break
        batch.append(_wait_for(waiting.popleft(), token))
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


def _wait_for(result: Future[Decoded], token: CancelToken) -> Decoded:
    while True:
        token.raise_if_cancelled()
        if wait([result], timeout=_POLL_SECONDS).done:
            return result.result()


class Decoder:
    """One process, replaced when it dies. Used by one thread at a time; only ``stop`` may come from another.

    Args:
        side: Of the model's square input, in pixels.
        seconds: Of computing that a file may take.
        memory: Bytes of address space the process may use.
    """

    def __init__(self, side: int, seconds: float, memory: int) -> None:
        self._side = side
        self._seconds = seconds
        self._command = [sys.executable, "-P", "-m", WORKER_MODULE, str(side), str(seconds), str(memory)]
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = threading.Lock()  # between starting and stopping

    def decode(self, file: PendingFile) -> Decoded:
        """The result for one file. If its process dies, a fresh one decides whether that was the file's fault.

        Raises:
            CancelledError: if stopped meanwhile.
            CollectionError: if the process cannot be started.
        """
        reason = ""
        for _ in range(_ATTEMPTS):
            process = self._running()
            started = time.monotonic()
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                write_request(process.stdin, file)
                return read_answer(process.stdout, self._side)
            except (OSError, ValueError):
                code = self.bury()
            if self._stopped:
                raise CancelledError
            waited = time.monotonic() - started >= WAITING_FACTOR * self._seconds
            reason = self._verdict(file, code, late=waited or code in _TIME_IS_UP)
        return FailedFile(file.file_id, reason)

    def stop(self) -> None:
        """Kills the process, from any thread; what is asked of it now or later ends at once."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def bury(self) -> int:
        """Ends the process if there is one; returns how it ended, as ``subprocess`` tells it."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return 0
        try:
            code = process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:  # it lives, but talks nonsense
            process.kill()
            code = process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # an unsent request
                stream.close()
        return code

    def _running(self) -> subprocess.Popen[bytes]:
        """The process, ready for a file; one that died while idle has no file to blame and is replaced."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.bury()
        reason = ""
        for _ in range(_STARTS):
            try:
                with self._lock:
                    if self._stopped:
                        raise CancelledError
                    process = self._process = start_process(self._command)
                assert process.stdout is not None
                if process.stdout.readline(len(READY)) == READY:
                    return process
                reason = how_it_ended(self.bury())
            except OSError as error:
                self.bury()
                reason = str(error)
        if self._stopped:
            raise CancelledError
        raise _no_decoder(reason)

    def _verdict(self, file: PendingFile, code: int, *, late: bool) -> str:
        name = Path(os.fsdecode(file.path)).name
        what = f"took longer than {self._seconds:g} s to decode" if late else "made its decoder stop"
        how = "" if late else f" ({how_it_ended(code)})"
        return f"{name!r} {what}{how}. {TRIED_AGAIN} If it fails again, save the image with another program."


def start_process(command: list[str]) -> subprocess.Popen[bytes]:
    """Starts a process that finds this very package, ignores the terminal's Ctrl-C and computes on one core."""
    package = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # C libraries chatter about every odd tag
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join([str(package), *filter(None, sys.path)]),
            "OPENBLAS_NUM_THREADS": "1",
        },
        process_group=None if os.name == "nt" else 0,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def how_it_ended(code: int) -> str:
    """The end of a process, as ``subprocess`` tells it, in words."""
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"


def _no_decoder(reason: str) -> CollectionError:
    return CollectionError(
        f"The program that decodes images cannot be started: {reason}.",
        "Close other programs; if that does not help, install faami-explorer again.",
    )
