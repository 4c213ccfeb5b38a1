"""Results go to regular files of their own kind, and nothing that is there is lost."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from faami_core.errors import ExportError
from faami_core.output import MARKDOWN, PICTURE, REPORT, TABLE, OutputKind, check_output, write_output


def test_a_file_is_written_whole_and_its_name_is_given_back(tmp_path: Path) -> None:
    assert write_output(tmp_path / "out.csv", [b"a,", b"b"], TABLE, replace=False) == tmp_path / "out.csv"
    assert (tmp_path / "out.csv").read_bytes() == b"a,b"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_bytes(b"precious")
    with pytest.raises(ExportError, match="is there already"):
        write_output(tmp_path / "out.csv", [b"new"], TABLE, replace=False)
    assert (tmp_path / "out.csv").read_bytes() == b"precious"
    write_output(tmp_path / "out.csv", [b"new"], TABLE, replace=True)
    assert (tmp_path / "out.csv").read_bytes() == b"new"


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "real.csv"
    (tmp_path / "link.csv").symlink_to("middle.csv")
    (tmp_path / "middle.csv").symlink_to(real)
    write_output(tmp_path / "link.csv", [b"first"], TABLE, replace=False)  # the file need not be there
    assert real.read_bytes() == b"first"
    with pytest.raises(ExportError, match="is there already"):
        write_output(tmp_path / "link.csv", [b"second"], TABLE, replace=False)
    write_output(tmp_path / "link.csv", [b"second"], TABLE, replace=True)
    assert real.read_bytes() == b"second"
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "middle.csv").is_symlink()


@pytest.mark.parametrize("kind", [TABLE, REPORT, MARKDOWN, PICTURE], ids=lambda kind: kind.name)
@pytest.mark.parametrize("through_link", [False, True])
def test_devices_pipes_sockets_and_folders_are_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: OutputKind, through_link: bool
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    name = Path(f"special{kind.suffixes[0]}")
    made = {"a pipe": os.mkfifo, "a folder": os.mkdir, "a device": lambda path: path.symlink_to("/dev/null")}
    with socket.socket(socket.AF_UNIX) as server:
        for told, make in {**made, "a socket": lambda path: server.bind(str(path))}.items():
            special = Path(f"real{kind.suffixes[0]}") if through_link else name
            make(special)
            if through_link:
                name.symlink_to(special)
            before = special.stat()
            with pytest.raises(ExportError, match=f"is {told}, not a file"):
                write_output(name, [b"x"], kind, replace=True)
            assert special.stat().st_ino == before.st_ino
            assert stat.S_IFMT(special.stat().st_mode) == stat.S_IFMT(before.st_mode)
            name.unlink(missing_ok=True) if not name.is_dir() or name.is_symlink() else name.rmdir()
            if through_link:
                special.rmdir() if special.is_dir() and not special.is_symlink() else special.unlink()
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photo.jpg", TABLE),
        ("photo.JPG", TABLE),
        ("scene.tif", TABLE),
        ("out.json", TABLE),
        ("numbers.png", REPORT),
        ("results.csv", REPORT),
        ("table.csv", MARKDOWN),
        ("sheet.csv", PICTURE),
        ("sheet", PICTURE),
        (".csv", PICTURE),
    ],
)
def test_a_name_of_another_kind_of_file_is_refused(tmp_path: Path, name: str, kind: OutputKind) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(ExportError, match=f"is not a name for {kind.name}"):
        write_output(tmp_path / name, [b"x"], kind, replace=True)
    link = tmp_path / f"link{kind.suffixes[0]}"
    link.symlink_to(name)
    with pytest.raises(ExportError, match=f"is not a name for {kind.name}"):
        write_output(link, [b"x"], kind, replace=True)
    assert (tmp_path / name).read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone/out.csv", "does not exist"),
        ("file.csv/out.csv", "does not exist|Not a directory"),
        ("x" * 300 + ".csv", "File name too long"),
        ("nul\0.csv", "null byte"),
        ("circle.csv", "circle|Too many levels"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file.csv").write_bytes(b"")
    (tmp_path / "circle.csv").symlink_to("circle.csv")
    with pytest.raises(ExportError, match=told) as refused:
        check_output(tmp_path / name, TABLE, replace=True)
    assert refused.value.next_step
    assert len(refused.value.message) < 300


def test_standard_output_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match="Standard output"):
        write_output(Path("-"), [b"x"], TABLE, replace=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there_before", [False, True])
def test_a_file_whose_writing_fails_half_way_is_as_it_was(tmp_path: Path, there_before: bool) -> None:
    def parts() -> Iterator[bytes]:
        yield b"first,"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "out.csv"
    if there_before:
        file.write_bytes(b"precious")
    with pytest.raises(ExportError, match="No space left"):
        write_output(file, parts(), TABLE, replace=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == (
        {"out.csv": b"precious"} if there_before else {}
    )
