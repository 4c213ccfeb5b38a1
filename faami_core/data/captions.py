"""Caption files in the layout of RSICD and RSITMD: one JSON list of images with sentences and a split."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from faami_core.errors import TrainingError

_CLASS_OF_NAME = re.compile(r"^([A-Za-z]+)")


@dataclass(frozen=True)
class CaptionedImage:
    """An image file with its captions.

    Attributes:
        path: The file.
        split: "train", "val" or "test", as the file says.
        captions: As written, stripped.
    """

    path: Path
    split: str
    captions: tuple[str, ...]

    @property
    def scene_class(self) -> str:
        """Letters at the start of the file name ("airport_12.jpg" → "airport"); "" when it starts otherwise."""
        match = _CLASS_OF_NAME.match(self.path.name)
        return match.group(1).lower() if match else ""


@dataclass(frozen=True)
class CaptionSet:
    """Images found, and the names listed in the captions file whose image is missing."""

    images: tuple[CaptionedImage, ...]
    missing: tuple[str, ...]


def read_captions(file: Path, folder: Path, split: str | None = None) -> CaptionSet:
    """Reads a captions file and looks for its images.

    Args:
        file: JSON as ``{"images": [{"filename", "split", "sentences": [{"raw"}]}]}``.
        folder: Where the images lie; names that lead outside it are refused.
        split: Keep only this split; None keeps all.

    Raises:
        TrainingError: if the file cannot be read, has another layout, or names a file outside ``folder``.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The captions file {file} cannot be read ({error}).", "Name a JSON captions file."
        ) from error
    entries = content.get("images") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise TrainingError(f'The captions file {file} has no list "images".', "It must have the layout of RSICD.")
    images, missing = [], []
    for number, entry in enumerate(entries):
        image = _parse_entry(entry, f"{file.name}, image {number}", folder)
        if split is not None and image.split != split:
            continue
        if image.path.is_file():
            images.append(image)
        else:
            missing.append(image.path.name)
    return CaptionSet(tuple(images), tuple(missing))


def _parse_entry(entry: Any, where: str, folder: Path) -> CaptionedImage:
    try:
        name, split = entry["filename"], entry["split"]
        captions = tuple(sentence["raw"].strip() for sentence in entry["sentences"])
    except (TypeError, KeyError, AttributeError) as error:
        raise TrainingError(f"{where} lacks a filename, a split or raw sentences.") from error
    pure = PurePosixPath(str(name).replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or ":" in str(name) or "\0" in str(name) or not pure.name:
        raise TrainingError(f"{where} names {name!r}, which lies outside the image folder.")
    return CaptionedImage(folder / pure, str(split), tuple(caption for caption in captions if caption))


def caption_vocabulary(captions: Iterable[str]) -> list[str]:
    """Every word of the captions in lower case, sorted: what the model has seen."""
    words: set[str] = set()
    for caption in captions:
        words.update(re.findall(r"\w+", caption.lower()))
    return sorted(words)
