"""C6, C8: whatever happens to a folder between two scans, the catalog equals it after the next one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from PIL import Image

from faami_core.indexing import atomic
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.indexer import index_collection
from faami_core.types import CancelToken
from tests.faults.index_tools import FINGERPRINT, check_tidy, index, paint, paint_many, stored
from tests.stub_encoder import StubEncoder

SEEDS = st.integers(0, 5)
NAMES = st.sampled_from(["a.png", "b.png", "é.png", "sub/a.png", "sub/b.png", "sub/deep/c.png", "other/a.png"])
FOLDERS = st.sampled_from(["sub", "sub/deep", "other"])


class Killed(BaseException):
    """Stands for the process dying."""


class ChangingFolder(RuleBasedStateMachine):
    """Plays a user who works in a folder, and index runs in between, some of which are cancelled or die."""

    @initialize()
    def begin(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="faami-state-"))
        self.root, self.index = self.base / "images", self.base / "index"
        self.root.mkdir()
        self.seeds: dict[str, int | None] = {}

    def teardown(self) -> None:
        atomic.step_hook = atomic._pass
        shutil.rmtree(self.base, ignore_errors=True)

    @rule(name=NAMES, seed=SEEDS)
    def write_or_edit(self, name, seed) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        paint(self.root / name, seed)
        self.seeds[name] = seed

    @rule(name=NAMES)
    def spoil(self, name) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(b"not an image")
        self.seeds[name] = None

    @rule(name=NAMES)
    def delete(self, name) -> None:
        (self.root / name).unlink(missing_ok=True)
        self.seeds.pop(name, None)

    @rule(name=NAMES, other=NAMES)
    def rename(self, name, other) -> None:
        if name in self.seeds and name != other:
            (self.root / other).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).replace(self.root / other)
            self.seeds[other] = self.seeds.pop(name)

    @rule(name=NAMES, other=NAMES)
    def swap(self, name, other) -> None:
        if {name, other} <= set(self.seeds) and name != other:
            (self.root / name).replace(self.base / "spare")
            (self.root / other).replace(self.root / name)
            (self.base / "spare").replace(self.root / other)
            self.seeds[name], self.seeds[other] = self.seeds[other], self.seeds[name]

    @rule(folder=FOLDERS)
    def delete_folder(self, folder) -> None:
        shutil.rmtree(self.root / folder, ignore_errors=True)
        self.seeds = {name: seed for name, seed in self.seeds.items() if not name.startswith(f"{folder}/")}

    @rule(name=NAMES)
    def touch(self, name) -> None:
        if name in self.seeds:
            os.utime(self.root / name)

    @rule()
    def unplug_and_scan(self) -> None:
        self.root.rename(self.base / "away")
        index(self.index, self.root)
        (self.base / "away").rename(self.root)

    @rule()
    def cancel_a_run(self) -> None:
        cancel = CancelToken()
        with Catalog(self.index, create=True) as catalog:
            index_collection(catalog, self.root, StubEncoder(), cancel=cancel, progress=lambda _step: cancel.cancel())

    @rule(step=st.sampled_from(["begin", "write", "rename", "commit", "committed"]))
    def die_in_a_run(self, step) -> None:
        def die(name: str, _path: Path) -> None:
            if name == step:
                raise Killed

        atomic.step_hook = die
        try:
            index(self.index, self.root)
        except Killed:
            pass
        finally:
            atomic.step_hook = atomic._pass

    @rule()
    def index_and_compare(self) -> None:
        report = index(self.index, self.root)
        good = {name: seed for name, seed in self.seeds.items() if seed is not None}
        bad = {name for name, seed in self.seeds.items() if seed is None}
        features = {path.decode().removeprefix(f"{self.root}/"): row[1] for path, row in stored(self.index).items()}

        assert features == {name: regions(seed) for name, seed in good.items()}
        assert {str(image.path.relative_to(self.root)) for image in report.unreadable} == bad
        assert (report.seen, report.offline) == (len(self.seeds), 0)
        check_tidy(self.index)

    @invariant()
    def a_reader_never_sees_a_row_twice(self) -> None:
        if (self.index / "catalog.sqlite").is_file() and FINGERPRINT in self.models():
            stored(self.index)

    def models(self) -> dict[str, int]:
        with Catalog(self.index) as catalog:
            return catalog.models()


def regions(seed: int) -> bytes:
    """What the model says of an image painted with ``seed``."""
    fields = np.random.default_rng(seed).integers(0, 256, (2, 3, 3), dtype=np.uint8)
    pixels = Image.fromarray(fields.repeat(16, axis=0).repeat(16, axis=1)).resize((32, 32))
    return StubEncoder().encode_images(np.asarray(pixels)[None]).regions[0].tobytes()


SOME_STEPS = settings(
    max_examples=4, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


class TestAFewSteps(ChangingFolder.TestCase):
    settings = SOME_STEPS


@pytest.mark.faults
@pytest.mark.timeout(600)
class TestAThousandSteps(ChangingFolder.TestCase):
    settings = settings(SOME_STEPS, max_examples=20, stateful_step_count=50)


@pytest.mark.faults
def test_fifty_renames_embed_nothing_and_ten_edits_only_themselves(tmp_path):
    images, folder = tmp_path / "images", tmp_path / "index"
    paint_many(images, range(60))
    index(folder, images)
    before = stored(folder)
    (images / "moved").mkdir()
    for seed in range(50):
        (images / f"{seed:04d}.png").rename(images / "moved" / f"{59 - seed:04d}.png")
    for seed in range(50, 60):
        paint(images / f"{seed:04d}.png", 1000 + seed)
    encoder = StubEncoder()

    report = index(folder, images, encoder)
    after = stored(folder)

    assert encoder.images_encoded == 10
    assert (report.seen, report.changed, report.added, report.removed) == (60, 10, 0, 0)
    for seed in range(50):
        new = bytes(images / "moved" / f"{59 - seed:04d}.png")
        assert after[new] == before[bytes(images / f"{seed:04d}.png")]


@pytest.mark.faults
def test_edits_that_keep_size_and_time_are_seen_while_fresh_and_later_by_verify(tmp_path):
    images, folder = tmp_path / "images", tmp_path / "index"
    paint_many(images, range(20))
    for seed in range(10):
        Image.new("RGB", (8, 8), (seed, 0, 0)).save(images / f"{seed:04d}.png", compress_level=0)
        os.utime(images / f"{seed:04d}.png", ns=(10**18, 10**18))
    index(folder, images)
    for seed in range(10):
        Image.new("RGB", (8, 8), (seed, 99, 0)).save(images / f"{seed:04d}.png", compress_level=0)
        os.utime(images / f"{seed:04d}.png", ns=(10**18, 10**18))

    assert index(folder, images).changed == 0
    assert index(folder, images, verify=True).changed == 10
    assert index(folder, images, verify=True).changed == 0


def test_an_edit_within_the_tick_of_the_clock_that_indexing_read_is_seen(tmp_path):
    images, folder = tmp_path / "images", tmp_path / "index"
    images.mkdir()
    Image.new("RGB", (8, 8), "red").save(images / "a.png", compress_level=0)
    stamp = (images / "a.png").stat()
    index(folder, images)
    Image.new("RGB", (8, 8), "blue").save(images / "a.png", compress_level=0)
    os.utime(images / "a.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert (images / "a.png").stat().st_size == stamp.st_size
    assert index(folder, images).changed == 1
