"""Features of pixels that were read otherwise do not stay in an index beside new ones."""

from __future__ import annotations

import numpy as np
from PIL import Image

from faami_core.indexing import reading_version
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.indexer import index_collection
from tests.stub_encoder import StubEncoder


def test_what_may_look_different_is_embedded_again_once_and_what_was_refused_is_tried_again(tmp_path, monkeypatch):
    root, pixels = tmp_path / "images", np.full((30, 40, 3), 90, dtype=np.uint8)
    root.mkdir()
    Image.fromarray(pixels).save(root / "plain.jpg")
    Image.fromarray(pixels).save(root / "plain.png")
    Image.fromarray(pixels).save(root / "profile.jpg", icc_profile=bytes(200))
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 9).save(root / "deep.png")
    Image.fromarray(pixels).save(root / "scene.tif")
    (root / "broken.png").write_bytes(b"no image")

    with Catalog(tmp_path / "index", create=True) as catalog:
        monkeypatch.setattr(reading_version, "READING", 1)
        first = index_collection(catalog, root, StubEncoder())
        monkeypatch.setattr(reading_version, "READING", 2)
        second = index_collection(catalog, root, StubEncoder())
        third = index_collection(catalog, root, StubEncoder())

    assert [report.embedded for report in (first, second, third)] == [5, 3, 0]
    assert [len(report.unreadable) for report in (first, second, third)] == [1, 1, 1]
    assert second.changed == 0


def test_a_file_with_pages_is_told_of_in_the_report(tmp_path):
    root = tmp_path / "images"
    root.mkdir()
    pages = [Image.new("RGB", (40, 30), color) for color in ("red", "lime", "blue")]
    for name in ("a.tif", "b.tif"):
        pages[0].save(root / name, save_all=True, append_images=pages[1:])

    with Catalog(tmp_path / "index", create=True) as catalog:
        report = index_collection(catalog, root, StubEncoder())

    assert report.notices == (
        "2 files have several pages, of which the first is indexed: 'a.tif' (page 1 of 3) and others.",
    )
