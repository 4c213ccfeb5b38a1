"""A made collection of any size: complete, searchable, gone when it is no longer needed."""

from __future__ import annotations

import numpy as np

from faami_core.indexing.stand_in import stand_in
from faami_core.queries import Query
from faami_core.session import Session
from tests.stub_encoder import StubEncoder


def test_a_collection_of_any_size_is_made_with_a_few_looks_of_the_model(tmp_path):
    encoder = StubEncoder()

    with stand_in(encoder, tmp_path / "scratch", images=600, fresh=7, pictures=10) as made:
        assert encoder.images_encoded == 10
        session = Session(encoder=encoder, data_dir=made.data_dir)
        info = session.open_collection(made.collection)
        result = session.search(made.collection, Query.from_text("green"), shortlist=100)
        again = session.index(made.collection)
        fresh = session.index(made.fresh)

    assert (info.images, info.seen) == (600, 600)
    assert len(result.hits) == 100
    assert len(np.unique([hit.score for hit in result.hits])) > 10, "not all alike"
    assert (again.added, again.changed, again.unchanged) == (0, 0, 600)
    assert fresh.added == 7
    assert encoder.images_encoded == 10 + 7
    assert list((tmp_path / "scratch").iterdir()) == []
