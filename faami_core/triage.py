"""The part of ``Session`` that works on questions and answers: typed lines, marks, duplicates, result files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeVar

from faami_core.errors import CollectionError
from faami_core.queries import Annotation, AnnotationChange, Filters, Query, QueryAdvice
from faami_core.types import CancelToken, ImportedResult, SearchResult
from faami_core.workplace import Workplace, canonical

if TYPE_CHECKING:
    from faami_core.indexing.catalog import Catalog
    from faami_core.indexing.feature_store import Gallery
    from faami_core.search.csv_columns import CsvDialect
    from faami_core.search.filters import Mask

DuplicateKind = Literal["exact", "near"]
Annotations = Mapping[tuple[int, int], Annotation]
NO_ANNOTATIONS: Annotations = MappingProxyType({})
T = TypeVar("T")


class Triage(Workplace):
    """What ``Session`` offers beside indexing, searching and drawing; not used alone."""

    # --- the typed line (any thread, instantly) --------------------------------------------------------------

    @staticmethod
    def parse_query(line: str) -> Query:
        """Reads a typed line such as ``2:storage tanks + ./a.jpg - trees``; plain text is one term.

        Raises:
            QueryError: if it cannot be read; ``position`` says at which character.
        """
        from faami_core.search.query_line import parse_query

        return parse_query(line)

    @staticmethod
    def format_query(query: Query) -> str:
        """The typed line that ``parse_query`` reads back to an equal query."""
        from faami_core.search.query_line import format_query

        return format_query(query)

    @staticmethod
    def advice(result: SearchResult) -> tuple[QueryAdvice, ...]:
        """What the query of a result does not do although it reads as if it did: "no trees", words beyond the cut."""
        from faami_core.search.advice import advice

        return advice(result)

    @staticmethod
    def parse_filters(text: str) -> Filters:
        """Reads what ``format_filters`` wrote.

        Raises:
            QueryError: if it cannot be read.
        """
        from faami_core.search.provenance import parse_filters

        return parse_filters(text)

    @staticmethod
    def format_filters(filters: Filters) -> str:
        """Filters as a text to be kept, empty where there are none."""
        from faami_core.search.provenance import format_filters

        return format_filters(filters)

    # --- marks and tags (any thread; they wait neither for indexing nor for a search) ------------------------

    def annotations(self, root: Path) -> dict[int, Annotation]:
        """Marks and tags of the images of a collection that have any, by image id.

        Raises:
            CollectionError: if the folder was never indexed.
        """
        from faami_core.indexing.database import index_errors
        from faami_core.indexing.marks import annotations_of

        with self._catalog(canonical(root)) as catalog, index_errors(catalog.folder):
            return annotations_of(catalog)

    def annotations_version(self, root: Path) -> int:
        """A number that grows with every change of marks and tags, by any window; about a millisecond.

        Raises:
            CollectionError: if the folder was never indexed.
        """
        from faami_core.indexing.database import index_errors
        from faami_core.indexing.marks import annotations_version

        with self._catalog(canonical(root)) as catalog, index_errors(catalog.folder):
            return annotations_version(catalog)

    def annotate(self, root: Path, changes: Mapping[int, Annotation | AnnotationChange]) -> dict[int, Annotation]:
        """Changes marks and tags of images, all or none of them.

        Args:
            root: Folder of the collection.
            changes: By image id; images that are gone are passed over. An ``AnnotationChange`` leaves what other
                windows wrote meanwhile, a whole ``Annotation`` takes the place of all that is there.

        Returns:
            What they had before: given back to this method, it undoes the change.

        Raises:
            CollectionError: if the folder was never indexed or the index cannot be written.
        """
        from faami_core.indexing.database import index_errors
        from faami_core.indexing.marks import annotate

        with self._catalog(canonical(root)) as catalog, index_errors(catalog.folder):
            return annotate(catalog, changes)

    # --- duplicates ------------------------------------------------------------------------------------------

    def copies(self, roots: Sequence[Path]) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The images of collections that are there more than once, byte for byte (any thread; needs no model).

        Args:
            roots: Folders of the collections.

        Returns:
            Groups of two and more, each by ``Hit.key``.

        Raises:
            CollectionError: if a collection is not indexed.
        """
        from faami_core.indexing.marks import contents

        groups: dict[tuple[object, ...], list[tuple[int, int]]] = {}
        for key, content in self._by_key([canonical(root) for root in roots], contents).items():
            groups.setdefault(content, []).append(key)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    def duplicates(
        self, result: SearchResult, kind: DuplicateKind, *, cancel: CancelToken | None = None
    ) -> tuple[tuple[int, ...], ...]:
        """Groups the hits of a result that show the same picture.

        Args:
            result: From ``search`` or ``import_csv``.
            kind: "exact" compares the bytes of the files, "near" the features, so that copies saved anew join.
            cancel: Stops it.

        Returns:
            Groups of ranks; groups and their members are in order of rank, and every hit is in one group.

        Raises:
            CollectionError: if the collection is not indexed.
            CancelledError: if cancelled.
        """
        import numpy as np

        from faami_core.indexing.joined_gallery import places_by_key
        from faami_core.indexing.marks import contents
        from faami_core.search.duplicates import exact_groups, near_groups

        keys = [hit.key for hit in result.hits]
        with self._lane:
            if kind == "exact":
                known = self._by_key(result.collections, contents)
                return exact_groups([known.get(key, key) for key in keys])
            gallery = self._joined(result.collections)
        places = places_by_key(gallery)
        features = np.full((len(keys), gallery.global_features.shape[1]), np.nan, dtype=np.float32)
        present = [rank for rank, key in enumerate(keys) if key in places]
        features[present] = gallery.global_features[[places[keys[rank]] for rank in present]]
        return near_groups(features, cancel)

    # --- result files ----------------------------------------------------------------------------------------

    def export_csv(
        self,
        result: SearchResult,
        path: Path,
        *,
        order: Sequence[int] | None = None,
        replace: bool = True,
        annotations: Annotations = NO_ANNOTATIONS,
        decimal: str | None = None,
    ) -> Path:
        """Writes hits as CSV with marks and tags, and its description beside it; returns ``path``.

        Args:
            result: From ``search``, ``rearranged`` or ``with_maps``.
            path: The CSV file; ``export_files`` tells both.
            order: Ranks of the hits in the order on screen, if that is not the result's own.
            replace: Whether files that are there already may be replaced.
            annotations: Marks and tags of images that the index has none of, by ``Hit.key``: those of a file that
                the result was opened from.
            decimal: For a spreadsheet by double click, the decimal sign of its numbers; None for other programs.

        Raises:
            ExportError: if they cannot be written.
        """
        from faami_core.search.arrange import picked
        from faami_core.search.export import write_csv

        shown = result if order is None else picked(result, order)
        notes = self._notes_of(result, annotations)
        return write_csv(shown, path, notes, dialect=_dialect(decimal), replace=replace)

    def csv_bytes(self, result: SearchResult, *, decimal: str | None = None) -> bytes:
        """What ``export_csv`` would write into the table."""
        from faami_core.search.export import csv_bytes

        return csv_bytes(result, self._notes_of(result), _dialect(decimal))

    def preview_csv(
        self,
        result: SearchResult,
        *,
        order: Sequence[int] | None = None,
        rows: int = 20,
        annotations: Annotations = NO_ANNOTATIONS,
        decimal: str | None = None,
    ) -> tuple[tuple[str, ...], ...]:
        """What ``export_csv`` would write, cell by cell: the names of the columns and the first rows.

        Args:
            result: As of ``export_csv``.
            order: Likewise.
            rows: At most so many hits; time and memory do not grow with the others.
            annotations: As of ``export_csv``.
            decimal: Likewise.
        """
        from faami_core.search.arrange import picked
        from faami_core.search.export import csv_rows

        first = range(len(result.hits))[:rows] if order is None else order[:rows]
        notes = self._notes_of(result, annotations)
        return tuple(tuple(row) for row in csv_rows(picked(result, first), notes, _dialect(decimal)))

    @staticmethod
    def export_files(path: Path) -> tuple[Path, Path]:
        """The files that ``export_csv`` writes: the table, and its description."""
        from faami_core.search.export import metadata_path

        return path, metadata_path(path)

    @staticmethod
    def check_csv(path: Path, *, replace: bool) -> None:
        """Tells early what ``export_csv`` would refuse.

        Raises:
            ExportError: if a file cannot be written, or must stay.
        """
        from faami_core.search.export import check_csv

        check_csv(path, replace=replace)

    @staticmethod
    def check_picture(path: Path, *, replace: bool) -> None:
        """Tells early what ``write_picture`` would refuse.

        Raises:
            ExportError: if the file cannot be written, or must stay.
        """
        from faami_core.output import PICTURE, check_output

        check_output(path, PICTURE, replace=replace)

    @staticmethod
    def write_picture(data: bytes, path: Path, *, replace: bool) -> None:
        """Writes an encoded picture, whole or not at all.

        Raises:
            ExportError: if the file cannot be written, or must stay.
        """
        from faami_core.output import PICTURE, write_output

        write_output(path, [data], PICTURE, replace=replace)

    def import_csv(self, path: Path) -> ImportedResult:
        """Loads an export back to the same hits; needs no model. ``with_maps`` brings back where they matched.

        Hits of a folder that was renamed since, and whose index followed, are found under its name of today.

        Raises:
            ExportError: if the file or its metadata are missing, damaged or not from this program.
        """
        from faami_core.search.moved_result import moved_result
        from faami_core.search.reopen import read_result

        moved: dict[Path, Path] = {}
        imported = read_result(path, lambda collection: self._ids_by_path(collection, moved))
        return moved_result(imported, moved) if moved else imported

    def with_maps(self, result: SearchResult, *, cancel: CancelToken | None = None) -> SearchResult:
        """An imported result with its evidence and attention, computed anew from the index.

        Raises:
            CollectionError: if the index or the model is no longer the one of the result.
            UnreadableImageError: if an image of the query cannot be read.
            CancelledError: if cancelled.
        """
        from faami_core.search.reopen import with_maps

        with self._lane:
            encoder = self._loaded()
            return self._undamaged(
                result.collections, lambda gallery: with_maps(result, gallery, encoder, self._read_part, cancel)
            )

    # --- inside ----------------------------------------------------------------------------------------------

    def _notes_of(
        self, result: SearchResult, others: Annotations = NO_ANNOTATIONS
    ) -> dict[tuple[int, int], Annotation]:
        """Marks and tags by ``Hit.key``, joined with others; results outlive their index."""
        from faami_core.indexing.marks import annotations_of

        own = self._by_key(result.collections, annotations_of, forgiving=True)
        return own | {key: own.get(key, Annotation()).joined(note) for key, note in others.items()}

    def _by_key(
        self, roots: Sequence[Path], read: Callable[[Catalog], Mapping[int, T]], *, forgiving: bool = False
    ) -> dict[tuple[int, int], T]:
        """What the catalogs of collections know of their images, by ``Hit.key``.

        Args:
            roots: Folders of the collections.
            read: Gives it by image id.
            forgiving: Pass over collections without an index.
        """
        from faami_core.indexing.database import index_errors

        known: dict[tuple[int, int], T] = {}
        for number, root in enumerate(roots):
            try:
                with self._catalog(root) as catalog, index_errors(catalog.folder):
                    known |= {(number, image_id): value for image_id, value in read(catalog).items()}
            except CollectionError:
                if not forgiving:
                    raise
        return known

    def _passing(self, roots: Sequence[Path], gallery: Gallery, filters: Filters) -> Mask | None:
        """The images that pass the filters on files, marks and tags; None where there are no such filters."""
        from faami_core.indexing.joined_gallery import merged
        from faami_core.search.filters import masks_files

        if not masks_files(filters):
            return None
        return merged(
            gallery,
            [self._passing_part(root, part, filters) for root, part in zip(roots, gallery.parts, strict=True)],
        )

    def _passing_part(self, root: Path, gallery: Gallery, filters: Filters) -> Mask:
        from faami_core.indexing.database import index_errors
        from faami_core.indexing.marks import annotations_of, modified_ns
        from faami_core.search.filters import passing_images

        with self._catalog(root) as catalog, index_errors(catalog.folder):
            notes = annotations_of(catalog) if filters.marks or filters.tags else {}
            times = modified_ns(catalog) if filters.modified_from or filters.modified_to else {}
        return passing_images(filters, gallery, root, notes, times)

    def _ids_by_path(self, collection: Path, moved: dict[Path, Path]) -> dict[Path, int]:
        """Ids by path as they were in ``collection``; notes in ``moved`` if it is called otherwise now."""
        from faami_core.indexing.collection import current_root, index_folder

        root = collection
        if not index_folder(self._data_dir, collection).is_dir():
            root = current_root(self._data_dir, collection) or collection
        try:
            with self._lane:
                gallery = self._joined([root])
        except CollectionError:
            return {}
        if root != collection:
            moved[collection] = root
        paths = [Path(os.fsdecode(path)) for path in gallery.paths]
        if root != collection:
            paths = [collection / path.relative_to(root) if path.is_relative_to(root) else path for path in paths]
        return dict(zip(paths, gallery.item_ids.tolist(), strict=True))


def _dialect(decimal: str | None) -> CsvDialect:
    from faami_core.search.csv_columns import RFC_4180, spreadsheet_dialect

    return RFC_4180 if decimal is None else spreadsheet_dialect(decimal)
