"""What lies in the data folder is for its owner alone, whatever the umask; what others put there keeps its rights."""

from __future__ import annotations

import os
import sys

import pytest

from faami_core.private import claim_data_folder, make_private_folder, private_opener

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights of this kind are POSIX")


@pytest.fixture(params=[0o000, 0o022, 0o277])
def _umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("_umask")
def test_folders_made_on_the_way_are_private_and_those_that_were_there_stay_as_they_are(tmp_path):
    tmp_path.chmod(0o755)
    make_private_folder(tmp_path / "a" / "b")

    assert [mode(path) for path in (tmp_path, tmp_path / "a", tmp_path / "a" / "b")] == [0o755, 0o700, 0o700]


def test_a_file_made_by_the_opener_is_private(tmp_path):
    with open(tmp_path / "file", "xb", opener=private_opener):
        assert mode(tmp_path / "file") == 0o600


@pytest.mark.parametrize(
    ("names", "always", "private"),
    [
        ([], False, True),
        (["window.ini", "crash.log", "demo"], False, True),
        (["window.ini", "holiday.jpg"], False, False),
        (["window.ini", "collections"], False, False),
        (["window.ini", "collections"], True, True),
    ],
)
def test_a_data_folder_is_claimed_only_while_it_is_new_or_the_programs_own(tmp_path, names, always, private):
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    for name in names:
        (folder / name).touch()
    claim_data_folder(folder, always=always)

    assert mode(folder) == (0o700 if private else 0o755)
