"""Further collections: those ticked are searched together with the open one, each from its own index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.controllers.activity_controller import ActivityController
from app.controllers.workspace import Workspace
from app.widgets.notice_bar import NoticeBar, Topic
from app.widgets.quick_list import QuickEntry
from app.workers.task import Lane
from faami_core.errors import CollectionError, FaamiError
from faami_core.types import CollectionInfo

if TYPE_CHECKING:
    from faami_core.session import Session


@dataclass(frozen=True)
class Further:
    """What became of opening further collections.

    Attributes:
        infos: Those that answer.
        refused: Those that do not, and why.
    """

    infos: tuple[CollectionInfo, ...]
    refused: Mapping[Path, CollectionError]


def open_further(session: Session, roots: Iterable[Path]) -> Further:
    """Opens collections from their indexes; one that cannot be searched costs only itself."""
    infos: list[CollectionInfo] = []
    refused: dict[Path, CollectionError] = {}
    for root in roots:
        try:
            info = session.open_collection(root)
        except CollectionError as error:
            refused[root] = error
            continue
        if info.images or info.indexed_at is not None:
            infos.append(info)
        else:
            refused[root] = CollectionError("it has not been indexed with this model.", "Open it to index it.")
    return Further(tuple(infos), refused)


class FurtherController(QObject):
    """The only place that changes which collections are searched beside the open one."""

    changed = Signal()  # other collections are searched now

    def __init__(self, workspace: Workspace, activity: ActivityController, notice: NoticeBar) -> None:
        super().__init__()
        self._workspace = workspace
        self._activity = activity
        self._notice = notice

    def tick(self, root: Path, wanted: bool) -> None:
        """Searches a collection too, or no longer."""
        if not wanted:
            self._leave_out(root)
            return
        space = self._workspace
        space.ticked = (*(known for known in space.ticked if known != root), root)
        task = space.runner.submit(
            Lane.MODEL, lambda _token, _progress: (open_further(space.session, [root]), root.is_dir())
        )
        task.succeeded.connect(lambda answer: self._add(*answer))
        task.failed.connect(lambda error: self._fail(root, error))
        task.cancelled.connect(lambda: self._leave_out(root))
        self._activity.follow(task, f"Opening {root.name}")

    def entries(self) -> list[QuickEntry]:
        """The collections that could be searched beside the open one, those that are with a tick."""
        space = self._workspace
        return [
            QuickEntry(str(root), root.name, detail=str(root.parent), tick="all" if root in space.ticked else "none")
            for root in space.settings.recent
            if root != space.root
        ]

    def toggle(self, name: str) -> None:
        """The other of the two, for the folder of an entry."""
        self.tick(Path(name), Path(name) not in self._workspace.ticked)

    def take(self, found: Further) -> None:
        """A collection was opened, and the ticked ones with it; those that do not answer are ticked off."""
        self._notice.dismiss(Topic.FURTHER)
        space, recent = self._workspace, self._workspace.settings.recent
        space.ticked = tuple(root for root in space.ticked if root in recent and root not in found.refused)
        infos = {info.root: info for info in found.infos}
        space.further = tuple(infos[root] for root in space.ticked if root in infos and root != space.root)
        if found.refused:
            refused = found.refused.items()
            message = " ".join(f"“{root.name}” cannot be searched: {why.message}" for root, why in refused)
            steps = dict.fromkeys(why.next_step for _, why in refused)
            next_step = " ".join(["The other collections still are.", *steps])
            self._notice.show_notice("warning", message, next_step, topic=Topic.FURTHER)

    def look_into(self, error: FaamiError) -> None:
        """A search failed: asks again without the further collections that no longer answer, if that was why."""
        space = self._workspace
        roots = space.roots[1:]
        if roots and isinstance(error, CollectionError):
            task = space.runner.submit(Lane.MODEL, lambda _token, _progress: open_further(space.session, roots))
            task.succeeded.connect(self._keep_those)

    def _add(self, found: Further, reachable: bool) -> None:
        self.take(Further((*self._workspace.further, *found.infos), found.refused))
        for info in found.infos:
            sentence = _limits(info, reachable)
            if sentence:
                self._notice.show_notice("info", sentence, topic=Topic.FURTHER)
        self.changed.emit()

    def _keep_those(self, found: Further) -> None:
        if found.refused:
            self.take(found)
            self.changed.emit()

    def _leave_out(self, root: Path) -> None:
        self._notice.dismiss(Topic.FURTHER)
        space = self._workspace
        space.ticked = tuple(known for known in space.ticked if known != root)
        space.further = tuple(info for info in space.further if info.root != root)
        self.changed.emit()

    def _fail(self, root: Path, error: FaamiError) -> None:
        self._leave_out(root)
        self._notice.show_notice("error", error.message, error.next_step, topic=Topic.FURTHER)


def _limits(info: CollectionInfo, reachable: bool) -> str:
    """What is to be known of a collection that answers nevertheless."""
    missing = info.seen - info.images - info.offline - len(info.unreadable)
    if not reachable:
        return f"The folder of “{info.root.name}” cannot be reached; its images are found as they were indexed."
    if missing > 0:
        return f"Of “{info.root.name}” {info.images:,} of {info.seen:,} images are indexed; only these are found."
    return ""
