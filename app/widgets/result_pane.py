"""The centre: query bar above, progress below, and between them the grid, or what stands in for it, and notices."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.overrides import qt_override
from app.widgets.activity_strip import ActivityStrip
from app.widgets.arrange_bar import ArrangeBar
from app.widgets.controls import IconButton, PartsLabel, settle
from app.widgets.empty_state import EmptyState
from app.widgets.feedback_strip import FeedbackStrip
from app.widgets.filter_strip import FilterStrip
from app.widgets.floating import Floating
from app.widgets.notice_bar import NoticeBar
from app.widgets.query_bar import QueryBar
from app.widgets.result_grid import ResultGrid
from app.widgets.score_histogram import ScoreHistogram
from app.widgets.welcome_page import WelcomePage


class ResultPane(QFrame):
    """Stacks the pages of the centre under the query bar: welcome, an empty state, or the grid."""

    page_turned = Signal()

    def __init__(self, grid: ResultGrid) -> None:
        super().__init__()
        self.setAccessibleName("Results pane")
        self.setMinimumWidth(480)
        self.query = QueryBar()
        self.notice = NoticeBar()
        self.activity = ActivityStrip()
        self.filters = FilterStrip()
        self.welcome = WelcomePage()
        self.empty = EmptyState("search", "", "")
        self.none_left = EmptyState("filter", "", "")
        self.grid = grid
        self.arrange = ArrangeBar()
        self.headline = PartsLabel()
        self.headline.setProperty("voice", "muted")
        self.feedback = FeedbackStrip()
        self.histogram = ScoreHistogram()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._build_results())
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 0)
        column.setSpacing(6)
        column.addWidget(self.query)
        column.addWidget(self.filters)
        column.addWidget(self._pages, 1)
        column.addWidget(self.activity)
        Floating(self.notice, self._pages)
        self.show_welcome()

    def _build_results(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.export_button = IconButton("export", "Export the results as CSV")
        self.histogram_button = IconButton("histogram", "Show the score histogram")
        self.smaller_button = IconButton("small_cells", "Smaller cells")
        self.larger_button = IconButton("large_cells", "Larger cells")
        for button in (self.smaller_button, self.larger_button):
            button.setAutoRepeat(True)  # held down, it goes on
        row = QHBoxLayout()
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(8)
        row.addWidget(self.headline, 1)
        row.addWidget(self.arrange)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.histogram_button, self.smaller_button, self.larger_button, self.export_button):
            buttons.addWidget(button)
        row.addLayout(buttons)
        column.addLayout(row)
        column.addWidget(self.feedback)
        column.addWidget(self.histogram)
        column.addWidget(self.grid, 1)
        column.addWidget(self.none_left, 1)
        return page

    def show_welcome(self) -> None:
        """The first page; the query bar has nothing to ask yet."""
        self._turn_to(0)

    def show_empty(self, title: str, sentence: str, action: str = "") -> None:
        """An empty state in place of the grid."""
        self.empty.show_message(title, sentence, action)
        self._turn_to(1)

    def show_grid(self, headline: str) -> None:
        """The grid with a line that says what it holds."""
        self.headline.show_text(headline)
        self.none_left.hide()
        self.grid.show()
        self._turn_to(2)

    def show_none_left(self, title: str, sentence: str, action: str) -> None:
        """There are results, but the choice above the grid, which stays in reach, leaves none of them."""
        self.headline.show_text(title)
        self.none_left.show_message(title, sentence, action)
        self.grid.hide()
        self.none_left.show()
        self._turn_to(2)

    def show_histogram(self, wanted: bool) -> None:
        """The histogram, while the results are sorted by score: in another order a line across it means nothing."""
        self.histogram.setVisible(wanted and self.arrange.by_word is None and self.histogram.can_cut)

    def paint_now(self) -> None:
        """Brings what has changed here to the screen at once; the other panes keep their picture and follow later."""
        around = self.parentWidget()
        others = [widget for widget in around.children() if widget is not self] if around is not None else []
        frozen = [widget for widget in others if isinstance(widget, QWidget) and widget.updatesEnabled()]
        for widget in frozen:
            widget.setUpdatesEnabled(False)
        try:
            for page in (self, self._pages.currentWidget()):  # or the grid would be seen to jump to its place
                settle(page)
            self.grid.viewport().repaint()
        finally:
            for widget in frozen:
                widget.setUpdatesEnabled(True)

    @property
    def page(self) -> str:
        """Which page is up: welcome, empty or grid."""
        return ("welcome", "empty", "grid")[self._pages.currentIndex()]

    def _turn_to(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        self.page_turned.emit()

    @qt_override
    def sizeHint(self) -> QSize:
        return QSize(720, 640)
