"""The command line in a pipe, on a full disk, with closed streams, in old encodings, and with absurd arguments."""

from __future__ import annotations

import ast
import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from faami_core.search.csv_reading import read_csv
from faami_core.session import Session
from tests.stub_encoder import StubEncoder

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from faami_core.cli import main
from faami_core.session import Session
from tests.stub_encoder import StubEncoder
sys.exit(main(session_factory=lambda **_options: Session(encoder=StubEncoder())))
"""
FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A small collection, and the environment in which it is found."""
    from PIL import Image

    folder, data = tmp_path_factory.mktemp("images"), tmp_path_factory.mktemp("data")
    for number in range(6):
        Image.new("RGB", (32, 24), (40 * number, 0, 0)).save(folder / f"image_{number}.png")
    Session(encoder=StubEncoder(), data_dir=data).index(folder)
    return folder, os.environ | {"FAAMI_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}


def run(
    environment: dict[str, str], *arguments: object, shell: str = "", **options: str
) -> subprocess.CompletedProcess:
    """Runs ``faami`` on a stub model; ``shell`` is what a shell does with its streams."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    if shell:
        command = ["bash", "-c", f'"$@" {shell}', "bash", *command]
    return subprocess.run(command, env=environment | options, capture_output=True, timeout=100, check=False)


COMMANDS = {"search": ["search", "red", "--collection"], "info": ["info", "--collection"], "index": ["index"]}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("shell", ["| head -c 1; exit ${PIPESTATUS[0]}", "| true; exit ${PIPESTATUS[0]}"])
def test_the_end_is_quiet_when_nobody_reads_on(indexed, command: str, shell: str) -> None:
    folder, environment = indexed

    done = run(environment, *COMMANDS[command], folder, shell=shell)

    assert done.returncode in {0, 141}
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


def test_help_into_a_closed_pipe_is_quiet(indexed) -> None:
    done = run(indexed[1], "--help", shell="| true; exit ${PIPESTATUS[0]}")

    assert (done.returncode in {0, 141}, done.stderr) == (True, b"")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_behind_standard_output_is_one_sentence(indexed, command: str) -> None:
    folder, environment = indexed

    done = run(environment, *COMMANDS[command], folder, shell="> /dev/full")

    told = done.stderr.decode()
    assert done.returncode == 1
    assert "faami: Standard output cannot be written: No space left on device." in told
    assert "Traceback" not in told
    assert run(environment, *COMMANDS[command], folder, shell="2> /dev/full").returncode == 0


@pytest.mark.parametrize("shell", [">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", COMMANDS)
def test_closed_streams_do_no_harm(indexed, command: str, shell: str) -> None:
    folder, environment = indexed

    done = run(environment, *COMMANDS[command], folder, shell=shell)

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert run(environment, *COMMANDS["search"], folder).returncode == 0  # nothing was printed into the catalog


@pytest.mark.parametrize("encoding", ["cp1251", "ascii"])
def test_any_encoding_of_the_terminal_will_do(indexed, encoding: str) -> None:
    folder, environment = indexed
    for command in COMMANDS.values():
        done = run(environment, *command, folder, PYTHONIOENCODING=encoding)
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr
    told = run(environment, *COMMANDS["info"], folder, PYTHONIOENCODING=encoding).stdout.decode(encoding)
    assert re.search(r"regions .*\d(×|x)\d", told)


# --- absurd arguments -----------------------------------------------------------------------------------------

LONG, DIGITS = "d" * 300, "9" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "red", "--collection", LONG],
        ["search", "red", "--collection", f"/{LONG}/{LONG}"],
        ["search", "red", "--collection", "~nosuchuser"],
        ["search", "red", "--collection", "~nosuchuser/images"],
        ["search", "red", "--collection", "DIR", "--folder", "~nosuchuser"],
        ["search", "red", "--collection", "DIR", "--folder", LONG],
        ["search", f"./a.jpg[{'1' * 5000},0,1,1]", "--collection", "DIR"],
        ["search", f"{DIGITS}:red", "--collection", "DIR"],
        ["search", "--image", f"{LONG}.png", "--collection", "DIR"],
        ["search", "--image", "~nosuchuser/a.png", "--collection", "DIR"],
        ["search", "red", "--collection", "DIR", "--csv", f"{LONG}.csv"],
        ["search", "red", "--collection", "DIR", "--top", DIGITS],
        ["search", "red", "--collection", "DIR", "--top", "-1"],
        ["search", "red", "--collection", "DIR", "--top", "²"],
        ["search", "red", "--collection", "DIR", "--shortlist", "9" * 4000],
        ["search", "red", "--collection", "DIR", "--min-side", DIGITS],
        ["search", "red", "--collection", "DIR", "--max-side", "1e400"],
        ["search", "red", "--collection", "DIR", "--from", DIGITS],
        ["search", "red", "--collection", "DIR", "--evidence", f"red={DIGITS}"],
        ["search", "red", "--collection", "DIR", "--evidence", "red=nan"],
        ["search", "red", "--collection", "DIR", "--evidence", "red=inf"],
        ["index", LONG],
        ["index", "~nosuchuser"],
        ["index", "DIR", "--add", LONG],
        ["index", "DIR", "--add", "~nosuchuser"],
        ["index", "DIR", "--watch", DIGITS],
        ["index", "DIR", "--compact", "--drop", LONG],
        ["info", "--collection", LONG],
        ["info", "--collection", "~nosuchuser"],
        ["train", "--config", LONG],
        ["train", "--config", "~nosuchuser/a.toml"],
        ["ablate", "--plan", LONG, "--output", "runs"],
        ["ablate", "--plan", "~nosuchuser", "--output", LONG],
        ["ablate", "--plan", "gone", "--output", "runs", "--table", f"{LONG}.md"],
        ["evaluate", "--captions", LONG, "--images", LONG],
        ["evaluate", "--captions", "~nosuchuser", "--images", "~nosuchuser"],
        ["evaluate", "--model", LONG, "--captions", "a.csv", "--images", "b"],
        ["evaluate", "--grounding", "--mosaics", DIGITS],
        ["evaluate", "--grounding", "--json", f"{LONG}.json"],
        ["evaluate", "--grounding", "--sheet", f"{LONG}.png"],
        ["bench", "search", "--collection", LONG],
        ["bench", "index", "--collection", LONG],
        ["bench", "search", "--collection", "DIR", "--runs", DIGITS],
        ["bench", "app", "--images", DIGITS],
    ],
    ids=lambda arguments: " ".join(arguments).replace(LONG, "LONG").replace(DIGITS, "DIGITS")[:70],
)
def test_absurd_arguments_are_one_short_fault(
    indexed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    from faami_core.cli import main

    folder, environment = indexed
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAAMI_DATA_DIR", environment["FAAMI_DATA_DIR"])
    words = [str(folder) if word == "DIR" else word for word in arguments]
    try:
        code = main(words, session_factory=lambda **_options: Session(encoder=StubEncoder()))
    except SystemExit as stop:
        code = stop.code

    told = capsys.readouterr().err
    harmless = arguments[4:5] == ["--folder"] or "--drop" in arguments
    assert code == 0 if harmless else code in {1, 2}
    assert len(told.splitlines()[-1]) < 900
    assert "Traceback" not in told


@pytest.mark.parametrize("name", [f"/tmp/{LONG}", f"/proc/{LONG}", "/dev/null/data", "/dev/null"])
def test_a_data_folder_that_cannot_be_is_one_fault(indexed, name: str) -> None:
    folder, environment = indexed
    for command in (["index", folder], ["search", "red", "--collection", folder], ["info", "--collection", folder]):
        done = run(environment, *command, FAAMI_DATA_DIR=name)
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr
        assert done.stderr.startswith(b"faami: ")


ESCAPE = "\x1b]0;owned\x07\x1b[2J"


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "red", "--collection", "DIR", "--from", ESCAPE],
        ["search", "red", "--collection", "DIR", "--evidence", ESCAPE],
        ["search", "red", "--collection", "DIR", "--top", ESCAPE],
        ["search", "red", "--collection", "DIR", "--mark", ESCAPE],
        ["search", "red", "--collection", "DIR", f"--{ESCAPE}"],
        ["search", ESCAPE, "--collection", ESCAPE],
        ["search", "red", "--collection", "DIR", "--csv", f"{ESCAPE}.jpg"],
        [ESCAPE],
        ["info", "--collection", ESCAPE],
        ["evaluate", "--captions", ESCAPE, "--images", ESCAPE],
        ["train", "--config", ESCAPE],
    ],
    ids=lambda arguments: ascii(" ".join(arguments))[:60],
)
def test_what_a_terminal_would_obey_is_never_printed_raw(
    indexed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    from faami_core.cli import main

    folder, environment = indexed
    monkeypatch.setenv("FAAMI_DATA_DIR", environment["FAAMI_DATA_DIR"])
    words = [str(folder) if word == "DIR" else word for word in arguments]
    with contextlib.suppress(SystemExit):
        main(words, session_factory=lambda **_options: Session(encoder=StubEncoder()))

    told = capsys.readouterr()
    assert told.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told.out + told.err)


def test_every_line_of_the_command_line_goes_through_the_door_that_makes_it_safe() -> None:
    for file in [ROOT / "faami_core" / "cli.py", *(ROOT / "faami_core" / "commands").glob("*.py")]:
        names = {node.id for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Name)}
        assert "print" not in names, file.name


def test_what_the_window_says_on_the_terminal_is_made_safe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault may name a tensor of a stranger's model; an unexpected error may name anything."""
    from app.crash_log import CrashLog

    log = CrashLog(tmp_path, "0")
    log.install()
    try:
        sys.excepthook(ValueError, ValueError(ESCAPE), None)
    finally:
        log.uninstall()
    told = capsys.readouterr().err
    assert "ValueError" in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told)
    for file in ("app/__main__.py", "app/application.py", "app/crash_log.py"):
        assert not re.search(r"stderr\.write|print\(|__excepthook__", (ROOT / file).read_text("utf-8")), file


# --- files ----------------------------------------------------------------------------------------------------


def test_a_csv_goes_to_standard_output_as_its_bytes(indexed) -> None:
    folder, environment = indexed

    done = run(environment, *COMMANDS["search"], folder, "--csv", "-", PYTHONIOENCODING="cp1251")

    rows = list(csv.reader(io.StringIO(done.stdout.decode("utf-8"), newline="")))
    assert rows[0][:2] == ["rank", "path"]
    assert len(rows) == 7
    assert b"re-ranked 6 of 6" in done.stderr


def test_no_file_of_the_command_line_is_replaced_without_force(indexed, tmp_path: Path) -> None:
    folder, environment = indexed
    out = tmp_path / "out.csv"
    out.write_bytes(b"precious")
    done = run(environment, *COMMANDS["search"], folder, "--csv", out)
    assert done.returncode == 1
    assert b"is there already" in done.stderr
    assert done.stdout == b""  # told before the work
    assert out.read_bytes() == b"precious"
    assert run(environment, *COMMANDS["search"], folder, "--csv", out, "--force").returncode == 0
    assert len(read_csv(out)) == 6
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"precious")
    assert (
        b"is not a name for a CSV file"
        in run(environment, *COMMANDS["search"], folder, "--csv", photo, "--force").stderr
    )
    assert photo.read_bytes() == b"precious"


def test_a_csv_for_a_spreadsheet_follows_the_choice_and_the_locale(indexed, tmp_path: Path) -> None:
    folder, environment = indexed
    for choice, delimiter in (("comma", b";"), ("point", b","), ("locale", b",")):
        out = tmp_path / f"{choice}.csv"
        done = run(environment, *COMMANDS["search"], folder, "--csv", out, "--spreadsheet", choice, LC_ALL="C")
        assert done.returncode == 0
        assert out.read_bytes().startswith(b"\xef\xbb\xbfrank" + delimiter)
        assert len(read_csv(out)) == 6


def test_json_holds_the_evidence_that_the_csv_tells(indexed) -> None:
    folder, environment = indexed
    told = json.loads(run(environment, *COMMANDS["search"], folder, "--json").stdout)
    rows = list(
        csv.DictReader(io.StringIO(run(environment, *COMMANDS["search"], folder, "--csv", "-").stdout.decode()))
    )
    for hit, row in zip(told["hits"], rows, strict=True):
        assert float(row["evidence_red"]) == pytest.approx(hit["evidence"][0])
        assert float(row["global_weight"]) == told["global_weight"]
