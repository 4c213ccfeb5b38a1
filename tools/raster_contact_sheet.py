"""Draws every image file of a folder as this program shows it, beside GDAL's own reading of it.

    python tools/raster_contact_sheet.py FOLDER SHEET.png [--columns 4] [--first 0] [--count 40]

GDAL's picture is made with nothing but rasterio: the bands that it calls red, green and blue (or the first ones),
its masks, and a stretch of each picture between its 2nd and 98th percentile where bands have more than 8 bits. A file
that one of the two refuses has the reason in place of the picture. The sheet is for the eye: what differs is either
explained by the words below a picture, or wrong.
"""

from __future__ import annotations

import argparse
import textwrap
import warnings
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, ImageDraw
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

from faami_core.data.image_io import open_image
from faami_core.errors import FaamiError

SIDE, TEXT, GAP = 190, 62, 8  # pixels of a picture, of the words below it, between two
RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)


def ours(path: Path) -> tuple[Image.Image | None, str]:
    """The picture, and its notes or the reason why there is none."""
    try:
        image = open_image(path, max_side=SIDE)
    except FaamiError as error:
        return None, str(error)
    return Image.fromarray(image.pixels), f"{image.width} × {image.height}; " + "; ".join(image.notes)


def gdals(path: Path) -> tuple[Image.Image | None, str]:
    """The picture by rasterio alone; what is masked is black."""
    try:
        with rasterio.open(path) as dataset:
            kinds = list(dataset.colorinterp)
            colors = [kinds.index(color) + 1 for color in RGB if color in kinds]
            bands = colors if len(colors) == 3 else [1, 2, 3] if dataset.count > 2 else [1]
            factor = min(1.0, SIDE / max(dataset.shape))
            size = tuple(max(1, round(side * factor)) for side in dataset.shape)
            values = dataset.read(bands, out_shape=(len(bands), *size))
            valid = dataset.read_masks(bands, out_shape=(len(bands), *size)).any(axis=0)
            if kinds[0] == ColorInterp.palette:
                table = dataset.colormap(1)
                pixels = np.array([table.get(int(n), (0, 0, 0, 255))[:3] for n in values[0].flat], dtype=np.uint8)
                pixels = pixels.reshape(*size, 3)
            else:
                pixels = np.moveaxis(stretched(np.abs(values) if values.dtype.kind == "c" else values, valid), 0, -1)
            pixels[~valid] = 0
            words = f"{dataset.count} × {dataset.dtypes[0]}, {', '.join(kind.name for kind in kinds[:5])}"
            return Image.fromarray(pixels.squeeze()).convert("RGB"), words
    except Exception as error:
        return None, f"GDAL: {error}"


def stretched(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """[B, H, W] numbers as 8 bits."""
    if values.dtype == np.uint8:
        return values
    numbers = values.astype(np.float64)
    sample = numbers[:, valid]
    low, high = np.percentile(sample[np.isfinite(sample)], (2, 98)) if np.isfinite(sample).any() else (0, 1)
    part = (numbers - low) / (high - low or 1)
    return np.nan_to_num(np.clip(part, 0, 1) * 255).astype(np.uint8)


def main() -> None:
    """Reads the arguments and writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", NotGeoreferencedWarning)
    files = sorted(path for path in arguments.folder.iterdir() if path.is_file())
    files = files[arguments.first : arguments.first + arguments.count]
    wide, high = 2 * SIDE + 3 * GAP, SIDE + TEXT + 18
    rows = -(-len(files) // arguments.columns)
    sheet = Image.new("RGB", (arguments.columns * wide, rows * high), (238, 238, 232))
    pen = ImageDraw.Draw(sheet)
    for number, path in enumerate(files):
        left, top = number % arguments.columns * wide + GAP, number // arguments.columns * high
        pen.text((left, top + 2), path.name[:60], fill="black")
        for place, (image, words) in enumerate((ours(path), gdals(path))):
            x = left + place * (SIDE + GAP)
            if image is not None:
                image.thumbnail((SIDE, SIDE))
                sheet.paste(image, (x, top + 16))
            pen.multiline_text((x, top + 18 + SIDE), textwrap.fill(words, 31)[:155], fill=(60, 60, 60))
    sheet.save(arguments.sheet)


if __name__ == "__main__":
    main()
