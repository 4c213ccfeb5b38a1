"""The lists that open over the window: commands, queries, collections, tags, filters."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.widgets.quick_list import QuickList


class QuickLists:
    """One list for each thing that is found by typing a few letters of it.

    Args:
        window: What they lie on, and their owner.
    """

    def __init__(self, window: QWidget) -> None:
        self.palette = QuickList(
            window, name="Command palette", prompt="Type a command", none_found="No command has these letters."
        )
        self.queries = QuickList(
            window, name="Queries", prompt="Find a query asked before", none_found="No query has these letters."
        )
        self.collections = QuickList(
            window, name="Other collections", prompt="Find a collection", none_found="No other collection was found."
        )
        self.tags = QuickList(
            window,
            name="Tags",
            prompt="Type a tag",
            none_found="No tags yet. Type the first one and press Enter.",
            new_entry="New tag “{}”",
        )
        self.all_tags = QuickList(
            window,
            name="Manage tags",
            prompt="Choose a tag to rename, merge or delete",
            none_found="No image has a tag like this.",
        )
        self.tag_changes = QuickList(
            window,
            name="Change the tag",
            prompt="Type a new name, or choose",
            none_found="Type a new name.",
            new_entry="Rename to “{}”",
            new_first=True,
        )
        self.filters = QuickList(
            window, name="Filter by", prompt="Type a few letters", none_found="Nothing has these letters."
        )
