"""Evidence losses of a step: words must light up inside their masks, captions inside their cell of a mosaic."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faami_core.config import TrainingConfig
from faami_core.data.dataset import Mosaics
from faami_core.model.cross_attention import AdditiveCrossAttention, ProjectedRegions, ProjectedTokens
from faami_core.model.faami import EncodedTexts, Faami
from faami_core.model.loss import cell_loss, mask_loss
from faami_core.model.window import Window
from faami_core.training.feature_cache import Taps
from faami_core.training.preparation import TrainingData
from faami_core.types import FloatArray, GridSpec

_MATCH_SHARPNESS = 8.0  # a cosine of ±0.5 is then a confident yes or no
_CELL_SHARPNESS = 10.0  # all evidence of a phrase in one cell makes a logit of at most 10
_SMALLEST_MOSAIC = 4  # cells; ``mosaic_batch`` counts mosaics of this size


class EvidenceObjective:
    """Draws words of scenes and cells of mosaics, and asks where their evidence lies.

    Args:
        config: Of the run.
        data: Of the run.
        grids: Region grids of the model.
        device: Where losses are computed.
    """

    def __init__(
        self, config: TrainingConfig, data: TrainingData, grids: tuple[GridSpec, ...], device: torch.device
    ) -> None:
        self._config, self._data, self._grids, self._device = config, data, grids, device
        self._cell_coverage = [
            torch.from_numpy(mosaics.cell_coverage(grids)).to(device) for mosaics, _ in data.mosaics
        ]  # [cells, R] each

    def losses(
        self,
        model: Faami,
        regions: Tensor,
        scenes: npt.NDArray[np.int64],
        window: Window | None,
        step: int,
        generator: np.random.Generator,
    ) -> dict[str, Tensor]:
        """Losses of one step; none for a model without additive evidence.

        Args:
            model: In training.
            regions: [S, R', D] of the scenes, inside the window.
            scenes: [S] their numbers.
            window: What of the scenes was shown; None for all.
            step: Mosaics of different numbers of cells take turns.
            generator: Source of chance.
        """
        alignment, losses = model.alignment, {}
        if not isinstance(alignment, AdditiveCrossAttention):
            return {}
        if len(scenes):
            projected = alignment.project_regions(regions)
            losses["mask"] = self._mask_loss(model, alignment, projected, scenes, window, generator)
        if self._config.mosaic_batch and any(len(mosaics) for mosaics, _ in self._data.mosaics):
            turn = step % len(self._data.mosaics)
            mosaics, taps = self._data.mosaics[turn]
            losses["cell"] = self._cell_loss(model, alignment, mosaics, taps, self._cell_coverage[turn], generator)
        return {name: self._config.evidence_weight * loss for name, loss in losses.items()}

    def _texts(self, model: Faami, captions: list[str]) -> tuple[EncodedTexts, Tensor]:
        with (
            torch.no_grad()
        ):  # evidence teaches the heads and the image side; words keep what retrieval says they mean
            states, attended, word_of_token = self._data.states.batch(captions, self._device)
        return model.encode_states(states, attended, word_of_token >= 0), word_of_token

    # --- masks of made scenes

    def _mask_loss(
        self,
        model: Faami,
        alignment: AdditiveCrossAttention,
        regions: ProjectedRegions,
        scenes: npt.NDArray[np.int64],
        window: Window | None,
        generator: np.random.Generator,
    ) -> Tensor:
        """Words of things that are in the scene, and as many words of things that are not."""
        asked = [
            (row, *found) for row, scene in enumerate(scenes) for found in self._scene_words(int(scene), generator)
        ]
        if not asked:
            return regions.keys.sum() * 0.0
        rows, captions, words, coverage = (list(column) for column in zip(*asked, strict=True))
        targets = torch.from_numpy(np.stack(coverage)).to(self._device)  # [P, R]
        if window is not None:
            targets = targets[:, torch.cat(window.regions(self._grids)).to(self._device)]  # [P, R']
        texts, word_of_token = self._texts(model, captions)
        tokens = alignment.project_words(texts.words, texts.scored)
        chosen = word_of_token[texts.scored] == torch.tensor(words, device=self._device)[tokens.phrase]
        picked = _select(tokens, chosen)
        row_of_token = torch.tensor(rows, device=self._device)[picked.phrase]
        attention = torch.softmax(
            alignment.sharpness * torch.einsum("prd,pd->pr", regions.keys[row_of_token], picked.queries), dim=-1
        )
        matches = torch.einsum("prd,pd->pr", regions.values[row_of_token], picked.words)
        return mask_loss(attention, matches, targets[picked.phrase], _MATCH_SHARPNESS)

    def _scene_words(self, scene: int, generator: np.random.Generator) -> Iterator[tuple[str, int, FloatArray]]:
        """(caption, number of the word in it, coverage) for every thing of a scene, and for one absent thing each."""
        for thing in self._data.scenes.things_of(scene):
            spot = self._caption_with(scene, thing.word, generator)
            if spot is not None:
                yield *spot, thing.coverage
            other = self._data.scenes.absent_thing(scene, generator)
            spot = self._caption_with(other.scene, other.word, generator) if other is not None else None
            if spot is not None:
                yield *spot, np.zeros_like(thing.coverage)

    def _caption_with(self, scene: int, word: str, generator: np.random.Generator) -> tuple[str, int] | None:
        options = []
        for caption in self._data.scenes.captions[scene]:
            words = self._data.states.words_of(caption)
            if word in words:
                options.append((caption, words.index(word)))
        return options[int(generator.integers(len(options)))] if options else None

    # --- cells of mosaics

    def _cell_loss(
        self,
        model: Faami,
        alignment: AdditiveCrossAttention,
        mosaics: Mosaics,
        taps: Taps,
        cell_coverage: Tensor,
        generator: np.random.Generator,
    ) -> Tensor:
        """Each cell's caption against the regions of its mosaic; evidence summed per cell."""
        cells = mosaics.side**2
        count = min(max(1, self._config.mosaic_batch * _SMALLEST_MOSAIC // cells), len(mosaics))
        numbers = generator.choice(len(mosaics), size=count, replace=False)
        captions = []
        for index in mosaics.members[numbers].reshape(-1):
            options = self._data.train[int(index)].captions
            captions.append(options[int(generator.integers(len(options)))])
        images = model.encode_taps(taps.batch(numbers, self._device))
        texts, _ = self._texts(model, captions)
        tokens = alignment.project_words(texts.words, texts.scored)
        evidence = alignment.evidence(alignment.project_regions(images.regions), tokens)  # [T, N, R]
        own = torch.arange(len(tokens.phrase), device=self._device)
        evidence = evidence[own, tokens.phrase // cells]  # [T, R] on the token's own mosaic
        sums = evidence.new_zeros(len(captions), cells).index_add(0, tokens.phrase, evidence @ cell_coverage.T)
        targets = torch.arange(len(captions), device=self._device) % cells
        return cell_loss(sums, targets, _CELL_SHARPNESS)


def _select(tokens: ProjectedTokens, chosen: Tensor) -> ProjectedTokens:
    return ProjectedTokens(
        tokens.queries[chosen], tokens.words[chosen], tokens.weights[chosen], tokens.phrase[chosen], tokens.phrases
    )
