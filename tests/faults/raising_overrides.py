"""The whole program; one after the other, each method that Qt calls is made to raise while the window is used.

Prints a line for each: how many notices came up, and the name.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSize, QSortFilterProxyModel, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QPushButton,
    QVBoxLayout,
    QWidget,
    QWidgetItem,
)

import app.application
from app.__main__ import main
from app.bench.window import PaintWatch
from app.main_window import MainWindow
from app.models.result_list_model import ResultListModel
from app.models.table_model import TableModel
from app.widgets.flow_layout import FlowLayout
from faami_core.config import user_data_dir
from tests.app.fakes import FakeSession
from tests.app.qt_overrides import Override, find_overrides

LATEST_SECONDS = 3.0
ENDLESS = {"takeAt"}  # QLayout.removeWidget asks until a widget is gone: this one must be too simple to fail
DROPPED: list[QMimeData] = []  # an event does not keep what it carries
NO_KEYS, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


class Template:
    """Where the failing code comes from: one function with and one without the hidden variable of ``super``."""

    def plain(*arguments, **options):
        raise ZeroDivisionError("NAME")

    def with_super(*arguments, **options):
        raise ZeroDivisionError("NAME", __class__)


def break_method(override: Override) -> Callable[[], None]:
    """Makes the function itself raise, below its guard, from a place of its own. Returns what mends it."""
    function = inspect.unwrap(override.method)
    before = function.__code__
    template = (Template.with_super if before.co_freevars else Template.plain).__code__
    constants = tuple(str(override) if constant == "NAME" else constant for constant in template.co_consts)
    function.__code__ = template.replace(co_filename=str(override), co_consts=constants)
    return lambda: setattr(function, "__code__", before)


class RaisingWindow(MainWindow):
    """Breaks and uses one method after the other, then closes."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, self.prepare)

    def prepare(self) -> None:
        folder = user_data_dir() / "scenes"
        folder.mkdir()
        self.search.shown.connect(self.begin)
        self.collections.opened.connect(lambda _info: self.queries.ask("2:storage tanks - trees"))
        self.collections.open(folder)

    def begin(self) -> None:
        self.search.shown.disconnect(self.begin)
        self.grid.choose(2)
        for name in ("shortcuts", "crash_log", "palette"):
            self.actions_by_name[name].trigger()
        self.notices: list[str] = []
        self.used: list[Override] = []
        self.pane.notice.shown.connect(lambda _kind, text: self.notices.append(text))
        self.waiting = [found for found in find_overrides() if found.name not in {"closeEvent", *ENDLESS}]
        QTimer.singleShot(300, self, self.next)

    def next(self) -> None:
        if not self.waiting:
            for override in self.used:
                print(sum(str(override) in notice for notice in self.notices), override)
            break_method(next(found for found in find_overrides() if found.name == "closeEvent"))
            self.close()
            return
        override = self.waiting.pop(0)
        self.used.append(override)
        mend = break_method(override)
        use(self, override)
        self.wait(override, mend, time.monotonic() + LATEST_SECONDS)

    def wait(self, override: Override, mend: Callable[[], None], until: float) -> None:
        """Goes on when the notice is there, and a moment for more of them has passed."""
        if time.monotonic() < until and not any(str(override) in notice for notice in self.notices):
            QTimer.singleShot(5, self, lambda: self.wait(override, mend, until))
        else:
            QTimer.singleShot(20, self, lambda: (mend(), self.next()))


def use(window: MainWindow, override: Override) -> None:
    """Lets Qt call the method on whatever the window has of its class, or on one made for it."""
    owner, name = override
    widgets = [widget for widget in QApplication.allWidgets() if isinstance(widget, owner)]
    if owner is FlowLayout:
        lay_out()
    elif issubclass(owner, ResultListModel | TableModel):
        read(window.model if issubclass(owner, ResultListModel) else filled_table())
    elif name in {"undo", "redo"}:
        window.triage.accept()
        window.triage.stack.undo()
    elif owner is PaintWatch:
        watch = PaintWatch(window)
        window.installEventFilter(watch)
        QApplication.sendEvent(window, QEvent(QEvent.Type.User))
    elif name == "mouseDragEvent":
        drag(window.inspector.image.findChild(QAbstractScrollArea).viewport())
    elif name == "eventFilter":
        for widget in QApplication.allWidgets():
            QApplication.sendEvent(widget, QEvent(QEvent.Type.User))
    elif not widgets:  # a delegate
        for view in QApplication.allWidgets():
            if isinstance(view, QAbstractItemView) and isinstance(view.itemDelegate(), owner):
                view.doItemsLayout()
                view.grab()
                if name == "editorEvent":
                    click(view.viewport())
    for widget in widgets:
        send(widget, name)


def send(widget: QWidget, name: str) -> None:
    """What makes Qt call the method of this name."""
    if name in {"sizeHint", "minimumSizeHint"}:
        item = QWidgetItem(widget)
        item.minimumSize(), item.sizeHint()
        widget.adjustSize() if widget.isWindow() else widget.updateGeometry()
        return
    target = widget
    if isinstance(widget, QAbstractScrollArea) and name not in {"keyPressEvent", "changeEvent", "showEvent", "event"}:
        target = widget.viewport()
    for event in events_for(name):
        QApplication.sendEvent(target, event)
    if name == "paintEvent":
        widget.grab()
    elif name == "keyboardSearch":
        QTest.keyClick(widget, "q")
    elif name == "hitButton":
        click(widget)
    elif name in {"currentChanged", "selectionChanged", "moveCursor", "scrollContentsBy"}:
        QTest.keyClick(widget, Qt.Key.Key_End)
        widget.verticalScrollBar().setValue(1)
        QTest.keyClick(widget, Qt.Key.Key_Home)


def events_for(name: str) -> list[QEvent]:
    spot, kind, copy = QPointF(3, 3), QEvent.Type, Qt.DropAction.CopyAction
    drop = DROPPED[0] if DROPPED else QMimeData()
    drop.setUrls([QUrl.fromLocalFile(str(user_data_dir() / "image.jpg"))])
    DROPPED[:] = [drop]
    mouse = {"mousePressEvent": kind.MouseButtonPress, "mouseMoveEvent": kind.MouseMove}
    mouse |= {"mouseReleaseEvent": kind.MouseButtonRelease, "mouseDoubleClickEvent": kind.MouseButtonDblClick}
    if name in mouse:
        return [QMouseEvent(mouse[name], spot, spot, LEFT, LEFT, NO_KEYS)]
    makers: dict[str, Callable[[], QEvent]] = {
        "event": lambda: QEvent(kind.User),
        "changeEvent": lambda: QEvent(kind.PaletteChange),
        "showEvent": QShowEvent,
        "resizeEvent": lambda: QResizeEvent(QSize(300, 40), QSize(310, 40)),
        "keyPressEvent": lambda: QKeyEvent(kind.KeyPress, Qt.Key.Key_F24, NO_KEYS),
        "wheelEvent": lambda: QWheelEvent(
            spot,
            spot,
            QPoint(0, 0),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            NO_KEYS,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
        "contextMenuEvent": lambda: QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(3, 3), QPoint(3, 3)),
        "dragEnterEvent": lambda: QDragEnterEvent(QPoint(3, 3), copy, drop, LEFT, NO_KEYS),
        "dragLeaveEvent": QDragLeaveEvent,
        "dropEvent": lambda: QDropEvent(spot, copy, drop, LEFT, NO_KEYS),
    }
    before = [makers["dragEnterEvent"]()] if name in {"dragLeaveEvent", "dropEvent"} else []
    return [*before, makers[name]()] if name in makers else []


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, LEFT, NO_KEYS, QPoint(20, 20))


def drag(widget: QWidget) -> None:
    QTest.mousePress(widget, LEFT, NO_KEYS, QPoint(30, 30))
    for step in range(40, 90, 10):
        QApplication.sendEvent(
            widget, QMouseEvent(QEvent.Type.MouseMove, QPointF(step, step), QPointF(step, step), LEFT, LEFT, NO_KEYS)
        )
    QTest.mouseRelease(widget, LEFT, NO_KEYS, QPoint(90, 90))


def lay_out() -> None:
    """A flow inside a column, filled and measured."""
    host = QWidget()
    column, flow, button = QVBoxLayout(host), FlowLayout(), QPushButton("x")
    column.addLayout(flow)
    flow.addWidget(button)
    host.adjustSize()
    host.grab()
    flow.count()


def filled_table() -> TableModel:
    table = TableModel()
    table.show_rows(["a"], [["b"]])
    return table


def read(model: ResultListModel | TableModel) -> None:
    """Another model of Qt's own reads this one."""
    proxy = QSortFilterProxyModel()
    proxy.setSourceModel(model)
    proxy.sort(0)
    proxy.roleNames()
    proxy.headerData(0, Qt.Orientation.Horizontal)
    first = proxy.index(0, 0)
    proxy.data(first)
    proxy.flags(first)
    proxy.mimeTypes()
    proxy.mimeData([first])
    proxy.supportedDragActions()
    proxy.rowCount(), proxy.columnCount()


if __name__ == "__main__":
    app.application.Session = lambda *, model, device: FakeSession(user_data_dir())
    app.application.MainWindow = RaisingWindow
    main([])
