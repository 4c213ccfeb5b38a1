"""C9: thirty names that other tools stumble over are indexed, searched and exported as what they are."""

from __future__ import annotations

import os
import socket

import pytest
from PIL import Image

from faami_core.search.csv_reading import read_csv
from faami_core.session import Session
from faami_core.types import Query
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults

NAMES = [
    "飞机场.png".encode(),
    "空港.JPG".encode(),
    "비행장.png".encode(),
    "✈️🛰️.png".encode(),
    "👩‍🚀.png".encode(),
    "مطار.png".encode(),
    "שדה תעופה.png".encode(),
    "\u202eright to left.png".encode(),
    "Zürich.png".encode(),
    "Zu\u0308rich.png".encode(),
    "Å.png".encode(),
    "A\u030a.png".encode(),
    "\u212b.png".encode(),
    b"new\nline.png",
    b"carriage\rreturn.png",
    b"tab\tstop.png",
    b"escape\x1b[31m.png",
    b"bell\x07.png",
    b"latin-1 \xe9\xe8.png",
    b"\xff\xfe.png",
    b"half \xe2\x82.png",
    b"=HYPERLINK(1).png",
    b"-rf.png",
    b"@import.png",
    b'quote"comma,semi;.png',
    b"back\\slash.png",
    b"  spaces  .png",
    b"percent%20%s{}.png",
    b"CON.png",
    b"n" * 251 + b".png",
]


def test_thirty_strange_names_are_indexed_searched_and_exported(tmp_path):
    root = tmp_path / "strange"
    root.mkdir()
    for number, name in enumerate(NAMES):
        path = os.path.join(os.fsencode(root), name)  # noqa: PTH118 - raw bytes
        with open(path, "wb") as stream:  # noqa: PTH123
            Image.new("RGB", (16, 16), (number * 8, 0, 0)).save(stream, "PNG")
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")

    report = session.index(root)
    result = session.search(root, Query.from_text("red"))
    session.export_csv(result, tmp_path / "out.csv")

    assert (report.seen, report.unreadable) == (30, ())
    assert {os.fsencode(hit.path.name) for hit in result.hits} == set(NAMES)
    assert [row.path for row in read_csv(tmp_path / "out.csv")] == [hit.path for hit in result.hits]
    assert session.index(root).unchanged == 30


def test_nothing_but_regular_files_is_opened_and_loops_end(tmp_path):
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    Image.new("RGB", (16, 16), "red").save(root / "a" / "real.png")
    (root / "a" / "b" / "up").symlink_to(root)
    (root / "a" / "b" / "self").symlink_to(root / "a" / "b" / "self")
    (root / "x").symlink_to(root / "y")
    (root / "y").symlink_to(root / "x")
    os.mkfifo(root / "pipe.png")
    (root / "zero.png").symlink_to("/dev/zero")
    (root / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(os.path.relpath(root / "door.png"))
    (root / "loop.png").symlink_to(root / "loop.png")

    report = Session(encoder=StubEncoder(), data_dir=tmp_path / "data").index(root)

    reasons = {image.path.name: image.reason for image in report.unreadable}
    assert set(reasons) == {"pipe.png", "zero.png", "door.png", "loop.png"}
    assert reasons.pop("loop.png") == "The link leads nowhere."
    assert set(reasons.values()) == {"It is not a regular file."}
    assert report.seen == 5
