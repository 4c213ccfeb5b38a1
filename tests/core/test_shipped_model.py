"""The shipped model does the main job: it loads, gives the golden numbers, finds and points at made things."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faami_core.config import default_model_dir
from faami_core.data.scenes import render_scene
from faami_core.evaluation.grounding_maps import CHANCE, EVIDENCE, Grounder
from faami_core.evaluation.grounding_scenes import measure_scenes
from faami_core.model.encoder import FaamiEncoder
from faami_core.model.weights import load_checkpoint
from faami_core.queries import ImageTerm, Query
from faami_core.session import Session
from tests.tiny_model import formula_image, load_golden

SIZE_LIMIT = 48_000_000


@pytest.fixture(scope="module")
def encoder() -> FaamiEncoder:
    return FaamiEncoder.load(default_model_dir(), "cpu")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of each of eight kinds, unlike those of training."""
    from faami_core.data.image_io import save_image

    folder = tmp_path_factory.mktemp("scenes")
    for kind in ("airport", "storage_tanks", "port", "baseball_field", "forest", "beach", "parking", "stadium"):
        for seed in (41, 42):
            save_image(folder / f"{kind}_{seed}.jpg", render_scene(kind, seed).pixels)
    return folder


@pytest.fixture(scope="module")
def session(encoder: FaamiEncoder, collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    opened = Session(encoder=encoder, data_dir=tmp_path_factory.mktemp("data"))
    report = opened.index(collection)
    assert (report.added, report.unreadable) == (16, ())
    return opened


def test_the_checkpoint_is_compact_and_documented() -> None:
    folder = default_model_dir()
    assert sum(file.stat().st_size for file in folder.iterdir()) <= SIZE_LIMIT
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "RSICD" in card
    assert "terms" in card.lower()


def test_scores_equal_the_golden_numbers(encoder: FaamiEncoder) -> None:
    golden = load_golden("shipped_model")
    assert encoder.info.fingerprint == golden["fingerprint"], "a new checkpoint needs new golden numbers"
    features = encoder.encode_images(formula_image(encoder.info.image_size)[None])
    for text, wanted in golden["scores"].items():  # type: ignore[attr-defined]
        query = encoder.encode_text(text)
        evidence, _ = encoder.align(query, features.regions, features.key_scale, features.value_scale)
        cosine = float(features.global_features[0].astype(np.float32) @ query.global_features)
        assert [cosine, *evidence[0].sum(axis=1)] == pytest.approx(wanted, abs=2e-3)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("planes parked at the terminal", "airport"),
        ("several storage tanks", "storage_tanks"),
        ("many boats in a port", "port"),
        ("a baseball field next to trees", "baseball_field"),
        ("a dense forest with many green trees", "forest"),
        ("yellow beach near the ocean", "beach"),
        ("many cars in a parking lot", "parking"),
        ("a large stadium", "stadium"),
    ],
)
def test_a_query_finds_its_kind_first(session: Session, collection: Path, text: str, kind: str) -> None:
    result = session.search(collection, Query.from_text(text))
    assert result.reranked == result.gallery_size == 16
    assert {hit.path.stem.rsplit("_", 1)[0] for hit in result.hits[:2]} == {kind}


def test_an_image_finds_its_sibling(session: Session, collection: Path) -> None:
    result = session.search(collection, Query((ImageTerm(collection / "stadium_41.jpg"),)))
    assert {hit.path.stem for hit in result.hits[:2]} == {"stadium_41", "stadium_42"}


def test_evidence_sums_to_the_score_of_every_hit(session: Session, collection: Path) -> None:
    result = session.search(collection, Query.from_text("two planes near a runway"))
    for hit, evidence in zip(result.hits, result.evidence, strict=True):
        assert float(evidence.sum()) == pytest.approx(hit.score_fine, abs=1e-5)
        share = result.global_share
        assert share * hit.score_global + (1 - share) * hit.score_fine == pytest.approx(hit.score, abs=1e-5)


@pytest.mark.slow
def test_evidence_points_far_better_than_chance() -> None:
    report = measure_scenes(Grounder(load_checkpoint(default_model_dir()), "cpu"), count=14, seed=0)
    assert report.pointing[EVIDENCE].value > 2 * report.pointing[CHANCE].value
    assert report.strength.value > 0.85
