"""Above the grid: what the images must meet to be shown, as chips that can be taken off."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.models.filter_form import Condition
from app.plain_text import plain_caption, plain_tip
from app.widgets.controls import IconLabel, IconPushButton
from app.widgets.flow_layout import FlowLayout

_WIDEST = 240  # pixels of the text of a chip


class FilterStrip(QWidget):
    """One chip a condition and a button that clears them all; hidden while everything is shown."""

    remove_asked = Signal(object)  # Condition

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Filters that are set")
        self._flow = FlowLayout(gap=6)
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._icon = IconLabel("filter", size=18)
        self.clear_button = QPushButton("Clear filters")
        self.clear_button.setProperty("kind", "chip")
        self.clear_button.setAccessibleName("Clear filters")
        self.clear_button.ensurePolished()
        self._icon.setFixedHeight(self.clear_button.sizeHint().height())
        self._chips: list[_Chip] = []
        self._flow.addWidget(self._icon)
        self._flow.addWidget(self.clear_button)
        self.hide()

    def show_conditions(self, conditions: Sequence[Condition]) -> None:
        """Shows conditions without telling; the keyboard goes on from a chip that was taken off to the next one."""
        place = next((place for place, chip in enumerate(self._chips) if chip.hasFocus()), -1)
        for chip in self._chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._flow.removeWidget(self.clear_button)
        self._chips = [_Chip(condition) for condition in conditions]
        before: QWidget | None = None
        for widget in (*self._chips, self.clear_button):
            self._flow.addWidget(widget)
            if before is not None:
                self.setTabOrder(before, widget)
            before = widget
        for chip in self._chips:
            chip.clicked.connect(lambda _checked=False, asked=chip.condition: self.remove_asked.emit(asked))
        self.setVisible(bool(conditions))
        if place >= 0 and self._chips:
            self._chips[min(place, len(self._chips) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)
        self._flow.invalidate()
        self.updateGeometry()

    @property
    def texts(self) -> tuple[str, ...]:
        """What the chips say, in full."""
        return tuple(chip.condition.text for chip in self._chips)

    def chip(self, place: int) -> QPushButton:
        return self._chips[place]


class _Chip(IconPushButton):
    """A condition with a cross at its right; a click takes it off."""

    def __init__(self, condition: Condition) -> None:
        super().__init__("close", "", kind="chip", name=f"Take off the filter: {condition.text}")
        self.setIconSize(QSize(12, 12))
        self.condition = condition
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # Qt has the icon before the text
        self.setToolTip(plain_tip(f"{condition.text}\nClick to take this filter off"))
        self.ensurePolished()
        text = self.fontMetrics().elidedText(condition.text, Qt.TextElideMode.ElideMiddle, _WIDEST)
        self.setText(f"{plain_caption(text)}\N{NO-BREAK SPACE}")  # room before the cross
