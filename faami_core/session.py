"""The one object the window and the command line talk to: open, index, search, look, export.

Methods block. Calls that need the model or write the index are serial by a lock; reading pixels and drawing maps may
run beside them from other threads. Importing this module brings in neither torch nor the index; they come on need.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from faami_core import config
from faami_core.errors import CollectionError, QueryError, UnreadableImageError
from faami_core.explain import Explain
from faami_core.keeping import Keeping
from faami_core.queries import NO_FEEDBACK, NO_FILTERS, Feedback, Filters, Query
from faami_core.triage import Triage
from faami_core.types import (
    ByteArray,
    CancelToken,
    GalleryImage,
    ModelInfo,
    SearchResult,
)
from faami_core.workplace import canonical

if TYPE_CHECKING:
    from faami_core.indexing.feature_store import Gallery


class Session(Keeping, Triage, Explain):
    """Work on collections with one model.

    Args:
        model: Checkpoint folder; None is the shipped one.
        device: "auto", "cpu", "cuda" or "mps".
        data_dir: Where indexes and the demo live; None is the user's data folder.
        encoder: A ready model instead of ``model``.
    """

    @property
    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds of each stage of the last search: "open", "encode", "scan", "gather", "align", "calibrate",
        "rank"."""
        return self._stage_seconds

    def model_info(self) -> ModelInfo:
        """What is known of the model; loads it on first use (seconds).

        Raises:
            ModelError: if the checkpoint is missing or broken.
        """
        return self._loaded().info

    def known_words(self) -> tuple[str, ...]:
        """The words that the model has seen in training, lower case, without likely slips of the pen.

        Two small files are read, the model is not loaded.

        Raises:
            ModelError: if the checkpoint has no list of words, or no tokenizer.
        """
        from faami_core.model.fingerprint import read_vocabulary, read_words
        from faami_core.model.spelling import without_slips

        encoder = self._encoder
        folder = encoder.info.folder if encoder else self._model or config.default_model_dir()
        return without_slips(read_words(folder), read_vocabulary(folder))

    def close(self) -> None:
        """Lets go of the model and of open indexes."""
        with self._lane:
            self._galleries.clear()
            self._encoder = None

    # --- search --------------------------------------------------------------------------------------------

    def browse(self, root: Path, *, filters: Filters = NO_FILTERS) -> tuple[GalleryImage, ...]:
        """The images of a collection that pass the filters, in order of path.

        Args:
            root: Folder of the collection.
            filters: Which images are wanted; the evidence of words does not count, for nothing is asked.

        Raises:
            CollectionError: if the folder was never indexed with the loaded model.
        """
        root = canonical(root)
        with self._lane:
            gallery = self._joined([root])
            passing = self._passing([root], gallery, filters)
        columns = zip(gallery.item_ids.tolist(), gallery.paths, gallery.sizes.tolist(), strict=True)
        return tuple(
            GalleryImage(int(item_id), Path(os.fsdecode(path)), int(width), int(height))
            for place, (item_id, path, (width, height)) in enumerate(columns)
            if passing is None or passing[place]
        )

    def search(
        self,
        root: Path | Sequence[Path],
        query: Query,
        *,
        filters: Filters = NO_FILTERS,
        feedback: Feedback = NO_FEEDBACK,
        top: int | None = None,
        shortlist: int = 500,
        cancel: CancelToken | None = None,
    ) -> SearchResult:
        """Answers a query.

        Args:
            root: Folder of the collection, or of several that are searched as if they were one; ``Hit.collection``
                then tells them apart, and a file that is in two of them counts for the first.
            query: What is asked.
            filters: Which images may be hits; a relative folder, marks and tags are those of each collection.
            feedback: Marked images that move the query, in one collection only.
            top: At most this many hits; None for all re-ranked ones.
            shortlist: K, how many images are re-ranked.
            cancel: Stops the search.

        Raises:
            QueryError: if the query is empty or has no word, a filter names a word that is not in it, or marked
                images shall move it over several collections.
            UnreadableImageError: if an image of the query cannot be read.
            CollectionError: if a collection is not indexed for this model, or none is named.
            CancelledError: if cancelled.
        """
        from faami_core.search.engine import Stopwatch, search_gallery
        from faami_core.search.query import normalised

        roots = tuple(dict.fromkeys(map(canonical, [root] if isinstance(root, Path) else root)))
        _check_roots(roots, feedback)
        normalised(query)  # an empty query and a folder never indexed are told before the model loads
        for folder in roots:
            self._indexed_folder(folder)
        watch = Stopwatch()
        with self._lane:
            encoder = self._loaded()

            def answer(gallery: Gallery) -> SearchResult:
                if len(gallery) == 0:
                    raise self._nothing_to_search(roots)
                return search_gallery(
                    gallery,
                    encoder,
                    query,
                    collection=roots[0],
                    read_part=self._read_part,
                    filters=filters,
                    passing=self._passing(roots, gallery, filters),
                    feedback=feedback,
                    top=top,
                    shortlist=shortlist,
                    cancel=cancel,
                    stopwatch=watch,
                )

            result = self._undamaged(roots, answer, watch)
            self._stage_seconds = watch.seconds
            return replace(result, damaged=self._joined(roots).damaged, further_collections=roots[1:])

    # --- pixels (any thread) -------------------------------------------------------------------------------

    def thumbnail(self, path: Path, side: int) -> ByteArray:
        """The image made to fit into ``side`` × ``side`` pixels, its shape kept, never enlarged.

        Of large images of an open collection the index keeps small copies, which also stand in for a file that cannot
        be reached.

        Raises:
            UnreadableImageError: if the file cannot be decoded.
        """
        from faami_core.data.image_io import THUMBNAIL_SIDE

        kept = self._kept_thumbnail(path, side) if side <= THUMBNAIL_SIDE else None
        if kept is not None:
            return kept
        try:
            return self.read_image(path, max_side=side)
        except UnreadableImageError:
            kept = self._kept_thumbnail(path, side)
            if kept is None:
                raise
            return kept

    # --- inside --------------------------------------------------------------------------------------------

    def _nothing_to_search(self, roots: Sequence[Path]) -> CollectionError:
        """Why no image of collections can be searched: they are away, or unreadable, or there is none."""
        infos = [self.open_collection(root) for root in roots]
        offline, unreadable = sum(info.offline for info in infos), sum(len(info.unreadable) for info in infos)
        unlisted = [folder for info in infos for folder in info.scan.unlisted]
        if unlisted:
            return CollectionError(
                f"No image can be searched: {str(unlisted[0].path)!r} could not be read. {unlisted[0].reason}",
                "Connect the drive or allow reading, then index the folder again.",
            )
        if offline or unreadable:
            return CollectionError(
                f"No image can be searched: {offline} are offline, {unreadable} could not be read.",
                "Connect the drive and look at the reasons, then index the folder again.",
            )
        return CollectionError("This collection has no image that can be searched.", "Index a folder with images.")

    def _kept_thumbnail(self, path: Path, side: int) -> ByteArray | None:
        from faami_core.indexing.thumbnails import kept_thumbnail

        kept = (kept_thumbnail(folder, path, side) for folder in self._galleries.folders)
        return next((pixels for pixels in kept if pixels is not None), None)


def _check_roots(roots: Sequence[Path], feedback: Feedback) -> None:
    if not roots:
        raise CollectionError("No collection is named to search in.", "Name one or more folders that were indexed.")
    if len(roots) > 1 and feedback != NO_FEEDBACK:
        raise QueryError(
            "Marked images can move a query in one collection only.", "Search one collection, or without the marks."
        )
