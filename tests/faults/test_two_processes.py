"""C10: one process writes, the other is told who does; what it left when it died is nobody's."""

from __future__ import annotations

import signal
import time

import pytest

from faami_core.errors import CollectionError
from faami_core.session import Session
from faami_core.types import Query
from tests.faults.index_tools import paint_many, start_child, stored
from tests.stub_encoder import StubEncoder

pytestmark = pytest.mark.faults


def test_the_second_writer_is_told_who_the_first_is_and_may_search_meanwhile(tmp_path):
    images = tmp_path / "images"
    paint_many(images, range(40))
    session = Session(encoder=StubEncoder(), data_dir=tmp_path / "data")
    session.index(images)
    (folder,) = (tmp_path / "data" / "collections").iterdir()
    paint_many(images, range(40, 120))
    with start_child(folder, images, tmp_path / "log", step="committed", occurrence=6) as writer:
        try:
            writer.stdout.readline()
            while not (folder / "writer.lock").read_bytes().endswith(b"%d" % writer.pid):
                time.sleep(0.005)
            writer.send_signal(signal.SIGSTOP)

            for refused in (session.index, session.compact):
                with pytest.raises(CollectionError, match=f"another process .process {writer.pid}"):
                    refused(images)
            assert session.search(images, Query.from_text("red")).gallery_size >= 40
            assert session.open_collection(images).seen >= 40
        finally:
            writer.send_signal(signal.SIGCONT)
        assert writer.wait() == -signal.SIGKILL

    report = session.index(images)
    assert report.seen == 120
    assert len(stored(folder)) == 120
