"""Everything that is drawn from the evidence of a result, built together and told of a new result together."""

from __future__ import annotations

from app.controllers.arrange_controller import ArrangeController
from app.controllers.compare_controller import CompareController
from app.controllers.duplicates_controller import DuplicatesController
from app.controllers.evidence_controller import EvidenceController
from app.controllers.query_pair_controller import QueryPairController
from app.controllers.trust_controller import TrustController
from app.controllers.workspace import Workspace
from app.models.result_list_model import ResultListModel
from app.widgets.inspector import Inspector
from app.widgets.result_pane import ResultPane
from faami_core.types import SearchResult


class EvidenceViews:
    """The controllers of the inspector and its panels, and of order and mix of the results.

    Attributes:
        evidence: The image in the inspector.
        compare: Why A is above B.
        pair: Two queries on one image.
        arrange: Sorting, filtering, mixing, folding.
        duplicates: What is folded.
        trust: The trust check.
    """

    def __init__(self, workspace: Workspace, model: ResultListModel, pane: ResultPane, inspector: Inspector) -> None:
        self.evidence = EvidenceController(workspace, model, inspector)
        self.compare = CompareController(workspace, self.evidence, inspector)
        self.pair = QueryPairController(workspace, self.evidence, inspector)
        self.arrange = ArrangeController(workspace, model, self.evidence, pane, inspector.mixer)
        self.duplicates = DuplicatesController(workspace, self.arrange, pane.notice)
        self.trust = TrustController(workspace, self.evidence, inspector)

    def take_result(self, result: SearchResult | None) -> None:
        """A new result set (or none, while browsing) is on screen."""
        self.evidence.take_result(result)
        self.compare.take_result(result)
        self.pair.take_result(result)
        self.arrange.take_result(result)
        self.duplicates.take_result(result)
