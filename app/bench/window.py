"""The real window in use: what is done with it, and what is timed meanwhile."""

from __future__ import annotations

import argparse
import gc
import itertools
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from app.__main__ import build_parser as program_options
from app.application import prepare
from app.bench.figures import Figure, percentile
from app.main_window import MainWindow
from app.overrides import qt_override
from app.scripted_run import ScriptedRun
from app.settings import Settings
from app.theme import apply_theme
from faami_core.config import user_data_dir
from faami_core.session import Session

_SIZE = (1440, 900)
_LONGEST_WAIT = 120.0  # seconds
_TIMED = 100  # searches whose time counts; the others only fill the memory
_WARM = 250  # searches until the cache of thumbnails is full: what it holds is meant to be held
_ROWS = 100_000
_STEPS = 200
_STEP_PIXELS = 240
_BEAT_MS = 20
_REST = 0.1  # seconds between typing a query and asking it: what the search before left to paint is done by then
_INDEXING_SECONDS = 25.0

_THINGS = (
    *("storage tanks", "planes", "a baseball field", "ships", "a bridge", "a river", "a car park", "green trees"),
    *("a playground", "a church", "a stadium", "a viaduct", "white buildings", "a runway", "a swimming pool"),
    *("a dense town", "a beach", "a harbour", "farmland", "a pond", "a railway station", "a road", "a roundabout"),
)
QUERIES = tuple(f"{thing} beside {other}" for thing, other in itertools.permutations(_THINGS, 2))


def start_and_tell(options: argparse.Namespace) -> int:
    """Starts as the program does and prints a line when the images of the last collection are on screen."""
    window = _start(options)
    PaintWatch(window).until_painted(lambda: window.model.rowCount() > 0)
    sys.stdout.write("painted\n")
    sys.stdout.flush()
    _end(window)
    return 0


def use_window(options: argparse.Namespace) -> list[Figure]:
    """Starts the window on the last collection, indexes, searches, lights words, scrolls, and closes it."""
    window = _start(options)
    watch = PaintWatch(window)
    watch.until_painted(lambda: window.model.rowCount() > 0)
    figures = [
        _load(window),
        *_index(window, options.fresh),
        *_search(window, watch, options),
        *_scroll(window, watch),
    ]
    return [*figures, Figure("close", _end(window), 2.0, "s")]


class PaintWatch(QObject):
    """Knows when the grid was painted and is on the screen.

    Args:
        window: Whose grid is watched.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._waits_for: Callable[[], bool] | None = None
        self._has_painted = False
        self._painted_at = 0.0
        self._viewport = window.grid.viewport()
        self._viewport.installEventFilter(self)
        window.installEventFilter(self)

    def until_painted(self, ready: Callable[[], bool], *, ask: bool = True) -> float:
        """Lets the event loop run until the grid was painted while ``ready()``. Returns ``time.perf_counter()``.

        Args:
            ready: Whether what is painted is what is waited for.
            ask: Asks for a painting; else one must follow from what was done.
        """
        self._waits_for, self._painted_at = ready, 0.0
        if ask:
            self._viewport.update()
        until(lambda: self._painted_at > 0)
        return self._painted_at

    @qt_override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._waits_for is None:
            return False
        if event.type() == QEvent.Type.Paint and watched is self._viewport:
            self._has_painted = self._waits_for()
        elif event.type() == QEvent.Type.UpdateRequest and watched is self._window:
            self._has_painted = False
            self._window.event(event)  # paints whatever has changed and brings it to the screen
            if self._has_painted:
                self._waits_for, self._painted_at = None, time.perf_counter()
            return True
        return False


class Beats(QObject):
    """Measures how late a timer of the event loop comes; as in ``Heartbeat``, only more often."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.late: list[float] = []
        self._due = time.perf_counter() + _BEAT_MS / 1000
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(_BEAT_MS)

    def stop(self) -> None:
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._due))
        self._due = now + _BEAT_MS / 1000


def until(condition: Callable[[], bool], seconds: float = _LONGEST_WAIT) -> None:
    """Lets the event loop run until the condition holds.

    Raises:
        TimeoutError: if it does not in time.
    """
    app = QApplication.instance()
    assert app is not None
    deadline = time.monotonic() + seconds
    ticking = QTimer()  # or an event loop without events would sleep on
    ticking.start(10)
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The window did not do in time what was asked of it.")
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _start(options: argparse.Namespace) -> MainWindow:
    """As ``app.application`` does when the program is started without arguments."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    prepare(app)
    settings = Settings(user_data_dir())
    apply_theme(app, settings.theme)
    session = Session(model=options.model, device=options.device)
    window = MainWindow(session, settings, user_data_dir() / "crash.log")
    window.resize(*_SIZE)
    window.show()
    ScriptedRun(window, program_options().parse_args([])).start()
    return window


def _end(window: MainWindow) -> float:
    """Closes the window. Returns the seconds it took."""
    started = time.perf_counter()
    window.close()
    return time.perf_counter() - started


def _load(window: MainWindow) -> Figure:
    """The model loads behind the open window; its libraries hold the interpreter while they are brought in."""
    beats = Beats(window)
    until(lambda: window.workspace.model is not None and bool(beats.late))
    beats.stop()
    return Figure("event loop while the model loads, worst beat late", 1000 * max(beats.late), 1000, "ms")


def _index(window: MainWindow, fresh: Path) -> Iterable[Figure]:
    ended: list[object] = []
    window.indexing.finished.connect(ended.append)
    window.collections.open(fresh)
    until(lambda: window.indexing.is_running)
    beats = Beats(window)
    begun = time.monotonic()
    until(lambda: bool(ended) or time.monotonic() - begun > _INDEXING_SECONDS)
    beats.stop()
    cancelled = time.perf_counter()
    window.indexing.cancel()
    until(lambda: bool(ended))
    seconds = time.perf_counter() - cancelled
    until(lambda: window.workspace.root == fresh.resolve())
    yield Figure("cancel indexing", seconds, 1.0, "s")
    yield Figure("event loop while indexing, 99 % of beats late", 1000 * percentile(beats.late, 99), 100, "ms")
    yield Figure("event loop while indexing, worst beat late", 1000 * max(beats.late), 500, "ms")


def _search(window: MainWindow, watch: PaintWatch, options: argparse.Namespace) -> Iterable[Figure]:
    """Different queries one after the other; after the first ones a word of each is clicked."""
    window.collections.open(options.collection)
    until(lambda: window.workspace.root == options.collection.resolve() and window.runner.running == 0)
    _ask(window, watch, QUERIES[-1])
    searches: list[float] = []
    lit: list[float] = []
    warm = 0
    for run in range(options.runs):
        seconds = _ask(window, watch, QUERIES[run % len(QUERIES)])
        if run < _TIMED:
            searches.append(seconds)
            until(lambda: window.thumbnails.is_idle and window.evidence.is_settled)
            lit.append(_light(window, watch))
        if run == min(_WARM, options.runs // 2):
            warm = resident_bytes()
    gc.collect()
    grown = (resident_bytes() - warm) / (1 << 20)
    yield Figure("text query to painted results, p50", 1000 * percentile(searches, 50), 150, "ms")
    yield Figure("text query to painted results, p95", 1000 * percentile(searches, 95), 300, "ms")
    yield Figure("click on a word to lit cells, p95", 1000 * percentile(lit, 95), 100, "ms")
    yield Figure(f"memory grown over {options.runs} searches", grown, 50, "MB")


def _ask(window: MainWindow, watch: PaintWatch, text: str) -> float:
    before = window.workspace.result
    window.pane.query.show_query(text)
    rested = time.monotonic() + _REST
    until(lambda: time.monotonic() > rested)
    started = time.perf_counter()
    window.pane.query.search_button.click()
    return watch.until_painted(lambda: window.workspace.result is not before, ask=False) - started


def _light(window: MainWindow, watch: PaintWatch) -> float:
    result = window.workspace.result
    assert result is not None
    word = next(index for index, word in enumerate(result.words) if word.weight)
    started = time.perf_counter()
    window.actions_by_name[f"word_{word + 1}"].trigger()  # what a click on the word does, too
    return watch.until_painted(lambda: window.view.word == word) - started


def _scroll(window: MainWindow, watch: PaintWatch) -> Iterable[Figure]:
    """Down the collection, repeated to 100,000 rows, then in jumps."""
    images = window.workspace.images
    started = time.perf_counter()
    window.model.show_images(tuple(itertools.islice(itertools.cycle(images), _ROWS)), window.workspace.roots[0])
    yield Figure("100,000 rows on screen", 1000 * (watch.until_painted(lambda: True) - started), 1000, "ms")
    bar = window.grid.verticalScrollBar()
    places = [*range(0, _STEPS * _STEP_PIXELS, _STEP_PIXELS), *range(0, bar.maximum(), bar.maximum() // _STEPS)]
    steps = []
    for place in places:
        started = time.perf_counter()
        bar.setValue(place)
        steps.append(watch.until_painted(lambda: True) - started)
    yield Figure("scroll step of 100,000 rows to paint, p95", 1000 * percentile(steps, 95), 33, "ms")


def resident_bytes() -> int:
    """Memory of this process now where the system tells it, else its peak.

    Without pages of mapped files: those of the index are read in as searches come by them, and the system takes them
    back when it likes.
    """
    status = Path("/proc/self/statm")
    if status.exists():
        resident, shared = status.read_text().split()[1:3]
        return (int(resident) - int(shared)) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
