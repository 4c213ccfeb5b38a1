"""The wires between the parts of the window: which signal asks whom."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from app import commands, image_commands
from app.actions import bind
from faami_core.queries import Filters

if TYPE_CHECKING:
    from app.main_window import MainWindow


def bind_buttons(window: MainWindow) -> None:
    """Buttons stand for actions of the table."""
    pane, rail, inspector, actions = window.pane, window.rail, window.inspector, window.actions_by_name
    bind(actions["open_folder"], pane.welcome.open_button, rail.open_button)
    bind(actions["open_demo"], pane.welcome.demo_button, rail.demo_button)
    bind(actions["update"], rail.update_button)
    bind(actions["export_csv"], pane.export_button)
    bind(actions["histogram"], pane.histogram_button)
    bind(actions["smaller_cells"], pane.smaller_button)
    bind(actions["larger_cells"], pane.larger_button)
    bind(actions["pick_image"], pane.query.pick_button)
    bind(actions["clear"], pane.query.clear_button)
    bind(actions["query_history"], pane.query.history_button)
    bind(actions["save_query"], pane.query.save_button)
    bind(actions["draw_region"], inspector.region)
    _bind_filters(window)
    bind(actions["rerank"], pane.feedback.rerank_button)
    bind(actions["reset_thumbs"], pane.feedback.reset_button)
    inspector.more_like_this_asked.connect(actions["more_like_this"].trigger)
    inspector.copy_path_asked.connect(lambda: image_commands.copy_inspected_path(window))
    inspector.reveal_asked.connect(actions["reveal"].trigger)
    inspector.previous_asked.connect(actions["previous_hit"].trigger)
    inspector.next_asked.connect(actions["next_hit"].trigger)


def _bind_filters(window: MainWindow) -> None:
    panel, actions = window.filter_panel, window.actions_by_name
    bind(actions["filter_folder"], panel.folder_button)
    bind(actions["filter_tag"], panel.tag_button)
    bind(actions["clear_filters"], panel.clear_button, window.pane.filters.clear_button)
    for mark, box in panel.marks.items():
        bind(actions[f"filter_{mark}"], box)


def chain_panes(window: MainWindow) -> None:
    """The Tab key goes from the question to the results, and from there to the inspector."""
    pane = window.pane
    buttons = (pane.histogram_button, pane.smaller_button, pane.larger_button, pane.export_button)
    for first, second in pairwise((pane.query, *buttons, window.grid, window.inspector)):
        window.setTabOrder(first, second)


def connect_parts(window: MainWindow) -> None:
    """Widgets ask controllers; controllers tell widgets."""
    _connect_collections(window)
    _connect_queries(window)
    _connect_filters(window)
    _connect_images(window)
    _connect_feedback(window)
    window.all_tags_list.chosen.connect(lambda tag: window.tag_change_list.open_with(window.tags.take(tag)))
    window.tag_change_list.chosen.connect(window.tags.do)
    window.tag_change_list.new_asked.connect(window.tags.rename)
    for tag_asked in (window.tag_list.chosen, window.tag_list.new_asked):
        tag_asked.connect(window.triage.toggle_tag)
    window.palette_list.chosen.connect(lambda name: window.actions_by_name[name].trigger())
    window.export.written.connect(lambda path: window.settings.set_export_folder(path.parent))


def _connect_collections(window: MainWindow) -> None:
    rail, collections = window.rail, window.collections
    for asker in (window.pane.welcome.recent_asked, rail.collections.collection_asked):
        asker.connect(collections.open)
    rail.collections.tick_asked.connect(window.further.tick)
    window.further_list.chosen.connect(window.further.toggle)
    window.further.changed.connect(collections.show_recent)
    window.further.changed.connect(window.triage.take_further)
    window.further.changed.connect(window.search.show_gallery)
    window.further.changed.connect(window.search.follow_collections)
    window.search.failed.connect(window.further.look_into)
    rail.reveal_asked.connect(image_commands.reveal)
    rail.collections.forget_asked.connect(collections.forget)
    rail.retry_asked.connect(collections.retry_unreadable)
    collections.opened.connect(window.rescan.take_collection)
    system_folders = window.actions_by_name["system_folders"]
    collections.opened.connect(lambda info: system_folders.setChecked(info.scan.takes_system_folders))
    application = QGuiApplication.instance()
    if isinstance(application, QGuiApplication):
        application.applicationStateChanged.connect(window.rescan.come_back)
        application.applicationStateChanged.connect(window.settings_watch.come_back)
    window.closed.connect(window.rescan.stop)
    window.closed.connect(window.settings_watch.stop)
    window.settings_watch.changed.connect(collections.show_recent)
    window.settings_watch.changed.connect(window.queries.show_stored)
    window.closed.connect(window.triage.stop)
    collections.opened.connect(lambda _info: window.views.duplicates.take_collection())


def _connect_queries(window: MainWindow) -> None:
    view = window.view
    window.pane.query.word_chosen.connect(lambda word: view.select_word(None if word == view.word else word))
    window.queries.saved_shown.connect(window.actions_by_name["save_query"].setChecked)
    window.query_list.chosen.connect(window.queries.ask)
    saved = window.saved_panel
    window.queries.shown.connect(saved.show_asked)
    window.queries.saved_changed.connect(saved.show_queries)
    saved.show_queries(window.settings.saved_queries)
    saved.query_asked.connect(window.queries.ask)
    saved.remove_asked.connect(window.queries.forget_saved)
    saved.reordered.connect(window.queries.order_saved)


def _connect_filters(window: MainWindow) -> None:
    def show_marks(filters: Filters) -> None:
        for mark in window.filter_panel.marks:
            window.actions_by_name[f"filter_{mark}"].setChecked(mark in filters.marks)

    window.filters.shown.connect(show_marks)
    window.filters.changed.connect(window.search.again)
    window.triage.stored.connect(window.filters.follow_marks)
    window.filter_list.chosen.connect(window.filters.pick)


def _connect_feedback(window: MainWindow) -> None:
    feedback, before = window.feedback, window.actions_by_name["before"]
    window.grid.thumb_clicked.connect(feedback.give_to_row)
    feedback.query_asked.connect(window.queries.ask)
    feedback.changed.connect(lambda: before.setChecked(feedback.shows_before))


def _connect_images(window: MainWindow) -> None:
    grid, inspector = window.grid, window.inspector
    grid.row_chosen.connect(window.evidence.show_row)
    grid.stack_asked.connect(window.views.arrange.toggle_stack)
    grid.open_asked.connect(lambda row: image_commands.open_row(window, row))
    grid.menu_asked.connect(lambda spot: image_commands.show_cell_menu(window, spot))
    window.views.duplicates.changed.connect(lambda: commands.show_grouping(window))
    commands.show_grouping(window)
    grid.cell_size_changed.connect(lambda size: setattr(window.settings, "cell_size", size))
    inspector.turn_to(window.settings.panel)
    inspector.tab_turned.connect(lambda: setattr(window.settings, "panel", inspector.tab))
    inspector.image.step_asked.connect(grid.step)
    inspector.image.region_drawn.connect(lambda box: commands.search_by_region(window, box))
    inspector.image.drawing_changed.connect(window.actions_by_name["draw_region"].setChecked)
    pair = inspector.pair
    pair.edited.connect(
        lambda line, cursor: pair.suggestions.offer(window.queries.suggestions.complete(line, cursor))
    )
    pair.history_asked.connect(lambda: commands.offer_asked_before(window))
    inspector.empty.action_asked.connect(lambda: grid.choose(0))
