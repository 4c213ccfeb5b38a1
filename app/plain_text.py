"""Names of files, tags and queries are text. Qt takes some of it for HTML, for a key or for a placeholder."""

from __future__ import annotations

import html

from PySide6.QtGui import QKeySequence, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel


class PlainLabel(QLabel):
    """A label that shows what it is given; Qt's own would read ``<img src=...>`` and fetch the image."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


def plain_tip(text: str) -> str:
    """A text for a tool tip, which has no plain format: what Qt would take for HTML becomes HTML that shows it."""
    if not Qt.mightBeRichText(text):
        return text
    return f'<p style="white-space:pre-wrap">{html.escape(text)}</p>'


def plain_caption(text: str) -> str:
    """A text for a button or a menu, where a single ``&`` makes a key of the letter after it."""
    return text.replace("&", "&&")


def plain_title(text: str) -> str:
    """A text for the title of a window, where ``[*]`` stands for "modified"."""
    return text.replace("[*]", "[*][*]")


def set_painted_text(button: QAbstractButton, text: str) -> None:
    """Sets the text of a button that paints it as it is; an ``&`` in it must not listen to a key."""
    button.setText(text)
    button.setShortcut(QKeySequence())
