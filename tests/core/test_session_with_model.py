"""Index and search with a real, tiny FAAMI model from a checkpoint folder: the stub cannot hide a broken contract."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faami_core.cli import main
from faami_core.errors import ModelError
from faami_core.model.weights import save_checkpoint
from faami_core.queries import ImageTerm, Query, TextTerm
from faami_core.session import Session
from tests.tiny_model import tiny_model, write_tokenizer


@pytest.fixture
def checkpoint(tmp_path) -> Path:
    folder = tmp_path / "tiny"
    tokenizer = write_tokenizer(tmp_path / "tokenizer.json")
    save_checkpoint(folder, tiny_model(), tokenizer, ["storage", "tanks", "river"])
    return folder


@pytest.fixture
def session(checkpoint, image_folder) -> Session:
    opened = Session(model=checkpoint, device="cpu")
    opened.index(image_folder)
    return opened


@pytest.mark.parametrize(
    "terms",
    [
        (TextTerm("storage tanks beside a river"),),
        (TextTerm("storage tanks", 2.0), TextTerm("a river", -1.0)),
    ],
)
def test_evidence_of_a_real_model_sums_to_its_scores(session, image_folder, terms):
    result = session.search(image_folder, Query(terms))

    assert (result.gallery_size, len(result.hits)) == (12, 12)
    assert result.evidence.shape == (12, len(result.words), 20)
    np.testing.assert_allclose(result.evidence.sum(axis=(1, 2)), [hit.score_fine for hit in result.hits], atol=1e-5)
    looked_for = [index for index, word in enumerate(result.words) if word.weight]
    np.testing.assert_allclose(result.attention[:, looked_for].sum(axis=2), 1, atol=1e-5)
    for hit in result.hits:
        whole = result.global_share * hit.score_global + (1 - result.global_share) * hit.score_fine
        assert hit.score == pytest.approx(whole, abs=1e-5)
    assert sum(abs(word.weight) for word in result.words) == pytest.approx(1, abs=1e-5)


def test_an_image_of_the_collection_is_nearest_to_itself(session, image_folder):
    result = session.search(image_folder, Query((ImageTerm(image_folder / "red.png"),)))

    own = next(hit for hit in result.hits if hit.path.name == "red.png")
    assert own.score_global == pytest.approx(1, abs=2e-3)
    assert own.score_global == pytest.approx(max(hit.score_global for hit in result.hits), abs=2e-3)


def test_a_second_session_with_the_same_checkpoint_embeds_nothing(session, checkpoint, image_folder):
    report = Session(model=checkpoint, device="cpu").index(image_folder)

    assert report.unchanged == 12
    first = session.search(image_folder, Query.from_text("storage tanks"))
    again = Session(model=checkpoint, device="cpu").search(image_folder, Query.from_text("storage tanks"))
    assert [(hit.path, hit.score) for hit in first.hits] == [(hit.path, hit.score) for hit in again.hits]


def test_the_command_line_works_with_a_checkpoint(session, checkpoint, image_folder, tmp_path, capsys):
    options = ["--model", str(checkpoint), "--device", "cpu", "--collection", str(image_folder)]

    assert main(["search", "storage tanks zeppelin", *options, "--csv", str(tmp_path / "out.csv")]) == 0
    told = capsys.readouterr()

    assert len(told.out.splitlines()) == 12
    assert "never seen: zeppelin" in told.err
    assert (tmp_path / "out.csv").read_text("utf-8").count("\n") == 13


def test_a_collection_opens_and_is_browsed_before_torch_is_there(session, checkpoint, image_folder):
    code = f"""
import sys
import subprocess
import sys
from pathlib import Path
from faami_core.session import Session
opened = Session(model=Path({str(checkpoint)!r}))
folder = Path({str(image_folder)!r})
print(opened.open_collection(folder).images, len(opened.browse(folder)))
print([name for name in ("torch", "transformers", "timm") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[:2] == ["12 12", "[]"]


def test_the_words_a_model_knows_are_told_without_loading_it(checkpoint):
    (checkpoint / "model.safetensors").unlink()

    assert Session(model=checkpoint).known_words() == ("storage", "tanks", "river")


def test_a_model_without_its_tokenizer_says_so(checkpoint):
    (checkpoint / "tokenizer.json").write_text("{}")

    with pytest.raises(ModelError, match="tokenizer of the model"):
        Session(model=checkpoint).known_words()


def test_a_model_without_its_words_says_so(checkpoint):
    (checkpoint / "words.txt").unlink()

    with pytest.raises(ModelError, match="words of the model"):
        Session(model=checkpoint).known_words()
