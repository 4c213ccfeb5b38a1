"""The trust check of the image in the inspector, run by the model in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.controllers.evidence_controller import EvidenceController
from app.controllers.workspace import Workspace
from app.widgets.inspector import Inspector
from app.workers.task import Lane, Task
from faami_core.explanation import TrustReport
from faami_core.types import Hit


class TrustController(QObject):
    """Asks for the check and drops it when another image or word is looked at."""

    def __init__(self, workspace: Workspace, evidence: EvidenceController, inspector: Inspector) -> None:
        super().__init__()
        self._workspace = workspace
        self._evidence = evidence
        self._panel = inspector.trust
        self._task: Task | None = None
        self._subject: tuple[object, ...] | None = None
        self._panel.asked.connect(self._check)
        evidence.painted.connect(self._forget)
        workspace.view.changed.connect(self._forget)

    def _check(self) -> None:
        result, item, word = self._workspace.result, self._evidence.item, self._workspace.view.word
        if result is None or not isinstance(item, Hit):
            return
        self._drop()
        self._subject = self._shown()
        self._panel.show_running()
        session = self._workspace.session
        task = self._workspace.runner.submit(
            Lane.MODEL, lambda _token, _progress: session.check_trust(result, item.rank, word=word)
        )
        self._task = task
        target = f"“{result.words[word].text}”" if word is not None else "the whole query"
        task.succeeded.connect(lambda report: self._show(task, report, target))
        task.failed.connect(lambda error: self._tell(task, str(error)))

    def _show(self, task: Task, report: TrustReport, target: str) -> None:
        if task is self._task:
            self._task = None
            self._panel.show_report(report, target)

    def _tell(self, task: Task, sentence: str) -> None:
        if task is self._task:
            self._task = None
            self._panel.show_prompt(sentence)

    def _forget(self) -> None:
        """What was checked is no longer what is shown."""
        if self._subject not in (None, self._shown()):
            self._subject = None
            self._drop()
            self._panel.show_prompt()

    def _shown(self) -> tuple[object, ...] | None:
        """All that the numbers depend on: image and word, the mix of the words, and what moved the query."""
        result, item = self._workspace.result, self._evidence.item
        if result is None or not isinstance(item, Hit):
            return None
        return item.path, self._workspace.view.word, result.words, result.feedback

    def _drop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
