"""What the controllers share: the session, the task runner, and what is open right now."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.models.view_state import ViewState
from app.settings import Settings
from app.workers.task import TaskRunner
from faami_core.queries import NO_FILTERS, Filters
from faami_core.types import CollectionInfo, GalleryImage, ModelInfo, SearchResult

if TYPE_CHECKING:
    from faami_core.session import Session


@dataclass
class Workspace:
    """Plain shared state; the controllers that change it also tell about it.

    Attributes:
        collection: The open collection, None before the first one.
        ticked: Folders of collections that the analyst wants searched together with whichever is open.
        further: Those of them, beside the open one, that answer.
        images: All images of the open collection in path order.
        result: What is on screen, None while browsing.
        filters: Which images are shown, asked for or browsed.
        unmoved: The answer to the same query before thumbs moved it, None where they did not.
        model: Facts of the model, None until it is loaded.
    """

    session: Session
    runner: TaskRunner
    settings: Settings
    view: ViewState
    collection: CollectionInfo | None = None
    ticked: tuple[Path, ...] = ()
    further: tuple[CollectionInfo, ...] = ()
    images: tuple[GalleryImage, ...] = field(default=(), repr=False)
    result: SearchResult | None = field(default=None, repr=False)
    filters: Filters = NO_FILTERS
    unmoved: SearchResult | None = field(default=None, repr=False)
    model: ModelInfo | None = None

    @property
    def root(self) -> Path | None:
        """Folder of the open collection."""
        return self.collection.root if self.collection is not None else None

    @property
    def searched(self) -> tuple[CollectionInfo, ...]:
        """The collections that a query goes over, the open one first; () before the first one is open."""
        return (self.collection, *self.further) if self.collection is not None else ()

    @property
    def roots(self) -> tuple[Path, ...]:
        """Folders of the collections that are searched."""
        return tuple(info.root for info in self.searched)
