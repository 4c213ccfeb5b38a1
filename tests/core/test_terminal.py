"""Progress on a terminal and elsewhere, and what Ctrl-C does."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from faami_core.terminal import ProgressLine, cancel_on_interrupt, progress_text
from faami_core.types import Progress


def test_a_second_interrupt_breaks_off():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), cancel_on_interrupt() as cancel:
        signal.raise_signal(signal.SIGINT)
        assert cancel.cancelled
        signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before


def test_progress_is_one_line_overwritten_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with ProgressLine() as progress:
        progress(Progress("Indexing images", 1, 2))
        progress(Progress("Indexing images", 2, 2))

    told = capsys.readouterr().err
    assert "\n" not in told
    assert told.endswith("\r\x1b[K")
    assert told.count("Indexing images") == 2


def test_progress_without_a_terminal_is_a_line_a_stage_and_then_every_few_seconds(capsys):
    with ProgressLine() as progress:
        for done in range(50):
            progress(Progress("Indexing images", done, 50))

    assert capsys.readouterr().err == "Indexing images 0/50\n"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Progress("Loading the model", 0), "Loading the model"),
        (Progress("Reading the folder", 12), "Reading the folder 12"),
        (Progress("Indexing images", 120, 9828, 31.52, 308.2), "Indexing images 120/9828, 31.5/s, 5 min 8 s left"),
        (Progress("Indexing images", 9, 10, 2.0, 0.5), "Indexing images 9/10, 2.0/s, 0 s left"),
    ],
)
def test_progress_reads_as_a_sentence(step, text):
    assert progress_text(step) == text


def test_work_outside_the_main_thread_has_a_token_but_no_signal():
    tokens = []

    def work() -> None:
        with cancel_on_interrupt() as token:
            tokens.append(token)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert not tokens[0].cancelled
