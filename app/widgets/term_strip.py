"""The terms of a composed query as chips that can be weighted, muted, turned, moved and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import copysign

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app.models.query_terms import Term, counts_against, is_composed, moved, negated, plain, stepped
from app.widgets.flow_layout import FlowLayout
from app.widgets.term_chip import TermChip
from faami_core.queries import ImageTerm


class TermStrip(QWidget):
    """Shows terms and tells in ``changed`` what they are to become.

    A single plain phrase needs no chip, but keeps the one it has while the keyboard is on it.
    """

    changed = Signal(object)  # tuple[Term, ...]
    picture_wanted = Signal(object)  # ImageTerm without its weight
    reached = Signal(QWidget)  # the chip that has the keyboard, and is to be seen

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Terms of the query")
        self._flow = FlowLayout(gap=6, wrap=False)
        self.setLayout(self._flow)
        self._chips: list[TermChip] = []
        self._weights_before: dict[Term, float] = {}
        self._menu: QMenu | None = None
        self.hide()

    def show_terms(self, terms: Sequence[Term]) -> None:
        """Shows terms without telling; chips, and the focus on them, stay where they are."""
        focused = QApplication.focusWidget()
        in_hand = focused is not None and self.isAncestorOf(focused)
        shown = terms if in_hand or is_composed(terms) else ()
        while len(self._chips) > len(shown):
            chip = self._chips.pop()
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for place, term in enumerate(shown):
            if place == len(self._chips):
                self._add(TermChip(term))
            self._chips[place].show_term(term)
            if isinstance(term, ImageTerm):
                self.picture_wanted.emit(plain(term))
        self._flow.invalidate()
        self.setVisible(bool(shown))
        self.updateGeometry()

    def show_picture(self, term: ImageTerm, picture: QPixmap) -> None:
        """Fills the pictures of the chips of an image or region."""
        for chip in self._chips:
            if plain(chip.term) == term:
                chip.show_picture(picture)

    def show_flags(self, unknown: Mapping[int, Sequence[str]], unread: Mapping[int, Sequence[str]]) -> None:
        """Flags the words, by index of their term, that the model has never seen, and those that it does not read."""
        for place, chip in enumerate(self._chips):
            chip.show_flags(unknown.get(place, ()), unread.get(place, ()))

    def chain_after(self, widget: QWidget) -> QWidget:
        """Puts the chips behind ``widget`` in the order of the Tab key; returns the last one."""
        for before, after in pairwise((widget, *self._chips)):
            self.setTabOrder(before, after)
        return self._chips[-1] if self._chips else widget

    @property
    def terms(self) -> tuple[Term, ...]:
        """What the chips stand for; empty where there are none."""
        return tuple(chip.term for chip in self._chips)

    def chip(self, place: int) -> TermChip:
        return self._chips[place]

    @property
    def menu(self) -> QMenu | None:
        """The open menu of a chip."""
        return self._menu

    # --- what a chip asks for ------------------------------------------------------------------------------

    def _add(self, chip: TermChip) -> None:
        chip.asked.connect(lambda deed: self._do(chip, deed))
        chip.dropped.connect(lambda spot: self._drop(chip, spot))
        self._flow.addWidget(chip)
        self._chips.append(chip)
        chip.show()

    def _do(self, chip: TermChip, deed: str) -> None:
        if chip not in self._chips:  # its menu was open while another query came
            return
        place, term = self._chips.index(chip), chip.term
        if deed == "menu":
            self._open_menu(chip)
        elif deed in ("step_left", "step_right"):
            self._focus(place + (1 if deed == "step_right" else -1))
        elif deed in ("move_left", "move_right"):
            self._move(place, place + (1 if deed == "move_right" else -1))
        elif deed == "remove":
            self._focus(place + 1 if place + 1 < len(self._chips) else place - 1)
            self._tell((*self.terms[:place], *self.terms[place + 1 :]))
            self._focus(min(place, len(self._chips) - 1))
        else:
            deeds = {"heavier": lambda: stepped(term, 1), "lighter": lambda: stepped(term, -1)}
            deeds |= {"negate": lambda: negated(term), "mute": lambda: self._muted(term)}
            self._tell((*self.terms[:place], deeds[deed](), *self.terms[place + 1 :]))

    def _muted(self, term: Term) -> Term:
        """Mutes a term, or gives it back the weight it had."""
        if term.weight:
            self._weights_before[plain(term)] = abs(term.weight)
        weight = 0.0 if term.weight else self._weights_before.get(plain(term), 1.0)
        return replace(term, weight=copysign(weight, term.weight))

    def _move(self, place: int, to: int) -> None:
        if 0 <= to < len(self._chips) and to != place:
            self._tell(moved(self.terms, place, to))
            self._focus(to)
        else:
            self._flow.setGeometry(self.rect())  # a chip that was dragged goes back

    def _drop(self, chip: TermChip, spot: QPoint) -> None:
        """A chip dragged with the mouse stands before the first one whose middle lies behind it."""
        place = self._chips.index(chip)
        others = [other for other in self._chips if other is not chip]
        to = sum(
            other.geometry().bottom() < spot.y()
            or (other.geometry().top() <= spot.y() and other.geometry().center().x() < spot.x())
            for other in others
        )
        self._move(place, to)
        self._flow.setGeometry(self.rect())

    def _tell(self, terms: tuple[Term, ...]) -> None:
        if terms != self.terms or any(map(_turned, terms, self.terms)):
            self.changed.emit(terms)

    def _focus(self, place: int) -> None:
        if 0 <= place < len(self._chips):
            self._chips[place].setFocus(Qt.FocusReason.OtherFocusReason)
            self.reached.emit(self._chips[place])

    def _open_menu(self, chip: TermChip) -> None:
        against, mute = counts_against(chip.term), chip.term.weight == 0
        menu = QMenu(self)
        menu.setAccessibleName(f"What to do with {chip.text()}")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.destroyed.connect(self._forget_menu)
        for text, keys, deed in (
            ("Weighs more", "Up", "heavier"),
            ("Weighs less", "Down", "lighter"),
            ("Unmute" if mute else "Mute", "M", "mute"),
            ("Count for it" if against else "Count against it", "N", "negate"),
            ("Move left", "Ctrl+Left", "move_left"),
            ("Move right", "Ctrl+Right", "move_right"),
            ("Remove", "Del", "remove"),
        ):
            action = menu.addAction(f"{text}\t{keys}")
            action.triggered.connect(lambda _checked=False, deed=deed: self._do(chip, deed))
        self._menu = menu
        menu.popup(chip.mapToGlobal(QPoint(0, chip.height() + 2)))

    def _forget_menu(self) -> None:
        self._menu = None


def _turned(first: Term, second: Term) -> bool:
    """Whether two equal terms differ in their sign all the same: a muted one keeps it."""
    return counts_against(first) != counts_against(second)
