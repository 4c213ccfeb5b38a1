"""Checks before Qt is loaded that a window can be opened: system libraries of the plugin, and a display that answers.

Qt ends the process where either is missing, with a hint that names one library of several. Linux only: on macOS and
Windows Qt brings all it needs. ``python -m app.platform_check`` checks the plugins of both display systems.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import platform
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path

from faami_core.errors import FaamiError

_WINDOW_PLUGINS = ("xcb", "wayland")
# How a system is told from another (ID and ID_LIKE of /etc/os-release), and how packages are installed there.
_INSTALLERS = {
    "debian": "sudo apt install",
    "ubuntu": "sudo apt install",
    "fedora": "sudo dnf install",
    "rhel": "sudo dnf install",
    "arch": "sudo pacman -S",
}
_COLUMNS = {"sudo apt install": 0, "sudo dnf install": 1, "sudo pacman -S": 2}
# Library: its package on Debian and Ubuntu, on Fedora, on Arch. A test compares it with what the plugins need.
PACKAGES: dict[str, tuple[str, str, str]] = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl", "libglvnd"),
    "libGL.so.1": ("libgl1", "libglvnd-glx", "libglvnd"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb", "libx11"),
    "libX11.so.6": ("libx11-6", "libX11", "libx11"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs", "dbus"),
    "libdrm.so.2": ("libdrm2", "libdrm", "libdrm"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype", "freetype2"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2", "glib2"),
    "libstdc++.so.6": ("libstdc++6", "libstdc++", "gcc-libs"),
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client", "wayland"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor", "wayland"),
    "libwayland-egl.so.1": ("libwayland-egl1", "libwayland-egl", "wayland"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    "libxcb-glx.so.0": ("libxcb-glx0", "libxcb", "libxcb"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb", "libxcb"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb", "libxcb"),
    "libxcb.so.1": ("libxcb1", "libxcb", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libz.so.1": ("zlib1g", "zlib-ng-compat", "zlib"),
    "libzstd.so.1": ("libzstd1", "libzstd", "zstd"),
}


class PlatformError(FaamiError):
    """The system cannot open a window, with the reason and the command that helps."""


def choose_platform(environment: MutableMapping[str, str]) -> bool:
    """Sets ``QT_QPA_PLATFORM`` to a plugin that can open a window, or to ``offscreen`` where there is no display.

    A choice of the user's own is checked and kept.

    Args:
        environment: ``os.environ``.

    Returns:
        Whether the window is drawn off-screen because there is no display.

    Raises:
        PlatformError: A library of the plugin is missing, or no display server answers.
    """
    if not sys.platform.startswith("linux"):
        return False
    chosen = environment.get("QT_QPA_PLATFORM", "")
    names = [name.partition(":")[0] for name in chosen.split(";")] if chosen else _names_of_session(environment)
    problem: PlatformError | None = None
    for name in names or ["offscreen"]:
        try:
            check_libraries(name)
            check_display(name, environment)
        except PlatformError as error:
            problem = problem or error
            continue
        if not chosen:
            environment["QT_QPA_PLATFORM"] = name
        return not names
    assert problem is not None
    raise problem


def _names_of_session(environment: Mapping[str, str]) -> list[str]:
    """The plugins that fit the session, the best one first; none where there is no display."""
    displays = {"xcb": environment.get("DISPLAY"), "wayland": environment.get("WAYLAND_DISPLAY")}
    names = [name for name, display in displays.items() if display]
    return names[::-1] if environment.get("XDG_SESSION_TYPE") == "wayland" else names


def check_libraries(name: str) -> None:
    """Raises ``PlatformError`` unless the platform plugin of this name can be loaded.

    A Qt that is no part of the Python package (one of the system's own packages) has its plugins elsewhere and is
    kept complete by the system; a plugin that ``QT_PLUGIN_PATH`` adds is left to Qt.
    """
    folder = plugin_folder()
    if folder is None:
        return
    plugin = folder / f"libq{name.removesuffix('-egl')}.so"
    if not plugin.exists() and os.environ.get("QT_PLUGIN_PATH"):
        return
    if not plugin.exists():
        known = ", ".join(sorted(path.stem.removeprefix("libq") for path in folder.glob("libq*.so")))
        raise PlatformError(
            f"The window cannot be opened: QT_QPA_PLATFORM is {name!r}, and Qt has no such plugin.",
            f"Unset it, or choose one of {known}.",
        )
    missing, reason = missing_libraries(plugin)
    if missing:
        lacking = f"the {name} plugin of Qt needs {', '.join(missing)}, which this system lacks"
        raise PlatformError(f"The window cannot be opened: {lacking}.", _advice(missing))
    if reason:
        raise PlatformError(
            f"The window cannot be opened: the {name} plugin of Qt cannot be loaded ({reason}).",
            "This version of Qt does not fit the system; install an older PySide6.",
        )


def plugin_folder() -> Path | None:
    """The folder of Qt's platform plugins, found without loading Qt; None where it is not known."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None or os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH"):
        return None
    folder = Path(spec.origin).parent / "Qt" / "plugins" / "platforms"
    return folder if folder.is_dir() else None


def missing_libraries(plugin: Path) -> tuple[list[str], str]:
    """Loads a plugin as Qt will.

    Returns:
        The libraries that are not found, and the loader's reason; both empty where it loads.
    """
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        reason = str(error)
    else:
        return [], ""
    try:  # the loader names the first one alone
        told = subprocess.run(["ldd", str(plugin)], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        told = ""
    missing = sorted(set(re.findall(r"(\S+) => not found", told)))
    first = re.match(r"(\S+): cannot open shared object file", reason)
    return missing or ([first[1]] if first else []), reason


def packages_of(libraries: Sequence[str]) -> tuple[str, list[str]]:
    """How this system installs packages ("" where that is not known), and the packages that bring the libraries."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "", []
    likes = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
    installer = next((_INSTALLERS[like] for like in likes if like in _INSTALLERS), "")
    column = _COLUMNS.get(installer)
    if column is None:
        return "", []
    return installer, sorted({PACKAGES[library][column] for library in libraries if library in PACKAGES})


def _advice(missing: Sequence[str]) -> str:
    installer, packages = packages_of(missing)
    if not packages:
        return "Install the packages that bring these libraries."
    return f"Install them: {installer} {' '.join(packages)}"


def check_display(name: str, environment: Mapping[str, str]) -> None:
    """Raises ``PlatformError`` unless the display server that the plugin draws on answers."""
    if name == "xcb" and not _x_server_answers(environment.get("DISPLAY", "")):
        raise _no_answer("DISPLAY", environment)
    # A socket handed down by the parent (WAYLAND_SOCKET) can be used once only: that is for Qt.
    if name.startswith("wayland") and not environment.get("WAYLAND_SOCKET") and not _compositor_answers(environment):
        raise _no_answer("WAYLAND_DISPLAY", environment)


def _no_answer(variable: str, environment: Mapping[str, str]) -> PlatformError:
    place = f"{variable}={environment[variable]}" if environment.get(variable) else f"{variable}, which is not set"
    return PlatformError(
        f"The window cannot be opened: no display server answers at {place}.",
        f"Start it on a desktop, correct {variable}, or set QT_QPA_PLATFORM=offscreen to draw without a display.",
    )


def _x_server_answers(display: str) -> bool:
    try:
        library = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # Qt knows better
    library.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(library.xcb_connect(display.encode() or None, None))
    failed = library.xcb_connection_has_error(connection)  # xcb_connect itself never returns NULL
    library.xcb_disconnect(connection)
    return not failed


def _compositor_answers(environment: Mapping[str, str]) -> bool:
    place = Path(environment.get("XDG_RUNTIME_DIR", ""), environment.get("WAYLAND_DISPLAY") or "wayland-0")
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(place))
        except OSError:
            return False
    return True


def _missing_of_all() -> Iterator[str]:
    folder = plugin_folder()
    for name in _WINDOW_PLUGINS if folder is not None else ():
        assert folder is not None
        yield from missing_libraries(folder / f"libq{name}.so")[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Tells which libraries of the plugins for X11 and Wayland are missing. Returns 1 if any, else 0."""
    parser = argparse.ArgumentParser(prog="python -m app.platform_check", description=main.__doc__)
    parser.add_argument("--packages", action="store_true", help="print the names of the packages and nothing else")
    options = parser.parse_args(arguments)
    missing = sorted(set(_missing_of_all())) if sys.platform.startswith("linux") else []
    if options.packages:
        sys.stdout.write(" ".join(packages_of(missing)[1]) + "\n")
    elif missing:
        sys.stdout.write(f"Qt needs {', '.join(missing)}. {_advice(missing)}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
