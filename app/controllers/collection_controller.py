"""Collections: opens them, indexes them first if needed, and shows their facts."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.activity_controller import ActivityController
from app.controllers.further_controller import Further, FurtherController, open_further
from app.controllers.index_notice import notice_of
from app.controllers.indexing_controller import IndexingController
from app.controllers.workspace import Workspace
from app.models.thumbnail_cache import ThumbnailCache
from app.widgets.collection_rail import CollectionRail
from app.widgets.notice_bar import NoticeKind, Topic
from app.widgets.result_pane import ResultPane
from app.workers.task import Lane, Task
from faami_core.config import absolute_path
from faami_core.errors import CollectionError, FaamiError
from faami_core.types import CollectionInfo, GalleryImage, IndexReport

Opened = tuple[CollectionInfo, tuple[GalleryImage, ...], Further]


class CollectionController(QObject):
    """The only place that changes which collection is open."""

    opened = Signal(object)  # CollectionInfo
    failed = Signal(object)  # FaamiError

    def __init__(
        self,
        *,
        workspace: Workspace,
        indexing: IndexingController,
        further: FurtherController,
        activity: ActivityController,
        pane: ResultPane,
        rail: CollectionRail,
        thumbnails: ThumbnailCache,
    ) -> None:
        super().__init__()
        self._activity = activity
        self._workspace = workspace
        self._indexing = indexing
        self._further = further
        self._pane = pane
        self._rail = rail
        self._thumbnails = thumbnails
        self._task: Task | None = None
        self._retry_root: Path | None = None  # whose index run failed or was stopped
        self._wanted: Path | None = None  # what the analyst wants to see: it is open, or opens when it can
        self.is_update = False  # what was opened last is what was open before, read again
        indexing.started.connect(self._show_indexing)
        indexing.finished.connect(self._after_indexing)
        indexing.failed.connect(self._index_failed)
        indexing.stopped.connect(self._tell_stopped)
        self.show_recent()

    @property
    def _demo(self) -> Path:
        return self._workspace.session.data_dir / "demo"

    def open(self, root: Path) -> None:
        """Opens a collection from its index; a folder that has none is indexed first."""
        self._pane.notice.dismiss(Topic.COLLECTION)
        try:
            root = absolute_path(root)
        except CollectionError as error:
            self._tell("error", error.message, error.next_step)
            self.failed.emit(error)
            return
        self._pane.notice.dismiss(Topic.INDEXING)
        self._wanted = root
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if root == self._workspace.root or self._indexing.runs(root):
            return  # it is there, or opens when its index is
        if self._indexing.root is not None:
            self._pane.notice.show_notice(
                "info",
                f"“{root.name}” opens as soon as “{self._indexing.root.name}” is indexed.",
                "What is indexed by then is kept in any case.",
                topic=Topic.INDEXING,
                action="stop_indexing",
                label_of_action="Stop indexing",
            )
        self._load(root, index_if_new=True)

    def open_demo(self) -> None:
        """Opens the demo collection, made and indexed first if needed."""
        self._pane.notice.dismiss(Topic.COLLECTION)
        self._wanted = self._demo
        self._indexing.start_demo()

    def update(self) -> None:
        """Scans the open collection again."""
        if self._workspace.root is not None:
            self._indexing.start(self._workspace.root)

    def retry_unreadable(self) -> None:
        """Scans again and tries the files that could not be read."""
        if self._workspace.root is not None:
            self._indexing.start(self._workspace.root, retry_unreadable=True)

    def take_system_folders(self, taken: bool) -> bool:
        """Lets folders of systems and other programs belong to the open collection, or not, and scans it again.

        Returns:
            Whether that could be begun; not while an index run is on.
        """
        if self._workspace.root is None or self._indexing.is_running:
            return False
        self._indexing.start(self._workspace.root, system_folders=taken)
        return True

    def forget(self, root: Path) -> None:
        """Takes a collection off the list of recent ones."""
        self._workspace.settings.forget_recent(root)
        if root in self._workspace.ticked:
            self._further.tick(root, False)
        self.show_recent()

    def _load(self, root: Path, *, index_if_new: bool) -> None:
        session = self._workspace.session
        ticked = [other for other in self._workspace.ticked if other != root]

        def load(_token: object, _progress: object) -> Opened | None:
            try:
                return session.open_collection(root), session.browse(root), open_further(session, ticked)
            except CollectionError:
                _check_readable(root)
                return None  # never indexed, or not with this model

        if self._task is not None:
            self._task.cancel()
        task = self._workspace.runner.submit(Lane.MODEL, load)
        self._task = task
        task.succeeded.connect(lambda opened: self._loaded(task, root, opened, index_if_new))
        task.failed.connect(lambda error: self._open_failed(task, root, error))
        task.cancelled.connect(lambda: self._open_cancelled(task, root))
        self._activity.follow(task, f"Opening {root.name}")
        if self._workspace.collection is None:
            self._pane.show_empty(f"Opening {root.name}", "The index of the collection is being read.")

    def _loaded(self, task: Task, root: Path, opened: Opened | None, index_if_new: bool) -> None:
        if task is not self._task:
            return
        nothing_yet = opened is None or (not opened[0].images and opened[0].indexed_at is None)
        if nothing_yet and index_if_new and os.path.isdir(root):  # noqa: PTH112 - it never raises
            self._indexing.start(root)
        elif opened is None:
            self._leave(root)
        else:
            self._show(*opened)

    def _show(self, info: CollectionInfo, images: tuple[GalleryImage, ...], further: Further) -> None:
        if self._wanted == info.root:
            self._pane.notice.dismiss(Topic.INDEXING)
        self.is_update = self._workspace.root == info.root
        self._workspace.collection = info
        self._workspace.images = images
        self._workspace.settings.add_recent(info.root)
        self._further.take(further)
        self.show_recent()
        self._rail.show_collection(info)
        missing = info.seen - info.images - info.offline - len(info.unreadable)
        if missing > 0:
            self._tell(
                "warning",
                f"{info.images:,} of {info.seen:,} images are indexed.",
                "Search finds only these until indexing is finished.",
                action="update",
                label_of_action="Continue indexing",
            )
        self.opened.emit(info)

    def show_recent(self) -> None:
        """Lists the collections opened before, on the rail and on the welcome page."""
        recent = self._workspace.settings.recent
        self._rail.collections.show_recent(recent, self._workspace.root, self._workspace.ticked)
        self._rail.demo_button.setVisible(self._demo not in recent)
        self._pane.welcome.show_recent(recent)

    def _show_indexing(self, root: Path) -> None:
        if self._workspace.collection is None:
            self._pane.show_empty(
                f"Indexing {root.name}",
                "Every image is read once. You can cancel at any time; what is indexed by then can be searched.",
            )

    def _after_indexing(self, report: IndexReport) -> None:
        self._thumbnails.clear()
        if report.formerly is not None:
            self._workspace.settings.forget_recent(report.formerly)
            self._workspace.ticked = tuple(root for root in self._workspace.ticked if root != report.formerly)
        if report.root == self._wanted:
            notice = notice_of(report, self._workspace.root)
            if notice is not None:
                self._tell(notice.kind, notice.message, notice.next_step, notice.action, notice.label_of_action)
            else:
                self._pane.notice.dismiss(Topic.COLLECTION)
            self._load(report.root, index_if_new=False)
        else:
            self._tell_from_afar(report)

    def _tell_from_afar(self, report: IndexReport) -> None:
        """A collection was indexed that is not the one to be seen: it is one click away."""
        space = self._workspace
        for root in (report.root, space.root):
            if root is not None:
                space.settings.add_recent(root)  # the open one stays the first
        self.show_recent()
        done = "Indexing of “{}” was stopped." if report.cancelled else "“{}” is indexed."
        self._pane.notice.show_notice(
            "info",
            done.format(report.root.name),
            "Open it from the list of collections" + (" to go on." if report.cancelled else "."),
            topic=Topic.INDEXING,
            passing=True,
        )

    def _tell(
        self, kind: NoticeKind, message: str, next_step: str = "", action: str = "", label_of_action: str = ""
    ) -> None:
        """A notice that goes when another collection is opened."""
        self._pane.notice.show_notice(
            kind, message, next_step, topic=Topic.COLLECTION, action=action, label_of_action=label_of_action
        )

    def _open_cancelled(self, task: Task, root: Path) -> None:
        if task is self._task:
            self._leave(root)

    def _tell_stopped(self, root: Path) -> None:
        self._retry_root = root
        self._leave(root)
        self._tell(
            "info",
            "Indexing was cancelled.",
            "What was done is kept, and the next run goes on from there.",
            action="retry_index",
            label_of_action="Continue",
        )

    def _open_failed(self, task: Task, root: Path, error: FaamiError) -> None:
        if task is self._task:
            self._leave(root)
            self._tell("error", error.message, error.next_step)
            self.failed.emit(error)

    def _index_failed(self, error: FaamiError, root: Path) -> None:
        self._retry_root = root
        self._leave(root)
        self._tell("error", error.message, error.next_step, "retry_index", "Try again")
        self.failed.emit(error)

    def retry(self) -> None:
        """Indexes again what failed last."""
        if self._retry_root is None:
            return
        self._wanted = self._retry_root
        if self._retry_root == self._demo:
            self._indexing.start_demo()
        else:
            self._indexing.start(self._retry_root)

    def _leave(self, root: Path) -> None:
        """A folder will not be opened after all; what is open stays, and what else was asked for still comes."""
        if self._wanted == root:
            self._wanted = self._workspace.root
            self._pane.notice.dismiss(Topic.INDEXING)
            self._back_to_where_we_were()

    def _back_to_where_we_were(self) -> None:
        """What was open is still on screen, as it was."""
        if self._workspace.collection is None:
            self._pane.show_welcome()


def _check_readable(root: Path) -> None:
    """Raises a ``CollectionError`` that tells why a folder cannot be opened, if so."""
    try:
        with os.scandir(root):
            return
    except FileNotFoundError:
        raise CollectionError(f"The folder {root} does not exist.", "Choose another folder.") from None
    except OSError as error:
        raise CollectionError(
            f"The folder {root} cannot be read: {error.strerror or error}.",
            "Check its permissions and its drive, or choose another folder.",
        ) from None
