"""The part of ``Session`` that explains answers: where, why, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from faami_core.errors import CollectionError
from faami_core.explanation import ScoreParts, TrustReport
from faami_core.queries import NO_FEEDBACK, Query
from faami_core.types import (
    CancelToken,
    FloatArray,
    MapKind,
    Match,
    ScaleView,
    SearchResult,
)
from faami_core.workplace import Workplace

if TYPE_CHECKING:
    from faami_core.indexing.feature_store import Gallery


class Explain(Workplace):
    """What ``Session`` offers from the evidence of a result; not used alone."""

    # --- where and why (any thread) ------------------------------------------------------------------------

    def heatmap(
        self,
        result: SearchResult,
        hit: int,
        *,
        word: int | None = None,
        scale: ScaleView = "both",
        kind: MapKind = "evidence",
        size: tuple[int, int] | None = None,
    ) -> FloatArray:
        """Where a hit matched.

        Args:
            result: From ``search``.
            hit: Rank, 0-based.
            word: Index of the word, or None for the whole query.
            scale: One scale or both.
            kind: Evidence, or raw attention.
            size: (height, width) to which the map is brought bilinearly; None for its own grid.

        Returns:
            [H, W] density: its mean is the evidence of the word.
        """
        from faami_core.evidence.heatmap import grid_to_pixels
        from faami_core.evidence.maps import hit_map

        grid = hit_map(result, hit, word, scale=scale, kind=kind)
        return grid if size is None else grid_to_pixels(grid, *size)

    def heatmap_limit(
        self,
        result: SearchResult,
        *,
        word: int | None = None,
        scale: ScaleView = "both",
        kind: MapKind = "evidence",
    ) -> float:
        """The density drawn brightest, the same for all hits of a result; negative for a word that counts against."""
        from faami_core.evidence.maps import shared_limit

        return shared_limit(result, word=word, scale=scale, kind=kind)

    @staticmethod
    def score_parts(result: SearchResult, hit: int) -> ScoreParts:
        """What a hit's score is made of: the parts of the whole image and of every word add up to it."""
        from faami_core.evidence.parts import hit_parts

        return hit_parts(result, hit)

    def region_parts(self, result: SearchResult, hit: int, *, scale: ScaleView = "both") -> FloatArray:
        """[L, H, W] what each word adds to the score in each region of the grid that ``heatmap`` draws."""
        from faami_core.evidence.parts import region_parts

        return region_parts(result, hit, scale)

    @staticmethod
    def region_unit(result: SearchResult, *, scale: ScaleView = "both", kind: MapKind = "evidence") -> float:
        """What a density of 1, as ``heatmap`` tells it, is in one region: what it adds to the score.

        Of raw attention it is the share of the region; over an image these sum to 1.
        """
        from faami_core.evidence.parts import region_unit

        return region_unit(result, scale, kind)

    # --- other looks at the same hits (any thread) ---------------------------------------------------------

    def rearranged(
        self,
        result: SearchResult,
        *,
        factors: Sequence[float] | None = None,
        by_word: int | None = None,
        only: tuple[int, frozenset[Match]] | None = None,
        places: Sequence[int] | None = None,
    ) -> SearchResult:
        """Re-weights, sorts and picks the hits of a search, from evidence that is already there.

        Args:
            result: From ``search``.
            factors: L numbers by which the words' weights are multiplied; None leaves them.
            by_word: The word whose strength decides the order; None is the score.
            only: A word, and how it must be seen in a hit to stay; None keeps all.
            places: Those of the hits arranged so far that stay, in their order; None keeps all.

        Raises:
            QueryError: if the factors do not fit the words.
        """
        from faami_core.search.arrange import arranged, picked, reweighted

        mixed = result if factors is None else reweighted(result, factors)
        ordered = arranged(mixed, by_word=by_word, only=only)
        return ordered if places is None else picked(ordered, places)

    # --- the model once more -------------------------------------------------------------------------------

    def ask_image(
        self, result: SearchResult, hit: int, query: Query, *, cancel: CancelToken | None = None
    ) -> SearchResult:
        """Asks another query about one image of a result.

        Args:
            result: From ``search`` or ``rearranged``.
            hit: Rank of the image, 0-based.
            query: The other query.
            cancel: Stops it.

        Returns:
            The answer to ``query`` with this image as its one hit.

        Raises:
            QueryError: if the query is empty or has no word.
            UnreadableImageError: if an image of the query cannot be read.
            CollectionError: if the image is no longer in the index.
            CancelledError: if cancelled.
        """
        import numpy as np

        from faami_core.indexing.joined_gallery import places_by_key
        from faami_core.search.engine import search_gallery

        roots, key = result.collections, result.hits[hit].key
        with self._lane:
            encoder = self._loaded()

            def ask(gallery: Gallery) -> SearchResult:
                this = np.zeros(len(gallery), dtype=np.bool_)
                this[[place for place in [places_by_key(gallery).get(key)] if place is not None]] = True
                return search_gallery(
                    gallery,
                    encoder,
                    query,
                    collection=roots[0],
                    read_part=self._read_part,
                    passing=this,
                    shortlist=1,
                    cancel=cancel,
                )

            answer = self._undamaged(roots, ask)
        if not answer.hits:
            raise CollectionError("The image is no longer in the index.", "Update the collection and search again.")
        return replace(answer, further_collections=roots[1:])

    def check_trust(self, result: SearchResult, hit: int, *, word: int | None = None) -> TrustReport:
        """Hides what is lit in a hit, turns and mirrors it, and scores it again (a second of the model's time).

        Args:
            result: From ``search`` or ``rearranged``.
            hit: Rank, 0-based.
            word: The word to check, or None for the whole query.

        Raises:
            QueryError: if nothing is lit in the image.
            UnreadableImageError: if the image or an image of the query cannot be read.
        """
        from faami_core.search.feedback import moved_query
        from faami_core.search.query import encode_query
        from faami_core.search.trust import check_trust

        encoder = self._loaded()
        pixels = self._read_part(result.hits[hit].path, None, encoder.info.image_size).pixels
        with self._lane:
            query = encode_query(result.query, encoder, self._read_part)
            if result.feedback != NO_FEEDBACK:
                query = self._undamaged(
                    result.collections, lambda gallery: moved_query(query, result.feedback, gallery, encoder)
                )
            return check_trust(encoder, query, result.words, pixels, word)
