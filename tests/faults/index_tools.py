"""What the fault tests of the index share: collections of made images, runs that die, and what an index holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from faami_core.indexing import atomic
from faami_core.indexing.catalog import Catalog
from faami_core.indexing.feature_store import Gallery, open_shard, shard_folder
from faami_core.indexing.indexer import index_collection
from faami_core.types import IndexReport
from tests.stub_encoder import StubEncoder

FINGERPRINT = StubEncoder().info.fingerprint
REPOSITORY = Path(__file__).parents[2]

Stored = dict[bytes, tuple[bytes, bytes, bytes]]


def paint(path: Path, seed: int) -> None:
    """An image of 6 random fields; every seed has other pixels."""
    fields = np.random.default_rng(seed).integers(0, 256, (2, 3, 3), dtype=np.uint8)
    Image.fromarray(fields.repeat(16, axis=0).repeat(16, axis=1)).save(path)


def paint_many(folder: Path, seeds: Iterable[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        paint(folder / f"{seed:04d}.png", seed)


def index(folder: Path, root: Path, encoder: StubEncoder | None = None, **options: bool) -> IndexReport:
    with Catalog(folder, create=True) as catalog:
        return index_collection(catalog, root, encoder or StubEncoder(), **options)


def stored(folder: Path) -> Stored:
    """Features by path, read through everything that checks them; two indexes are equal if these are."""
    with Catalog(folder) as catalog:
        gallery = Gallery(catalog.gallery(catalog.models()[FINGERPRINT]), shard_folder(folder, FINGERPRINT))
    assert not gallery.damaged
    assert len(set(gallery.paths)) == len(gallery)
    regions, key_scale, _ = gallery.gather(np.arange(len(gallery)))
    return {
        path: (gallery.global_features[i].tobytes(), regions[i].tobytes(), key_scale[i].tobytes())
        for i, path in enumerate(gallery.paths)
    }


def check_tidy(folder: Path) -> None:
    """Every file in one state, no temp file, and exactly the shards that the catalog names."""
    with Catalog(folder) as catalog:
        model_id = catalog.models()[FINGERPRINT]
        counts, named = catalog.counts(model_id), set(catalog.shards(model_id))
    assert counts.indexed + counts.unreadable + counts.offline == counts.seen
    assert not list(folder.rglob(f"{atomic.TEMPORARY_PREFIX}*"))
    assert {path.name for path in shard_folder(folder, FINGERPRINT).glob("*")} == named


def rot_a_row(folder: Path) -> None:
    """Flips a bit in the region features of one image; only a look at its row can see it."""
    path = min(folder.rglob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[content.index(open_shard(path).regions[3].tobytes()) + 7] ^= 4
    path.write_bytes(content)


CHILD = """
import os, signal, sys, time
from pathlib import Path
from faami_core.indexing import atomic, indexer, upkeep
from faami_core.indexing.catalog import Catalog
from tests.stub_encoder import StubEncoder

task, index, root, log, step, occurrence = sys.argv[1:]
upkeep.SHARD_ROWS, upkeep.SMALL_SHARDS = 64, 4  # so that shards are joined many times in a short run
note = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
reached = []

def die(name, path):
    reached.append(name)
    if reached.count(step) == int(occurrence):
        os.kill(os.getpid(), signal.SIGKILL)

class Noting(StubEncoder):
    def encode_images(self, images):
        features = super().encode_images(images)
        os.write(note, b"%d\\n" % len(images))
        return features

atomic.step_hook = die
print("ready", flush=True)
with Catalog(Path(index), create=True) as catalog:
    if task == "compact":
        upkeep.compact(catalog)
    else:
        indexer.index_collection(catalog, Path(root), Noting(seconds_per_batch=0.004))
"""


def start_child(
    folder: Path, root: Path, log: Path, *, task: str = "index", step: str = "never", occurrence: int = 1
):
    """A process that indexes (or compacts), and kills itself when a named step comes for the nth time."""
    arguments = [task, folder, root, log, step, str(occurrence)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *map(os.fspath, arguments)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
    )


def encoded(log: Path) -> int:
    """How many images went through the model in children, committed or not."""
    return sum(map(int, log.read_text().split())) if log.exists() else 0
