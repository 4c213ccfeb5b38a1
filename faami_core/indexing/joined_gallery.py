"""Several galleries of one model, searched as if they were one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from faami_core.indexing.feature_store import Gallery
from faami_core.indexing.records import GalleryRows


class JoinedGallery(Gallery):
    """All images of several galleries in order of path; a file that is in two of them counts for the first.

    Global features are copied into the new order (512 bytes an image at D = 256); the shards are shared.

    Args:
        parts: The galleries; ``part_of`` and ``place_of`` tell where in them each image is.
    """

    def __init__(self, parts: Sequence[Gallery]) -> None:
        self._parts = tuple(parts)
        part_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        place_of = np.concatenate([np.arange(len(part)) for part in parts])
        paths = [path for part in parts for path in part.paths]
        order = _by_path(paths, part_of.tolist())
        columns = [part._rows for part in parts]
        shards_before = np.cumsum([0, *(len(rows.shards) for rows in columns[:-1])]).tolist()
        self._shards = {
            first + number: shard
            for first, part in zip(shards_before, parts, strict=True)
            for number, shard in part._shards.items()
        }
        self.lost = []
        self._adopt(
            GalleryRows(
                item_ids=np.concatenate([rows.item_ids for rows in columns])[order],
                paths=tuple(paths[index] for index in order.tolist()),
                sizes=np.concatenate([rows.sizes for rows in columns])[order],
                shards=tuple(shard for rows in columns for shard in rows.shards),
                shard_of=np.concatenate(
                    [rows.shard_of + np.int32(first) for rows, first in zip(columns, shards_before, strict=True)]
                )[order],
                row_of=np.concatenate([rows.row_of for rows in columns])[order],
                checks=np.concatenate([rows.checks for rows in columns])[order],
                damaged=sum(rows.damaged for rows in columns),
            )
        )
        self.part_of, self.place_of = part_of[order], place_of[order]

    @property
    def parts(self) -> tuple[Gallery, ...]:
        return self._parts

    def without(self, indices: npt.NDArray[np.intp]) -> Gallery:
        return JoinedGallery(
            [part.without(places) for part, places in zip(self._parts, split(self, indices), strict=True)]
        )


def split(gallery: Gallery, indices: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """For each part of a gallery which of its own images the indices are."""
    parts, places = gallery.part_of[indices], gallery.place_of[indices]
    return [places[parts == number] for number in range(len(gallery.parts))]


def merged(gallery: Gallery, columns: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    """Values of every image of each part → [N] values of the images of the gallery."""
    result = np.empty(len(gallery), dtype=np.bool_)
    for number, column in enumerate(columns):
        mine = gallery.part_of == number
        result[mine] = column[gallery.place_of[mine]]
    return result


def places_by_key(gallery: Gallery) -> dict[tuple[int, int], int]:
    """The gallery index of every image by ``Hit.key``."""
    keys = zip(gallery.part_of.tolist(), gallery.item_ids.tolist(), strict=True)
    return {key: place for place, key in enumerate(keys)}


def _by_path(paths: Sequence[bytes], part_of: Sequence[int]) -> npt.NDArray[np.intp]:
    """Indices in order of path, without those whose path an earlier part has, too."""
    owner: dict[bytes, int] = {}
    for path, part in zip(paths, part_of, strict=True):
        owner.setdefault(path, part)
    kept = [index for index, part in enumerate(part_of) if owner[paths[index]] == part]
    return np.array(sorted(kept, key=paths.__getitem__), dtype=np.intp)
