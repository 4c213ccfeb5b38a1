"""Trains the heads of a FAAMI model over frozen encoders: retrieval over captions, evidence over masks and mosaics.

Every step draws its chance from (seed, step), so a resumed run repeats an uninterrupted one number for number.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from faami_core.config import TrainingConfig
from faami_core.model.cross_attention import AdditiveCrossAttention, ProjectedRegions, ProjectedTokens
from faami_core.model.faami import EncodedImages, EncodedTexts, Faami
from faami_core.model.loss import cell_loss, contrastive_loss, mask_loss, ranking_loss
from faami_core.pace import Pace
from faami_core.training.checkpoint import load_state, save_state
from faami_core.training.preparation import TrainingData
from faami_core.training.schedule import learning_rate_factor
from faami_core.types import CancelToken, ProgressCallback

_INITIAL_TEMPERATURE = 0.07  # of both contrastive losses, then learned
_MATCH_SHARPNESS = 8.0  # a cosine of ±0.5 is then a confident yes or no
_CELL_SHARPNESS = 10.0  # all evidence of a phrase in one cell makes a logit of at most 10


class Heads(nn.Module):
    """What is trained: the model without its frozen encoders, and the temperatures of the losses.

    Args:
        model: The encoders inside it are not registered here, so that state and gradients leave them out.
    """

    def __init__(self, model: Faami) -> None:
        super().__init__()
        self.connection = model.connection
        self.enhancement = model.enhancement
        self.global_projection = model.global_projection
        self.word_projection = model.text_encoder.word_projection
        self.word_norm = model.text_encoder.word_norm
        self.text_global_projection = model.text_encoder.global_projection
        if model.alignment is not None:
            self.alignment = model.alignment
        self.log_temperatures = nn.Parameter(torch.full((2,), float(np.log(_INITIAL_TEMPERATURE))))


@dataclass(frozen=True)
class RetrievalBatch:
    """Numbers of train images (view by view) and scenes, one caption each, and which captions fit which images."""

    images: npt.NDArray[np.int64]
    scenes: npt.NDArray[np.int64]
    captions: list[str]
    positives: Tensor


class Trainer:
    """One run.

    Args:
        config: Of the run.
        model: With starting weights; trained in place.
        data: From ``preparation.prepare``.
        validate: Called with the averaged model after every epoch; returns figures for the log.
        device: Where heads are trained.
    """

    def __init__(
        self,
        config: TrainingConfig,
        model: Faami,
        data: TrainingData,
        validate: Callable[[Faami], dict[str, float]],
        device: torch.device,
    ) -> None:
        self.config, self.model, self.data, self.validate, self.device = config, model, data, validate, device
        self.folder = Path(config.output)
        self.heads = Heads(model).to(device)
        matrices = [parameter for parameter in self.heads.parameters() if parameter.ndim >= 2]
        others = [parameter for parameter in self.heads.parameters() if parameter.ndim < 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
        )
        self.averages = {name: value.detach().clone() for name, value in self.heads.named_parameters()}
        coverage = data.mosaics.cell_coverage(model.config.grid_specs)
        self.mosaic_coverage = torch.from_numpy(coverage).to(device)  # [cells, R]
        self.steps_per_epoch = len(data.train) // min(config.batch_size, len(data.train))
        self.steps = self.steps_per_epoch * config.epochs

    def run(
        self, *, resume: bool = False, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
    ) -> None:
        """Trains to the end of the last epoch and leaves the averaged weights in the model.

        Raises:
            TrainingError: if there is nothing to resume.
            CancelledError: if cancelled; the state is on disk.
        """
        first = load_state(self.folder, self.heads, self.optimizer, self.averages) if resume else 0
        pace = Pace("Training", self.steps, first)
        saved = time.monotonic()
        for step in range(first, self.steps):
            figures = self.step(step)
            finished = step + 1
            if finished % self.steps_per_epoch == 0:
                with self.averaged():
                    figures |= self.validate(self.model)
            self._log({"step": finished, "epoch": finished / self.steps_per_epoch, **figures})
            if progress is not None:
                progress(replace(pace.at(finished), stage=f"Training, loss {figures['loss']:.3f}"))
            stop = cancel is not None and cancel.cancelled
            minutes = (time.monotonic() - saved) / 60
            if stop or finished == self.steps or minutes >= self.config.checkpoint_minutes:
                save_state(self.folder, finished, self.heads, self.optimizer, self.averages)
                saved = time.monotonic()
            if cancel is not None:
                cancel.raise_if_cancelled()
        self._swap_averages()

    def step(self, step: int) -> dict[str, float]:
        """One optimisation step; returns its losses."""
        torch.manual_seed(self.config.seed * 1_000_003 + step)  # dropout repeats on resume
        self.model.train()
        self.model.image_encoder.eval()
        self.model.text_encoder.bert.eval()
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * learning_rate_factor(step, self.steps, self.config.warmup)
        losses = self._losses(step)
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.heads.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self._update_averages(step)
        return {"loss": float(total.detach())} | {name: float(value.detach()) for name, value in losses.items()}

    def averaged(self) -> _Averaged:
        """Context in which the model carries its averaged weights."""
        return _Averaged(self)

    def _losses(self, step: int) -> dict[str, Tensor]:
        generator = np.random.default_rng((self.config.seed, step, 1))
        batch = self._retrieval_batch(step, generator)
        images = self._images(batch)
        losses = self._retrieval_losses(images, self._texts(batch.captions)[0], batch.positives)
        alignment = self.model.alignment
        if isinstance(alignment, AdditiveCrossAttention):
            weight = self.config.evidence_weight
            if len(batch.scenes):
                regions = alignment.project_regions(images.regions[len(batch.images) :])
                losses["mask"] = weight * self._mask_loss(alignment, regions, batch.scenes, generator)
            if self.config.mosaic_batch and len(self.data.mosaics):
                losses["cell"] = weight * self._cell_loss(alignment, generator)
        return losses

    # --- retrieval

    def _retrieval_batch(self, step: int, generator: np.random.Generator) -> RetrievalBatch:
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self.config.seed, epoch, 2)).permutation(len(self.data.train))
        examples = order[place * self.config.batch_size : (place + 1) * self.config.batch_size]
        views = generator.integers(self.config.views, size=len(examples))
        count = min(self.config.scene_batch, len(self.data.scenes))
        scenes = (
            generator.choice(len(self.data.scenes), size=count, replace=False) if count else np.empty(0, np.int64)
        )
        own = [self.data.train[int(index)].captions for index in examples]
        own += [self.data.scenes.captions[int(index)] for index in scenes]
        captions = [captions[int(generator.integers(len(captions)))] for captions in own]
        # Identical sentences are positives of each other's images; so is any caption that an image also carries.
        positives = torch.tensor([[caption in known for caption in captions] for known in map(set, own)])
        return RetrievalBatch(views * len(self.data.train) + examples, scenes, captions, positives.to(self.device))

    def _images(self, batch: RetrievalBatch) -> EncodedImages:
        taps = self.data.train_taps.batch(batch.images, self.device)
        if len(batch.scenes):
            scene_taps = self.data.scene_taps.batch(batch.scenes, self.device)
            taps = [torch.cat(pair) for pair in zip(taps, scene_taps, strict=True)]
        return self.model.encode_taps(taps)

    def _texts(self, captions: list[str]) -> tuple[EncodedTexts, Tensor]:
        states, attended, word_of_token = self.data.states.batch(captions, self.device)
        return self.model.encode_states(states, attended, word_of_token >= 0), word_of_token

    def _retrieval_losses(self, images: EncodedImages, texts: EncodedTexts, positives: Tensor) -> dict[str, Tensor]:
        sharpness = torch.exp(-self.heads.log_temperatures).clamp(max=100.0)
        whole = images.global_features @ texts.global_features.T
        losses = {"global": contrastive_loss(sharpness[0] * whole, positives)}
        fine, margin = [], []
        for block in torch.split(torch.randperm(len(positives)).to(self.device), self.config.fine_batch):
            similarities = self.model.similarities(images.take(block), texts.take(block))
            own = positives[block][:, block]
            if similarities.fine_scores is not None:
                fine.append(contrastive_loss(sharpness[1] * similarities.fine_scores, own))
            if self.config.margin_weight > 0:
                combined = similarities.combined(self.model.config.global_share)
                margin.append(ranking_loss(combined, own, self.config.margin))
        if fine:
            losses["fine"] = torch.stack(fine).mean()
        if margin:
            losses["margin"] = self.config.margin_weight * torch.stack(margin).mean()
        return losses

    # --- evidence

    def _mask_loss(
        self,
        alignment: AdditiveCrossAttention,
        regions: ProjectedRegions,
        scenes: npt.NDArray[np.int64],
        generator: np.random.Generator,
    ) -> Tensor:
        """Words of things that are in the scene, and as many words of things that are not."""
        captions, words, rows, coverage = [], [], [], []
        for row, scene in enumerate(scenes):
            for caption, word, target in self._scene_words(int(scene), generator):
                captions.append(caption)
                words.append(word)
                rows.append(row)
                coverage.append(target)
        if not captions:
            return regions.keys.sum() * 0.0
        texts, word_of_token = self._texts(captions)
        tokens = alignment.project_words(texts.words, texts.scored)
        chosen = word_of_token[texts.scored] == torch.tensor(words, device=self.device)[tokens.phrase]
        row_of_token = torch.tensor(rows, device=self.device)[tokens.phrase]
        picked = _select(tokens, chosen)
        pairs = ProjectedRegions(
            regions.keys[row_of_token[chosen]], regions.values[row_of_token[chosen]]
        )  # [P, R, D]
        attention = torch.softmax(
            alignment.sharpness * torch.einsum("prd,pd->pr", pairs.keys, picked.queries), dim=-1
        )
        matches = torch.einsum("prd,pd->pr", pairs.values, picked.words)
        targets = torch.from_numpy(np.stack(coverage)).to(self.device)[picked.phrase]
        return mask_loss(attention, matches, targets, _MATCH_SHARPNESS)

    def _scene_words(
        self, scene: int, generator: np.random.Generator
    ) -> Iterator[tuple[str, int, npt.NDArray[np.float32]]]:
        """(caption, number of the word in it, coverage) for every thing of a scene, and for one absent thing each."""
        for thing in self.data.scenes.things_of(scene):
            spot = self._caption_with(scene, thing.word, generator)
            if spot is not None:
                yield *spot, thing.coverage
            other = self.data.scenes.absent_thing(scene, generator)
            spot = self._caption_with(other.scene, other.word, generator) if other is not None else None
            if spot is not None:
                yield *spot, np.zeros_like(thing.coverage)

    def _caption_with(self, scene: int, word: str, generator: np.random.Generator) -> tuple[str, int] | None:
        options = []
        for caption in self.data.scenes.captions[scene]:
            words = self.data.states.words[self.data.states.number[caption]]
            if word in words:
                options.append((caption, words.index(word)))
        return options[int(generator.integers(len(options)))] if options else None

    def _cell_loss(self, alignment: AdditiveCrossAttention, generator: np.random.Generator) -> Tensor:
        """Each cell's caption against the regions of its mosaic; evidence summed per cell."""
        count = min(self.config.mosaic_batch, len(self.data.mosaics))
        chosen = generator.choice(len(self.data.mosaics), size=count, replace=False)
        cells = self.data.mosaics.side**2
        captions = []
        for index in self.data.mosaics.members[chosen].reshape(-1):
            options = self.data.train[int(index)].captions
            captions.append(options[int(generator.integers(len(options)))])
        images = self.model.encode_taps(self.data.mosaic_taps.batch(chosen, self.device))
        texts, _ = self._texts(captions)
        tokens = alignment.project_words(texts.words, texts.scored)
        evidence = alignment.evidence(alignment.project_regions(images.regions), tokens)  # [T, N, R]
        own = torch.arange(len(tokens.phrase), device=self.device)
        evidence = evidence[own, tokens.phrase // cells]  # [T, R] on the token's own mosaic
        sums = evidence.new_zeros(len(captions), cells).index_add(0, tokens.phrase, evidence @ self.mosaic_coverage.T)
        targets = torch.arange(len(captions), device=self.device) % cells
        return cell_loss(sums, targets, _CELL_SHARPNESS)

    # --- averages and log

    def _update_averages(self, step: int) -> None:
        decay = min(self.config.ema_decay, (1 + step) / (10 + step))  # early averages must forget the random start
        with torch.no_grad():
            for name, value in self.heads.named_parameters():
                self.averages[name].lerp_(value, 1 - decay)

    def _swap_averages(self) -> None:
        with torch.no_grad():
            for name, value in self.heads.named_parameters():
                current = value.detach().clone()
                value.copy_(self.averages[name])
                self.averages[name] = current

    def _log(self, figures: dict[str, float]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({name: round(value, 6) for name, value in figures.items()}) + "\n")


class _Averaged:
    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer

    def __enter__(self) -> None:
        self._trainer._swap_averages()
        self._trainer.model.eval()

    def __exit__(self, *_: object) -> None:
        self._trainer._swap_averages()


def _select(tokens: ProjectedTokens, chosen: Tensor) -> ProjectedTokens:
    return ProjectedTokens(
        tokens.queries[chosen], tokens.words[chosen], tokens.weights[chosen], tokens.phrase[chosen], tokens.phrases
    )
