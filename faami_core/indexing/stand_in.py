"""A collection of any size within a minute: made pictures, and features that vary those of a few of them.

It goes through the real catalog and the real feature store, so that whatever opens, searches and shows it has as much
to do as with a collection of that size; only what is found means nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from faami_core.data.image_io import model_input, read_image
from faami_core.data.scenes import write_collection
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.collection import index_folder
from faami_core.indexing.indexer import commit_batch, index_collection, scan
from faami_core.indexing.records import DecodedFile, PendingFile
from faami_core.pace import Pace
from faami_core.types import CancelToken, FeatureEncoder, ImageFeatures, ProgressCallback

_BATCH = 500  # 31 MB of features of the shipped model
_SIZE = 256  # pixels a side


@dataclass(frozen=True)
class StandIn:
    """Folders of a bench of the window.

    Attributes:
        data_dir: A user data folder with the index of ``collection``.
        collection: Indexed folder.
        fresh: Folder whose images no index knows.
    """

    data_dir: Path
    collection: Path
    fresh: Path


@contextmanager
def stand_in(
    encoder: FeatureEncoder,
    scratch: Path,
    *,
    images: int,
    fresh: int,
    pictures: int = 48,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[StandIn]:
    """Makes the folders, and removes them in the end.

    Args:
        encoder: The model; it sees ``pictures`` images.
        scratch: Where they are made.
        images: Size of the collection.
        fresh: Images that wait to be indexed.
        pictures: How many are drawn; everything repeats them.
        progress: Told the stages.
        cancel: Stops it.

    Raises:
        CancelledError: if cancelled.
        CollectionError: if the disk is full or fails.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        base = Path(name).resolve()
        made = StandIn(base / "data", base / "collection", base / "fresh")
        write_collection(base / "drawn", pictures, size=_SIZE, progress=progress, cancel=cancel)
        drawn = sorted((base / "drawn").glob("*.jpg"))
        repeat_pictures(drawn, made.collection, images, distinct=False)
        repeat_pictures(drawn, made.fresh, fresh, distinct=True)
        with Catalog(index_folder(made.data_dir, made.collection), create=True) as catalog:
            index_stand_in(catalog, made.collection, drawn, encoder, progress=progress, cancel=cancel)
        yield made


def repeat_pictures(pictures: list[Path], folder: Path, count: int, *, distinct: bool) -> None:
    """Fills a folder with ``count`` files.

    Args:
        pictures: What they show, in turn.
        folder: Made.
        count: Files.
        distinct: Whether every file has a content of its own (a number behind the end of the picture), as indexing
            needs it; otherwise they are links, which cost no space.
    """
    folder.mkdir(parents=True)
    for number in range(count):
        picture = pictures[number % len(pictures)]
        copy = folder / f"{picture.stem}-{number:06d}.jpg"
        if distinct:
            copy.write_bytes(picture.read_bytes() + str(number).encode())
        else:
            _link(picture, copy)


def index_stand_in(
    catalog: Catalog,
    root: Path,
    pictures: list[Path],
    encoder: FeatureEncoder,
    *,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Indexes a folder of repeated pictures; the model sees each picture once.

    Args:
        catalog: Open catalog of the collection.
        root: Made by ``repeat_pictures``.
        pictures: What it repeats.
        encoder: The model.
        progress: Told after every batch.
        cancel: Looked at before every batch.

    Raises:
        CancelledError: if cancelled.
        CollectionError: if the disk is full or fails.
    """
    side = encoder.info.image_size
    known = encoder.encode_images(np.stack([model_input(read_image(picture), side) for picture in pictures]))
    catalog.add_root(root)
    scan(catalog, cancel=cancel)
    model_id = catalog.add_model(encoder.info)
    pending = catalog.pending(model_id)
    pace = Pace("Making the collection", len(pending))
    for first in range(0, len(pending), _BATCH):
        if cancel is not None:
            cancel.raise_if_cancelled()
        files = [_decoded(file) for file in pending[first : first + _BATCH]]
        features = _varied(known, np.arange(first, first + len(files)))
        commit_batch(catalog, model_id, encoder.info, files, features, [])
        if progress is not None:
            progress(pace.at(first + len(files)))
    index_collection(catalog, root, encoder, cancel=cancel)  # finds nothing to do, and notes that


def _varied(known: ImageFeatures, numbers: npt.NDArray[np.int64]) -> ImageFeatures:
    """Features of S pictures [S, …] → of n numbered ones [n, …].

    Regions are moved on, and the global feature is bent towards that of another picture.
    """
    pictures = len(known.global_features)
    here, turn = numbers % pictures, numbers // pictures
    there = (here + turn) % pictures
    mixed = known.global_features[here].astype(np.float32) + 0.5 * known.global_features[there]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    regions = known.regions.shape[1]
    moved = (np.arange(regions) + turn[:, None]) % regions  # [n, R]
    row = here[:, None]
    return ImageFeatures(
        mixed.astype(np.float16),
        known.regions[row, moved],
        known.key_scale[row, moved],
        known.value_scale[row, moved],
    )


def _decoded(file: PendingFile) -> DecodedFile:
    """What decoding would have told, but for the pixels."""
    path = Path(os.fsdecode(file.path))
    status, content = path.stat(), hashlib.sha256(path.read_bytes()).digest()
    nothing = np.empty((0, 0, 3), dtype=np.uint8)
    return DecodedFile(file.file_id, content, status.st_size, status.st_mtime_ns, _SIZE, _SIZE, nothing)


def _link(picture: Path, copy: Path) -> None:
    try:
        copy.hardlink_to(picture)
    except OSError:  # a file system without links
        shutil.copyfile(picture, copy)
