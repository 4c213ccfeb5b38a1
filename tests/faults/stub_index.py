"""An index of a folder made with the stub model, row by row, so that two of them can be compared."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from faami_core.indexing.catalog import Catalog
from faami_core.indexing.feature_store import Gallery, shard_folder
from faami_core.indexing.indexer import index_collection
from faami_core.types import IndexReport
from tests.stub_encoder import StubEncoder

Rows = dict[str, tuple[bytes, bytes]]


def index_with_stub(root: Path, folder: Path) -> tuple[IndexReport, Rows]:
    """Indexes ``root`` into ``folder``; gives the report and the features by file name."""
    encoder = StubEncoder()
    with Catalog(folder, create=True) as catalog:
        report = index_collection(catalog, root, encoder)
        model_id = catalog.find_model(encoder.info.fingerprint)
        assert model_id is not None
        gallery = Gallery(catalog.gallery(model_id), shard_folder(folder, encoder.info.fingerprint))
    regions, _, _ = gallery.gather(np.arange(len(gallery)))
    names = [Path(os.fsdecode(path)).name for path in gallery.paths]
    rows = {name: (gallery.global_features[row].tobytes(), regions[row].tobytes()) for row, name in enumerate(names)}
    assert len(rows) + len(report.unreadable) + report.offline == report.seen
    return report, rows
