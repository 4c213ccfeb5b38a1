"""An exported result set comes back as the same hits: generated ones, and real ones with their maps."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from faami_core.errors import ExportError
from faami_core.queries import Annotation, Feedback, Filters, ImageTerm, Mark, PixelBox, Query, TextTerm
from faami_core.search.csv_columns import METADATA_SUFFIX
from faami_core.search.export import write_csv
from faami_core.search.reopen import read_result
from faami_core.text import stored_tags
from faami_core.types import Hit, QueryWord, SearchResult

T = TypeVar("T")
NASTY = "=+-@'\t\r\n,;\"\\ ä飞_a1:[]"


class Maker:
    """Makes a result set of odd texts, paths and numbers; the same one for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def maybe(self, value: T) -> T | None:
        return value if self.random.random() < 0.5 else None

    def some(self, make: Callable[[], T], least: int = 0) -> tuple[T, ...]:
        return tuple(make() for _ in range(self.random.randint(least, 3)))

    def text(self) -> str:
        return "".join(self.random.choices(NASTY, k=self.random.randint(0, 8)))

    def path(self) -> Path:
        raw = self.text().encode() + self.random.choice([b"", b"\xff", b".png"])
        return Path(os.fsdecode(b"/images/a" + raw))

    def number(self) -> float:
        return float(np.float32(self.random.uniform(-1, 1)))

    def box(self) -> PixelBox:
        return PixelBox(*(self.random.randint(1, 9999) for _ in range(4)))

    def day(self) -> date:
        return date.fromordinal(self.random.randint(700_000, 740_000))

    def term(self) -> TextTerm | ImageTerm:
        weight = self.random.uniform(-9, 9)
        return self.maybe(TextTerm(self.text(), weight)) or ImageTerm(self.path(), weight, self.maybe(self.box()))

    def filters(self) -> Filters:
        return Filters(
            folder=self.maybe(self.path()),
            name=self.text(),
            min_side=self.maybe(64),
            modified_from=self.maybe(self.day()),
            modified_to=self.maybe(self.day()),
            tags=self.some(self.text),
            marks=self.some(lambda: self.random.choice(list(Mark))),
            min_evidence=self.some(lambda: (self.text(), self.number())),
        )

    def hit(self, rank: int, path: Path, images: list[bool], collections: int) -> Hit:
        return Hit(
            image_id=rank + 1,
            path=path,
            rank=rank,
            score=self.number(),
            score_global=self.number(),
            score_fine=self.number(),
            word_evidence=tuple(self.number() for _ in images),
            best_regions=tuple(self.box() for _ in images),
            width=self.random.randint(1, 9999),
            height=self.random.randint(1, 9999),
            query_regions=tuple(self.box() if image else None for image in images),
            collection=self.random.randrange(collections),
        )

    def result(self) -> SearchResult:
        words = self.some(lambda: QueryWord(self.text(), self.number(), self.random.random() < 0.5), least=1)
        images = [self.random.random() < 0.3 for _ in words]
        paths = dict.fromkeys(self.some(self.path))
        collection, *further = dict.fromkeys((self.path(), *self.some(self.path)))
        hits = tuple(self.hit(rank, path, images, 1 + len(further)) for rank, path in enumerate(paths))
        maps = np.zeros((len(hits), len(words), 0), dtype=np.float32)
        return SearchResult(
            query=Query(self.some(self.term, least=1)),
            words=words,
            hits=hits,
            evidence=maps,
            attention=maps,
            grids=(),
            global_share=0.25,
            gallery_size=self.random.randint(0, 99),
            reranked=self.random.randint(0, 99),
            collection=collection,
            model_fingerprint="f" * 64,
            seconds=self.random.random(),
            created_at="2026-01-01T00:00:00+00:00",
            unscored=self.random.randint(0, 3),
            filters=self.filters(),
            passing=self.maybe(5),
            feedback=Feedback(self.some(lambda: 4), self.some(lambda: 5)),
            further_collections=tuple(further),
        )


def test_three_hundred_result_sets_written_and_loaded_back_have_the_same_hits_and_tell_the_same_question(tmp_path):
    hits = 0
    for seed in range(300):
        maker = Maker(seed)
        result = maker.result()
        tags = stored_tags(maker.some(maker.text))
        notes = {hit.key: Annotation(Mark.REJECTED, tags) for hit in result.hits[:1]}
        known = {hit.path: hit.image_id for hit in result.hits}

        back = read_result(write_csv(result, tmp_path / "out.csv", notes), lambda _collection, known=known: known)

        assert back.annotations == notes, seed
        empty = back.result.evidence
        assert empty.shape == (len(result.hits), len(result.words), 0)
        for field in fields(SearchResult):
            if field.name not in {"evidence", "attention"}:
                assert getattr(back.result, field.name) == getattr(result, field.name), (seed, field.name)
        hits += len(result.hits)
    assert hits > 300


def one_result() -> SearchResult:
    maps = np.zeros((1, 1, 0), dtype=np.float32)
    hit = Hit(7, Path("/images/a.png"), 0, 0.5, 0.5, 0.5, (0.5,), (PixelBox(0, 0, 1, 1),), 8, 8)
    word = QueryWord("red", 1.0)
    filters = Filters(modified_from=date(2024, 5, 1))
    told = (0.5, 1, 1, Path("/images"), "f" * 64, 0.1, "2026-01-01T00:00:00+00:00", 0, filters)
    return SearchResult(Query.from_text("red"), (word,), (hit,), maps, maps, (), *told)


def test_images_that_no_catalog_here_knows_get_ids_that_no_catalog_gives(tmp_path):
    back = read_result(write_csv(one_result(), tmp_path / "out.csv"), lambda _collection: {})

    assert [hit.image_id for hit in back.result.hits] == [-1]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"faami:words": [{"text": 1}]}', "\xff"])
def test_missing_or_damaged_metadata_are_told(tmp_path, content):
    path = write_csv(one_result(), tmp_path / "out.csv")
    metadata = tmp_path / f"out.csv{METADATA_SUFFIX}"
    metadata.unlink()
    if content is not None:
        metadata.write_text(content, encoding="latin-1")

    with pytest.raises(ExportError, match="missing or damaged"):
        read_result(path, lambda _collection: {})


def test_two_images_that_no_catalog_here_knows_are_two_images(tmp_path):
    one = one_result()
    second = replace(one.hits[0], path=Path("/images/b.png"), rank=1)
    maps = np.zeros((2, 1, 0), dtype=np.float32)
    two = replace(one, hits=(*one.hits, second), evidence=maps, attention=maps)

    back = read_result(write_csv(two, tmp_path / "out.csv"), lambda _collection: {})

    assert [hit.image_id for hit in back.result.hits] == [-1, -2]
    assert len({hit.key for hit in back.result.hits}) == 2
