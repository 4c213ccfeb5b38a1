"""Before results are written: which of them, what the file will hold, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.dialogs import files
from app.models.destination import Destination, file_of
from app.models.portion import Portion
from app.models.table_model import TableModel
from app.plain_text import PlainLabel, plain_tip
from app.widgets.controls import CheckBox, ElidedLabel, Segmented, label, restyle
from faami_core.errors import FaamiError

_WIDEST_COLUMN = 320
_SIZE = QSize(880, 560)
_MARGIN = 48  # of the window that stays in sight around the dialog


class ExportDialog(QDialog):
    """Asks what to write and where; knows neither the disk nor the results.

    Args:
        portions: What can be written, the first one chosen; all of the results have one.
        path: The file that is suggested.
        parent: The window.
    """

    portion_chosen = Signal(object)  # Portion; also told when the same is to be written otherwise
    path_changed = Signal(object)  # Path; not told while no file is named
    export_asked = Signal(object, bool)  # Path, and whether the analyst knows that files are replaced

    def __init__(self, portions: Sequence[Portion], path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export results as CSV")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._portions = {portion.name: portion for portion in portions}
        self._folder = path.parent
        self._met: Destination | None = None  # what is known of the file that is named now
        self._is_writing = False
        self.portion = portions[0]
        self._build_content(portions)
        self._build_target()
        self._lay_out()
        self._show_portion()
        self.path.setText(str(path))
        self.path.setSelection(len(str(path)) - len(path.name), len(path.stem))
        self.path.setFocus()
        self.resize(_SIZE.boundedTo(parent.size() - QSize(_MARGIN, _MARGIN)))

    @property
    def file(self) -> Path | None:
        """The file that is named, None where none is."""
        return file_of(self.path.text(), self._folder)

    @property
    def decimal(self) -> str | None:
        """The decimal sign of a file for spreadsheets, None where it is for other programs."""
        return QLocale.system().decimalPoint() if self.spreadsheet.isChecked() else None

    # --- what the controller tells ---------------------------------------------------------------------------

    def show_rows(self, table: Sequence[Sequence[str]]) -> None:
        """Shows the names of the columns and the first rows of the file."""
        columns, *rows = table
        self._model.show_rows(columns, rows)
        self.table.resizeColumnsToContents()
        for column in range(len(columns)):
            self.table.setColumnWidth(column, min(self.table.columnWidth(column), _WIDEST_COLUMN))
        whole = len(self.portion.rows)
        count = f"The first {len(rows):,} of {whole:,} rows" if len(rows) < whole else "All rows"
        self.caption.setText(f"{count}, as the file will hold them")

    def show_beside(self, name: str) -> None:
        """Tells the file that is written beside the table."""
        self.beside.show_text(f"Beside it {name}: query, filters and model, to open these results here again.")

    def show_destination(self, met: Destination) -> None:
        """Tells what is in the way, unless another file was named meanwhile."""
        if met.files[0] == self.file:
            self._met = met
            if met.sentence:
                self._tell(met.sentence, "warning" if met.has_folder else "danger")
            self._offer_export()

    def show_error(self, error: FaamiError) -> None:
        """Says why nothing was written; all that was chosen and typed stays."""
        self._is_writing = False
        self._tell(f"{error.message} {error.next_step}", "danger")
        self._offer_export()
        self.path.setFocus()

    # --- parts -----------------------------------------------------------------------------------------------

    def _build_content(self, portions: Sequence[Portion]) -> None:
        choices = [(portion.name, portion.label, portion.sentence) for portion in portions]
        self.choice = Segmented("Which results", choices)
        self.choice.chosen.connect(self._choose)
        for portion in portions[1:]:
            self.choice.button(portion.name).setEnabled(bool(portion.rows))
        self.spreadsheet = CheckBox("For &spreadsheets")
        self.spreadsheet.setAccessibleName("For spreadsheets")
        self.spreadsheet.setToolTip(
            "Opens in a spreadsheet by double click: with the separator and the decimal sign of this computer"
        )
        self.spreadsheet.toggled.connect(lambda _checked: self.portion_chosen.emit(self.portion))
        self.sentence = label("", "heading", wrap=True)
        self._model = TableModel()
        self._model.setParent(self)
        self.table = QTableView()
        self.table.setModel(self._model)
        self.table.setAccessibleName("First rows of the file")
        self.table.setTabKeyNavigation(False)  # the Tab key goes on to the file name
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setWordWrap(False)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setCornerButtonEnabled(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setSectionsClickable(False)
        self.caption = label("", "muted")

    def _build_target(self) -> None:
        self.path = QLineEdit()
        self.path.setProperty("kind", "field")
        self.path.setAccessibleName("File to write")
        self.path.textChanged.connect(self._follow_path)
        self.browse = QPushButton("&Browse…")
        self.browse.setAccessibleName("Browse for a folder and a name")
        self.browse.clicked.connect(self._browse)
        self.beside = ElidedLabel()
        self.beside.setProperty("voice", "muted")
        self.message = label("", "", wrap=True)
        self.message.setAccessibleName("Message")
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.message.setMinimumHeight(2 * self.message.fontMetrics().lineSpacing())  # short ones move nothing
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.cancel = QPushButton("Cancel")
        self.cancel.setAccessibleName("Cancel, nothing is written")
        self.cancel.clicked.connect(self.reject)
        self.export = QPushButton("Export")
        self.export.setProperty("kind", "primary")
        self.export.setDefault(True)
        self.export.clicked.connect(self._ask_export)

    def _lay_out(self) -> None:
        name = PlainLabel("&File")
        name.setBuddy(self.path)
        target = QHBoxLayout()
        target.setSpacing(8)
        for widget in (name, self.path, self.browse):
            target.addWidget(widget, int(widget is self.path))
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self.message, 1)
        for button in (self.cancel, self.export):
            bottom.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(8)
        top = QHBoxLayout()
        top.addWidget(self.choice)
        top.addStretch(1)
        top.addWidget(self.spreadsheet)
        column.addLayout(top)
        column.addWidget(self.sentence)
        column.addWidget(self.table, 1)
        column.addWidget(self.caption)
        column.addSpacing(8)
        column.addLayout(target)
        column.addWidget(self.beside)
        column.addLayout(bottom)
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)

    # --- what the analyst does -------------------------------------------------------------------------------

    def _choose(self, name: str) -> None:
        self.portion = self._portions[name]
        self._show_portion()
        self.portion_chosen.emit(self.portion)

    def _show_portion(self) -> None:
        self.sentence.setText(self.portion.sentence)
        self._offer_export()

    def _follow_path(self) -> None:
        self._met = None
        file = self.file
        self._tell("" if file is not None else "Name a file to write.", "muted")
        self._offer_export()
        if file is not None:
            self.path_changed.emit(file)

    def _browse(self) -> None:
        chosen = files.choose_export(self, self.file or self._folder)
        if chosen is not None:
            self.path.setText(str(chosen))
        self.path.setFocus()

    def _ask_export(self) -> None:
        file = self.file
        if file is not None:
            self._is_writing = True
            self._offer_export()
            self.export_asked.emit(file, self._replaces)

    @property
    def _replaces(self) -> bool:
        return self._met is not None and bool(self._met.present)

    def _offer_export(self) -> None:
        """The button tells what it does; it needs something to write and a file to take it."""
        self.export.setEnabled(not self._is_writing and self.file is not None and bool(self.portion.rows))
        verb = "Replace" if self._replaces else "Export"
        self.export.setText(verb)
        self.export.setAccessibleName(f"{verb} the file" if self._replaces else "Export these results")

    def _tell(self, text: str, voice: str) -> None:
        self.message.setText(text)
        self.message.setToolTip(plain_tip(text))
        self.message.setProperty("voice", voice)
        self.message.setAccessibleName(text or "No message")
        restyle(self.message)
