"""What is measured through a session, on images whose names tell their class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faami_core import bench
from faami_core.bench import class_of, feedback_curve, percentile_ms
from faami_core.errors import CollectionError
from faami_core.session import Session
from tests.stub_encoder import COLOURS, StubEncoder


def test_percentiles_are_nearest_ranks():
    seconds = [number / 1000 for number in range(1, 11)]

    assert percentile_ms(seconds, 50) == 5
    assert percentile_ms(seconds, 95) == 10
    assert percentile_ms([0.002], 95) == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [("airport_12.jpg", "airport"), ("00123.jpg", ""), ("oil_tank_3.png", "oil_tank"), ("sea.tif", "sea")],
)
def test_the_class_is_what_stands_before_the_number(name, told):
    assert class_of(Path("/x") / name) == told


def test_marks_raise_precision_for_a_query_that_starts_poorly(tmp_path, monkeypatch):
    """Two classes of twenty images among sixty of a third kind; one is asked for by a word nobody knows."""
    rng = np.random.default_rng(0)
    for colour, count in (("magenta", 20), ("cyan", 20), ("", 60)):
        for number in range(count):
            pixels = np.zeros((32, 32, 3), dtype=np.uint8)
            pixels[:] = COLOURS[colour] if colour else COLOURS[rng.choice(["red", "green", "blue", "white"])]
            pixels[: rng.integers(4, 12)] = COLOURS[rng.choice(list(COLOURS))]
            Image.fromarray(pixels).save(tmp_path / f"{colour}_{number}.png")
    session = Session(encoder=StubEncoder())
    session.index(tmp_path)
    monkeypatch.setattr(bench, "VAGUE_QUERIES", {"magenta": "something"})

    report = feedback_curve(session, tmp_path)

    groups = report.numbers["groups"]
    assert [(entry["class"], entry["kind"]) for entry in report.numbers["queries"]] == [
        ("cyan", "name"),
        ("magenta", "name"),
        ("magenta", "vague"),
    ]
    poor = groups["starting poorly"]["all_hits"]
    assert len(poor) == 4
    assert poor[0] < 0.5 < poor[-1]
    assert groups["asked by name"]["fell"] == 0
    assert "precision@20" in report.text


def test_names_without_classes_cannot_be_measured(image_folder):
    session = Session(encoder=StubEncoder())
    session.index(image_folder)

    with pytest.raises(CollectionError, match="tell no classes"):
        feedback_curve(session, image_folder)
