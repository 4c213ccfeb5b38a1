"""Captioned images: the captions file of a data set and the folder of its images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from faami_core.data.caption_layouts import EXPECTED, ListedImage, parse_listing
from faami_core.errors import TrainingError

_CLASS_OF_NAME = re.compile(r"^([A-Za-z]+)")
# Names that are devices on Windows, with any suffix; a data set that moves between systems cannot use them.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class CaptionedImage:
    """An image file with its captions.

    Attributes:
        path: The file.
        split: "train", "val" or "test", as the captions file says; "" where it knows no splits.
        captions: As written, stripped.
        label: Scene class, where the captions file names it.
    """

    path: Path
    split: str
    captions: tuple[str, ...]
    label: str = ""

    @property
    def scene_class(self) -> str:
        """The label, else the letters at the start of the file name ("airport_12.jpg" → "airport"), else ""."""
        match = _CLASS_OF_NAME.match(self.path.name)
        return (self.label or (match.group(1) if match else "")).lower()


@dataclass(frozen=True)
class CaptionSet:
    """Images found, and the names listed in the captions file whose image is missing."""

    images: tuple[CaptionedImage, ...]
    missing: tuple[str, ...]


def read_captions(file: Path, folder: Path, split: str | None = None) -> CaptionSet:
    """Reads a captions file and looks for its images.

    Args:
        file: JSON of a known data set, or CSV; see ``caption_layouts``.
        folder: Where the images lie; names that lead outside it are refused, also through links.
        split: Keep only this split; None keeps all. Images of a file without splits are there to be evaluated: they
            belong to every split but "train".

    Raises:
        TrainingError: if the file cannot be read, has an unknown layout, or names a file outside ``folder``.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise TrainingError(f"The captions file {file} cannot be read ({error}).", EXPECTED) from error
    base = folder.resolve()
    images, missing = [], []
    for number, listed in enumerate(parse_listing(text, file.name)):
        places = [_place(folder, base, name, f"{file.name}, image {number}") for name in listed.names]
        if split is not None and not _belongs(listed, split):
            continue
        found = next((place for place in places if _is_file(place)), None)
        if found is None:
            missing.append(places[0].name)
        else:
            images.append(CaptionedImage(found, listed.split, listed.captions, listed.label))
    return CaptionSet(tuple(images), tuple(missing))


def _belongs(listed: ListedImage, split: str) -> bool:
    return listed.split == split or (listed.split == "" and split != "train")


def _place(folder: Path, base: Path, name: str, where: str) -> Path:
    """The file of that name below ``folder``, whether it is there or not.

    Args:
        folder: Of the images.
        base: The same, resolved.
        name: As listed, with slashes or backslashes.
        where: For the message.
    """
    pure = PurePosixPath(name.replace("\\", "/"))
    parts_fit = pure.parts and not any(part == ".." or _DEVICE.fullmatch(part) for part in pure.parts)
    if parts_fit and not pure.is_absolute() and ":" not in name and "\0" not in name:
        try:
            if (folder / pure).resolve().is_relative_to(base):
                return folder / pure
        except (OSError, RuntimeError, ValueError):
            pass  # links that go in circles, letters no file name can have
    raise TrainingError(
        f"{where} names {name!r}, which lies outside the image folder.", "Images must lie in the folder itself."
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the file system allows
        return False


def caption_vocabulary(captions: Iterable[str]) -> list[str]:
    """Every word of the captions in lower case, sorted: what the model has seen."""
    words: set[str] = set()
    for caption in captions:
        words.update(re.findall(r"\w+", caption.lower()))
    return sorted(words)
