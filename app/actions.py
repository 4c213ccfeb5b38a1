"""Every action of the window, in one table: menus, shortcuts and the sheet of shortcuts are built from it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget


@dataclass(frozen=True)
class ActionSpec:
    """One action.

    Attributes:
        name: Key in the code.
        text: Label with its mnemonic.
        menu: Path of menus, "View/Theme"; empty for actions that only keys reach.
        keys: Shortcuts; the first one is shown.
        tip: One sentence for the status bar and the tool tip.
        group: Actions of one group exclude each other.
        checkable: Has an on and an off.
        starts_block: A separator comes before it.
    """

    name: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    group: str = ""
    checkable: bool = False
    starts_block: bool = False


WORD_KEYS = 10  # digits 0–9: the whole query and the first nine words

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open_folder", "&Open folder…", "File", ("Ctrl+O",), "Open a folder of images as a collection."),
    ActionSpec("open_demo", "Open &demo collection", "File", (), "Open a collection of made aerial scenes."),
    ActionSpec("update", "&Update collection", "File", ("F5",), "Scan the folder again and index what is new."),
    ActionSpec(
        "export_csv",
        "&Export results as CSV…",
        "File",
        ("Ctrl+E",),
        "Write the results on screen, in this order, to a CSV file.",
        starts_block=True,
    ),
    ActionSpec("quit", "&Quit", "File", ("Ctrl+Q",), "Close the window.", starts_block=True),
    ActionSpec("focus_query", "&Find…", "Search", ("Ctrl+F", "/"), "Go to the query bar."),
    ActionSpec("pick_image", "Search by &image…", "Search", ("Ctrl+I",), "Pick an image file as the query."),
    ActionSpec("paste_image", "&Paste image", "Search", ("Ctrl+V",), "Search with the image in the clipboard."),
    ActionSpec("more_like_this", "&More like this", "Search", ("Ctrl+L",), "Search with the selected image."),
    ActionSpec(
        "clear", "&Clear query", "Search", ("Esc",), "Empty the query and browse the collection.", "", False, True
    ),
    ActionSpec("previous_hit", "&Previous image", "Search", ("P",), "Select the image before.", "", False, True),
    ActionSpec("next_hit", "&Next image", "Search", ("N",), "Select the image after."),
    ActionSpec(
        "overlay", "Show &heatmap", "View", ("O",), "Draw the evidence over the image, or not.", checkable=True
    ),
    ActionSpec("cycle_scale", "Next &scale", "View", ("S",), "Both scales, fine regions, coarse regions."),
    ActionSpec("fit", "&Fit image", "View", ("F",), "Show the whole image."),
    *(
        ActionSpec(
            f"word_{number}",
            "Whole query" if number == 0 else f"Word {number}",
            "View/Words",
            (str(number),),
            "Heatmap of the whole query." if number == 0 else f"Heatmap of word {number} of the query.",
            group="words",
            checkable=True,
        )
        for number in range(WORD_KEYS)
    ),
    ActionSpec(
        "side_panel", "&Side panel", "View", ("Ctrl+B",), "Show or hide the collections.", "", True, starts_block=True
    ),
    ActionSpec("larger_cells", "&Larger cells", "View", ("Ctrl++", "Ctrl+="), "Fewer, larger images in the grid."),
    ActionSpec("smaller_cells", "S&maller cells", "View", ("Ctrl+-",), "More, smaller images in the grid."),
    ActionSpec("theme_system", "&System", "View/Theme", (), "Colours of the desktop.", "theme", True),
    ActionSpec("theme_light", "&Light", "View/Theme", (), "Light colours.", "theme", True),
    ActionSpec("theme_dark", "&Dark", "View/Theme", (), "Dark colours.", "theme", True),
    ActionSpec("shortcuts", "&Keyboard shortcuts", "Help", ("F1", "?"), "All keys on one sheet."),
)

# Keys that a widget handles itself; they appear on the sheet beside the actions.
WIDGET_KEYS: tuple[tuple[str, str], ...] = (
    ("Arrow keys", "Move in the grid"),
    ("Home / End", "First / last image"),
    ("Page up / Page down", "One screen up / down"),
    ("Left / Right", "Image before / after, in the inspector"),
    ("Down", "From the query bar to the grid"),
    ("Enter", "Search, in the query bar"),
    ("Mouse wheel", "Zoom, over the image"),
)


def build_actions(parent: QWidget) -> dict[str, QAction]:
    """Makes a QAction of every line of the table and gives the window their shortcuts."""
    groups: dict[str, QActionGroup] = {}
    actions: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        action.setObjectName(spec.name)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setStatusTip(spec.tip)
        action.setToolTip(spec.tip)
        action.setCheckable(spec.checkable)
        # Qt would move "Quit" and the like on macOS by their text; the table alone decides.
        action.setMenuRole(QAction.MenuRole.QuitRole if spec.name == "quit" else QAction.MenuRole.NoRole)
        if spec.group:
            group = groups.setdefault(spec.group, QActionGroup(parent))
            group.addAction(action)
        parent.addAction(action)
        actions[spec.name] = action
    return actions


def build_menus(bar: QMenuBar, actions: dict[str, QAction]) -> dict[str, QMenu]:
    """Fills the menu bar from the table. Returns the menus by path."""
    menus: dict[str, QMenu] = {}
    for spec in ACTIONS:
        menu = _menu_of(bar, menus, spec.menu)
        if spec.starts_block:
            menu.addSeparator()
        menu.addAction(actions[spec.name])
    return menus


def _menu_of(bar: QMenuBar, menus: dict[str, QMenu], path: str) -> QMenu:
    if path not in menus:
        outer, _, name = path.rpartition("/")
        menus[path] = _menu_of(bar, menus, outer).addMenu(name) if outer else bar.addMenu(f"&{name}")
    return menus[path]
