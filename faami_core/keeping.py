"""The part of ``Session`` that keeps collections: make, index, change, compact, open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from faami_core.config import DATA_DIR_VARIABLE, user_data_dir
from faami_core.private import claim_data_folder
from faami_core.types import (
    CancelToken,
    CollectionInfo,
    IndexReport,
    Progress,
    ProgressCallback,
)
from faami_core.workplace import Workplace, canonical

if TYPE_CHECKING:
    from faami_core.indexing.records import CompactReport

DEMO_IMAGES = 280  # ten of each kind of made scene
DEMO_SEED = 7_000  # far from the seeds of training


class Keeping(Workplace):
    """What ``Session`` offers around the index of a collection; not used alone."""

    def make_demo(self, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None) -> Path:
        """Makes the demo collection unless it is complete; returns its folder.

        Raises:
            CancelledError: if cancelled; what is made is kept and the next call goes on.
            CollectionError: if the disk is full or may not be written.
        """
        from faami_core.data.scenes import write_collection

        folder = self._data_dir / "demo"
        write_collection(folder, DEMO_IMAGES, seed=DEMO_SEED, progress=progress, cancel=cancel)
        return folder

    def index(
        self,
        root: Path,
        *,
        progress: ProgressCallback | None = None,
        cancel: CancelToken | None = None,
        retry_unreadable: bool = False,
        verify: bool = False,
        was: Path | None = None,
    ) -> IndexReport:
        """Scans the folders of a collection and embeds what is new or changed.

        A folder without an index that has the images of an indexed one that is gone takes over its index, marks and
        tags.

        Args:
            root: Folder of images that the collection is named after.
            progress: Told every stage.
            cancel: Stops within a second; the report then says ``cancelled`` and all work is kept.
            retry_unreadable: Try unreadable files again even if they did not change.
            verify: Trust neither times of files nor stored features: read and check everything.
            was: What the folder was called when it was indexed before, where that cannot be seen from its images.

        Raises:
            CollectionError: if the folder cannot be listed and is not known, another process is indexing it, or the
                disk fails.
            ModelError: if the model cannot be loaded.
        """
        from faami_core.indexing.catalog import CATALOG_NAME, Catalog
        from faami_core.indexing.collection import check_readable, index_folder
        from faami_core.indexing.index_faults import DamagedCatalogError
        from faami_core.indexing.indexer import index_collection
        from faami_core.indexing.recovery import make_sound

        root = canonical(root)
        folder = index_folder(self._data_dir, root)
        if not (folder / CATALOG_NAME).is_file():
            check_readable(root)
        with self._lane:
            self._claim_data_folder()
            self._take_over(root, was)
            restored = make_sound(folder, root, progress=progress, cancel=cancel)
            if self._encoder is None and progress is not None:
                progress(Progress("Loading the model", 0))
            encoder = self._loaded()
            wanted = {"retry_unreadable": retry_unreadable, "verify": verify}

            def run() -> IndexReport:
                with Catalog(folder, create=True) as catalog:
                    return index_collection(catalog, root, encoder, progress=progress, cancel=cancel, **wanted)

            try:
                report = run()
            except DamagedCatalogError as damage:
                restored = make_sound(folder, root, found_damaged=damage, progress=progress, cancel=cancel)
                report = run()
            if restored is not None:
                self._galleries.clear()
        notices = report.notices if restored is None else (restored, *report.notices)
        return replace(report, notices=notices, formerly=self._formerly.pop(root, None))

    def folder_changes(self, root: Path, *, count_offline: bool = True, cancel: CancelToken | None = None) -> int:
        """How many files of a collection changed since they were indexed: new, edited, moved, gone or back again.

        Looks at the folders only; changes nothing and needs no model (any thread).

        Args:
            root: Folder of the collection.
            count_offline: Whether files of a drive that went away, or came back as it was, count as changes.
            cancel: Stops it.

        Raises:
            CollectionError: if the folder was never indexed, or the disk fails.
            CancelledError: if cancelled.
        """
        from faami_core.indexing.catalog import Catalog
        from faami_core.indexing.database import index_errors
        from faami_core.indexing.watch import folder_changes

        with Catalog(self._indexed_folder(canonical(root))) as catalog, index_errors(catalog.folder):
            return folder_changes(catalog, count_offline=count_offline, cancel=cancel)

    def change_collection(
        self,
        root: Path,
        *,
        add: Sequence[Path] | None = None,
        drop: Sequence[Path] | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        system_folders: bool | None = None,
        was: Path | None = None,
    ) -> None:
        """Changes what belongs to a collection; the next index run follows it.

        Args:
            root: Folder of images that the collection is named after; the collection is made if it is new.
            add: Further folders.
            drop: Folders to forget, with all that is known of their images; the images are not touched.
            include, exclude: Globs of names or relative paths that take the place of those before; see
                ``indexing.records.Patterns``.
            system_folders: Whether folders that systems and other programs made for themselves (trash, previews)
                belong to it; by default they do not.
            was: As of ``index``.

        None leaves a thing as it is.

        Raises:
            CollectionError: if a folder to add does not exist, one to drop is not part of the collection, or the disk
                fails.
        """
        from faami_core.indexing.collection import change_membership, index_folder

        with self._lane:
            self._claim_data_folder()
            self._take_over(canonical(root), was)
            change_membership(
                index_folder(self._data_dir, canonical(root)),
                add=[canonical(root), *map(canonical, add or ())],
                drop=[canonical(folder) for folder in drop or ()],
                include=include,
                exclude=exclude,
                system_folders=system_folders,
            )

    def compact(
        self, root: Path, *, progress: ProgressCallback | None = None, cancel: CancelToken | None = None
    ) -> CompactReport:
        """Joins the small files of an index and drops what no image uses any more; needs no model.

        Raises:
            CollectionError: if the folder was never indexed, another process is indexing it, or the disk fails.
            CancelledError: if cancelled.
        """
        from faami_core.indexing import upkeep
        from faami_core.indexing.catalog import Catalog

        with self._lane, Catalog(self._indexed_folder(canonical(root))) as catalog:
            return upkeep.compact(catalog, progress=progress, cancel=cancel)

    def open_collection(self, root: Path) -> CollectionInfo:
        """What the catalog knows of a collection, for the loaded model; does not look at the folder of images.

        Files that a killed process left half-written in the index are cleared away on this occasion.

        Raises:
            CollectionError: if the folder was never indexed.
        """
        from faami_core.indexing.collection import open_collection

        root = canonical(root)
        with self._lane:
            return open_collection(self._indexed_folder(root), root, self._fingerprint())

    # --- inside --------------------------------------------------------------------------------------------

    def _claim_data_folder(self) -> None:
        from faami_core.indexing.database import index_errors

        with index_errors(self._data_dir):
            own_place = DATA_DIR_VARIABLE not in os.environ and self._data_dir == user_data_dir()
            claim_data_folder(self._data_dir, always=own_place)

    def _take_over(self, root: Path, was: Path | None = None) -> None:
        """Lets an index follow to the new name of its folder; the next report tells it."""
        from faami_core.indexing.relocation import take_over

        former = take_over(self._data_dir, root, None if was is None else canonical(was))
        if former is not None:
            self._galleries.clear()
            self._formerly[root] = former
