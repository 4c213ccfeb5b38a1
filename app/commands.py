"""What actions do when it takes more than one call: small functions on the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog

from app import image_commands
from app.dialogs import files
from app.dialogs.crash_log_dialog import CrashLogDialog
from app.dialogs.shortcuts_dialog import ShortcutsDialog
from app.widgets.drops import folder_of, image_path_of, results_of
from app.widgets.notice_bar import Topic
from app.widgets.quick_list import QuickEntry
from app.widgets.section import Section
from faami_core.queries import NO_FILTERS, PixelBox

if TYPE_CHECKING:
    from app.main_window import MainWindow

_TOLD_MS = 3000


def open_folder(window: MainWindow) -> None:
    """Lets the analyst choose a folder and opens it."""
    folder = files.choose_folder(window, window.workspace.root or Path.home())
    if folder is not None:
        window.collections.open(folder)


def take_drop(window: MainWindow, data: QMimeData) -> bool:
    """Opens a folder or exported results, or asks by an image. Returns whether there was something to take."""
    folder, results, image = folder_of(data), results_of(data), image_path_of(data)
    if folder is not None:
        window.collections.open(folder)
    elif results is not None:
        window.reopen.open(results)
    elif image is not None and window.workspace.collection is not None:
        window.pane.query.ask_image(image)
    else:
        return False
    return True


def pick_image(window: MainWindow) -> None:
    """Lets the analyst choose an image and searches with it."""
    image = files.choose_image(window, window.workspace.root or Path.home())
    if image is not None:
        window.pane.query.ask_image(image)


def open_results(window: MainWindow) -> None:
    """Lets the analyst choose an exported file and brings its results back."""
    path = files.choose_results(window, window.settings.export_folder)
    if path is not None:
        window.reopen.open(path)


def back_out(window: MainWindow) -> None:
    """Closes what is nearest: a drawing that was begun, a notice, what is typed, a search under way, a selection of
    several images; where nothing of that is open, the query."""
    image, bar, grid = window.inspector.image, window.pane.query, window.grid
    result, row = window.workspace.result, grid.currentIndex().row()
    asked = window.workspace.session.format_query(result.query) if result is not None else ""
    if image.is_drawing:
        image.set_drawing(False)
    elif window.pane.notice.withdraw() or window.search.cancel():
        return
    elif bar.text.hasFocus() and bar.line != asked:
        bar.show_query(asked)
        bar.show_terms(result.query.terms if result is not None else ())
    elif len(grid.selected_rows()) > 1:
        grid.choose(row)
    elif result is not None:
        bar.clear()


def clear_query(window: MainWindow) -> None:
    """Back to browsing, the cursor in the query bar."""
    window.pane.query.clear()
    window.pane.query.focus()


def follow_notice(window: MainWindow, name: str) -> None:
    """Does what the button of a notice offers."""
    if name == "retry_index":
        window.collections.retry()
    elif name == "stop_indexing":
        window.indexing.cancel()
    elif name == "reveal_export" and window.export.last_written is not None:
        image_commands.reveal(window.export.last_written)
    elif name in window.actions_by_name:
        window.actions_by_name[name].trigger()


def show_panel(window: MainWindow, tab: str) -> None:
    """Turns the inspector, shown for it, to one of its panels."""
    if not window.inspector.isVisible():
        window.actions_by_name["inspector"].trigger()
    window.inspector.turn_to(tab)


def follow_system_folders(window: MainWindow) -> None:
    """Includes system folders in the open collection, or leaves them out; while an index run is on, neither."""
    action = window.actions_by_name["system_folders"]
    if not window.collections.take_system_folders(action.isChecked()):
        action.toggle()
        window.status.showMessage("Indexing is not finished yet.", _TOLD_MS)


def follow_watch(window: MainWindow) -> None:
    """Looks at the folder now and then, or not."""
    window.rescan.switch(window.actions_by_name["look_for_changes"].isChecked())


def focus_filters(window: MainWindow) -> None:
    """Goes to the filters, shown and open."""
    _open_section(window, window.filter_panel)
    window.filter_panel.fields["name"].setFocus(Qt.FocusReason.ShortcutFocusReason)


def focus_saved(window: MainWindow) -> None:
    """Goes to the saved queries, shown and open."""
    _open_section(window, window.saved_panel)
    window.saved_panel.focus()


def pick_folder(window: MainWindow) -> None:
    """Opens the list of folders to filter by."""
    window.filter_list.open_with(window.filters.folder_entries())


def pick_filter_tag(window: MainWindow) -> None:
    """Opens the list of tags to filter by."""
    window.filter_list.open_with(window.filters.tag_entries())


def leave_empty_state(window: MainWindow) -> None:
    """What the button of an empty page does: shows more of the collection, or another one."""
    filtered = bool(window.workspace.images) and window.workspace.filters != NO_FILTERS
    asked = "clear" if window.workspace.result is not None else "open_folder"
    window.actions_by_name["clear_filters" if filtered else asked].trigger()


def compare_queries(window: MainWindow) -> None:
    """Turns to the two queries, the cursor in the second one."""
    show_panel(window, "pair")
    window.inspector.pair.text.setFocus(Qt.FocusReason.ShortcutFocusReason)


def offer_asked_before(window: MainWindow) -> None:
    """Queries asked before, under the line of the second query."""
    window.inspector.pair.text.setFocus(Qt.FocusReason.OtherFocusReason)
    window.inspector.pair.suggestions.offer(window.queries.suggestions.asked_before())


def show_grouping(window: MainWindow) -> None:
    """The switches say which duplicates are grouped."""
    for name, grouping in (("group_copies", "exact"), ("group_alike", "near")):
        window.actions_by_name[name].setChecked(window.settings.grouping == grouping)


def pick_tag(window: MainWindow) -> None:
    """Opens the list of tags for the selected images."""
    window.tag_list.open_with(window.triage.tag_entries())


def manage_tags(window: MainWindow) -> None:
    """Opens the list of all tags, to rename, merge or delete one."""
    window.all_tags_list.open_with(window.tags.entries())


def open_history(window: MainWindow) -> None:
    """Opens the list of saved queries and of those asked before."""
    window.query_list.open_with(window.queries.entries())


def pick_further(window: MainWindow) -> None:
    """Opens the list of collections that can be searched too."""
    window.further_list.open_with(window.further.entries())


def draw_region(window: MainWindow) -> None:
    """The next drag on the image of the inspector, shown for it, draws a region to search with."""
    if not window.inspector.isVisible():
        window.actions_by_name["inspector"].trigger()
    window.inspector.image.set_drawing(not window.inspector.image.is_drawing)


def search_by_region(window: MainWindow, box: PixelBox) -> None:
    """Adds a region of the image in the inspector to the query."""
    if window.evidence.item is not None:
        window.queries.add_region(window.evidence.item.path, box)


def open_palette(window: MainWindow) -> None:
    """Opens the list of all commands."""
    window.palette_list.open_with(palette_entries(window))


def palette_entries(window: MainWindow) -> list[QuickEntry]:
    """Every command but the words that the query does not have; what cannot be done right now says why."""
    entries = []
    for name, action in window.actions_by_name.items():
        spec, possible = action.data(), action.isEnabled()
        if name == "palette" or (spec.group == "words" and not possible):
            continue
        *_, menu = outer = spec.menu.split("/")
        title = action.text().replace("&", "").rstrip("…")
        entries.append(
            QuickEntry(
                name,
                f"{menu.removesuffix('s')}: {title}" if len(outer) > 1 else title,
                detail=outer[0] if possible else str(spec.needs).capitalize(),
                hint=action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
                enabled=possible,
            )
        )
    return entries


def show_shortcuts(window: MainWindow) -> None:
    """Shows the sheet of keys beside the window."""
    _show(ShortcutsDialog([action.data() for action in window.actions_by_name.values()], window))


def show_crash_log(window: MainWindow) -> None:
    """Shows what was logged."""
    window.pane.notice.dismiss(Topic.CRASH)
    _show(CrashLogDialog(window.crash_log_path, window))


def _open_section(window: MainWindow, section: Section) -> None:
    section.set_open(True)
    if not window.side.isVisible():
        window.actions_by_name["side_panel"].trigger()


def _show(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
