"""The status bar: what is marked; model, device, gallery size, how much was re-ranked, time of the last query."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar

from app.plain_text import PlainLabel, plain_tip

_FIELDS = ("marks", "model", "device", "gallery", "reranked", "time")


class StatusPanel(QStatusBar):
    """What is selected and marked on the left, where passing tips come up, too; the other facts on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Status")
        self.setSizeGripEnabled(False)
        self._labels: dict[str, QLabel] = {}
        for name in _FIELDS:
            label = PlainLabel()
            label.setObjectName(f"status_{name}")
            label.hide()
            if name == "marks":
                self.addWidget(label)
            else:
                self.addPermanentWidget(label)
            self._labels[name] = label

    def show_fact(self, name: str, text: str, tip: str = "") -> None:
        """Shows one fact; an empty text hides it.

        Args:
            name: marks, model, device, gallery, reranked or time.
            text: For the screen.
            tip: The same in a sentence.
        """
        label = self._labels[name]
        label.setText(text)
        label.setToolTip(plain_tip(tip))
        label.setAccessibleName(tip or text)
        label.setVisible(bool(text))

    def fact(self, name: str) -> str:
        return self._labels[name].text()
