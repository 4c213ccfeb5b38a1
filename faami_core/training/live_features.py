"""Features of encoders that are being trained: computed at every step, from random views made on the device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from faami_core.data.dataset import ImageSet
from faami_core.data.transforms import BRIGHTNESS, CONTRAST
from faami_core.model.image_encoder import ImageEncoder
from faami_core.model.text_encoder import TextEncoder, Tokenizer
from faami_core.model.window import Window
from faami_core.pace import Pace
from faami_core.types import ByteArray, ProgressCallback

_ZOOM = (0.8, 1.4)  # of ground that a random view shows against a window of its size, up to the whole image
_TINT = 0.1  # by which a random view's red, green and blue are stronger or weaker
_BLOCK = 16  # images that a CPU encodes at once: larger blocks leave its cache between two layers
_CHUNK = 1024  # phrases tokenised at once
_LENGTHS = 4  # groups of phrases of similar length: one long caption must not pad all others to its length


class StoredImages:
    """An image set held in memory as uint8, read once."""

    def __init__(self, images: ImageSet, progress: ProgressCallback | None = None) -> None:
        self._pixels: list[ByteArray] = []
        pace = Pace("Reading images", len(images))
        for number in range(len(images)):
            self._pixels.append(images.image(number))
            if progress is not None:
                progress(pace.at(number + 1))

    def __len__(self) -> int:
        return len(self._pixels)

    def image(self, number: int) -> ByteArray:
        return self._pixels[number]


class LiveTaps:
    """Pixels through the image encoder at every step.

    Args:
        images: The set.
        encoder: Trained meanwhile.
        turned: [N] bool, which images may be turned and flipped; None shows every image as it is.
    """

    def __init__(self, images: ImageSet, encoder: ImageEncoder, turned: npt.NDArray[np.bool_] | None = None) -> None:
        self._images, self._encoder, self._turned = images, encoder, turned

    def __len__(self) -> int:
        return len(self._images)

    def batch(
        self, numbers: npt.NDArray[np.int64], device: torch.device, window: Window | None = None
    ) -> list[Tensor]:
        """Taps of some images; random views draw from torch's generator."""
        pixels = torch.from_numpy(np.stack([self._images.image(int(number)) for number in numbers]))
        if self._turned is not None:
            side = pixels.shape[1] if window is None else pixels.shape[1] * window.side // window.of
            turned = torch.from_numpy(self._turned[numbers])
            pixels = random_views(pixels.to(device), side, turned)
        elif window is not None:
            rows, columns = window.pixels(pixels.shape[1])
            pixels = pixels[:, rows, columns]
        blocks = torch.split(pixels.to(device), _BLOCK if device.type == "cpu" else len(pixels))
        return [torch.cat(parts) for parts in zip(*map(self._encoder, blocks), strict=True)]


def random_views(pixels: Tensor, side: int, turned: Tensor) -> Tensor:
    """A random square view of each image: place, zoom, turn, flip, brightness and contrast, in one resampling.

    Args:
        pixels: [B, H, H, 3] uint8.
        side: Of the views, at most H; at zoom 1 a pixel shows as much ground as before.
        turned: [B] bool, which images may be turned and flipped.

    Returns:
        [B, side, side, 3] float in 0 … 255.
    """
    count, height = pixels.shape[:2]
    zoom = torch.empty(count).uniform_(*_ZOOM)
    share = (zoom * side / height).clamp(max=1.0)  # of the image's side that the view shows
    shift = (torch.rand(count, 2) * 2 - 1) * (1 - share)[:, None]
    operations = torch.randint(8, (count,)) * turned.cpu()
    transforms = torch.zeros(count, 2, 3)
    transforms[:, :, :2] = _TURNS[operations] * share[:, None, None]
    transforms[:, :, 2] = shift
    places = functional.affine_grid(transforms, [count, 3, side, side], align_corners=False).to(pixels.device)
    images = pixels.permute(0, 3, 1, 2).float()
    views = functional.grid_sample(images, places, padding_mode="reflection", align_corners=False)
    contrast = 1 + torch.empty(count, 1, 1, 1).uniform_(-CONTRAST, CONTRAST)
    tint = 1 + torch.empty(count, 3, 1, 1).uniform_(-_TINT, _TINT)
    brightness = 255 * torch.empty(count, 1, 1, 1).uniform_(-BRIGHTNESS, BRIGHTNESS)
    views = views * tint.to(views.device)
    views = (views - 127.5) * contrast.to(views.device) + 127.5 + brightness.to(views.device)
    return views.clamp(0, 255).permute(0, 2, 3, 1)


def _turns() -> Tensor:
    quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    flip = torch.tensor([[-1.0, 0.0], [0.0, 1.0]])
    turns = [torch.linalg.matrix_power(quarter, count) for count in range(4)]
    return torch.stack(turns + [turn @ flip for turn in turns])


_TURNS = _turns()  # [8, 2, 2]; 0 is the identity


class LiveStates:
    """Phrases through the text encoder at every step; they are tokenised once."""

    def __init__(self, phrases: Sequence[str], encoder: TextEncoder, tokenizer: Tokenizer) -> None:
        self._encoder = encoder
        self._padding = tokenizer.padding_id
        self._number: dict[str, int] = {}
        self._ids: list[Tensor] = []
        self._word_of_token: list[Tensor] = []
        self._words: list[tuple[str, ...]] = []
        unique = sorted(set(phrases))
        for start in range(0, len(unique), _CHUNK):
            tokens = tokenizer(unique[start : start + _CHUNK])
            for row, phrase in enumerate(unique[start : start + _CHUNK]):
                length = int(tokens.attended[row].sum())
                self._number[phrase] = len(self._ids)
                self._ids.append(tokens.ids[row, :length].clone())
                self._word_of_token.append(tokens.word_of_token[row, :length].clone())
                self._words.append(tokens.words[row])

    def words_of(self, phrase: str) -> tuple[str, ...]:
        return self._words[self._number[phrase]]

    def batch(self, phrases: Sequence[str], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """(states [M, L, hidden], attended [M, L], word_of_token [M, L]) padded to the longest phrase."""
        rows = [self._number[phrase] for phrase in phrases]
        lengths = torch.tensor([len(self._ids[row]) for row in rows])
        longest = int(lengths.max())
        word_of_token = pad_sequence([self._word_of_token[row] for row in rows], batch_first=True, padding_value=-1)
        attended = torch.arange(longest) < lengths[:, None]
        order = torch.argsort(lengths, stable=True)
        parts = [
            functional.pad(states, (0, 0, 0, longest - states.shape[1]))
            for states in (self._states([rows[place] for place in part], device) for part in order.chunk(_LENGTHS))
        ]
        states = torch.cat(parts)[torch.argsort(order).to(device)]
        return states, attended.to(device), word_of_token.to(device)

    def _states(self, rows: list[int], device: torch.device) -> Tensor:
        """[M, L, hidden] of phrases of about one length."""
        ids = pad_sequence([self._ids[row] for row in rows], batch_first=True, padding_value=self._padding)
        attended = torch.arange(ids.shape[1]) < torch.tensor([len(self._ids[row]) for row in rows])[:, None]
        return self._encoder.hidden_states(ids.to(device), attended.to(device))
