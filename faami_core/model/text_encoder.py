"""Text encoder: a phrase → word features, with the way back from tokens to the words the analyst typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer as FastTokenizer
from torch import Tensor, nn

from faami_core.config import TextEncoderConfig
from faami_core.errors import ModelError

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


@dataclass(frozen=True)
class TokenBatch:
    """Tokenised phrases, padded to the longest.

    Attributes:
        ids: [B, L] int64.
        attended: [B, L] bool, False on padding; what the text encoder reads.
        scored: [B, L] bool, True on tokens of words; special tokens and punctuation carry no evidence.
        word_of_token: [B, L] int64, index into ``words`` of the phrase, -1 where not scored.
        words: Per phrase, the words as typed.
    """

    ids: Tensor
    attended: Tensor
    scored: Tensor
    word_of_token: Tensor
    words: list[tuple[str, ...]]

    def to(self, device: torch.device) -> TokenBatch:
        return TokenBatch(
            self.ids.to(device), self.attended.to(device), self.scored.to(device), self.word_of_token, self.words
        )


class Tokenizer:
    """Reads a ``tokenizer.json``; phrases longer than ``max_tokens`` are cut.

    Raises:
        ModelError: if the file is missing or broken.
    """

    def __init__(self, file: Path, max_tokens: int) -> None:
        try:
            self._fast = FastTokenizer.from_str(file.read_text(encoding="utf-8"))
        except Exception as error:  # the binding raises bare Exception on malformed JSON
            raise ModelError(
                f"The tokenizer {file} cannot be read ({error}).", "Copy the model folder again."
            ) from error
        self._fast.no_padding()
        self._fast.enable_truncation(max_tokens)
        self._padding_id = self._fast.token_to_id("[PAD]") or 0

    def __call__(self, phrases: Sequence[str]) -> TokenBatch:
        encodings = self._fast.encode_batch(list(phrases))
        length = max((len(encoding.ids) for encoding in encodings), default=0)
        ids = torch.full((len(encodings), length), self._padding_id, dtype=torch.int64)
        attended = torch.zeros((len(encodings), length), dtype=torch.bool)
        word_of_token = torch.full((len(encodings), length), -1, dtype=torch.int64)
        words = []
        for row, (phrase, encoding) in enumerate(zip(phrases, encodings, strict=True)):
            count = len(encoding.ids)
            ids[row, :count] = torch.tensor(encoding.ids, dtype=torch.int64)
            attended[row, :count] = True
            spans = [match.span() for match in _WORD.finditer(phrase)]
            for token, (start, end) in enumerate(encoding.offsets):
                owners = [word for word, (first, last) in enumerate(spans) if first <= start < last]
                # Special tokens have empty offsets; punctuation and a word's own hyphens say nothing by themselves.
                if owners and any(character.isalnum() for character in phrase[start:end]):
                    word_of_token[row, token] = owners[0]
            kept = sorted(set(word_of_token[row].tolist()) - {-1})
            for word, old in enumerate(kept):
                word_of_token[row][word_of_token[row] == old] = word
            words.append(tuple(phrase[slice(*spans[old])] for old in kept))
        return TokenBatch(ids, attended, word_of_token >= 0, word_of_token, words)


class TextEncoder(nn.Module):
    """A BERT-family encoder and its projection to width D.

    Args:
        config: The encoder's own architecture.
        width: D.

    Raises:
        ModelError: if ``transformers`` cannot build the architecture.
    """

    def __init__(self, config: TextEncoderConfig, width: int) -> None:
        super().__init__()
        # Imported here: transformers costs seconds, and tokenising alone does not need it.
        import transformers

        library: Any = transformers  # its factories carry no types

        try:
            architecture = library.AutoConfig.for_model(**config.architecture)
            self.bert = library.AutoModel.from_config(architecture, add_pooling_layer=False)
        except Exception as error:  # unknown model types and bad numbers surface as many kinds of exception
            raise ModelError(f"The text encoder cannot be built from its config ({error}).") from error
        hidden = int(architecture.hidden_size)
        self.word_projection = nn.Linear(hidden, width)
        self.word_norm = nn.LayerNorm(width)
        self.global_projection = nn.Linear(hidden, width)

    def hidden_states(self, ids: Tensor, attended: Tensor) -> Tensor:
        """[B, L] ids → [B, L, hidden], the encoder's last layer; what a feature cache stores."""
        states: Tensor = self.bert(input_ids=ids, attention_mask=attended.to(torch.int64)).last_hidden_state
        return states

    def project(self, states: Tensor, attended: Tensor) -> tuple[Tensor, Tensor]:
        """[B, L, hidden] → words [B, L, D] and the phrase as a whole [B, D], not normalised."""
        weights = attended.to(states.dtype).unsqueeze(-1)
        mean = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp_min(1.0)  # [B, hidden]
        return self.word_norm(self.word_projection(states)), self.global_projection(mean)

    def forward(self, ids: Tensor, attended: Tensor) -> tuple[Tensor, Tensor]:
        return self.project(self.hidden_states(ids, attended), attended)
