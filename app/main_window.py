"""The window: three panes, menus and status bar, and the wires between them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter

from app.actions import WORD_KEYS, build_actions, build_menus
from app.controllers.activity_controller import ActivityController
from app.controllers.collection_controller import CollectionController
from app.controllers.evidence_controller import EvidenceController
from app.controllers.export_controller import ExportController
from app.controllers.indexing_controller import IndexingController
from app.controllers.search_controller import SearchController
from app.controllers.workspace import Workspace
from app.dialogs import files
from app.dialogs.shortcuts_dialog import ShortcutsDialog
from app.icons import app_icon
from app.models.result_list_model import ResultListModel
from app.models.thumbnail_cache import ThumbnailCache
from app.models.view_state import ViewState
from app.settings import Settings
from app.theme import ThemeChoice, apply_theme
from app.widgets.collection_rail import CollectionRail
from app.widgets.inspector import Inspector
from app.widgets.query_bar import image_path_of
from app.widgets.result_grid import CELL_STEP, ResultGrid
from app.widgets.result_pane import ResultPane
from app.widgets.status_panel import StatusPanel
from app.workers.task import Lane, TaskRunner
from faami_core.types import CollectionInfo, ModelInfo, SearchResult

if TYPE_CHECKING:
    from faami_core.session import Session

_DEFAULT_SIZE = (1440, 900)
_RAIL_WIDTH = 208
_QUERY_THUMBNAIL = 128


class MainWindow(QMainWindow):
    """Owns widgets, models and controllers of one session.

    Args:
        session: The engine; closed with the window.
        settings: What is remembered between starts.
    """

    closed = Signal()

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("FAAMI Explorer")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.settings = settings
        self.runner = TaskRunner(self)
        self.view = ViewState(self)
        self.workspace = Workspace(session, self.runner, settings, self.view)
        self.model = ResultListModel(self)
        self.thumbnails = ThumbnailCache(self.runner, session.thumbnail)
        self._build_panes()
        self.actions_by_name = build_actions(self)
        build_menus(self.menuBar(), self.actions_by_name)
        self._build_controllers()
        self._connect_actions()
        self._connect_panes()
        self._restore_layout()
        self._follow_view()
        self._offer_actions()
        self._show_panes()
        self.pane.welcome.open_button.setFocus()

    # --- parts ---------------------------------------------------------------------------------------------

    def _build_panes(self) -> None:
        self.rail = CollectionRail()
        self.grid = ResultGrid(self.model, self.thumbnails)
        self.grid.set_cell_size(self.settings.cell_size)
        self.pane = ResultPane(self.grid)
        self.inspector = Inspector()
        self.status = StatusPanel()
        self.setStatusBar(self.status)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(4)
        for widget in (self.rail, self.pane, self.inspector):
            self.splitter.addWidget(widget)
        for place, share in enumerate((0, 3, 2)):
            self.splitter.setStretchFactor(place, share)
        self.splitter.setCollapsible(1, False)
        self.splitter.setCollapsible(2, False)
        self.setCentralWidget(self.splitter)

    def _build_controllers(self) -> None:
        space = self.workspace
        self.activity = ActivityController(self.pane.activity)
        self.indexing = IndexingController(space, self.activity)
        self.collections = CollectionController(
            workspace=space,
            indexing=self.indexing,
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
        self.evidence = EvidenceController(space, self.model, self.inspector)
        self.export = ExportController(space, self.pane.notice)

        for first, second in pairwise(
            (self.pane.query, self.pane.cell_slider, self.pane.export_button, self.grid, self.inspector)
        ):
            self.setTabOrder(first, second)

    # --- wires ---------------------------------------------------------------------------------------------

    def _connect_actions(self) -> None:
        inspector, grid = self.inspector, self.grid
        handlers = {
            "open_folder": self._open_folder,
            "open_demo": self.collections.open_demo,
            "update": self.collections.update,
            "export_csv": self._export,
            "quit": self.close,
            "focus_query": self.pane.query.focus,
            "pick_image": self._pick_image,
            "paste_image": self.pane.query.paste,
            "more_like_this": self.search_like_this,
            "clear": self._clear,
            "previous_hit": lambda: grid.step(-1),
            "next_hit": lambda: grid.step(1),
            "cycle_scale": self.view.cycle_scale,
            "fit": inspector.image.fit,
            "larger_cells": lambda: grid.set_cell_size(grid.cell_size + CELL_STEP),
            "smaller_cells": lambda: grid.set_cell_size(grid.cell_size - CELL_STEP),
            "shortcuts": self._show_shortcuts,
        }
        for name, handler in handlers.items():
            self.actions_by_name[name].triggered.connect(lambda _checked=False, handler=handler: handler())
        self.actions_by_name["overlay"].triggered.connect(self.view.set_overlay)
        self.actions_by_name["side_panel"].setChecked(True)
        self.actions_by_name["side_panel"].toggled.connect(self._show_panes)
        for number in range(WORD_KEYS):
            word = number - 1 if number else None
            action = self.actions_by_name[f"word_{number}"]
            action.triggered.connect(lambda _checked=False, word=word: self.view.select_word(word))
        for choice in ("system", "light", "dark"):
            action = self.actions_by_name[f"theme_{choice}"]
            action.setChecked(choice == self.settings.theme)
            action.triggered.connect(lambda _checked=False, choice=choice: self.set_theme(choice))

    def _connect_panes(self) -> None:
        pane, rail, inspector, space = self.pane, self.rail, self.inspector, self.workspace
        for asker in (pane.welcome.open_asked, rail.open_asked):
            asker.connect(self._open_folder)
        for asker in (pane.welcome.demo_asked, rail.demo_asked):
            asker.connect(self.collections.open_demo)
        for asker in (pane.welcome.recent_asked, rail.collection_asked):
            asker.connect(self.collections.open)
        pane.page_turned.connect(self._show_panes)
        rail.update_asked.connect(self.collections.update)
        rail.reveal_asked.connect(_reveal)
        rail.forget_asked.connect(self.collections.forget)
        rail.retry_asked.connect(self.collections.retry_unreadable)
        self.collections.opened.connect(self._after_open)
        self.search.shown.connect(self._after_search)
        self.search.browsing.connect(self._after_browse)
        self.grid.row_chosen.connect(self.evidence.show_row)
        self.grid.cell_size_changed.connect(lambda size: setattr(self.settings, "cell_size", size))
        pane.query.pick_image_asked.connect(self._pick_image)
        pane.query.word_chosen.connect(lambda word: self.view.select_word(None if word == self.view.word else word))
        pane.query.leave_asked.connect(self._go_to_grid)
        pane.export_button.clicked.connect(self._export)
        pane.empty.action_asked.connect(self._empty_action)
        pane.notice.action_asked.connect(self._notice_action)
        self.thumbnails.arrived.connect(self._fill_image_chip)
        self.view.changed.connect(self._follow_view)
        inspector.more_like_this_asked.connect(self.search_like_this)
        inspector.copy_path_asked.connect(self._copy_path)
        inspector.reveal_asked.connect(self._reveal_item)
        inspector.previous_asked.connect(lambda: self.grid.step(-1))
        inspector.next_asked.connect(lambda: self.grid.step(1))
        inspector.image.step_asked.connect(self.grid.step)
        inspector.empty.action_asked.connect(lambda: self.grid.choose(0))
        self.export.written.connect(lambda path: space.settings.set_export_folder(path.parent))

    # --- what the analyst asks for -------------------------------------------------------------------------

    def load_model(self) -> None:
        """Loads the model in the background and shows its facts."""
        task = self.runner.submit(Lane.MODEL, lambda _token, _progress: self.workspace.session.model_info())
        task.succeeded.connect(self._show_model)
        task.failed.connect(lambda error: self.pane.notice.show_notice("error", error.message, error.next_step))
        self.activity.follow(task, "Loading the model")

    def set_theme(self, choice: ThemeChoice) -> None:
        """Changes the colours of the whole application and remembers them."""
        self.settings.theme = choice
        self.actions_by_name[f"theme_{choice}"].setChecked(True)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, choice)

    def search_like_this(self) -> None:
        """Asks with the image in the inspector alone."""
        item = self.evidence.item
        if item is not None:
            self.pane.query.text.clear()
            self.pane.query.ask_image(item.path)

    def show_crash(self, sentence: str) -> None:
        """One notice for what we did not foresee."""
        self.pane.notice.show_notice(
            "error", "Something went wrong inside the program.", f"{sentence} The crash log has the details."
        )

    def _open_folder(self) -> None:
        folder = files.choose_folder(self, self.workspace.root or Path.home())
        if folder is not None:
            self.collections.open(folder)

    def _pick_image(self) -> None:
        image = files.choose_image(self, self.workspace.root or Path.home())
        if image is not None:
            self.pane.query.ask_image(image)

    def _export(self) -> None:
        if self.workspace.result is None:
            self.pane.notice.show_notice("info", "There are no results to export.", "Search for something first.")
            return
        path = files.choose_export(self, self.settings.export_folder / self.export.suggested_name())
        if path is not None:
            self.export.export(path)

    def _clear(self) -> None:
        self.pane.notice.hide()
        self.pane.query.clear()
        if self.workspace.collection is not None:
            self.pane.query.focus()

    def _go_to_grid(self) -> None:
        self.grid.setFocus(Qt.FocusReason.TabFocusReason)
        if not self.grid.currentIndex().isValid():
            self.grid.choose(0)

    def _show_shortcuts(self) -> None:
        dialog = ShortcutsDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _copy_path(self) -> None:
        if self.evidence.item is not None:
            QGuiApplication.clipboard().setText(str(self.evidence.item.path))
            self.status.showMessage("The path is in the clipboard.", 3000)

    def _reveal_item(self) -> None:
        if self.evidence.item is not None:
            _reveal(self.evidence.item.path)

    def _empty_action(self) -> None:
        if self.workspace.result is not None:
            self._clear()
        else:
            self._open_folder()

    def _notice_action(self, name: str) -> None:
        self.pane.notice.hide()
        if name == "update":
            self.collections.update()
        elif name == "retry_index":
            self.collections.retry()
        elif name == "reveal_export" and self.export.last_written is not None:
            _reveal(self.export.last_written)

    # --- what the controllers tell -------------------------------------------------------------------------

    def _after_open(self, info: CollectionInfo) -> None:
        self.setWindowTitle(f"{info.root.name} – FAAMI Explorer")
        self.search.show_collection(info)
        self._show_panes()
        self.pane.query.focus()

    def _after_search(self, result: SearchResult) -> None:
        self.evidence.take_result(result)
        for number in range(1, WORD_KEYS):
            known = number <= len(result.words)
            self.actions_by_name[f"word_{number}"].setText(
                f"“{result.words[number - 1].text}”" if known else f"Word {number}"
            )
        self.pane.query.words.chain_after(self.pane.query.search_button)
        self.inspector.words.chain_after(self.inspector.next_button)
        self._fill_image_chip(self.pane.query.image)
        self.grid.choose(0)
        self._follow_view()
        self._offer_actions()

    def _after_browse(self) -> None:
        self.evidence.take_result(None)
        self._offer_actions()

    def _show_model(self, info: ModelInfo) -> None:
        self.workspace.model = info
        self.status.show_fact("model", info.name, f"Model {info.name}, fingerprint {info.fingerprint[:12]}")
        self.status.show_fact("device", info.device, f"The model runs on {info.device}")

    def _fill_image_chip(self, arrived: Path | None) -> None:
        image = self.pane.query.image
        if image is not None and arrived == image:
            pixmap = self.thumbnails.get(image, _QUERY_THUMBNAIL)
            if pixmap is not None:
                self.pane.query.show_image_thumbnail(pixmap)

    def _follow_view(self) -> None:
        self.actions_by_name["overlay"].setChecked(self.view.overlay)
        number = 0 if self.view.word is None else self.view.word + 1
        if number < WORD_KEYS:
            self.actions_by_name[f"word_{number}"].setChecked(True)
        self.pane.query.words.show_choice(self.view.word)

    def _show_panes(self) -> None:
        """The welcome page stands alone; there is nothing to inspect or to ask before a collection is open."""
        has_collection = self.workspace.collection is not None
        self.rail.setVisible(self.actions_by_name["side_panel"].isChecked() and self.pane.page != "welcome")
        if has_collection and self.inspector.isHidden():
            self.inspector.show()
            self.splitter.setSizes(self.settings.split or self._default_split())
        self.pane.query.setVisible(has_collection)

    def _offer_actions(self) -> None:
        """Greys out what makes no sense right now."""
        has_collection, result = self.workspace.collection is not None, self.workspace.result
        # Digits count the words as typed; those without a place in an image have nothing to show.
        lit = {0} | {number for number, word in enumerate(result.words, 1) if word.weight} if result else set()
        for name in ("update", "focus_query", "pick_image", "paste_image", "clear", "more_like_this"):
            self.actions_by_name[name].setEnabled(has_collection)
        for name in ("export_csv", "overlay", "cycle_scale"):
            self.actions_by_name[name].setEnabled(result is not None)
        self.pane.export_button.setEnabled(result is not None)
        for number in range(WORD_KEYS):
            self.actions_by_name[f"word_{number}"].setEnabled(number in lit)

    # --- the window itself ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _folder_of(event) is not None or image_path_of(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        folder, image = _folder_of(event), image_path_of(event.mimeData())
        if folder is not None:
            event.acceptProposedAction()
            self.collections.open(folder)
        elif image is not None and self.workspace.collection is not None:
            event.acceptProposedAction()
            self.pane.query.ask_image(image)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.settings.set_layout("geometry", self.saveGeometry())
        if self.inspector.isVisible() and self.rail.isVisible():
            self.settings.split = self.splitter.sizes()
        self.settings.save()
        if self.runner.close():
            self.workspace.session.close()  # waits for the model lane, so only when that has ended
        event.accept()
        self.closed.emit()

    def _restore_layout(self) -> None:
        geometry = self.settings.layout("geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(*_DEFAULT_SIZE)
        self.inspector.hide()

    def _default_split(self) -> list[int]:
        """Widths of the panes before anyone has moved them: the inspector takes under a third."""
        inspector = max(400, round(0.29 * self.width()))
        return [_RAIL_WIDTH, self.width() - _RAIL_WIDTH - inspector, inspector]


def _folder_of(event: QDropEvent) -> Path | None:
    paths = (Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile())
    return next((path for path in paths if path.is_dir()), None)


def _reveal(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
