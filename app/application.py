"""The application around the window: Qt set-up, crash log, heartbeat, and what the command line asked for."""

from __future__ import annotations

import argparse
import signal
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.controllers.pane_layout import DEFAULT_SIZE
from app.crash_log import CrashLog
from app.heartbeat import Heartbeat
from app.icons import app_icon
from app.main_window import MainWindow
from app.scripted_run import ScriptedRun
from app.settings import Settings
from app.theme import apply_theme
from faami_core import __version__
from faami_core.config import user_data_dir
from faami_core.errors import FaamiError
from faami_core.session import Session


def run(options: argparse.Namespace) -> int:
    """Opens the window and runs until it closes. Returns the exit code."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    prepare(app)
    folder = user_data_dir()
    crash_log = CrashLog(folder, __version__)
    try:
        crash_log.install()
    except OSError as error:
        _tell(f"The data folder {folder} cannot be written: {error.strerror}.")
        return 1
    assert crash_log.file is not None
    heartbeat = Heartbeat(crash_log.file)
    try:
        return _run_window(app, options, crash_log, heartbeat)
    except FaamiError as error:
        _tell(str(error))
        return 1
    finally:
        heartbeat.stop()
        crash_log.uninstall()


def prepare(app: QApplication) -> None:
    """Gives the application its names and its icon."""
    app.setApplicationName("faami-explorer")
    app.setApplicationDisplayName("FAAMI Explorer")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(app_icon())


def _run_window(app: QApplication, options: argparse.Namespace, crash_log: CrashLog, heartbeat: Heartbeat) -> int:
    settings = Settings(user_data_dir())
    choice = options.theme or settings.theme
    apply_theme(app, choice)
    # The desktop may change its colours while the window is open.
    app.styleHints().colorSchemeChanged.connect(
        lambda _scheme: settings.theme == "system" and not options.theme and apply_theme(app, "system")
    )
    session = Session(model=options.model, device=options.device)
    window = MainWindow(session, settings, crash_log.path)
    # Not at once: an exception may come out of the middle of painting, where nothing may be laid out anew.
    crash_log.tell(lambda sentence: QTimer.singleShot(0, window, lambda: window.show_crash(sentence)))
    heartbeat.stood_still.connect(
        lambda seconds: crash_log.write("standstill", f"The window stood still for {seconds:.1f} s; stacks above.")
    )
    window.offer_crash_log(crash_log.size_at_start)
    window.closed.connect(app.quit)
    if options.size or options.screenshot:  # a picture does not depend on how the window was left
        window.resize(*(options.size or DEFAULT_SIZE.toTuple()))
    script = ScriptedRun(window, options)
    script.finished.connect(app.exit)
    # Python runs these between two beats of the heartbeat; the window closes as if by hand.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: window.close())
    window.show()
    heartbeat.start()
    QTimer.singleShot(0, window, script.start)
    code = app.exec()
    window.close()
    if script.error:
        _tell(script.error)
    window.deleteLater()
    return code


def _tell(sentence: str) -> None:
    """Says why the run failed, where there is a terminal: a program started from a Windows menu has none."""
    if sys.stderr is not None:
        sys.stderr.write(f"{sentence}\n")
