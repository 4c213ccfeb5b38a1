"""Captions files as the data sets of the field publish them. The layout is recognised from the content.

- RSICD (Lu et al., TGRS 2018), UCM-captions and Sydney-captions (Qu et al., CITS 2016):
  ``{"dataset", "images": [{"filename", "split", "sentences": [{"raw", "tokens", …}], "imgid", "sentids"}]}``
- RSITMD (Yuan et al., TGRS 2021): the same, an image may carry its scene class as ``"label"``
- NWPU-captions (Cheng et al., TGRS 2022): ``{scene class: [{"filename", "split", "raw", "raw_1", …, "raw_4"}]}``,
  images in a folder per class
- CSV (RFC 4180, UTF-8) with the columns filename and caption, and split if there are several; a row a caption
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from faami_core.errors import TrainingError

EXPECTED = (
    'Expected is JSON with a list "images" (RSICD, RSITMD, UCM-captions, Sydney-captions), JSON with a list of '
    "images per scene class (NWPU-captions), or CSV with the columns filename and caption."
)
_NWPU_CAPTION = re.compile(r"raw(_\d+)?")


@dataclass(frozen=True)
class ListedImage:
    """An image as the file lists it; nothing here is checked against the disk.

    Attributes:
        names: Where it may lie below the image folder, the likeliest place first.
        split: As written; "" where the file knows no splits.
        captions: Stripped, blank ones left out.
        label: Scene class as written, or "".
    """

    names: tuple[str, ...]
    split: str
    captions: tuple[str, ...]
    label: str = ""


def parse_listing(text: str, name: str) -> list[ListedImage]:
    """All images of a captions file, in order.

    Args:
        text: Content of the file.
        name: Of the file, for messages.

    Raises:
        TrainingError: if it has none of the known layouts, or an entry lacks what its layout promises.
    """
    if text.lstrip()[:1] not in {"{", "["}:
        return list(_csv_images(text, name))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"The captions file {name} is broken JSON ({error}).", EXPECTED) from error
    if isinstance(content, dict) and isinstance(content.get("images"), list):
        return [_karpathy_image(entry, f"{name}, image {n}") for n, entry in enumerate(content["images"])]
    if isinstance(content, dict) and content and all(isinstance(part, list) for part in content.values()):
        return [
            _nwpu_image(label, entry, f"{name}, {label} {n}")
            for label, entries in content.items()
            for n, entry in enumerate(entries)
        ]
    raise _unknown_layout(name)


def _karpathy_image(entry: Any, where: str) -> ListedImage:
    try:
        captions = [sentence["raw"] for sentence in entry["sentences"]]
        label = entry.get("label", "")
        return ListedImage(
            (_text(entry["filename"]),), _text(entry["split"]), _stripped(captions), _text(label).strip()
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise TrainingError(f"{where} lacks a filename, a split or raw sentences.", EXPECTED) from error


def _nwpu_image(label: str, entry: Any, where: str) -> ListedImage:
    try:
        captions = [entry[key] for key in entry if _NWPU_CAPTION.fullmatch(key)]
        name = _text(entry["filename"])
        if not captions:
            raise KeyError("raw")
        return ListedImage((f"{label}/{name}", name), _text(entry["split"]), _stripped(captions), label.strip())
    except (TypeError, KeyError, AttributeError) as error:
        raise TrainingError(f"{where} lacks a filename, a split or raw captions.", EXPECTED) from error


def _csv_images(text: str, name: str) -> Iterator[ListedImage]:
    images: dict[str, tuple[str, list[str]]] = {}  # split and captions by name
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [cell.strip().lower() for cell in next(rows, [])]
        if not {"filename", "caption"} <= set(header):
            raise _unknown_layout(name)
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise TrainingError(f"{name}, line {rows.line_num} has {len(row)} cells, its header {len(header)}.")
            cells = dict(zip(header, row, strict=True))
            listed = ListedImage((cells["filename"],), cells.get("split", "").strip(), _stripped([cells["caption"]]))
            split, captions = images.setdefault(cells["filename"], (listed.split, []))
            if split != listed.split:
                raise TrainingError(
                    f"{name}, line {rows.line_num} puts {cells['filename']!r} into a second split, {listed.split!r}.",
                    "Give all captions of an image the same split.",
                )
            captions += listed.captions
    except csv.Error as error:
        raise TrainingError(f"The captions file {name} is broken CSV ({error}).", EXPECTED) from error
    for filename, (split, captions) in images.items():
        yield ListedImage((filename,), split, tuple(captions))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _stripped(captions: list[Any]) -> tuple[str, ...]:
    return tuple(caption for caption in (_text(entry).strip() for entry in captions) if caption)


def _unknown_layout(name: str) -> TrainingError:
    return TrainingError(f"The captions file {name} has none of the known layouts.", EXPECTED)
