"""Pictures for the screen and for queries: small ones are decoded here, large ones in a process that may die.

A file of 1 MB can hold 500 million pixels. Decoding them takes many seconds and gigabytes, which are no longer there
when the small process that did it ends; only the pixels that are needed come back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faami_core.data.limits import max_pixels
from faami_core.data.picture_part import PicturePart, read_part, told_pixels
from faami_core.errors import FaamiError, UnreadableImageError
from faami_core.indexing.decode_pool import BASE_MEMORY, FILE_SECONDS, how_it_ended, start_process
from faami_core.indexing.decode_worker import WAITING_FACTOR, limit_memory, limit_time
from faami_core.queries import PixelBox

IN_PROCESS_PIXELS = 25_000_000  # 75 MB and a third of a second; an aerial frame of twice the size goes elsewhere

_BYTES_PER_PIXEL = 12  # 1 as stored, 4 of Pillow, twice 3 of NumPy while it copies: for a region all are decoded
_AT_A_TIME = threading.BoundedSemaphore(2)  # large pictures


def read_picture(
    path: Path, *, box: PixelBox | None = None, max_side: int | None = None, square: int | None = None
) -> PicturePart:
    """Decodes a picture at the size at which it is needed; the arguments are those of ``read_part``.

    Raises:
        UnreadableImageError: if it cannot be decoded.
        FaamiError: if the setting of the pixel limit is no number.
    """
    pixels = told_pixels(path)
    is_small = pixels is not None and pixels <= IN_PROCESS_PIXELS
    if is_small or not os.access(path, os.R_OK):  # no process is needed to say that a file is away
        return read_part(path, box=box, max_side=max_side, square=square)
    memory = BASE_MEMORY + _BYTES_PER_PIXEL * max_pixels()
    request = {
        "path": os.fspath(path.absolute()),
        "box": None if box is None else [box.x, box.y, box.width, box.height],
        "max_side": max_side,
        "square": square,
        "memory": memory,
    }
    with _AT_A_TIME:
        return _answer(start_process([sys.executable, "-P", "-m", __name__, json.dumps(request)]), path.name)


def _answer(process: subprocess.Popen[bytes], name: str) -> PicturePart:
    try:
        output, _ = process.communicate(timeout=WAITING_FACTOR * FILE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise _not_decoded(f"{name!r} took too long to decode.") from None
    line, _, raw = output.partition(b"\n")
    try:
        fields = json.loads(line)
        if "reason" in fields:
            raise UnreadableImageError(fields["reason"], fields["next_step"])
        pixels = np.frombuffer(raw, dtype=np.uint8).reshape(fields["rows"], fields["columns"], 3)
        return PicturePart(pixels, fields["width"], fields["height"])
    except (ValueError, KeyError, TypeError):
        raise _not_decoded(f"{name!r} made its decoder stop ({how_it_ended(process.returncode)}).") from None


def _not_decoded(message: str) -> UnreadableImageError:
    return UnreadableImageError(message, "Save the image again with another program.")


def main(arguments: Sequence[str]) -> None:
    """Decodes one picture and writes it: a line of JSON, then as many raw bytes as its pixels take.

    Args:
        arguments: The request as JSON.
    """
    request = json.loads(arguments[0])
    limit_memory(request["memory"])
    raw, fields = b"", dict[str, Any]()
    with open(os.devnull, "wb") as void, os.fdopen(os.dup(1), "wb") as answer:  # noqa: PTH123 - a device, not a path
        os.dup2(void.fileno(), 1)  # a decoder that prints must not write into the answer
        try:
            with limit_time(FILE_SECONDS, void):
                part = read_part(
                    Path(request["path"]),
                    box=None if request["box"] is None else PixelBox(*request["box"]),
                    max_side=request["max_side"],
                    square=request["square"],
                )
            fields |= {"rows": part.pixels.shape[0], "columns": part.pixels.shape[1]}
            fields |= {"width": part.width, "height": part.height}
            raw = part.pixels.tobytes()
        except FaamiError as error:
            fields |= {"reason": error.message, "next_step": error.next_step}
        answer.write(json.dumps(fields).encode("ascii") + b"\n" + raw)


if __name__ == "__main__":
    main(sys.argv[1:])
