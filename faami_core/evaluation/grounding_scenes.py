"""Does a word light up its thing, and nothing where the thing is absent? Measured on made scenes with pixel masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from faami_core.data.dataset import SceneImages, scene_things
from faami_core.data.scenes import Scene, render_collection
from faami_core.evaluation.grounding_maps import Answer, Grounder, Question, View
from faami_core.evaluation.grounding_metrics import (
    Figure,
    Mask,
    auc_figure,
    average_precision,
    inside_share,
    mean_figure,
    peak_inside,
)
from faami_core.evidence.heatmap import grid_to_pixels
from faami_core.pace import Pace
from faami_core.types import MATCHED_FROM, CancelToken, GridSpec, ProgressCallback


@dataclass(frozen=True)
class SceneReport:
    """Words of made scenes.

    Attributes:
        scenes: How many.
        pointing, inside, average_precision: By map, over the words whose thing is there: brightest pixel in the mask,
            share of what is lit that lies in the mask, pixels ranked by the map against the mask.
        absence: By map, ROC-AUC of the brightest value: things that are there against things that are not.
        strength: The same of the word's strength, by which the screen says matched or missing.
        matched_present, matched_absent: Share of words that the screen would call matched.
    """

    scenes: int
    pointing: dict[View, Figure]
    inside: dict[View, Figure]
    average_precision: dict[View, Figure]
    absence: dict[View, Figure]
    strength: Figure
    matched_present: Figure
    matched_absent: Figure


@dataclass(frozen=True)
class _Asked:
    """A word asked in a scene; ``mask`` is None where its thing is absent."""

    scene: int
    answer: Answer
    mask: Mask | None


def measure_scenes(
    grounder: Grounder,
    *,
    count: int,
    seed: int,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> SceneReport:
    """Asks every scene for each of its things, and for as many things of other scenes that it does not show.

    A thing is always asked for by the first caption of its own scene that names it, so present and absent things are
    asked for in the same words; the rest of an absent thing's caption is mostly absent as well.
    """
    scenes = _render(grounder, count, seed, progress, cancel)
    asked: list[_Asked] = []
    pace = Pace("Pointing at named things", count)
    for number, questions in enumerate(scene_questions(scenes, grounder.grids, seed)):
        if cancel is not None:
            cancel.raise_if_cancelled()
        answers = grounder.look(scenes[number].pixels).answer([question for question, _ in questions])
        asked += [_Asked(number, answer, mask) for answer, (_, mask) in zip(answers, questions, strict=True)]
        if progress is not None:
            progress(pace.at(number + 1))
    return _report(grounder, count, asked)


def scene_questions(
    scenes: list[Scene], grids: tuple[GridSpec, ...], seed: int
) -> Iterator[list[tuple[Question, Mask | None]]]:
    """For each scene what it is asked for, with the mask of the thing, or None for a thing it does not show."""
    images = SceneImages(
        [scene.pixels for scene in scenes],
        [scene.captions for scene in scenes],
        [thing for number, scene in enumerate(scenes) for thing in scene_things(number, scene, grids)],
    )
    generator = np.random.default_rng(seed)
    for number, scene in enumerate(scenes):
        questions: list[tuple[Question, Mask | None]] = []
        for word, mask in scene.masks.items():
            questions.append((_question(scene, word), mask))
            absent = images.absent_thing(number, generator)
            if absent is not None:
                questions.append((_question(scenes[absent.scene], absent.word), None))
        yield questions


def _question(scene: Scene, word: str) -> Question:
    return Question(next(caption for caption in scene.captions if word in caption.split()), word)


def _render(
    grounder: Grounder, count: int, seed: int, progress: ProgressCallback | None, cancel: CancelToken | None
) -> list[Scene]:
    scenes = []
    pace = Pace("Making scenes", count)
    for scene in render_collection(count, seed, size=grounder.image_size):
        if cancel is not None:
            cancel.raise_if_cancelled()
        scenes.append(scene)
        if progress is not None:
            progress(pace.at(len(scenes)))
    return scenes


def _report(grounder: Grounder, count: int, asked: list[_Asked]) -> SceneReport:
    present = [(entry, entry.mask) for entry in asked if entry.mask is not None]
    absent = [entry for entry in asked if entry.mask is None]
    groups = np.array([entry.scene for entry, _ in present], dtype=np.int64)
    absent_groups = np.array([entry.scene for entry in absent], dtype=np.int64)
    pointing, inside, precision, absence = {}, {}, {}, {}
    for view in grounder.views:
        drawn = ((grid_to_pixels(entry.answer.maps[view], *mask.shape), mask) for entry, mask in present)
        table = np.array(
            [[measure(*pair) for measure in (peak_inside, inside_share, average_precision)] for pair in drawn]
        ).reshape(-1, 3)
        pointing[view], inside[view], precision[view] = (mean_figure(column, groups) for column in table.T)
        there = np.array([entry.answer.brightest[view] for entry, _ in present])
        missing = np.array([entry.answer.brightest[view] for entry in absent])
        absence[view] = auc_figure(there, groups, missing, absent_groups)
    strong = np.array([entry.answer.strength for entry, _ in present], dtype=np.float64)
    weak = np.array([entry.answer.strength for entry in absent], dtype=np.float64)
    return SceneReport(
        scenes=count,
        pointing=pointing,
        inside=inside,
        average_precision=precision,
        absence=absence,
        strength=auc_figure(strong, groups, weak, absent_groups),
        matched_present=mean_figure((strong >= MATCHED_FROM).astype(np.float64), groups),
        matched_absent=mean_figure((weak >= MATCHED_FROM).astype(np.float64), absent_groups),
    )
