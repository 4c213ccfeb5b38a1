"""The left rail: which collection is open, what it holds, and what could not be read."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.models.collection_names import title_of
from app.plain_text import PlainLabel, plain_tip
from app.widgets.collection_list import CollectionList
from app.widgets.controls import ElidedLabel, IconButton, IconPushButton, label, line
from faami_core.types import CollectionInfo, ScanSummary, UnreadableImage

_PATH = Qt.ItemDataRole.UserRole
_MOST_IN_TIP = 12  # folders, kinds
_UNREADABLE_ROW, _UNREADABLE_HEIGHT = 96, 192  # a name and a reason of four lines; two of them before it scrolls


class CollectionRail(QFrame):
    """Lists collections; shows facts and unreadable files of the open one."""

    retry_asked = Signal()
    reveal_asked = Signal(object)  # Path

    def __init__(self) -> None:
        super().__init__()
        self.collections = CollectionList()
        self.setAccessibleName("Collections")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.open_button = IconButton("folder", "Open a folder as a collection")
        column.addWidget(self.collections)
        self.demo_button = IconPushButton("demo", "Open demo collection", kind="row")
        column.addWidget(self.demo_button)
        column.addWidget(self._build_facts())
        column.addWidget(self._build_unreadable())
        self.show_collection(None)

    def _build_facts(self) -> QWidget:
        self._facts = QWidget()
        column = QVBoxLayout(self._facts)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(line())
        row = QHBoxLayout()
        self.name = ElidedLabel()
        self.name.setProperty("voice", "heading")
        row.addWidget(self.name, 1)
        self.update_button = IconButton("refresh", "Scan the folder again and index what is new")
        row.addWidget(self.update_button)
        column.addLayout(row)
        self.folder = ElidedLabel()
        self.folder.setProperty("voice", "muted")
        column.addWidget(self.folder)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        self._figures: dict[str, tuple[QLabel, QLabel]] = {}
        for row_number, name in enumerate(("Images", "Offline", "Unreadable", "Skipped", "Other files", "Indexed")):
            name_label, figure = label(name, "muted"), PlainLabel()
            grid.addWidget(name_label, row_number, 0)
            figure.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(figure, row_number, 1)
            self._figures[name] = name_label, figure
        column.addLayout(grid)
        return self._facts

    def _build_unreadable(self) -> QWidget:
        self._unreadable = QWidget()
        column = QVBoxLayout(self._unreadable)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addWidget(line())
        self.retry_button = IconButton("refresh", "Try to read these files again")
        self.retry_button.clicked.connect(self.retry_asked)
        column.addLayout(_section("Could not be read", self.retry_button))
        self.unreadable = QListWidget()
        self.unreadable.setObjectName("unreadable")
        self.unreadable.setAccessibleName("Files that could not be read, with reasons")
        self.unreadable.setWordWrap(True)
        self.unreadable.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.unreadable.itemActivated.connect(lambda item: self.reveal_asked.emit(item.data(_PATH)))
        column.addWidget(self.unreadable)
        return self._unreadable

    # --- what the controllers say --------------------------------------------------------------------------

    def show_collection(self, info: CollectionInfo | None) -> None:
        """Shows the facts of a collection, or nothing."""
        self._facts.setVisible(info is not None)
        unreadable = (*info.scan.unlisted, *info.unreadable) if info is not None else ()
        self._unreadable.setVisible(bool(unreadable))
        self.unreadable.clear()
        if info is None:
            return
        self.name.show_text(title_of(info.root))
        self.folder.show_text(str(info.root.parent))
        self._show_figure("Images", f"{info.images:,}")
        self._show_figure("Offline", f"{info.offline:,}" if info.offline else "")
        self._show_figure("Unreadable", f"{len(unreadable):,}" if unreadable else "")
        self._show_scan(info.scan)
        self._show_figure("Indexed", _day(info.indexed_at))
        self.unreadable.setFixedHeight(min(_UNREADABLE_ROW * len(unreadable), _UNREADABLE_HEIGHT))
        for entry in unreadable:
            item = QListWidgetItem(f"{entry.path.name}\n{_reason(entry)}")
            item.setData(_PATH, entry.path)
            item.setToolTip(plain_tip(f"{entry.path}\n{entry.reason}"))
            self.unreadable.addItem(item)

    def _show_scan(self, scan: ScanSummary) -> None:
        """What the last scan passed over; the tool tips name it."""
        folders = "1 folder" if len(scan.skipped) == 1 else f"{len(scan.skipped):,} folders"
        names = [str(path) for path in scan.skipped[:_MOST_IN_TIP]] + ["…"] * (len(scan.skipped) > _MOST_IN_TIP)
        reason = "Made by systems and other programs. File > Include system folders takes them, too."
        self._show_figure("Skipped", folders if scan.skipped else "", "\n".join([reason, *names]))
        kinds = [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in scan.other_kinds[:_MOST_IN_TIP]]
        kinds += ["…"] * (len(scan.other_kinds) > _MOST_IN_TIP)
        other = f"{scan.other_files:,}" if scan.other_kinds else ""
        self._show_figure("Other files", other, "\n".join(["Of kinds that are not read:", *kinds]))

    def _show_figure(self, name: str, value: str, tip: str = "") -> None:
        """A figure of the collection; what is in order needs no line."""
        for part in self._figures[name]:
            part.setVisible(bool(value))
            part.setToolTip(plain_tip(tip))
        self._figures[name][1].setText(value)

    @property
    def facts(self) -> dict[str, str]:
        """The figures on screen by their names."""
        return {name: figure.text() for name, (_, figure) in self._figures.items() if not figure.isHidden()}


def _reason(entry: UnreadableImage) -> str:
    """The reason without the name, which stands above it."""
    reason = entry.reason.removeprefix(f"{entry.path.name!r} ")
    return reason[:1].upper() + reason[1:]


def _section(title: str, button: IconButton) -> QHBoxLayout:
    """A heading with a button at its right."""
    row = QHBoxLayout()
    row.addWidget(label(title, "section"))
    row.addStretch(1)
    row.addWidget(button)
    return row


def _day(stamp: str | None) -> str:
    if stamp is None:
        return "not finished"
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return moment.astimezone().strftime("%d %b %Y")
