"""Text encoder: a phrase → word features, with the way back from tokens to the words the analyst typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Encoding
from torch import Tensor, nn

from faami_core.config import TextEncoderConfig
from faami_core.errors import ModelError
from faami_core.model.fingerprint import NEXT_STEP, read_text
from faami_core.model.tokenizer_file import open_tokenizer
from faami_core.text import without_invisible

# Words without a place in an image. The text encoder reads them and they count in the global score; in the fine score
# they would swallow the sentence: in a first model "a" alone carried 0.70 of 0.80.
FUNCTION_WORDS = frozenset(
    """a an the this that these those it its they their there here we you i he she who which what where when while
    is are was were be been being am has have had can could may do does did will would
    and or but nor so as if than then not no
    of in on at to from by with without for into onto near nearby beside besides next between among around along
    over under above below behind through across against toward towards off out up down about inside outside
    some any each every both other others another very quite also just only too such""".split()
)
_LINKS = ("-", "'", "’", "‐", "‑")  # between letters they hold a word together, though they are tokens of their own


@dataclass(frozen=True)
class TokenBatch:
    """Tokenised phrases, padded to the longest.

    Attributes:
        ids: [B, L] int64.
        attended: [B, L] bool, False on padding; what the text encoder reads.
        scored: [B, L] bool, True on tokens that carry evidence: those of content words.
        word_of_token: [B, L] int64, index into ``words`` of the phrase, -1 where not scored.
        words: Per phrase, all words that are read, as typed, function words too.
        unread: Per phrase, the words behind its first ``max_tokens`` tokens; one that is cut in two is among them.
    """

    ids: Tensor
    attended: Tensor
    scored: Tensor
    word_of_token: Tensor
    words: list[tuple[str, ...]]
    unread: list[tuple[str, ...]]

    def to(self, device: torch.device) -> TokenBatch:
        return TokenBatch(
            self.ids.to(device),
            self.attended.to(device),
            self.scored.to(device),
            self.word_of_token,
            self.words,
            self.unread,
        )


class Tokenizer:
    """Reads a ``tokenizer.json`` that has passed its trial; phrases longer than ``max_tokens`` are cut.

    Raises:
        ModelError: if the file is missing or broken.
    """

    def __init__(self, file: Path, max_tokens: int) -> None:
        text = read_text(file)
        try:
            self._fast = open_tokenizer(text, max_tokens)
        except Exception as error:  # the binding raises bare Exception on malformed JSON
            raise ModelError(f"The tokenizer {file} cannot be read ({error}).", NEXT_STEP) from error
        self.padding_id: int = self._fast.token_to_id("[PAD]") or 0

    @property
    def tokens(self) -> int:
        """One more than the largest token id."""
        return 1 + max(self._fast.get_vocab(with_added_tokens=True).values(), default=-1)

    def __call__(self, phrases: Sequence[str]) -> TokenBatch:
        try:
            encodings = self._fast.encode_batch(list(phrases))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # where the library would abort, the binding raises what is no Exception
            raise ModelError(f"The tokenizer cannot read the phrase ({error}).", NEXT_STEP) from error
        length = max((len(encoding.ids) for encoding in encodings), default=0)
        ids = torch.full((len(encodings), length), self.padding_id, dtype=torch.int64)
        attended = torch.zeros((len(encodings), length), dtype=torch.bool)
        word_of_token = torch.full((len(encodings), length), -1, dtype=torch.int64)
        words, unread = [], []
        for row, (phrase, encoding) in enumerate(zip(phrases, encodings, strict=True)):
            count = len(encoding.ids)
            ids[row, :count] = torch.tensor(encoding.ids, dtype=torch.int64)
            attended[row, :count] = True
            read, beyond = _split_at_cut(_cut_words(phrase, encoding), count)
            _assign_tokens(read, word_of_token[row])
            words.append(tuple(word.text for word in read))
            unread.append(tuple(word.text for word in beyond))
        return TokenBatch(ids, attended, word_of_token >= 0, word_of_token, words, unread)

    def spelled(self, text: str) -> str:
        """Text as it is looked up in the vocabulary: in lower case and without accents, where the model is so."""
        return self._fast.normalizer.normalize_str(text) if self._fast.normalizer is not None else text


@dataclass
class _Word:
    """A word of a phrase, as the tokenizer cuts it.

    Attributes:
        text: As typed, without characters that nobody sees.
        end: Where it ends in the phrase.
        tokens: Places of its tokens that are letters or digits; those from the cut on are not read.
        last: Place of its last token.
    """

    text: str
    end: int
    tokens: list[int]
    last: int


def _cut_words(phrase: str, encoding: Encoding) -> list[_Word]:
    """All words of a phrase, also those beyond the cut.

    The tokenizer's own pieces decide, so that a word on screen is what the model reads: pieces that touch, or that a
    single hyphen or apostrophe links, are one word; punctuation is none.
    """
    words: list[_Word] = []
    link: str | None = ""  # what stands between the last word and here; None if that ends the word
    place = -1
    for part in (encoding, *encoding.overflowing):
        for number, (start, end) in zip(part.word_ids, part.offsets, strict=True):
            place += 1
            if number is None or start == end:  # a special token
                continue
            piece = phrase[start:end]
            if not any(character.isalnum() for character in piece):
                link = piece if link == "" and piece in _LINKS else None
                continue
            gap = phrase[words[-1].end : start] if words else " "
            if words and link is not None and without_invisible(gap) == link:
                words[-1].text += link + without_invisible(piece)
                words[-1].end, words[-1].last = end, place
                words[-1].tokens.append(place)
            else:
                words.append(_Word(without_invisible(piece), end, [place], place))
            link = ""
    return words


def _split_at_cut(words: list[_Word], cut: int) -> tuple[list[_Word], list[_Word]]:
    """The words that are read, and those that are not; a word that alone is longer than all that is read is read."""
    count = sum(word.last < cut for word in words) or min(len(words), 1)
    return words[:count], words[count:]


def _assign_tokens(words: list[_Word], word_of_token: Tensor) -> None:
    """Fills in which word each token is scored for.

    Punctuation, a word's own hyphens and function words say nothing by themselves. A phrase of function words alone
    is scored whole, since nothing else is there to look for.
    """
    has_content = [word.text.lower() not in FUNCTION_WORDS for word in words]
    for number, word in enumerate(words):
        if has_content[number] or not any(has_content):
            word_of_token[[token for token in word.tokens if token < len(word_of_token)]] = number


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
