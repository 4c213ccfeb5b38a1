"""Every change of marks and tags once more, as a line of text beside the catalog.

Features can be computed again, an analyst's decisions cannot. When a catalog is damaged, it is made anew with what
this file says. A line is a CRC-32 and a JSON list: content of the file (SHA-256, hexadecimal), its path relative to
the root, the window, mark, tags. The last line about a window counts.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

from faami_core.private import private_opener
from faami_core.queries import Annotation, Mark

LOG_NAME = "annotations.log"

Place = tuple[bytes, bytes, tuple[int, ...]]  # content, relative path, window


def append(folder: Path, notes: Iterable[tuple[Place, Annotation]]) -> None:
    """Adds how the annotations of some windows are now. Where it cannot be written, the catalog alone has them."""
    lines = []
    for (content, path, window), note in notes:
        text = json.dumps([content.hex(), os.fsdecode(path), window, str(note.mark), note.tags])
        lines.append(f"{crc32(text.encode('ascii')):08x} {text}\n".encode("ascii"))
    with contextlib.suppress(OSError):
        handle = private_opener(str(folder / LOG_NAME), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(handle, b"".join(lines))
        finally:
            os.close(handle)


def read(folder: Path) -> dict[Place, Annotation]:
    """The last annotation of every window; damaged lines are passed over."""
    notes: dict[Place, Annotation] = {}
    with contextlib.suppress(OSError), open(folder / LOG_NAME, "rb", opener=private_opener) as stream:
        for line in stream:
            with contextlib.suppress(ValueError, TypeError):
                if int(line[:8], 16) != crc32(line[9:].rstrip(b"\n")):
                    continue
                content, path, window, mark, tags = json.loads(line[9:])
                notes[bytes.fromhex(content), os.fsencode(path), tuple(window)] = Annotation(Mark(mark), tuple(tags))
    return notes
