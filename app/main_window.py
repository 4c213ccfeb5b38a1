"""The window: three panes, menus and status bar, and the wires between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter

from app import closing, commands, wiring
from app.action_table import WORD_KEYS, Needs
from app.actions import build_actions, build_menus, name_words, offer
from app.controllers.activity_controller import ActivityController
from app.controllers.collection_controller import CollectionController
from app.controllers.evidence_views import EvidenceViews
from app.controllers.export_controller import ExportController
from app.controllers.feedback_controller import FeedbackController
from app.controllers.filter_controller import FilterController
from app.controllers.further_controller import FurtherController
from app.controllers.indexing_controller import IndexingController
from app.controllers.pane_layout import DEFAULT_SIZE, PaneLayout, fit_to_screen
from app.controllers.query_controller import QueryController
from app.controllers.query_undo import QueryUndo
from app.controllers.reopen_controller import ReopenController
from app.controllers.rescan_controller import RescanController
from app.controllers.restore_controller import RestoreController
from app.controllers.search_controller import SearchController
from app.controllers.settings_watch import SettingsWatch
from app.controllers.tag_controller import TagController
from app.controllers.triage_controller import TriageController
from app.controllers.workspace import Workspace
from app.icons import app_icon
from app.models.collection_names import title_of
from app.models.mark_store import MarkStore
from app.models.result_list_model import ResultListModel
from app.models.thumbnail_cache import ThumbnailCache
from app.models.view_state import ViewState
from app.overrides import qt_override
from app.plain_text import plain_caption, plain_title
from app.settings import Settings
from app.theme import ThemeChoice, apply_theme
from app.widgets.collection_rail import CollectionRail
from app.widgets.drops import is_welcome
from app.widgets.filter_panel import FilterPanel
from app.widgets.inspector import Inspector
from app.widgets.notice_bar import Topic
from app.widgets.quick_lists import QuickLists
from app.widgets.result_grid import ResultGrid
from app.widgets.result_pane import ResultPane
from app.widgets.saved_panel import SavedPanel
from app.widgets.side_panel import SidePanel
from app.widgets.status_panel import StatusPanel
from app.workers.task import Lane, TaskRunner
from faami_core.queries import NO_FILTERS
from faami_core.types import CollectionInfo, ModelInfo, SearchResult

if TYPE_CHECKING:
    from faami_core.session import Session


class MainWindow(QMainWindow):
    """Owns widgets, models and controllers of one session.

    Args:
        session: The engine; closed with the window.
        settings: What is remembered between starts.
        crash_log_path: What the crash log dialog shows.
    """

    closed = Signal()

    def __init__(self, session: Session, settings: Settings, crash_log_path: Path) -> None:
        super().__init__()
        self.setWindowTitle("FAAMI Explorer")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.settings = settings
        self.crash_log_path = crash_log_path
        self.runner = TaskRunner(self)
        self.view = ViewState(self)
        self.view.look = settings.map_look
        self.workspace = Workspace(session, self.runner, settings, self.view)
        self.marks = MarkStore(self)
        self.model = ResultListModel(self.marks, self)
        self.thumbnails = ThumbnailCache(self.runner, session.thumbnail)
        self._build_panes()
        self.actions_by_name = build_actions(self)
        build_menus(self.menuBar(), self.actions_by_name)
        self._build_controllers()
        self._set_switches()
        wiring.bind_buttons(self)
        wiring.connect_parts(self)
        wiring.chain_panes(self)
        self._connect_panes()
        self.reopen = ReopenController(
            workspace=self.workspace,
            collections=self.collections,
            further=self.further,
            filters=self.filters,
            search=self.search,
            activity=self.activity,
            notice=self.pane.notice,
            marks=self.marks,
            triage=self.triage,
        )
        self.restore = RestoreController(
            workspace=self.workspace,
            collections=self.collections,
            search=self.search,
            filters=self.filters,
            feedback=self.feedback,
            model=self.model,
            grid=self.grid,
            pane=self.pane,
        )
        self._restore_layout()
        self._follow_view()
        self._offer_actions()
        self.show_panes()
        self._own_parts()
        self.pane.welcome.open_button.setFocus()

    # --- parts ---------------------------------------------------------------------------------------------

    def _build_panes(self) -> None:
        self.rail, self.filter_panel, self.saved_panel = CollectionRail(), FilterPanel(), SavedPanel()
        self.side = SidePanel(self.rail, self.filter_panel, self.saved_panel)
        self.side.fold(self.settings.folded_sections)
        self.grid = ResultGrid(self.model, self.thumbnails)
        self.grid.set_cell_size(self.settings.cell_size)
        self.pane = ResultPane(self.grid)
        self.inspector = Inspector()
        self.status = StatusPanel()
        self.setStatusBar(self.status)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(4)
        for widget in (self.side, self.pane, self.inspector):
            self.splitter.addWidget(widget)
        for place, share in enumerate((0, 3, 2)):
            self.splitter.setStretchFactor(place, share)
        self.splitter.setCollapsible(1, False)
        self.splitter.setCollapsible(2, False)
        self.setCentralWidget(self.splitter)
        lists = QuickLists(self)
        self.palette_list, self.query_list, self.further_list = lists.palette, lists.queries, lists.collections
        self.tag_list, self.filter_list = lists.tags, lists.filters
        self.all_tags_list, self.tag_change_list = lists.all_tags, lists.tag_changes

    def _build_controllers(self) -> None:
        space = self.workspace
        self.settings_watch = SettingsWatch(self.settings)
        self.activity = ActivityController(self.pane.activity)
        self.indexing = IndexingController(space, self.activity)
        self.further = FurtherController(space, self.activity, self.pane.notice)
        self.collections = CollectionController(
            workspace=space,
            indexing=self.indexing,
            further=self.further,
            activity=self.activity,
            pane=self.pane,
            rail=self.rail,
            thumbnails=self.thumbnails,
        )
        self.search = SearchController(
            workspace=space,
            model=self.model,
            pane=self.pane,
            status=self.status,
            activity=self.activity,
            indexing=self.indexing,
        )
        self.rescan = RescanController(space, self.indexing, self.pane.notice)
        self.queries = QueryController(space, self.search, self.pane)
        self.filters = FilterController(space, self.marks, self.filter_panel, self.pane.filters)
        self.views = EvidenceViews(space, self.model, self.pane, self.inspector)
        self.evidence = self.views.evidence
        self.export = ExportController(space, self.model, self.marks, self.pane, self.views.arrange)
        self.triage = TriageController(
            workspace=space,
            marks=self.marks,
            model=self.model,
            grid=self.grid,
            pane=self.pane,
            status=self.status,
        )
        self.feedback = FeedbackController(space, self.search, self.model, self.pane, self.triage.stack)
        notice, stack = self.pane.notice, self.triage.stack
        self.tags = TagController(space, self.marks, self.triage, self.filters, notice, stack)
        self.query_undo = QueryUndo(
            workspace=space,
            search=self.search,
            feedback=self.feedback,
            filters=self.filters,
            arrange=self.views.arrange,
            pane=self.pane,
            stack=self.triage.stack,
        )

    def _own_parts(self) -> None:
        """Controllers and caches end with the window: what is connected to a living sender is never freed."""
        for part in (*vars(self).values(), *vars(self.views).values()):
            if isinstance(part, QObject) and part.parent() is None:
                part.setParent(self)

    # --- wires ---------------------------------------------------------------------------------------------

    def _set_switches(self) -> None:
        """What can be on or off starts as it was left."""
        self.layout_of_panes = PaneLayout(self.settings, self.splitter, self.actions_by_name)
        self.actions_by_name["look_for_changes"].setChecked(self.settings.look_for_changes)
        self.actions_by_name[f"theme_{self.settings.theme}"].setChecked(True)

    def _connect_panes(self) -> None:
        """What the window itself answers; parts that speak with each other meet in ``wiring``."""
        pane = self.pane
        pane.page_turned.connect(self.show_panes)
        self.layout_of_panes.changed.connect(self.show_panes)
        self.collections.opened.connect(self._after_open)
        self.search.shown.connect(self._after_search)
        self.search.browsing.connect(self._after_browse)
        self.filters.changed.connect(self._offer_actions)
        self.grid.row_chosen.connect(self._offer_actions)
        pane.query.leave_asked.connect(self._go_to_grid)
        pane.empty.action_asked.connect(lambda: commands.leave_empty_state(self))
        pane.notice.action_asked.connect(lambda name: commands.follow_notice(self, name))
        self.view.changed.connect(self._follow_view)
        self.triage.stack.indexChanged.connect(self._name_undo)
        self.feedback.changed.connect(self._offer_actions)

    # --- what the analyst asks for -------------------------------------------------------------------------

    def load_model(self) -> None:
        """Loads the model in the background and shows its facts."""
        task = self.runner.submit(Lane.MODEL, lambda _token, _progress: self.workspace.session.model_info())
        task.succeeded.connect(self._show_model)
        task.failed.connect(
            lambda error: self.pane.notice.show_notice("error", error.message, error.next_step, topic=Topic.MODEL)
        )
        self.activity.follow(task, "Loading the model")

    def set_theme(self, choice: ThemeChoice) -> None:
        """Changes the colours of the whole application and remembers them."""
        self.settings.theme = choice
        self.actions_by_name[f"theme_{choice}"].setChecked(True)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, choice)

    def show_crash(self, sentence: str) -> None:
        """One notice for what we did not foresee."""
        self.pane.notice.show_notice(
            "error",
            "Something went wrong inside the program.",
            f"{sentence}. You can go on working.",
            action="crash_log",
            label_of_action="Show details",
            topic=Topic.CRASH,
        )

    def offer_crash_log(self, size: int) -> None:
        """One notice if the log has grown since it was last offered.

        Args:
            size: Bytes of the log when the program started.
        """
        if size > self.settings.crash_log_read:
            self.pane.notice.show_notice(
                "warning",
                "Something went wrong the last time this program ran.",
                "What happened was written to the crash log.",
                action="crash_log",
                label_of_action="Show the log",
                topic=Topic.CRASH,
            )
        self.settings.crash_log_read = size

    def _go_to_grid(self) -> None:
        self.grid.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.grid.currentIndex().isValid():
            self.grid.choose(0)

    # --- what the controllers tell -------------------------------------------------------------------------

    def _after_open(self, info: CollectionInfo) -> None:
        self.setWindowTitle(plain_title(f"{title_of(info.root)} – FAAMI Explorer"))
        self.triage.take_collections()
        self.filters.take_collection()
        self.search.show_gallery()
        self.queries.take_collection(is_update=self.collections.is_update)
        self.show_panes()
        if not self.collections.is_update:
            self.pane.query.focus()

    def _after_search(self, result: SearchResult) -> None:
        self.views.take_result(result)
        name_words(self.actions_by_name, [word.text for word in result.words])
        self.pane.query.chain_after_search()
        self.inspector.words.chain_after(self.inspector.next_button)
        if self.grid.currentIndex().isValid():
            self._inspect_current()
        else:
            self.grid.choose(0)
        self.triage.show_sought()
        self._follow_view()
        self._offer_actions()
        self.show_panes()
        if result.hits and self.pane.query.take_answer():
            self._go_to_grid()  # where digits and letters are commands

    def _after_browse(self) -> None:
        self.views.take_result(None)
        self._inspect_current()
        self.triage.show_sought()
        self._offer_actions()
        self.show_panes()

    def _inspect_current(self) -> None:
        """The current image is the one before, in an answer that is a new one."""
        row = self.grid.currentIndex().row()
        if row != self.evidence.row:
            self.grid.row_chosen.emit(row)

    def _show_model(self, info: ModelInfo) -> None:
        self.workspace.model = info
        self.pane.notice.dismiss(Topic.MODEL)
        self.status.show_fact("model", info.name, f"Model {info.name}, fingerprint {info.fingerprint[:12]}")
        self.status.show_fact("device", info.device, f"The model runs on {info.device}")

    def _follow_view(self) -> None:
        self.settings.map_look = self.view.look
        self.actions_by_name["overlay"].setChecked(self.view.overlay)
        number = 0 if self.view.word is None else self.view.word + 1
        if number < WORD_KEYS:
            self.actions_by_name[f"word_{number}"].setChecked(True)
        self.pane.query.words.show_choice(self.view.word)

    def _name_undo(self) -> None:
        """Edit says what would be undone and redone."""
        stack = self.triage.stack
        for name, text in (("undo", stack.undoText()), ("redo", stack.redoText())):
            self.actions_by_name[name].setText(f"&{name.capitalize()} {plain_caption(text)}".rstrip())
        self._offer_actions()

    def show_panes(self) -> None:
        """The welcome page stands alone; there is nothing to inspect or to ask before a collection is open."""
        has_collection = self.workspace.collection is not None
        self.side.show_tools(has_collection)
        has_side = self.pane.page != "welcome"
        self.layout_of_panes.show_panes(self.side, self.inspector, has_side=has_side, has_images=has_collection)
        self.pane.query.setVisible(has_collection)
        has_hits = self.workspace.result is not None and bool(self.workspace.result.hits)
        self.pane.show_histogram(has_hits and self.actions_by_name["histogram"].isChecked())

    def _offer_actions(self) -> None:
        """Greys out what makes no sense right now."""
        result, stack, feedback = self.workspace.result, self.triage.stack, self.feedback
        given = {
            Needs.COLLECTION: self.workspace.collection is not None,
            Needs.IMAGES: self.model.rowCount() > 0,
            Needs.IMAGE: self.evidence.row >= 0,
            Needs.RESULT: result is not None,
            Needs.FILTERS: self.workspace.filters != NO_FILTERS,
            Needs.UNDO: stack.canUndo(),
            Needs.REDO: stack.canRedo(),
            Needs.THUMBS: feedback.has_thumbs,
            Needs.OTHER_THUMBS: feedback.is_pending,
            Needs.RERANKED: feedback.is_reranked,
        }
        # Digits count the words as typed; those without a place in an image have nothing to show.
        lit = {0} | {number for number, word in enumerate(result.words, 1) if word.weight} if result else set()
        offer(self.actions_by_name, (need for need, there in given.items() if there), lit)

    # --- the window itself ---------------------------------------------------------------------------------

    @qt_override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if is_welcome(event.mimeData()) and event.source() is not self.grid:  # but the query bar takes its images
            event.acceptProposedAction()

    @qt_override
    def dropEvent(self, event: QDropEvent) -> None:
        if commands.take_drop(self, event.mimeData()):
            event.acceptProposedAction()

    @qt_override
    def closeEvent(self, event: QCloseEvent) -> None:
        closing.finish(self)
        event.accept()
        self.closed.emit()

    def _restore_layout(self) -> None:
        geometry = self.settings.layout("geometry")
        is_restored = geometry is not None and self.restoreGeometry(geometry)
        fit_to_screen(self, None if is_restored else DEFAULT_SIZE)
        self.inspector.hide()
