"""What is told of a collection, and of a run that indexed it. ``types`` hands these values on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class UnreadableImage:
    """A file or folder that could not be read: where and why, in words for the analyst."""

    path: Path
    reason: str


@dataclass(frozen=True)
class ScanSummary:
    """What lies in the folders of a collection beside the images that were found.

    Attributes:
        unlisted: Folders that could not be listed, a folder of the collection itself or one inside, each with its
            reason. What was known below them is offline.
        skipped: Folders that were passed over: trash, previews of other programs, indexes of this one.
        other_kinds: Number of files of every kind that is not read, by suffix (".dng", "" for none), most first.
        takes_system_folders: Whether folders of the system and of other programs are walked like all others.
    """

    unlisted: tuple[UnreadableImage, ...] = ()
    skipped: tuple[Path, ...] = ()
    other_kinds: tuple[tuple[str, int], ...] = ()
    takes_system_folders: bool = False

    @property
    def other_files(self) -> int:
        """How many files are of kinds that are not read."""
        return sum(count for _, count in self.other_kinds)

    def joined(self, other: ScanSummary) -> ScanSummary:
        """This and that of another folder of the same collection."""
        kinds = Counter(dict(self.other_kinds)) + Counter(dict(other.other_kinds))
        return ScanSummary(
            self.unlisted + other.unlisted,
            self.skipped + other.skipped,
            tuple(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
            self.takes_system_folders or other.takes_system_folders,
        )


@dataclass(frozen=True)
class CollectionInfo:
    """A collection as the catalog knows it, for one model.

    Attributes:
        root: Folder of the images.
        images: Images with features of the loaded model, i.e. N, the gallery size.
        seen: Images found by the last scan; ``images + unreadable + offline`` when the index is complete.
        offline: Images whose folder is not reachable.
        unreadable: Files that could not be read.
        indexed_at: ISO 8601 UTC time of the last finished index run, or None.
    """

    root: Path
    images: int
    seen: int
    offline: int
    unreadable: tuple[UnreadableImage, ...]
    indexed_at: str | None
    damaged: int = 0  # left out of the gallery until the next index run, because their stored features rotted
    folders: tuple[Path, ...] = ()  # all folders of the collection, the root first
    scan: ScanSummary = ScanSummary()  # what the last scan passed over


@dataclass(frozen=True)
class IndexReport:
    """What one run did; indexed + unreadable + offline + waiting = seen. ``notices`` are for the analyst.

    ``added`` and ``changed`` are files that the scan found, ``embedded`` is how many images went into the index;
    ``waiting`` are left for the next run because this one was cancelled or their drive went away meanwhile.
    """

    root: Path
    seen: int
    added: int
    changed: int
    removed: int
    unchanged: int
    offline: int
    unreadable: tuple[UnreadableImage, ...]
    cancelled: bool
    seconds: float
    repaired: int = 0  # embedded again because their stored features were lost or damaged
    notices: tuple[str, ...] = ()
    formerly: Path | None = None  # the folder whose index was taken over, because it is called ``root`` now
    embedded: int = 0
    waiting: int = 0
    scan: ScanSummary = ScanSummary()


@dataclass(frozen=True)
class GalleryImage:
    """One image of the gallery in the order of its path, for browsing without a query."""

    image_id: int
    path: Path
    width: int
    height: int
