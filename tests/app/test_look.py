"""Colours, figures and small words on the screen."""

from __future__ import annotations

from dataclasses import asdict
from itertools import product

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.action_table import ACTIONS
from app.colormap import colour_table, tint
from app.controllers.export_controller import slug_of
from app.icons import icon_pixmap
from app.main_window import MainWindow
from app.models.collection_names import DEMO
from app.theme import DARK, LIGHT, ThemeColours, contrast_ratio, palette_of, style_sheet
from app.widgets.activity_strip import duration_of, figures_of
from app.widgets.mark_painter import ON_SCRIM, SCRIM
from app.widgets.result_delegate import side_for
from faami_core.config import resources_dir, user_data_dir
from faami_core.queries import Query
from faami_core.types import Progress

THEMES = pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])


@THEMES
def test_every_text_is_readable_on_every_ground(colours: ThemeColours) -> None:
    grounds = ("window", "surface", "raised", "hover")
    for text, ground in product(("text", "muted"), grounds):
        assert contrast_ratio(getattr(colours, text), getattr(colours, ground)) >= 4.5, (text, ground)
    for text, ground in product(("accent_text", "danger", "warning"), ("window", "surface", "raised")):
        assert contrast_ratio(getattr(colours, text), getattr(colours, ground)) >= 4.5, (text, ground)
    assert contrast_ratio(colours.on_accent, colours.accent) >= 4.5


@THEMES
def test_edges_and_focus_rings_are_seen(colours: ThemeColours) -> None:
    for ground in ("window", "surface"):
        assert contrast_ratio(colours.outline, getattr(colours, ground)) >= 3, ground
        assert contrast_ratio(colours.accent, getattr(colours, ground)) >= 3, ground


def test_contrast_knows_its_ends() -> None:
    assert contrast_ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast_ratio("#777777", "#777777") == pytest.approx(1)
    assert contrast_ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_text_on_the_scrim_is_readable_over_a_white_roof() -> None:
    scrim, alpha = np.array(SCRIM.getRgb()[:3]), SCRIM.alphaF()
    over_white = scrim * alpha + 255 * (1 - alpha)
    assert contrast_ratio(ON_SCRIM.name(), "#" + "".join(f"{round(value):02x}" for value in over_white)) >= 4.5


@THEMES
def test_only_the_accent_and_the_alarms_are_saturated(colours: ThemeColours) -> None:
    coloured = {"accent", "accent_text", "on_accent", "danger", "warning"}
    for name, value in asdict(colours).items():
        channels = [int(value[start : start + 2], 16) for start in (1, 3, 5)]
        if name not in coloured:
            assert max(channels) - min(channels) <= 16, f"{name} is not a neutral grey"


@THEMES
def test_the_style_sheet_has_no_colour_left_to_fill_in(colours: ThemeColours) -> None:
    rules = [line for line in style_sheet(colours).splitlines() if not line.startswith("/*")]
    assert not [line for line in rules if "@" in line]


def test_the_palette_greys_out_what_is_disabled(qapp: QApplication) -> None:
    palette = palette_of(LIGHT)
    assert palette.text().color().name() == LIGHT.text
    palette.setCurrentColorGroup(palette.ColorGroup.Disabled)
    assert palette.text().color().name() == LIGHT.muted


def test_no_evidence_is_no_tint_and_more_is_never_less() -> None:
    table = colour_table()
    assert table[0, 3] == 0
    assert np.all(np.diff(table[:, 3].astype(int)) >= 0)
    pixels = tint(np.array([[-5.0, 0.0, 0.5, 1.0, 9.0]], np.float32), 1.0)
    assert pixels[0, 0, 3] == 0, "negative evidence is not drawn"
    assert pixels[0, 1, 3] == 0
    assert 0 < pixels[0, 2, 3] < pixels[0, 3, 3]
    assert np.array_equal(pixels[0, 3], pixels[0, 4]), "what is beyond the limit has the brightest colour"


def test_the_colour_map_grows_evenly_in_lightness() -> None:
    """Perceptually uniform: equal steps of the number are equal steps of CIE lightness, within a fifth."""
    linear = np.where(
        colour_table()[:, :3] / 255 <= 0.04045,
        colour_table()[:, :3] / 255 / 12.92,
        ((colour_table()[:, :3] / 255 + 0.055) / 1.055) ** 2.4,
    )
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    lightness = 116 * np.cbrt(luminance) - 16
    steps = np.diff(lightness[::15])
    assert np.all(steps > 0)
    assert steps.std() / steps.mean() < 0.2


def test_the_same_value_has_the_same_colour_in_every_image() -> None:
    first = tint(np.array([[0.3, 0.9]], np.float32), 1.2)
    second = tint(np.array([[0.9, 0.1]], np.float32), 1.2)
    assert np.array_equal(first[0, 1], second[0, 0])


def test_every_icon_draws_something(qapp: QApplication) -> None:
    names = sorted(path.stem for path in (resources_dir() / "icons").glob("*.svg"))
    assert len(names) > 20
    for name in names:
        image = icon_pixmap(name, "#ff0000", 24).toImage()
        drawn = sum(image.pixelColor(x, y).alpha() > 64 for x in range(24) for y in range(24))
        assert drawn > 20, name


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress("Reading", 1234, 9828, 24.4, 350), "1,234 of 9,828  ·  24 a second  ·  6 min left"),
        (Progress("Reading", 5, None, None, None), "5"),
        (Progress("Loading", 0), ""),
        (Progress("Reading", 3, 10, 0.5, 14), "3 of 10  ·  0.5 a second  ·  14 s left"),
    ],
)
def test_progress_reads_like_a_sentence(progress: Progress, text: str) -> None:
    assert figures_of(progress) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (89, "89 s"), (120, "2 min"), (7800, "2 h 10 min")])
def test_durations_are_told_in_fitting_units(seconds: float, text: str) -> None:
    assert duration_of(seconds) == text


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("Storage tanks, beside a river!", "storage-tanks-beside-a-river"),
        ("../../etc/passwd", "etc-passwd"),
        ("木", "results"),
    ],
)
def test_a_query_becomes_a_safe_file_name(query: str, slug: str) -> None:
    assert slug_of(Query.from_text(query)) == slug


@pytest.mark.parametrize(("pixels", "side"), [(90, 128), (128, 128), (129, 256), (400, 512), (900, 512)])
def test_thumbnails_come_in_three_sizes(pixels: int, side: int) -> None:
    assert side_for(pixels) == side


def test_every_action_says_what_it_does() -> None:
    for spec in ACTIONS:
        assert spec.tip.endswith("."), spec.name
        assert len(spec.text) > 2
    assert len({spec.name for spec in ACTIONS}) == len(ACTIONS)
    assert len({(spec.menu, spec.title) for spec in ACTIONS}) == len(ACTIONS)


def test_the_demo_has_one_name_on_screen(qtbot: QtBot, window: MainWindow) -> None:
    demo = (user_data_dir() / "demo").resolve()
    demo.mkdir(parents=True)
    with qtbot.waitSignal(window.collections.opened):
        window.collections.open(demo)
    assert window.windowTitle().startswith(f"{DEMO} – ")
    assert window.rail.name.full_text == DEMO
    assert window.rail.collections.item(0).text() == DEMO
    for name, button in (("open_demo", window.rail.demo_button), ("open_demo", window.pane.welcome.demo_button)):
        assert button.text() == window.actions_by_name[name].text().replace("&", "") == f"Open {DEMO.lower()}"
