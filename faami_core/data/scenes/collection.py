"""A folder of made scenes in the layout of RSICD: JPEG files and ``captions.json``."""

from __future__ import annotations

import json
import os
from pathlib import Path

from faami_core.data.scenes.render import render_scene, scene_key
from faami_core.errors import CollectionError
from faami_core.types import CancelToken, Progress, ProgressCallback

CAPTIONS_FILE = "captions.json"
_JPEG_QUALITY = 92


def write_collection(
    folder: Path,
    count: int,
    *,
    seed: int = 0,
    size: int = 256,
    progress: ProgressCallback | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Writes scenes as ``<name>.jpg`` and their captions; one in ten is marked "val", the others "train".

    Each file appears whole, and ``captions.json`` comes last: where it lies, the collection is complete. An
    interrupted run goes on with what is missing.

    Args:
        folder: Made if it is not there.
        count: Scenes to write.
        seed: Which collection.
        size: Pixels a side.
        progress: Told after each scene.
        cancel: Looked at before each scene.

    Raises:
        CancelledError: if cancelled; what was written stays.
        CollectionError: if the folder cannot be written.
    """
    from faami_core.data.image_io import save_image

    try:
        folder.mkdir(parents=True, exist_ok=True)
        notes = folder / ".captions"
        notes.mkdir(exist_ok=True)
        entries: list[dict[str, object]] = []
        for index in range(count):
            if cancel is not None:
                cancel.raise_if_cancelled()
            kind, scene_seed = scene_key(index, seed)
            picture = folder / f"{kind}_{scene_seed:04d}.jpg"
            note = notes / f"{kind}_{scene_seed:04d}-{size}.json"
            if not (picture.exists() and note.exists()):
                scene = render_scene(kind, scene_seed, size=size)
                part = folder / f".{picture.stem}.part.jpg"
                save_image(part, scene.pixels, quality=_JPEG_QUALITY)
                os.replace(part, picture)
                _write_whole(note, json.dumps(list(scene.captions)))
            sentences = [{"raw": caption} for caption in json.loads(note.read_text(encoding="utf-8"))]
            split = "val" if (index // 7) % 10 == 9 else "train"
            entries.append({"filename": picture.name, "split": split, "sentences": sentences})
            if progress is not None:
                progress(Progress("Drawing the demo collection", index + 1, count))
        _write_whole(folder / CAPTIONS_FILE, json.dumps({"dataset": "made-scenes", "images": entries}, indent=1))
        for note in notes.iterdir():
            note.unlink()
        notes.rmdir()
    except OSError as error:
        raise CollectionError(
            f"The demo collection cannot be written to {folder}: {error.strerror or error}.",
            "Free some space or choose a folder you may write to.",
        ) from error


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
