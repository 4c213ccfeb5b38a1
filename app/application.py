"""The application around the window: Qt set-up, crash log, heartbeat, and what the command line asked for."""

from __future__ import annotations

import argparse
import os
import sys

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app.controllers.pane_layout import DEFAULT_SIZE, fit_to_screen
from app.crash_log import CrashLog, sentence_of
from app.heartbeat import Heartbeat
from app.icons import app_icon
from app.main_window import MainWindow
from app.scripted_run import ScriptedRun
from app.settings import Settings
from app.stop_signals import StopSignals
from app.theme import apply_theme
from app.widgets.notice_bar import Topic
from faami_core import __version__
from faami_core.config import user_data_dir
from faami_core.errors import FaamiError
from faami_core.session import Session
from faami_core.terminal import tell


class _Crashes(QObject):
    """Carries the news of a crash into the event loop, out of whatever thread or half-done painting it comes from."""

    happened = Signal(str)


def run(options: argparse.Namespace, signals: StopSignals) -> int:
    """Opens the window and runs until it closes. Returns the exit code."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    prepare(app)
    crash_log = CrashLog(user_data_dir(), __version__)
    crash_log.install()
    heartbeat = Heartbeat(crash_log.file)
    try:
        return _run_window(app, options, signals, crash_log, heartbeat)
    except FaamiError as error:
        tell(str(error))
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
        tell(f"The program ended by an error of its own: {sentence_of(error)}. Details are in {crash_log.path}.")
    finally:
        heartbeat.stop()
        crash_log.uninstall()
    return 1


def _resize(window: MainWindow, options: argparse.Namespace) -> None:
    """The size that was asked for; else the usual one, which on a screen is no larger than that."""
    if options.size or QApplication.platformName() == "offscreen":
        window.resize(*(options.size or DEFAULT_SIZE.toTuple()))
    else:
        fit_to_screen(window, DEFAULT_SIZE)


def prepare(app: QApplication) -> None:
    """Gives the application its names and its icon."""
    app.setApplicationName("faami-explorer")
    app.setApplicationDisplayName("FAAMI Explorer")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(app_icon())


def _run_window(
    app: QApplication, options: argparse.Namespace, signals: StopSignals, crash_log: CrashLog, heartbeat: Heartbeat
) -> int:
    settings = Settings(user_data_dir())
    choice = options.theme or settings.theme
    apply_theme(app, choice)
    # The desktop may change its colours while the window is open.
    app.styleHints().colorSchemeChanged.connect(
        lambda _scheme: settings.theme == "system" and not options.theme and apply_theme(app, "system")
    )
    session = Session(model=options.model, device=options.device)
    window = MainWindow(session, settings, crash_log.path)
    script = ScriptedRun(window, options)
    crashes = _Crashes(window)
    for told in (window.show_crash, script.crash):
        crashes.happened.connect(told, Qt.ConnectionType.QueuedConnection)
    crash_log.tell(crashes.happened.emit)
    heartbeat.stood_still.connect(
        lambda seconds: crash_log.write("standstill", f"The window stood still for {seconds:.1f} s; stacks above.")
    )
    window.offer_crash_log(crash_log.size_at_start)
    _tell_of_data_folder(window, crash_log)
    window.closed.connect(app.quit)
    if options.size or options.screenshot:  # a picture does not depend on how the window was left
        _resize(window, options)
    script.finished.connect(app.exit)
    window.show()
    heartbeat.start()
    # Not at once: Python runs signal handlers wherever it is, perhaps in the middle of painting.
    signals.call(lambda: QTimer.singleShot(0, window, window.close))
    QTimer.singleShot(0, window, script.start)
    code = app.exec()
    window.close()
    if script.error:
        tell(script.error)
    window.deleteLater()
    return code


def _tell_of_data_folder(window: MainWindow, crash_log: CrashLog) -> None:
    """Says once what is not kept where the data folder cannot be written, and what in it could not be used."""
    folder, notice = crash_log.path.parent, window.pane.notice
    if not os.access(folder, os.W_OK):
        kept = "You can search, but marks, settings and new indexes are not kept."
        step = f"{kept} Make it writable, or set FAAMI_DATA_DIR to another folder."
        notice.show_notice("warning", f"The data folder {folder} cannot be written.", step, topic=Topic.DATA_FOLDER)
    elif window.settings.problem:
        notice.show_notice("warning", window.settings.problem, topic=Topic.DATA_FOLDER)
    elif crash_log.problem:
        step = "Move it away; everything else works."
        notice.show_notice("warning", crash_log.problem, step, topic=Topic.DATA_FOLDER)
