"""Every action of the window, in one table: menus, shortcuts, command palette, key sheet and buttons come from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app import commands, image_commands
from app.models.thumbs import Thumb
from faami_core.queries import Mark

if TYPE_CHECKING:
    from app.main_window import MainWindow


class Needs(StrEnum):
    """What must be there for an action to make sense; the value is what the palette says when it is not."""

    NOTHING = ""
    COLLECTION = "open a collection first"
    IMAGES = "nothing is shown"
    IMAGE = "select an image first"
    RESULT = "search for something first"
    WORD = "the query has no such word"
    FILTERS = "no filter is set"
    UNDO = "nothing to undo"
    REDO = "nothing to redo"
    THUMBS = "give a result a thumb first"
    OTHER_THUMBS = "the results follow the thumbs already"
    RERANKED = "re-rank the results by thumbs first"


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes:
        name: Key in the code.
        text: Label with its mnemonic.
        menu: Path of menus, "View/Theme".
        tip: One sentence for the status bar, the tool tip and the key sheet.
        run: What it does.
        keys: Shortcuts; the first one is shown.
        needs: When it is enabled.
        group: Actions of one group exclude each other.
        checkable: Has an on and an off.
        starts_block: A separator comes before it.
    """

    name: str
    text: str
    menu: str
    tip: str
    run: Callable[[MainWindow], object]
    keys: tuple[str, ...] = ()
    needs: Needs = Needs.NOTHING
    group: str = ""
    checkable: bool = False
    starts_block: bool = False

    @property
    def title(self) -> str:
        """The label without its mnemonic."""
        return self.text.replace("&", "")


WORD_KEYS = 10  # digits 0–9: the whole query and the first nine words


def _word_spec(number: int) -> ActionSpec:
    return ActionSpec(
        f"word_{number}",
        f"Word {number}" if number else "Whole query",
        "View/Words",
        f"Heatmap of word {number} of the query." if number else "Heatmap of the whole query.",
        lambda window: window.view.select_word(number - 1 if number else None),
        (str(number),),
        Needs.WORD,
        group="words",
        checkable=True,
    )


def _mark_filter_spec(mark: Mark) -> ActionSpec:
    return ActionSpec(
        f"filter_{mark}",
        f"&{mark.capitalize()}",
        "Search/Filter by",
        f"Show {mark} images; several marks can be chosen.",
        lambda window: window.filters.toggle_mark(mark),
        needs=Needs.COLLECTION,
        checkable=True,
        starts_block=mark is Mark.ACCEPTED,
    )


ACTIONS: tuple[ActionSpec, ...] = (
    # --- File
    ActionSpec(
        "open_folder", "&Open folder…", "File", "Open a folder of images as a collection.", commands.open_folder,
        ("Ctrl+O",),
    ),
    ActionSpec(
        "open_demo", "Open &demo collection", "File", "Open a collection of synthetic aerial scenes.",
        lambda window: window.collections.open_demo(),
    ),
    ActionSpec(
        "update", "&Update collection", "File", "Scan the folder again and index what is new.",
        lambda window: window.collections.update(), ("F5",), Needs.COLLECTION,
    ),
    ActionSpec(
        "system_folders", "Include &system folders", "File",
        "Index folders of systems and other programs, too: trash, previews, snapshots.",
        commands.follow_system_folders, needs=Needs.COLLECTION, checkable=True,
    ),
    ActionSpec(
        "look_for_changes", "&Look for changes by itself", "File",
        "Tell when files of the open folder have changed since it was indexed.", commands.follow_watch,
        checkable=True,
    ),
    ActionSpec(
        "open_results", "Open &results…", "File", "Bring back results that were exported as CSV.",
        commands.open_results, ("Ctrl+Shift+O",), starts_block=True,
    ),
    ActionSpec(
        "export_csv", "&Export results as CSV…", "File", "Write the results on screen, in this order, to a CSV file.",
        lambda window: window.export.open_dialog(window), ("Ctrl+E",), Needs.RESULT,
    ),
    ActionSpec(
        "quit", "&Quit", "File", "Close the window.", lambda window: window.close(), ("Ctrl+Q",), starts_block=True
    ),
    # --- Edit
    ActionSpec(
        "undo", "&Undo", "Edit", "Take back the last mark, tag, thumb or cleared query.",
        lambda window: window.triage.stack.undo(), ("Ctrl+Z",), Needs.UNDO,
    ),
    ActionSpec(
        "redo", "&Redo", "Edit", "Do again what was taken back.", lambda window: window.triage.stack.redo(),
        ("Ctrl+Shift+Z", "Ctrl+Y"), Needs.REDO,
    ),
    ActionSpec(
        "select_all", "Select &all images", "Edit", "Select every image in the grid.",
        lambda window: window.grid.selectAll(), ("Ctrl+A",), Needs.IMAGES, starts_block=True,
    ),
    ActionSpec(
        "copy_path", "&Copy paths", "Edit", "Put the selected images into the clipboard, as files and as text.",
        image_commands.copy_paths, ("Ctrl+C",), Needs.IMAGE,
    ),
    ActionSpec(
        "copy_image", "Copy &image", "Edit", "Put the pixels of the image in the inspector into the clipboard.",
        image_commands.copy_image, ("Ctrl+Shift+C",), Needs.IMAGE,
    ),
    ActionSpec(
        "open_image", "&Open image", "Edit",
        "Open the selected images in the default program; a double click does the same.",
        image_commands.open_images, ("Shift+Return",), Needs.IMAGE, starts_block=True,
    ),
    ActionSpec(
        "reveal", "Show in &folder", "Edit", "Open the folders of the selected images.",
        image_commands.reveal_images, ("Ctrl+Shift+R",), Needs.IMAGE,
    ),
    # --- Search
    ActionSpec(
        "focus_query", "&Find…", "Search", "Go to the query bar.", lambda window: window.pane.query.focus(),
        ("Ctrl+L", "Ctrl+F", "/"), Needs.COLLECTION,
    ),
    ActionSpec(
        "pick_image", "Search by &image…", "Search", "Pick an image file as the query.", commands.pick_image,
        ("Ctrl+I",), Needs.COLLECTION,
    ),
    ActionSpec(
        "paste_image", "&Paste image", "Search", "Search with the image in the clipboard.",
        lambda window: window.pane.query.paste(), ("Ctrl+V",), Needs.COLLECTION,
    ),
    ActionSpec(
        "more_like_this", "&More like this", "Search", "Search with the selected images.",
        image_commands.search_like_these, ("M",), Needs.IMAGE,
    ),
    ActionSpec(
        "draw_region", "Search by a &region", "Search",
        "Draw a region on the image in the inspector; Shift and a drag does the same.", commands.draw_region,
        ("G",), Needs.IMAGE, checkable=True,
    ),
    ActionSpec(
        "search_further", "Search other &collections too…", "Search",
        "Tick collections to search together with the open one.", commands.pick_further, (), Needs.COLLECTION,
    ),
    ActionSpec(
        "query_history", "Queries asked &before…", "Search", "Saved queries, and those asked before.",
        commands.open_history, ("Ctrl+H",), Needs.COLLECTION, starts_block=True,
    ),
    ActionSpec(
        "save_query", "&Save this query", "Search", "Keep the query on screen, or take it off the saved ones.",
        lambda window: window.queries.toggle_saved(), ("Ctrl+D",), Needs.RESULT, checkable=True,
    ),
    ActionSpec(
        "focus_saved", "Go to saved &queries", "Search", "Go to the saved queries in the side panel.",
        commands.focus_saved, ("Ctrl+Shift+D",), Needs.COLLECTION,
    ),
    ActionSpec(
        "focus_filters", "Fi&lter…", "Search", "Go to the filters in the side panel.", commands.focus_filters,
        ("Ctrl+Shift+F",), Needs.COLLECTION, starts_block=True,
    ),
    ActionSpec(
        "filter_folder", "&Folder…", "Search/Filter by", "Show only the images in one folder of the collection.",
        commands.pick_folder, needs=Needs.COLLECTION,
    ),
    ActionSpec(
        "filter_tag", "&Tag…", "Search/Filter by", "Show only images with a tag.", commands.pick_filter_tag,
        needs=Needs.COLLECTION,
    ),
    *map(_mark_filter_spec, Mark),
    ActionSpec(
        "clear_filters", "Clear fil&ters", "Search", "Show all images of the collection again.",
        lambda window: window.query_undo.clear_filters(), ("Shift+Esc",), Needs.FILTERS,
    ),
    ActionSpec(
        "clear", "&Clear query", "Search", "Empty the query and browse the collection; Undo brings it back.",
        commands.clear_query, (), Needs.COLLECTION, starts_block=True,
    ),
    ActionSpec(
        "back_out", "&Back out", "Search",
        "Close a notice, stop a search, leave a selection; where nothing is open, clear the query.",
        commands.back_out, ("Esc",), Needs.COLLECTION,
    ),
    ActionSpec(
        "previous_hit", "P&revious image", "Search", "Select the image before.", lambda window: window.grid.step(-1),
        ("P",), Needs.IMAGES, starts_block=True,
    ),
    ActionSpec(
        "next_hit", "&Next image", "Search", "Select the image after.", lambda window: window.grid.step(1),
        ("N",), Needs.IMAGES,
    ),
    # --- Triage
    ActionSpec(
        "accept", "&Accept", "Triage", "Mark the selected images as what you look for.",
        lambda window: window.triage.accept(), ("A",), Needs.IMAGE,
    ),
    ActionSpec(
        "reject", "&Reject", "Triage", "Mark the selected images as not what you look for.",
        lambda window: window.triage.reject(), ("R",), Needs.IMAGE,
    ),
    ActionSpec(
        "unmark", "&Clear mark", "Triage", "Take the mark off the selected images; tags stay.",
        lambda window: window.triage.unmark(), ("U",), Needs.IMAGE,
    ),
    ActionSpec(
        "tag", "&Tag…", "Triage", "Put a tag on the selected images, or take it off.", commands.pick_tag,
        ("T",), Needs.IMAGE, starts_block=True,
    ),
    ActionSpec(
        "store_file_marks", "Take over marks of the &file", "Triage",
        "Store the marks and tags of the results file that is open.",
        lambda window: window.triage.store_file(), needs=Needs.RESULT,
    ),
    ActionSpec(
        "manage_tags", "&Manage tags…", "Triage", "Rename, merge or delete a tag on all images that have it.",
        commands.manage_tags, ("Shift+T",), Needs.COLLECTION,
    ),
    ActionSpec(
        "thumb_up", "Thumb &up", "Triage", "More like the selected results; again takes the thumb off.",
        lambda window: window.feedback.give(Thumb.UP), ("+", "="), Needs.RESULT, starts_block=True,
    ),
    ActionSpec(
        "thumb_down", "Thumb &down", "Triage", "Less like the selected results; again takes the thumb off.",
        lambda window: window.feedback.give(Thumb.DOWN), ("-",), Needs.RESULT,
    ),
    ActionSpec(
        "rerank", "&Re-rank by thumbs", "Triage", "Move the query towards thumbs up and away from thumbs down.",
        lambda window: window.feedback.rerank(), ("Ctrl+Return",), Needs.OTHER_THUMBS,
    ),
    ActionSpec(
        "before", "&Before the thumbs", "Triage", "The results as asked, or as the thumbs have moved them.",
        lambda window: window.feedback.toggle_before(), ("B",), Needs.RERANKED, checkable=True,
    ),
    ActionSpec(
        "reset_thumbs", "Rese&t thumbs", "Triage", "Take all thumbs off; the results are those that were asked for.",
        lambda window: window.feedback.reset(), (), Needs.THUMBS,
    ),
    # --- View
    ActionSpec(
        "overlay", "Show &heatmap", "View", "Draw the evidence over the image, or not.",
        lambda window: window.view.set_overlay(not window.view.overlay), ("O",), Needs.RESULT, checkable=True,
    ),
    ActionSpec(
        "cycle_scale", "Next &scale", "View", "Both scales, fine regions, coarse regions.",
        lambda window: window.view.cycle_scale(), ("S",), Needs.RESULT,
    ),
    ActionSpec(
        "cycle_colours", "Next &colour map", "View", "Other colours of the heatmap; cividis suits all eyes.",
        lambda window: window.view.cycle_colours(), (), Needs.RESULT,
    ),
    ActionSpec(
        "why_above", "&Why above", "View", "Why this image is above or below another one.",
        lambda window: commands.show_panel(window, "compare"), ("W",), Needs.RESULT,
    ),
    ActionSpec(
        "two_queries", "Two &queries", "View", "How another query reads this image, beside the one that was asked.",
        commands.compare_queries, ("Q",), Needs.RESULT,
    ),
    ActionSpec(
        "fit", "&Fit image", "View", "Show the whole image.", lambda window: window.inspector.image.fit(),
        ("F",), Needs.IMAGE,
    ),
    ActionSpec(
        "full_size", "Zoom to &100 %", "View", "Show a pixel of the file as a pixel of the screen.",
        lambda window: window.inspector.image.show_full_size(), ("Z",), Needs.IMAGE,
    ),
    *map(_word_spec, range(WORD_KEYS)),
    ActionSpec(
        "previous_word", "&Previous word", "View/Words", "Light up the word before.",
        lambda window: window.evidence.step_word(-1), ("[", "Alt+Left"), Needs.RESULT, starts_block=True,
    ),
    ActionSpec(
        "next_word", "&Next word", "View/Words", "Light up the word after.",
        lambda window: window.evidence.step_word(1), ("]", "Alt+Right"), Needs.RESULT,
    ),
    ActionSpec(
        "histogram", "Score h&istogram", "View", "Show how the scores are spread, with a line to cut them.",
        lambda window: window.layout_of_panes.take_choice("histogram"), ("H",), Needs.RESULT, checkable=True,
        starts_block=True,
    ),
    ActionSpec(
        "side_panel", "Side &panel", "View", "Show or hide collections, filters and saved queries.",
        lambda window: window.layout_of_panes.take_choice("side_panel"), ("Ctrl+B",), checkable=True,
    ),
    ActionSpec(
        "inspector", "&Inspector", "View", "Show or hide the large image and its evidence.",
        lambda window: window.layout_of_panes.take_choice("inspector"), ("Ctrl+Shift+B",), Needs.COLLECTION,
        checkable=True,
    ),
    ActionSpec(
        "group_copies", "Group exact &copies", "View/Duplicates",
        "Fold files of the same content behind the best of them.",
        lambda window: window.views.duplicates.toggle("exact"), ("D",), Needs.COLLECTION, checkable=True,
    ),
    ActionSpec(
        "group_alike", "Group &look-alikes, too", "View/Duplicates",
        "Fold results that look almost the same; while browsing, exact copies alone.",
        lambda window: window.views.duplicates.toggle("near"), ("Shift+D",), Needs.COLLECTION, checkable=True,
    ),
    ActionSpec(
        "unfold", "&Unfold duplicates", "View/Duplicates",
        "Show the duplicates of the image, or fold them away; Enter or a click on the badge does the same.",
        lambda window: window.views.arrange.toggle_stack(window.grid.currentIndex().row()), ("X",), Needs.IMAGE,
    ),
    ActionSpec(
        "larger_cells", "&Larger cells", "View", "Fewer, larger images in the grid.",
        lambda window: window.grid.zoom(1), ("Ctrl++", "Ctrl+="), Needs.COLLECTION,
    ),
    ActionSpec(
        "smaller_cells", "S&maller cells", "View", "More, smaller images in the grid.",
        lambda window: window.grid.zoom(-1), ("Ctrl+-",), Needs.COLLECTION,
    ),
    ActionSpec(
        "theme_system", "&System", "View/Theme", "Colours of the desktop.",
        lambda window: window.set_theme("system"), group="theme", checkable=True,
    ),
    ActionSpec(
        "theme_light", "&Light", "View/Theme", "Light colours.", lambda window: window.set_theme("light"),
        group="theme", checkable=True,
    ),
    ActionSpec(
        "theme_dark", "&Dark", "View/Theme", "Dark colours.", lambda window: window.set_theme("dark"),
        group="theme", checkable=True,
    ),
    # --- Help
    ActionSpec(
        "palette", "&Command palette…", "Help", "Find any command by a few letters of its name.",
        commands.open_palette, ("Ctrl+Shift+P",),
    ),
    ActionSpec(
        "shortcuts", "&Keyboard shortcuts", "Help", "All keys on one sheet.", commands.show_shortcuts, ("F1", "?")
    ),
    ActionSpec(
        "crash_log", "Crash &log", "Help", "What went wrong inside the program, to read and to copy.",
        commands.show_crash_log, starts_block=True,
    ),
)  # fmt: skip
