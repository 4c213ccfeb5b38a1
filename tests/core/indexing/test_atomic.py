"""A file of the index appears whole or not at all, whatever happens at any named step."""

from __future__ import annotations

from pathlib import Path

import pytest

from faami_core.indexing import atomic

STEPS = ["create", "write", "sync", "rename", "sync_folder"]


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def test_a_file_is_written_and_replaced(tmp_path):
    atomic.write_file(tmp_path / "a", [b"one ", b"two"])
    atomic.write_file(tmp_path / "a", [memoryview(b"three")])

    assert (tmp_path / "a").read_bytes() == b"three"
    assert names(tmp_path) == ["a"]


def test_the_steps_are_reached_in_order(tmp_path, monkeypatch):
    reached = []
    monkeypatch.setattr(atomic, "step_hook", lambda step, path: reached.append((step, path.name)))

    atomic.write_file(tmp_path / "a", [b"x"])

    assert reached == [(step, "a") for step in STEPS]


@pytest.mark.parametrize("failing", STEPS[:-1])
def test_a_fault_before_the_rename_leaves_the_old_file_and_no_temp_file(tmp_path, monkeypatch, failing):
    atomic.write_file(tmp_path / "a", [b"old"])

    def full(step: str, _path: Path) -> None:
        if step == failing:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "step_hook", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_file(tmp_path / "a", [b"new"])

    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_temp_files_of_a_killed_process_are_swept_from_all_folders(tmp_path):
    (tmp_path / "shards" / "abc").mkdir(parents=True)
    orphans = [tmp_path / f"{atomic.TEMPORARY_PREFIX}1", tmp_path / "shards" / "abc" / f"{atomic.TEMPORARY_PREFIX}2"]
    for orphan in orphans:
        orphan.write_bytes(b"half")
    (tmp_path / "kept").write_bytes(b"whole")

    assert atomic.sweep(tmp_path) == 2
    assert not any(orphan.exists() for orphan in orphans)
    assert (tmp_path / "kept").exists()
