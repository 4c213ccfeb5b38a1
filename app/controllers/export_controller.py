"""Export: the results on screen, in their order, to a CSV file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from app.widgets.notice_bar import NoticeBar
from app.workers.task import Lane
from faami_core.errors import FaamiError
from faami_core.queries import Query, TextTerm
from faami_core.types import SearchResult


class ExportController(QObject):
    """Writes on the disk lane and tells where the file lies."""

    written = Signal(object)  # Path
    failed = Signal(object)  # FaamiError

    def __init__(self, workspace: Workspace, model: ResultListModel, notice: NoticeBar) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = model
        self._notice = notice
        self.last_written: Path | None = None

    def export(self, path: Path) -> None:
        """Writes the result set on screen to ``path`` and its description beside it."""
        result = self._workspace.result
        if result is None:
            return
        result = best_of(result, self._model.rowCount())  # lower scores may be cut off
        session = self._workspace.session
        task = self._workspace.runner.submit(Lane.DISK, lambda _token, _progress: session.export_csv(result, path))
        task.succeeded.connect(lambda written: self._tell(written, len(result.hits)))
        task.failed.connect(self._fail)

    def suggested_name(self) -> str:
        """A file name made of the query."""
        result = self._workspace.result
        return f"{slug_of(result.query) if result is not None else 'results'}.csv"

    def _tell(self, path: Path, count: int) -> None:
        self.last_written = path
        self._notice.show_notice(
            "info",
            f"{count:,} results were written to {path.name}.",
            str(path.parent),
            action="reveal_export",
            label_of_action="Show in folder",
        )
        self.written.emit(path)

    def _fail(self, error: FaamiError) -> None:
        self._notice.show_notice("error", error.message, error.next_step)
        self.failed.emit(error)


def best_of(result: SearchResult, count: int) -> SearchResult:
    """The same result with its first ``count`` hits."""
    return replace(
        result, hits=result.hits[:count], evidence=result.evidence[:count], attention=result.attention[:count]
    )


def slug_of(query: Query) -> str:
    """A query as a safe file name: "storage-tanks-beside-a-river"."""
    words = " ".join(term.text if isinstance(term, TextTerm) else term.path.stem for term in query.terms)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60] or "results"
