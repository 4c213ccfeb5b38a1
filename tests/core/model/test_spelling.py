"""Words that are worth offering: what a slip of the pen is, and what is none."""

from __future__ import annotations

from faami_core.config import default_model_dir
from faami_core.model.spelling import without_slips
from faami_core.session import Session

WHOLE = {"storage", "across", "bridge", "playground", "train", "trains", "store"}


def test_a_word_one_letter_away_from_a_known_one_is_a_slip() -> None:
    slips = ["storange", "acroos", "bridge", "bridege", "brigde", "playgrund", "trainss"]
    assert without_slips([*slips, *WHOLE - {"bridge"}], WHOLE) == ("bridge", *WHOLE - {"bridge"})


def test_plurals_rare_words_and_names_of_classes_are_none() -> None:
    words = ["playground", "playgrounds", "overpass", "storage", "storagetanks", "trapezoid"]
    assert without_slips(words, WHOLE) == tuple(words)


def test_a_word_is_a_slip_only_beside_a_word_that_the_model_has_seen() -> None:
    assert without_slips(["storange"], WHOLE) == ("storange",)


def test_the_shipped_model_offers_no_storange_and_keeps_rare_words() -> None:
    offered = set(Session(model=default_model_dir()).known_words())
    assert offered >= {"storage", "store", "storagetanks", "overpass", "playgrounds", "greenbelt", "rivers"}
    assert not offered & {"storange", "acroos", "bridege", "buidings", "rivier"}
