"""The image of the inspector stays as it is looked at: over images, over sizes of the window, and in both halves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.image_view import ImageView, Viewed
from faami_core.types import ByteArray
from tests.app.fakes import FakeSession


def turn_wheel(view: ImageView, notches: int) -> None:
    area = view._view
    spot = QPointF(area.rect().center()) + QPointF(20, 10)
    none = Qt.KeyboardModifier.NoModifier
    turn = QPoint(0, 120 * notches)
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(spot, area.mapToGlobal(spot), QPoint(), turn, Qt.MouseButton.NoButton, none, phase, False)
    QApplication.sendEvent(area.viewport(), event)
    QApplication.processEvents()


def in_sight(view: ImageView) -> tuple[float, float, float]:
    zoom, (across, down) = view._in_sight()
    return round(zoom, 3), round(across, 3), round(down, 3)


@pytest.fixture
def searched(qtbot: QtBot, window: MainWindow) -> MainWindow:
    with qtbot.waitSignal(window.search.shown):
        window.pane.query.submitted.emit("storage tanks")
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    return window


def whole(view: ImageView) -> bool:
    (height, width), seen = view._size, view._box.viewRect()
    return bool(seen.adjusted(-0.5, -0.5, 0.5, 0.5).contains(QRectF(0, 0, width, height)))


def test_zoom_and_place_are_kept_over_images_and_sizes_of_the_window(qtbot: QtBot, searched: MainWindow) -> None:
    window, view = searched, searched.inspector.image
    assert whole(view), "at first all of the image is shown"
    turn_wheel(view, 4)
    seen = in_sight(view)
    assert not whole(view)
    window.actions_by_name["next_hit"].trigger()
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    assert in_sight(view) == seen
    window.resize(1290, 760)
    QApplication.processEvents()
    assert in_sight(view) == seen
    window.view.select_word(0)
    assert in_sight(view) == seen
    window.actions_by_name["fit"].trigger()
    assert whole(view)
    window.resize(1280, 720)
    QApplication.processEvents()
    window.actions_by_name["next_hit"].trigger()
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    assert whole(view), "an image that is fitted stays fitted"


def test_a_key_shows_pixels_of_the_file_as_pixels_of_the_screen(qtbot: QtBot, searched: MainWindow) -> None:
    window, view = searched, searched.inspector.image
    window.grid.setFocus()
    qtbot.keyClick(window.grid, Qt.Key.Key_Z)
    assert view.zoom * view.devicePixelRatioF() == pytest.approx(1)
    assert in_sight(view)[1:] == (0.5, 0.5)
    window.actions_by_name["next_hit"].trigger()
    qtbot.waitUntil(lambda: window.evidence.is_settled)
    assert view.zoom * view.devicePixelRatioF() == pytest.approx(1)
    qtbot.keyClick(window.grid, Qt.Key.Key_F)
    assert whole(view)


def test_two_images_side_by_side_show_the_same_part(qtbot: QtBot, searched: MainWindow) -> None:
    window = searched
    window.inspector.turn_to("compare")
    qtbot.waitUntil(lambda: window.views.compare.is_settled)
    QApplication.processEvents()
    one, other = window.inspector.image, window.inspector.other
    turn_wheel(one, 3)
    assert in_sight(other) == in_sight(one)
    turn_wheel(other, 2)
    assert in_sight(one) == in_sight(other)
    window.inspector.image.fit()
    assert whole(one)
    assert whole(other)


def test_a_large_image_is_read_finer_when_it_is_looked_at_closely(
    qtbot: QtBot, searched: MainWindow, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def read_image(path: Path, *, max_side: int | None = None) -> ByteArray:
        asked.append(max_side)
        return np.zeros((min(max_side or 3000, 3000), min(max_side or 3000, 3000), 3), np.uint8)

    monkeypatch.setattr(session, "read_image", read_image)
    window, view = searched, searched.inspector.image
    view.show_image(read_image(Path("a.jpg"), max_side=1600), 3000, 3000)
    assert not view.is_coarse, "the whole image has pixels enough"
    window.actions_by_name["full_size"].trigger()
    qtbot.waitUntil(lambda: window.evidence.is_settled and len(asked) == 2)
    assert asked[1] is not None
    assert asked[1] > 3000, "all of its pixels"
    turn_wheel(view, 3)
    assert len(asked) == 2, "it is not read again"


@pytest.mark.parametrize("viewed", [None, Viewed(2.0, (0.25, 0.75))])
def test_a_view_without_an_image_takes_any_view(qtbot: QtBot, viewed: Viewed | None) -> None:
    view = ImageView()
    qtbot.addWidget(view)
    view.look_as(viewed)
    view.show_image(np.zeros((60, 80, 3), np.uint8), 600, 800)
    view.resize(400, 300)
    view.show()
    QApplication.processEvents()
    if viewed is None:
        assert whole(view)
    else:
        assert in_sight(view) == (2.0, 0.25, 0.75)
