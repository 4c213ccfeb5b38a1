"""The one object the window and the command line talk to: open, index, search, look, export.

Methods block. Calls that need the model or write the index are serial by a lock; reading pixels and drawing maps may
run beside them from other threads. Importing this module brings in neither torch nor the index; they come on need.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from faami_core import config
from faami_core.errors import CollectionError
from faami_core.types import (
    ByteArray,
    CancelToken,
    CollectionInfo,
    FeatureEncoder,
    FloatArray,
    GalleryImage,
    IndexReport,
    MapKind,
    ModelInfo,
    Progress,
    ProgressCallback,
    Query,
    ScaleView,
    SearchResult,
)

if TYPE_CHECKING:
    from faami_core.indexing.feature_store import Gallery
    from faami_core.indexing.records import CompactReport

DEMO_IMAGES = 280  # ten of each kind of made scene
DEMO_SEED = 7_000  # far from the seeds of training


class Session:
    """Work on collections with one model.

    Args:
        model: Checkpoint folder; None is the shipped one.
        device: "auto", "cpu", "cuda" or "mps".
        data_dir: Where indexes and the demo live; None is the user's data folder.
        encoder: A ready model instead of ``model``.
    """

    def __init__(
        self,
        *,
        model: Path | None = None,
        device: str = "auto",
        data_dir: Path | None = None,
        encoder: FeatureEncoder | None = None,
    ) -> None:
        from faami_core.indexing.galleries import Galleries

        self._model = model
        self._device = device
        self._data_dir = data_dir or config.user_data_dir()
        self._encoder = encoder
        self._known_fingerprint: str | None = None
        self._lane = threading.RLock()
        self._galleries = Galleries()
        self._stage_seconds: dict[str, float] = {}

    @property
    def data_dir(self) -> Path:
        """Where indexes and the demo collection live."""
        return self._data_dir

    @property
    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds of each stage of the last search: "open", "encode", "scan", "gather", "align", "rank"."""
        return self._stage_seconds

    def model_info(self) -> ModelInfo:
        """What is known of the model; loads it on first use (seconds).

        Raises:
            ModelError: if the checkpoint is missing or broken.
        """
        return self._loaded().info

    def close(self) -> None:
        """Lets go of the model and of open indexes."""
        with self._lane:
            self._galleries.clear()
            self._encoder = None

    # --- collections ---------------------------------------------------------------------------------------

    def make_demo(self, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None) -> Path:
        """Makes the demo collection unless it is complete; returns its folder.

        Raises:
            CancelledError: if cancelled; what is made is kept and the next call goes on.
            CollectionError: if the disk is full or may not be written.
        """
        from faami_core.data.scenes import write_collection

        folder = self._data_dir / "demo"
        write_collection(folder, DEMO_IMAGES, seed=DEMO_SEED, progress=progress, cancel=cancel)
        return folder

    def index(
        self,
        root: Path,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelToken | None = None,
        retry_unreadable: bool = False,
        verify: bool = False,
    ) -> IndexReport:
        """Scans the folders of a collection and embeds what is new or changed.

        Args:
            root: Folder of images that the collection is named after.
            progress: Told every stage.
            cancel: Stops within a second; the report then says ``cancelled`` and all work is kept.
            retry_unreadable: Try unreadable files again even if they did not change.
            verify: Trust neither times of files nor stored features: read and check everything.

        Raises:
            CollectionError: if the folder does not exist and is not known, another process is indexing it, or the
                disk fails.
            ModelError: if the model cannot be loaded.
        """
        from faami_core.indexing.catalog import CATALOG_NAME, Catalog
        from faami_core.indexing.collection import index_folder
        from faami_core.indexing.indexer import index_collection

        root = _canonical(root)
        folder = index_folder(self._data_dir, root)
        if not root.is_dir() and not (folder / CATALOG_NAME).is_file():
            raise CollectionError(f"The folder {str(root)!r} does not exist.", "Choose a folder with images.")
        with self._lane:
            if self._encoder is None and progress is not None:
                progress(Progress("Loading the model", 0))
            encoder = self._loaded()
            with Catalog(folder, create=True) as catalog:
                return index_collection(
                    catalog,
                    root,
                    encoder,
                    progress=progress,
                    cancel=cancel,
                    retry_unreadable=retry_unreadable,
                    verify=verify,
                )

    def change_collection(
        self,
        root: Path,
        *,
        add: Sequence[Path] | None = None,
        drop: Sequence[Path] | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
    ) -> None:
        """Changes what belongs to a collection; the next index run follows it.

        Args:
            root: Folder of images that the collection is named after; the collection is made if it is new.
            add: Further folders.
            drop: Folders to forget, with all that is known of their images; the images are not touched.
            include, exclude: Globs of names or relative paths that take the place of those before; see
                ``indexing.records.Patterns``.

        None leaves a thing as it is.

        Raises:
            CollectionError: if a folder to add does not exist, one to drop is not part of the collection, or the disk
                fails.
        """
        from faami_core.indexing.collection import change_membership, index_folder

        with self._lane:
            change_membership(
                index_folder(self._data_dir, _canonical(root)),
                add=[_canonical(root), *map(_canonical, add or ())],
                drop=[_canonical(folder) for folder in drop or ()],
                include=include,
                exclude=exclude,
            )

    def compact(
        self, root: Path, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
    ) -> CompactReport:
        """Joins the small files of an index and drops what no image uses any more; needs no model.

        Raises:
            CollectionError: if the folder was never indexed, another process is indexing it, or the disk fails.
            CancelledError: if cancelled.
        """
        from faami_core.indexing import upkeep
        from faami_core.indexing.catalog import Catalog

        with self._lane, Catalog(self._indexed_folder(_canonical(root))) as catalog:
            return upkeep.compact(catalog, progress=progress, cancel=cancel)

    def open_collection(self, root: Path) -> CollectionInfo:
        """What the catalog knows of a collection, for the loaded model; does not look at the folder of images.

        Files that a killed process left half-written in the index are cleared away on this occasion.

        Raises:
            CollectionError: if the folder was never indexed.
        """
        from faami_core.indexing.collection import open_collection

        root = _canonical(root)
        with self._lane:
            return open_collection(self._indexed_folder(root), root, self._fingerprint())

    def browse(self, root: Path) -> tuple[GalleryImage, ...]:
        """All images of a collection in order of path.

        Raises:
            CollectionError: if the folder was never indexed with the loaded model.
        """
        with self._lane:
            gallery = self._gallery(_canonical(root))
        return tuple(
            GalleryImage(int(item_id), Path(os.fsdecode(path)), int(width), int(height))
            for item_id, path, (width, height) in zip(
                gallery.item_ids.tolist(), gallery.paths, gallery.sizes.tolist(), strict=True
            )
        )

    # --- search --------------------------------------------------------------------------------------------

    def search(
        self,
        root: Path,
        query: Query,
        *,
        top: int | None = None,
        shortlist: int = 500,
        cancel: CancelToken | None = None,
    ) -> SearchResult:
        """Answers a query.

        Args:
            root: Folder of the collection.
            query: What is asked.
            top: At most this many hits; None for all re-ranked ones.
            shortlist: K, how many images are re-ranked.
            cancel: Stops the search.

        Raises:
            QueryError: if the query is empty or has no word.
            UnreadableImageError: if an image of the query cannot be read.
            CollectionError: if the collection is not indexed for this model.
            CancelledError: if cancelled.
        """
        from faami_core.indexing.feature_store import DamagedRowsError
        from faami_core.search.engine import Stopwatch, search_gallery
        from faami_core.search.query import normalised

        root = _canonical(root)
        normalised(query)  # an empty query and a folder never indexed are told before the model loads
        self._indexed_folder(root)
        watch = Stopwatch()
        with self._lane:
            encoder = self._loaded()
            while True:
                with watch.measure("open"):
                    gallery = self._gallery(root)
                try:
                    result = search_gallery(
                        gallery,
                        encoder,
                        query,
                        collection=root,
                        read_image=self.read_image,
                        top=top,
                        shortlist=shortlist,
                        cancel=cancel,
                        stopwatch=watch,
                    )
                    break
                except DamagedRowsError as damage:
                    self._galleries.leave_out(self._indexed_folder(root), self._fingerprint(), damage.indices)
            self._stage_seconds = watch.seconds
        return replace(result, damaged=gallery.damaged)

    def export_csv(self, result: SearchResult, path: Path) -> Path:
        """Writes the hits as CSV, and beside it ``path`` + ``-metadata.json``; returns ``path``.

        Raises:
            ExportError: if they cannot be written.
        """
        from faami_core.search.export import write_csv

        return write_csv(result, path)

    # --- pixels and maps (any thread) ----------------------------------------------------------------------

    def read_image(self, path: Path, *, max_side: int | None = None) -> ByteArray:
        """[H, W, 3] RGB as shown, EXIF orientation applied; at most ``max_side`` pixels long if given.

        Raises:
            UnreadableImageError: if the file cannot be decoded.
        """
        from faami_core.data.image_io import read_image

        return read_image(path, max_side=max_side)

    def thumbnail(self, path: Path, side: int) -> ByteArray:
        """The image made to fit into ``side`` × ``side`` pixels, its shape kept, never enlarged.

        Raises:
            UnreadableImageError: if the file cannot be decoded.
        """
        return self.read_image(path, max_side=side)

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
        self, result: SearchResult, *, whole_query: bool, scale: ScaleView = "both", kind: MapKind = "evidence"
    ) -> float:
        """The density drawn brightest: one scale for all maps of a result, of the whole query or of single words."""
        from faami_core.evidence.maps import shared_limit

        return shared_limit(result, whole_query=whole_query, scale=scale, kind=kind)

    # --- inside --------------------------------------------------------------------------------------------

    def _loaded(self) -> FeatureEncoder:
        with self._lane:
            if self._encoder is None:
                from faami_core.model.encoder import FaamiEncoder

                self._encoder = FaamiEncoder.load(self._model or config.default_model_dir(), self._device)
            return self._encoder

    def _fingerprint(self) -> str:
        """Of the model, loaded or not: collections open and can be browsed before torch is there."""
        with self._lane:
            if self._known_fingerprint is None:
                from faami_core.model.fingerprint import checkpoint_fingerprint

                self._known_fingerprint = (
                    self._encoder.info.fingerprint
                    if self._encoder is not None
                    else checkpoint_fingerprint(self._model or config.default_model_dir())
                )
            return self._known_fingerprint

    def _gallery(self, root: Path) -> Gallery:
        """The open gallery of a collection, read anew only when the catalog has changed."""
        from faami_core.indexing.collection import NOT_INDEXED

        gallery = self._galleries.get(self._indexed_folder(root), self._fingerprint())
        if gallery is None:
            raise CollectionError(f"{str(root)!r} has not been indexed with this model.", NOT_INDEXED)
        return gallery

    def _indexed_folder(self, root: Path) -> Path:
        from faami_core.indexing.collection import find_index

        return find_index(self._data_dir, root)


def _canonical(root: Path) -> Path:
    """One spelling for one folder, whether or not it is reachable."""
    return root.expanduser().resolve()
