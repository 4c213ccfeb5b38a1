"""An exception in a method that Qt calls costs a notice, not the process: every such method is guarded."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QAbstractListModel, QModelIndex, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QLayout, QWidget
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from app.overrides import qt_override
from tests.app.qt_overrides import find_overrides


@pytest.fixture
def told() -> Iterator[list[BaseException]]:
    """What reaches the hook of the crash log."""
    caught: list[BaseException] = []
    with capture_exceptions():
        hook, sys.excepthook = sys.excepthook, lambda _kind, error, _trace: caught.append(error)
        yield caught
        sys.excepthook = hook


def test_every_method_that_qt_calls_is_guarded() -> None:
    found = find_overrides()
    assert len(found) > 80
    assert [str(override) for override in found if not getattr(override.method, "is_guarded", False)] == []


def test_a_method_without_a_guard_would_be_found() -> None:
    class Unguarded(QWidget):
        def sizeHint(self) -> QSize:
            return QSize(1, 1)

    Unguarded.__module__ = "app.widgets.unguarded"
    try:
        assert any(override.owner is Unguarded for override in find_overrides())
    finally:
        Unguarded.__module__ = __name__


def test_the_answer_of_qt_stands_in(qtbot: QtBot, told: list[BaseException]) -> None:
    class Label(QLabel):
        @qt_override
        def sizeHint(self) -> QSize:
            raise ValueError("no size")

    class Longer(Label):
        @qt_override
        def sizeHint(self) -> QSize:
            raise ValueError("no size either")

    label, plain = Longer("text"), QLabel("text")
    qtbot.addWidget(label)
    qtbot.addWidget(plain)
    assert label.sizeHint() == plain.sizeHint()
    assert [str(error) for error in told] == ["no size either", "no size"], "each class hands on to the next"


def test_where_qt_has_no_answer_a_harmless_value_stands_in(qtbot: QtBot, told: list[BaseException]) -> None:
    class Model(QAbstractListModel):
        @qt_override
        def rowCount(self, parent: object = QModelIndex()) -> int:
            raise ValueError("no count")

        @qt_override
        def data(self, index: object, role: int = 0) -> object:
            raise ValueError("no data")

    class Layout(QLayout):
        @qt_override
        def sizeHint(self) -> QSize:
            raise ValueError("no size")

        @qt_override
        def itemAt(self, index: int) -> object:
            raise ValueError("no item")

    model, layout = Model(), Layout()
    answers = (model.rowCount(), model.data(QModelIndex()), layout.sizeHint(), layout.itemAt(0))
    assert answers == (0, None, QSize(), None)
    assert len(told) == 4


def test_a_painter_left_open_is_closed(qtbot: QtBot, told: list[BaseException]) -> None:
    class Picture(QWidget):
        @qt_override
        def paintEvent(self, event: QPaintEvent) -> None:
            painter = QPainter(self)
            painter.drawPoint(1, 1)
            raise ValueError("half a picture")

    picture = Picture()
    qtbot.addWidget(picture)
    for _ in range(3):
        picture.grab()  # a second painter on a device warns, and a warning fails the test
    assert len(told) == 3


def test_a_hook_that_fails_is_no_way_out(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def hook(*_arguments: object) -> None:
        raise OSError("the disk is full")

    class Label(QLabel):
        @qt_override
        def sizeHint(self) -> QSize:
            raise KeyboardInterrupt

    label = Label("text")
    qtbot.addWidget(label)
    with capture_exceptions():
        monkeypatch.setattr(sys, "excepthook", hook)
        assert label.sizeHint().isValid()
        monkeypatch.undo()
