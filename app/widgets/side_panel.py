"""The left rail: collections, filters and saved queries, one below the other, each of which can be folded away."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.widgets.collection_rail import CollectionRail
from app.widgets.controls import line
from app.widgets.filter_panel import FilterPanel
from app.widgets.saved_panel import SavedPanel
from app.widgets.section import Section


class SidePanel(QFrame):
    """Scrolls where the window is too low for all of it."""

    def __init__(self, rail: CollectionRail, filters: FilterPanel, saved: SavedPanel) -> None:
        super().__init__()
        self.setObjectName("pane")
        self.setAccessibleName("Side panel")
        self.setMinimumWidth(216)  # its longest button, with the margins
        collections = Section("Collections", rail.open_button)
        collections.body.addWidget(rail)
        self._sections = (collections, filters, saved)
        self._tools = QWidget()
        tools = QVBoxLayout(self._tools)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 12, 12, 12)
        tools.setContentsMargins(0, 0, 0, 0)
        for layout in (column, tools):
            layout.setSpacing(8)
        column.addWidget(collections)
        for section in (filters, saved):
            tools.addWidget(line())
            tools.addWidget(section)
        column.addWidget(self._tools)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidgetResizable(True)
        self.area.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.area)
        self.show_tools(False)

    def show_tools(self, shown: bool) -> None:
        """Filters and saved queries are of use once a collection is open."""
        self._tools.setVisible(shown)

    @property
    def folded_away(self) -> tuple[str, ...]:
        """Titles of the sections that are closed."""
        return tuple(section.title for section in self._sections if not section.is_open)

    def fold(self, titles: Collection[str]) -> None:
        """Closes the sections of these titles, opens the others."""
        for section in self._sections:
            section.set_open(section.title not in titles)
