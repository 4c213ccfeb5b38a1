"""The settings file may hold anything; windows side by side share it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.setting_fields import DEFAULT_CELL, LAST_VIEW, SETTINGS
from app.settings import LastView, Settings
from tests.app.conftest import MakeWindow
from tests.app.fakes import FakeSession
from tests.app.test_window_search import ask

CHECKOUT = Path(__file__).resolve().parents[2]
DEEP = "[" * 50_000 + "]" * 50_000


def read_all(stored: Settings) -> dict[str, object]:
    """Every property, as the window reads them."""
    names = (*SETTINGS.keys() - {"last_view"}, "last_view")
    return {name: getattr(stored, name) for name in names}


def written(folder: Path, *lines: str) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "window.ini").write_text("[General]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return Settings(folder)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("cell_size=²", "cell size"),
        (f"cell_size={'9' * 5000}", "cell size"),
        ("cell_size=-3", "cell size"),
        ("split=99999999999 1 1", "split"),
        ("split=² 1 1", "split"),
        ("theme=plaid", "theme"),
        ("side_panel=perhaps", "side panel"),
        ("crash_log_read=1e30", "crash log read"),
        (f"history={DEEP}", "history"),
        ("history=[Infinity]", "history"),
        (f"last_view={DEEP}", "last view"),
        ('last_view="{\\"word\\": true}"', "word"),
        ('last_view="{\\"word\\": 1e30}"', "word"),
        ('last_view="{\\"selected\\": \\"/a\\\\u0000b\\"}"', "selected"),
        ('last_view="{\\"thumbs\\": [[0, -1, \\"wanted\\"]]}"', "thumbs"),
        ('last="/a\\x0\\x62"', "last"),
    ],
)
def test_a_field_that_does_not_fit_has_its_default_and_is_told_once(tmp_path: Path, line: str, name: str) -> None:
    folder = tmp_path / "data"
    stored = written(folder, line, 'history="[\\"river\\"]"' if name != "history" else "theme=dark")
    assert name in stored.problem
    assert str(folder / "window.bad.ini") in stored.problem
    assert line[:60] in (folder / "window.bad.ini").read_text(encoding="utf-8")
    values = read_all(stored)
    assert (values["cell_size"], values["split"], values["last"]) == (DEFAULT_CELL, [], None)
    assert values["last_view"] == LastView()
    assert values["history"] == ("river",) if name != "history" else values["theme"] == "dark"
    assert Settings(folder).problem == "", "the next start has nothing to tell"


def test_of_a_list_what_fits_is_kept(tmp_path: Path) -> None:
    stored = written(tmp_path, 'saved_queries="[\\"tanks\\", 3, null, \\"river\\"]"', "recent=/a, /b")
    assert stored.saved_queries == ("tanks", "river")
    assert stored.recent == (Path("/a"), Path("/b"))
    assert "saved queries" in stored.problem


@pytest.mark.parametrize(
    "content", [b"\0" * 100, b"[General]\nlast_view=@Variant(\\0\\0\\0\\x7f)\n", b"x" * (9 << 20), None], ids=range(4)
)
def test_what_is_no_settings_file_is_put_aside(tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "window.ini"
    place.mkdir() if content is None else place.write_bytes(content)
    stored = Settings(tmp_path)
    assert "window.bad.ini" in stored.problem
    assert (tmp_path / "window.bad.ini").exists()
    stored.theme = "dark"
    stored.save()
    assert Settings(tmp_path).problem == ""
    assert "theme=dark" in place.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_in_place_of_the_file_does_not_hang_the_window(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "window.ini")
    assert "window.bad.ini" in Settings(tmp_path).problem


def test_what_is_stored_is_read_again(tmp_path: Path) -> None:
    first = Settings(tmp_path)
    view = LastView(
        "2:river + /a/b.jpg", Path("/a/b\udc80.jpg"), 3, "folder:x", (Path("/c"),), {(0, 1): "wanted"}, {}
    )
    first.last_view, first.split, first.cell_size, first.histogram = view, [1, 2, 3], 200, False
    first.add_recent(Path("/a"))
    first.add_history("river")
    first.save_query("tanks")
    first.save()
    second = Settings(tmp_path)
    assert second.problem == ""
    assert read_all(second) == read_all(first)
    assert second.last_view == view


TEXTS = st.text(max_size=60)
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SETTINGS)), stored=TEXTS | NESTED.map(json.dumps) | st.lists(TEXTS, max_size=3))
def test_no_stored_field_stops_the_window(name: str, stored: object) -> None:
    value, _ = SETTINGS[name].read(stored)
    assert SETTINGS[name].read(stored)[0] == value
    assert isinstance(value, type(SETTINGS[name].default))


@settings(max_examples=300, deadline=None)
@given(record=st.dictionaries(st.sampled_from(sorted(LAST_VIEW)) | TEXTS, NESTED, max_size=7))
def test_no_stored_view_stops_the_window(tmp_path_factory: pytest.TempPathFactory, record: dict[str, object]) -> None:
    stored = Settings(tmp_path_factory.mktemp("settings"))
    stored._store.setValue("last_view", json.dumps(record))
    view = stored.last_view
    assert isinstance(view.line, str)
    assert view.word is None or (type(view.word) is int and view.word >= 0)
    assert all(type(number) is int for key in (*view.thumbs, *view.applied) for number in key)


def test_a_window_starts_on_settings_whose_lit_word_is_no_number(
    qtbot: QtBot, make_window: MakeWindow, session: FakeSession, root: Path, tmp_path: Path
) -> None:
    view = json.dumps({"line": "storage tanks", "word": True, "thumbs": [], "applied": []}).replace('"', '\\"')
    written(tmp_path / "settings", f'last_view="{view}"', f"last={root}", f"recent={root}")
    window = make_window()
    with qtbot.waitSignal(window.search.shown):
        window.restore.begin()
    assert window.view.word is None
    assert window.pane.query.text.text() == "storage tanks", "the other fields are taken"


# --- windows side by side -----------------------------------------------------------------------------------

OTHER = """
import sys
from pathlib import Path
from app.settings import Settings
stored = Settings(Path(sys.argv[1]))
for name in sys.argv[2:]:
    stored.save_query(f"saved {name}")
    stored.add_history(f"asked {name}")
    stored.add_recent(Path(f"/folder {name}"))
stored.theme = "dark"
stored.save()
"""


def other_window(folder: Path, *names: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", OTHER, str(folder), *names], cwd=CHECKOUT)


def test_lists_of_two_windows_add_up(tmp_path: Path) -> None:
    mine = Settings(tmp_path)
    mine.save_query("river")
    others = [other_window(tmp_path, *(f"{number}{letter}" for letter in "abcdef")) for number in range(3)]
    for number in range(20):
        mine.add_history(f"mine {number}")
    assert [other.wait(60) for other in others] == [0, 0, 0]
    mine.cell_size = 200
    mine.save()
    again = Settings(tmp_path)
    assert set(again.saved_queries) == {"river"} | {
        f"saved {number}{letter}" for number in range(3) for letter in "abcdef"
    }
    assert {f"mine {number}" for number in range(20)} < set(again.history)
    assert len(again.history) == 20 + 18
    assert len(again.recent) == 8
    assert (again.theme, again.cell_size) == ("dark", 200), "each has written the fields that it changed"


def test_what_another_window_saved_is_shown_and_an_order_does_not_lose_it(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    ask(qtbot, window, "river")
    window.queries.toggle_saved()
    folder = window.settings.file.parent
    with qtbot.waitSignal(window.settings_watch.changed, timeout=30_000):
        other = other_window(folder, "tanks")
        assert other.wait(60) == 0
    assert window.saved_panel.lines == ("saved tanks", "river")
    assert [entry.title for entry in window.queries.entries()][:2] == ["saved tanks", "river"]
    assert Path("/folder tanks") in window.settings.recent
    assert other_window(folder, "trees").wait(60) == 0
    window.queries.order_saved(("river", "saved tanks"))
    assert window.settings.saved_queries == ("saved trees", "river", "saved tanks")


def test_a_saved_query_that_another_window_forgot_stays_forgotten(tmp_path: Path) -> None:
    mine, other = Settings(tmp_path), Settings(tmp_path)
    for line in ("a", "b", "c"):
        mine.save_query(line)
    other.forget_query("b")
    mine.order_queries(("a", "b", "c"))
    assert Settings(tmp_path).saved_queries == ("a", "c")
