"""A decoder process whose decoder does what the name of the file says, as a hostile file would make it do."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
import time
from pathlib import Path
from typing import IO, Any

from PIL import Image

from faami_core.data import image_io
from faami_core.data.image_io import DecodedImage, decode_image
from faami_core.indexing import decode_worker


def _abort() -> None:
    os.abort()


def _crash() -> None:
    ctypes.string_at(0)


def _sleep() -> None:
    time.sleep(3600)


def _hang_without_python() -> None:
    """Sleeps in C and keeps the interpreter's lock, so that no Python code of the process ever runs again."""
    ctypes.PyDLL(None).sleep(3600)


def _compute() -> None:
    while True:
        pass


def _hang_once() -> None:
    """Hangs in the first process that comes here, and in no other."""
    with contextlib.suppress(FileExistsError):
        (Path(os.environ["EVIL_FOLDER"]) / "was here").mkdir()
        _sleep()


def _grab() -> None:
    bytearray(4 << 30)


def _leave() -> None:
    os._exit(3)


def _chatter() -> None:
    os.write(1, b'{"file_id": 7, "reason": "made up"}\n')


EVIL = {
    "abort": _abort,
    "crash": _crash,
    "sleep": _sleep,
    "hang": _hang_without_python,
    "grab": _grab,
    "compute": _compute,
    "once": _hang_once,
    "leave": _leave,
    "chatter": _chatter,
}


def _decode(stream: IO[bytes], name: str, **options: Any) -> DecodedImage:
    word = re.match("[a-z]*", name)
    harm = EVIL.get(word.group() if word else "", lambda: None)

    def averageable(image: Image.Image) -> Image.Image:
        harm()
        return _averageable(image)

    image_io._averageable = averageable  # in the midst of decoding
    return decode_image(stream, name, **options)


_averageable = image_io._averageable

if __name__ == "__main__":
    decode_worker.decode_image = _decode
    decode_worker.main(sys.argv[1:])
