"""Marks move the query towards what was wanted, and every score stays the sum of its evidence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from faami_core.data.image_io import read_image
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.feature_store import Gallery, shard_folder
from faami_core.indexing.indexer import index_collection
from faami_core.queries import Feedback, ImageTerm, Query, TextTerm
from faami_core.search import feedback
from faami_core.search.engine import search_gallery
from faami_core.search.feedback import moved_query
from faami_core.search.query import encode_query
from tests.stub_encoder import COLOURS, StubEncoder, parts_of


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Forty images: each half one colour and half another, named after both."""
    folder, index = tmp_path_factory.mktemp("mixed"), tmp_path_factory.mktemp("index")
    names = list(COLOURS)
    for number in range(40):
        first, second = names[number % 8], names[(number + 1 + number // 8) % 8]
        pixels = np.zeros((32, 32, 3), dtype=np.uint8)
        pixels[:, :16], pixels[:, 16:] = COLOURS[first], COLOURS[second]
        Image.fromarray(pixels).save(folder / f"{first}_{second}_{number}.png")
    encoder = StubEncoder()
    with Catalog(index, create=True) as catalog:
        index_collection(catalog, folder, encoder)
        model_id = catalog.find_model(encoder.info.fingerprint)
        gallery = Gallery(catalog.gallery(model_id), shard_folder(catalog.folder, encoder.info.fingerprint))
    return folder, gallery, encoder


def search(mixed, query, feedback=Feedback()):  # noqa: B008  (frozen)
    folder, gallery, encoder = mixed
    return search_gallery(
        gallery, encoder, query, collection=folder, read_part=parts_of(read_image), feedback=feedback
    )


def marked(result, wanted: str, first: int) -> Feedback:
    """What an analyst who wants one colour marks among the first hits."""
    hits = result.hits[:first]
    return Feedback(
        tuple(hit.image_id for hit in hits if wanted in hit.path.name),
        tuple(hit.image_id for hit in hits if wanted not in hit.path.name),
    )


def found(result, wanted: str, first: int = 10) -> int:
    return sum(wanted in hit.path.name for hit in result.hits[:first])


def test_a_query_that_starts_poorly_finds_more_after_each_round_of_marks(mixed):
    query = Query.from_text("something quite unknown")
    result = search(mixed, query)
    counts = [found(result, "magenta")]
    for _ in range(3):
        result = search(mixed, query, marked(result, "magenta", 10))
        counts.append(found(result, "magenta"))

    assert counts[-1] > counts[0]
    assert counts[-1] >= 8


def test_marked_images_gain_and_lose_against_the_query_alone(mixed):
    query = Query.from_text("red")
    before = search(mixed, query)
    wanted, unwanted = before.hits[5].image_id, before.hits[3].image_id

    after = search(mixed, query, Feedback((wanted,), (unwanted,)))

    rank = {hit.image_id: hit.rank for hit in after.hits}
    assert rank[wanted] < rank[unwanted]
    assert after.feedback == Feedback((wanted,), (unwanted,))


@pytest.mark.parametrize(
    "terms",
    [
        (TextTerm("red blue"),),
        (TextTerm("red"), TextTerm("green blue", -2.0)),
        (TextTerm("red"), TextTerm("red", -1.0)),
    ],
)
def test_scores_stay_the_sum_of_their_evidence_and_words_keep_the_weight_of_their_term(mixed, terms):
    query = Query(terms)
    before = search(mixed, query)
    after = search(mixed, query, marked(before, "blue", 12))

    np.testing.assert_allclose(after.evidence.sum(axis=(1, 2)), [hit.score_fine for hit in after.hits], atol=1e-5)
    np.testing.assert_allclose(
        [hit.score for hit in after.hits],
        [after.global_share * h.score_global + (1 - after.global_share) * h.score_fine for h in after.hits],
        atol=1e-5,
    )
    assert sum(abs(word.weight) for word in after.words) == pytest.approx(1, abs=1e-5)
    assert [np.sign(word.weight) for word in after.words] == [np.sign(word.weight) for word in before.words]


def test_a_word_seen_in_wanted_images_gains_weight_and_one_that_counts_against_loses_it(mixed):
    _, gallery, encoder = mixed
    names = {item: path.decode() for item, path in zip(gallery.item_ids.tolist(), gallery.paths, strict=True)}
    feedback = Feedback(
        tuple(item for item, name in names.items() if "green_" in name),
        tuple(item for item, name in names.items() if "green_" not in name),
    )

    def weights(query: Query) -> dict[str, float]:
        encoded = encode_query(query, encoder, parts_of(read_image))
        return {word.text: abs(word.weight) for word in moved_query(encoded, feedback, gallery, encoder).words}

    wanted = weights(Query.from_text("green white"))
    unwanted = weights(Query((TextTerm("green white", -1.0),)))
    assert wanted["green"] > 2 * wanted["white"]
    assert unwanted["white"] > 2 * unwanted["green"]


def test_without_marks_or_with_marks_of_lost_images_nothing_moves(mixed):
    query = Query.from_text("red")

    assert search(mixed, query, Feedback((10**6,), (-3,))).hits == search(mixed, query).hits


def test_an_image_query_is_moved_too_and_still_tells_which_region_matched(mixed):
    folder, _, _ = mixed
    query = Query((ImageTerm(next(folder.glob("cyan_*.png"))),))
    before = search(mixed, query)
    feedback = marked(before, "cyan", 20)

    after = search(mixed, query, feedback)

    def mean_rank(result) -> float:
        return float(np.mean([hit.rank for hit in result.hits if hit.image_id in feedback.wanted]))

    assert mean_rank(after) < mean_rank(before)
    assert all(hit.query_regions[0] is not None for hit in after.hits)


def test_many_marked_images_weigh_the_words_as_if_they_were_read_in_one_block(mixed, monkeypatch):
    _, gallery, encoder = mixed
    ids = gallery.item_ids.tolist()
    marks = Feedback(tuple(ids[:23]), tuple(ids[23:]))
    query = encode_query(Query((TextTerm("red green"), TextTerm("blue", -0.5))), encoder, parts_of(read_image))

    def weights(block: int) -> list[float]:
        monkeypatch.setattr(feedback, "IMAGE_BLOCK", block)
        return [word.weight for word in moved_query(query, marks, gallery, encoder).words]

    whole = weights(64)
    assert whole != pytest.approx([word.weight for word in query.words], abs=1e-2)
    for block in (1, 7, 22):
        assert weights(block) == pytest.approx(whole, abs=1e-6)
