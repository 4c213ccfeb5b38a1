"""The galleries a session has open: few, always current, and without images whose stored features are damaged."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faami_core.indexing.catalog import Catalog
from faami_core.indexing.database import index_errors
from faami_core.indexing.feature_store import Gallery, shard_folder
from faami_core.indexing.joined_gallery import JoinedGallery
from faami_core.indexing.upkeep import note_damage

OPEN_GALLERIES = 4

_Key = tuple[Path, str]


class Galleries:
    """Keeps the galleries used last, by folder of the index and fingerprint of the model."""

    def __init__(self) -> None:
        self._open: OrderedDict[_Key, tuple[int, Gallery]] = OrderedDict()
        self._joined: JoinedGallery | None = None

    def __len__(self) -> int:
        return len(self._open)

    @property
    def folders(self) -> list[Path]:
        """Folders of the open indexes, the one used last first; may be asked from any thread."""
        return [folder for folder, _fingerprint in reversed(tuple(self._open))]

    def clear(self) -> None:
        self._open.clear()
        self._joined = None

    def get(self, folder: Path, fingerprint: str) -> Gallery | None:
        """The gallery of an index, read anew only when the catalog has changed; None if it has none of the model.

        Raises:
            CollectionError: if there is no catalog, or the disk fails.
        """
        key = (folder, fingerprint)
        with Catalog(folder) as catalog, index_errors(folder):
            generation = catalog.generation
            if key not in self._open or self._open[key][0] != generation:
                model_id = catalog.find_model(fingerprint)
                if model_id is None:
                    return None
                gallery = Gallery(catalog.gallery(model_id), shard_folder(folder, fingerprint))
                while gallery.lost and catalog.generation != generation:  # a writer just moved rows to another shard
                    generation = catalog.generation
                    gallery = Gallery(catalog.gallery(model_id), shard_folder(folder, fingerprint))
                note_damage(catalog, model_id, gallery.lost)
                self._open[key] = (generation, gallery)
        self._open.move_to_end(key)
        return self._open[key][1]

    def join(self, parts: Sequence[Gallery]) -> Gallery:
        """Galleries just got as one, kept joined while they are current; others, used longest ago, are let go."""
        while len(self._open) > max(OPEN_GALLERIES, len(parts)):
            self._open.popitem(last=False)
        if len(parts) == 1:
            return parts[0]
        if self._joined is None or [*map(id, self._joined.parts)] != [*map(id, parts)]:
            self._joined = JoinedGallery(parts)
        return self._joined

    def leave_out(self, folder: Path, fingerprint: str, indices: npt.NDArray[np.intp]) -> None:
        """Goes on without images whose stored features turned out to be damaged; the next index run repairs them."""
        generation, gallery = self._open[folder, fingerprint]
        with Catalog(folder) as catalog, index_errors(folder):
            note_damage(catalog, catalog.models()[fingerprint], gallery.stored(indices))
        self._open[folder, fingerprint] = (generation, gallery.without(indices))
