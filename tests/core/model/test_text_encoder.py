"""From a phrase to tokens and back to the words as typed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import models, normalizers, pre_tokenizers

from faami_core.errors import ModelError
from faami_core.model.text_encoder import Tokenizer, _cut_words


def test_words_come_back_as_typed_without_punctuation(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["Several STORAGE tanks, near a river."])
    assert batch.words[0] == ("Several", "STORAGE", "tanks", "near", "a", "river")


def test_pieces_belong_to_their_word(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["ships at the ship-yard"])
    assert batch.words[0] == ("ships", "at", "the", "ship-yard")
    assert batch.word_of_token[0][batch.scored[0]].tolist() == [0, 0, 3, 3]


def test_special_tokens_and_padding_are_never_scored(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["river", "many green trees near the river"])
    assert batch.scored[0].tolist() == [False, True, False, False, False, False, False, False]
    assert batch.attended[0].sum() == 3
    assert bool((batch.word_of_token[0][~batch.scored[0]] == -1).all())


def test_function_words_are_words_but_carry_no_evidence(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["the planes are parked at a terminal"])
    assert batch.words[0] == ("the", "planes", "are", "parked", "at", "a", "terminal")
    assert batch.word_of_token[0][batch.scored[0]].tolist() == [1, 3, 6]


def test_function_words_alone_are_scored_since_nothing_else_is_there(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["near the"])
    assert batch.word_of_token[0][batch.scored[0]].tolist() == [0, 1]


def test_an_unknown_word_is_kept_as_a_word(tokenizer: Tokenizer) -> None:
    assert tokenizer(["zeppelin river"]).words[0] == ("zeppelin", "river")


@pytest.mark.parametrize("phrase", ["", " ", "...", "- !"])
def test_a_phrase_without_a_word_has_no_words(tokenizer: Tokenizer, phrase: str) -> None:
    batch = tokenizer([phrase])
    assert batch.words[0] == ()
    assert not bool(batch.scored.any())


def test_a_long_phrase_is_cut(tokenizer_file: Path) -> None:
    batch = Tokenizer(tokenizer_file, 8)(["river " * 100])
    assert batch.ids.shape == (1, 8)
    assert len(batch.words[0]) == 6


def test_the_words_beyond_the_cut_are_told(tokenizer_file: Path) -> None:
    batch = Tokenizer(tokenizer_file, 8)(["river many green trees near the lake, or two-way roads", "river"])
    assert batch.words[0] == ("river", "many", "green", "trees", "near", "the")
    assert batch.unread == [("lake", "or", "two-way", "roads"), ()]


def test_a_word_that_the_cut_divides_is_told_and_not_scored(tokenizer_file: Path) -> None:
    batch = Tokenizer(tokenizer_file, 6)(["green trees near-river"])
    assert batch.words[0] == ("green", "trees")
    assert batch.unread[0] == ("near-river",)
    assert batch.word_of_token[0].tolist() == [-1, 0, 1, -1, -1, -1]


def test_a_single_word_longer_than_all_that_is_read_is_read(tokenizer_file: Path) -> None:
    batch = Tokenizer(tokenizer_file, 8)(["-".join(["river"] * 20)])
    assert len(batch.words[0]) == 1
    assert batch.scored[0].sum() == 3


@pytest.mark.parametrize("nothing", ["\u00ad", "\u200b", "\ufeff", "\u2060", "\u200e"])
def test_characters_that_nobody_sees_do_not_cut_a_word(nothing: str) -> None:
    """As BERT's own tokenizer drops them before it cuts."""
    fast = FastTokenizer(models.WordPiece({"[UNK]": 0, "storage": 1, "tanks": 2, "-": 3}, unk_token="[UNK]"))
    fast.normalizer = normalizers.BertNormalizer()
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    encoding = fast.encode(f"sto{nothing}rage {nothing}tanks{nothing}-storage")
    assert [word.text for word in _cut_words(f"sto{nothing}rage {nothing}tanks{nothing}-storage", encoding)] == [
        "storage", "tanks-storage",
    ]  # fmt: skip
    assert encoding.ids == [1, 2, 3, 1]


@given(st.text(st.sampled_from("ab é-'’_.,中\u00ad\u200b\ufeff\u0301٣"), max_size=24))
@settings(max_examples=300, deadline=None)
def test_the_words_on_screen_hold_every_letter_that_the_tokenizer_reads(text: str) -> None:
    fast = FastTokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    fast.normalizer = normalizers.BertNormalizer(strip_accents=True)
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    shown = "".join(word.text for word in _cut_words(text, fast.encode(text)))
    read = fast.normalizer.normalize_str(text)
    letters = [character for character in fast.normalizer.normalize_str(shown) if character.isalnum()]
    assert letters == [character for character in read if character.isalnum()]


def test_moving_keeps_the_tokens(tokenizer: Tokenizer) -> None:
    batch = tokenizer(["a river"])
    assert torch.equal(batch.to(torch.device("cpu")).ids, batch.ids)


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"model": 3}'])
def test_a_broken_tokenizer_file_is_a_model_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        Tokenizer(file, 48)
