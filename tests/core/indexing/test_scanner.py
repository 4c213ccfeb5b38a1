"""Walking a folder and telling what is added, changed, removed, moved, offline or unchanged."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from faami_core.errors import CancelledError
from faami_core.indexing.records import FoundFile, KnownFile, Listing
from faami_core.indexing.scanner import compare, hash_below, list_images
from faami_core.types import CancelToken

SUFFIXES = frozenset({".png", ".jpg"})


def listed(root: Path) -> list[bytes]:
    return [found.path for found in list_images(root, SUFFIXES).files]


def known(path: bytes, file_id: int = 1, *, size: int = 1, mtime: int = 1, content: bytes | None = b"c") -> KnownFile:
    return KnownFile(file_id, path, size, mtime, content, False)


def differ(files: list[FoundFile], before: list[KnownFile], contents: dict[bytes, bytes] | None = None, **listing):
    asked = contents or {}
    return compare(
        Listing(True, {b"": 1}, tuple(files), **listing),
        {file.path: file for file in before},
        {b"": 1},
        lambda path: asked[path],
    )


def test_images_are_found_in_all_folders_in_order_of_path(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("b/c/two.JPG", "a.png", "b/one.jpg", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x.png").write_bytes(b"")

    assert listed(tmp_path) == [b"a.png", b"b/c/two.JPG", b"b/one.jpg"]


def test_names_that_are_not_text_are_kept_as_bytes(tmp_path):
    strange = b"caf\xff\n.png"
    (tmp_path / os.fsdecode(strange)).write_bytes(b"")

    assert listed(tmp_path) == [strange]


def test_link_loops_end_and_no_folder_is_walked_twice(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.png").write_bytes(b"")
    (tmp_path / "a_link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")

    assert listed(tmp_path) == [b"real/x.png"]


def test_linked_folders_outside_are_followed(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.png").write_bytes(b"")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")

    assert listed(tmp_path / "root") == [b"link/x.png"]


def test_pipes_and_dead_links_are_listed_with_their_problem_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dead.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.png").mkdir()

    found = {entry.path: entry.problem for entry in list_images(tmp_path, SUFFIXES).files}

    assert found == {b"pipe.png": "It is not a regular file.", b"dead.png": "The link leads nowhere."}


def test_a_missing_root_or_a_file_as_root_is_unreachable(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    assert not list_images(tmp_path / "gone", SUFFIXES).reachable
    assert not list_images(tmp_path / "file", SUFFIXES).reachable


def test_a_folder_that_cannot_be_listed_is_blocked_and_the_rest_is_listed(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "x.png").write_bytes(b"")
    scandir = os.scandir

    def refuse(path):
        if path.endswith(b"locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    listing = list_images(tmp_path, SUFFIXES)

    assert [found.path for found in listing.files] == [b"x.png"]
    assert listing.blocked == {b"locked": "Permission denied."}


def test_a_walk_can_be_cancelled(tmp_path):
    cancel = CancelToken()
    cancel.cancel()

    with pytest.raises(CancelledError):
        list_images(tmp_path, SUFFIXES, cancel=cancel)


def test_same_size_and_time_is_unchanged_and_not_opened():
    diff = differ([FoundFile(b"a", 1, 1)], [known(b"a", 7)])

    assert diff.unchanged == [7]
    assert not (diff.added or diff.changed or diff.removed or diff.touched)


def test_a_new_time_with_the_same_content_is_touched_and_with_another_is_changed():
    files = [FoundFile(b"same", 1, 2), FoundFile(b"other", 1, 2)]
    before = [known(b"same", 1), known(b"other", 2)]

    diff = differ(files, before, {b"same": b"c", b"other": b"d"})

    assert [file_id for file_id, _ in diff.touched] == [1]
    assert [file_id for file_id, _ in diff.changed] == [2]


def test_a_file_never_read_is_changed_without_a_look_inside():
    diff = differ([FoundFile(b"a", 2, 2)], [known(b"a", 7, content=None)])

    assert [file_id for file_id, _ in diff.changed] == [7]


def test_a_new_name_with_the_content_of_a_vanished_file_is_that_file_moved():
    diff = differ(
        [FoundFile(b"new/b", 5, 9), FoundFile(b"new/c", 6, 9)],
        [known(b"old/b", 1, size=5, content=b"bb"), known(b"old/x", 2, size=6, content=b"xx")],
        {b"new/b": b"bb", b"new/c": b"cc"},
    )

    assert diff.moved == [(1, FoundFile(b"new/b", 5, 9))]
    assert [found.path for found in diff.added] == [b"new/c"]
    assert diff.removed == [2]


def test_twins_that_move_together_are_both_moved():
    before = [known(b"old/1", 1), known(b"old/2", 2)]
    diff = differ([FoundFile(b"new/1", 1, 1), FoundFile(b"new/2", 1, 1)], before, {b"new/1": b"c", b"new/2": b"c"})

    assert sorted(file_id for file_id, _ in diff.moved) == [1, 2]
    assert not diff.removed
    assert not diff.added


def test_files_below_a_blocked_folder_are_offline_not_removed():
    diff = differ([], [known(b"locked/a", 1), known(b"lockedout", 2)], blocked={b"locked": "Permission denied."})

    assert diff.offline == [1]
    assert diff.removed == [2]


def test_everything_is_offline_when_the_root_is_gone_or_an_empty_mount_point():
    before = {b"a": known(b"a", 1)}

    gone = compare(Listing(False), before, {b"": 1}, lambda _path: None)
    unmounted = compare(Listing(True, {b"": 2}), before, {b"": 1}, lambda _path: None)
    emptied = compare(Listing(True, {b"": 1}), before, {b"": 1}, lambda _path: None)

    assert gone.offline == unmounted.offline == [1]
    assert not gone.removed
    assert not unmounted.removed
    assert emptied.removed == [1]


def test_a_file_that_comes_back_is_returned():
    offline = KnownFile(3, b"a", 1, 1, b"c", True)

    assert differ([FoundFile(b"a", 1, 1)], [offline]).returned == [3]


def test_hashing_what_cannot_be_read_gives_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")

    assert hash_below(tmp_path)(b"a").hex().startswith("ba7816bf")
    assert hash_below(tmp_path)(b"gone") is None


def test_a_link_to_a_drive_that_is_gone_puts_what_lies_behind_it_offline(tmp_path):
    (tmp_path / "scenes").symlink_to(tmp_path / "gone")
    (tmp_path / "one.png").symlink_to(tmp_path / "gone" / "one.png")
    listing = list_images(tmp_path, SUFFIXES)
    before = [known(b"scenes/a.png", 1), known(b"one.png", 2), known(b"two.png", 3)]

    diff = compare(listing, {file.path: file for file in before}, listing.devices, lambda _path: None)

    assert sorted(diff.offline) == [1, 2]
    assert diff.removed == [3]


def test_a_drive_below_the_root_that_became_an_empty_folder_is_offline_and_remembered():
    before = {path: known(path, number) for number, path in enumerate([b"usb/a", b"usb/b", b"c"])}
    devices = {b"": 1, b"usb": 2}
    here = FoundFile(b"c", 1, 1)

    gone = compare(Listing(True, {b"": 1}, (here,)), before, devices, lambda _path: None)
    emptied = compare(Listing(True, devices, (here,)), before, devices, lambda _path: None)

    assert (gone.offline, gone.removed, gone.devices) == ([0, 1], [], devices)
    assert (emptied.offline, emptied.removed) == ([], [0, 1])


def test_a_file_changed_a_moment_ago_is_hashed_at_the_next_scan(tmp_path):
    for name, age in (("fresh.png", 0), ("old.png", 3), ("future.png", -3600)):
        (tmp_path / name).write_bytes(b"x")
        stamp = time.time() - age
        os.utime(tmp_path / name, (stamp, stamp))

    unsettled = {found.path for found in list_images(tmp_path, SUFFIXES).files if not found.settled}

    assert unsettled == {b"fresh.png"}
    diff = differ([FoundFile(b"a", 1, 5, settled=False)], [known(b"a", 7, mtime=5)], {b"a": b"other"})
    assert [file_id for file_id, _ in diff.changed] == [7]


def test_without_trust_in_times_every_file_that_was_read_is_hashed():
    files = [FoundFile(name, 1, 1) for name in (b"same", b"other", b"never read")]
    before = [known(b"same", 1), known(b"other", 2), known(b"never read", 3, content=None)]

    diff = compare(
        Listing(True, {b"": 1}, tuple(files)),
        {file.path: file for file in before},
        {b"": 1},
        {b"same": b"c", b"other": b"d"}.__getitem__,
        trust_times=False,
    )

    assert ([file_id for file_id, _ in diff.changed], [file_id for file_id, _ in diff.touched]) == ([2], [1])
    assert diff.unchanged == [3]
