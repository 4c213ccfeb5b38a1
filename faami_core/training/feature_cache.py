"""Features of frozen encoders, computed once and kept on disk: taps of the image backbone, and word states.

Taps are resumable: a file says how many images are done, and for which images and weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from faami_core.data.dataset import ImageSet
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.text_encoder import TextEncoder, Tokenizer
from faami_core.model.window import Window
from faami_core.pace import Pace
from faami_core.training.checkpoint import load_arrays, save_arrays
from faami_core.types import ProgressCallback

_BATCH = 32
_FLUSH_EVERY = 20  # batches; what a killed run repeats at most


class Taps(Protocol):
    """Where the trainer takes feature maps from: a cache, or an encoder that is being trained."""

    def __len__(self) -> int: ...

    def batch(
        self, numbers: npt.NDArray[np.int64], device: torch.device, window: Window | None = None
    ) -> list[Tensor]: ...


class States(Protocol):
    """Where the trainer takes word states from."""

    def words_of(self, phrase: str) -> tuple[str, ...]: ...

    def batch(self, phrases: Sequence[str], device: torch.device) -> tuple[Tensor, Tensor, Tensor]: ...


@dataclass(frozen=True)
class TapCache:
    """One fp16 array per tap, [N, C, H, W]."""

    taps: list[npt.NDArray[np.float16]]

    def __len__(self) -> int:
        return len(self.taps[0])

    def batch(
        self, numbers: npt.NDArray[np.int64], device: torch.device, window: Window | None = None
    ) -> list[Tensor]:
        """Taps of some images as float32 tensors.

        Raises:
            ValueError: if a window is asked for; what is cached is of whole images.
        """
        if window is not None:
            raise ValueError("cached taps are of whole images")
        return [torch.from_numpy(tap[numbers]).to(device=device, dtype=torch.float32) for tap in self.taps]


def cache_taps(
    folder: Path, key: str, images: ImageSet, encoder: ImageEncoder, progress: ProgressCallback | None = None
) -> TapCache:
    """Runs the backbone over a set of images, or goes on where an earlier run stopped.

    Args:
        folder: Where the arrays lie.
        key: Names images and weights; a cache with another key is made anew.
        images: The set.
        encoder: In eval mode.
        progress: Called after every batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / "state.json"
    state = json.loads(state_file.read_text()) if state_file.is_file() else {}
    done = int(state["done"]) if state.get("key") == key else 0
    shapes = [
        (len(images), channels, side, side) for channels, side in zip(encoder.channels, encoder.sides, strict=True)
    ]
    taps = [
        np.lib.format.open_memmap(
            folder / f"tap{number}.npy", mode="r+" if done else "w+", dtype=np.float16, shape=None if done else shape
        )
        for number, shape in enumerate(shapes)
    ]
    device = encoder.mean.device
    pace = Pace("Reading images through the backbone", len(images), done)
    for batch, start in enumerate(range(done, len(images), _BATCH)):
        stop = min(start + _BATCH, len(images))
        pixels = torch.from_numpy(np.stack([images.image(number) for number in range(start, stop)]))
        with torch.inference_mode():
            for tap, feature in zip(taps, encoder(pixels.to(device)), strict=True):
                tap[start:stop] = feature.to(torch.float16).cpu().numpy()
        if batch % _FLUSH_EVERY == 0 or stop == len(images):
            for tap in taps:
                tap.flush()
            state_file.write_text(json.dumps({"key": key, "done": stop}))
        if progress is not None:
            progress(pace.at(stop))
    return TapCache(list(taps))


@dataclass(frozen=True)
class StateCache:
    """Last hidden states of unique phrases.

    Attributes:
        number: Phrase → row.
        states: Per row [L, hidden] fp16.
        word_of_token: Per row [L] int64, -1 where not scored.
        words: Per row, the words.
    """

    number: dict[str, int]
    states: list[Tensor]
    word_of_token: list[Tensor]
    words: list[tuple[str, ...]]

    def save(self, file: Path) -> None:
        """Writes everything to one file, whole or not at all."""
        arrays = {
            "states": torch.cat(self.states).numpy(),
            "word_of_token": torch.cat(self.word_of_token).numpy(),
            "lengths": np.array([len(states) for states in self.states]),
        }
        save_arrays(file, arrays, [list(self.number), self.words])

    @classmethod
    def load(cls, file: Path) -> StateCache:
        """Reads what ``save`` wrote."""
        arrays, (phrases, words) = load_arrays(file)
        lengths = arrays["lengths"].tolist()
        states, word_of_token = (
            list(torch.split(torch.from_numpy(arrays[name]), lengths)) for name in ("states", "word_of_token")
        )
        number = {phrase: row for row, phrase in enumerate(phrases)}
        return cls(number, states, word_of_token, [tuple(own) for own in words])

    def words_of(self, phrase: str) -> tuple[str, ...]:
        return self.words[self.number[phrase]]

    def batch(self, phrases: Sequence[str], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """(states [M, L, hidden], attended [M, L], word_of_token [M, L]) padded to the longest phrase."""
        rows = [self.number[phrase] for phrase in phrases]
        states = torch.nn.utils.rnn.pad_sequence([self.states[row] for row in rows], batch_first=True)
        word_of_token = torch.nn.utils.rnn.pad_sequence(
            [self.word_of_token[row] for row in rows], batch_first=True, padding_value=-1
        )
        lengths = torch.tensor([len(self.states[row]) for row in rows])
        attended = torch.arange(states.shape[1]) < lengths[:, None]
        return states.to(device=device, dtype=torch.float32), attended.to(device), word_of_token.to(device)


def cache_states(
    file: Path,
    phrases: Sequence[str],
    encoder: TextEncoder,
    tokenizer: Tokenizer,
    progress: ProgressCallback | None = None,
) -> StateCache:
    """Runs the text encoder (in eval mode) over unique phrases, unless the file has them.

    Args:
        file: Its name must change with the phrases and with the encoder's weights.
        phrases: Longest go first, so that batches hold like lengths.
        encoder: In eval mode.
        tokenizer: Of the encoder.
        progress: Called after every batch.
    """
    if file.is_file():
        return StateCache.load(file)
    unique = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    device = next(encoder.parameters()).device
    cache = StateCache({}, [], [], [])
    pace = Pace("Reading captions", len(unique))
    for start in range(0, len(unique), 4 * _BATCH):
        chunk = unique[start : start + 4 * _BATCH]
        tokens = tokenizer(chunk).to(device)
        with torch.inference_mode():
            states = encoder.hidden_states(tokens.ids, tokens.attended).to(torch.float16).cpu()
        for row, phrase in enumerate(chunk):
            length = int(tokens.attended[row].sum())
            cache.number[phrase] = len(cache.states)
            cache.states.append(states[row, :length].clone())
            cache.word_of_token.append(tokens.word_of_token[row, :length].clone())
            cache.words.append(tokens.words[row])
        if progress is not None:
            progress(pace.at(start + len(chunk)))
    cache.save(file)
    return cache
