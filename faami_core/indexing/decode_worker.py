"""A decoder process: told one file at a time on its standard input, it answers with pixels or with a reason.

Decoders that are fed with the files of strangers may abort, hang or grab all memory. Here that costs one small
process, which imports neither torch nor the catalog, so that the next one is ready in a quarter of a second.

A request is a line of JSON. An answer is a line of JSON, then as many raw bytes as its pixels and its thumbnail take.
Nothing that could run travels either way.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import hashlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from faami_core.data.image_io import THUMBNAIL_SIDE, decode_image, encode_thumbnail, open_regular
from faami_core.errors import UnreadableImageError
from faami_core.indexing import scanner
from faami_core.indexing.records import DecodedFile, FailedFile, PendingFile

READY = b"ready\n"
WAITING_FACTOR = 3  # so many times its seconds of computing a file may take in all, with waiting for disks and others
TRIED_AGAIN = "The next index run tries it again."
_DISK_ERRNOS = (errno.EIO, errno.ENOMEM, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO, errno.ETIMEDOUT)
_LONGEST_THUMBNAIL = 1 << 20  # even noise of 256 × 256 pixels has less as JPEG
_LONGEST_LINE = 1 << 16  # a path has at most 4 KiB, six characters of JSON a byte


def decode_file(file: PendingFile, side: int) -> DecodedFile | FailedFile:
    """Reads, hashes and decodes one file. Whatever is wrong with it becomes a ``FailedFile``, never an exception.

    Where the circumstances failed rather than the bytes (no permission, a broken disk, no memory), it has no content.

    Args:
        file: Which file.
        side: Of the model's square input, in pixels.
    """
    path = Path(os.fsdecode(file.path))
    content = size = mtime_ns = None
    try:
        with open_regular(path) as stream:
            status = os.fstat(stream.fileno())
            size, mtime_ns = status.st_size, scanner.recorded_ns(status)
            content = hashlib.file_digest(stream, "sha256").digest()
            stream.seek(0)
            image = decode_image(
                stream, path.name, model_side=side, thumbnail_side=THUMBNAIL_SIDE, folder=path.parent
            )
    except UnreadableImageError as error:
        if _is_of_circumstances(error.__cause__):
            return FailedFile(file.file_id, f"{error.message} {TRIED_AGAIN}")
        return FailedFile(file.file_id, str(error), content, size, mtime_ns)
    except OSError as error:
        return FailedFile(file.file_id, _why_not_read(path, error))
    thumbnail = b"" if image.thumbnail is None else encode_thumbnail(image.thumbnail)
    return DecodedFile(
        file.file_id, content, size, mtime_ns, image.width, image.height, image.pixels, thumbnail, image.pages
    )


def _is_of_circumstances(cause: BaseException | None) -> bool:
    """Whether decoding failed for want of memory or of a working disk, so that it says nothing of the bytes."""
    return isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno in _DISK_ERRNOS)


def _why_not_read(path: Path, error: OSError) -> str:
    """Why a file cannot be opened or read, with the sentences of a scan for what a scan sees, too."""
    if error.errno in scanner.DEAD_LINK_ERRNOS and path.is_symlink():
        return scanner.DEAD_LINK
    if error.errno in (errno.EINVAL, errno.ENXIO):  # a pipe or a device, a socket
        return scanner.NOT_REGULAR
    return f"{path.name!r} cannot be read: {error.strerror or error}. {TRIED_AGAIN}"


def write_request(stream: IO[bytes], file: PendingFile) -> None:
    """Asks for a file.

    Raises:
        OSError: if the process is gone.
    """
    stream.write(json.dumps([file.file_id, os.fsdecode(file.path)]).encode("ascii") + b"\n")
    stream.flush()


def read_answer(stream: IO[bytes], side: int) -> DecodedFile | FailedFile:
    """The answer to a request.

    Raises:
        ValueError: if the process ended before the answer did, or answers nonsense.
        OSError: if its output cannot be read.
    """
    try:
        fields = json.loads(_whole_line(stream))
        digest = fields.pop("content")
        if "reason" in fields:
            return FailedFile(**fields, content=None if digest is None else bytes.fromhex(digest))
        pixels = np.frombuffer(stream.read(side * side * 3), dtype=np.uint8).reshape(side, side, 3)
        length = fields.pop("thumbnail")
        if length not in range(_LONGEST_THUMBNAIL):
            raise ValueError("the thumbnail has an impossible size")
        thumbnail = stream.read(length)
        if len(thumbnail) < length:
            raise ValueError("the answer is cut off")
        return DecodedFile(**fields, content=bytes.fromhex(digest), pixels=pixels, thumbnail=thumbnail)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError("the answer has another form") from error


def main(arguments: Sequence[str]) -> None:
    """Serves until its input ends.

    Args:
        arguments: Side of the model's input in pixels, seconds of computing a file may take, bytes of memory the
            process may use.
    """
    side, seconds, memory = int(arguments[0]), float(arguments[1]), int(arguments[2])
    limit_memory(memory)
    with open(os.devnull, "wb") as void, os.fdopen(os.dup(1), "wb") as answers:  # noqa: PTH123 - a device, not a path
        os.dup2(void.fileno(), 1)  # a decoder that prints must not write into the answers
        answers.write(READY)
        answers.flush()
        while line := sys.stdin.buffer.readline(_LONGEST_LINE):
            file_id, path = json.loads(line)
            with limit_time(seconds, void):
                answer = decode_file(PendingFile(file_id, os.fsencode(path)), side)
            _write_answer(answers, answer)


@contextlib.contextmanager
def limit_time(seconds: float, void: IO[bytes]) -> Iterator[None]:
    """Ends the process if a file takes longer, even if a decoder never returns to Python, and even if nobody waits.

    What is limited is the work: the processor's time, which stands still while the machine sleeps, the program is
    stopped or others have the processor. A thread in C ends a decoder that waits for good, after a longer time.
    """
    faulthandler.dump_traceback_later(WAITING_FACTOR * seconds, exit=True, file=void)
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)  # unhandled, its signal ends the process
    yield
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()


def _write_answer(stream: IO[bytes], answer: DecodedFile | FailedFile) -> None:
    fields: dict[str, Any] = {
        "file_id": answer.file_id,
        "content": None if answer.content is None else answer.content.hex(),
        "size": answer.size,
        "mtime_ns": answer.mtime_ns,
    }
    if isinstance(answer, FailedFile):
        fields["reason"] = answer.reason
        raw = b""
    else:
        fields |= {"width": answer.width, "height": answer.height, "pages": answer.pages}
        fields["thumbnail"] = len(answer.thumbnail)
        raw = answer.pixels.tobytes() + answer.thumbnail
    stream.write(json.dumps(fields).encode("ascii") + b"\n" + raw)
    stream.flush()


def _whole_line(stream: IO[bytes]) -> bytes:
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise ValueError("the answer is cut off")
    return line


def limit_memory(limit: int) -> None:
    """Caps the address space, where the system can; the time limit holds everywhere. A crash leaves no core file."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ValueError, OSError):  # macOS refuses some values, containers may have set a lower one
        return


if __name__ == "__main__":
    main(sys.argv[1:])
