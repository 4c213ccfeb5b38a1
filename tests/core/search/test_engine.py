"""The two-stage search equals brute force, explains every score, and orders ties by path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faami_core.data.image_io import read_image
from faami_core.errors import CancelledError, CollectionError, QueryError
from faami_core.evidence.parts import hit_parts
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.feature_store import Gallery, shard_folder
from faami_core.indexing.indexer import index_collection
from faami_core.queries import Filters, ImageTerm, Query, TextTerm
from faami_core.search import engine
from faami_core.search.alignment import align_query
from faami_core.search.engine import Stopwatch, scan_global, search_gallery, select_top
from faami_core.search.query import encode_query
from faami_core.types import CancelToken, SearchResult
from tests.stub_encoder import COLOURS, StubEncoder, parts_of

QUERIES = [
    Query.from_text("red"),
    Query.from_text("several red tanks beside blue water"),
    Query((TextTerm("red roof", 2.0), TextTerm("blue", -0.5), TextTerm("green"))),
    Query((TextTerm("white", -1.0),)),
]


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> tuple[Path, Gallery, StubEncoder]:
    """Two hundred images of random blocks of colour, some of them exact twins, indexed once."""
    folder = tmp_path_factory.mktemp("painted")
    rng = np.random.default_rng(3)
    colours = np.asarray(list(COLOURS.values()), dtype=np.uint8)
    for number in range(200):
        if number % 10 != 9:  # else the pixels of the image before
            cells = colours[rng.integers(0, len(colours), (4, 4))]
        Image.fromarray(cells.repeat(8, axis=0).repeat(12, axis=1)).save(folder / f"{number * 7 % 200:03d}.png")
    encoder = StubEncoder()
    index = tmp_path_factory.mktemp("index")
    with Catalog(index, create=True) as catalog:
        index_collection(catalog, folder, encoder)
        gallery = open_gallery(catalog, encoder)
    return folder, gallery, encoder


def open_gallery(catalog: Catalog, encoder: StubEncoder) -> Gallery:
    model_id = catalog.find_model(encoder.info.fingerprint)
    assert model_id is not None
    return Gallery(catalog.gallery(model_id), shard_folder(catalog.folder, encoder.info.fingerprint))


def search(painted, query: Query, **options) -> SearchResult:
    folder, gallery, encoder = painted
    return search_gallery(gallery, encoder, query, collection=folder, read_part=parts_of(read_image), **options)


def brute_force(painted, query: Query) -> dict[str, float]:
    """Every image scored alone, straight from its pixels, by the formula."""
    folder, _, encoder = painted
    terms = encode_query(query, encoder, parts_of(read_image)).terms
    scores = {}
    for path in sorted(folder.glob("*.png")):
        features = encoder.encode_images(np.asarray(Image.open(path).resize((32, 32)))[None])
        score = 0.0
        for term in terms:
            cosine = float(features.global_features[0].astype(np.float64) @ term.features.global_features)
            evidence, _ = encoder.align(term.features, features.regions, features.key_scale, features.value_scale)
            score += term.share * (encoder.global_share * cosine + (1 - encoder.global_share) * float(evidence.sum()))
        scores[path.name] = score
    return scores


@pytest.mark.parametrize("query", QUERIES)
def test_re_ranking_everything_equals_brute_force(painted, query):
    expected = brute_force(painted, query)

    result = search(painted, query, shortlist=200)

    assert (result.gallery_size, result.reranked, len(result.hits)) == (200, 200, 200)
    for hit in result.hits:
        assert hit.score == pytest.approx(expected[hit.path.name], abs=2e-5)
    order = sorted(expected, key=lambda name: (-round(expected[name], 4), name))
    found = sorted((hit.path.name for hit in result.hits), key=lambda name: (-round(expected[name], 4), name))
    assert found == order


@pytest.mark.parametrize("query", QUERIES)
def test_evidence_sums_to_the_fine_score_and_both_scores_to_the_whole(painted, query):
    result = search(painted, query, shortlist=50)

    np.testing.assert_allclose(result.evidence.sum(axis=(1, 2)), [hit.score_fine for hit in result.hits], atol=1e-5)
    np.testing.assert_allclose(result.evidence.sum(axis=2), [hit.word_evidence for hit in result.hits], atol=1e-5)
    np.testing.assert_allclose(
        [hit.score for hit in result.hits],
        [result.global_share * h.score_global + (1 - result.global_share) * h.score_fine for h in result.hits],
        atol=1e-5,
    )
    np.testing.assert_allclose(result.attention.sum(axis=2), 1, atol=1e-5)
    assert result.evidence.shape == (50, len(result.words), 20)


def test_hits_come_best_first_with_their_rank_and_ties_by_path(painted):
    result = search(painted, Query.from_text("red and blue"), shortlist=200)

    keys = [(-hit.score, bytes(hit.path)) for hit in result.hits]
    assert keys == sorted(keys)
    assert [hit.rank for hit in result.hits] == list(range(200))
    scores = [hit.score for hit in result.hits]
    assert len(set(scores)) < len(scores), "the twins must tie, or this test shows nothing"


def test_the_shortlist_holds_the_images_nearest_by_global_features(painted):
    _, gallery, encoder = painted
    query = Query.from_text("red")
    direction = encoder.encode_text("red").global_features
    nearest = np.argsort(-(gallery.global_features.astype(np.float32) @ direction), kind="stable")[:30]

    result = search(painted, query, shortlist=30)

    assert (result.reranked, result.gallery_size) == (30, 200)
    assert {hit.image_id for hit in result.hits} == set(gallery.item_ids[nearest].tolist())


def test_the_first_hits_are_the_same_whatever_the_block_sizes(painted, monkeypatch):
    whole = search(painted, QUERIES[2], shortlist=200)

    monkeypatch.setattr(engine, "IMAGE_BLOCK", 7)
    monkeypatch.setattr(engine, "_SCAN_BLOCK", 13)
    few = search(painted, QUERIES[2], shortlist=200, top=10)

    assert [hit.path for hit in few.hits] == [hit.path for hit in whole.hits[:10]]
    np.testing.assert_allclose(few.evidence, whole.evidence[:10], atol=1e-6)
    assert few.evidence.shape[0] == few.attention.shape[0] == 10


def test_top_cuts_the_hits_but_not_what_is_re_ranked(painted):
    result = search(painted, Query.from_text("red"), top=3, shortlist=100)

    assert (len(result.hits), result.reranked) == (3, 100)


def test_a_negative_term_turns_the_order_around(painted):
    wanted = search(painted, Query.from_text("red"), shortlist=200)
    unwanted = search(painted, Query((TextTerm("red", -1.0),)), shortlist=200)

    assert unwanted.hits[0].score == pytest.approx(-wanted.hits[-1].score, abs=1e-5)


def test_the_best_region_of_a_word_is_where_its_thing_is(image_folder, tmp_path, stub_encoder):
    with Catalog(tmp_path / "i", create=True) as catalog:
        index_collection(catalog, image_folder, stub_encoder)
        gallery = open_gallery(catalog, stub_encoder)
    result = search((image_folder, gallery, stub_encoder), Query.from_text("red"))
    boxes = {hit.path.stem: hit.best_regions[0] for hit in result.hits}

    assert (boxes["corner_top_left"].x, boxes["corner_top_left"].y) in {(0, 0), (12, 0), (0, 8), (12, 8)}
    assert boxes["corner_bottom_right"].x >= 24
    assert boxes["corner_bottom_right"].y >= 16
    assert all(box.x + box.width <= 48 and box.y + box.height <= 32 for box in boxes.values())
    assert result.hits[0].path.name == "red.png"


def test_the_best_region_of_a_word_that_counts_against_is_where_its_thing_is_too(
    image_folder, tmp_path, stub_encoder
):
    with Catalog(tmp_path / "i", create=True) as catalog:
        index_collection(catalog, image_folder, stub_encoder)
        gallery = open_gallery(catalog, stub_encoder)
    asked = Query((TextTerm("black"), TextTerm("red", -1.0)))
    result = search((image_folder, gallery, stub_encoder), asked)
    boxes = {hit.path.stem: hit.best_regions[1] for hit in result.hits}

    assert boxes["corner_bottom_right"].x >= 24
    assert boxes["corner_bottom_right"].y >= 16
    assert boxes["corner_bottom_left"].x < 24 <= boxes["corner_top_right"].x


def test_an_image_query_finds_the_image_itself_and_has_evidence(painted):
    folder, _, _ = painted
    result = search(painted, Query.from_image(folder / "042.png"), shortlist=200)

    twins = {hit.path.name for hit in result.hits if hit.score == result.hits[0].score}
    assert "042.png" in twins
    assert [word.text for word in result.words] == ["042.png"]
    assert result.hits[0].score_global == pytest.approx(1, abs=1e-3)


def test_text_and_image_can_be_asked_together(painted):
    folder, _, _ = painted
    result = search(painted, Query((TextTerm("red"), ImageTerm(folder / "042.png", 3.0))), shortlist=20)

    assert [word.text for word in result.words] == ["red", "042.png"]
    assert [word.weight for word in result.words] == [0.25, 0.75]


def test_a_hit_tells_which_region_of_the_query_image_matched(painted, tmp_path):
    """Red is only in the last column of the query image; hits that show red and nothing else of it match there."""
    pixels = np.zeros((32, 64, 3), dtype=np.uint8)
    pixels[:, 48:] = COLOURS["red"]
    pixels[:, :48] = (128, 128, 128)  # near to no colour
    Image.fromarray(pixels).save(tmp_path / "q.png")

    result = search(painted, Query((TextTerm("red"), ImageTerm(tmp_path / "q.png"))), shortlist=20)

    for hit in result.hits:
        assert hit.query_regions[0] is None
        region = hit.query_regions[1]
        assert region is not None
        assert 0 <= region.x < region.x + region.width <= 64
    assert {hit.query_regions[1].x for hit in result.hits[:5]} <= {32, 48}
    assert [word.term for word in result.words] == [0, 1]


def test_evidence_of_a_query_image_by_regions_equals_that_of_the_whole(painted):
    folder, gallery, encoder = painted
    query = encode_query(Query.from_image(folder / "042.png"), encoder, parts_of(read_image))
    rows = gallery.gather(np.arange(5))

    aligned = align_query(encoder, query, rows)
    evidence, attention = encoder.align(query.terms[0].features, *rows)

    np.testing.assert_allclose(aligned.evidence, evidence, atol=1e-6)
    np.testing.assert_allclose(aligned.attention, attention, atol=1e-6)


def test_only_images_that_pass_are_shortlisted_and_k_of_them_re_ranked(painted):
    _, gallery, _ = painted
    passing = np.arange(200) % 4 == 1

    every = search(painted, QUERIES[1], shortlist=200)
    result = search(painted, QUERIES[1], shortlist=200, passing=passing)
    few = search(painted, QUERIES[1], shortlist=10, passing=passing)

    allowed = set(gallery.item_ids[passing].tolist())
    assert [hit.path for hit in result.hits] == [hit.path for hit in every.hits if hit.image_id in allowed]
    assert (result.passing, result.reranked, result.gallery_size) == (50, 50, 200)
    assert (few.passing, few.reranked) == (50, 10)
    assert {hit.image_id for hit in few.hits} <= allowed


def test_when_no_image_passes_there_is_no_hit(painted):
    result = search(painted, QUERIES[0], passing=np.zeros(200, dtype=bool))

    assert (result.hits, result.passing, result.reranked) == ((), 0, 0)


def test_least_evidence_of_a_word_removes_hits_after_re_ranking(painted):
    every = search(painted, QUERIES[2], shortlist=60)
    adds = [hit_parts(every, hit.rank).words[0] for hit in every.hits]
    floor = sorted(adds)[30]
    result = search(painted, QUERIES[2], shortlist=60, filters=Filters(min_evidence=(("RED", floor),)))

    assert result.reranked == 60
    assert len(result.hits) == 30
    assert [hit.path for hit in result.hits] == [hit.path for hit in every.hits if adds[hit.rank] >= floor]
    told = float(f"{floor:.10g}")  # as a file tells it
    again = search(painted, QUERIES[2], shortlist=60, filters=Filters(min_evidence=(("red", told),)))
    assert [hit.path for hit in again.hits] == [hit.path for hit in result.hits]
    assert 0 < len(result.hits) < 60
    with pytest.raises(QueryError, match="'river', which is no word of the query"):
        search(painted, QUERIES[2], filters=Filters(min_evidence=(("river", 0.1),)))


class HalfBroken(StubEncoder):
    """Gives NaN evidence for every image that has no red at all in its first region."""

    def align(self, query, regions, key_scale, value_scale):
        evidence, attention = super().align(query, regions, key_scale, value_scale)
        return np.where((regions[:, 0, 0] == 0)[:, None, None], np.float32(np.nan), evidence), attention


def test_images_without_a_finite_score_are_left_out_and_counted_and_the_others_keep_their_order(painted):
    folder, gallery, _ = painted
    sound = search(painted, Query.from_text("red"), shortlist=200)
    result = search((folder, gallery, HalfBroken()), Query.from_text("red"), shortlist=200)
    left = {hit.path for hit in result.hits}

    assert 0 < result.unscored < 200
    assert len(left) == 200 - result.unscored
    assert [hit.path for hit in result.hits] == [hit.path for hit in sound.hits if hit.path in left]


def test_broken_global_features_are_left_out_of_the_shortlist(painted, monkeypatch):
    _, gallery, _ = painted
    spoiled = gallery.global_features.copy()
    spoiled[:5] = np.nan
    monkeypatch.setattr(gallery, "global_features", spoiled)

    result = search(painted, Query.from_text("red"), shortlist=200)

    assert (result.unscored, result.reranked, len(result.hits)) == (5, 195, 195)


def test_an_empty_gallery_and_an_empty_query_are_told(painted, tmp_path):
    (tmp_path / "empty").mkdir()
    with Catalog(tmp_path / "i", create=True) as catalog:
        index_collection(catalog, tmp_path / "empty", StubEncoder())
        gallery = open_gallery(catalog, StubEncoder())

    with pytest.raises(CollectionError, match="no image that can be searched"):
        search((tmp_path, gallery, StubEncoder()), Query.from_text("red"))
    with pytest.raises(QueryError):
        search(painted, Query.from_text("…"))


def test_a_search_can_be_cancelled(painted):
    cancel = CancelToken()
    cancel.cancel()

    with pytest.raises(CancelledError):
        search(painted, Query.from_text("red"), cancel=cancel)


def test_the_stopwatch_tells_every_stage(painted):
    watch = Stopwatch()
    result = search(painted, Query.from_text("red"), stopwatch=watch)

    assert set(watch.seconds) == {"encode", "scan", "gather", "align", "calibrate", "rank"}
    assert 0 < sum(watch.seconds.values()) <= result.seconds + 1e-3


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=40).map(lambda values: np.asarray(values, dtype=np.float32)),
    st.integers(1, 45),
)
@settings(max_examples=200, deadline=None)
def test_selecting_the_top_equals_a_stable_sort(scores, count):
    expected = np.argsort(-scores, kind="stable")[:count]

    assert sorted(select_top(scores, count).tolist()) == sorted(expected.tolist())


def test_the_scan_is_the_weighted_mean_of_cosines(painted):
    _, gallery, encoder = painted
    encoded = encode_query(QUERIES[2], encoder, parts_of(read_image))

    similarity = scan_global(gallery.global_features, encoded.direction)

    expected = sum(
        term.share * (gallery.global_features.astype(np.float64) @ term.features.global_features)
        for term in encoded.terms
    )
    np.testing.assert_allclose(similarity, expected, atol=1e-5)
