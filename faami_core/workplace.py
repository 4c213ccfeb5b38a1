"""What every part of ``Session`` works with: the model, the open collections, pixels, one lane."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from faami_core import config
from faami_core.errors import CollectionError
from faami_core.queries import PixelBox
from faami_core.types import ByteArray, FeatureEncoder

if TYPE_CHECKING:
    from faami_core.data.picture_part import PicturePart
    from faami_core.indexing.catalog import Catalog
    from faami_core.indexing.feature_store import Gallery
    from faami_core.search.engine import Stopwatch

T = TypeVar("T")


class Workplace:
    """The base of the parts of ``Session``; its arguments are those of ``Session``."""

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
        self._formerly: dict[Path, Path] = {}  # folders that took over the index of another, not told yet

    @property
    def data_dir(self) -> Path:
        """Where indexes and the demo collection live."""
        return self._data_dir

    def read_image(self, path: Path, *, max_side: int | None = None, box: PixelBox | None = None) -> ByteArray:
        """[H, W, 3] RGB as shown, EXIF orientation applied; at most ``max_side`` pixels long if given.

        Large pictures are decoded in a process of their own. Of a ``box`` the part outside the picture is cut off.

        Raises:
            UnreadableImageError: if the file cannot be decoded.
        """
        from faami_core.indexing.picture_reader import read_picture

        return read_picture(path, max_side=max_side, box=box).pixels

    @staticmethod
    def _read_part(path: Path, box: PixelBox | None, square: int) -> PicturePart:
        """An image of a query as the model takes it."""
        from faami_core.indexing.picture_reader import read_picture

        return read_picture(path, box=box, square=square)

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

    def _undamaged(self, roots: Sequence[Path], work: Callable[[Gallery], T], watch: Stopwatch | None = None) -> T:
        """Works on the gallery, and again without those images whose stored features turn out to be damaged."""
        from faami_core.indexing.feature_store import DamagedRowsError
        from faami_core.indexing.joined_gallery import split

        while True:
            with nullcontext() if watch is None else watch.measure("open"):
                gallery = self._joined(roots)
            try:
                return work(gallery)
            except DamagedRowsError as damage:
                for root, indices in zip(roots, split(gallery, damage.indices), strict=True):
                    if len(indices):
                        self._galleries.leave_out(self._indexed_folder(root), self._fingerprint(), indices)

    def _catalog(self, root: Path) -> Catalog:
        from faami_core.indexing.catalog import Catalog

        return Catalog(self._indexed_folder(root))

    def _joined(self, roots: Sequence[Path]) -> Gallery:
        """The open galleries of collections as one, each read anew only when its catalog has changed."""
        from faami_core.indexing.collection import NOT_INDEXED

        parts = []
        for root in roots:
            gallery = self._galleries.get(self._indexed_folder(root), self._fingerprint())
            if gallery is None:
                raise CollectionError(f"{str(root)!r} has not been indexed with this model.", NOT_INDEXED)
            parts.append(gallery)
        return self._galleries.join(parts)

    def _indexed_folder(self, root: Path) -> Path:
        from faami_core.indexing.collection import find_index

        return find_index(self._data_dir, root)


def canonical(root: Path) -> Path:
    """One spelling for one folder, whether or not it is reachable.

    Raises:
        CollectionError: if no file system takes a path like that.
    """
    return config.absolute_path(root)
