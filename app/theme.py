"""Colours of the window: neutral greys and one accent, light and dark, laid into the palette and the style sheet.

The images are the only saturated things on screen. Widgets that paint themselves read the palette, so that a theme
is one object: ``apply_theme`` sets palette and style sheet, and everything repaints.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from faami_core.config import resources_dir

ThemeChoice = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class ThemeColours:
    """Colours by what they are for, as #rrggbb."""

    window: str  # behind the panes
    surface: str  # panes, lists, inputs at rest
    raised: str  # buttons, chips, fields
    hover: str  # under the pointer
    line: str  # separators; decorative, no text
    outline: str  # edges of controls, 3:1 against the surface
    text: str
    muted: str  # second voice, still 4.5:1
    accent: str  # fills: selection, primary button
    on_accent: str  # text on the accent
    accent_text: str  # the accent as text or thin line on a surface
    danger: str  # error sentences
    warning: str  # flagged words


DARK = ThemeColours(
    window="#141517",
    surface="#1b1d20",
    raised="#282b2f",
    hover="#33373c",
    line="#2e3136",
    outline="#6c727b",
    text="#edeff2",
    muted="#a9afb8",
    accent="#5aa2f0",
    on_accent="#08131f",
    accent_text="#7db8f7",
    danger="#ff9a90",
    warning="#f0bd5b",
)
LIGHT = ThemeColours(
    window="#eceef0",
    surface="#fafbfb",
    raised="#eef0f2",
    hover="#e0e3e7",
    line="#d8dbdf",
    outline="#7d838c",
    text="#1a1c1f",
    muted="#565c64",
    accent="#1565c0",
    on_accent="#ffffff",
    accent_text="#0f57a8",
    danger="#a8231a",
    warning="#7a4f00",
)


def contrast_ratio(first: str, second: str) -> float:
    """WCAG 2 contrast of two #rrggbb colours, in [1, 21]."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def colours_of(choice: ThemeChoice, app: QApplication) -> ThemeColours:
    """The colours of a choice; "system" asks the desktop and is dark where it does not say."""
    if choice == "system":
        return LIGHT if app.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK
    return LIGHT if choice == "light" else DARK


def apply_theme(app: QApplication, choice: ThemeChoice) -> ThemeColours:
    """Sets style, palette and style sheet of the whole application."""
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(choice, Qt.ColorScheme.Unknown)
    app.styleHints().setColorScheme(scheme)
    colours = colours_of(choice, app)
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(palette_of(colours))
    app.setStyleSheet(style_sheet(colours))
    return colours


def palette_of(colours: ThemeColours) -> QPalette:
    """The palette that self-painting widgets read.

    Roles used by them: Window, Base (surface), Button (raised), Midlight (hover), Mid (line), Dark (outline), Text,
    PlaceholderText (muted), Highlight (accent), HighlightedText, Link (accent as text), BrightText (danger),
    LinkVisited (warning).
    """
    role = QPalette.ColorRole
    table = {
        role.Window: colours.window,
        role.WindowText: colours.text,
        role.Base: colours.surface,
        role.AlternateBase: colours.raised,
        role.Text: colours.text,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.PlaceholderText: colours.muted,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.Accent: colours.accent,
        role.Link: colours.accent_text,
        role.LinkVisited: colours.warning,
        role.BrightText: colours.danger,
        role.Midlight: colours.hover,
        role.Mid: colours.line,
        role.Dark: colours.outline,
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
    }
    palette = QPalette()
    for name, value in table.items():
        palette.setColor(name, QColor(value))
    for name in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.muted))
    return palette


def style_sheet(colours: ThemeColours) -> str:
    """The style sheet with the colours filled in: ``@name`` stands for a field of ``ThemeColours``."""
    text = (resources_dir() / "styles" / "explorer.qss").read_text(encoding="utf-8")
    # Longest names first, so that @accent does not eat the start of @accent_text.
    for name, value in sorted(asdict(colours).items(), key=lambda entry: -len(entry[0])):
        text = text.replace(f"@{name}", value)
    return text


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
