"""The command line from end to end over a stub model: outputs, messages and exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from faami_core import __version__
from faami_core.cli import main
from faami_core.data.scenes import write_collection
from faami_core.errors import DeviceMemoryError
from faami_core.search.csv_reading import read_csv
from faami_core.session import Session
from tests.faults.index_tools import rot_a_row
from tests.stub_encoder import StubEncoder


def run(*arguments: object, encoder: StubEncoder | None = None) -> int:
    def session(**_options: object) -> Session:
        return Session(encoder=encoder or StubEncoder())

    return main([str(argument) for argument in arguments], session_factory=session)


@pytest.fixture
def indexed(image_folder, capsys) -> Path:
    assert run("index", image_folder) == 0
    capsys.readouterr()
    return image_folder


def test_the_version_is_told_fast_and_without_torch():
    code = (
        "import sys; from faami_core import cli\ntry: cli.main(['--version'])\nfinally: print('torch' in sys.modules)"
    )
    started = time.monotonic()

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["faami-explorer", __version__, "False"]
    assert time.monotonic() - started < 5


def test_indexing_tells_what_it_did_and_lists_unreadable_files(image_folder, capsys):
    (image_folder / "bad.png").write_bytes(b"no")

    code = run("index", image_folder)
    told = capsys.readouterr()

    assert code == 0
    assert "13 images seen" in told.out
    assert "13 new, 0 changed, 0 removed, 0 unchanged" in told.out
    assert "12 indexed, 1 unreadable, 0 offline" in told.out
    assert (
        f"unreadable: {image_folder / 'bad.png'}: 'bad.png' is not an image in a known format: it is text."
        in told.out
    )
    assert "Indexing images 0/13" in told.err


def test_many_unreadable_files_are_summed_up(tmp_path, capsys):
    for number in range(15):
        (tmp_path / f"{number:02d}.png").write_bytes(b"no")

    assert run("index", tmp_path) == 0
    assert "… and 5 more unreadable files" in capsys.readouterr().out


def test_indexing_again_does_nothing_and_retry_is_an_option(indexed, capsys):
    encoder = StubEncoder()

    assert run("index", indexed, "--retry", encoder=encoder) == 0
    assert "12 unchanged" in capsys.readouterr().out
    assert encoder.images_encoded == 0


def test_verify_tells_what_was_damaged_and_made_anew(indexed, own_data_dir, capsys):
    rot_a_row(own_data_dir)

    assert run("search", "red", "--collection", indexed) == 0
    assert "1 images with damaged features were left out; index again" in capsys.readouterr().err
    assert run("info", "--collection", indexed) == 0
    assert "1 wait to be embedded again" in capsys.readouterr().out
    assert run("index", indexed, "--verify") == 0
    assert "1 embedded again because their stored features were lost or damaged" in capsys.readouterr().out
    assert run("index", indexed, "--verify") == 0
    assert "embedded again" not in capsys.readouterr().out


def test_compacting_tells_what_it_saved_and_embeds_nothing(indexed, capsys):
    (indexed / "red.png").unlink()
    encoder = StubEncoder()
    assert run("index", indexed) == 0
    capsys.readouterr()

    assert run("index", indexed, "--compact", encoder=encoder) == 0

    told = capsys.readouterr().out
    assert "2 files before, 1 now" in told
    assert "; 1 rows dropped" in told
    assert encoder.images_encoded == 0


def test_folders_and_patterns_are_kept_from_one_run_to_the_next(indexed, tmp_path, capsys):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "beside.png")
    (indexed / "drafts").mkdir()
    Image.new("RGB", (8, 8), "blue").save(indexed / "drafts" / "one.png")

    assert run("index", indexed, "--add", tmp_path / "more") == 1
    assert "does not exist" in capsys.readouterr().err
    (tmp_path / "more").mkdir()
    (tmp_path / "beside.png").rename(tmp_path / "more" / "beside.png")
    assert run("index", indexed, "--add", tmp_path / "more", "--exclude", "drafts", "corner_*") == 0
    assert "9 images seen" in capsys.readouterr().out
    assert run("index", indexed) == 0
    assert "9 unchanged" in capsys.readouterr().out
    assert run("info", "--collection", indexed) == 0
    assert f"with {tmp_path / 'more'}" in capsys.readouterr().out
    assert run("index", indexed, "--drop", tmp_path / "more", "--exclude") == 0
    assert "13 images seen" in capsys.readouterr().out


def test_a_search_prints_ranked_paths_with_the_words_they_matched(indexed, capsys):
    code = run("search", "red zeppelin", "--collection", indexed, "--top", 3)
    told = capsys.readouterr()

    lines = told.out.splitlines()
    assert code == 0
    assert len(lines) == 3
    assert re.match(r"   1 +-?0\.\d{4}  .*red\.png  \[.*red.*\]$", lines[0])
    assert "words the model has never seen: zeppelin" in told.err
    assert "re-ranked 12 of 12 in" in told.err


def test_a_search_prints_json(indexed, capsys):
    assert run("search", "red", "--collection", indexed, "--json") == 0

    told = json.loads(capsys.readouterr().out)
    assert told["hits"][0]["rank"] == 1
    assert told["hits"][0]["path"] == str(indexed / "red.png")
    (word,) = told["words"]
    assert 0.05 <= word.pop("matched_from") <= 0.3
    assert word == {"text": "red", "weight": 1.0, "known": True, "term": 0}
    assert told["query"] == "red"
    assert len(told["hits"]) == told["gallery_size"] == told["reranked"] == 12
    hit, weight = told["hits"][3], told["global_weight"]
    assert weight * hit["score_global"] + sum(hit["evidence"]) == pytest.approx(hit["score"], abs=1e-5)


def test_a_search_writes_csv_equal_to_what_it_prints(indexed, tmp_path, capsys):
    assert run("search", "red", "--collection", indexed, "--csv", tmp_path / "out.csv", "--top", 5) == 0

    printed = [line.split()[2] for line in capsys.readouterr().out.splitlines()]
    assert [str(row.path) for row in read_csv(tmp_path / "out.csv")] == printed
    assert (tmp_path / "out.csv-metadata.json").is_file()


def test_an_example_image_can_be_asked_for_alone_and_with_words(indexed, capsys):
    assert run("search", "--image", indexed / "blue.png", "--collection", indexed, "--top", 1) == 0
    assert "blue.png" in capsys.readouterr().out
    assert run("search", "green", "--image", indexed / "blue.png", "--collection", indexed, "--top", 4) == 0
    assert "green.png" in capsys.readouterr().out


def test_terms_of_a_typed_line_count_for_and_against(indexed, capsys):
    assert run("search", f"2:red - {indexed}/corner_top_left.png", "--collection", indexed, "--top", 1) == 0
    assert "red.png" in capsys.readouterr().out


def test_filters_choose_what_is_searched_and_how_many_pass_is_told(indexed, capsys):
    options = ("--name", "corner_*", "--min-side", 32, "--from", "2020-01-01", "--mark", "unmarked")

    assert run("search", "red", "--collection", indexed, *options) == 0

    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 4
    assert "re-ranked 4 of 4 that pass the filters of 12" in told.err
    assert run("search", "red", "--collection", indexed, "--evidence", "red=0.5") == 0
    assert len(capsys.readouterr().out.splitlines()) == 5  # red itself and the four with a red corner


def test_duplicates_are_printed_once_on_request(indexed, capsys):
    (indexed / "copy.png").write_bytes((indexed / "red.png").read_bytes())
    run("index", indexed)
    capsys.readouterr()

    assert run("search", "red", "--collection", indexed, "--group", "exact") == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    assert lines[0].endswith("(and 1 like it)")


def test_a_fault_is_one_sentence_and_a_next_step_and_exit_code_one(image_folder, capsys):
    code = run("search", "red", "--collection", image_folder)
    told = capsys.readouterr()

    assert code == 1
    assert told.out == ""
    assert "has not been indexed yet" in told.err
    assert "faami index" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["fly"], ["index"], ["search", "red"], ["bench", "x"]),
        *(["search", "red", "--collection", "x", *more] for more in (["--top", "0"], ["--from", "May"])),
        *(["search", "red", "--collection", "x", *more] for more in (["--evidence", "red"], ["--mark", "good"])),
    ],
)
def test_wrong_usage_is_exit_code_two(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        run(*arguments)

    assert left.value.code == 2
    assert "usage: faami" in capsys.readouterr().err


def test_an_empty_query_is_a_fault(indexed, capsys):
    assert run("search", "--collection", indexed) == 1
    assert "The query is empty." in capsys.readouterr().err


def test_info_tells_about_model_and_collection(indexed, capsys, own_data_dir):
    assert run("info", "--collection", indexed) == 0

    told = capsys.readouterr().out
    assert "fingerprint  " + "5" * 64 in told
    assert "regions fine 4×4, coarse 2×2; width 16" in told
    assert str(own_data_dir) in told
    assert "12 of 12 images indexed with this model, 0 unreadable, 0 offline" in told
    assert "last indexed 20" in told


def test_bench_prints_median_and_stages(indexed, capsys):
    assert run("bench", "search", "--collection", indexed, "--runs", 4, "--query", "red", "--query", "blue") == 0

    told = capsys.readouterr().out
    assert "12 images, re-ranked 12, 4 runs" in told
    assert re.search(r"p50 \d+\.\d ms, p95 \d+\.\d ms", told)
    assert all(stage in told for stage in ("encode", "scan", "gather", "align", "rank"))


def test_bench_tells_when_file_names_have_no_classes_to_play_feedback_with(indexed, capsys):
    assert run("bench", "feedback", "--collection", indexed) == 1
    assert "tell no classes" in capsys.readouterr().err


def test_bench_of_a_folder_asks_for_one(capsys):
    assert run("bench", "search") == 1
    assert "--collection DIR" in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 1])
def test_bench_of_the_window_runs_beside_a_made_collection_and_ends_as_it_ends(
    own_data_dir, monkeypatch, capsys, code
):
    asked = []

    def window(command, *, env, check):
        collection, fresh = map(Path, command[3:5])
        data_dir = Path(env["FAAMI_DATA_DIR"])
        images = Session(encoder=StubEncoder(), data_dir=data_dir).open_collection(collection).images
        asked.append((command[:3], images, len(list(fresh.iterdir())) > 0, command[-3:]))
        return SimpleNamespace(returncode=code)

    def draw_three(folder, _count, **settings):
        write_collection(folder, 3, **settings)

    monkeypatch.setattr("faami_core.indexing.stand_in.write_collection", draw_three)
    stub = SimpleNamespace(load=lambda _folder, _device: StubEncoder())
    monkeypatch.setitem(sys.modules, "faami_core.model.encoder", SimpleNamespace(FaamiEncoder=stub))
    monkeypatch.setattr(subprocess, "run", window)
    assert run("bench", "app", "--images", 60, "--runs", 5, "--json") == code
    assert asked == [([sys.executable, "-m", "app.bench"], 60, True, ["--runs", "5", "--json"])]
    assert list((own_data_dir / "bench").iterdir()) == []


def test_bench_prints_json(indexed, capsys):
    assert run("bench", "search", "--collection", indexed, "--runs", 3, "--json") == 0

    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == 3
    assert 0 < told["p50_ms"] <= told["p95_ms"]


@pytest.mark.parametrize("json_asked", [True, False])
def test_bench_of_the_indexer_prints_it_beside_the_bare_model(image_folder, monkeypatch, capsys, json_asked):
    class Stub(StubEncoder):
        @classmethod
        def load(cls, _folder: Path, _device: str) -> StubEncoder:
            return cls()

        def run_backbone(self, images) -> None:
            self.encode_images(images)

        def bare_backbone(self):
            return self.run_backbone

    monkeypatch.setitem(sys.modules, "faami_core.model.encoder", SimpleNamespace(FaamiEncoder=Stub))

    assert run("bench", "index", "--collection", image_folder, *(["--json"] if json_asked else [])) == 0
    told = capsys.readouterr().out
    assert json.loads(told)["images"] == 12 if json_asked else "12 images" in told


def test_an_index_run_that_went_on_on_the_cpu_says_so(image_folder, capsys):
    class Full(StubEncoder):
        def encode_images(self, images):
            if self.info.device == "cuda":
                raise DeviceMemoryError("full")
            return super().encode_images(images)

    assert run("index", image_folder, encoder=Full(device="cuda")) == 0
    assert "'cuda' is full" in capsys.readouterr().out


def test_interrupting_keeps_the_work_and_exits_with_130(tmp_path, capsys):
    for number in range(60):
        Image.new("RGB", (32, 32), "red").save(tmp_path / f"{number:02d}.png")

    class Interrupted(StubEncoder):
        """Ctrl-C is pressed while the third batch is encoded."""

        def encode_images(self, images):
            if self.images_encoded == 16:
                signal.raise_signal(signal.SIGINT)
            return super().encode_images(images)

    interrupted = Interrupted()

    code = run("index", tmp_path, encoder=interrupted)
    told = capsys.readouterr()

    assert code == 130
    assert "run the same command to go on" in told.err
    assert interrupted.images_encoded == 24
    rest = StubEncoder()
    assert run("index", tmp_path, encoder=rest) == 0
    assert rest.images_encoded == 36


def test_an_interrupt_during_a_search_is_exit_code_130(indexed, monkeypatch, capsys):
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "search", interrupted)

    assert run("search", "red", "--collection", indexed) == 130
    assert "cancelled" in capsys.readouterr().err


def test_odd_names_are_printed_without_control_characters(tmp_path, capsys):
    Image.new("RGB", (32, 32), "red").save(tmp_path / os.fsdecode(b"new\nline\xff\x1b[31m.png"))
    assert run("index", tmp_path) == 0
    capsys.readouterr()

    assert run("search", "red", "--collection", tmp_path) == 0
    told = capsys.readouterr().out

    assert len(told.splitlines()) == 1
    assert "\x1b" not in told
    assert "new\\nline" in told


def test_a_fault_of_the_program_ends_with_a_code_and_says_where_it_happened(indexed, monkeypatch, capsys):
    def fail(*_arguments, **_options):
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    monkeypatch.setattr(Session, "search", fail)

    assert run("search", "red", "--collection", indexed) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "faami: unexpected error: Python int too large" in told
