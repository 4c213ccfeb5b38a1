"""The maps that are compared: evidence, raw attention, Grad-CAM of the global score, and chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
import torch
from torch import Tensor

from faami_core.evaluation.grad_cam import grad_cam
from faami_core.evidence.maps import region_density
from faami_core.model.encoder import FaamiEncoder, as_sentence
from faami_core.model.weights import Checkpoint
from faami_core.types import ByteArray, FloatArray, GridSpec, ImageFeatures, QueryWord, ScaleView

View = tuple[str, str]  # kind of map, scale
EVIDENCE: View = ("evidence", "both")
CHANCE: View = ("chance", "any")
GRAD_CAM: View = ("grad_cam", "global")


@dataclass(frozen=True)
class Question:
    """A caption, or one word of it, that an image is asked for."""

    caption: str
    word: str | None = None


@dataclass(frozen=True)
class WordMaps:
    """What the words of a phrase light up in an image: evidence and attention as [L, R]."""

    words: tuple[QueryWord, ...]
    evidence: FloatArray
    attention: FloatArray

    def index(self, word: str) -> int:
        """Number of the first word that reads so.

        Raises:
            ValueError: if the phrase has no such word.
        """
        return [entry.text for entry in self.words].index(word)


@dataclass(frozen=True)
class Answer:
    """All maps for one question.

    Attributes:
        maps: [H, W] each, on its own grid.
        strength: Of the asked word (see ``QueryWord.strength``), or None for a whole caption.
        brightest: Of each map, as a number that can be compared between images and words: evidence is freed from the
            word's weight.
    """

    maps: dict[View, FloatArray]
    strength: float | None
    brightest: dict[View, float]


class Grounder:
    """Looks at one image at a time and answers any number of questions about it, through the encoder of search.

    Args:
        checkpoint: With additive evidence.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        ModelError: if the model has no evidence or the device is not there.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto") -> None:
        self._encoder = FaamiEncoder(checkpoint, device)
        self._model = checkpoint.model.eval()
        self._encode_text = lru_cache(maxsize=None)(self._encoder.encode_text)

    @property
    def image_size(self) -> int:
        return self._encoder.info.image_size

    @property
    def grids(self) -> tuple[GridSpec, ...]:
        return self._encoder.info.grids

    @property
    def views(self) -> tuple[View, ...]:
        """Every map of an answer, in the order of the tables."""
        scales = ["both", *(grid.scale for grid in self.grids)] if len(self.grids) > 1 else ["both"]
        return (*((kind, scale) for kind in ("evidence", "attention") for scale in scales), GRAD_CAM, CHANCE)

    def look(self, pixels: ByteArray) -> LookedAt:
        """[size, size, 3] uint8 → an image that can be asked."""
        images = torch.from_numpy(pixels[None]).to(self._model.image_encoder.mean.device)
        with torch.no_grad():
            taps = self._model.image_encoder(images)
        return LookedAt(self, self._encoder.encode_images(pixels[None]), taps)

    def words(self, features: ImageFeatures, phrase: str) -> WordMaps:
        """Evidence and attention of a phrase in one image."""
        query = self._encode_text(phrase)
        evidence, attention = self._encoder.align(query, features.regions, features.key_scale, features.value_scale)
        return WordMaps(query.words, evidence[0], attention[0])

    def grad_cam(self, taps: list[Tensor], phrases: Sequence[str]) -> FloatArray:
        """[P, H, W], see ``grad_cam.grad_cam``."""
        whole = np.stack([self._encode_text(as_sentence(phrase)).global_features for phrase in phrases])
        return grad_cam(self._model, taps, torch.from_numpy(whole).to(taps[0].device))


@dataclass(frozen=True)
class LookedAt:
    """An image once encoded: set once, asked often."""

    grounder: Grounder
    features: ImageFeatures
    taps: list[Tensor]

    def words(self, phrase: str) -> WordMaps:
        """Evidence and attention of a phrase."""
        return self.grounder.words(self.features, phrase)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """All maps for every question. Grad-CAM knows no words; it is asked for the word as a phrase of its own."""
        if not questions:
            return []
        cams = self.grounder.grad_cam(self.taps, [question.word or question.caption for question in questions])
        return [self._answer(question, cam) for question, cam in zip(questions, cams, strict=True)]

    def _answer(self, question: Question, cam: FloatArray) -> Answer:
        found = self.words(question.caption)
        strength = None
        if question.word is None:
            weights = np.array([word.weight for word in found.words], dtype=np.float32)
            evidence, attention, weight = found.evidence.sum(axis=0), weights @ found.attention, 1.0
        else:
            number = found.index(question.word)
            word = found.words[number]
            evidence, attention, weight = found.evidence[number], found.attention[number], word.weight
            strength = word.strength(float(evidence.sum()))
        values = {"evidence": evidence, "attention": attention}
        maps = {
            (kind, scale): cam if kind == GRAD_CAM[0] else np.ones((1, 1), dtype=np.float32)
            for kind, scale in self.grounder.views
        }
        maps |= {
            view: region_density(values[view[0]], self.grounder.grids, cast("ScaleView", view[1]))
            for view in maps
            if view[0] in values
        }
        brightest = {
            view: float(grid.max()) / (weight if view[0] == "evidence" else 1.0) for view, grid in maps.items()
        }
        return Answer(maps, strength, brightest)
