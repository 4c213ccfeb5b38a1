"""The window says in one sentence why it cannot be opened, where Qt would abort."""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app import platform_check
from app.platform_check import PACKAGES, PlatformError, choose_platform

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt brings all it needs elsewhere")
DISPLAY_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XDG_SESSION_TYPE", "QT_QPA_PLATFORM")


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """The whole program with these variables and no other one that concerns the display."""
    inherited = {name: value for name, value in os.environ.items() if name not in DISPLAY_VARIABLES}
    return subprocess.run(
        [sys.executable, "-m", "app", "--quit"],
        cwd=CHECKOUT, env=inherited | environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def assert_one_sentence(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("The window cannot be opened: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("display", [":979", "nonsense", "localhost:979.0"])
def test_a_display_without_a_server_is_one_sentence(display: str) -> None:
    assert_one_sentence(start(DISPLAY=display))


def test_a_wayland_display_without_a_compositor_is_one_sentence(tmp_path: Path) -> None:
    assert_one_sentence(start(WAYLAND_DISPLAY="wayland-9", XDG_RUNTIME_DIR=str(tmp_path)))


def test_a_platform_that_qt_does_not_have_is_one_sentence() -> None:
    done = start(QT_QPA_PLATFORM="cocoa")
    assert_one_sentence(done)
    assert "choose one of" in done.stderr
    assert "xcb" in done.stderr


def test_without_a_display_the_window_is_drawn_off_screen() -> None:
    environment: dict[str, str] = {}
    assert choose_platform(environment)
    assert environment == {"QT_QPA_PLATFORM": "offscreen"}


def test_a_choice_of_the_user_is_kept() -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen:size=800x600", "DISPLAY": ":979"}
    assert not choose_platform(environment)
    assert environment["QT_QPA_PLATFORM"] == "offscreen:size=800x600"


def test_of_two_displays_the_one_that_answers_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform_check, "check_libraries", lambda _name: None)
    environment = {"DISPLAY": ":979", "WAYLAND_DISPLAY": "wayland-3", "XDG_RUNTIME_DIR": str(tmp_path)}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-3"))
        server.listen()
        assert not choose_platform(environment)
    assert environment["QT_QPA_PLATFORM"] == "wayland"


@pytest.fixture
def maimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the X11 plugin that needs two libraries which no system has; a row of the table is about one."""
    real = platform_check.plugin_folder()
    assert real is not None
    folder = tmp_path / "Qt" / "plugins" / "platforms"
    folder.mkdir(parents=True)
    (tmp_path / "Qt" / "lib").symlink_to(real.parents[1] / "lib")
    binary = (real / "libqxcb.so").read_bytes()
    for library in (b"libxcb-icccm.so.4", b"libxcb-keysyms.so.1"):
        assert library in binary
        binary = binary.replace(library, library.replace(b"xcb", b"xyz"))
    (folder / "libqxcb.so").write_bytes(binary)
    monkeypatch.setattr(platform_check, "plugin_folder", lambda: folder)
    monkeypatch.setitem(PACKAGES, "libxyz-icccm.so.4", ("libxyz-icccm4", "xyz-util-wm", "xyz-wm"))
    monkeypatch.setitem(PACKAGES, "libxyz-keysyms.so.1", ("libxyz-keysyms1", "xyz-util-keysyms", "xyz-keysyms"))
    return folder


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ({"ID": "debian"}, "sudo apt install libxyz-icccm4 libxyz-keysyms1"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "sudo apt install libxyz-icccm4 libxyz-keysyms1"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "sudo dnf install xyz-util-keysyms xyz-util-wm"),
        ({"ID": "arch"}, "sudo pacman -S xyz-keysyms xyz-wm"),
        ({"ID": "haiku"}, "Install the packages that bring these libraries."),
    ],
)
def test_all_missing_libraries_are_named_with_the_command_that_installs_them(
    maimed: Path, monkeypatch: pytest.MonkeyPatch, system: dict[str, str], command: str
) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: system)
    with pytest.raises(PlatformError) as raised:
        choose_platform({"DISPLAY": ":0"})
    assert "libxyz-icccm.so.4, libxyz-keysyms.so.1, which this system lacks" in raised.value.message
    assert raised.value.next_step.endswith(command)


def test_where_the_loader_cannot_be_asked_the_first_missing_library_is_named(
    maimed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    missing, _reason = platform_check.missing_libraries(maimed / "libqxcb.so")
    assert len(missing) == 1
    assert missing[0].startswith("libxyz-")


def test_a_plugin_that_is_no_library_tells_the_reason_of_the_loader(
    maimed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (maimed / "libqxcb.so").write_bytes(b"no library")
    with pytest.raises(PlatformError, match="cannot be loaded"):
        choose_platform({"DISPLAY": ":0"})


def test_the_table_knows_the_package_of_each_library_that_the_plugins_need() -> None:
    """Names of libraries stand in a binary as plain text. Those of the C compiler are on every system."""
    folder = platform_check.plugin_folder()
    assert folder is not None
    parts = [folder / "libqxcb.so", folder / "libqwayland.so"]
    parts += [
        folder.parents[1] / "lib" / f"libQt6{part}.so.6"
        for part in ("Core", "Gui", "Widgets", "DBus", "XcbQpa", "WaylandClient")
    ]
    needed = {
        name.decode() for part in parts for name in re.findall(rb"\0(lib[\w.+-]+\.so\.\d+)(?=\0)", part.read_bytes())
    }
    own = {name for name in needed if (folder.parents[1] / "lib" / name).exists()}
    everywhere = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"}
    assert len(needed) > 30
    assert needed - own - everywhere - set(PACKAGES) == set()


def test_the_packages_that_are_missing_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    code = platform_check.main(["--packages"])
    told = capsys.readouterr().out
    assert (code == 0) == (told.strip() == "")
