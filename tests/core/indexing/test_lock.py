"""One writer per collection; the second is told who the first is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from faami_core.errors import CollectionError
from faami_core.indexing.lock import WriterLock


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    with WriterLock(tmp_path), pytest.raises(CollectionError, match=f"process {os.getpid()}"), WriterLock(tmp_path):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path):
    for _ in range(2):
        with WriterLock(tmp_path):
            pass


def test_the_lock_dies_with_the_process_that_holds_it(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from faami_core.indexing.lock import WriterLock\n"
        "WriterLock(Path(sys.argv[1])).__enter__(); os._exit(9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert killed.returncode == 9
    with WriterLock(tmp_path):
        pass
