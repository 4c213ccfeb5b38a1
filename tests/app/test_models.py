"""Item model, badges and thumbnail cache."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.models.result_list_model import ResultListModel, Role
from app.models.thumbnail_cache import ThumbnailCache
from app.models.view_state import ViewState
from app.models.word_badges import BadgeMaker
from app.widgets.result_grid import ResultGrid
from app.workers.task import TaskRunner
from faami_core.errors import UnreadableImageError
from faami_core.queries import Query
from faami_core.search.export import matched_words
from faami_core.types import MATCHED_FROM, ByteArray, GalleryImage, Match, QueryWord, SearchResult
from tests.app.fakes import FakeSession

# --- rows -----------------------------------------------------------------------------------------------------


def test_the_model_keeps_qts_rules(qtmodeltester: ModelTester, session: FakeSession, root: Path) -> None:
    model = ResultListModel()
    qtmodeltester.check(model)
    model.show_images(session.browse(root), root)
    qtmodeltester.check(model)
    model.show_result(session.search(root, Query.from_text("storage tanks")))
    qtmodeltester.check(model)
    model.clear()
    qtmodeltester.check(model)


def test_a_hit_answers_every_role(session: FakeSession, root: Path) -> None:
    model = ResultListModel()
    result = session.search(root, Query.from_text("storage tanks"))
    model.show_result(result)
    index = model.index(2)
    hit = result.hits[2]
    assert index.data(Role.ITEM) is hit
    assert index.data(Role.RANK) == 3
    assert index.data(Role.SCORE) == hit.score
    assert index.data(Role.PATH) == hit.path
    assert index.data(Qt.ItemDataRole.DisplayRole) == hit.path.name
    assert [badge.text for badge in index.data(Role.BADGES)] == ["storage", "tanks"]
    assert index.data(Qt.ItemDataRole.AccessibleTextRole).startswith(f"Rank 3, score {hit.score:.3f}")
    assert str(hit.path) in index.data(Qt.ItemDataRole.ToolTipRole)


def test_an_image_without_a_query_has_neither_rank_nor_badges(session: FakeSession, root: Path) -> None:
    model = ResultListModel()
    model.show_images(session.browse(root), root)
    assert model.index(0).data(Role.RANK) is None
    assert model.index(0).data(Role.SCORE) is None
    assert model.index(0).data(Role.BADGES) == ()


def test_a_hundred_thousand_rows_are_shown_and_scrolled_quickly(
    qtbot: QtBot, runner: TaskRunner, no_leaks: None
) -> None:
    images = tuple(GalleryImage(number, Path(f"/scenes/{number:06}.jpg"), 224, 224) for number in range(100_000))
    model = ResultListModel()
    cache = ThumbnailCache(runner, lambda _path, side: np.zeros((side, side, 3), np.uint8))
    grid = ResultGrid(model, cache)
    qtbot.addWidget(grid)
    grid.resize(1200, 800)
    grid.show()
    started = time.thread_time()  # of this thread alone: the machine may be busy
    model.show_images(images, Path())
    grid.grab()
    shown = time.thread_time() - started
    started = time.thread_time()
    for step in range(20):
        grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() * step // 19)
        grid.grab()
    scrolled = (time.thread_time() - started) / 20
    grid.choose(99_999)
    assert grid.currentIndex().row() == 99_999
    assert shown < 1.0
    assert scrolled < 0.1
    qtbot.waitUntil(lambda: cache.is_idle)


# --- badges ---------------------------------------------------------------------------------------------------


def result_with(
    session: FakeSession, root: Path, evidence: list[tuple[float, ...]], words: tuple[QueryWord, ...]
) -> SearchResult:
    made: SearchResult = session.search(root, Query.from_text("any"))
    hits = tuple(
        dataclasses.replace(hit, word_evidence=numbers) for hit, numbers in zip(made.hits, evidence, strict=False)
    )
    return dataclasses.replace(made, words=words, hits=hits)


def test_a_word_is_judged_by_its_strength_not_by_its_weight(session: FakeSession, root: Path) -> None:
    words = (QueryWord("tank", 0.6), QueryWord("river", 0.4))
    strong, faint = (MATCHED_FROM + 1) / 2, 0.7 * MATCHED_FROM
    evidence = [(0.6 * strong, 0.4 * 0.0), (0.6 * faint, 0.4 * strong), (-0.2, 0.4 * strong)]
    result = result_with(session, root, evidence, words)
    badges = BadgeMaker(result)
    judged = [[badge.match for badge in badges.of(hit)] for hit in result.hits]
    assert judged == [
        [Match.MATCHED, Match.MISSING],
        [Match.WEAK, Match.MATCHED],
        [Match.MISSING, Match.MATCHED],
    ]


def test_words_seen_on_screen_are_the_words_matched_in_the_export(session: FakeSession, root: Path) -> None:
    result = session.search(root, Query.from_text("storage tanks river"))
    badges = BadgeMaker(result)
    kinds = set()
    for hit in result.hits:
        seen = {badge.text for badge in badges.of(hit) if badge.match is Match.MATCHED}
        assert seen == set(matched_words(result.words, hit.word_evidence))
        kinds |= {badge.match for badge in badges.of(hit)}
    assert kinds == set(Match)


def test_a_thing_at_the_edge_of_the_query_has_a_badge(session: FakeSession, root: Path) -> None:
    """The shipped model reads "storage tanks beside a river" with these weights; the river was left out."""
    words = (
        QueryWord("storage", 0.125),
        QueryWord("tanks", 0.716),
        QueryWord("beside", 0.0),
        QueryWord("river", 0.159),
    )
    result = result_with(session, root, [(0.06, 0.4, 0.0, 0.09)], words)
    assert [badge.text for badge in BadgeMaker(result).of(result.hits[0])] == ["tanks", "river", "storage"]


def test_light_words_get_no_badge_and_heavy_ones_come_first(session: FakeSession, root: Path) -> None:
    words = (QueryWord("a", 0.05), QueryWord("river", 0.35), QueryWord("bridge", 0.6))
    result = result_with(session, root, [(0.1, 0.1, 0.1)], words)
    badges = BadgeMaker(result)
    assert [badge.text for badge in badges.of(result.hits[0])] == ["bridge", "river"]


def test_a_lit_word_comes_first_however_light_it_is(session: FakeSession, root: Path) -> None:
    words = (QueryWord("a", 0.05), QueryWord("river", 0.35), QueryWord("bridge", 0.6))
    result = result_with(session, root, [(0.1, 0.1, 0.1)], words)
    badges = BadgeMaker(result).of(result.hits[0], lit=0)
    assert badges[0].adds == pytest.approx((1 - result.global_share) * 0.1), "the number on its bar in the inspector"
    assert [(badge.text, badge.lit) for badge in badges] == [("a", True), ("bridge", False), ("river", False)]


def test_each_word_has_a_border_of_its_own(session: FakeSession, root: Path) -> None:
    words = (QueryWord("trees", 0.5, matched_from=0.3), QueryWord("boats", 0.5, matched_from=0.06))
    result = result_with(session, root, [(0.1, 0.1)], words)
    assert [badge.match for badge in BadgeMaker(result).of(result.hits[0])] == [Match.WEAK, Match.MATCHED]


def test_an_unknown_word_is_never_said_to_match(session: FakeSession, root: Path) -> None:
    words = (QueryWord("xyzzy", 1.0, known=False),)
    result = result_with(session, root, [(0.9,)], words)
    assert BadgeMaker(result).of(result.hits[0])[0].match is Match.MISSING


# --- thumbnails -----------------------------------------------------------------------------------------------


@pytest.fixture
def runner(no_leaks: None) -> Iterator[TaskRunner]:
    runner = TaskRunner()
    yield runner
    runner.close()


def test_a_thumbnail_is_decoded_once_and_then_kept(qtbot: QtBot, runner: TaskRunner) -> None:
    read: list[tuple[Path, int]] = []

    def decode(path: Path, side: int) -> ByteArray:
        read.append((path, side))
        return np.full((side, side // 2, 3), 90, np.uint8)

    cache = ThumbnailCache(runner, decode)
    with qtbot.waitSignal(cache.idle):
        assert cache.get(Path("a.jpg"), 128) is None
        assert cache.get(Path("a.jpg"), 128) is None
    pixmap = cache.get(Path("a.jpg"), 128)
    assert pixmap is not None
    assert (pixmap.width(), pixmap.height()) == (64, 128)
    assert pixmap.toImage().pixelColor(3, 3).red() == 90
    assert read == [(Path("a.jpg"), 128)]


def test_the_memory_stays_bounded_and_the_least_used_goes_first(qtbot: QtBot, runner: TaskRunner) -> None:
    limit = 10 * 64 * 64 * 4
    cache = ThumbnailCache(runner, lambda _path, side: np.zeros((side, side, 3), np.uint8), limit_bytes=limit)
    for number in range(40):
        with qtbot.waitSignal(cache.idle):
            cache.get(Path(f"{number}.jpg"), 64)
        cache.get(Path("0.jpg"), 64)
    assert cache.bytes_used <= limit
    assert cache.get(Path("0.jpg"), 64) is not None, "what is used again and again is kept"
    assert cache.get(Path("5.jpg"), 64) is None
    qtbot.waitUntil(lambda: cache.is_idle)


def test_what_was_scrolled_away_is_not_decoded(qtbot: QtBot, runner: TaskRunner) -> None:
    read: list[Path] = []

    def slow(path: Path, side: int) -> ByteArray:
        read.append(path)
        time.sleep(0.02)
        return np.zeros((side, side, 3), np.uint8)

    cache = ThumbnailCache(runner, slow)
    for number in range(100):
        cache.get(Path(f"{number}.jpg"), 64)
    cache.clear_wishes()
    cache.get(Path("last.jpg"), 64)
    qtbot.waitUntil(lambda: cache.is_idle)
    assert Path("last.jpg") in read
    assert len(read) < 10


def test_a_broken_image_is_marked_and_not_tried_again(qtbot: QtBot, runner: TaskRunner) -> None:
    tries: list[Path] = []

    def decode(path: Path, _side: int) -> ByteArray:
        tries.append(path)
        raise UnreadableImageError("broken", "")

    cache = ThumbnailCache(runner, decode)
    with qtbot.waitSignal(cache.idle):
        cache.get(Path("a.jpg"), 64)
    assert cache.is_broken(Path("a.jpg"))
    cache.get(Path("a.jpg"), 64)
    assert cache.is_idle
    assert len(tries) == 1
    cache.clear()
    assert not cache.is_broken(Path("a.jpg"))


# --- view state -----------------------------------------------------------------------------------------------


def test_the_view_tells_each_change_once() -> None:
    view = ViewState()
    told: list[str] = []
    view.changed.connect(lambda: told.append(view.scale))
    view.cycle_scale()
    view.set_scale("fine")
    view.cycle_scale()
    view.cycle_scale()
    view.select_word(None)
    assert told == ["fine", "coarse", "both"]


def test_stepping_over_the_words_passes_the_whole_query_and_skips_words_without_a_place() -> None:
    view = ViewState()
    words = (QueryWord("tanks", 0.6), QueryWord("beside", 0.0), QueryWord("river", 0.4))
    seen = []
    for by in (1, 1, 1, 1, -1, -1):
        view.step_word(by, words)
        seen.append(view.word)
    assert seen == [0, 2, None, 0, None, 2]
