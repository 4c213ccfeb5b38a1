"""Export: the results on screen, in their order, to a CSV file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.controllers.arrange_controller import ArrangeController
from app.controllers.workspace import Workspace
from app.dialogs.export_dialog import ExportDialog
from app.models.destination import looked_at
from app.models.filter_form import follows_marks, passes_marks
from app.models.mark_store import MarkStore
from app.models.portion import Portion, portions_of
from app.models.result_list_model import ResultListModel
from app.widgets.notice_bar import Topic
from app.widgets.result_pane import ResultPane
from app.workers.task import Lane, Task, Work
from faami_core.errors import FaamiError
from faami_core.queries import Mark, Query, TextTerm
from faami_core.types import SearchResult


class ExportController(QObject):
    """Writes on the disk lane and tells where the file lies; the dialog shows beforehand what it would write."""

    written = Signal(object)  # Path
    failed = Signal(object)  # FaamiError

    def __init__(
        self,
        workspace: Workspace,
        model: ResultListModel,
        marks: MarkStore,
        pane: ResultPane,
        arrange: ArrangeController,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._model = model
        self._marks = marks
        self._pane = pane
        self._arrange = arrange
        self._reading: Task | None = None  # the preview on its way
        self._looking: Task | None = None  # at the file that is named in the dialog
        self.dialog: ExportDialog | None = None
        self.last_written: Path | None = None

    def export(self, path: Path, *, replace: bool = True) -> None:
        """Writes the result set on screen to ``path`` and its description beside it."""
        shown = self._shown()
        if shown is not None:
            self._write(shown, self._passing(shown), path, replace=replace).failed.connect(self._fail)

    def open_dialog(self, parent: QWidget) -> None:
        """Shows what would be written, and asks where to; what is on screen now counts, whatever comes behind it."""
        shown = self._shown()
        if shown is None or self.dialog is not None:
            return
        folder = self._workspace.settings.export_folder
        dialog = self.dialog = ExportDialog(self._portions(shown), folder / self.suggested_name(), parent)
        dialog.portion_chosen.connect(lambda portion: self._preview(shown, portion))
        dialog.path_changed.connect(self._look_at)
        dialog.export_asked.connect(lambda path, replace: self._write_asked(shown, path, replace=replace))
        dialog.finished.connect(self._leave_dialog)
        self._preview(shown, dialog.portion)
        self._look_at(folder / self.suggested_name())
        dialog.open()

    def suggested_name(self) -> str:
        """A file name made of the query."""
        result = self._workspace.result
        return f"{slug_of(result.query) if result is not None else 'results'}.csv"

    # --- the dialog ------------------------------------------------------------------------------------------

    def _portions(self, shown: SearchResult) -> tuple[Portion, ...]:
        rows = self._passing(shown)
        accepted = [row for row in rows if self._marks.of(self._model.key(row)).mark is Mark.ACCEPTED]
        passing = frozenset(rows)
        selected = [row for row in self._pane.grid.selected_rows() if row in passing]
        told, order = self._arrange.told(), self._arrange.order
        if len(rows) < len(shown.hits):
            told = [f"{len(rows):,} results that still pass the filters", *told[1:]]
        return portions_of(rows, selected, accepted, told, order)

    def _preview(self, shown: SearchResult, portion: Portion) -> None:
        session = self._workspace.session
        how = self._how(shown)
        task = self._reading = self._submit_anew(
            self._reading, Lane.DISK, lambda _token, _progress: session.preview_csv(shown, order=portion.rows, **how)
        )
        task.succeeded.connect(lambda table: self._on_dialog(task, ExportDialog.show_rows, table))
        task.failed.connect(lambda error: self._on_dialog(task, ExportDialog.show_error, error))

    def _look_at(self, path: Path) -> None:
        """A drive that is away keeps nothing waiting but what lists folders."""
        files = self._workspace.session.export_files(path)
        if self.dialog is not None:
            self.dialog.show_beside(files[1].name)
        task = self._looking = self._submit_anew(
            self._looking, Lane.WATCH, lambda _token, _progress: looked_at(files)
        )
        task.succeeded.connect(lambda met: self._on_dialog(task, ExportDialog.show_destination, met))

    def _submit_anew(self, older: Task | None, lane: Lane, work: Work) -> Task:
        if older is not None and older.is_running:
            older.cancel()
        return self._workspace.runner.submit(lane, work)

    def _on_dialog(self, task: Task, show: Callable[[ExportDialog, Any], None], value: Any) -> None:
        """Shows the newest answer, while there is a dialog to show it on."""
        if self.dialog is not None and task in (self._reading, self._looking):
            show(self.dialog, value)

    def _write_asked(self, shown: SearchResult, path: Path, *, replace: bool) -> None:
        dialog = self.dialog
        if dialog is None:
            return
        task = self._write(shown, dialog.portion.rows, path, replace=replace)
        task.succeeded.connect(lambda _path: dialog.accept() if dialog is self.dialog else None)
        task.failed.connect(lambda error: self._refuse(dialog, path, error))

    def _refuse(self, dialog: ExportDialog, path: Path, error: FaamiError) -> None:
        """Nothing was written; the dialog tells while it is open."""
        if dialog is not self.dialog:
            self._fail(error)
            return
        dialog.show_error(error)
        if dialog.file == path:
            self._look_at(path)  # the drive may be another one now, or the file have come meanwhile
        self.failed.emit(error)

    def _leave_dialog(self) -> None:
        self.dialog = self._reading = self._looking = None

    # --- inside ----------------------------------------------------------------------------------------------

    def _shown(self) -> SearchResult | None:
        """What is on screen; lower scores may be cut off."""
        result = self._workspace.result
        return best_of(result, self._model.rowCount()) if result is not None else None

    def _passing(self, shown: SearchResult) -> Sequence[int]:
        """Rows whose marks and tags meet the filters that the file will name: marked a moment ago, some no longer do,
        and the answer without them is on its way."""
        if not follows_marks(shown.filters):
            return range(len(shown.hits))
        notes = (self._marks.of(self._model.key(row)) for row in range(len(shown.hits)))
        return [row for row, note in enumerate(notes) if passes_marks(shown.filters, note)]

    def _how(self, shown: SearchResult) -> dict[str, Any]:
        """Options of the session for what is chosen in the dialog, and the marks of a results file that is open."""
        places = {root: place for place, root in enumerate(shown.collections)}
        notes = {(places[root], image): note for (root, image), note in self._marks.in_file.items() if root in places}
        return {"annotations": notes, "decimal": self.dialog.decimal if self.dialog is not None else None}

    def _write(self, shown: SearchResult, rows: Sequence[int], path: Path, *, replace: bool) -> Task:
        session, order = self._workspace.session, None if len(rows) == len(shown.hits) else rows
        how = self._how(shown)
        task = self._workspace.runner.submit(
            Lane.DISK, lambda _token, _progress: session.export_csv(shown, path, order=order, replace=replace, **how)
        )
        task.succeeded.connect(lambda written: self._tell(written, len(rows)))
        return task

    def _tell(self, path: Path, count: int) -> None:
        self.last_written = path
        self._pane.notice.show_notice(
            "info",
            f"{count:,} {'result was' if count == 1 else 'results were'} written to {path.name}.",
            str(path.parent),
            topic=Topic.EXPORT,
            action="reveal_export",
            label_of_action="Show in folder",
            passing=True,
        )
        self.written.emit(path)

    def _fail(self, error: FaamiError) -> None:
        self._pane.notice.show_notice("error", error.message, error.next_step, topic=Topic.EXPORT)
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
