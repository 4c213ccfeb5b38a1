"""A folder of made scenes in the layout of RSICD: JPEG files and ``captions.json``."""

from __future__ import annotations

import json
from pathlib import Path

from faami_core.data.scenes.render import render_scene, scene_key
from faami_core.errors import CollectionError
from faami_core.pace import Pace
from faami_core.types import CancelToken, ProgressCallback

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
    """Writes scenes as ``<name>.jpg`` and their captions; every tenth of a kind is marked "val", the others "train".

    Each file appears whole, and ``captions.json`` comes last: where it lies, the collection is complete. An
    interrupted run goes on with what is missing, and a complete collection is left as it is.

    Args:
        folder: Made if it is not there.
        count: Scenes to write.
        seed: Which collection.
        size: Pixels a side.
        progress: Told after each scene.
        cancel: Looked at before each scene.

    Raises:
        CancelledError: if cancelled; what was written stays.
        FaamiError: if the folder cannot be written.
    """
    made = {"count": count, "seed": seed, "size": size}
    try:
        if _is_complete(folder, made):
            return
        (folder / CAPTIONS_FILE).unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        notes = folder / ".captions"
        notes.mkdir(exist_ok=True)
        entries: list[dict[str, object]] = []
        pace = Pace("Drawing the demo collection", count)
        for index in range(count):
            if cancel is not None:
                cancel.raise_if_cancelled()
            entries.append(_write_scene(folder, notes, index, seed, size))
            if progress is not None:
                progress(pace.at(index + 1))
        _write_whole(
            folder / CAPTIONS_FILE, json.dumps({"dataset": "made-scenes", "made": made, "images": entries}, indent=1)
        )
        for note in notes.iterdir():
            note.unlink()
        notes.rmdir()
    except OSError as error:
        raise CollectionError(
            f"The demo collection cannot be written to {folder}: {error.strerror or error}.",
            "Free some space or choose a folder you may write to.",
        ) from error


def _is_complete(folder: Path, made: dict[str, int]) -> bool:
    """Whether the collection lies there already, with the same settings and all its pictures."""
    try:
        record = json.loads((folder / CAPTIONS_FILE).read_text(encoding="utf-8"))
        same = record.get("made") == made
        return same and all((folder / entry["filename"]).is_file() for entry in record["images"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _write_scene(folder: Path, notes: Path, index: int, seed: int, size: int) -> dict[str, object]:
    """Writes the picture and the captions of a scene unless both are there. Returns its entry."""
    from faami_core.data.image_io import save_image

    kind, scene_seed = scene_key(index, seed)
    picture = folder / f"{kind}_{scene_seed:04d}.jpg"
    # The size is part of the note's name: a resumed run at another size draws anew.
    note = notes / f"{picture.stem}-{size}.json"
    if not (picture.exists() and note.exists()):
        scene = render_scene(kind, scene_seed, size=size)
        save_image(picture, scene.pixels, quality=_JPEG_QUALITY)
        _write_whole(note, json.dumps(scene.captions))
    sentences = [{"raw": caption} for caption in json.loads(note.read_text(encoding="utf-8"))]
    # Every tenth round through the kinds is kept for validation.
    split = "val" if scene_seed % 10 == 9 else "train"
    return {"filename": picture.name, "split": split, "sentences": sentences}


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
