"""Above the grid: what the thumbs say and have done, with a look at before, and the way back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from app.models.thumbs import told
from app.widgets.controls import ElidedLabel, IconLabel, Segmented
from faami_core.queries import NO_FEEDBACK, Feedback


class FeedbackStrip(QFrame):
    """Shown while there is a thumb; ``side_chosen`` tells "before" or "after"."""

    side_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("activity")
        self.setAccessibleName("Relevance feedback")
        self.sentence = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.sides = Segmented(
            "Results",
            (
                ("before", "Before", "The results as asked (B)"),
                ("after", "After", "The results as the thumbs have moved them (B)"),
            ),
        )
        self.sides.chosen.connect(self.side_chosen)
        self.rerank_button, self.reset_button = QPushButton("Re-rank"), QPushButton("Reset")
        self.rerank_button.setProperty("kind", "primary")
        self.rerank_button.setAccessibleName("Re-rank by the thumbs")
        self.reset_button.setAccessibleName("Take all thumbs off")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 6, 5)
        row.setSpacing(8)
        row.addWidget(IconLabel("thumb_up"))
        row.addWidget(self.sentence, 1)
        for control in (self.sides, self.rerank_button, self.reset_button):
            row.addWidget(control)
        self.hide()

    def show_state(self, given: Feedback, applied: Feedback, *, before: bool, both: bool) -> None:
        """Says where the feedback stands.

        Args:
            given: By the thumbs on the cells.
            applied: What moved the results; none before they are re-ranked.
            before: Whether the results are shown as they were asked.
            both: Whether the results are there as asked and as moved.
        """
        self.setVisible(given != NO_FEEDBACK or applied != NO_FEEDBACK)
        self.sides.setVisible(both)
        self.sides.show_choice("before" if before else "after")
        self.rerank_button.setVisible(given != applied)
        now = told(given) or "none"
        if applied == NO_FEEDBACK:
            sentence = now
        elif given != applied:
            sentence = f"Ranked by {told(applied)}  ·  now {now}"
        elif before:
            sentence = f"As asked, before {told(applied)} moved it"
        else:
            sentence = f"Re-ranked by {told(applied)}"
        self.sentence.show_text(sentence)
