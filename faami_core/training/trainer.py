"""Trains a FAAMI model: retrieval over captions, evidence over masks and mosaics, over frozen or trained encoders.

Every step draws its chance from (seed, step), so a resumed run repeats an uninterrupted one number for number.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faami_core.config import TrainingConfig
from faami_core.model.faami import EncodedImages, Faami
from faami_core.model.window import Window
from faami_core.pace import Pace
from faami_core.training.checkpoint import load_state, save_state
from faami_core.training.evidence import EvidenceObjective
from faami_core.training.preparation import TrainingData
from faami_core.training.retrieval import RetrievalBatch, RetrievalObjective
from faami_core.training.schedule import learning_rate_factor
from faami_core.training.trained import Trained
from faami_core.types import CancelToken, ProgressCallback


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
        classes = {example.scene_class for example in data.train} - {""}
        self.trained = Trained(model, config, len(classes)).to(device)
        self.optimizer = torch.optim.AdamW(self.trained.parameter_groups(), betas=(0.9, 0.98))
        self.averages = {name: value.detach().clone() for name, value in self.trained.trained_parameters()}
        self.retrieval = RetrievalObjective(config, data, self.trained, device)
        self.evidence = EvidenceObjective(config, data, model.config.grid_specs, device)
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
        first = load_state(self.folder, self.trained, self.optimizer, self.averages) if resume else 0
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
                save_state(self.folder, finished, self.trained, self.optimizer, self.averages)
                saved = time.monotonic()
            if cancel is not None:
                cancel.raise_if_cancelled()
        self._swap_averages()

    def step(self, step: int) -> dict[str, float]:
        """One optimisation step; returns its losses."""
        torch.manual_seed(self.config.seed * 1_000_003 + step)  # dropout repeats on resume
        self.model.train()
        self.model.image_encoder.eval()
        self.model.text_encoder.bert.train(self.config.text_learning_rate > 0)  # its dropout
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * learning_rate_factor(step, self.steps, self.config.warmup)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            losses = self._losses(step)
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([value for _, value in self.trained.trained_parameters()], self.config.clip_norm)
        self.optimizer.step()
        self._update_averages(step)
        return {"loss": float(total.detach())} | {name: float(value.detach()) for name, value in losses.items()}

    def averaged(self) -> _Averaged:
        """Context in which the model carries its averaged weights."""
        return _Averaged(self)

    def _losses(self, step: int) -> dict[str, Tensor]:
        generator = np.random.default_rng((self.config.seed, step, 1))
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng((self.config.seed, epoch, 2)).permutation(len(self.data.train))
        order = order[place * self.config.batch_size : (place + 1) * self.config.batch_size]
        batch = self.retrieval.draw(order, generator)
        window = self._window(generator)
        images = self._images(batch, window)
        states, attended, word_of_token = self.data.states.batch(batch.captions, self.device)
        texts = self.model.encode_states(states, attended, word_of_token >= 0)
        losses = self.retrieval.losses(self.model, batch, images, texts)
        scenes = images.regions[len(batch.examples) :]
        return losses | self.evidence.losses(self.model, scenes, batch.scenes, window, step, generator)

    def _window(self, generator: np.random.Generator) -> Window | None:
        """One place for the whole batch, so that its regions have the same position embeddings."""
        side, of = self.config.window, self.config.lattice
        if not 0 < side < of:
            return None
        top, left = (int(place) for place in generator.integers(of - side + 1, size=2))
        return Window(top, left, side, of)

    def _images(self, batch: RetrievalBatch, window: Window | None) -> EncodedImages:
        numbers = batch.views * len(self.data.train) + batch.examples
        taps = self.data.train_taps.batch(numbers, self.device, window)
        if len(batch.scenes):
            scene_taps = self.data.scene_taps.batch(batch.scenes, self.device, window)
            taps = [torch.cat(pair) for pair in zip(taps, scene_taps, strict=True)]
        if self.config.channel_dropout:
            taps = [functional.dropout2d(tap, self.config.channel_dropout) for tap in taps]
        return self.model.encode_taps(taps, window)

    # --- averages and log

    def _update_averages(self, step: int) -> None:
        decay = min(self.config.ema_decay, (1 + step) / (10 + step))  # early averages must forget the random start
        with torch.no_grad():
            for name, value in self.trained.trained_parameters():
                self.averages[name].lerp_(value, 1 - decay)

    def _swap_averages(self) -> None:
        with torch.no_grad():
            for name, value in self.trained.trained_parameters():
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
