"""A short animated search for the README, of real frames of the window over the demo collection.

Run as ``python -m tests.e2e.animation FILE.gif``; ``make screens`` does. A query is typed, the results come, and its
words light up in every cell one after the other. Data of the run are kept in ``FAAMI_DATA_DIR``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import prepare
from app.colormap import colour_table
from faami_core.config import user_data_dir
from tests.e2e.driver import Driver, wait

_QUERY = "storage tanks beside a river"
_SIZE = (1440, 900)
_WIDTH = 960  # pixels of the animation
_COLOURS = 192  # of 256; the others are those of the heatmap
_TYPED_AT_ONCE = 4  # letters between two frames
_LARGEST = 1_500_000  # bytes


@dataclass(frozen=True)
class Frame:
    """A picture of the window and how long it stands, in milliseconds."""

    image: Image.Image
    milliseconds: int


def film(driver: Driver) -> list[Frame]:
    """Types the query, waits for the results, and steps through its words."""
    window, line = driver.window, driver.window.pane.query.text
    driver.open_demo()
    window.set_theme("light")
    window.pane.query.focus()
    driver.settle()
    frames = [Frame(_picture(driver), 900)]
    for begin in range(0, len(_QUERY), _TYPED_AT_ONCE):
        QTest.keyClicks(line, _QUERY[begin : begin + _TYPED_AT_ONCE])
        wait(60)
        frames.append(Frame(_picture(driver), 140))
    driver.submit(lambda: QTest.keyClick(line, Qt.Key.Key_Return))
    driver.settle()
    frames.append(Frame(_picture(driver), 1500))
    result = window.workspace.result
    assert result is not None
    for _ in range(sum(word.weight != 0 for word in result.words)):
        window.actions_by_name["next_word"].trigger()
        driver.settle()
        frames.append(Frame(_picture(driver), 1100))
    return frames


def write(frames: list[Frame], path: Path) -> int:
    """Writes an animation that begins anew when it is over. Returns its bytes.

    Raises:
        ValueError: if it is too large for a README.
    """
    palette = _palette([frame.image for frame in frames[-3:]])
    plain = [frame.image.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    path.parent.mkdir(parents=True, exist_ok=True)
    plain[0].save(
        path,
        save_all=True,
        append_images=plain[1:],
        duration=[frame.milliseconds for frame in frames],
        loop=0,
        optimize=True,
        disposal=1,
    )
    size = path.stat().st_size
    if size > _LARGEST:
        raise ValueError(f"{path.name} has {size:,} bytes, more than {_LARGEST:,}.")
    return size


def _palette(images: list[Image.Image]) -> Image.Image:
    """One for all frames, or what stands still would flicker; the few lit pixels have colours of their own in it."""
    height = images[0].height
    montage = Image.new("RGB", (_WIDTH, height * len(images)))
    for place, image in enumerate(images):
        montage.paste(image, (0, place * height))
    common = montage.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT).getpalette() or []
    lit = colour_table()[:: 256 // (256 - _COLOURS), :3].ravel().tolist()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*common[: 3 * _COLOURS], *lit][: 3 * 256])
    return palette


def _picture(driver: Driver) -> Image.Image:
    grabbed = driver.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    size = (grabbed.width(), grabbed.height())
    image = Image.frombuffer("RGB", size, bytes(grabbed.constBits()), "raw", "RGB", grabbed.bytesPerLine(), 1)
    return image.resize((_WIDTH, round(_WIDTH * size[1] / size[0])), Image.Resampling.LANCZOS)


def main(path: Path) -> None:
    """Films and writes."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    prepare(QApplication(sys.argv[:1]))
    driver = Driver(user_data_dir(), _SIZE)
    frames = film(driver)
    driver.close()
    size = write(frames, path)
    seconds = sum(frame.milliseconds for frame in frames) / 1000
    print(f"{path}: {len(frames)} frames, {seconds:.1f} s, {size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
